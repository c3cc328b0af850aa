"""A shared log in memory, with the order, the times and the faults that a test asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from shared.errors import TransientError
from shared.events import Message
from shared.runtime.ports import LogEntry


class MemoryLog:
    """A :class:`~shared.runtime.ports.SharedLog` that several stages of one process share.

    ``timestamp_ms`` gives the time of the next entry (by default the number of entries so far).
    ``chunk`` bounds how many entries a reader is handed at once. Faults are asked for with
    :meth:`fail_append`, :meth:`repeat_append`, :meth:`fail_read` and :meth:`pause`.
    """

    def __init__(
        self,
        partitions: int = 4,
        *,
        timestamp_ms: Callable[[], int] | None = None,
        chunk: int = 100,
    ) -> None:
        self.entries: list[LogEntry] = []
        """Everything in it, in order of arrival over all partitions."""
        self._ends = dict.fromkeys(range(partitions), 0)
        self._timestamp_ms = timestamp_ms or (lambda: len(self.entries))
        self._chunk = chunk
        self._arrived = asyncio.Condition()
        self._running = asyncio.Event()
        self._running.set()
        self._fail_after: int | None = None
        self._repeats = 0
        self._read_error: BaseException | None = None
        self._begin = self._sought = 0

    def fail_append(self, after: int) -> None:
        """The next append writes ``after`` entries, then raises :class:`TransientError`."""
        self._fail_after = after

    def repeat_append(self, times: int = 1) -> None:
        """The next append writes its entries ``times`` more than once, as a retry can."""
        self._repeats = times

    async def fail_read(self, error: BaseException) -> None:
        """Every reader raises ``error`` now."""
        self._read_error = error
        async with self._arrived:
            self._arrived.notify_all()

    def pause(self) -> None:
        """Readers are handed nothing until :meth:`resume`."""
        self._running.clear()

    def resume(self) -> None:
        """Readers go on."""
        self._running.set()

    def put(self, partition: int, key: bytes, value: bytes, timestamp_ms: int | None = None) -> int:
        """Write one entry; returns its offset. Readers see it with the next append."""
        offset = self._ends[partition]
        self._ends[partition] = offset + 1
        moment = self._timestamp_ms() if timestamp_ms is None else timestamp_ms
        self.entries.append(LogEntry(partition, offset, moment, key, value))
        return offset

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect: other stages may share it."""

    async def append(self, entries: Sequence[tuple[int, bytes, bytes]]) -> list[tuple[int, int]]:
        """Append, with the faults asked for; other tasks run before it returns."""
        fail_after, self._fail_after = self._fail_after, None
        repeats, self._repeats = self._repeats, 0
        positions: list[tuple[int, int]] = []
        for _ in range(repeats):
            for entry in entries:
                self.put(*entry)
        for number, (partition, key, value) in enumerate(entries):
            if number == fail_after:
                break
            positions.append((partition, self.put(partition, key, value)))
        async with self._arrived:
            self._arrived.notify_all()
        if fail_after is not None and fail_after < len(entries):
            raise TransientError(f"{fail_after} of {len(entries)} entries were written")
        for _ in range(3):  # readers may see the entries before the writer has their positions
            await asyncio.sleep(0)
        return positions

    async def seek(self, offsets: dict[int, int]) -> None:
        """The next reader begins where all ``offsets`` are still to come; others begin anew."""
        places = [
            place
            for place, entry in enumerate(self.entries)
            if entry.offset >= offsets.get(entry.partition, 0)
        ]
        self._begin = min(places, default=len(self.entries))
        self._sought += 1

    async def read(self) -> AsyncIterator[Sequence[LogEntry]]:
        """All entries from the beginning, then each new one, ``chunk`` at most at once."""
        place, self._begin, sought = self._begin, 0, self._sought
        while True:
            await self._running.wait()
            if self._sought != sought:
                place, sought = 0, self._sought
            if self._read_error is not None:
                raise self._read_error
            if place < len(self.entries):
                entries = self.entries[place : place + self._chunk]
                place += len(entries)
                yield entries
                continue
            async with self._arrived:
                # Between the look above and the lock, entries may have come.
                if place == len(self.entries) and self._read_error is None:
                    await self._arrived.wait()

    async def end(self) -> dict[int, int]:
        """The offset after the last entry of each partition."""
        return dict(self._ends)


class MemoryRecall:
    """:class:`~shared.runtime.ports.Recall` of messages that a test has put by."""

    def __init__(self) -> None:
        self.messages: dict[tuple[int, int], Message] = {}

    async def read(self, places: Sequence[tuple[int, int]]) -> list[Message | None]:
        """What was put at each place."""
        return [self.messages.get(place) for place in places]
