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


class Batcher(Generic[T]):
    """Collects items into lists of at most ``size`` that are at most ``seconds`` old.

    The queue holds one batch beside the one being handled: a full queue is the back-pressure.
    """

    def __init__(
        self, handle: Callable[[list[T]], Awaitable[None]], *, size: int, seconds: float
    ) -> None:
        self._handle = handle
        self._size = size
        self._seconds = seconds
        self._queue: asyncio.Queue[T] = asyncio.Queue(maxsize=size)
        self._handling = 0

    @property
    def pending(self) -> int:
        """Items that were put and are not yet handled."""
        return self._queue.qsize() + self._handling

    async def put(self, item: T) -> None:
        """Add an item; waits while the queue is full."""
        await self._queue.put(item)

    async def run(self) -> None:
        """Handle batches until cancelled; raises what the handler raises."""
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._queue.get()]
            self._handling = 1
            deadline = loop.time() + self._seconds
            while len(batch) < self._size:
                try:
                    batch.append(self._queue.get_nowait())
                except asyncio.QueueEmpty:
                    remaining = deadline - loop.time()
                    if remaining <= 0:
                        break
                    try:
                        batch.append(await asyncio.wait_for(self._queue.get(), remaining))
                    except TimeoutError:
                        break
                self._handling = len(batch)
            self._handling = len(batch)
            await self._handle(batch)
            self._handling = 0
