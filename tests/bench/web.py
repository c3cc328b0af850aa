"""One crawler over a loopback web of a thousand hosts, some of them slow: pages a second."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from services.crawler.addresses import Resolver
from services.crawler.client import HttpClient
from services.crawler.engine import Crawler
from services.crawler.reading import Finding, Reading, read
from services.crawler.settings import CrawlerSettings
from services.crawler.sqlite_store import SqliteStateStore
from shared.fetching import FetchRequest
from shared.runtime.clock import SystemClock
from shared.runtime.stage import Emit, Reject
from shared.settings import load_settings
from tests.web import LoopbackWeb, names, page, slow

NETWORK = "127.77.0.0/16"
SLOW_SECONDS = 20.0
_BODY = "<html><head><title>Rain</title></head><body>" + "<p>Rain fell on the town.</p>" * 60
_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class WebFigures:
    """``seconds`` from the first request taken to the last page of a quick host delivered."""

    hosts: int
    slow_hosts: int
    pages: int
    seconds: float
    cpu_seconds: float
    """Of the crawler's process alone; the web runs in another."""
    together: int
    """The most requests that one host was answering at once, by the web's own log."""

    @property
    def rate(self) -> float:
        """Pages a second, robots.txt files not counted."""
        return self.pages / self.seconds


def measure(hosts: int, pages_each: int, slow_hosts: int = 0) -> WebFigures:
    """Fetch ``pages_each`` small pages of each of ``hosts``, while others answer ever so slowly.

    The pause between two requests to a host is the default one. Raises :class:`TimeoutError`.
    """
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(hosts, slow_hosts, theirs), daemon=True)
    process.start()
    try:
        port = int(mine.recv())
        seconds, cpu, pages = asyncio.run(_crawl(hosts, slow_hosts, pages_each, port))
        mine.send("stop")
        together = int(mine.recv())
    finally:
        process.terminate()
        process.join()
    return WebFigures(hosts, slow_hosts, pages, seconds, cpu, together)


def _serve(hosts: int, slow_hosts: int, pipe: Connection) -> None:
    asyncio.run(_web(hosts, slow_hosts, pipe))


async def _web(hosts: int, slow_hosts: int, pipe: Connection) -> None:
    async with LoopbackWeb(NETWORK) as web:
        for number, name in enumerate(names(hosts + slow_hosts)):
            behaviour = page(_BODY)
            web.add(name, "*", slow(behaviour, SLOW_SECONDS) if number >= hosts else behaviour)
            web.add(name, "/robots.txt", page("User-agent: *\nDisallow: /private\n", "text/plain"))
        pipe.send(web.port())
        await asyncio.to_thread(pipe.recv)
        pipe.send(max(web.most_together().values()))


async def _crawl(
    hosts: int, slow_hosts: int, pages_each: int, port: int
) -> tuple[float, float, int]:
    settings = load_settings(CrawlerSettings, allowed_networks=[NETWORK])
    book = LoopbackWeb(NETWORK)  # not started: it only knows the names' addresses
    for name in names(hosts + slow_hosts):
        book.address(name)
    counted = _Counted(set(names(hosts)), hosts * pages_each)
    client = HttpClient(settings, Resolver(settings.allowed_networks, lookup=book.lookup))
    with tempfile.TemporaryDirectory(prefix="wireroom-bench-") as folder:
        store = SqliteStateStore(Path(folder) / "crawl.db")
        crawler = Crawler(settings, client, store, counted, SystemClock(), _read, partitions=1)
        await store.start()
        await client.start()
        stop = asyncio.Event()
        try:
            await crawler.assign(0)
            running = asyncio.create_task(crawler.run(stop))
            requests = [
                FetchRequest(url=f"http://{name}:{port}/{number}", kind="page")
                for number in range(pages_each)
                for name in reversed(names(hosts + slow_hosts))  # the slow ones first
            ]
            began, cpu = time.monotonic(), time.process_time()
            for at in range(0, len(requests), 1_000):
                await crawler.take(0, requests[at : at + 1_000])
            async with asyncio.timeout(_TIMEOUT):
                await counted.enough.wait()
            seconds, cpu = time.monotonic() - began, time.process_time() - cpu
            stop.set()
            await running
        finally:
            await client.stop()
            await store.stop()
    return seconds, cpu, counted.pages


async def _read(reading: Reading) -> Finding:
    return read(reading)


class _Counted:
    """Outputs that count the pages of quick hosts that are delivered."""

    def __init__(self, quick: set[str], wanted: int) -> None:
        self.pages = 0
        self.enough = asyncio.Event()
        self._quick = quick
        self._wanted = wanted

    async def deliver(self, messages: Sequence[Emit]) -> list[Reject | None]:
        """Count."""
        urls = (dict(message.headers)["ce_url"].decode() for message in messages)
        self.pages += sum(urlsplit(url).hostname in self._quick for url in urls)
        if self.pages >= self._wanted:
            self.enough.set()
        return [None] * len(messages)

    async def request(self, messages: Sequence[Emit]) -> None:
        """There are none."""
        raise AssertionError("pages name nothing that is to be fetched")

    async def refuse(self, refused: Sequence[tuple[Emit, Reject]]) -> None:
        """There are none."""
        raise AssertionError(f"refused: {refused[0][1]}")
