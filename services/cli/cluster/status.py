"""What a local cluster does now: servers, instances, health, lag and rates."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from services.cli.cluster.instances import Instance
from services.cli.cluster.server import Server
from services.cli.cluster.state import Cluster, Plan
from shared.errors import ClusterError
from shared.runtime.driver import group_id
from shared.topics import Wiring, topology

_HEALTH_SECONDS = 3.0
_COORDINATOR_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server. ``state``: ``ok``, ``starting`` (runs, does not answer), ``down``."""

    name: str
    state: str
    pid: int | None
    address: str


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One instance. ``health`` is what ``/healthz`` says, ``unreachable``, or ``down``."""

    name: str
    pid: int
    health: str
    url: str
    restarts: int
    log: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service.

    ``lag``: messages of its input that are not committed; ``rate``: messages committed in a
    second, ``arriving``: messages that came in a second. ``None`` where it could not be asked.
    """

    name: str
    wanted: int
    lag: int | None
    rate: float | None
    arriving: float | None
    instances: list[InstanceStatus]


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """Everything. ``supervisor`` is its process id, ``None`` where it does not run.

    ``lag_unknown`` says why lags are not known, empty where they are or were not asked for.
    """

    folder: str
    supervisor: int | None
    servers: list[ServerStatus]
    services: list[ServiceStatus]
    lag_unknown: str = ""

    @property
    def healthy(self) -> bool:
        """Whether all that should run does and says that it is well."""
        return (
            self.supervisor is not None
            and all(server.state == "ok" for server in self.servers)
            and all(
                len(service.instances) >= service.wanted
                and all(instance.health == "ok" for instance in service.instances)
                for service in self.services
            )
        )


@dataclass(frozen=True, slots=True)
class Positions:
    """Sums over the partitions of a service's input."""

    end: int
    committed: int

    @property
    def lag(self) -> int:
        """Messages that are not committed yet."""
        return self.end - self.committed


def cluster_status(
    cluster: Cluster, interval: float = 0.0, *, with_lag: bool = True
) -> ClusterStatus:
    """Ask everything; rates are measured over ``interval`` seconds (0: not measured).

    Raises :class:`ClusterError` where no cluster was ever started.
    """
    plan = cluster.plan()
    if plan is None:
        raise ClusterError(f"nothing was started in {cluster.folder}: `wireroom up` starts it")
    kafka, elastic = cluster.kafka(plan), cluster.elastic(plan)
    servers = [
        _server(kafka, lambda: kafka.bootstrap),
        _server(elastic, lambda: elastic.url),
    ]
    first: dict[str, Positions] = {}
    last: dict[str, Positions] = {}
    elapsed, unknown = 0.0, ""
    if with_lag and servers[0].state == "ok":
        wiring = topology(plan.namespace).services
        try:
            first, last, elapsed = asyncio.run(
                _positions(kafka.bootstrap, wiring, plan.namespace, interval)
            )
        except KafkaError as error:
            unknown = f"{kafka.bootstrap}: {type(error).__name__}: {error}"
    elif with_lag:
        unknown = "Kafka does not answer"
    supervisor = cluster.supervisor()
    return ClusterStatus(
        folder=str(cluster.folder),
        supervisor=supervisor.pid if supervisor else None,
        servers=servers,
        services=_services(cluster, plan, first, last, elapsed),
        lag_unknown=unknown,
    )


def _services(
    cluster: Cluster,
    plan: Plan,
    first: dict[str, Positions],
    last: dict[str, Positions],
    elapsed: float,
) -> list[ServiceStatus]:
    found = [instance for path in cluster.recorded() if (instance := Instance.load(path))]
    result = []
    for name, wanted in plan.scale.items():
        before, now = first.get(name), last.get(name)
        rate = arriving = None
        if before is not None and now is not None and elapsed > 0:
            rate = round((now.committed - before.committed) / elapsed, 1)
            arriving = round((now.end - before.end) / elapsed, 1)
        result.append(
            ServiceStatus(
                name=name,
                wanted=wanted,
                lag=now.lag if now is not None else None,
                rate=rate,
                arriving=arriving,
                instances=[_instance(item) for item in found if item.service == name],
            )
        )
    return result


def _server(server: Server, address: object) -> ServerStatus:
    process = server.process
    assert callable(address)
    try:
        place = str(address())
        state = "down" if not server.running else "ok" if server.ready() else "starting"
    except ClusterError:  # never started
        return ServerStatus(server.name, "down", None, "")
    running = process is not None and state != "down"
    return ServerStatus(server.name, state, process.pid if running and process else None, place)


def _instance(instance: Instance) -> InstanceStatus:
    health = _health(instance.url) if instance.process.alive else "down"
    process = instance.process
    return InstanceStatus(
        instance.name, process.pid, health, instance.url, instance.restarts, process.log
    )


def _health(url: str) -> str:
    try:
        try:
            with urllib.request.urlopen(  # noqa: S310 - always http on loopback
                f"{url}/healthz", timeout=_HEALTH_SECONDS
            ) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:  # 503 says why in its body
            with error:
                text = error.read()
        return str(json.loads(text)["status"])
    except (OSError, ValueError, KeyError, TypeError):
        return "unreachable"


async def _positions(
    bootstrap: str, wiring: dict[str, Wiring], namespace: str, interval: float
) -> tuple[dict[str, Positions], dict[str, Positions], float]:
    """Positions of every service, twice, and the seconds between."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await consumer.start()
        await admin.start()
        start = time.monotonic()
        first = await read_positions(consumer, admin, wiring, namespace)
        if interval <= 0:
            return first, first, 0.0
        await asyncio.sleep(interval)
        last = await read_positions(consumer, admin, wiring, namespace)
        return first, last, time.monotonic() - start
    finally:
        await consumer.stop()
        await admin.close()


async def read_positions(
    consumer: AIOKafkaConsumer,
    admin: AIOKafkaAdminClient,
    wiring: dict[str, Wiring],
    namespace: str,
) -> dict[str, Positions]:
    """End and committed offsets of each service's input.

    A partition that was never committed counts from its beginning: that is where its first
    reader starts.
    """
    result = {}
    for service, wires in wiring.items():
        partitions = [TopicPartition(wires.reads.name, i) for i in range(wires.reads.partitions)]
        offsets = await _group_offsets(admin, group_id(service, namespace), partitions)
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        committed = 0
        for partition in partitions:
            stored = offsets[partition].offset if partition in offsets else -1
            committed += max(stored, begins[partition])
        result[service] = Positions(end=sum(ends.values()), committed=committed)
    return result


async def _group_offsets(
    admin: AIOKafkaAdminClient, group: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    # A young broker makes its topic of offsets when the first group is asked for.
    end = time.monotonic() + _COORDINATOR_SECONDS
    while True:
        try:
            found: dict[
                TopicPartition, OffsetAndMetadata
            ] = await admin.list_consumer_group_offsets(group, partitions=partitions)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > end:
                raise
            await asyncio.sleep(0.2)
        else:
            return found
