"""Kafka and Elasticsearch as processes of this machine; see :mod:`services.cli.cluster.server`."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.cli.cluster import install, jdk, places
from services.cli.cluster.processes import replace_text
from services.cli.cluster.server import HOST, Server, run_tool
from shared.errors import ClusterError
from shared.resources import deploy_path
from shared.runtime.topics_admin import broker_message_limit
from shared.topics import topology

# The first compiler alone: on a small machine the second takes as much as the work itself.
_QUICK_JIT = "-XX:TieredStopAtLevel=1"


class Kafka(Server):
    """One Kafka broker that is its own controller."""

    name = "kafka"
    title = "Kafka"
    grace = 30.0

    @property
    def bootstrap(self) -> str:
        """``host:port`` for clients."""
        return f"{HOST}:{self.port}"

    def install(self) -> Path:
        """Kafka's jars, in the cache."""
        return install.install_kafka()

    def ready(self) -> bool:
        """Whether it answers a metadata request with itself as a broker."""
        if not _listens(self.port):
            return False  # spares the client library's own error messages
        return _in_thread(self.bootstrap)

    def _prepare(self, installed: Path) -> tuple[list[str], dict[str, str]]:
        port, controller_port = self.ports(choose=True)
        limit = broker_message_limit(topology())
        config = self.home / "server.properties"
        text = deploy_path("local", "server.properties").read_text(encoding="utf-8")
        config.write_text(
            Template(text).substitute(
                host=HOST,
                port=port,
                controller_port=controller_port,
                data=self.home / "data",
                message_limit=limit,
            ),
            encoding="utf-8",
        )
        java = [str(jdk.find_jdk() / "bin" / "java"), "-cp", f"{installed}/lib/*"]
        quiet = ["-Dorg.slf4j.simpleLogger.showDateTime=true"]
        if not (self.home / "data" / "meta.properties").exists():
            self._format([*java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"], config)
        heap = [f"-Xms{self.heap_mb // 2}m", f"-Xmx{self.heap_mb}m"]
        flags = ["-XX:+ExitOnOutOfMemoryError", _QUICK_JIT]
        return [*java, *heap, *flags, *quiet, "kafka.Kafka", str(config)], {}

    def _format(self, java: list[str], config: Path) -> None:
        """Make the log folder of a new cluster."""
        cluster_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        # A leading dash would be read as an option.
        cluster_id = cluster_id.replace("-", "x", 1) if cluster_id[0] == "-" else cluster_id
        places.hand_over(self.home)
        run_tool(
            [*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(config)],
            {},
            self.home,
        )


class Elastic(Server):
    """One Elasticsearch node with security on. The user is ``elastic``."""

    name = "elastic"
    title = "Elasticsearch"
    grace = 60.0
    username = "elastic"

    @property
    def url(self) -> str:
        """Where clients connect: plain HTTP, on the loopback interface alone."""
        return f"http://{HOST}:{self.port}"

    @property
    def password_file(self) -> Path:
        """The file, readable by its owner alone, that holds the password of :attr:`username`."""
        return self.folder / "elastic.password"

    @property
    def password(self) -> str:
        """The generated password. Raises :class:`ClusterError` before the first start."""
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise ClusterError(f"{self.title} was never started in {self.folder}") from None

    def install(self) -> Path:
        """Elasticsearch with the analysis plugin, in the cache."""
        return install.install_elastic()

    def ready(self) -> bool:
        """Whether the cluster's health is at least yellow, asked with the password."""
        try:
            self.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        except (OSError, ClusterError):  # URLError is an OSError
            return False
        return True

    def request(self, method: str, path: str, body: object = None) -> object:
        """A request as the super-user; returns the decoded JSON answer.

        Raises :class:`ClusterError` with the answer for a status of 400 and above, and
        :class:`OSError` when the server cannot be reached.
        """
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - always http on loopback
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                detail = error.read().decode("utf-8", "replace")
            raise ClusterError(
                f"{method} {path}: Elasticsearch answered {error.code}: {detail[:500]}"
            ) from None
        return json.loads(text) if text else None

    def _prepare(self, installed: Path) -> tuple[list[str], dict[str, str]]:
        port, transport_port = self.ports(choose=True)
        config = self.home / "config"
        for folder in (config, self.home / "tmp"):
            folder.mkdir(exist_ok=True)
        for source in (installed / "config").iterdir():
            copy = config / source.name
            if source.is_file() and not copy.exists():
                copy.write_bytes(source.read_bytes())
        text = deploy_path("local", "elasticsearch.yml").read_text(encoding="utf-8")
        (config / "elasticsearch.yml").write_text(
            Template(text).substitute(
                host=HOST,
                port=port,
                transport_port=transport_port,
                data=self.home / "data",
                logs=self.home / "logs",
            ),
            encoding="utf-8",
        )
        environment = {
            "ES_JAVA_HOME": str(jdk.find_jdk()),
            "ES_JAVA_OPTS": f"-Xms{self.heap_mb}m -Xmx{self.heap_mb}m {_QUICK_JIT}",
            "ES_PATH_CONF": str(config),
            "ES_TMPDIR": str(self.home / "tmp"),
        }
        if not (config / "elasticsearch.keystore").exists():
            self._set_password(installed, environment)
        return [str(installed / "bin" / "elasticsearch")], environment

    def _set_password(self, installed: Path, environment: dict[str, str]) -> None:
        password = secrets.token_urlsafe(24)
        replace_text(self.password_file, password, mode=0o600)
        places.hand_over(self.home)
        run_tool(
            [
                *(str(installed / "bin" / "elasticsearch-keystore"), "add"),
                *("--stdin", "--force", "bootstrap.password"),
            ],
            environment,
            self.home,
            password,
        )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0


async def _answers(bootstrap: str) -> bool:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await client.start()
        answer = await client.describe_cluster()
        return bool(answer["brokers"])
    except KafkaError:
        return False
    finally:
        await client.close()


def _in_thread(bootstrap: str) -> bool:
    # In a thread of its own, because the caller may stand in a running event loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_answers(bootstrap))).result()
