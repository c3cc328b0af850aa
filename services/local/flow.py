"""The embedded default: all five stages in one process, on one SQLite file, with a pool.

The file holds the queues between the stages, the fingerprint log, what was refused, the search
index, and what came of each input. A killed run goes on where it stopped, since every queue is
durable and every write can be repeated.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.archiver.embedded import EmbeddedArchive
from services.archiver.settings import ArchiverSettings
from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from services.deduplicator.fingerprinting import fingerprint_of
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.stage import DeduplicateStage
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from services.indexer.stage import IndexDocument
from services.local.results import ORIGIN_HEADER, Item, Results
from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.errors import WireroomError
from shared.events import Message
from shared.metrics import count_outcome
from shared.runtime.clock import SystemClock
from shared.runtime.local_broker import BrokerPublisher, SqliteBroker
from shared.runtime.local_driver import LocalDriver
from shared.runtime.local_log import BrokerLog, BrokerRecall
from shared.runtime.pool import Pool, PoolStage
from shared.runtime.ports import Publisher
from shared.runtime.rejected import RejectionCaps, rejection_message
from shared.runtime.retry import RetryPolicy
from shared.runtime.runner import Runner
from shared.runtime.stage import Emit, Reject, Stage, TransformStage
from shared.search.sqlite_publisher import SqlitePublisher
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Topic, topology

SUBMIT_BYTES = 8 * 1024 * 1024  # bytes that one transaction appends
SUBMIT_MESSAGES = 256


@dataclass(frozen=True, slots=True)
class Progress:
    """Inputs of this run that are finished, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Report:
    """What came of every input of this run, and of what an interrupted one had left over."""

    items: list[Item]


class Dispatch:
    """The pool's function: ``(stage, message)`` to what that stage makes of it; picklable."""

    def __init__(self, functions: dict[str, Callable[[Message], Any]]) -> None:
        self._functions = functions

    def __call__(self, task: tuple[str, Message]) -> Any:
        """Apply the stage's function."""
        stage, message = task
        return self._functions[stage](message)


