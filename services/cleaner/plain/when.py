"""Date lines around a plain text: which lines are dates, and which of them is publication."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from services.cleaner.dates.in_text import dateline
from services.cleaner.dates.reading import Order, read_date
from services.cleaner.extracted import Dated
from services.cleaner.plain.furniture import Kind
from services.cleaner.plain.headline import HeadLine

_BYLINE = re.compile(
    r"^\W{0,3}(?:(?:written|reported|posted|published|story|words) )?by:?\s+\S", re.IGNORECASE
)
_DATE_LEAD = re.compile(
    r"^\W{0,3}(?:first )?(?:published|posted|updated|last updated|last modified|date|on|created|"
    r"issued|released)?\b\W{0,3}",
    re.IGNORECASE,
)
_SHORT_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2},? "
_GLUED = re.compile(
    rf"(?<=[a-z])(?={_SHORT_MONTH}(?:19|20)\d\d)|(?<=\d, (?:19|20)\d\d)(?=\d|[A-Z][a-z])",
    re.IGNORECASE,
)
"""Where the text of neighbouring elements ran together: "Jane DoeDec 05, 20232 Shares"."""
_PUBLISHED_ON = re.compile(r"\b(?:published|posted)\b(?:\s(?:on|at))?\s?:?\s", re.IGNORECASE)
_UPDATED = re.compile(r"\b(?:updated|modified|edited|reviewed)\b", re.IGNORECASE)
_SAYS_PUBLISHED = re.compile(r"\b(?:published|posted|first)\b", re.IGNORECASE)
_LABEL = re.compile(
    r"^\W*(?:(?:date|first)\s)?(?:published|posted|publication date|date|last updated|updated|"
    r"last modified|last reviewed|(?:content|page)\s(?:current|updated)(?:\sas of)?|"
    r"veröffentlicht|publié le|publicado)"
    r"(?:\s(?:on|at))?\W*$",
    re.IGNORECASE,
)
_THEN_BY = re.compile(r"^\W{0,3}\d[^\n]{5,30}?\sby:?\s[^\W\d_]")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})/(?:19|20)\d\d(?!\d)")
_NEAR = 8  # lines above the title in which its date may be; further up is today's
_ABOVE = 30  # lines that a date above the title is taken to be further away
_UNDER: Final = 12
"""Lines below an article that may tell its day."""


def order_of(texts: Iterable[str]) -> Order | None:
    """The order of days and months in numbers, where a page's other dates tell it."""
    found: set[Order] = set()
    for text in texts:
        for first, second in _NUMBERS.findall(text[:200]):
            if int(second) > 12 >= int(first):
                found.add("mdy")
            elif int(first) > 12 >= int(second):
                found.add("dmy")
    return found.pop() if len(found) == 1 else None


def date_lines(
    lines: Sequence[HeadLine], first: int, below: int, order: Order | None
) -> dict[int, Dated]:
    """The dates of ``lines[first:below]`` that are date lines, by index."""
    return {
        index: dated
        for index in range(first, below)
        if (dated := _date_of(lines[index].text, order)) is not None
    }


def ranked(
    lines: Sequence[HeadLine],
    dates: dict[int, Dated],
    start: int,
    end: int,
    titled: Sequence[int],
    order: Order | None,
) -> list[Dated]:
    """The dates of an article in ``lines[start:end]``, the likeliest first.

    ``dates`` are those of the lines around its beginning, ``titled`` the places of its title.
    """
    last = max(titled, default=0)
    found = []
    for index, dated in dates.items():
        text = _labelled(lines, index)
        near = any(place - _NEAR <= index <= place + _NEAR for place in titled)
        if near or index >= min(last, start) - _NEAR or _SAYS_PUBLISHED.search(text):
            far = abs(index - start) + _ABOVE * (index < last)
            found.append((_rank(text, far), dated))
    listed = False
    for index in range(end, min(len(lines), end + _UNDER)):
        if lines[index].kind is Kind.COMMENTS:
            break
        listed = listed or lines[index].kind is Kind.END
        below = _date_of(lines[index].text, order)
        text = _labelled(lines, index)
        if below is not None and (not listed or _says(text)):
            found.append((_rank(text, 100), below))
    return [dated for _, dated in sorted(found, key=lambda item: item[0])]


def _says(text: str) -> bool:
    return bool(_SAYS_PUBLISHED.search(text[:40]) or _UPDATED.search(text[:40]))


def _labelled(lines: Sequence[HeadLine], index: int) -> str:
    """A line with the label above it: "Published", "March 3, 2021"."""
    text = lines[index].text
    above = lines[index - 1].text if index else ""
    return f"{above} {text}" if len(above) <= 40 and _LABEL.match(above) else text


def _date_of(text: str, order: Order | None) -> Dated | None:
    """The date in a line that is a date, or a byline with one, and little else."""
    if len(text) > 240 or dateline(text):  # a dateline begins a paragraph
        return None
    text = _GLUED.sub(" ", text)
    said = _PUBLISHED_ON.search(text)
    dated = read_date(text[said.end() :][:40], order) if said else None
    if dated is None and len(text) <= 160 and len(text.split()) <= 14:
        dated = read_date(text, order) if _BYLINE.match(text) or _is_date_line(text) else None
    return None if dated is None else dated.found("byline")


def _rank(text: str, distance: int) -> int:
    """How far down the list a date comes: what says "published" first, "updated" last."""
    if _SAYS_PUBLISHED.search(text):
        return distance - 1_000
    return distance + 1_000 * (_UPDATED.search(text) is not None)


def _is_date_line(line: str) -> bool:
    """Whether a line is a date and little else, or begins with the word "published"."""
    lead = _DATE_LEAD.match(line)
    rest = line[lead.end() :] if lead else line
    if lead and _SAYS_PUBLISHED.search(lead[0]):
        return len(rest) <= 120
    if _THEN_BY.match(rest):
        return True
    words = re.findall(r"[^\W\d_]{2,}", rest)
    return len(words) <= 8 and len(rest) <= 80
