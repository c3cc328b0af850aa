"""The crawler on a web of a thousand hosts: no rule is broken, by the servers' own log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from services.crawler.addresses import Resolver
from services.crawler.client import HttpClient
from services.crawler.engine import Crawler
from services.crawler.reading import PoolReader
from services.crawler.settings import CrawlerSettings
from services.crawler.sources import Source
from services.crawler.sqlite_store import SqliteStateStore
from shared.events import Envelope
from shared.fetching import Download, FetchRequest
from shared.runtime.clock import SystemClock
from shared.runtime.stage import Emit, Reject
from tests.web import (
    LoopbackWeb,
    drip,
    endless,
    gzip_bomb,
    gzipped,
    in_turn,
    lying,
    names,
    page,
    redirect,
    retry_date,
    revalidated,
    slow,
    vanish,
)

DELAY = 0.25


class Kept:
    """Outputs in memory; requests go round to the crawler, as through their topic."""

    def __init__(self) -> None:
        self.delivered: dict[str, Emit] = {}
        self.times: Counter[str] = Counter()
        self.refused: dict[str, Reject] = {}
        self.round: asyncio.Queue[FetchRequest] = asyncio.Queue()

    async def deliver(self, messages: Sequence[Emit]) -> list[Reject | None]:
        for message in messages:
            url = Envelope.parse(message.headers).url
            self.delivered[url] = message
            self.times[url] += 1
        return [None] * len(messages)

    async def request(self, messages: Sequence[Emit]) -> None:
        for message in messages:
            self.round.put_nowait(FetchRequest.read(message.value))

    async def refuse(self, refused: Sequence[tuple[Emit, Reject]]) -> None:
        for emit, reject in refused:
            self.refused[FetchRequest.read(emit.value).url] = reject


class Crawl:
    """A crawler with its real parts, and what came of it."""

    def __init__(self, crawler: Crawler, outputs: Kept, task: asyncio.Task[None]) -> None:
        self.crawler = crawler
        self.out = outputs
        self.task = task

    async def until(self, done: Callable[[], bool], seconds: float = 120) -> None:
        """Wait for it; what ends the crawler is raised, and so is a time-out."""
        async with asyncio.timeout(seconds):
            while not done():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.02)

    async def all_done(self) -> None:
        await self.until(lambda: self.crawler.idle() and self.out.round.empty())


@contextlib.asynccontextmanager
async def crawling(
    web: LoopbackWeb, path: Path, sources: Sequence[Source] = (), **more: object
) -> AsyncIterator[Crawl]:
    settings = CrawlerSettings(
        **{
            "allowed_networks": [str(web.network)],
            "delay": DELAY,
            "total_timeout": 6.0,
            "connect_timeout": 5.0,
            "max_body_bytes": 2**20,
            "attempts": 1,
            "concurrency": 64,
            **more,
        }  # type: ignore[arg-type]
    )
    client = HttpClient(settings, Resolver(settings.allowed_networks, lookup=web.lookup))
    store, outputs, reader = SqliteStateStore(path), Kept(), PoolReader()
    await store.start()
    await client.start()
    crawler = Crawler(settings, client, store, outputs, SystemClock(), reader, partitions=1)
    crawler.set_sources(sources)
    await crawler.assign(0)
    stop = asyncio.Event()
    task = asyncio.create_task(crawler.run(stop))

    async def go_round() -> None:
        while True:
            request = await outputs.round.get()
            await crawler.take(0, [request])

    rounds = asyncio.create_task(go_round())
    try:
        yield Crawl(crawler, outputs, task)
        stop.set()
        await task
    finally:
        for one in (task, rounds):
            one.cancel()
        await asyncio.gather(task, rounds, return_exceptions=True)
        await client.stop()
        await reader.stop()
        await store.stop()


def ask(*urls: str) -> list[FetchRequest]:
    return [FetchRequest(url=url) for url in urls]


async def test_a_thousand_hosts_and_no_rule_is_broken(tmp_path: Path) -> None:
    async with LoopbackWeb() as web:
        hosts = iter(names(1000))
        wanted: set[str] = set()
        refused: dict[str, str] = {}

        def good(host: str, number: int = 3) -> None:
            for place in range(number):
                wanted.add(web.add(host, f"/{place}", page(f"<p>{host} {place}</p>")))

        def bad(reason: str, behaviour: object, path: str = "/bad") -> str:
            host = next(hosts)
            refused[web.add(host, path, behaviour)] = reason  # type: ignore[arg-type]
            good(host, 1)
            return host

        for _ in range(20):
            bad("timed_out", slow(page("late"), 60))
            bad("timed_out", drip(b"x" * 10_000, 0.5))
            bad("too_large", endless())
            bad("bad_answer", lying(b"short", 5000))
            bad("decompression_bomb", gzip_bomb(2**28))
            bad("http_404", page("gone", status=404))
            bad("too_many_redirects", redirect("/bad"))
        vanishing = [bad("bad_answer", vanish()) for _ in range(5)]
        private = []
        for target in ("http://127.0.0.1:{}/", "http://169.254.169.254/latest/meta-data"):
            for _ in range(5):
                location = target.format(web.port())
                host = next(hosts)
                web.add(host, "/bad", redirect(location))
                private.append(web.url(host, "/bad"))
                refused[location] = "private_address"
        circle = [next(hosts) for _ in range(3)]
        for at, host in enumerate(circle):
            web.add(host, "/circle", redirect(web.url(circle[(at + 1) % 3], "/circle")))
        refused[web.url(circle[2], "/circle")] = "too_many_redirects"
        crossing = web.url(next(hosts), "/far")
        web.add(crossing.split("/")[2].split(":")[0], "/far", redirect(web.url(circle[0], "/end")))
        wanted.add(web.add(circle[0], "/end", page("the end")))
        denied = next(hosts)
        web.add(denied, "/robots.txt", page("User-agent: Wireroom\nDisallow: /no", "text/plain"))
        refused[web.add(denied, "/no/1", page("private"))] = "robots_denied"
        good(denied)
        patient = next(hosts)
        web.add(patient, "/robots.txt", page("User-agent: *\nCrawl-delay: 1.5", "text/plain"))
        good(patient)
        busy, busy_date = next(hosts), next(hosts)
        for host, value in ((busy, "3"), (busy_date, retry_date(4, time.time()))):
            web.add(host, "/0", page("wait", status=429, headers={"Retry-After": value}))
            refused[web.url(host, "/0")] = "http_429"
            wanted.add(web.add(host, "/1", page("now")))
        rebound = next(hosts)
        web.answers(rebound, [web.address(rebound)], ["127.0.0.1"])
        web.add(rebound, "/robots.txt", page("", "text/plain", headers={"Connection": "close"}))
        refused[web.url(rebound, "/x")] = "private_address"
        small = next(hosts)
        wanted.add(web.add(small, "/gz", gzipped(b"<p>small</p>")))
        odd = next(hosts)
        wanted.add(web.add(odd, "/odd", page("é".encode("latin-1"), "text/html; charset=utf-8")))
        rest = list(hosts)
        for host in rest:
            good(host, 2)

        # What redirects lead to is not asked for by itself.
        ends = {web.url(circle[2], "/circle"), web.url(circle[0], "/end")}
        begun = {*wanted, *refused, *private, crossing, web.url(circle[0], "/circle")} - ends
        urls = sorted(url for url in begun if not url.startswith(("http://127.", "http://169.")))
        async with crawling(web, tmp_path / "state.db") as crawl:
            began = time.monotonic()
            for place in range(0, len(urls), 500):
                await crawl.crawler.take(0, ask(*urls[place : place + 500]))
            await crawl.all_done()
            took = time.monotonic() - began

        out = crawl.out
        told = {url: reject.reason for url, reject in out.refused.items()}
        assert set(out.delivered) == wanted
        assert set(out.times.values()) == {1}
        wrong = {
            url: (told.get(url), reason)
            for url, reason in refused.items()
            if told.get(url) != reason
        }
        assert wrong == {}
        assert set(told) == set(refused)

        assert web.strayed == []
        assert set(web.most_together().values()) == {1}
        asked_hosts = {request.host for request in web.log}
        for host in asked_hosts:
            first, *others = [request.path for request in web.requests(host)]
            assert first == "/robots.txt", host
            assert "/robots.txt" not in others, host
            # A kept connection that is lost is asked again at once on a new one, as HTTP has it
            # (RFC 9112, 9.3.1): a server that has closed it need not have seen the request.
            gaps = web.gaps(host, but=["/bad"] if host in vanishing else [])
            assert all(gap >= DELAY * 0.99 for gap in gaps), (host, gaps)
        assert not any(request.path.startswith("/no") for request in web.log)
        assert all(gap >= 1.49 for gap in web.gaps(patient))
        after = [request.at for request in web.requests(busy)]
        assert after[2] - after[1] >= 2.99
        assert min(Counter(r.path for r in web.requests(busy_date)).values()) == 1
        agents = {request.headers["user-agent"] for request in web.log}
        assert len(agents) == 1
        assert agents.pop().startswith("Wireroom/")
        download = Download.decode(
            Envelope.parse(out.delivered[web.url(circle[0], "/end")].headers)
            .extra["ce_download"]
            .encode()
        )
        assert (download.requested_url, download.redirects) == (crossing, [])
        assert len(asked_hosts) > 900
        print(
            f"{len(asked_hosts)} hosts, {len(web.log)} requests, {len(wanted)} pages in"
            f" {took:.1f} s at {DELAY} s a host, at most {web.most_open} connections"
        )


async def test_slow_hosts_hold_nobody_back(tmp_path: Path) -> None:
    async with LoopbackWeb() as web:
        crawling_slowly = [web.add(host, "/", slow(page("late"), 3600)) for host in names(40)]
        fine = [
            web.add(f"fine{n}.test", f"/{place}", page("fine"))
            for n in range(100)
            for place in "ab"
        ]
        path = tmp_path / "state.db"
        async with crawling(web, path, concurrency=10, total_timeout=3600.0) as crawl:
            await crawl.crawler.take(0, ask(*crawling_slowly))
            await crawl.until(lambda: len(web.requests(path="/")) >= 10)
            await crawl.crawler.take(0, ask(*fine))
            await crawl.until(lambda: len(crawl.out.delivered) == len(fine))
            # Four times as many slow ones as may be talked to at once are all still waited for.
            await crawl.until(lambda: len(web.requests(path="/")) == len(crawling_slowly))
            assert all(request.done is None for request in web.requests(path="/"))
            assert set(crawl.out.delivered) == set(fine)


async def test_what_was_seen_is_asked_for_with_its_validators_also_by_the_next_process(
    tmp_path: Path,
) -> None:
    rss = (
        "<rss version='2.0'><channel><title>t</title>"
        "<item><guid>1</guid><link>/story</link><title>s</title></item></channel></rss>"
    )
    async with LoopbackWeb() as web:
        feed = web.add("news.test", "/feed", revalidated(rss, "application/rss+xml", etag='"7"'))
        web.add("news.test", "/story", page("<p>story</p>"))
        source = Source(name="news", url=feed, interval=1)

        def asked() -> int:
            return len(web.requests(path="/feed"))

        async with crawling(web, tmp_path / "state.db", [source]) as crawl:
            await crawl.until(lambda: asked() == 3 and bool(crawl.out.delivered))
        async with crawling(web, tmp_path / "state.db", [source]) as again:
            await again.until(lambda: asked() == 5)
        shown = [request.headers.get("if-none-match") for request in web.requests(path="/feed")]
        assert shown[0] is None
        assert set(shown[1:]) == {'"7"'}
        assert len(web.requests(path="/robots.txt")) == 1
        assert len(web.requests(path="/story")) == 1
        assert all(gap >= DELAY * 0.99 for gap in web.gaps("news.test"))
        envelope = Envelope.parse(crawl.out.delivered[web.url("news.test", "/story")].headers)
        assert envelope.extra["ce_newssource"] == "news"


async def test_many_small_pages_of_many_hosts(tmp_path: Path) -> None:
    async with LoopbackWeb() as web:
        urls = [
            web.add(host, f"/{place}", in_turn(page(f"<p>{host} {place}</p>" * 100)))
            for place in range(4)
            for host in names(1000)
        ]
        async with crawling(web, tmp_path / "state.db", delay=1.0, concurrency=128) as crawl:
            for place in range(0, len(urls), 500):
                await crawl.crawler.take(0, ask(*urls[place : place + 500]))
            began = time.monotonic()
            used = time.process_time()
            await crawl.all_done()
            seconds, used = time.monotonic() - began, time.process_time() - used
        assert set(crawl.out.delivered) == set(urls)
        assert set(web.most_together().values()) == {1}
        print(
            f"{len(urls)} pages of 1000 hosts, and their robots.txt, in {seconds:.1f} s:"
            f" {len(urls) / seconds:.0f} pages/s; {used:.1f} s of CPU with the servers"
        )
