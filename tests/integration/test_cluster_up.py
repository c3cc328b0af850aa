"""``wireroom up``, ``status`` and ``down``: the whole flow as processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.cli.cluster.processes import start_mark
from services.cli.cluster.servers import Elastic, Kafka
from services.cli.cluster.state import Cluster, Plan
from shared.resources import deploy_path

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

_PATIENCE = 180.0  # seconds; only a failure takes that long


class Command:
    """The command ``wireroom`` on a cluster in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder)
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("WIREROOM_")
        }
        if "WIREROOM_CACHE" in os.environ:
            self._environment["WIREROOM_CACHE"] = os.environ["WIREROOM_CACHE"]
        self._environment["WIREROOM_STATE"] = str(folder)

    def run(self, *arguments: str, status: int | None = 0) -> str:
        """Standard output; the exit status must be ``status`` (``None``: any)."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def status(self) -> dict[str, Any]:
        """What ``status --json`` says."""
        found: dict[str, Any] = json.loads(
            self.run("status", "--json", "--interval", "0", status=None)
        )
        return found

    def instances(self) -> dict[str, dict[str, Any]]:
        """All instances by name."""
        services = self.status()["services"]
        return {item["name"]: item for service in services for item in service["instances"]}


def _await(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not within {_PATIENCE:.0f} s: {what}"
        time.sleep(0.5)


@pytest.fixture
def wireroom(
    kafka_server: Kafka, elastic_server: Elastic, server_folder: Path
) -> Iterator[Command]:
    """A cluster beside the session's servers, which show that the machine can run one."""
    folder = server_folder / f"up-{os.getpid()}"
    command = Command(folder)
    yield command
    command.run("down", "--purge", status=None)
    folder.rmdir()


def _environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


async def _send(bootstrap: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait("news.ingest", value)
    finally:
        await producer.stop()


def _count(elastic: Elastic) -> int:
    elastic.request("POST", "/news-articles*/_refresh")
    answer = elastic.request("GET", "/news-articles*/_count")
    assert isinstance(answer, dict)
    return int(answer["count"])


async def test_a_file_becomes_searchable_and_the_cluster_heals_scales_and_ends(
    wireroom: Command,
) -> None:
    exports = wireroom.run("up", "--kafka-port", "0", "--elastic-port", "0")
    plan = wireroom.cluster.plan()
    assert plan is not None
    kafka, elastic = wireroom.cluster.kafka(plan), wireroom.cluster.elastic(plan)
    assert f"export WIREROOM_KAFKA_BOOTSTRAP={kafka.bootstrap}" in exports
    assert elastic.password not in exports  # it would stay in a terminal's history

    before = wireroom.status()
    assert before["healthy"] is True
    assert sorted(wireroom.instances()) == sorted(Plan().instances())

    # Secrets stay with those that need them.
    assert stat.S_IMODE(wireroom.cluster.key_file.stat().st_mode) == 0o600
    for instance in wireroom.instances().values():
        environment = _environment(instance["pid"])
        assert elastic.password.encode() not in environment
        assert (b"API_KEY_FILE" in environment) == (instance["name"] == "indexer-1")
        assert (b"CRAWLER_SOURCES=/" in environment) == (instance["name"] == "crawler-1")

    sample = sorted(deploy_path("samples").glob("*.txt"))[0].read_bytes()
    await _send(kafka.bootstrap, sample)
    _await(lambda: _count(elastic) == 1, "one article in the index")

    # A service that dies is started again, under the same name.
    victim = wireroom.instances()["tagger-1"]["pid"]
    os.kill(victim, signal.SIGKILL)
    _await(
        lambda: (
            (now := wireroom.instances().get("tagger-1", {})).get("restarts") == 1
            and now["health"] == "ok"
        ),
        "tagger-1 started again",
    )

    # More instances, and fewer.
    wireroom.run("up", "--scale", "tagger=2", "--scale", "cleaner=0")
    _await(
        lambda: "tagger-2" in (now := wireroom.instances()) and "cleaner-1" not in now,
        "two taggers, no cleaner",
    )
    wireroom.run("up", "--scale", "tagger=1", "--scale", "cleaner=1")
    _await(lambda: "tagger-2" not in wireroom.instances(), "one tagger")

    # A server that dies comes back with its data at its address.
    kafka.kill()
    _await(lambda: bool(wireroom.status()["healthy"]), "Kafka back, services well")
    assert _count(elastic) == 1

    # `down` also ends what a killed supervisor left behind.
    status = wireroom.status()
    pids = [item["pid"] for item in wireroom.instances().values()]
    pids += [server["pid"] for server in status["servers"]]
    os.kill(status["supervisor"], signal.SIGKILL)
    wireroom.run("down")
    assert [pid for pid in pids if start_mark(pid)] == []
    assert wireroom.status()["healthy"] is False
