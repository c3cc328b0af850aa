"""The aiokafka driver: a consumer by hand, which commits a batch right after it is done."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from shared import metrics
from shared.errors import TransientError
from shared.runtime import lenient_records
from shared.runtime.driver import group_id, message_of
from shared.runtime.runner import Runner
from shared.settings import RuntimeSettings
from shared.topics import Topic

log = logging.getLogger(__name__)

# The partitions went to another instance: the batch is delivered again there.
LOST = (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
# Longer than all retries of one batch together.
MAX_POLL_INTERVAL_MS = 600_000


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Holds a re-balance until the current batch is done and committed."""

    def __init__(self, busy: asyncio.Lock) -> None:
        self._busy = busy

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        async with self._busy:
            log.info("partitions revoked: %s", sorted(tp.partition for tp in revoked))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        log.info("partitions assigned: %s", sorted(tp.partition for tp in assigned))


class AiokafkaDriver:
    """Runs one runner on one topic."""

    def __init__(
        self,
        runner: Runner,
        topic: Topic,
        settings: RuntimeSettings,
        *,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        lenient_records.install()
        self._runner = runner
        self._topic = topic
        self._settings = settings
        self._progress = progress
        self._busy = asyncio.Lock()
        self._behind = 0
        self._positions: dict[TopicPartition, int] = {}

    def lag(self) -> int:
        """Messages behind the end of the assigned partitions, as of the last poll."""
        return self._behind

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; the batch in work is finished and committed first."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            group_id=group_id(self._runner.stage.name, self._settings.namespace),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * 1024 * 1024,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            session_timeout_ms=int(self._settings.kafka_session_timeout * 1000),
            heartbeat_interval_ms=int(self._settings.kafka_session_timeout * 100),
            rebalance_timeout_ms=60_000,
        )
        consumer.subscribe([self._topic.name], listener=_Listener(self._busy))
        try:
            await consumer.start()
        except (KafkaError, OSError) as error:
            with contextlib.suppress(Exception):
                await consumer.stop()
            raise TransientError(
                f"cannot read {self._topic.name} at {self._settings.kafka_bootstrap}: {error}"
            ) from error
        try:
            while not stop.is_set():
                await self._step(consumer)
        finally:
            await consumer.stop()

    async def _step(self, consumer: AIOKafkaConsumer) -> None:
        # Polled outside the lock: a re-balance may come while nothing is in work.
        polled = await consumer.getmany(
            timeout_ms=int(self._settings.batch_seconds * 1000) or 1,
            max_records=self._settings.batch_size,
        )
        async with self._busy:
            held = consumer.assignment()
            batches = {tp: records for tp, records in polled.items() if tp in held}
            done = {tp: some[-1].offset + 1 for tp, some in batches.items()}
            records = [record for some in batches.values() for record in some]
            if records:
                await self._runner.run([message_of(record) for record in records])
                await self._commit(consumer, done)
                self._progress()
            self._measure(consumer, done)

    async def _commit(self, consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        try:
            await consumer.commit(offsets)
        except LOST as error:
            log.warning("the batch was not committed and comes again: %s", error)

    def _measure(self, consumer: AIOKafkaConsumer, done: dict[TopicPartition, int]) -> None:
        held = consumer.assignment()
        self._positions = {tp: at for tp, at in {**self._positions, **done}.items() if tp in held}
        ends = {tp: consumer.highwater(tp) for tp in held}
        self._behind = sum(
            max(0, end - self._positions.get(tp, end))
            for tp, end in ends.items()
            if end is not None
        )
        metrics.LAG.labels(self._runner.stage.name).set(self._behind)
