"""One running instance of a service, and when to start it again."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from services.cli.cluster.processes import Process, replace_text, spawn
from services.cli.cluster.state import Cluster, Plan
from services.cli.sources_file import default_file
from shared.errors import SettingsError

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Instance:
    """``tagger-2`` as a process; ``restarts`` counts how often it was started again."""

    name: str
    process: Process
    port: int
    restarts: int

    @property
    def service(self) -> str:
        """The service's name, without the number."""
        return self.name.rpartition("-")[0]

    @property
    def url(self) -> str:
        """Where ``/healthz`` and ``/metrics`` are."""
        return f"http://{_HOST}:{self.port}"

    def save(self, path: Path) -> None:
        """Remember it in ``path``."""
        replace_text(path, json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Instance | None:
        """The instance remembered in ``path``, running or not; ``None`` for none."""
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**facts, "process": Process(**facts["process"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None


def start_instance(cluster: Cluster, plan: Plan, name: str, restarts: int) -> Instance:
    """Start the instance ``name`` as ``python -m services.<service>``, and remember it.

    It inherits the supervisor's environment, so that ``WIREROOM_*`` settings given to
    ``wireroom up`` reach it; only the indexer is given a key. The crawler follows the file of
    sources that ``wireroom sources`` changes in the same folder.
    """
    service = name.rpartition("-")[0]
    port = _free_port()
    secrets = ("WIREROOM_ELASTIC_USERNAME", "WIREROOM_ELASTIC_PASSWORD", "WIREROOM_ELASTIC_API_KEY")
    environment = {
        variable: value
        for variable, value in os.environ.items()
        if variable.removesuffix("_FILE") not in secrets
    }
    environment |= cluster.environment(plan)
    environment |= {"WIREROOM_HEALTH_HOST": _HOST, "WIREROOM_HEALTH_PORT": str(port)}
    if service == "indexer":
        environment["WIREROOM_ELASTIC_API_KEY_FILE"] = str(cluster.key_file)
    if service == "deduplicator":
        environment.setdefault("WIREROOM_DEDUPLICATOR_SNAPSHOTS", str(cluster.snapshots.absolute()))
    if service == "crawler":
        with contextlib.suppress(SettingsError):  # which the crawler itself tells
            environment["WIREROOM_CRAWLER_SOURCES"] = str(default_file().absolute())
    process = spawn(
        name,
        [sys.executable, "-m", f"services.{service}"],
        cluster.logs / f"{name}.log",
        env=environment,
    )
    instance = Instance(name, process, port, restarts)
    instance.save(cluster.instance_file(name))
    return instance


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


class Backoff:
    """When a process that died is started again: at once, then after 1, 2, 4… seconds.

    The count begins anew for a process that lived for ``calm`` seconds. Times are seconds of a
    monotonic clock.
    """

    def __init__(self, most: float = 30.0, calm: float = 60.0) -> None:
        self._most = most
        self._calm = calm
        self._deaths = 0
        self._started = 0.0
        self._due = 0.0

    def started(self, now: float) -> None:
        """The process was started."""
        self._started = now

    def died(self, now: float) -> float:
        """The process died; returns the seconds to wait."""
        if now - self._started >= self._calm:
            self._deaths = 0
        pause = 0.0 if self._deaths == 0 else min(self._most, 2.0 ** (self._deaths - 1))
        self._deaths += 1
        self._due = now + pause
        return pause

    def due(self, now: float) -> bool:
        """Whether it may be started now."""
        return now >= self._due
