"""The crawler as processes: killed, stopped, frozen and joined in mid-work.

They fetch from a web on loopback, by addresses, so that no name has to be resolved. What they did
is read off the web's own log; instances are told apart by their user agents.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.cli.cluster.servers import Kafka
from services.crawler.outputs import KafkaOutputs
from shared.events import Envelope
from shared.fetching import FetchRequest
from shared.runtime.driver import group_id
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.rejected import read_rejection
from shared.runtime.stage import Emit
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings
from shared.topics import topology
from tests.kafka import read_topic, uncommitted
from tests.servers import delete_topics, service_environment
from tests.shared_data import ROOT
from tests.web import LoopbackWeb, Request, page, revalidated, slow

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

HOSTS = 24
PAGES = 30
PATIENCE = 120.0


def host(number: int) -> str:
    return f"127.77.1.{number + 1}"


class Crawl:
    """Crawlers on topics of their own, and the web that they see."""

    def __init__(self, settings: RuntimeSettings, web: LoopbackWeb, folder: Path) -> None:
        self.settings = settings
        self.web = web
        self.folder = folder
        self.topology = topology(settings.namespace)
        self.wiring = self.topology.services["crawler"]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **service_environment(settings),
            "WIREROOM_KAFKA_SESSION_TIMEOUT": "6",
            "WIREROOM_LOG_FORMAT": "text",
            "WIREROOM_CRAWLER_ALLOWED_NETWORKS": f'["{web.network}"]',
            "WIREROOM_CRAWLER_DELAY": "0.4",
            "WIREROOM_CRAWLER_MIN_INTERVAL": "1",
        }

    def start(self, name: str) -> None:
        """Start an instance whose user agent begins with ``name``."""
        with (self.folder / f"{name}-{len(self.web.log)}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "services.crawler"],
                env={**self.environment, "WIREROOM_CRAWLER_PRODUCT": name},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def signal(self, name: str, number: int) -> None:
        """Send a signal to an instance."""
        os.kill(self.processes[name].pid, number)

    async def ended(self, name: str) -> int:
        """Wait for an instance to end; its exit status."""
        return await asyncio.to_thread(self.processes.pop(name).wait, 40)

    async def ask(self, urls: Sequence[str]) -> None:
        """Request URLs."""
        outputs = KafkaOutputs(self.settings, self.wiring)
        requests = [FetchRequest(url=url) for url in urls]
        await outputs.request([Emit(r.encode(), r.host.encode()) for r in requests])
        await outputs.stop()

    async def fetched(self) -> Counter[str]:
        """URLs whose bytes are in ``news.ingest``, with how often."""
        assert self.wiring.writes is not None
        messages = await read_topic(self.settings.kafka_bootstrap, self.wiring.writes)
        return Counter(Envelope.parse(message.headers).url for message in messages)

    async def until_fetched(self, urls: Sequence[str]) -> Counter[str]:
        """Wait until all of ``urls`` are in ``news.ingest``."""
        async with asyncio.timeout(PATIENCE):
            while set(urls) - (found := await self.fetched()).keys():
                self.check()
                await asyncio.sleep(0.5)
        return found

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait for it."""
        async with asyncio.timeout(PATIENCE):
            while not done():
                self.check()
                await asyncio.sleep(0.02)

    def check(self) -> None:
        """No instance ended by itself, and no rule of the web was broken so far."""
        for name, process in self.processes.items():
            assert process.poll() in (None, -signal.SIGKILL), f"{name} ended; see {self.folder}"
        assert self.web.strayed == []
        assert set(self.web.most_together().values()) <= {1}

    def pages(self, name: str = "") -> list[Request]:
        """Requests for pages by an instance, or by all."""
        return [
            request
            for request in self.web.log
            if request.path != "/robots.txt" and request.headers["user-agent"].startswith(name)
        ]

    async def lag(self) -> int:
        """Records of ``news.fetch`` that are not committed."""
        group = group_id("crawler", self.settings.namespace)
        return await uncommitted(self.settings.kafka_bootstrap, self.wiring.reads, group)


@pytest_asyncio.fixture
async def crawl(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Crawl]:
    settings = RuntimeSettings(
        namespace=f"t{secrets.token_hex(4)}", kafka_bootstrap=kafka.bootstrap
    )
    topics = topology(settings.namespace)
    await ensure_topics(kafka.bootstrap, topics)
    async with LoopbackWeb() as web:
        crawl = Crawl(settings, web, tmp_path)
        yield crawl
        for process in crawl.processes.values():
            process.kill()
            process.wait()
    await delete_topics(kafka.bootstrap, topics)


