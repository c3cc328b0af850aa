"""The shared log on Kafka: one topic, read whole by every instance, outside any group."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import TransientError
from shared.runtime import lenient_records
from shared.runtime.ports import LogEntry
from shared.runtime.publisher import KafkaProducer
from shared.runtime.stage import Emit
from shared.settings import RuntimeSettings
from shared.topics import Topic

log = logging.getLogger(__name__)
_POLL_MS = 200


class KafkaLog:
    """:class:`~shared.runtime.ports.SharedLog` on a topic whose records the broker stamps."""

    def __init__(self, settings: RuntimeSettings, topic: Topic) -> None:
        lenient_records.install()
        self._settings = settings
        self._topic = topic
        self._producer = KafkaProducer(settings, topic.max_record)
        self._consumer: AIOKafkaConsumer | None = None
        self._partitions = [TopicPartition(topic.name, n) for n in range(topic.partitions)]

    async def start(self) -> None:
        """Connect and stand at the beginning; :class:`TransientError` when no broker answers."""
        if self._consumer is not None:
            return
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_POLL_MS,
        )
        try:
            await consumer.start()
            consumer.assign(self._partitions)
            await consumer.seek_to_beginning(*self._partitions)
        except (KafkaError, OSError) as error:
            await consumer.stop()
            raise TransientError(f"{self._topic.name}: {error}") from error
        except BaseException:  # cancelled: a stop while it connects
            await consumer.stop()
            raise
        self._consumer = consumer

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()
        await self._producer.stop()

    async def append(self, entries: Sequence[tuple[int, bytes, bytes]]) -> list[tuple[int, int]]:
        """Append ``(partition, key, value)``; see :class:`~shared.runtime.ports.SharedLog`."""
        results = await self._producer.send(
            self._topic.name,
            [(Emit(value, key), partition) for partition, key, value in entries],
        )
        positions: list[tuple[int, int]] = []
        for result in results:
            if isinstance(result, KafkaError):
                await self._producer.discard()
                raise TransientError(f"{self._topic.name}: {result}") from result
            if isinstance(result, BaseException):
                raise result
            positions.append((result.partition, result.offset))
        return positions

    async def seek(self, offsets: dict[int, int]) -> None:
        """Go on reading at ``offsets``; see :class:`~shared.runtime.ports.SharedLog`."""
        consumer = self._started()
        for partition, offset in offsets.items():
            consumer.seek(TopicPartition(self._topic.name, partition), offset)

    async def read(self) -> AsyncIterator[Sequence[LogEntry]]:
        """Entries in order within a partition, from the beginning, for ever."""
        consumer = self._started()
        while True:
            try:
                batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=5000)
            except KafkaError as error:
                if not error.retriable:
                    raise
                log.warning("%s: %s", self._topic.name, error)
                continue
            for partition, records in batches.items():
                yield [
                    LogEntry(
                        partition.partition,
                        record.offset,
                        record.timestamp,
                        record.key or b"",
                        record.value or b"",
                    )
                    for record in records
                ]

    async def end(self) -> dict[int, int]:
        """The offset after the last entry of each partition."""
        try:
            consumer = self._started()
            begins = await consumer.beginning_offsets(self._partitions)
            ends = await consumer.end_offsets(self._partitions)
        except KafkaError as error:
            raise TransientError(f"{self._topic.name}: {error}") from error
        # Where everything has expired there is nothing to wait for.
        return {tp.partition: end if end > begins[tp] else 0 for tp, end in ends.items()}

    def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("the log was not started")
        return self._consumer
