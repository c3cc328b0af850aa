"""When an HTML page was published and modified.

What the page tells machines and what it shows its readers are weighed against each other. Readers
are believed to see the publisher's own day: machines are often told the day in Greenwich, the day
of a new template, or the first day of a page that is written anew each year.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from services.cleaner.dates.reading import Order, believable, on_day_of, url_date
from services.cleaner.extracted import Dated, Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.datefacts import facts, modified_facts, state
from services.cleaner.metadata.datemarks import Shown, order_of, order_shown, shown_dates

_CONVINCING: Final = -1.2
"""The weight from which a date that readers see is set against what machines are told."""
_ALONE: Final = -4.0
"""The weight from which it is believed where there is nothing else."""

_SURE: Final = {
    "agreed": 0.97, "stated": 0.91, "shown": 0.85, "updated": 0.75, "url": 0.97, "weak": 0.7,
    "script": 0.7,
}  # fmt: skip


def dates(page: Page, found: Extracted) -> None:
    """Fill when it was published and modified."""
    order = order_of(page) or order_shown(page.blocks)
    stated = facts(page, order)
    address = believable(url_date(page.url or found.canonical_url or ""), page.now)
    days = {dated.moment.date() for dated in stated}
    language = page.language_tag[:2].lower()
    shown = shown_dates(page, order, language)
    weighed = _best(shown, days, address)
    published: Dated | None
    if stated:
        published, why = _of_statements(stated, weighed, address)
    else:
        published, why = _of_readers(page, weighed, address, order, language)
    if published is not None:
        published = on_day_of(published, address)
        found.put("published", published, published.found_in, _SURE[why])
    _modified(page, order, published, shown, found)


def _modified(
    page: Page, order: Order | None, published: Dated | None, shown: list[Shown], found: Extracted
) -> None:
    changes = modified_facts(page, order)
    changes += [
        mark.dated.found("byline")
        for mark in shown
        if mark.kind == "updated" and not mark.aside and mark.dated is not published
    ]
    for changed in changes:
        if published is None or changed.moment >= published.moment:
            found.put("modified", changed, changed.found_in)
            return


def _of_statements(
    stated: list[Dated], weighed: tuple[float, Shown] | None, address: Dated | None
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
    if mark.kind == "updated" and any(dated.found_in == "meta" for dated in stated):
        return first, "stated"
    return seen.found(_place(mark)), "updated" if mark.kind == "updated" else "shown"


def _of_readers(
    page: Page,
    weighed: tuple[float, Shown] | None,
    address: Dated | None,
    order: Order | None,
    language: str,
) -> tuple[Dated | None, str]:
    """The date where machines are told none."""
    if weighed is not None and weighed[0] >= _CONVINCING:
        mark = weighed[1]
        agreed = address is not None and address.moment.date() == mark.dated.moment.date()
        kind = "agreed" if agreed else "updated" if mark.kind == "updated" else "shown"
        return mark.dated.found(_place(mark)), kind
    if address is not None:
        return address.found("url"), "url"
    if weighed is not None and weighed[0] >= _ALONE:
        return weighed[1].dated.found(_place(weighed[1])), "weak"
    told = state(page)
    if told is not None:
        return told, "script"
    weighed = _best(shown_dates(page, order, language, everywhere=True), set(), None)
    if weighed is not None and weighed[0] >= _ALONE:
        return weighed[1].dated.found("text"), "weak"
    return None, ""


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
    weight = -0.12 * distance if 0 <= distance <= 10 else -1.2 - 0.05 * (distance - 10)
    if distance < 0:
        weight = -0.6 + 0.15 * distance
    weight += {"published": 1.5, "updated": -0.6}.get(mark.kind, 0.0)
    weight += 0.8 * mark.marked - 2.5 * mark.aside - 1.0 * mark.linked
    weight -= min(1.5, mark.rest / 60)
    if mark.dated.moment.date() == address:
        weight += 3.0
    if mark.dated.moment.date() in days and mark.kind != "updated":
        weight += 2.5
    return weight


def _near(one: Dated, other: Dated) -> bool:
    return abs((one.moment.date() - other.moment.date()).days) <= 1


def _place(mark: Shown) -> str:
    return "time" if mark.timed else "byline"
