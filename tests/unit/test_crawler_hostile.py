"""What a hostile web, a wrong clock or a broken state does to the crawler: not much."""

from __future__ import annotations

import base64
import signal
from typing import Any

import orjson
import pytest

from services.crawler.reading import PoolReader, Reading, kind_of
from services.crawler.sitemaps import MAX_ENTRIES, looks_like_sitemap, parse_sitemap
from services.crawler.sources import Source
from shared.errors import PermanentError
from shared.fetching import FetchRequest
from tests.unit.crawler_fakes import ScriptedWeb, VirtualClock, World, answer, crawler_of, running
from tests.unit.test_crawler_polls import feed, numbered

NOW = 1_767_225_600.0  # 2026-01-01T00:00Z


def test_comments_before_the_root_are_read_once() -> None:
    # With backtracking these take years; the alarm makes of that a failure.
    comments = b"<!---->\n" * 900
    before = signal.alarm(20)
    try:
        assert not looks_like_sitemap(comments + b"<html>")
        assert kind_of(b"<?xml version='1.0'?>" + comments + b"<html>") == "page"
        assert looks_like_sitemap(b"<!-- a --> <!-- -- > --><?b?><!DOCTYPE c>\n<urlset>")
        assert looks_like_sitemap(comments + b"<sitemapindex xmlns='x'>")
    finally:
        signal.alarm(before)


def test_a_list_of_urls_may_end_its_lines_in_any_way() -> None:
    lines = b"\xef\xbb\xbfhttp://a.test/1\r\nhttp://a.test/2\rhttp://a.test/3\n\n  http://a.test/4 "
    assert [item.url[-1] for item in parse_sitemap(lines).items] == list("1234")
    many = b"".join(b"http://a.test/%d\n" % number for number in range(MAX_ENTRIES + 10))
    assert len(parse_sitemap(many).items) == MAX_ENTRIES


class _Pool:
    """Stands for the pool; gives what a worker would."""

    def __init__(self, result: object) -> None:
        self._result = result

    async def map(self, arguments: list[Any]) -> list[object]:
        return [self._result for _ in arguments]


@pytest.mark.parametrize("error", [RecursionError("too deep"), KeyError("x"), MemoryError(), None])
async def test_a_document_that_breaks_a_parser_is_refused(error: object) -> None:
    reader = PoolReader()
    reader._pool = _Pool(error)  # type: ignore[assignment]
    with pytest.raises(PermanentError, match="unreadable"):
        await reader(Reading("feed", "http://a.test/feed", "", b"", NOW))


FEED = "http://f.test/feed"
PAGE = "http://f.test/page"
FAILING = "http://s.test/page"


def make_web(clock: VirtualClock, status: int) -> ScriptedWeb:
    web = ScriptedWeb(clock)
    robots = "http://f.test/robots.txt"
    web.pages[robots] = answer(robots, "User-agent: *\nDisallow: /x")
    web.pages[FEED] = answer(FEED, feed(*numbered(1, 2)), ETag='"1"')
    web.pages[PAGE] = answer(PAGE, "a page")
    web.pages[FAILING] = answer(FAILING, "another", status=status)
    return web


async def left_behind() -> dict[bytes, bytes]:
    """State with something of each kind."""
    clock, world = VirtualClock(), World()
    crawler = crawler_of(world, make_web(clock, 503), clock)
    async with running(crawler, clock, [Source(name="feed", url=FEED)]):
        await crawler.take(0, [FetchRequest(url=url) for url in (PAGE, FAILING)])
        await clock.run_for(20)
    assert {key[:2] for key in world.state[0]} == {b"t:", b"s:", b"e:", b"p:", b"r:", b"h:"}
    return world.state[0]


async def survive(state: dict[bytes, bytes], seconds: float) -> list[str]:
    """What a crawler fetches in the time after it found ``state``."""
    clock, world = VirtualClock(), World()
    clock.now += 1000
    world.state[0] = dict(state)
    web = make_web(clock, 200)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock, [Source(name="feed", url=FEED)]) as work:
        await crawler.take(0, [FetchRequest(url=url, force=True) for url in (PAGE, FAILING)])
        await clock.run_for(seconds)
        if work.done():
            work.result()
    return web.urls()


def broken(value: bytes, field: str, wrong: object) -> bytes:
    """``value`` with ``field``, also of a field of it, changed."""
    head, mark, rest = value.partition(b"\n")
    data = orjson.loads(head)
    (data["state"] if field in data.get("state", {}) else data)[field] = wrong
    return orjson.dumps(data) + mark + rest


WRONG = [
    *((b"s:", field) for field in ("url", "name", "next_due", "interval", "rate", "found", "day")),
    *((b"s:", field) for field in ("total", "errors", "last_success", "last_new", "found_by")),
    *((b"e:", field) for field in ("source", "used", "etag", "body")),
    *((b"t:", field) for field in ("due", "tries", "request")),
    *((b"h:", field) for field in ("delay", "ready_at")),
    *((b"r:", field) for field in ("packed", "expires_at", "fetched_at")),
]


@pytest.mark.parametrize(("prefix", "field"), WRONG, ids=lambda part: str(part))
async def test_a_broken_value_of_the_state_stops_nothing(prefix: bytes, field: str) -> None:
    intact = await left_behind()
    packed = base64.b64encode(b"not deflated").decode()
    values: list[object] = [None, "x", "nan", ["a"], {}, -1, packed if field == "packed" else "\n"]
    for wrong in values:
        state = {
            key: broken(value, field, wrong) if key[:2] == prefix else value
            for key, value in intact.items()
        }
        assert {FEED, PAGE, FAILING} <= set(await survive(state, 100_000)), wrong


async def test_intact_state_is_taken_over_whole(caplog: pytest.LogCaptureFixture) -> None:
    await survive(await left_behind(), 1)
    assert not caplog.records


async def test_what_a_wrong_clock_put_off_for_years_is_done_in_days() -> None:
    late = {b"s:": "next_due", b"t:": "due", b"h:": "ready_at", b"r:": "expires_at"}
    state = {
        key: broken(value, late[key[:2]], NOW + 3e9) if key[:2] in late else value
        for key, value in (await left_behind()).items()
    }
    assert {FEED, PAGE, FAILING} <= set(await survive(state, 3 * 86_400))


async def test_one_endless_feed_does_not_fill_a_crawler() -> None:
    clock, world = VirtualClock(), World()
    crawler = crawler_of(
        world, ScriptedWeb(clock, seconds=1.0), clock, max_waiting=50, max_waiting_per_host=10
    )
    async with running(crawler, clock, []):
        for start in range(0, 100, 20):
            urls = [f"http://endless.test/{number}" for number in range(start, start + 20)]
            await crawler.take(0, [FetchRequest(url=url, source="endless") for url in urls])
            assert not crawler.full()
        refused = world.reasons()
        assert set(refused.values()) == {"host_overfull"}
        assert 85 <= len(refused) <= 90
        # Others are taken, and so is what somebody asked for.
        asked = [FetchRequest(url=PAGE, source="other"), FetchRequest(url="http://endless.test/x")]
        await crawler.take(0, asked)
        assert world.reasons() == refused
