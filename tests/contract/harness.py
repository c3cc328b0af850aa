"""A driver under test: give it messages, run it as a supervisor would, read what came of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from shared.events import Message
from shared.runtime.driver import group_id
from shared.runtime.local_broker import SqliteBroker, connect
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.rejected import Rejection, read_rejection
from shared.runtime.stage import Emit
from shared.settings import RuntimeSettings
from shared.topics import Topic, topology
from tests.contract.worker import NAME
from tests.kafka import read_topic, uncommitted
from tests.shared_data import ROOT

TIMEOUT = 90.0
T = TypeVar("T")


def _wait(call: Coroutine[Any, Any, T]) -> T:
    """The result of ``call``, from code that may itself run in an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, call).result()


class Harness:
    """One driver kind on topics of its own."""

    def __init__(self, kind: str, folder: Path, settings: RuntimeSettings | None) -> None:
        self.kind = kind
        self.folder = folder
        self.settings = settings
        wiring = topology(settings.namespace if settings else "").services[NAME]
        assert wiring.writes is not None
        self.reads, self.writes, self.rejects = wiring.reads, wiring.writes, wiring.rejected
        self.environment = {
            **os.environ,
            "SCRIPTED_FOLDER": str(folder),
            "SCRIPTED_STORE": str(folder / "store.db"),
            "WIREROOM_LOG_FORMAT": "text",
            "WIREROOM_RETRY_INITIAL": "0.05",
            "WIREROOM_RETRY_MAX": "0.2",
        }
        if settings:
            self.environment["WIREROOM_NAMESPACE"] = settings.namespace
            self.environment["WIREROOM_KAFKA_BOOTSTRAP"] = settings.kafka_bootstrap
        self.starts = 0

    async def produce(self, values: Sequence[bytes | None]) -> None:
        """Append values to the input topic; keys are their order."""
        messages = [
            Emit(value or b"", b"%d" % n, (("trace", b"t%d" % n),))
            for n, value in enumerate(values)
        ]
        if self.settings is None:
            broker = self._broker()
            broker.append(self.reads, messages)
            broker.close()
            return
        publisher = KafkaPublisher(self.settings, self.reads)
        assert await publisher.publish(messages) == [None] * len(messages)
        await publisher.stop()

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker; its log goes to a file of its own."""
        self.starts += 1
        with (self.folder / f"worker-{self.starts}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.contract.worker", self.kind],
                env=self.environment,
                cwd=ROOT,
                stderr=log,
                stdout=log,
            )

    async def run_until(self, done: Callable[[], bool], *, most_starts: int = 4) -> None:
        """Run a worker, again after each death, until ``done``; then stop it by SIGTERM."""
        process = self.start()
        deadline = time.monotonic() + TIMEOUT
        try:
            while not await asyncio.to_thread(done):
                if time.monotonic() > deadline:
                    raise AssertionError(f"not done in {TIMEOUT} s; logs in {self.folder}")
                if process.poll() is not None:
                    assert process.returncode != 0, "ended by itself as if all were well"
                    assert self.starts < most_starts, self.last_log()
                    process = self.start()
                await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 30) == 0, self.last_log()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until ``done``; fails after a bounded time."""
        deadline = time.monotonic() + TIMEOUT
        while not done():
            assert time.monotonic() < deadline, self.last_log()
            time.sleep(0.1)

    def last_log(self) -> str:
        """The end of the newest worker's log."""
        return (self.folder / f"worker-{self.starts}.log").read_text(errors="replace")[-3000:]

    def outputs(self) -> list[Message]:
        """What the stage emitted."""
        return self._read(self.writes)

    def values(self) -> list[bytes]:
        """The emitted values, small ones, sorted, each once: repetition is allowed."""
        return sorted({(m.value or b"")[:100] for m in self.outputs()})

    def rejections(self) -> list[Rejection]:
        """What was refused, each once."""
        read = {r.id: r for r in map(read_rejection, self._read(self.rejects))}
        return sorted(read.values(), key=lambda r: r.place)

    def uncommitted(self) -> int:
        """Messages of the input that are not committed."""
        if self.settings is None:
            with self._reader() as broker:
                return broker.end(self.reads) - broker.committed(self.reads)
        return _wait(
            uncommitted(
                self.settings.kafka_bootstrap, self.reads, group_id(NAME, self.settings.namespace)
            )
        )

    def _broker(self) -> SqliteBroker:
        kept = frozenset({self.writes.name, self.rejects.name})
        return SqliteBroker(self.folder / "store.db", keep=kept)

    @contextmanager
    def _reader(self) -> Iterator[SqliteBroker]:
        """A second view of the file, without the lock that the worker holds."""
        broker = SqliteBroker.__new__(SqliteBroker)
        broker.connection = connect(self.folder / "store.db")
        try:
            yield broker
        finally:
            broker.connection.close()

    def _read(self, topic: Topic) -> list[Message]:
        if self.settings is None:
            with self._reader() as broker:
                return broker.read(topic, 0, 1_000_000)
        return _wait(read_topic(self.settings.kafka_bootstrap, topic))
