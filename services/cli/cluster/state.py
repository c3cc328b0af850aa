"""What a local cluster is meant to be, kept in a folder that all its processes know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from services.cli.cluster import places
from services.cli.cluster.processes import Process, replace_text
from services.cli.cluster.servers import Elastic, Kafka
from shared.errors import ClusterError
from shared.settings import RuntimeSettings, load_settings
from shared.topics import topology

_OPTIONAL = frozenset({"archiver"})
"""Services that run only where somebody asks for them."""

# Settings that tell which servers are meant, and as whom.
_SERVER_FIELDS = {
    "namespace",
    "kafka_bootstrap",
    "elastic_url",
    "elastic_api_key",
    "elastic_username",
    "elastic_password",
    "elastic_ca",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run: instances of each service, under a namespace, servers on these ports.

    One of each by default, and no archiver. A port of 0 is any free one.
    """

    scale: Mapping[str, int] = field(
        default_factory=lambda: {name: int(name not in _OPTIONAL) for name in service_names()}
    )
    namespace: str = ""
    kafka_port: int = 9092
    elastic_port: int = 9200

    def scaled(self, changes: Mapping[str, int]) -> Plan:
        """This plan with other numbers of instances.

        Raises :class:`ClusterError` for a service that does not exist, and for more instances
        than the topic has partitions: those would have nothing to do.
        """
        wiring = topology(self.namespace).services
        for service, count in changes.items():
            if service not in wiring:
                raise ClusterError(f"no service {service!r}: there are {', '.join(wiring)}")
            most = wiring[service].reads.partitions
            if not 0 <= count <= most:
                raise ClusterError(
                    f"{service}={count}: from 0 to {most}, the partitions of "
                    f"{wiring[service].reads.name}"
                )
        return replace(self, scale={**self.scale, **changes})

    def instances(self) -> list[str]:
        """The names of all instances: ``tagger-1``, ``tagger-2``…, in the order of the flow."""
        return [f"{name}-{i + 1}" for name, count in self.scale.items() for i in range(count)]


class Cluster:
    """The folder of a local cluster: its plan, its servers, its records of processes."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or places.state_dir()

    @property
    def plan_file(self) -> Path:
        """Where the plan is."""
        return self.folder / "plan.json"

    @property
    def supervisor_file(self) -> Path:
        """The record of the process that looks after the services."""
        return self.folder / "supervisor.pid.json"

    @property
    def key_file(self) -> Path:
        """The indexer's API key, readable by its owner alone."""
        return self.folder / "indexer.key"

    @property
    def snapshots(self) -> Path:
        """What the deduplicators remember."""
        return self.folder / "deduplicator"

    @property
    def logs(self) -> Path:
        """Logs of servers, supervisor and services."""
        return self.folder / "logs"

    def plan(self) -> Plan | None:
        """The saved plan, or ``None`` where nothing was ever started.

        Raises :class:`ClusterError` for a file that cannot be read.
        """
        try:
            return Plan(**json.loads(self.plan_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ClusterError(f"{self.plan_file}: {error}") from error

    def save(self, plan: Plan) -> None:
        """Save ``plan``; the supervisor follows it within a second."""
        replace_text(self.plan_file, json.dumps(asdict(plan), indent=1))

    def kafka(self, plan: Plan) -> Kafka:
        """The cluster's broker."""
        return Kafka(self.folder, plan.kafka_port)

    def elastic(self, plan: Plan) -> Elastic:
        """The cluster's Elasticsearch."""
        return Elastic(self.folder, plan.elastic_port)

    def supervisor(self) -> Process | None:
        """The supervisor, when it runs."""
        process = Process.load(self.supervisor_file)
        return process if process is not None and process.alive else None

    def instance_file(self, name: str) -> Path:
        """The record of a service's instance."""
        return self.folder / "instances" / f"{name}.json"

    def recorded(self) -> Iterable[Path]:
        """The records of all instances."""
        return sorted((self.folder / "instances").glob("*.json"))

    def environment(self, plan: Plan) -> dict[str, str]:
        """The variables that lead a process to this cluster, without any secret."""
        return {
            "WIREROOM_NAMESPACE": plan.namespace,
            "WIREROOM_KAFKA_BOOTSTRAP": self.kafka(plan).bootstrap,
            "WIREROOM_ELASTIC_URL": self.elastic(plan).url,
        }

    def user_environment(self, plan: Plan) -> dict[str, str]:
        """:meth:`environment` and the super-user, by the file of the password."""
        elastic = self.elastic(plan)
        return {
            **self.environment(plan),
            "WIREROOM_ELASTIC_USERNAME": elastic.username,
            "WIREROOM_ELASTIC_PASSWORD_FILE": str(elastic.password_file),
        }


def client_settings() -> RuntimeSettings:
    """Settings of a command that is a client of the servers.

    Where no setting tells which servers and as whom, and the cluster of this machine runs, they
    lead to it. One such setting, and only what is given counts: nothing is mixed.

    Raises :class:`~shared.errors.SettingsError` and :class:`ClusterError`.
    """
    settings = load_settings(RuntimeSettings)
    if settings.model_fields_set & _SERVER_FIELDS:
        return settings
    cluster = Cluster()
    plan = cluster.plan() if cluster.supervisor() is not None else None
    if plan is None:
        return settings
    elastic = cluster.elastic(plan)
    return load_settings(
        RuntimeSettings,
        namespace=plan.namespace,
        kafka_bootstrap=cluster.kafka(plan).bootstrap,
        elastic_url=elastic.url,
        elastic_username=elastic.username,
        elastic_password=elastic.password,
    )


def service_names() -> list[str]:
    """All services, in the order of the flow."""
    return list(topology().services)