class LocalFlow:
    """An async context manager over one store; one at a time has it open.

    Entering raises :class:`~shared.errors.StoreError` when the store is in use or damaged.
    """

    def __init__(self, store: Path, workers: int | None = None) -> None:
        self._store = store
        self._settings = load_settings(RuntimeSettings)
        self._topology = topology()
        self._clock = SystemClock()
        dispatch = Dispatch(
            {
                "fetcher": Fetch(load_settings(FetcherSettings)),
                "cleaner": Clean(load_settings(CleanerSettings)),
                "tagger": Tag(load_settings(TaggerSettings)),
                "deduplicator": fingerprint_of,
            }
        )
        self._pool = Pool(
            dispatch,
            workers=workers or os.cpu_count() or 1,
            timeout=self._settings.message_timeout,
            name="local",
        )
        self._wake: dict[str, asyncio.Event] = {}
        self._drivers: list[LocalDriver] = []
        self._runners: list[Runner] = []

    async def __aenter__(self) -> Self:
        """Open the store and start the stages."""
        services = self._topology.services
        log = services["deduplicator"].log
        assert log is not None
        async with AsyncExitStack() as opened:
            self._broker = SqliteBroker(
                self._store,
                keep=frozenset(
                    {log.name, self._topology.rejected.name, services["deduplicator"].reads.name}
                ),
            )
            opened.callback(self._broker.close)
            opened.push_async_callback(self._pool.stop)
            self._archive = EmbeddedArchive(load_settings(ArchiverSettings))
            opened.callback(self._archive.close)
            self._archive.open()
            await self._open(log, opened)
            self._opened = opened.pop_all()
        return self

    async def _open(self, log: Topic, opened: AsyncExitStack) -> None:
        tagged = self._topology.services["deduplicator"].reads
        self._broker.trim(log)
        self._broker.trim(tagged)
        self._results = Results(self._broker, self._topology.rejected)
        self._wake = {name: asyncio.Event() for name in self._topology.topics}
        stages: list[Stage] = [
            self._pooled("fetcher"),
            self._pooled("cleaner"),
            self._pooled("tagger"),
            DeduplicateStage(
                load_settings(DeduplicatorSettings),
                BrokerLog(self._broker, log),
                BrokerRecall(self._broker, tagged),
                self._sketch,
            ),
            TransformStage("indexer", IndexDocument()),
        ]
        for stage in stages:
            self._add(stage)
        for runner in self._runners:
            opened.push_async_callback(runner.stop)
            await runner.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Stop the stages and close the store, each also when another fails."""
        await self._opened.aclose()

    async def submit(self, items: AsyncIterator[Message] | Iterable[Message]) -> None:
        """Store messages durably, except those whose bytes and name are known already.

        Known ones that were refused are tried again: settings may have changed.
        """
        batch: list[Emit] = []
        origins: set[bytes] = set()
        size = 0
        async for message in _each(items):
            emit = self._results.register(message)
            if emit is None:
                continue
            origin = dict(emit.headers)[ORIGIN_HEADER]
            if origin in origins:  # an archive may hold a message twice
                continue
            origins.add(origin)
            self._archive.add(message)
            batch.append(emit)
            size += len(emit.value)
            if size >= SUBMIT_BYTES or len(batch) >= SUBMIT_MESSAGES:
                self._append(batch)
                origins.clear()
                batch, size = [], 0
        self._append(batch)

    async def refuse(self, stage: str, refused: Sequence[tuple[Message, Reject]]) -> None:
        """Keep refusals of what never got into the flow, with those of the stages."""
        rejected = BrokerPublisher(self._broker, self._topology.rejected)
        await rejected.publish(
            [rejection_message(stage, *refusal, self._clock) for refusal in refused]
        )

    async def drain(self, progress: Callable[[Progress], None]) -> Report:
        """Work until every stored message is indexed or refused; may be cancelled and called again.

        Raises what a stage raised that is neither permanent nor transient.
        """
        stop = asyncio.Event()

        def advanced() -> None:
            progress(Progress(*self._results.progress()))
            if not self._lag():
                stop.set()

        self._advanced = advanced
        advanced()
        tasks = [asyncio.create_task(driver.run(stop)) for driver in self._drivers]
        try:
            finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in finished:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._lag():
            raise WireroomError("the flow stopped before everything was done")
        return Report(self._results.report())

    def _lag(self) -> int:
        return sum(driver.lag() for driver in self._drivers)

    def _pooled(self, name: str) -> PoolStage:
        return PoolStage(name, self._pool, lambda message: (name, message))

    async def _sketch(self, batch: Iterable[Message]) -> list[Any]:
        return await self._pool.map([("deduplicator", message) for message in batch])

    def _append(self, batch: list[Emit]) -> None:
        if batch:
            self._archive.keep()
            topic = self._topology.services["fetcher"].reads
            self._results.submit(topic, batch)
            self._wake[topic.name].set()

    def _add(self, stage: Stage) -> None:
        wiring = self._topology.services[stage.name]
        outputs: Publisher = (
            SqlitePublisher(self._store, count_outcome)
            if wiring.writes is None
            else BrokerPublisher(self._broker, wiring.writes, self._waker(wiring.writes))
        )
        runner = Runner(
            stage=stage,
            outputs=outputs,
            rejected=BrokerPublisher(self._broker, wiring.rejected),
            clock=self._clock,
            policy=RetryPolicy.of(self._settings),
            # A person who drops a folder of broken files wants to hear of each.
            caps=RejectionCaps(run=2**62, share=1.0, window=10),
            observer=self._results.observer(stage.name, last=wiring.writes is None),
        )
        self._runners.append(runner)
        self._drivers.append(
            LocalDriver(
                runner,
                self._broker,
                wiring.reads,
                wake=self._wake[wiring.reads.name],
                batch_size=self._settings.batch_size,
                progress=lambda: self._advanced(),
            )
        )

    def _waker(self, topic: Topic) -> Callable[[], None]:
        return self._wake[topic.name].set


async def _each(items: AsyncIterator[Message] | Iterable[Message]) -> AsyncIterator[Message]:
    if isinstance(items, AsyncIterator):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
