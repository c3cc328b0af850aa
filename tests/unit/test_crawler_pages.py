"""Pages: fetched once, politely, and delivered before they are forgotten."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest

from services.crawler.ports import FetchFailed
from shared.events import Envelope
from shared.fetching import Download, FetchRequest, Hints
from shared.runtime.stage import Reject
from tests.unit.crawler_fakes import (
    START,
    ScriptedWeb,
    VirtualClock,
    World,
    answer,
    crawler_of,
    running,
)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def web(clock: VirtualClock) -> ScriptedWeb:
    return ScriptedWeb(clock)


@pytest.fixture
def world() -> World:
    return World()


def ask(url: str, **more: object) -> FetchRequest:
    return FetchRequest(url=url, kind="page").model_copy(update=more)


async def test_a_page_is_delivered_with_what_is_known_of_it(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    url = "https://a.test/1"
    web.pages[url] = answer(url, "<p>news</p>", Content_Type="text/html; charset=utf-8")
    crawler = crawler_of(world, web, clock)
    request = ask(
        url, source="agency", referrer="https://a.test/feed", hints=Hints(title="T", authors=["A"])
    )
    async with running(crawler, clock):
        await crawler.take(0, [request])
        assert await clock.run_for(60, crawler.idle)
    (message,) = world.delivered
    envelope = Envelope.parse(message.headers)
    assert message.value == b"<p>news</p>"
    assert (envelope.url, envelope.content_type) == (url, "text/html; charset=utf-8")
    assert (envelope.type, envelope.source) == ("news.ingest.v1", "wireroom/crawler")
    assert envelope.id.encode() == message.key
    assert envelope.received_at == envelope.time
    assert orjson.loads(envelope.extra["ce_hints"]) == {"title": "T", "authors": ["A"]}
    assert envelope.extra["ce_feed"] == "https://a.test/feed"
    assert envelope.extra["ce_newssource"] == "agency"
    download = Download.decode(envelope.extra["ce_download"].encode())
    assert (download.requested_url, download.redirects, download.status) == (url, [], 200)
    assert download.address == "192.0.2.1"
    assert not any(key.startswith(b"t:") for key in world.state[0])


async def test_robots_come_first_and_are_obeyed(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages["http://a.test/robots.txt"] = answer(
        "http://a.test/robots.txt", "User-agent: *\nDisallow: /private\nCrawl-delay: 7"
    )
    web.pages["http://a.test/1"] = answer("http://a.test/1", "one")
    web.pages["http://a.test/2"] = answer("http://a.test/2", "two")
    crawler = crawler_of(world, web, clock)
    urls = ["http://a.test/private/x", "http://a.test/1", "http://a.test/2"]
    async with running(crawler, clock):
        await crawler.take(0, [ask(url) for url in urls])
        assert await clock.run_for(60, crawler.idle)
    assert [(entry[2], entry[0] - START) for entry in web.log] == [
        ("http://a.test/robots.txt", 0),
        ("http://a.test/1", 7),
        ("http://a.test/2", 14),
    ]
    assert world.reasons() == {"http://a.test/private/x": "robots_denied"}


async def test_an_unreachable_robots_txt_holds_pages_back_and_then_refuses_them(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages["http://a.test/robots.txt"] = answer("http://a.test/robots.txt", status=500)
    crawler = crawler_of(world, web, clock, attempts=3)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1")])
        assert await clock.run_for(86_400, crawler.idle)
    assert web.urls() == []
    assert world.reasons() == {"http://a.test/1": "robots_unreachable"}


async def test_an_unreachable_robots_txt_is_asked_for_again_after_a_restart(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    robots, url = "http://a.test/robots.txt", "http://a.test/1"
    web.pages[robots] = answer(robots, status=500)
    web.pages[url] = answer(url, "one")
    crawler = crawler_of(world, web, clock, attempts=1)
    async with running(crawler, clock):
        await crawler.take(0, [ask(url)])
        assert await clock.run_for(60, crawler.idle)
    assert world.reasons() == {url: "robots_unreachable"}
    web.pages[robots] = answer(robots, "User-agent: *\nAllow: /")
    crawler = crawler_of(world, web, clock, attempts=1)
    async with running(crawler, clock):
        await crawler.take(0, [ask(url)])
        assert await clock.run_for(60, crawler.idle)
    assert web.urls() == [url]


async def test_a_page_is_not_fetched_again_unless_forced_or_long_ago(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    url = "http://a.test/1"
    web.pages[url] = answer(url, "one", ETag='"e"')
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        for more in ({}, {}, {"force": True}):
            await crawler.take(0, [ask(url, **more)])
            assert await clock.run_for(60, crawler.idle)
        assert [entry[3].etag for entry in web.log if entry[2] == url] == ["", ""]
        await clock.run_for(3 * 86_400)
        await crawler.take(0, [ask(url)])
        assert await clock.run_for(60, crawler.idle)
    assert [entry[3].etag for entry in web.log if entry[2] == url] == ["", "", '"e"']
    assert len(world.delivered) == 2  # the third was answered 304


async def test_a_forced_request_that_comes_while_the_page_is_under_way_is_fetched_after_it(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    url = "http://a.test/1"
    web.pages[url] = answer(url, "one")
    web.seconds[url] = 10
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [ask(url)])
        await clock.run_for(5)
        await crawler.take(0, [ask(url), ask(url, force=True)])
        assert await clock.run_for(60, crawler.idle)
    assert len(world.delivered) == 2


async def test_redirects_on_the_host_are_followed_at_its_pace_and_recorded(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages["http://a.test/1"] = answer("", status=301, location="http://a.test/2")
    web.pages["http://a.test/2"] = answer("", status=302, location="http://a.test/3")
    web.pages["http://a.test/3"] = answer("http://a.test/3", "three")
    web.pages["http://a.test/other"] = answer("http://a.test/other", "other")
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1"), ask("http://a.test/other")])
        assert await clock.run_for(60, crawler.idle)
        await crawler.take(0, [ask("http://a.test/1"), ask("http://a.test/3")])
        assert await clock.run_for(60, crawler.idle)
    assert web.urls() == [f"http://a.test/{place}" for place in ("1", "2", "3", "other")]
    download = Download.decode(
        Envelope.parse(world.delivered[0].headers).extra["ce_download"].encode()
    )
    assert download.requested_url == "http://a.test/1"
    assert download.redirects == ["http://a.test/2"]
    assert world.pages() == ["http://a.test/3", "http://a.test/other"]


async def test_a_redirect_to_another_host_is_handed_over(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages["http://a.test/1"] = answer("", status=302, location="https://b.test/2")
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1", redirects=["http://z.test/"], source="s")])
        assert await clock.run_for(60, crawler.idle)
    assert world.requests() == [
        ask("https://b.test/2", redirects=["http://z.test/", "http://a.test/1"], source="s")
    ]
    assert world.requested[0].key == b"b.test"


@pytest.mark.parametrize(
    ("location", "redirects", "reason"),
    [
        ("http://a.test/1", [], "too_many_redirects"),
        ("http://a.test/1#part", [], "too_many_redirects"),
        ("http://z.test/", ["http://z.test/"], "too_many_redirects"),
        ("http://b.test/", [f"http://z.test/{n}" for n in range(6)], "too_many_redirects"),
        ("ftp://b.test/", [], "bad_redirect"),
        ("http://user:word@b.test/", [], "bad_redirect"),
    ],
)
async def test_redirects_that_lead_nowhere_are_refused(
    world: World,
    web: ScriptedWeb,
    clock: VirtualClock,
    location: str,
    redirects: list[str],
    reason: str,
) -> None:
    web.pages["http://a.test/1"] = answer("", status=302, location=location)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1", redirects=redirects)])
        assert await clock.run_for(60, crawler.idle)
    assert world.reasons() == {"http://a.test/1": reason}
    assert world.requested == []


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451, 204, 300])
async def test_what_will_not_get_better_is_refused_at_once(
    world: World, web: ScriptedWeb, clock: VirtualClock, status: int
) -> None:
    web.pages["http://a.test/1"] = answer("http://a.test/1", status=status)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1", source="s")])
        assert await clock.run_for(60, crawler.idle)
    ((emit, reject),) = world.refused
    assert FetchRequest.read(emit.value) == ask("http://a.test/1", source="s")
    assert reject.reason == f"http_{status}"
    assert "http://a.test/1" in reject.detail
    assert len(web.urls()) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_what_may_get_better_is_tried_again_ever_later(
    world: World, web: ScriptedWeb, clock: VirtualClock, status: int
) -> None:
    web.pages["http://a.test/1"] = answer("http://a.test/1", status=status)
    crawler = crawler_of(world, web, clock, attempts=4)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1")])
        assert await clock.run_for(86_400, crawler.idle)
    times = [entry[0] for entry in web.log if entry[2] == "http://a.test/1"]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == 4
    assert gaps == sorted(gaps)
    assert gaps[0] >= 20
    assert world.reasons() == {"http://a.test/1": f"http_{status}"}


async def test_a_fetch_that_fails_for_good_is_refused_with_its_reason(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    private = FetchFailed("private_address", "10.0.0.1", again=False)
    web.pages["http://a.test/robots.txt"] = private
    web.pages["http://b.test/1"] = FetchFailed("too_large", "13 MB", again=False)
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        urls = ["http://a.test/1", "http://a.test/2", "http://b.test/1"]
        await crawler.take(0, [ask(url) for url in urls])
        assert await clock.run_for(60, crawler.idle)
    assert world.reasons() == {
        "http://a.test/1": "private_address",
        "http://a.test/2": "private_address",
        "http://b.test/1": "too_large",
    }


async def test_what_the_topic_refuses_is_refused(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    web.pages["http://a.test/1"] = answer("http://a.test/1", "one")
    world.reject = lambda emit: Reject("message_too_large", "too large")
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1")])
        assert await clock.run_for(60, crawler.idle)
    assert world.reasons() == {"http://a.test/1": "message_too_large"}


async def test_retry_after_is_obeyed_by_the_whole_host_and_survives_a_restart(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    urls = ["http://a.test/1", "http://a.test/2"]
    for url in urls:
        web.pages[url] = [answer(url, status=429, Retry_After="3600"), answer(url, "fine")]
    web.pages["http://b.test/1"] = answer("http://b.test/1", "fine")
    first = crawler_of(world, web, clock)
    async with running(first, clock):
        await first.take(0, [ask(url) for url in [*urls, "http://b.test/1"]])
        await clock.run_for(10)
    second = crawler_of(world, web, clock)
    async with running(second, clock):
        assert await clock.run_for(86_400, second.idle)
    asked = [(entry[0], entry[2]) for entry in web.log if "a.test" in entry[2]][1:]
    assert asked[0][0] < START + 10
    assert asked[1][0] >= asked[0][0] + 3600
    assert set(world.pages()) == {*urls, "http://b.test/1"}


async def test_patience_that_a_host_asked_for_counts_for_what_is_asked_after_a_restart(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    url = "http://a.test/1"
    web.pages[url] = answer(url, status=429, Retry_After="3600")
    web.pages["http://a.test/2"] = answer("http://a.test/2", "fine")
    first = crawler_of(world, web, clock, attempts=1)
    async with running(first, clock):
        await first.take(0, [ask(url)])
        assert await clock.run_for(10, first.idle)
    second = crawler_of(world, web, clock)
    async with running(second, clock):
        await second.take(0, [ask("http://a.test/2")])
        assert await clock.run_for(7200, second.idle)
    assert web.log[-1][0] >= START + 3600


async def test_patience_asked_for_by_the_answer_to_robots_txt_is_obeyed(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    rules = "http://a.test/robots.txt"
    web.pages[rules] = [answer(rules, status=503, Retry_After="7200"), answer(rules, status=404)]
    web.pages["http://a.test/1"] = answer("http://a.test/1", "one")
    crawler = crawler_of(world, web, clock)
    async with running(crawler, clock):
        await crawler.take(0, [ask("http://a.test/1")])
        assert await clock.run_for(86_400, crawler.idle)
    times = [entry[0] - START for entry in web.log]
    assert times[0] == 0
    assert times[1] >= 7200
    assert world.pages() == ["http://a.test/1"]


async def test_what_waits_for_its_time_is_no_lag_and_what_could_begin_is(
    world: World, web: ScriptedWeb, clock: VirtualClock
) -> None:
    urls = [f"http://h{n}.test/" for n in range(5)]
    for url in urls:
        web.pages[url] = answer(url, status=503, Retry_After="3600")
        web.seconds[url] = 1
    crawler = crawler_of(world, web, clock, concurrency=1)
    async with running(crawler, clock):
        assert crawler.pending() == 0
        await crawler.take(0, [ask(url) for url in urls])
        await clock.run_for(2.5)
        assert 0 < crawler.pending() <= 5
        await clock.run_for(30)
        assert crawler.pending() == 0
        assert not crawler.idle()
        await clock.run_for(3600 - 30)
        assert 0 < crawler.pending() <= 5
