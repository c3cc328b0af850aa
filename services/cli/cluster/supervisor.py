"""Looks after the servers and services of a local cluster: ``wireroom up`` starts it.

It starts what the plan asks for, starts again what dies, follows a changed plan, and on SIGTERM
stops the services first and the servers after them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from services.cli.cluster.instances import Backoff, Instance, start_instance
from services.cli.cluster.processes import Process, start_mark
from services.cli.cluster.server import Server
from services.cli.cluster.state import Cluster, Plan
from shared.errors import ClusterError

log = logging.getLogger("wireroom.supervisor")

GRACE = 40.0
"""Seconds that a service has to finish what is in work; more than it gives itself."""
_ROUND = 0.5  # seconds between two looks at everything


class Supervisor:
    """Keeps reality at the plan. :meth:`run` returns after :meth:`stop` was called."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._instances: dict[str, Instance] = {}
        self._leaving: list[tuple[Instance, float]] = []
        self._backoff: dict[str, Backoff] = {}
        self._down: set[str] = set()
        self._wake = threading.Event()
        self._stopping = False

    def stop(self) -> None:
        """Ask :meth:`run` to end everything."""
        self._stopping = True
        self._wake.set()

    def look(self) -> None:
        """Ask :meth:`run` to read the plan now."""
        self._wake.set()

    def run(self) -> None:
        """Follow the plan until told to stop."""
        self._end_leftovers()
        plan = Plan()
        while not self._stopping:
            try:
                plan = self._cluster.plan() or plan
                self._round(plan)
            except (ClusterError, OSError):
                log.exception("this round failed; the next one tries again")
            self._wake.wait(_ROUND)
            self._wake.clear()
        self._end_all(plan)

    def _round(self, plan: Plan) -> None:
        for server in self._servers(plan):
            self._keep_server(server)
        wanted = plan.instances()
        for name in [name for name in self._instances if name not in wanted]:
            instance = self._instances.pop(name)
            log.info("%s: stopping, the plan asks for fewer", name)
            instance.process.signal(signal.SIGTERM)
            self._leaving.append((instance, time.monotonic() + GRACE))
        self._reap()
        leaving = {instance.name for instance, _ in self._leaving}
        for name in wanted:
            if name not in leaving:
                self._keep_instance(plan, name)

    def _keep_server(self, server: Server) -> None:
        if server.running:
            self._down.discard(server.name)
            return
        now, backoff = self._clock(server.name)
        if server.name not in self._down:
            self._down.add(server.name)
            log.error("%s died; again in %.0f s", server.title, backoff.died(now))
        if backoff.due(now):
            server.launch()
            backoff.started(now)
            self._down.discard(server.name)

    def _keep_instance(self, plan: Plan, name: str) -> None:
        instance = self._instances.get(name)
        if instance is not None and instance.process.alive:
            return
        now, backoff = self._clock(name)
        if instance is not None and name not in self._down:
            self._down.add(name)
            pause = backoff.died(now)
            log.error(
                "%s died; again in %.0f s; its log (%s) ends:\n%s",
                name,
                pause,
                instance.process.log,
                instance.process.log_tail(5),
            )
            instance.process.kill()  # workers that it left behind
        if backoff.due(now):
            restarts = instance.restarts + 1 if instance is not None else 0
            self._instances[name] = start_instance(self._cluster, plan, name, restarts)
            backoff.started(now)
            self._down.discard(name)
            log.info("%s: process %d", name, self._instances[name].process.pid)

    def _clock(self, name: str) -> tuple[float, Backoff]:
        return time.monotonic(), self._backoff.setdefault(name, Backoff())

    def _reap(self) -> None:
        """Forget instances that have left; end those whose grace is over."""
        rest = []
        for instance, deadline in self._leaving:
            if instance.process.alive and time.monotonic() < deadline:
                rest.append((instance, deadline))
                continue
            if instance.process.alive:
                log.error("%s: did not stop within %.0f s: killed", instance.name, GRACE)
            instance.process.kill()
            self._cluster.instance_file(instance.name).unlink(missing_ok=True)
        self._leaving = rest

    def _end_leftovers(self) -> None:
        """End the instances of a supervisor that was killed."""
        end_instances(self._cluster)

    def _end_all(self, plan: Plan) -> None:
        log.info("stopping services, then servers")
        end_instances(self._cluster)
        for server in self._servers(plan):
            server.stop()

    def _servers(self, plan: Plan) -> list[Server]:
        return [self._cluster.kafka(plan), self._cluster.elastic(plan)]


def end_instances(cluster: Cluster) -> None:
    """End every recorded instance: all are asked at once, and killed when the grace is over."""
    found = [(path, Instance.load(path)) for path in cluster.recorded()]
    for _, instance in found:
        if instance is not None:
            instance.process.signal(signal.SIGTERM)
    end = time.monotonic() + GRACE
    for path, instance in found:
        if instance is not None and not instance.process.wait(max(0.0, end - time.monotonic())):
            log.error("%s: did not stop within %.0f s: killed", instance.name, GRACE)
            instance.process.kill()
        path.unlink(missing_ok=True)


def main() -> int:
    """Run for the cluster in the folder given as the only argument."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    cluster = Cluster(Path(sys.argv[1]))
    supervisor = Supervisor(cluster)
    signal.signal(signal.SIGTERM, lambda *_: supervisor.stop())
    signal.signal(signal.SIGINT, lambda *_: supervisor.stop())
    signal.signal(signal.SIGHUP, lambda *_: supervisor.look())
    own = Process("supervisor", os.getpid(), start_mark(os.getpid()) or "", "")
    own.save(cluster.supervisor_file)
    try:
        supervisor.run()
    finally:
        cluster.supervisor_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
