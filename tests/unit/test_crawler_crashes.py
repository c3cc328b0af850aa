"""Crashes at every write: nothing is lost, and nothing is done more than once again."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from services.crawler.sources import Source
from shared.errors import TransientError
from shared.fetching import FetchRequest
from tests.unit.crawler_fakes import ScriptedWeb, VirtualClock, World, answer, crawler_of, running
from tests.unit.test_crawler_polls import feed, numbered

FEED = "http://f.test/feed"
PAGES = [f"http://{host}.test/{n}" for host in "ab" for n in range(3)]
GONE = "http://a.test/gone"
MOVED = "http://b.test/moved"
TARGET = "http://c.test/target"


def make_web(clock: VirtualClock) -> ScriptedWeb:
    web = ScriptedWeb(clock, seconds=0.1)
    for url in PAGES:
        web.pages[url] = answer(url, f"page {url}")
    web.pages[MOVED] = answer(MOVED, status=302, location=TARGET)
    web.pages[FEED] = answer(FEED, feed(*numbered(1, 2, 3)))
    return web


async def work(world: World, web: ScriptedWeb, clock: VirtualClock, asked: list[str]) -> bool:
    """Runs a crawler until all is done, or a crash; what was not taken stays in ``asked``."""
    crawler = crawler_of(world, web, clock)
    source = Source(name="feed", url=FEED)
    try:
        async with running(crawler, clock, [source]) as task:
            while asked:
                await crawler.take(0, [FetchRequest(url=url, kind="page") for url in asked[:4]])
                del asked[:4]
            await clock.run_for(300, lambda: task.done() or (crawler.idle() and polled(world)))
            await clock.run_for(1, task.done)
            if task.done():
                task.result()
            return True
    except TransientError:
        return False


def polled(world: World) -> bool:
    return any(key.startswith(b"e:") for key in world.state.get(0, {}))


async def run_with_crash(at: int, after: bool) -> tuple[World, ScriptedWeb, bool]:
    clock = VirtualClock()
    world, web = World(), make_web(clock)
    world.crash_at, world.crash_after = at, after
    asked = [*PAGES, GONE, MOVED]
    crashed = not await work(world, web, clock, asked)
    world.crash_at = None
    assert await work(world, web, clock, asked)
    return world, web, crashed


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "after it is done"])
async def test_a_crash_at_any_call_loses_nothing_and_repeats_at_most_once(after: bool) -> None:
    crashes = 0
    for at in range(1, 100):
        world, web, crashed = await run_with_crash(at, after)
        crashes += crashed
        delivered, fetched = Counter(world.pages()), Counter(web.urls())
        assert set(delivered) == set(PAGES), f"call {at}"
        assert max(delivered.values()) <= 2, f"call {at}"
        assert max(fetched.values()) <= 2, f"call {at}"
        assert world.reasons() == {GONE: "http_404"}, f"call {at}"
        found = {request.url for request in world.requests()}
        assert found == {TARGET, *(link for _, link in numbered(1, 2, 3))}, f"call {at}"
        assert not [key for key in world.state[0] if key.startswith(b"t:")], f"call {at}"
        if not crashed:
            break
    assert crashes > 10


async def test_a_kill_at_any_moment_loses_nothing() -> None:
    for moments in range(0, 60, 3):
        clock = VirtualClock()
        world, web = World(), make_web(clock)
        crawler = crawler_of(world, web, clock)
        await crawler.assign(0)
        await crawler.take(0, [FetchRequest(url=url, kind="page") for url in PAGES])
        task = asyncio.create_task(crawler.run(asyncio.Event()))
        await clock.run_for(moments / 10)
        # As after kill -9: nothing of it runs on, and its memory is gone.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        second = crawler_of(world, web, clock)
        async with running(second, clock):
            assert await clock.run_for(300, second.idle)
        assert set(world.pages()) == set(PAGES)
        assert max(Counter(web.urls()).values()) <= 2
        assert web.most_open == 1


async def test_what_fails_to_be_written_ends_the_run() -> None:
    clock = VirtualClock()
    world, web = World(), make_web(clock)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock) as task:
        await crawler.take(0, [FetchRequest(url=PAGES[0], kind="page")])
        world.crash_at = 0
        await clock.run_for(10, task.done)
        with pytest.raises(TransientError, match="crash"):
            task.result()


async def test_a_partition_that_is_revoked_is_left_alone_at_once_and_goes_on_elsewhere() -> None:
    for moments in range(0, 45, 2):
        clock = VirtualClock()
        world, web = World(), make_web(clock)
        first, second = crawler_of(world, web, clock), crawler_of(world, web, clock)
        async with running(first, clock), running(second, clock, partitions=()):
            await first.take(0, [FetchRequest(url=url, kind="page") for url in PAGES])
            await clock.run_for(moments / 10)
            revoking = asyncio.create_task(first.revoke(0))
            await clock.run_for(0, revoking.done)
            await revoking
            requests, writes = len(web.log), world.writes
            await clock.run_for(20)
            assert (len(web.log), world.writes) == (requests, writes)
            assert first.idle()
            await second.assign(0)
            assert await clock.run_for(300, second.idle)
        assert set(world.pages()) == set(PAGES)
        assert max(Counter(web.urls()).values()) <= 2
        assert web.most_open == 1


async def test_the_next_owner_keeps_the_pace_of_the_last() -> None:
    clock = VirtualClock()
    world, web = World(), make_web(clock)
    rules = "http://a.test/robots.txt"
    web.pages[rules] = answer(rules, "User-agent: *\nCrawl-delay: 20")
    first, second = crawler_of(world, web, clock), crawler_of(world, web, clock)
    async with running(first, clock), running(second, clock, partitions=()):
        await first.take(0, [FetchRequest(url=PAGES[0], kind="page")])
        assert await clock.run_for(60, first.idle)
        await first.revoke(0)
        await second.assign(0)
        await second.take(0, [FetchRequest(url=PAGES[1], kind="page")])
        assert await clock.run_for(60, second.idle)
    (_, ended, _, _), (began, _, _, _) = web.log[-2:]
    assert began - ended >= 20


async def test_state_that_cannot_be_read_is_told_and_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = VirtualClock()
    world, web = World(), make_web(clock)
    broken = {
        b"t:" + b"1" * 16: b"{not json",
        b"t:" + b"2" * 16: b'{"v": 2}',
        b"t:" + b"3" * 16: b'{"v":1,"due":0,"tries":0,"request":{"url":"ftp://x/"}}',
        b"s:" + b"1" * 16: b"[]",
        b"e:" + b"1" * 16: b"\xff\x00",
        b"p:" + b"1" * 16: b"",
        b"r:http://a.test": b"{}",
        b"h:a.test": b'{"v":1,"delay":"x"}',
        b"z:unknown": b"",
    }
    world.state[0] = dict(broken)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [FetchRequest(url=PAGES[0], kind="page")])
        assert await clock.run_for(60, crawler.idle)
    assert world.pages() == [PAGES[0]]
    kept = {key for key in broken if world.state[0].get(key) == broken[key]}
    assert kept == set(broken) - {b"r:http://a.test"}  # that one was written anew
    told = sum("cannot be read" in record.message for record in caplog.records)
    assert told == len(broken)
