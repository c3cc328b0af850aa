"""An in-memory broker with faults, so that stages and runtime can be tested without a server."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import PermanentError, TransientError
from shared.events import Message
from shared.runtime.local_broker import BrokerPublisher
from shared.runtime.stage import Emit
from shared.testing.clock import ManualClock
from shared.topics import Topic


class MemoryBroker:
    """:class:`~shared.runtime.local_broker.Broker` in lists."""

    def __init__(self, clock: ManualClock | None = None) -> None:
        self._clock = clock or ManualClock()
        self._records: dict[str, list[Message]] = {}
        self._committed: dict[str, int] = {}

    def append(self, topic: Topic, messages: Sequence[Emit]) -> list[int]:
        """Append; returns positions."""
        records = self._records.setdefault(topic.name, [])
        start = len(records)
        now = int(self._clock.time() * 1000)
        records.extend(
            Message(m.value, m.key, m.headers, topic.name, 0, start + n, now)
            for n, m in enumerate(messages)
        )
        return list(range(start, start + len(messages)))

    def read(self, topic: Topic, start: int, limit: int) -> list[Message]:
        """Up to ``limit`` records from ``start`` on."""
        return self._records.get(topic.name, [])[start : start + limit]

    def committed(self, topic: Topic) -> int:
        """The committed position."""
        return self._committed.get(topic.name, 0)

    def commit(self, topic: Topic, position: int) -> None:
        """Commit."""
        self._committed[topic.name] = position

    def end(self, topic: Topic) -> int:
        """The position after the last record."""
        return len(self._records.get(topic.name, []))

    def all(self, topic: Topic) -> list[Message]:
        """Every record of a topic, in order."""
        return list(self._records.get(topic.name, []))


class FaultyPublisher(BrokerPublisher):
    """Fails its first ``failures`` calls with a transient error, after writing ``partial`` of them.

    A real broker does so when it dies after it stored a batch and before it answered.
    """

    def __init__(
        self, broker: MemoryBroker, topic: Topic, *, failures: int, partial: int = 0
    ) -> None:
        super().__init__(broker, topic)
        self.failures = failures
        self._partial = partial

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Fail or write."""
        if self.failures > 0:
            self.failures -= 1
            if self._partial:
                await super().publish(messages[: self._partial])
            raise TransientError("the broker went away")
        return await super().publish(messages)
