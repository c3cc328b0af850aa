"""The crawler's state on Kafka: a compacted topic, each partition read whole by its owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.crawler.ports import Change
from shared.errors import MessageTooLarge, TransientError
from shared.events import Headers
from shared.runtime import lenient_records
from shared.runtime.clock import SystemClock
from shared.runtime.publisher import KafkaProducer
from shared.runtime.retry import RetryPolicy, retry
from shared.runtime.together import Together
from shared.settings import RuntimeSettings
from shared.topics import Topic

_POLL_MS = 1_000
_SILENCE_SECONDS = 60.0
"""A broker that sends nothing for so long, before the end that it named, is given up."""
_PIECE = 1_000  # keys


@dataclass(frozen=True, slots=True)
class _Entry:
    """A change on its way."""

    partition: int
    key: bytes
    value: bytes | None
    headers: Headers = ()


class KafkaStateStore:
    """:class:`~services.crawler.ports.StateStore` on a compacted topic.

    Writes of all tasks go one batch after the other, so that a value that is tried again never
    overtakes a newer one of its key.
    """

    def __init__(self, settings: RuntimeSettings, topic: Topic) -> None:
        lenient_records.install()
        self._settings = settings
        self._topic = topic
        self._policy = RetryPolicy.of(settings)
        self._clock = SystemClock()
        self._producer = KafkaProducer(settings, topic.max_record)
        self._write: Together[_Entry, None] = Together(
            self._send, weigh=lambda entry: len(entry.key) + len(entry.value or b"")
        )

    async def start(self) -> None:
        """Nothing: the first write connects, and so does each reading."""

    async def stop(self) -> None:
        """End the writes under way and disconnect."""
        await self._write.flush()
        await self._producer.stop()

    async def load(self, partition: int) -> AsyncIterator[Sequence[tuple[bytes, bytes]]]:
        """The newest value of each key; see :class:`~services.crawler.ports.StateStore`.

        Raises :class:`~shared.errors.TransientError` when no broker answers.
        """
        newest = await retry(
            lambda: self._read(TopicPartition(self._topic.name, partition)),
            self._policy,
            self._clock,
            what=f"reading {self._topic.name}/{partition}",
        )
        pairs: Iterator[tuple[bytes, bytes]] = (newest.popitem() for _ in range(len(newest)))
        while piece := list(islice(pairs, _PIECE)):
            yield piece
            await asyncio.sleep(0)  # heartbeats and other hosts go on

    async def write(self, partition: int, changes: Sequence[Change]) -> None:
        """Make ``changes`` durable; see :class:`~services.crawler.ports.StateStore`.

        Raises :class:`~shared.errors.TransientError` once retries ran out, and
        :class:`~shared.errors.MessageTooLarge` naming a key whose value the topic does not take.
        """
        for key, value in changes:
            if len(key) + len(value or b"") > self._topic.max_record:
                raise MessageTooLarge(
                    "message_too_large",
                    f"the state under {key!r} has {len(value or b'')} bytes; {self._topic.name} "
                    f"takes records of up to {self._topic.max_record} bytes",
                )
        await self._write([_Entry(partition, key, value) for key, value in changes])

    async def _send(self, entries: list[_Entry]) -> list[None]:
        newest = {(entry.partition, entry.key): entry for entry in entries}
        await retry(
            lambda: self._send_once(list(newest.values())),
            self._policy,
            self._clock,
            what=f"writing {self._topic.name}",
        )
        return [None] * len(entries)

    async def _send_once(self, entries: Sequence[_Entry]) -> None:
        results = await self._producer.send(
            self._topic.name, [(entry, entry.partition) for entry in entries]
        )
        for entry, result in zip(entries, results, strict=True):
            if isinstance(result, KafkaError):
                await self._producer.discard()
                raise TransientError(
                    f"{self._topic.name}: {entry.key!r}: {type(result).__name__}: {result}"
                ) from result
            if isinstance(result, BaseException):
                raise result

    async def _read(self, place: TopicPartition) -> dict[bytes, bytes]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=2 * self._topic.max_message,
        )
        try:
            await consumer.start()
            consumer.assign([place])
            return await self._read_to_end(consumer, place)
        except (KafkaError, OSError) as error:
            raise TransientError(
                f"{place.topic}/{place.partition} at {self._settings.kafka_bootstrap}: {error}"
            ) from error
        finally:
            await consumer.stop()

    async def _read_to_end(
        self, consumer: AIOKafkaConsumer, place: TopicPartition
    ) -> dict[bytes, bytes]:
        newest: dict[bytes, bytes] = {}
        end = (await consumer.end_offsets([place]))[place]
        await consumer.seek_to_beginning(place)
        heard = self._clock.monotonic()
        while (at := await consumer.position(place)) < end:
            for record in (await consumer.getmany(timeout_ms=_POLL_MS)).get(place, ()):
                if record.value is None:
                    newest.pop(record.key, None)
                else:
                    newest[record.key] = record.value
            if await consumer.position(place) > at:
                heard = self._clock.monotonic()
            elif self._clock.monotonic() - heard > _SILENCE_SECONDS:
                raise TransientError(
                    f"{place.topic}/{place.partition}: nothing after offset {at} of {end}"
                )
            await asyncio.sleep(0)  # records that were fetched ahead come without any wait
        return newest
