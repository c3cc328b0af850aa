"""The pace of hosts: one request at a time, never closer together than the delay."""

from __future__ import annotations

from collections import defaultdict
from email.utils import formatdate
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.crawler.pace import LONGEST_WAIT, Pace, decode, retry_after
from services.crawler.ports import FetchFailed
from shared.fetching import FetchRequest, host_of
from tests.unit.crawler_fakes import (
    START,
    Reply,
    ScriptedWeb,
    VirtualClock,
    World,
    answer,
    crawler_of,
    running,
)

REPLIES = ("fine", "redirect", "elsewhere", "429", "503", "timed_out", "refused")


def reply_of(kind: str, url: str, number: int) -> Reply:
    if kind == "redirect":
        return answer(url, status=302, location=f"{url}/{number}")
    if kind == "elsewhere":
        return answer(url, status=301, location=f"http://h{number % 4}.test/moved/{number}")
    if kind in ("429", "503"):
        return answer(url, status=int(kind), Retry_After=str(number % 50))
    if kind == "timed_out":
        return FetchFailed("timed_out", "late", again=True)
    if kind == "refused":
        return FetchFailed("connect_failed", "refused", again=True)
    return answer(url, f"page {number}")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
async def test_requests_to_a_host_never_meet_nor_come_too_close(data: st.DataObject) -> None:
    clock = VirtualClock()
    world, web = World(), ScriptedWeb(clock)
    delay = data.draw(st.sampled_from([0.0, 0.5, 1.0, 4.0]))
    asked = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, 3),
                st.sampled_from(REPLIES),
                st.sampled_from([0.0, 0.1, 3.0, 30.0]),
                st.floats(0, 20),
            ),
            min_size=1,
            max_size=12,
        )
    )
    robots = data.draw(st.sampled_from(["", "User-agent: *\nCrawl-delay: 9", None, "elsewhere"]))
    for host in range(4):
        url = f"http://h{host}.test/robots.txt"
        if robots == "elsewhere":  # all have their rules at one place
            web.pages[url] = answer(url, status=301, location="http://rules.test/robots.txt")
        elif robots is not None:
            web.pages[url] = answer(url, robots)
    crawler = crawler_of(world, web, clock, delay=delay, attempts=3, concurrency=2)
    async with running(crawler, clock) as task:
        for number, (host, kind, seconds, pause) in enumerate(asked):
            url = f"http://h{host}.test/{number}"
            web.pages[url] = reply_of(kind, url, number)
            web.seconds[url] = seconds
            await crawler.take(0, [FetchRequest(url=url, kind="page")])
            await clock.run_for(pause)
            for request in world.requests()[:20]:
                await crawler.take(0, [request])
        assert await clock.run_for(7 * 86_400, crawler.idle), task
    least = 9.0 if robots and "9" in robots else delay
    times = defaultdict(list)
    for began, ended, url, _ in web.log:
        times[host_of(url)].append((began, ended))
    assert web.most_open == 1
    for name, spans in times.items():
        allowed = delay if name == "rules.test" else least
        for (_, ended), (began, _) in pairwise(sorted(spans)):
            assert began - ended >= allowed - 1e-6, name


def test_a_host_that_is_overloaded_is_slowed_and_recovers() -> None:
    pace = Pace(1.0, 60.0)
    now = START
    delays = []
    for _ in range(8):
        now = max(now, pace.ready_at)
        pace.begin(now)
        pace.end(now)
        pace.overloaded(now)
        delays.append(pace.delay)
    assert delays == [2, 4, 8, 16, 32, 60, 60, 60]
    for _ in range(30):
        pace.fine()
    assert pace.delay == 1.0
    assert pace.encode() is None


def test_a_host_without_a_delay_recovers_wholly() -> None:
    pace = Pace(0.0, 60.0)
    pace.overloaded(START)
    for _ in range(20):
        pace.fine()
    assert pace.delay == 0


def test_a_pace_survives_and_is_kept_within_the_settings() -> None:
    pace = Pace(1.0, 60.0)
    pace.overloaded(START, 500)
    value = pace.encode()
    assert value is not None
    other = Pace(1.0, 60.0)
    other.restore(*decode(value))
    assert (other.delay, other.ready_at) == (2.0, START + 500)


def test_a_request_before_its_time_is_a_mistake() -> None:
    pace = Pace(1.0, 60.0)
    pace.begin(START)
    with pytest.raises(RuntimeError, match="before"):
        pace.begin(START)
    pace.end(START)
    with pytest.raises(RuntimeError, match="before"):
        pace.begin(START + 0.9)
    pace.begin(START + 1)


def test_robots_may_ask_for_more_but_not_for_ever() -> None:
    pace = Pace(1.0, 60.0)
    pace.ask(5.0)
    assert pace.delay == 5
    pace.ask(100_000.0)
    assert pace.delay == 60
    pace.ask(1.0)
    assert pace.delay == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("99999999999999999999", LONGEST_WAIT),
        (formatdate(START + 90, usegmt=True), 90),
        (formatdate(START - 90, usegmt=True), 0),
        (formatdate(START + 10 * LONGEST_WAIT, usegmt=True), LONGEST_WAIT),
        ("Thursday, 01-Jan-26 00:01:00 GMT", 60),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("1.5", 0),
        ("Thu, 99 Jan 2026 99:99:99 GMT", 0),
        ("²", 0),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    assert retry_after(value, START) == seconds
