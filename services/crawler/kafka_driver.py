"""Brings requests from ``news.fetch`` to the crawler, and hosts with their state to one instance.

A partition of ``news.fetch`` and the same partition of ``news.frontier`` have one owner: who is
assigned the one loads the other before it takes requests, and has let go of all its hosts before
the group gives it to someone else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.crawler.intake import Intake, Taker
from services.crawler.lease import Lease
from services.crawler.outputs import KafkaOutputs
from shared import metrics
from shared.errors import ClusterError, TransientError
from shared.runtime import lenient_records
from shared.runtime.aiokafka_driver import LOST, MAX_POLL_INTERVAL_MS
from shared.runtime.driver import end_process, group_id, message_of
from shared.settings import RuntimeSettings
from shared.topics import Wiring

log = logging.getLogger(__name__)

_REBALANCE_SECONDS = 60.0
"""The group waits so long for its members to let go of their partitions."""
_REVOKE_SECONDS = _REBALANCE_SECONDS / 2
_LEAVE_SECONDS = 10.0
"""A re-balance can keep a member from leaving; its partitions are free when its session ends."""


class Crawling(Taker, Protocol):
    """What the driver needs of :class:`~services.crawler.engine.Crawler`."""

    async def assign(self, partition: int) -> None:
        """Load the state of ``partition`` and begin to work on it."""
        ...

    async def revoke(self, partition: int) -> None:
        """Stop work on ``partition``; when it returns nothing more is written for it."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set."""
        ...

    def full(self) -> bool:
        """Whether so much waits that no more should be taken now."""
        ...


