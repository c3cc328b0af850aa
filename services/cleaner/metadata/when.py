"""When an HTML page was published and modified.

What the page tells machines and what it shows its readers are weighed against each other. Readers
are believed to see the publisher's own day: machines are often told the day in Greenwich, the day
of a new template, or the first day of a page that is written anew each year.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Final

from services.cleaner.dates.reading import ARCHIVED, Order, believable, on_day_of, url_date
from services.cleaner.extracted import Dated, Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.datefacts import facts, modified_facts, state
from services.cleaner.metadata.datemarks import Shown, order_of, order_shown, shown_dates

_CONVINCING: Final = -1.2
"""The weight from which a date that readers see is set against what machines are told."""
_OBVIOUS: Final = 1.5
"""The weight from which it is set against the day in the address, which may be of an issue."""
_CLOSE: Final = 12
"""Blocks from the headline within which an update is the article's."""
_ABOVE: Final = 8
"""Blocks before the headline from which a date is rather of an article above than of this one."""
_LIKELY: Final = -2.5
"""The weight from which it is believed where machines are told nothing."""
_ALONE: Final = -4.0
"""The weight from which it is believed where there is nothing else on the page."""
_TOLD: Final = -6.3
"""The same where words tell what the date is, as "Last updated" in the foot of a page."""

_SURE: Final = {
    "agreed": 0.96, "stated": 0.87, "shown": 0.93, "updated": 0.74, "url": 0.95, "weak": 0.74,
    "script": 0.6, "faint": 0.5,
}  # fmt: skip
"""The share of 1,104 evaluation pages on which the day was right, by what spoke for it; that of
addresses alone is rounded down from 8 of 8, that of faint ones from 4 of 6."""


def dates(page: Page, found: Extracted) -> None:
    """Fill when it was published and modified."""
    order = order_of(page) or order_shown(page.blocks)
    stated = facts(page, order)
    address = believable(url_date(page.url or found.canonical_url or ""), page.now)
    days = {dated.moment.date() for dated in stated}
    language = page.language_tag[:2].lower()
    shown = shown_dates(page, order, language, opening=not stated)
    weighed = _best(shown, days, address)
    published: Dated | None
    if stated:
        changed = modified_facts(page, order)
        published, why = _of_statements(stated, changed, weighed, address, order)
        published = on_day_of(published, address)
    else:
        published, why = _of_readers(page, weighed, address, order, language)
    if published is None or why == "faint":
        archived = _archived(page, order, language)
        published, why = (archived, "agreed") if archived is not None else (published, why)
    if published is not None:
        found.put("published", published, published.found_in, _SURE[why])
    _modified(page, order, published, shown, found)


def _archived(page: Page, order: Order | None, language: str) -> Dated | None:
    """A day before the web, which a page of an archive tells machines and readers alike."""
    stated = facts(page, order, ARCHIVED)
    if not stated:
        return None
    marks = shown_dates(page, order, language, earliest=ARCHIVED)
    seen = {mark.dated.moment.date() for mark in marks}
    address = url_date(page.url or "")
    if address is not None:
        seen.add(address.moment.date())
    return next((dated for dated in stated if dated.moment.date() in seen), None)


def _modified(
    page: Page, order: Order | None, published: Dated | None, shown: list[Shown], found: Extracted
) -> None:
    changes = modified_facts(page, order)
    changes += [
        mark.dated.found("byline")
        for mark in shown
        if mark.kind == "updated" and abs(mark.distance) <= _CLOSE and not mark.aside
    ]
    for changed in changes:
        if published is None or changed.moment >= published.moment:
            found.put("modified", changed, changed.found_in)
            return


def _of_statements(
    stated: list[Dated],
    changed: list[Dated],
    weighed: tuple[float, Shown] | None,
    address: Dated | None,
    order: Order | None,
) -> tuple[Dated, str]:
    """The date where machines are told one."""
    first = stated[0]
    days = {dated.moment.date(): dated for dated in reversed(stated)}
    by_address = days.get(address.moment.date()) if address is not None else None
    if weighed is None or weighed[0] < _CONVINCING:
        return (by_address, "agreed") if by_address is not None else (first, "stated")
    mark = weighed[1]
    seen = mark.dated
    if seen.moment.date() in days:
        return days[seen.moment.date()], "agreed"
    if _near(seen, first):
        # The same moment on the publisher's day, which the machine was told in UTC.
        local = on_day_of(first, seen)
        if local.moment.date() == seen.moment.date():
            return local, "agreed"
    elif by_address is not None:
        return by_address, "agreed"
    if order != "dmy" and _swapped(seen) == first.moment.date():
        return first, "agreed"
    updated = mark.kind == "updated"
    change = updated or any(_same_day(seen, dated) for dated in changed)
    if change and any(dated.found_in == "meta" for dated in stated):
        return first, "stated"
    if mark.distance < -_ABOVE:
        return first, "stated"
    return seen.found(_place(mark)), "updated" if updated else "shown"


