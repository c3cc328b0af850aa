"""What the runtime asks of the outside world: a publisher, a shared log, a clock.

Kafka, Elasticsearch, SQLite and the in-memory broker of ``shared.testing`` stand behind these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import PermanentError
from shared.events import Message
from shared.runtime.stage import Emit


class Publisher(Protocol):
    """Writes emitted messages and waits until each is safe."""

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Flush and disconnect."""
        ...

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Write ``messages`` and wait for every acknowledgement.

        Returns, for each, ``None`` when it is safe, or why it can never be written (too large,
        refused by the mapping): the others are written all the same. Raises
        :class:`~shared.errors.TransientError` when not all could be written now; writing all of
        them again must do no harm.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of a shared log at its final position. ``timestamp_ms`` is the log's own."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes
    value: bytes


class SharedLog(Protocol):
    """An ordered log that all instances append to and read from its beginning."""

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Disconnect."""
        ...

    async def append(self, entries: Sequence[tuple[int, bytes, bytes]]) -> list[tuple[int, int]]:
        """Append ``(partition, key, value)``; returns ``(partition, offset)`` of each.

        Waits for every acknowledgement. Raises :class:`~shared.errors.TransientError` when not
        all were written; some may have been, so entries can stand in the log twice.
        """
        ...

    async def seek(self, offsets: dict[int, int]) -> None:
        """Let :meth:`read` go on at these offsets of these partitions, and no later in others.

        Where an offset is not in the log it begins with the first that is.
        """
        ...

    def read(self) -> AsyncIterator[Sequence[LogEntry]]:
        """All entries from the beginning, in order within a partition, then each new one.

        Never ends by itself.
        """
        ...

    async def end(self) -> dict[int, int]:
        """The offset after the last entry, for each partition, now; 0 where there is none."""
        ...


class Recall(Protocol):
    """Reads messages of a stage's topic a second time."""

    async def read(self, places: Sequence[tuple[int, int]]) -> list[Message | None]:
        """The messages at ``(partition, offset)``, ``None`` where one is gone.

        Raises :class:`~shared.errors.TransientError` when they cannot be read now.
        """
        ...


class Clock(Protocol):
    """Time, so that tests can move it."""

    def time(self) -> float:
        """Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