def site(crawl: Crawl) -> list[str]:
    """Pages on many hosts; their URLs, hosts taking turns."""
    return [
        crawl.web.add(host(number), f"/{at}.html", page(f"<p>Page {at} of host {number}</p>"))
        for at in range(PAGES)
        for number in range(HOSTS)
    ]


async def test_killed_in_mid_work_it_fetches_all_and_little_twice(crawl: Crawl) -> None:
    urls = site(crawl)
    await crawl.ask(urls)
    crawl.start("One")
    for share in (0.2, 0.5):
        await crawl.until(lambda share=share: len(crawl.pages()) > share * len(urls))  # type: ignore[misc]
        crawl.signal("One", signal.SIGKILL)
        await crawl.ended("One")
        crawl.start("One")
    found = await crawl.until_fetched(urls)
    assert found.keys() == set(urls)
    # At each kill no more than was under way or not yet written.
    assert len(crawl.pages()) - len(urls) <= 2 * 3 * HOSTS
    assert await crawl.lag() == 0


async def test_instances_come_and_go_and_no_host_meets_two_at_once(crawl: Crawl) -> None:
    urls = site(crawl)
    crawl.start("One")
    await crawl.ask(urls)
    await crawl.until(lambda: len(crawl.pages("One")) > HOSTS)
    crawl.start("Two")
    await crawl.until(lambda: len(crawl.pages("Two")) > HOSTS)
    crawl.signal("Two", signal.SIGTERM)
    assert await crawl.ended("Two") == 0
    found = await crawl.until_fetched(urls)
    assert found.keys() == set(urls)
    # A re-balance cuts off what is under way, one page of a host at most.
    assert len(crawl.pages()) - len(urls) <= 2 * HOSTS
    for number in range(HOSTS):
        asked = [request.headers["user-agent"] for request in crawl.web.requests(host(number))]
        owners = [agent.partition("/")[0] for agent, _ in groupby(asked)]
        assert owners in (["One"], ["One", "Two"], ["Two"], ["One", "Two", "One"], ["Two", "One"])


async def test_one_that_was_frozen_asks_nothing_that_went_to_another(crawl: Crawl) -> None:
    urls = site(crawl)
    crawl.start("One")
    await crawl.ask(urls)
    await crawl.until(lambda: len(crawl.pages("One")) > HOSTS)
    crawl.signal("One", signal.SIGSTOP)
    crawl.start("Two")
    await crawl.until(lambda: len(crawl.pages("Two")) > HOSTS)
    before = len(crawl.pages("One"))
    crawl.signal("One", signal.SIGCONT)
    found = await crawl.until_fetched(urls)
    assert found.keys() == set(urls)
    for number in range(HOSTS):
        asked = [request.headers["user-agent"] for request in crawl.web.requests(host(number))]
        owners = [agent.partition("/")[0] for agent, _ in groupby(asked)]
        # It may get the host back by a re-balance, once.
        assert len(owners) <= 3, owners
    assert len(crawl.pages("One")) >= before


async def test_it_ends_within_the_grace_and_what_was_under_way_comes_again(crawl: Crawl) -> None:
    quick = [crawl.web.add(host(n), "/", page(f"<p>{n}</p>")) for n in range(4)]
    late = crawl.web.add(host(5), "/late", slow(page("<p>late</p>"), 600))
    crawl.start("One")
    await crawl.ask([late, *quick])
    await crawl.until(lambda: len(crawl.pages()) == 5)
    await crawl.until_fetched(quick)
    crawl.signal("One", signal.SIGTERM)
    assert await crawl.ended("One") == 0
    assert await crawl.lag() == 0
    crawl.web.add(host(5), "/late", page("<p>now</p>"))
    crawl.start("Two")
    found = await crawl.until_fetched([late])
    assert found == Counter([*quick, late])


