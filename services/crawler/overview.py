"""How each declared source does, for people: what its states tell, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.crawler.quiet import Quiet, alarm
from services.crawler.source_state import DAYS, SourceState
from services.crawler.sources import Source

Condition = Literal["ok", "failing", "quiet", "paused", "new"]

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Overview:
    """One source. Times are Unix seconds, 0 for never."""

    source: Source
    condition: Condition
    kind: str
    """As declared, or what it turned out to be."""
    last_success: float = 0.0
    last_new: float = 0.0
    next_due: float = 0.0
    interval: float = 0.0
    """Seconds between two polls now; 0 before the first."""
    errors: int = 0
    """In a row."""
    error: str = ""
    per_day: float | None = None
    """New entries a day over the last four weeks; ``None`` when it is too new to tell."""
    moved_to: str = ""
    addresses: tuple[str, ...] = ()
    """Feeds and sitemaps that were found through it."""
    quiet: Quiet | None = None


def overviews(
    sources: Iterable[Source], states: Iterable[SourceState], now: float
) -> list[Overview]:
    """One for each of ``sources``, in their order; states of others are left out."""
    by_name: dict[str, list[SourceState]] = {}
    for state in states:
        by_name.setdefault(state.name, []).append(state)
    return [_overview(source, by_name.get(source.name, []), now) for source in sources]


def _overview(source: Source, states: Sequence[SourceState], now: float) -> Overview:
    own = next((s for s in states if not s.found_by and s.url == source.url), None)
    found = [s for s in states if s.found_by]
    if own is None:
        return Overview(source, "paused" if source.paused else "new", source.kind)
    # A home page that answers says nothing of its feeds, nor does one feed of the others.
    telling = found or [own]
    working = [state for state in telling if not state.errors]
    failed = own if own.errors else telling[0]
    failing = bool(own.errors) or not working
    merged = _merged(working or telling)
    quiet = None if failing else alarm(merged)
    condition: Condition = "ok"
    if source.paused:
        condition = "paused"
    elif failing:
        condition = "failing"
    elif quiet is not None:
        condition = "quiet"
    elif not merged.last_success:
        condition = "new"
    return Overview(
        source,
        condition,
        own.kind,
        last_success=max(state.last_success for state in states),
        last_new=max(state.last_new for state in states),
        next_due=min(state.next_due for state in telling),
        interval=min((s.interval for s in telling if s.interval), default=0.0),
        errors=failed.errors if failing else 0,
        error=failed.error if failing else "",
        per_day=merged.per_day(now),
        moved_to=own.moved_to,
        addresses=tuple(sorted(state.url for state in found)),
        quiet=quiet,
    )


def _merged(states: Sequence[SourceState]) -> SourceState:
    """The states of several addresses as if they were one."""
    if len(states) == 1:
        return states[0]
    last = max(state.day for state in states)
    found = [0] * DAYS
    for state in states:
        for age, count in enumerate(reversed(state.found), last - state.day):
            if age < DAYS:
                found[-1 - age] += count
    length = max(len(state.found) + last - state.day for state in states)
    return SourceState(
        states[0].name,
        states[0].url,
        last_success=max(state.last_success for state in states),
        last_new=max(state.last_new for state in states),
        day=last,
        found=found[DAYS - min(DAYS, length) :],
        total=sum(state.total for state in states),
    )
