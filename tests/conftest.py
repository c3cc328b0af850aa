"""Fixtures of all suites."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.cli.cluster.servers import Elastic, Kafka
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings
from shared.topics import Topology, topology
from tests import servers


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Where the session's servers live."""
    with servers.server_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def kafka_server(server_folder: Path) -> Iterator[Kafka]:
    """The session's broker; tests use :func:`kafka`."""
    server = Kafka(server_folder)
    with servers.started(server):
        yield server


@pytest.fixture(scope="session")
def elastic_server(server_folder: Path) -> Iterator[Elastic]:
    """The session's Elasticsearch; tests use :func:`elastic`."""
    server = Elastic(server_folder)
    with servers.started(server):
        yield server


@pytest.fixture
def kafka(kafka_server: Kafka) -> Kafka:
    """The session's broker, started again should the test before have left it stopped."""
    kafka_server.start()
    return kafka_server


@pytest.fixture
def elastic(elastic_server: Elastic) -> Elastic:
    """The session's Elasticsearch, started again should the test before have left it stopped."""
    elastic_server.start()
    return elastic_server


@pytest.fixture
def runtime_settings(kafka: Kafka, elastic: Elastic) -> RuntimeSettings:
    """Settings for both servers, with a namespace that no other test uses."""
    return servers.settings_for(kafka, elastic)


@pytest_asyncio.fixture
async def topics(runtime_settings: RuntimeSettings, kafka: Kafka) -> AsyncIterator[Topology]:
    """The topics of the test's namespace, made before it and removed after."""
    topics = topology(runtime_settings.namespace)
    await ensure_topics(kafka.bootstrap, topics)
    yield topics
    if kafka.running:
        await servers.delete_topics(kafka.bootstrap, topics)
