"""The real Kafka and Elasticsearch of a test session.

They start once, in a folder of their own, when the first test asks for them, and are stopped at
the end. ``WIREROOM_TEST_SERVERS`` may name the folder of servers that run already: they are used
and left running, which spares half a minute while one writes a test.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import SecretStr

from services.cli.cluster import jdk
from services.cli.cluster.server import Server
from services.cli.cluster.servers import Elastic, Kafka
from shared.errors import ClusterError
from shared.settings import RuntimeSettings
from shared.topics import Topology


@contextmanager
def server_folder() -> Iterator[Path]:
    """The folder that the session's servers live in."""
    named = os.environ.get("WIREROOM_TEST_SERVERS")
    if named:
        yield Path(named)
        return
    folder = Path(tempfile.mkdtemp(prefix="wireroom-servers-"))
    folder.chmod(0o711)  # the servers may run as another user, which passes through
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started(server: Server) -> Iterator[None]:
    """``server``, answering; skips where the machine cannot run it, and fails there in CI."""
    try:
        jdk.find_jdk()
        server.install()
    except ClusterError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must be able to run {server.title}: {error}")
        pytest.skip(f"{server.title} cannot run here: {error}")
    try:
        server.start()
        yield
    finally:
        if "WIREROOM_TEST_SERVERS" not in os.environ:
            server.stop()


def settings_for(
    kafka: Kafka, elastic: Elastic, namespace: str | None = None, **changes: object
) -> RuntimeSettings:
    """Settings for both servers under ``namespace`` (a fresh one when none is given).

    Built without reading the environment of whoever runs the tests.
    """
    values: dict[str, object] = {
        "namespace": namespace or f"t{secrets.token_hex(4)}",
        "kafka_bootstrap": kafka.bootstrap,
        "elastic_url": elastic.url,
        "elastic_username": elastic.username,
        "elastic_password": SecretStr(elastic.password),
        "elastic_api_key": None,
    }
    return RuntimeSettings.model_validate(values | changes)


def service_environment(settings: RuntimeSettings) -> dict[str, str]:
    """The variables that make a service process run with ``settings``."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("WIREROOM_")
    }
    for name, value in settings.model_dump(exclude_defaults=True).items():
        if value is not None:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            environment[f"WIREROOM_{name}".upper()] = text
    return environment


async def delete_topics(bootstrap: str, topics: Topology) -> None:
    """Remove the topics of a test, so that a long session stays small."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        await admin.delete_topics([topic.name for topic in topics.topics.values()])
    finally:
        await admin.close()
