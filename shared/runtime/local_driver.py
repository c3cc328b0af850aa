"""The local driver: a stage reads its topic of a broker in this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from shared import metrics
from shared.runtime.local_broker import Broker
from shared.runtime.runner import Processed, Runner
from shared.topics import Topic


class LocalDriver:
    """Runs one runner on one topic. ``wake`` is set whenever something may have been published."""

    def __init__(
        self,
        runner: Runner,
        broker: Broker,
        topic: Topic,
        *,
        wake: asyncio.Event,
        batch_size: int = 64,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._runner = runner
        self._broker = broker
        self._topic = topic
        self._wake = wake
        self._batch_size = batch_size
        self._progress = progress
        # The position after each batch that is being processed, oldest first.
        self._ahead: deque[tuple[int, asyncio.Task[Processed]]] = deque()

    def lag(self) -> int:
        """Messages that are not yet committed."""
        return self._broker.end(self._topic) - self._broker.committed(self._topic)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; the batch in work is finished and committed first."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                if await self.step():
                    # A step may never have waited: let signals and other stages in.
                    await asyncio.sleep(0)
                    continue
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait({stopping, waking}, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            stopping.cancel()
            ahead = [task for _, task in self._ahead]
            self._ahead.clear()
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def step(self) -> bool:
        """Finish and commit one batch; whether there was one."""
        self._look_ahead(1)
        worked = bool(self._ahead)
        if worked:
            end, task = self._ahead.popleft()
            processed = await task
            self._look_ahead(self._runner.stage.batches_ahead, end)
            await self._runner.finish(processed)
            self._broker.commit(self._topic, end)
            self._progress()
        metrics.LAG.labels(self._runner.stage.name).set(self.lag())
        return worked

    def _look_ahead(self, batches: int, position: int | None = None) -> None:
        """Begin to process batches from ``position`` on until so many are under way."""
        if position is None:
            position = self._broker.committed(self._topic)
        if self._ahead:
            position = self._ahead[-1][0]
        while len(self._ahead) < batches:
            messages = self._broker.read(self._topic, position, self._batch_size)
            if not messages:
                return
            position = messages[-1].offset + 1
            task = asyncio.create_task(self._runner.process(messages))
            self._ahead.append((position, task))
