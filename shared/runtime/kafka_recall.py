"""Messages of a topic read a second time, by their place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import TransientError
from shared.events import Message
from shared.runtime import lenient_records
from shared.settings import RuntimeSettings
from shared.topics import Topic

_WAIT_MS: Final = 200
_PATIENCE: Final = 20.0
"""Seconds without a record after which the broker is taken to be away."""


class KafkaRecall:
    """:class:`~shared.runtime.ports.Recall` on a topic, outside any group.

    It connects with the first call.
    """

    def __init__(self, settings: RuntimeSettings, topic: Topic) -> None:
        lenient_records.install()
        self._settings = settings
        self._topic = topic
        self._consumer: AIOKafkaConsumer | None = None
        self._lock = asyncio.Lock()

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()

    async def read(self, places: Sequence[tuple[int, int]]) -> list[Message | None]:
        """The messages at ``(partition, offset)``; see the port."""
        try:
            async with self._lock:
                found = await self._read(sorted(set(places)))
        except (KafkaError, OSError) as error:
            await self.stop()
            raise TransientError(f"{self._topic.name}: {error}") from error
        return [found.get(place) for place in places]

    async def _read(self, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Message]:
        consumer = await self._connected()
        partitions = [TopicPartition(self._topic.name, n) for n in range(self._topic.partitions)]
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        found: dict[tuple[int, int], Message] = {}
        for number, offset in places:
            partition = TopicPartition(self._topic.name, number)
            if not begins.get(partition, 0) <= offset < ends.get(partition, 0):
                continue
            record = await self._one(consumer, partition, offset)
            if record is not None:
                found[number, offset] = Message(
                    record.value,
                    record.key,
                    tuple((name, value or b"") for name, value in record.headers),
                    self._topic.name,
                    number,
                    offset,
                    record.timestamp,
                )
        consumer.unsubscribe()
        return found

    async def _one(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int
    ) -> ConsumerRecord | None:
        """The record at ``offset``, or ``None`` where another comes (it was deleted meanwhile)."""
        consumer.assign([partition])
        consumer.seek(partition, offset)
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=1)
                    for record in batches.get(partition, []):
                        return record if record.offset == offset else None
        except TimeoutError:
            raise TransientError(
                f"{self._topic.name}: no record came in {_PATIENCE:.0f} s"
            ) from None

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._settings.kafka_bootstrap,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=_WAIT_MS,
                max_partition_fetch_bytes=self._topic.max_record,
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer
