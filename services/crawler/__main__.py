"""``python -m services.crawler``: from requests to the bytes that are there."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any

from services.crawler.client import HttpClient
from services.crawler.engine import Crawler
from services.crawler.kafka_driver import CrawlerDriver
from services.crawler.kafka_store import KafkaStateStore
from services.crawler.lease import HeldClient, Lease
from services.crawler.outputs import KafkaOutputs
from services.crawler.reading import PoolReader
from services.crawler.rendering.chromium import renderer_of
from services.crawler.settings import CrawlerSettings
from services.crawler.sources_file import SourcesFile
from shared.errors import SettingsError
from shared.runtime.clock import SystemClock
from shared.runtime.service import main
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring


class CrawlerProgram:
    """:class:`~shared.runtime.service.Program` of the crawler."""

    name = "crawler"

    def work(
        self, settings: RuntimeSettings, wiring: Wiring, progress: Callable[[], None]
    ) -> CrawlerWork:
        """A crawler on the topics of ``wiring``."""
        return CrawlerWork(load_settings(CrawlerSettings), settings, wiring, progress)


class CrawlerWork:
    """:class:`~shared.runtime.service.Work`: client, state, outputs, pool, driver, sources."""

    def __init__(
        self,
        own: CrawlerSettings,
        settings: RuntimeSettings,
        wiring: Wiring,
        progress: Callable[[], None],
    ) -> None:
        if wiring.log is None or wiring.log.partitions != wiring.reads.partitions:
            raise SettingsError(
                f"topics.yml: {wiring.service}: its log must have as many partitions as "
                f"{wiring.reads.name}"
            )
        clock = SystemClock()
        lease = Lease(settings.kafka_session_timeout, clock)
        self._client = HeldClient(HttpClient(own), lease, progress)
        self._store = KafkaStateStore(settings, wiring.log)
        self._outputs = KafkaOutputs(settings, wiring)
        self._pool = PoolReader(settings.workers, settings.message_timeout)
        self._renderer = renderer_of(own)
        self._crawler = Crawler(
            own,
            self._client,
            self._store,
            self._outputs,
            clock,
            self._pool,
            partitions=wiring.reads.partitions,
            render=self._renderer.render if self._renderer else None,
        )
        self._driver = CrawlerDriver(
            self._crawler, self._outputs, lease, wiring, settings, progress=progress
        )
        self._sources = SourcesFile(own.sources, self._crawler.set_sources, clock)

    name = CrawlerProgram.name

    async def start(self) -> None:
        """Get ready to connect."""
        await self._client.start()
        await self._store.start()
        await self._outputs.start()
        if self._renderer is not None:
            await self._renderer.start()

    async def run(self, stop: asyncio.Event) -> None:
        """Crawl until ``stop`` is set; what is under way then is fetched again later."""
        tasks = [
            asyncio.create_task(self._sources.watch()),
            asyncio.create_task(self._driver.run(stop)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # raises what ended it
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Write what is on its way; close all."""
        async with contextlib.AsyncExitStack() as stack:  # each is stopped, even when another fails
            for part in (self._store, self._outputs, self._client, self._pool, self._renderer):
                if part is not None:
                    stack.push_async_callback(part.stop)

    def lag(self) -> int:
        """Requests not taken yet, and what is due or under way."""
        return self._driver.lag() + self._crawler.pending()

    def ready(self) -> bool:
        """Always: without a partition there is nothing to wait for."""
        return True

    def facts(self) -> dict[str, Any]:
        """Partitions owned, what is due, sources in use and what is wrong with their file."""
        return {
            "partitions": self._driver.owned(),
            "due": self._crawler.pending(),
            "sources": self._sources.count,
            "sources_problem": self._sources.problem,
        }


if __name__ == "__main__":
    sys.exit(main(CrawlerProgram()))
