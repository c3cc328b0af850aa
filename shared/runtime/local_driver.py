"""The local driver: a stage reads its topic of a broker in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shared import metrics
from shared.runtime.local_broker import Broker
from shared.runtime.runner import Runner
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

    async def step(self) -> bool:
        """Process one batch; whether there was one."""
        messages = self._broker.read(
            self._topic, self._broker.committed(self._topic), self._batch_size
        )
        if messages:
            await self._runner.run(messages)
            self._broker.commit(self._topic, messages[-1].offset + 1)
            self._progress()
        metrics.LAG.labels(self._runner.stage.name).set(self.lag())
        return bool(messages)
