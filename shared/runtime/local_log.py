"""The shared log on the embedded store's broker: the deduplicator of the local driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from shared.events import Message
from shared.runtime.local_broker import Broker
from shared.runtime.ports import LogEntry
from shared.runtime.stage import Emit
from shared.topics import Topic


class BrokerLog:
    """:class:`~shared.runtime.ports.SharedLog` on a topic of a :class:`Broker`.

    The log's partitions share the topic's one; an entry's partition stands in a header, and its
    offset is the topic's position, which grows within each partition as the port asks.
    """

    def __init__(self, broker: Broker, topic: Topic) -> None:
        self._broker = broker
        self._topic = topic
        self._appended = asyncio.Event()
        self._position = 0

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def append(self, entries: Sequence[tuple[int, bytes, bytes]]) -> list[tuple[int, int]]:
        """Append in one transaction."""
        positions = self._broker.append(
            self._topic,
            [Emit(value, key, (("p", b"%d" % part),)) for part, key, value in entries],
        )
        self._appended.set()
        return [(entry[0], at) for entry, at in zip(entries, positions, strict=True)]

    async def seek(self, offsets: dict[int, int]) -> None:
        """Go on reading at the first of ``offsets``: the partitions share one topic."""
        everywhere = set(range(self._topic.partitions)) <= set(offsets)
        self._position = min(offsets.values()) if everywhere else 0

    async def read(self) -> AsyncIterator[Sequence[LogEntry]]:
        """All entries, then each new one of this process."""
        while True:
            self._appended.clear()
            messages = self._broker.read(self._topic, self._position, 1000)
            if not messages:
                await self._appended.wait()
                continue
            self._position = messages[-1].offset + 1
            yield [_entry(message) for message in messages]

    async def end(self) -> dict[int, int]:
        """The offset after the last entry of each partition."""
        ends: dict[int, int] = dict.fromkeys(range(self._topic.partitions), 0)
        position = 0
        while messages := self._broker.read(self._topic, position, 1000):
            for message in messages:
                ends[int(message.headers[0][1])] = message.offset + 1
            position = messages[-1].offset + 1
        return ends


def _entry(m: Message) -> LogEntry:
    return LogEntry(int(m.headers[0][1]), m.offset, m.timestamp_ms, m.key or b"", m.value or b"")


class BrokerRecall:
    """:class:`~shared.runtime.ports.Recall` from a topic that a :class:`Broker` keeps."""

    def __init__(self, broker: Broker, topic: Topic) -> None:
        self._broker = broker
        self._topic = topic

    async def read(self, places: Sequence[tuple[int, int]]) -> list[Message | None]:
        """The messages at ``(partition, position)``; see the port."""
        found: list[Message | None] = []
        for _, position in places:
            messages = self._broker.read(self._topic, position, 1)
            found.append(messages[0] if messages and messages[0].offset == position else None)
        return found
