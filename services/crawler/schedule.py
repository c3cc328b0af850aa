"""When a source is read again, and when a failure is tried again."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

from services.crawler.settings import CrawlerSettings
from services.crawler.source_state import SourceState

FIRST_INTERVAL: Final = 900.0
"""Seconds between polls of a source of which nothing is known yet."""
_MEMORY: Final = 86_400.0
"""Seconds in which what was observed loses two thirds of its weight: a day, since nights differ."""
_EXPECTED: Final = 0.75
"""New entries that a poll should find."""
_LONGEST_WISH: Final = 3_600.0
"""How much of a source's own wish for patience (ttl, max-age) is obeyed."""
_FIRST_RETRY: Final = 30.0
_LONGEST_RETRY: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intervals between ``shortest`` and ``longest`` seconds."""

    shortest: float
    longest: float

    @classmethod
    def of(cls, settings: CrawlerSettings) -> Schedule:
        """The schedule that the settings ask for."""
        return cls(settings.min_interval, max(settings.min_interval, settings.max_interval))

    def after_success(
        self, state: SourceState, now: float, new: int, *, wish: float, fixed: float | None
    ) -> None:
        """Set the next poll after one that found ``new`` entries; ``wish`` is ttl or max-age.

        Call it before the poll is noted in ``state``. The rate of new entries is an exponentially
        weighted mean; the interval moves towards the time in which three quarters of an entry are
        expected, and per poll at most to its half, or half as much again.
        """
        before = state.last_success
        interval = self._bounded(state.interval or FIRST_INTERVAL)
        if before and now > before:
            weight = -math.expm1((before - now) / _MEMORY)
            state.rate += weight * (new / (now - before) - state.rate)
            target = _EXPECTED / state.rate if state.rate > 0 else math.inf
            if new:
                interval = max(interval / 2, min(interval, target))
            else:
                interval = min(interval * 1.5, max(interval, target))
        bound = min(wish, _LONGEST_WISH)
        interval = self._bounded(max(interval, bound))
        state.interval = fixed if fixed is not None else interval
        state.next_due = aligned(state.url, now, state.interval)

    def after_failure(
        self, state: SourceState, now: float, *, fixed: float | None, gone: bool
    ) -> None:
        """Set the next poll after ``state.errors`` errors in a row: ever later, up to ``longest``.

        ``gone`` is for what will hardly come back (404, robots.txt): at once once a day.
        """
        usual = fixed if fixed is not None else self._bounded(state.interval or FIRST_INTERVAL)
        longest = max(self.longest, usual)
        wait = longest if gone else min(longest, usual * 2.0 ** min(max(state.errors - 1, 0), 30))
        state.next_due = aligned(state.url, now, wait)

    def _bounded(self, interval: float) -> float:
        return min(self.longest, max(self.shortest, interval))


def share(text: str) -> float:
    """A number from 0 to 1 that only depends on ``text``."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def aligned(url: str, now: float, interval: float) -> float:
    """The next poll, half to one and a half intervals from ``now``, afterwards one apart.

    Each URL has its own phase in the interval, so that sources that were added at once, or were
    all overdue, are spread evenly over it from then on.
    """
    phase = share(url) * interval
    earliest = now + interval / 2
    return phase + math.ceil((earliest - phase) / interval) * interval


def retry_at(url: str, now: float, tries: int) -> float:
    """When a page is tried again after ``tries`` failures: doubling waits, up to an hour."""
    wait = min(_LONGEST_RETRY, _FIRST_RETRY * 2.0 ** min(tries - 1, 30))
    return now + wait * (0.75 + 0.5 * share(f"{tries} {url}"))
