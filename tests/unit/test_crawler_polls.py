"""Sources: polled at their own rate, entries taken once, whatever the feed does."""

from __future__ import annotations

from itertools import pairwise

import pytest

from services.crawler.engine import Crawler
from services.crawler.source_state import SourceState
from services.crawler.sources import Source
from shared.fetching import FetchRequest, Hints
from tests.unit.crawler_fakes import (
    START,
    ScriptedWeb,
    VirtualClock,
    World,
    answer,
    crawler_of,
    running,
)

FEED = "http://a.test/feed"
DAY = 86_400.0
XML = "application/rss+xml"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def web(clock: VirtualClock) -> ScriptedWeb:
    return ScriptedWeb(clock)


@pytest.fixture
def world() -> World:
    return World()


def feed(*entries: tuple[str, str], ttl: int = 0) -> str:
    """RSS of ``(guid, link)``."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><link>{link}</link>"
        f"<title>Title {guid}</title><pubDate>Thu, 01 Jan 2026 00:00:00 GMT</pubDate></item>"
        for guid, link in entries
    )
    told = f"<ttl>{ttl}</ttl>" if ttl else ""
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>News</title>"
        f"<link>http://a.test/</link><language>en</language>{told}{items}</channel></rss>"
    )


def numbered(*numbers: int) -> list[tuple[str, str]]:
    return [(f"id-{n}", f"http://a.test/{n}") for n in numbers]


def show(web: ScriptedWeb, *entries: tuple[str, str], **more: object) -> None:
    web.pages[FEED] = answer(FEED, feed(*entries, **more), Content_Type=XML)  # type: ignore[arg-type]


def source(**more: object) -> Source:
    return Source(name="agency", url=FEED).model_copy(update=more)


def state_of(crawler: Crawler, url: str = FEED) -> SourceState:
    (state,) = [state for state in crawler.source_states() if state.url == url]
    return state


def polls(web: ScriptedWeb, url: str = FEED) -> list[float]:
    return [entry[0] for entry in web.log if entry[2] == url]


async def test_entries_of_a_feed_become_requests_with_hints(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    show(web, ("1", "http://b.test/1"), ("2", "ftp://b.test/2"))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(60)
        state = state_of(crawler)
    assert world.requests() == [
        FetchRequest(
            url="http://b.test/1",
            kind="page",
            source="agency",
            referrer=FEED,
            hints=Hints(title="Title 1", published_at="2026-01-01T00:00:00Z", language="en"),
        )
    ]
    assert world.requested[0].key == b"b.test"
    assert (state.kind, state.errors, state.total) == ("feed", 0, 2)
    assert state.last_success >= START


async def test_entries_are_taken_once_whatever_the_feed_does_with_them(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    steps = [
        numbered(3, 2, 1),
        numbered(1, 3, 2),  # another order
        [("other-3", "http://a.test/3"), *numbered(2, 1)],  # another guid
        [("id-3", "http://a.test/3-again"), *numbered(2, 1)],  # another link
        [("id-3", "https://a.test/3?utm_source=x"), *numbered(4, 2)],
        numbered(9),
        numbered(9, 4, 3, 2, 1),  # all are back
    ]
    crawler = crawler_of(world, web, clock)
    asked: list[list[str]] = []
    async with running(crawler, clock, [source()]):
        for number, step in enumerate(steps):
            show(web, *step)
            before = len(world.requested)
            await clock.run_for({0: 60, 6: 31 * DAY}.get(number, 2 * DAY))
            asked.append([request.url for request in world.requests()[before:]])
    links = {n: f"http://a.test/{n}" for n in (1, 2, 3, 4, 9)}
    assert asked == [[links[3], links[2], links[1]], [], [], [], [links[4]], [links[9]], []]


async def test_an_id_that_several_entries_share_hides_none_of_them(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    show(web, ("same", "http://a.test/1"), ("same", "http://a.test/2"))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(60)
    assert [r.url for r in world.requests()] == ["http://a.test/1", "http://a.test/2"]


async def test_conditions_schedule_and_entries_survive_a_restart(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages[FEED] = answer(FEED, feed(*numbered(1)), ETag='"1"')
    first = crawler_of(world, web, clock)
    async with running(first, clock, [source()]):
        await clock.run_for(60)
        due = state_of(first).next_due
    second = crawler_of(world, web, clock)
    async with running(second, clock, [source()]):
        await clock.run_until(due - 1)
        assert len(polls(web)) == 1
        await clock.run_for(10)
    assert [entry[3].etag for entry in web.log if entry[2] == FEED] == ["", '"1"']
    assert len(world.requested) == 1


@pytest.mark.parametrize("per_day", [4, 48])
async def test_the_interval_follows_the_rate_of_new_entries(
    world: World, web: ScriptedWeb, clock: VirtualClock, per_day: int
) -> None:
    def reply(url: str, _: object) -> object:
        newest = int((clock.now - START) / DAY * per_day)
        return answer(url, feed(*numbered(*range(max(0, newest - 8), newest + 1))))

    web.pages[FEED] = reply  # type: ignore[assignment]
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(6 * DAY)
        state = state_of(crawler)
    last = [time for time in polls(web) if time > START + 3 * DAY]
    expected = min(DAY, 0.75 * DAY / per_day)
    mean = (last[-1] - last[0]) / (len(last) - 1)
    assert 0.6 * expected < mean < 1.4 * expected
    assert per_day * 6 * 0.9 < state.total <= per_day * 6 + 1
    daily = state.per_day(clock.now)
    assert daily is not None
    assert abs(daily - per_day) < 0.1 * per_day + 1


async def test_a_feed_without_news_is_asked_ever_more_seldom_down_to_once_a_day(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    show(web, *numbered(1))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(20 * DAY)
    gaps = [later - earlier for earlier, later in pairwise(polls(web))]
    assert gaps[0] < 1800
    assert all(abs(gap - DAY) < 5 for gap in gaps[-5:])


async def test_a_declared_interval_wins(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    show(web, *numbered(1), ttl=60)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source(interval=60.0)]):
        await clock.run_for(3600)
    gaps = [later - earlier for earlier, later in pairwise(polls(web))]
    assert len(gaps) >= 58
    assert all(abs(gap - 60) < 1 for gap in gaps[1:])


async def test_the_feeds_own_wish_is_a_lower_bound(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    numbers = iter(range(10_000))
    web.pages[FEED] = lambda url, _: answer(url, feed(*numbered(next(numbers)), ttl=60))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(DAY)
    gaps = [later - earlier for earlier, later in pairwise(polls(web))]
    assert all(gap > 3590 for gap in gaps[1:])


async def test_errors_are_counted_and_a_source_is_never_given_up(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages[FEED] = answer(FEED, status=500)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(10 * DAY)
        state = state_of(crawler)
        assert state.errors == len(polls(web)) > 10
        assert state.error == f"http_500: {FEED} answered 500"
        assert 0.9 * DAY < polls(web)[-1] - polls(web)[-2] <= 1.1 * DAY
        show(web, *numbered(1))
        await clock.run_for(2 * DAY)
        assert state_of(crawler).errors == 0
    assert len(world.requested) == 1
    assert world.refused == []


@pytest.mark.parametrize("robots", [True, False])
async def test_what_is_denied_or_gone_is_asked_for_once_a_day(
    world: World, web: ScriptedWeb, clock: VirtualClock, robots: bool
) -> None:
    if robots:
        rules = "http://a.test/robots.txt"
        web.pages[rules] = answer(rules, "User-agent: *\nDisallow: /")
    else:
        web.pages[FEED] = answer(FEED, status=410)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(5 * DAY)
        state = state_of(crawler)
    assert state.error.startswith("robots_denied" if robots else "http_410")
    assert state.errors in (5, 6)
    assert len(polls(web)) == (0 if robots else state.errors)


async def test_what_is_no_feed_is_an_error_of_the_source(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages[FEED] = answer(FEED, "<html><body>Please log in</body></html>")
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source(kind="feed")]):
        await clock.run_for(60)
        assert state_of(crawler).error.startswith("invalid_feed")


async def test_a_source_that_is_gone_is_forgotten_with_its_state_and_one_paused_is_not(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    show(web, *numbered(1))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(60)
        crawler.set_sources([source(paused=True)])
        await clock.run_for(5 * DAY)
        assert len(polls(web)) == 1
        assert state_of(crawler).total == 1
        crawler.set_sources([source()])
        await clock.run_for(60)
        assert len(polls(web)) == 2
        crawler.set_sources([])
        await clock.run_for(5 * DAY)
        assert crawler.source_states() == []
    assert len(polls(web)) == 2
    assert not [key for key in world.state[0] if key[:2] in (b"s:", b"e:")]


async def test_sources_that_were_never_declared_are_kept_until_they_are(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    show(web, *numbered(1))
    first = crawler_of(world, web, clock)
    async with running(first, clock, [source()]):
        await clock.run_for(60)
    second = crawler_of(world, web, clock)
    async with running(second, clock, None):
        await clock.run_for(5 * DAY)
        assert len(polls(web)) == 1
        second.set_sources([source()])
        await clock.run_for(60)
        assert state_of(second).total == 1
    assert len(polls(web)) == 2


async def test_entries_themselves_are_delivered_where_the_source_says_so(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    show(web, *numbered(1, 2))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source(take="entries", interval=600.0)]):
        await clock.run_for(3600)
        assert world.pages() == [FEED]
        show(web, *numbered(2, 3))
        await clock.run_for(3600)
    assert world.pages() == [FEED, FEED]
    assert world.requested == []


async def test_a_moved_feed_is_read_where_it_is_and_told(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    new = "http://a.test/new"
    web.pages[FEED] = answer("", status=301, location=new)
    web.pages[new] = answer(new, feed(*numbered(1)))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(60)
        assert state_of(crawler).moved_to == new
    assert [request.url for request in world.requests()] == ["http://a.test/1"]


async def test_a_feed_that_moved_to_another_host_is_polled_there(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    new = "http://b.test/new"
    web.pages[FEED] = answer("", status=308, location=new)
    web.pages[new] = answer(new, feed(*numbered(1)))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source()]):
        await clock.run_for(60)
        (request,) = world.requests()
        assert (request.url, request.recur, request.redirects) == (new, True, [FEED])
        await crawler.take(0, [request])
        await clock.run_for(5 * DAY)
        assert state_of(crawler).moved_to == new
        assert state_of(crawler, new).found_by == FEED
        crawler.set_sources([])
        assert crawler.source_states() == []
    assert len(polls(web)) <= 7
    assert len(polls(web, new)) > 7
    links = [request.url for request in world.requests()]
    assert links.count("http://a.test/1") == 1


async def test_the_feeds_of_a_home_page_are_polled(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    home, rules = "http://a.test/", "http://a.test/robots.txt"
    web.pages[home] = answer(
        home,
        "<html><head><link rel=alternate type=application/rss+xml href=/feed></head>"
        "<body><a href=/article>An article</a></body></html>",
    )
    web.pages[rules] = answer(
        rules,
        "Sitemap: http://a.test/sitemap.xml\nSitemap: http://a.test/sitemap-news.xml\n"
        "User-agent: *\nAllow: /",
    )
    show(web, *numbered(1))
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [source(url=home)]):
        await clock.run_for(60)
        found = world.requests()
        assert [(r.url, r.kind, r.recur, r.referrer) for r in found] == [
            (FEED, "feed", True, home),
            ("http://a.test/sitemap-news.xml", "sitemap", True, home),
        ]
        await crawler.take(0, found)
        await clock.run_for(3 * DAY)
        assert state_of(crawler).total == 1
        assert state_of(crawler, home).kind == "home"
        # The sitemap that was never there is not asked for again and again.
        assert len(crawler.source_states()) == 2
    assert len(polls(web, home)) in (3, 4)
    assert len(polls(web, "http://a.test/sitemap-news.xml")) == 1


async def test_ten_sources_of_one_host_that_are_overdue_keep_its_pace(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    sources = [Source(name=f"s{n}", url=f"http://a.test/{n}.xml") for n in range(10)]
    for one in sources:
        web.pages[one.url] = answer(one.url, feed())
    crawler = crawler_of(world, web, clock, delay=5)
    async with running(crawler, clock, sources):
        await clock.run_for(120)
    times = [entry[0] for entry in web.log]
    assert len(times) == 11
    assert all(later - earlier >= 5 for earlier, later in pairwise(times))


async def test_what_was_taken_of_a_feed_that_rests_for_long_is_not_forgotten(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages[FEED] = answer(FEED, feed(*numbered(1)), ETag='"1"')
    first = crawler_of(world, web, clock)
    async with running(first, clock, [source()]):
        await clock.run_for(60)
    clock.now += 100 * DAY
    second = crawler_of(world, web, clock)
    async with running(second, clock, [source()]):
        show(web, *numbered(2, 1))
        await clock.run_for(DAY)
    assert [r.url for r in world.requests()] == ["http://a.test/1", "http://a.test/2"]
