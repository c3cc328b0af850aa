"""Outcomes on their way out: first they are safe elsewhere, then the state forgets their task."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.crawler.partition import Partition
from services.crawler.ports import Change, Outputs, StateStore
from shared.runtime.ports import Clock
from shared.runtime.stage import Emit, Reject

_BATCH: Final = 256
_BATCH_BYTES: Final = 32 * 1024 * 1024
_SECONDS: Final = 0.05
_ROOM: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class Outcome:
    """What became of a request, or another change of state.

    ``deliver`` holds fetched bytes, each with the request that it answers. ``settle`` changes the
    state in memory and returns what to write; it is called once all else is acknowledged.
    """

    partition: Partition
    settle: Callable[[], list[Change]]
    deliver: list[tuple[Emit, Emit]] = field(default_factory=list)
    request: list[Emit] = field(default_factory=list)
    refuse: list[tuple[Emit, Reject]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes that it holds in memory, roughly."""
        emits = [emit for emit, _ in self.deliver] + self.request
        return 500 + sum(len(emit.value) + 500 for emit in emits)


class Ledger:
    """Writes outcomes in batches, in their order.

    A crash before the state is written repeats what was delivered; it never loses anything.
    """

    def __init__(self, outputs: Outputs, store: StateStore, clock: Clock) -> None:
        self._outputs = outputs
        self._store = store
        self._clock = clock
        self._waiting: deque[Outcome] = deque()
        self._bytes = 0
        self._any = asyncio.Event()
        self._writing = asyncio.Lock()
        self.written: Callable[[], None] = lambda: None
        """Called after each batch."""

    def __len__(self) -> int:
        return len(self._waiting) + self._writing.locked()

    @property
    def has_room(self) -> bool:
        """Whether more may be fetched before what is there is written."""
        return self._bytes < _ROOM

    def add(self, outcome: Outcome) -> None:
        """Write ``outcome`` soon."""
        self._waiting.append(outcome)
        self._bytes += outcome.size
        self._any.set()

    async def run(self) -> None:
        """Write for ever; raises what the outputs and the store raise."""
        while True:
            await self._any.wait()
            if len(self._waiting) < _BATCH:
                await self._clock.sleep(_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write all that is there now."""
        async with self._writing:
            while self._waiting:
                await self._write(self._batch())
                self.written()
            self._any.clear()

    async def settled(self) -> None:
        """Wait for the batch under way, whatever comes of it."""
        async with self._writing:
            pass

    def _batch(self) -> list[Outcome]:
        batch: list[Outcome] = []
        size = 0
        while self._waiting and len(batch) < _BATCH and size < _BATCH_BYTES:
            outcome = self._waiting.popleft()
            size += outcome.size
            batch.append(outcome)
        self._bytes -= size
        return [outcome for outcome in batch if not outcome.partition.closed]

    async def _write(self, batch: list[Outcome]) -> None:
        deliver = [pair for outcome in batch for pair in outcome.deliver]
        request = [emit for outcome in batch for emit in outcome.request]
        refuse = [pair for outcome in batch for pair in outcome.refuse]
        rejects, _ = await asyncio.gather(self._deliver(deliver), self._request(request))
        refuse += rejects
        if refuse:
            await self._outputs.refuse(refuse)
        partitions = {outcome.partition.number: outcome.partition for outcome in batch}
        await asyncio.gather(*(self._settle(partition, batch) for partition in partitions.values()))

    async def _deliver(self, pairs: list[tuple[Emit, Emit]]) -> list[tuple[Emit, Reject]]:
        if not pairs:
            return []
        results = await self._outputs.deliver([emit for emit, _ in pairs])
        return [
            (request, reject)
            for (_, request), reject in zip(pairs, results, strict=True)
            if reject is not None
        ]

    async def _request(self, emits: list[Emit]) -> None:
        if emits:
            await self._outputs.request(emits)

    async def _settle(self, partition: Partition, batch: list[Outcome]) -> None:
        async with partition.writing:
            changes: dict[bytes, bytes | None] = {}
            for outcome in batch:
                if outcome.partition is partition:
                    changes.update(outcome.settle())
            if changes:
                await self._store.write(partition.number, list(changes.items()))
