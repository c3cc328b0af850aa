"""A server as a process of this machine, apart from which server it is.

Each lives in a folder: its data, its configuration, its log, its process id and its ports, so
that it can be started again on what it had, at the address it had, by another process too.
Methods block; in a coroutine call them through :func:`asyncio.to_thread`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from services.cli.cluster import places
from services.cli.cluster.processes import Process, replace_text, spawn, tail
from shared.errors import ClusterError

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
        return self.ports()[0]

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

    def ports(self, choose: bool = False) -> list[int]:
        """The client's port and the server's own second one, chosen now with ``choose``."""
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


def run_tool(command: list[str], extra: dict[str, str], cwd: Path, text: str = "") -> None:
    """Run a server's own tool as its user; raises :class:`ClusterError` with what it printed."""
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
