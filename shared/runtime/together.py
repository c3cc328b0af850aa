"""Calls of many tasks, made one at a time: those that come meanwhile go together in the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.runtime.batcher import MAX_BYTES

T = TypeVar("T")
R = TypeVar("R")


class _Group(Generic[T, R]):
    def __init__(self) -> None:
        self.items: list[T] = []
        self.weight = 0
        self.done: asyncio.Future[list[R]] = asyncio.get_running_loop().create_future()


class Together(Generic[T, R]):
    """Group commit: many callers share one slow call, and their order is kept.

    ``call`` takes items and returns a result for each, in order. A group ends before it weighs
    more than ``max_weight``, unless one caller's items do by themselves.
    """

    def __init__(
        self,
        call: Callable[[list[T]], Awaitable[list[R]]],
        *,
        weigh: Callable[[T], int],
        max_weight: int = MAX_BYTES,
    ) -> None:
        self._call = call
        self._weigh = weigh
        self._max_weight = max_weight
        self._waiting: deque[_Group[T, R]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, items: Sequence[T]) -> list[R]:
        """The results of ``items``; raises what the call of their group raises.

        Cancelling it gives up the results, not the call.
        """
        if not items:
            return []
        weight = sum(map(self._weigh, items))
        if not self._waiting or self._waiting[-1].weight + weight > self._max_weight:
            self._waiting.append(_Group())
        group = self._waiting[-1]
        start = len(group.items)
        group.items.extend(items)
        group.weight += weight
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        results = await asyncio.shield(group.done)
        return results[start : start + len(items)]

    async def flush(self) -> None:
        """Wait until nothing is under way."""
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        while self._waiting:
            group = self._waiting.popleft()
            try:
                group.done.set_result(await self._call(group.items))
            except Exception as error:
                group.done.set_exception(error)
                group.done.exception()  # nobody may be left to ask for it
