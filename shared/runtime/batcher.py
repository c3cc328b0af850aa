"""Batches made by us, in front of a handler that fails loudly.

Faust's own ``take`` acknowledges in a ``finally``, so a batch whose handler raises is lost; and
leaving its stream with an exception turns acknowledging on again while it drains. So the stream
only puts events here, and a task of ours handles them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


MAX_BYTES = 24 * 1024 * 1024
"""A batch is closed when it is this heavy, in bytes: the largest message and half of it again."""


class Batcher(Generic[T]):
    """Collects items into lists of at most ``size`` that are at most ``seconds`` old.

    A list also ends when its items weigh ``max_weight`` together. The queue holds one batch beside
    the one being handled: a full queue is the back-pressure.
    """

    def __init__(
        self,
        handle: Callable[[list[T]], Awaitable[None]],
        *,
        size: int,
        seconds: float,
        weigh: Callable[[T], int] = lambda _: 0,
        max_weight: int = MAX_BYTES,
    ) -> None:
        self._handle = handle
        self._size = size
        self._seconds = seconds
        self._weigh = weigh
        self._max_weight = max_weight
        self._queue: asyncio.Queue[T] = asyncio.Queue(maxsize=size)
        self._queued = 0
        self._room = asyncio.Event()
        self._handling = 0

    @property
    def pending(self) -> int:
        """Items that were put and are not yet handled."""
        return self._queue.qsize() + self._handling

    async def put(self, item: T) -> None:
        """Add an item; waits while the queue is full or heavy."""
        while self._queued >= self._max_weight:
            self._room.clear()
            await self._room.wait()
        self._queued += self._weigh(item)
        await self._queue.put(item)

    async def run(self) -> None:
        """Handle batches until cancelled; raises what the handler raises."""
        loop = asyncio.get_running_loop()
        while True:
            batch: list[T] = []
            weight = self._take(await self._queue.get(), batch)
            deadline = loop.time() + self._seconds
            while len(batch) < self._size and weight < self._max_weight:
                try:
                    item = self._queue.get_nowait()
                except asyncio.QueueEmpty:
                    remaining = deadline - loop.time()
                    if remaining <= 0:
                        break
                    try:
                        item = await asyncio.wait_for(self._queue.get(), remaining)
                    except TimeoutError:
                        break
                weight += self._take(item, batch)
            await self._handle(batch)
            self._handling = 0

    def _take(self, item: T, batch: list[T]) -> int:
        batch.append(item)
        self._handling = len(batch)
        weight = self._weigh(item)
        self._queued -= weight
        self._room.set()
        return weight
