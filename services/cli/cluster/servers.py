"""Kafka and Elasticsearch as processes of this machine.

Each server lives in a folder: its data, its configuration, its log, its process id and its ports,
so that it can be started again on what it had, at the address it had, by another process too.
Methods block; in a coroutine call them through :func:`asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.cli.cluster import install, jdk, places
from services.cli.cluster.processes import Process, replace_text, spawn, tail
from shared.errors import ClusterError
from shared.resources import deploy_path
from shared.runtime.topics_admin import broker_message_limit
from shared.topics import topology

HOST = "127.0.0.1"
START_SECONDS = 180.0
"""How long a server may take until it answers; far above what an idle machine needs."""


class Server(ABC):
    """A server in ``folder``. ``port`` 0 takes a free one at the first start and keeps it."""

    name: str
    title: str
    grace: float
    """Seconds after SIGTERM before SIGKILL."""

    def __init__(self, folder: Path, port: int = 0, heap_mb: int = 512) -> None:
        self.folder = folder
        self.heap_mb = heap_mb
        self.home = folder / self.name  # what the server itself may write
        self.log = folder / "logs" / f"{self.name}.log"
        self._record = folder / f"{self.name}.pid.json"
        self._ports_file = folder / f"{self.name}.ports.json"
        self._wanted_port = port

    @abstractmethod
    def install(self) -> Path:
        """Make sure that it is installed; returns where."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it answers a real request now."""

    @abstractmethod
    def _prepare(self, installed: Path) -> tuple[list[str], dict[str, str]]:
        """Write configuration; returns the command and what its environment has in addition."""

    @property
    def port(self) -> int:
        """Where clients connect. Raises :class:`ClusterError` before the first start."""
        return self._ports()[0]

    @property
    def process(self) -> Process | None:
        """The process that was started last, running or not."""
        return Process.load(self._record)

    @property
    def running(self) -> bool:
        """Whether its process runs (it may not answer yet)."""
        process = self.process
        return process is not None and process.alive

    def start(self) -> None:
        """Start it unless it runs, and return when it answers.

        Raises :class:`ClusterError` with the end of its log when it does not.
        """
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start it unless it runs, without waiting until it answers."""
        if self.running:
            return
        self._clear_remains()
        installed = self.install()
        places.hand_over(self.home)
        command, extra = self._prepare(installed)
        places.hand_over(self.home)  # what was written just now as well
        environment = {"PATH": os.environ.get("PATH", os.defpath), **extra}
        process = spawn(
            self.name, places.as_server_user(command), self.log, env=environment, cwd=self.home
        )
        process.save(self._record)

    def stop(self) -> None:
        """End it in order, or by force when that takes longer than :attr:`grace`."""
        process = self.process
        if process is not None:
            process.stop(self.grace)
            self._record.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        process = self.process
        if process is not None:
            process.kill()
            self._record.unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop it and start it again on the same data at the same address."""
        self.stop()
        self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process, as in SIGSTOP for a server that hangs."""
        process = self.process
        if process is not None:
            process.signal(number)

    def _clear_remains(self) -> None:
        process = self.process
        if process is not None and process.group_alive:
            process.kill()  # a child outlived the launcher and holds the data's lock

    def await_ready(self) -> None:
        """Return when it answers; raises :class:`ClusterError` when it ended or never does."""
        end = time.monotonic() + START_SECONDS
        while not self.ready():
            if not self.running:
                raise ClusterError(f"{self.title} ended while starting; {self._log_end()}")
            if time.monotonic() > end:
                raise ClusterError(
                    f"{self.title} did not answer on {HOST}:{self.port} within "
                    f"{START_SECONDS:.0f} s; {self._log_end()}"
                )
            time.sleep(0.2)

    def _log_end(self) -> str:
        return f"its log ({self.log}) ends:\n{tail(self.log)}"

    def _ports(self, choose: bool = False) -> list[int]:
        """The client's port and the server's own second one."""
        try:
            ports: list[int] = json.loads(self._ports_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if not choose:
                raise ClusterError(f"{self.title} was never started in {self.folder}") from None
            ports = []
        wanted = self._wanted_port
        if choose and (not ports or (wanted and ports[0] != wanted)):
            ports = _free_ports(wanted)
            replace_text(self._ports_file, json.dumps(ports))
        return ports


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
        port, controller_port = self._ports(choose=True)
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
        heap = [f"-Xms{self.heap_mb // 2}m", f"-Xmx{self.heap_mb}m", "-XX:+ExitOnOutOfMemoryError"]
        return [*java, *heap, *quiet, "kafka.Kafka", str(config)], {}

    def _format(self, java: list[str], config: Path) -> None:
        """Make the log folder of a new cluster."""
        cluster_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        # A leading dash would be read as an option.
        cluster_id = cluster_id.replace("-", "x", 1) if cluster_id[0] == "-" else cluster_id
        places.hand_over(self.home)
        _run_tool(
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
        port, transport_port = self._ports(choose=True)
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
            "ES_JAVA_OPTS": f"-Xms{self.heap_mb}m -Xmx{self.heap_mb}m",
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
        _run_tool(
            [
                *(str(installed / "bin" / "elasticsearch-keystore"), "add"),
                *("--stdin", "--force", "bootstrap.password"),
            ],
            environment,
            self.home,
            password,
        )


def _run_tool(command: list[str], extra: dict[str, str], cwd: Path, text: str = "") -> None:
    done = subprocess.run(  # noqa: S603 - commands of our own making
        places.as_server_user(command),
        env={"PATH": os.environ.get("PATH", os.defpath), **extra},
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ClusterError(
            f"{Path(command[0]).name} ended with status {done.returncode}:\n"
            + (done.stdout + done.stderr).strip()[-2000:]
        )


def _free_ports(wanted: int) -> list[int]:
    """``wanted`` (0 for any free one) and another free port."""
    with socket.socket() as first, socket.socket() as second:
        try:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            first.bind((HOST, wanted))
        except OSError as error:
            raise ClusterError(f"port {wanted} cannot be used: {error.strerror}") from error
        second.bind((HOST, 0))
        return [first.getsockname()[1], second.getsockname()[1]]


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
