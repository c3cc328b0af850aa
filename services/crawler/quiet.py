"""Tells when a source that answers has gone quiet against its own past.

The unit is the whole day (UTC) without a new entry, since hours within a day follow no pattern
that a few weeks could teach. The past is the days that were watched before the silence, at most
:data:`~services.crawler.source_state.DAYS`; the day on which the source was first read is left out:
what it found then is older. The model, for each day of the week by itself:

- The number of entries is a Poisson variable whose rate has a gamma prior of shape and rate 0;
  after ``n`` such days with ``s`` entries in all, ``k`` more without any have the probability
  ``(n / (n + k)) ** s`` (the gamma-Poisson predictive distribution; Gelman et al., Bayesian Data
  Analysis, 2.6). A day of the week that never brought anything is expected to bring nothing, so
  silent weekends alarm nobody.
- Entries come in bursts: ``s`` is divided by the dispersion, Pearson's chi-squared over its degrees
  of freedom (McCullagh and Nelder, Generalized Linear Models, 6.2.3), where that is more than 1.

A source is quiet when the product over the days of the week is below :data:`P`, and the silence is
longer than any of its past. The probability holds for each silence, so rare sources have few
chances to alarm falsely, and one with an entry a month needs years.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from services.crawler.source_state import SourceState

P: Final = 1e-3
"""Silences of healthy sources that are taken for an alarm; the tests tell the rate by the year."""

LEARN: Final = 14
"""Days to be watched before anything is said: each day of the week twice."""

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Quiet:
    """An alarm: ``days`` whole days without anything new, ``expected`` entries in that time, and
    how probable such a silence is by chance."""

    days: int
    expected: float
    probability: float


def alarm(state: SourceState) -> Quiet | None:
    """The alarm of a source, ``None`` when it is not quiet, fails, or is too new to tell.

    Only the time until its last success counts: when nobody looked, nothing could come.
    """
    if state.errors or not state.last_new:
        return None
    last = int(state.last_new // _DAY)
    silent = range(last + 1, int(state.last_success // _DAY))
    past = _past(state, last)
    if len(past) < LEARN or len(silent) <= _longest_silence(past):
        return None
    first = last - len(past) + 1
    days, entries, zeros = [0] * 7, [0] * 7, [0] * 7
    for day, found in enumerate(past, first):
        days[day % 7] += 1
        entries[day % 7] += found
    for day in silent:
        zeros[day % 7] += 1
    dispersion = _dispersion(past, first, days, entries)
    log_p = sum(
        s / dispersion * math.log(n / (n + k))
        for n, s, k in zip(days, entries, zeros, strict=True)
        if n
    )
    if log_p >= math.log(P):
        return None
    expected = sum(s / n * k for n, s, k in zip(days, entries, zeros, strict=True) if n)
    return Quiet(len(silent), expected, math.exp(max(log_p, -700)))


def _past(state: SourceState, last: int) -> list[int]:
    """Entries of each day until ``last``, without the day on which it was first read."""
    past = state.found[: max(0, len(state.found) - max(0, state.day - last))]
    return past[1:] if sum(state.found) == state.total else past


def _longest_silence(past: list[int]) -> int:
    longest = run = 0
    for found in past:
        run = 0 if found else run + 1
        longest = max(longest, run)
    return longest


def _dispersion(past: list[int], first: int, days: list[int], entries: list[int]) -> float:
    """Variance over mean within days of the week; at least 1."""
    chi_squared = 0.0
    freedom = sum(n - 1 for n, s in zip(days, entries, strict=True) if s)
    for day, found in enumerate(past, first):
        mean = entries[day % 7] / days[day % 7]
        if mean:
            chi_squared += (found - mean) ** 2 / mean
    return max(1.0, chi_squared / freedom) if freedom > 0 else 1.0