class CrawlerDriver:
    """:class:`~shared.runtime.driver.Driver` of one crawler; runs it, too.

    ``lease`` is renewed while the group confirms the assignment. ``progress`` is called for each
    batch that was taken. ``fail`` must end the process: it is called where partitions are about to
    go to another instance and could not be let go of.
    """

    def __init__(
        self,
        crawler: Crawling,
        outputs: KafkaOutputs,
        lease: Lease,
        wiring: Wiring,
        settings: RuntimeSettings,
        *,
        progress: Callable[[], None] = lambda: None,
        fail: Callable[[BaseException], Any] = end_process,
    ) -> None:
        lenient_records.install()
        self._crawler = crawler
        self._lease = lease
        self._intake = Intake(crawler, outputs, wiring, settings)
        self._service = wiring.service
        self._topic = wiring.reads
        self._settings = settings
        self._progress = progress
        self._fail = fail
        self._busy = asyncio.Lock()
        self._arriving: set[TopicPartition] = set()
        self._owned: set[TopicPartition] = set()
        self._held_back = False
        self._behind = 0
        self._positions: dict[TopicPartition, int] = {}
        """Of the owned partitions: the offset after the last record that was dealt with."""

    def lag(self) -> int:
        """Requests behind the end of the assigned partitions, as of the last poll.

        0 while the crawler is full: what waits then waits for the crawler, not for this.
        """
        return 0 if self._held_back else self._behind

    def owned(self) -> list[int]:
        """The partitions whose hosts this instance talks to."""
        return sorted(place.partition for place in tuple(self._owned))  # of any thread

    async def run(self, stop: asyncio.Event) -> None:
        """Take requests, and let the crawler work, until ``stop`` is set."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            group_id=group_id(self._service, self._settings.namespace),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            session_timeout_ms=int(self._settings.kafka_session_timeout * 1000),
            heartbeat_interval_ms=int(self._settings.kafka_session_timeout * 100),
            rebalance_timeout_ms=int(_REBALANCE_SECONDS * 1000),
        )
        consumer.subscribe([self._topic.name], listener=_Listener(self, consumer))
        try:
            await consumer.start()
        except (KafkaError, OSError) as error:
            with contextlib.suppress(Exception):
                await consumer.stop()
            raise TransientError(
                f"cannot read {self._topic.name} at {self._settings.kafka_bootstrap}: {error}"
            ) from error
        parts: list[asyncio.Task[Any]] = [
            asyncio.create_task(part)
            for part in (
                self._crawler.run(stop),
                self._take_for_ever(consumer),
                self._confirm_for_ever(consumer),
                stop.wait(),
            )
        ]
        crawling, taking = parts[:2]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # raises what ended it
            if not stop.is_set():
                raise RuntimeError("the crawler ended by itself")
            # What is being taken is finished and committed; nothing new is polled.
            async with self._busy:
                taking.cancel()
            await crawling
            await self.let_go()
        finally:
            for task in parts:
                task.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(consumer.stop(), _LEAVE_SECONDS)

    async def let_go(self) -> None:
        """Give every partition back, its hosts are not talked to any more."""
        async with self._busy:
            self._arriving.clear()
            self._positions.clear()
            while self._owned:
                await self._crawler.revoke(self._owned.pop().partition)

    async def revoked(self) -> None:
        """:meth:`let_go` in time, or the end of the process."""
        try:
            async with asyncio.timeout(_REVOKE_SECONDS):
                await self.let_go()
        except Exception as error:  # aiokafka would log it and join the group anew
            self._fail(error)

    def arrived(self, partitions: Iterable[TopicPartition]) -> None:
        """Partitions were assigned; their state is loaded before the next poll."""
        self._lease.renew(self._lease.now())
        self._arriving = set(partitions)

    async def _take_for_ever(self, consumer: AIOKafkaConsumer) -> None:
        self._check_partitions(consumer)
        while True:
            await self._load(consumer)
            self._hold_back(consumer)
            # Polled outside the lock: a re-balance may come while nothing is in work.
            polled = await consumer.getmany(
                timeout_ms=int(self._settings.batch_seconds * 1000) or 1,
                max_records=self._settings.batch_size,
            )
            async with self._busy:
                batches = {place: some for place, some in polled.items() if place in self._owned}
                if batches:
                    await self._intake.handle(
                        {
                            place.partition: [message_of(record) for record in some]
                            for place, some in batches.items()
                        }
                    )
                    for place, some in batches.items():
                        self._positions[place] = some[-1].offset + 1
                    await self._commit(consumer)
                    self._progress()
                self._measure(consumer)

    async def _confirm_for_ever(self, consumer: AIOKafkaConsumer) -> None:
        """Commit again and again: the group takes a commit of its own members only."""
        while True:
            await asyncio.sleep(self._settings.kafka_session_timeout / 5)
            if self._positions:
                await self._commit(consumer)

    def _check_partitions(self, consumer: AIOKafkaConsumer) -> None:
        found = len(consumer.partitions_for_topic(self._topic.name) or ())
        if found != self._topic.partitions:
            raise ClusterError(
                f"{self._topic.name} has {found} partitions, {self._topic.partitions} in "
                "topics.yml: hosts would be looked for in the wrong ones"
            )

    async def _load(self, consumer: AIOKafkaConsumer) -> None:
        # One at a time, and never while the group waits for us: heartbeats go on, a re-balance
        # comes between two of them.
        while self._arriving:
            async with self._busy:
                if not self._arriving:
                    return
                place = min(self._arriving)
                await self._crawler.assign(place.partition)
                self._positions[place] = await consumer.position(place)
                self._arriving.discard(place)
                self._owned.add(place)
                consumer.resume(place)
                log.info("partition %d: state loaded", place.partition)

    def _hold_back(self, consumer: AIOKafkaConsumer) -> None:
        full = self._crawler.full()
        if full != self._held_back:
            log.info("enough is waiting: %s", "no more is taken" if full else "more is taken")
            self._held_back = full
        change = consumer.pause if full else consumer.resume
        held = self._owned & consumer.assignment()
        if held:
            change(*held)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        asked = self._lease.now()
        try:
            await consumer.commit(dict(self._positions))
        except LOST as error:
            log.warning("nothing was committed; what is not comes again: %s", error)
        else:
            self._lease.renew(asked)

    def _measure(self, consumer: AIOKafkaConsumer) -> None:
        ends = {place: consumer.highwater(place) or at for place, at in self._positions.items()}
        self._behind = sum(max(0, ends[place] - at) for place, at in self._positions.items())
        metrics.LAG.labels(self._service).set(self._behind)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Brings partitions to a driver and takes them from it."""

    def __init__(self, driver: CrawlerDriver, consumer: AIOKafkaConsumer) -> None:
        self._driver = driver
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        log.info("partitions revoked: %s", sorted(place.partition for place in revoked))
        await self._driver.revoked()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        log.info("partitions assigned: %s", sorted(place.partition for place in assigned))
        self._consumer.pause(*assigned)
        self._driver.arrived(assigned)
