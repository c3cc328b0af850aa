"""The crawler in this process: its state in a file beside the store, what it fetches in the flow.

One side fetches and submits, the other works on what was submitted, in turns: the flow is drained
while nothing is submitted. A killed run goes on where it stopped: what was fetched is in the store
before the crawler's state forgets that it was asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from services.crawler.client import HttpClient
from services.crawler.engine import Crawler
from services.crawler.ports import Client
from services.crawler.reading import Finding, PoolReader, Reading
from services.crawler.rendering.chromium import renderer_of
from services.crawler.settings import CrawlerSettings
from services.crawler.source_state import PREFIX, SourceState, states_in
from services.crawler.sources import Source
from services.crawler.sqlite_store import SqliteStateStore, read_keys
from services.local.flow import LocalFlow, Report
from shared.events import Envelope, Message
from shared.fetching import DOWNLOAD_HEADER, Download, FetchRequest
from shared.runtime.clock import SystemClock
from shared.runtime.ports import Clock
from shared.runtime.stage import Emit, Reject
from shared.text import stable_id

_PARTITION: Final = 0  # all hosts are this process's
_LOOK_SECONDS: Final = 0.2


def crawl_store(store: Path) -> Path:
    """The file of the crawler's state, beside the store: ``store.db`` has ``store.crawl.db``."""
    return store.with_name(f"{store.stem}.crawl{store.suffix}")


def stored_states(store: Path) -> list[SourceState]:
    """The states of the sources that the crawler beside ``store`` keeps, also while it runs.

    Raises :class:`~shared.errors.StoreError` when its file cannot be read.
    """
    return states_in(read_keys(crawl_store(store), PREFIX))


class Notices(Protocol):
    """Is told what happens, as it happens."""

    def fetched(self, requested: str, url: str) -> None:
        """``url`` answered for ``requested``; it is in the store, and goes through the flow."""
        ...

    def read(self, url: str, finding: Finding) -> None:
        """``url`` is a feed, a sitemap or a home page; what it names is fetched next."""
        ...

    def refused(self, requested: str, reject: Reject) -> None:
        """Nothing can be had for ``requested``."""
        ...

    def worked(self, report: Report) -> None:
        """What came of what was fetched."""
        ...


class EmbeddedCrawler:
    """An async context manager; ``flow`` is open for longer. ``most`` bounds the entries that are
    taken of one reading of a feed or sitemap.

    Entering raises :class:`~shared.errors.StoreError` when another process crawls for this store.
    """

    def __init__(
        self,
        store: Path,
        flow: LocalFlow,
        settings: CrawlerSettings,
        notices: Notices,
        *,
        most: int | None = None,
        client: Client | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._flow = flow
        self._notices = notices
        self._most = most
        self._clock = clock or SystemClock()
        self._state = SqliteStateStore(crawl_store(store))
        self._client = client or HttpClient(settings)
        self._pool = PoolReader()
        self._renderer = renderer_of(settings)
        self._crawler = Crawler(
            settings,
            self._client,
            self._state,
            self,
            self._clock,
            self._read,
            partitions=1,
            render=self._renderer.render if self._renderer else None,
        )
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        # What an earlier run submitted and did not finish is worked on too.
        self._submitted = True

    async def __aenter__(self) -> Self:
        """Load the state; nothing is fetched before :meth:`work`."""
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self._pool.stop)
            await self._state.start()
            opened.push_async_callback(self._state.stop)
            await self._client.start()
            opened.push_async_callback(self._client.stop)
            if self._renderer is not None:
                await self._renderer.start()
                opened.push_async_callback(self._renderer.stop)
            await self._crawler.assign(_PARTITION)
            self._opened_at = self._clock.time()
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close all."""
        await self._opened.aclose()

    async def take(self, requests: Sequence[FetchRequest]) -> None:
        """Ask for something; it is durable when this returns."""
        await self._crawler.take(_PARTITION, requests)

    def fetched_lately(self, request: FetchRequest) -> bool:
        """Whether :meth:`take` leaves ``request``, its page having been fetched lately."""
        return self._crawler.fetched_lately(_PARTITION, request)

    def set_sources(self, sources: Sequence[Source]) -> None:
        """The declared sources, all of them."""
        self._crawler.set_sources(sources)

    def states(self) -> list[SourceState]:
        """The states of the sources."""
        return self._crawler.source_states()

    def done(self, soon: float) -> bool:
        """Whether nothing is under way, no page is due within ``soon`` seconds, and every source
        was polled that was due when this was opened, or was found since."""
        return self._crawler.settled(self._clock.time() + soon, self._opened_at)

    async def work(self, finished: Callable[[], bool]) -> None:
        """Crawl, and work on what was fetched, until ``finished`` and all that is worked on.

        May be cancelled and called again. Raises what the crawler or a stage raised.
        """
        stop = asyncio.Event()
        crawling = asyncio.create_task(self._crawler.run(stop))
        try:
            while not crawling.done():
                last = finished()
                if self._submitted:
                    await self._drain()
                elif last:
                    break
                else:
                    await self._wait(crawling)
            stop.set()
            await crawling
            if self._submitted:  # by what was under way when it stopped
                await self._drain()
        finally:
            crawling.cancel()
            await asyncio.gather(crawling, return_exceptions=True)

    async def _drain(self) -> None:
        async with self._turn:
            report = await self._flow.drain(lambda _: None)
            self._submitted = False
        self._notices.worked(report)

    async def _wait(self, crawling: asyncio.Task[None]) -> None:
        self._wake.clear()
        waking = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait(
                {waking, crawling},
                timeout=_LOOK_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            waking.cancel()

    async def _read(self, reading: Reading) -> Finding:
        if self._most is not None:
            reading = replace(reading, most=min(reading.most, self._most))
        finding = await self._pool(reading)
        self._notices.read(reading.url, finding)
        return finding

    # What follows is the crawler's Outputs.

    async def deliver(self, messages: Sequence[Emit]) -> list[Reject | None]:
        """Submit fetched bytes to the flow."""
        async with self._turn:
            await self._flow.submit([Message(e.value, e.key, e.headers) for e in messages])
            self._submitted = True
        self._wake.set()
        for message in messages:
            self._notices.fetched(*_addresses(message))
        return [None] * len(messages)

    async def request(self, messages: Sequence[Emit]) -> None:
        """Take what was found."""
        await self.take([FetchRequest.read(message.value) for message in messages])

    async def refuse(self, refused: Sequence[tuple[Emit, Reject]]) -> None:
        """Keep refusals with those of the stages, and tell of them."""
        messages = []
        for emit, reject in refused:
            # A refusal is known by its message's id; this one stands in no topic.
            identity = stable_id("fetch", emit.value).encode()
            headers = (*emit.headers, ("ce_id", identity))
            messages.append((Message(emit.value, emit.key, headers), reject))
        async with self._turn:
            await self._flow.refuse("crawler", messages)
        for emit, reject in refused:
            request = FetchRequest.read(emit.value)
            self._notices.refused([*request.redirects, request.url][0], reject)


def _addresses(message: Emit) -> tuple[str, str]:
    """What was asked for, and what answered."""
    envelope = Envelope.parse(message.headers)
    download = Download.decode(envelope.extra[DOWNLOAD_HEADER].encode())
    return download.requested_url, envelope.url