async def test_what_a_plain_producer_sends_is_fetched_or_refused(crawl: Crawl) -> None:
    urls = [crawl.web.add(host(n), "/", page(f"<p>{n}</p>")) for n in range(8)]
    absent = crawl.web.url(host(0), "/absent")
    publisher = KafkaPublisher(crawl.settings, crawl.wiring.reads, lambda _: 3)
    bad = [b"\xff\xfe", b"{}", b"file:///etc/passwd", b"http://127.0.0.1/", absent.encode()]
    emits = [Emit(value, b"k") for value in [*(url.encode() for url in urls), *bad]]
    assert set(await publisher.publish(emits)) == {None}
    await publisher.stop()
    crawl.start("One")
    found = await crawl.until_fetched(urls)
    assert found == Counter(urls)

    async def refused() -> Counter[str]:
        messages = await read_topic(crawl.settings.kafka_bootstrap, crawl.topology.rejected)
        rejections = {r.id: r for r in map(read_rejection, messages)}.values()
        assert {r.stage for r in rejections} <= {"crawler"}
        assert all(r.detail for r in rejections)
        return Counter(r.reason for r in rejections)

    expected = {"invalid_message": 2, "invalid_url": 1, "private_address": 1, "http_404": 1}
    async with asyncio.timeout(PATIENCE):
        while (found := await refused()).total() < len(bad):
            crawl.check()
            await asyncio.sleep(0.5)
    assert found == expected
    assert await crawl.lag() == 0


def feed(crawl: Crawl, entries: int) -> None:
    items = "".join(
        f"<item><title>News {n}</title><link>{crawl.web.url(host(1), f'/{n}.html')}</link></item>"
        for n in range(entries)
    )
    body = f'<rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'
    behaviour = revalidated(body, "application/rss+xml", etag=f'"{entries}"')
    crawl.web.add(host(0), "/feed.xml", behaviour)


async def test_entries_of_a_feed_are_taken_once_whatever_happens(crawl: Crawl) -> None:
    urls = [crawl.web.add(host(1), f"/{n}.html", page(f"<p>News {n}</p>")) for n in range(6)]
    feed(crawl, 5)
    sources = crawl.folder / "sources.yml"
    sources.write_text(
        f"- name: the feed\n  url: {crawl.web.url(host(0), '/feed.xml')}\n  interval: 2\n"
    )
    crawl.environment["WIREROOM_CRAWLER_SOURCES"] = str(sources)
    crawl.start("One")
    await crawl.until_fetched(urls[:5])
    polls = len(crawl.web.requests(host(0), "/feed.xml"))
    await crawl.until(lambda: len(crawl.web.requests(host(0), "/feed.xml")) > polls + 1)
    crawl.signal("One", signal.SIGKILL)
    await crawl.ended("One")
    before = len(crawl.web.log)
    crawl.start("Two")
    await crawl.until(lambda: len(crawl.pages("Two")) >= 2)
    # What it knew of the feed was kept: it only asks whether that changed.
    for request in crawl.pages("Two"):
        assert request.headers.get("if-none-match") == '"5"'
    feed(crawl, 6)
    found = await crawl.until_fetched(urls)
    assert found == Counter(urls)
    assert [r.path for r in crawl.web.log[before:] if r.host == host(1) and "html" in r.path] == [
        "/5.html"
    ]


async def test_the_file_of_sources_is_followed_and_health_tells_of_it(crawl: Crawl) -> None:
    feed(crawl, 0)
    sources = crawl.folder / "sources.yml"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    crawl.environment["WIREROOM_HEALTH_PORT"] = str(port)
    crawl.environment["WIREROOM_CRAWLER_SOURCES"] = str(sources)

    def health() -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            return {}

    async def until_told(**facts: object) -> None:
        await crawl.until(lambda: facts.items() <= health().items())

    def polls() -> int:
        return len(crawl.web.requests(host(0), "/feed.xml"))

    crawl.start("One")
    await until_told(status="ok", partitions=list(range(8)), sources=0)
    assert str(sources) in health()["sources_problem"]
    url = crawl.web.url(host(0), "/feed.xml")
    sources.write_text(f"- name: the feed\n  url: {url}\n  interval: 2\n")
    await until_told(sources=1, sources_problem="")
    await crawl.until(lambda: polls() >= 2)
    sources.write_text("- name: [")
    await crawl.until(lambda: "line 1" in str(health().get("sources_problem")))
    before = polls()
    await crawl.until(lambda: polls() > before + 1)
    sources.write_text("[]\n")
    await until_told(sources=0, sources_problem="")
    before = polls()
    await asyncio.sleep(6)
    assert polls() <= before + 1  # one may have been under way
