"""Feeds, sitemaps and home pages that are asked for once."""

from __future__ import annotations

import gzip

import pytest

from services.crawler.engine import Crawler
from shared.errors import PermanentError
from shared.fetching import FetchRequest
from tests.unit.crawler_fakes import ScriptedWeb, VirtualClock, World, answer, crawler_of, running
from tests.unit.test_crawler_polls import DAY, FEED, feed, numbered
from tests.unit.test_crawler_reading import index, place, urlset


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def web(clock: VirtualClock) -> ScriptedWeb:
    return ScriptedWeb(clock)


@pytest.fixture
def world() -> World:
    return World()


async def go_round(crawler: Crawler, world: World, clock: VirtualClock, *urls: str) -> None:
    """Fetch ``urls`` and all that is found through them, as requests come back by their topic."""
    await crawler.take(0, [FetchRequest(url=url) for url in urls])
    taken = 0
    for _ in range(50):
        assert await clock.run_for(DAY, crawler.idle)
        await crawler.take(0, world.requests()[taken:])
        if taken == len(world.requested):
            return
        taken = len(world.requested)
    raise AssertionError("it does not end")


async def test_what_is_fetched_tells_what_it_is(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages[FEED] = answer(FEED, feed(*numbered(1)))
    sitemap, page = "http://a.test/map.gz", "http://a.test/page"
    web.pages[sitemap] = answer(sitemap, gzip.compress(urlset(place("http://a.test/2"))))
    web.pages[page] = answer(page, "<html><link rel=alternate type=application/rss+xml href=/x>")
    for number in (1, 2):
        web.pages[f"http://a.test/{number}"] = answer(f"http://a.test/{number}", "news")
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await go_round(crawler, world, clock, FEED, sitemap, page)
        await clock.run_for(5 * DAY)
    assert sorted(world.pages()) == ["http://a.test/1", "http://a.test/2", page]
    assert web.urls().count(FEED) == 1
    assert not [key for key in world.state[0] if key[:2] in (b"s:", b"e:", b"t:")]


async def test_sitemaps_that_name_one_another_in_a_circle_are_read_once(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    urls = [f"http://{host}.test/index.xml" for host in "abc"]
    for at, url in enumerate(urls):
        web.pages[url] = answer(url, index((urls[(at + 1) % 3], ""), (urls[(at + 2) % 3], "")))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await go_round(crawler, world, clock, urls[0])
    assert max(web.urls().count(url) for url in urls) <= 2


async def test_what_is_not_what_was_asked_for_is_refused(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    url = "http://a.test/login"
    web.pages[url] = answer(url, "<html><body>Log in</body></html>")
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        for kind in ("feed", "sitemap"):
            await crawler.take(0, [FetchRequest(url=url, kind=kind)])
            assert await clock.run_for(60, crawler.idle)
    assert [reject.reason for _, reject in world.refused] == ["invalid_feed", "invalid_sitemap"]


async def test_a_document_that_kills_its_reader_is_refused_and_nothing_else(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    async def dies(reading: object) -> object:
        raise PermanentError("worker_died", "twice")

    web.pages[FEED] = answer(FEED, feed(*numbered(1)))
    web.pages["http://a.test/1"] = answer("http://a.test/1", "news")
    crawler = crawler_of(world, web, clock)
    crawler._handling._read = dies  # type: ignore[assignment]
    async with running(crawler, clock):
        await crawler.take(0, [FetchRequest(url=FEED), FetchRequest(url="http://a.test/1")])
        assert await clock.run_for(60, crawler.idle)
    assert world.reasons() == {FEED: "worker_died"}
    assert world.pages() == ["http://a.test/1"]


async def test_no_more_is_taken_when_enough_waits(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    crawler = crawler_of(world, web, clock, max_waiting=3)
    async with running(crawler, clock):
        for number in range(3):
            assert not crawler.full()
            await crawler.take(0, [FetchRequest(url=f"http://a.test/{number}")])
        assert crawler.full()
        assert await clock.run_for(60, crawler.idle)
        assert not crawler.full()
