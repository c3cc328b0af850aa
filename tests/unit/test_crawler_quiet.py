"""The alarm of sources that go quiet: when it comes, and how seldom it comes for nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from services.crawler.quiet import LEARN, P, alarm
from services.crawler.source_state import DAYS, SourceState

DAY = 86_400
MONDAY = 7_001 * 7 - 3  # day 0, 1970-01-01, was a Thursday

Daily = Callable[[random.Random, int], int]


def poisson(chance: random.Random, mean: float) -> int:
    """Knuth's method; fine for small means."""
    limit, count, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        count += 1
        product *= chance.random()
    return count


def weekdays(mean: float) -> Daily:
    return lambda chance, day: poisson(chance, mean) if (day - MONDAY) % 7 < 5 else 0


SOURCES: dict[str, Daily] = {
    "twenty a day": lambda chance, _: poisson(chance, 20),
    "one a day": lambda chance, _: poisson(chance, 1),
    "two a week": lambda chance, _: poisson(chance, 2 / 7),
    "every Tuesday and Friday": lambda _, day: int((day - MONDAY) % 7 in (1, 4)),
    "one a month": lambda chance, _: poisson(chance, 1 / 30),
    "silent on weekends": weekdays(20),
    "few, silent on weekends": weekdays(2),
    "of changing pace": lambda chance, _: poisson(chance, chance.expovariate(1 / 8)),
    "in bursts": lambda chance, _: 20 + poisson(chance, 5) if chance.random() < 0.2 else 0,
    "a digest a week": lambda _, day: 15 if day % 7 == 2 else 0,
}


def watched(daily: Daily, days: int, chance: random.Random, backlog: int = 30) -> SourceState:
    """A source that was polled every day of ``days``; it had ``backlog`` entries at the first."""
    state = SourceState("news", "https://news.example/feed")
    for day in range(MONDAY, MONDAY + days):
        poll(state, day, daily(chance, day) if day > MONDAY else backlog)
    return state


def poll(state: SourceState, day: int, new: int) -> None:
    state.succeeded(day * DAY + 80_000, new)


def days_until_alarm(state: SourceState, most: int) -> int | None:
    """Days of polls that find nothing until the alarm comes."""
    day = int(state.last_success // DAY)
    for silent in range(1, most + 1):
        poll(state, day + silent, 0)
        if alarm(state) is not None:
            return silent
    return None


@pytest.mark.parametrize("name", SOURCES)
def test_false_alarms_of_healthy_sources_are_rare(name: str) -> None:
    chance = random.Random(name)
    sources, days, alarms = 40, 500, 0
    for _ in range(sources):
        state = watched(SOURCES[name], 1, chance)
        alarmed = False
        for day in range(MONDAY + 1, MONDAY + days):
            poll(state, day, SOURCES[name](chance, day))
            before, alarmed = alarmed, alarm(state) is not None
            alarms += alarmed and not before
    # Random bursts are the worst case: about one alarm in eight years; all others far fewer.
    assert alarms / (sources * days / 365) <= (0.3 if name == "in bursts" else 0.1)


@pytest.mark.parametrize(
    ("name", "soonest", "latest"),
    [
        ("twenty a day", 2, 3),
        ("one a day", 6, 30),
        ("every Tuesday and Friday", 14, 50),
        ("silent on weekends", 2, 5),
        ("of changing pace", 2, 30),
        ("a digest a week", 2, 20),
    ],
)
def test_a_source_that_stops_alarms(name: str, soonest: int, latest: int) -> None:
    chance = random.Random(name)
    for _ in range(20):
        state = watched(SOURCES[name], 60 + chance.randrange(7), chance)
        silent = days_until_alarm(state, latest)
        assert silent is not None
        assert silent >= soonest


def test_the_alarm_stays_until_something_new_comes_and_tells_its_reasons() -> None:
    state = watched(lambda _, __: 10, 40, random.Random(1))
    last = int(state.last_success // DAY)
    for silent in range(1, 200):
        poll(state, last + silent, 0)
    found = alarm(state)
    assert found is not None
    assert found.days == 198
    assert found.expected == pytest.approx(1980)
    assert 0 <= found.probability < P
    poll(state, last + 200, 1)
    assert alarm(state) is None


def test_a_source_of_one_entry_a_month_waits_for_years() -> None:
    state = watched(lambda _, day: int((day - MONDAY) % 30 == 29), 89, random.Random(1))
    assert days_until_alarm(state, 365) is None


def test_a_silent_weekend_is_no_alarm_and_a_silent_monday_is() -> None:
    state = watched(lambda _, day: 20 if (day - MONDAY) % 7 < 5 else 0, 33, random.Random(1))
    friday = int(state.last_success // DAY)
    assert (friday - MONDAY) % 7 == 4
    assert days_until_alarm(state, 10) == 4  # on Tuesday


def test_nothing_is_said_of_new_failing_or_unwatched_sources() -> None:
    busy: Daily = lambda _, __: 50  # noqa: E731 - a table of such stands above
    assert alarm(SourceState("new", "https://new.example/")) is None
    assert days_until_alarm(watched(busy, LEARN, random.Random(1)), 100) is None
    assert days_until_alarm(watched(busy, LEARN + 1, random.Random(1)), 100) == 2
    failing = watched(busy, 40, random.Random(1))
    now = failing.last_success
    for day in range(1, 30):
        failing.failed(now + day * DAY, "http_503")
    assert alarm(failing) is None
    # Back after a month without a look: what came meanwhile is not known yet.
    poll(failing, int(now // DAY) + 30, 1)
    assert alarm(failing) is None
    stopped = watched(busy, 40, random.Random(1))
    assert alarm(stopped) is None  # nobody looks any more: its last success is its last entry


def test_a_silence_like_one_before_is_no_alarm() -> None:
    def holidays(_: random.Random, day: int) -> int:
        return 0 if 20 <= day - MONDAY < 25 else 12

    state = watched(holidays, 40, random.Random(1))
    silent = days_until_alarm(state, 30)
    assert silent is not None
    assert silent > 5


def test_the_backlog_of_the_first_day_is_no_measure() -> None:
    state = watched(lambda _, day: int(day % 14 == 0), DAYS - 2, random.Random(1), backlog=5_000)
    assert days_until_alarm(state, 20) is None