def _of_readers(
    page: Page,
    weighed: tuple[float, Shown] | None,
    address: Dated | None,
    order: Order | None,
    language: str,
) -> tuple[Dated | None, str]:
    """The date where machines are told none."""
    if address is not None:
        if weighed is not None and weighed[0] >= _CONVINCING:
            seen = weighed[1].dated.found(_place(weighed[1]))
            if _near(seen, address):
                return seen, "agreed"
            if weighed[0] >= _OBVIOUS:
                return seen, "shown"
        return address.found("url"), "url"
    if weighed is not None and weighed[0] >= _CONVINCING:
        mark = weighed[1]
        kind = "updated" if mark.kind == "updated" else "shown"
        return mark.dated.found(_place(mark)), kind
    if weighed is not None and weighed[0] >= _LIKELY:
        return weighed[1].dated.found(_place(weighed[1])), "weak"
    told = state(page)
    if told is not None:
        return told, "script"
    marks = shown_dates(page, order, language, everywhere=True)
    anywhere = _best(marks, set(), None)
    if weighed is None or (anywhere is not None and anywhere[0] > weighed[0]):
        # Dates far below may make a list of one near the headline: the heavier view of it counts.
        weighed = anywhere
    if weighed is not None and weighed[0] >= _ALONE:
        return weighed[1].dated.found("text"), "weak"
    weighed = _best([mark for mark in marks if mark.kind and not mark.listed], set(), None)
    if weighed is not None and weighed[0] >= _TOLD:
        return weighed[1].dated.found("text"), "faint"
    newest = _newest(marks)
    return (newest.found("text"), "faint") if newest is not None else (None, "")


def _newest(marks: list[Shown]) -> Dated | None:
    """The newest of the days of a list, whose page was published with it, where the list runs from
    new to old."""
    listed = [mark.dated for mark in marks if mark.listed and mark.marked]
    if not listed or any(later.moment > one.moment for one, later in pairwise(listed)):
        return None
    return listed[0]


def _best(shown: list[Shown], days: set[date], address: Dated | None) -> tuple[float, Shown] | None:
    """The heaviest of the dates that readers see, the first of equals."""
    day = address.moment.date() if address is not None else None
    return max(
        ((_weight(mark, days, day), mark) for mark in shown), key=lambda pair: pair[0], default=None
    )


def _weight(mark: Shown, days: set[date], address: date | None) -> float:
    """How much speaks for a date, in units of about one block of distance times eight.

    Set by hand on the evaluation pages: what matters is the order of the parts, not their size.
    """
    distance = mark.distance
    if distance < 0:
        weight = max(-3.0, -0.6 + 0.15 * distance)
    else:
        weight = max(-3.0, -0.12 * distance if distance <= 10 else -1.2 - 0.05 * (distance - 10))
    weight += {"published": 1.5, "updated": -0.6}.get(mark.kind, 0.0)
    weight += 0.8 * mark.marked - 1.0 * mark.linked
    if mark.aside:
        weight -= 1.0 if 0 <= distance <= 3 else 2.5
    if mark.listed and (mark.linked or not -3 <= distance <= 3):
        weight -= 3.0
    weight -= min(1.5, mark.rest / 60)
    if mark.rest > 80 and not mark.timed and not mark.kind:
        weight -= 2.0  # a sentence
    if mark.dated.moment.date() == address:
        weight += 3.0
    if mark.dated.moment.date() in days and mark.kind != "updated":
        weight += 2.5
    return weight


def _same_day(one: Dated, other: Dated) -> bool:
    return one.moment.date() == other.moment.date()


def _swapped(dated: Dated) -> date | None:
    """The day with its numbers read the other way round."""
    day = dated.moment.date()
    return date(day.year, day.day, day.month) if day.day <= 12 else None


def _near(one: Dated, other: Dated) -> bool:
    return abs((one.moment.date() - other.moment.date()).days) <= 1


def _place(mark: Shown) -> str:
    return "time" if mark.timed else "byline"
