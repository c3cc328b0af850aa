"""What stands above an article: its title, who wrote it, when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.cleaner.dates.in_text import dateline
from services.cleaner.dates.reading import read_date
from services.cleaner.extracted import Dated
from services.cleaner.plain.bylines import credited, is_by_alone, is_role, lone_name, says_who
from services.cleaner.plain.furniture import Kind
from services.cleaner.plain.headline import HeadLine, headline

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
    rf"(?<=[a-z])(?={_SHORT_MONTH}(?:19|20)\d\d)|(?<=\d, (?:19|20)\d\d)(?=\d)", re.IGNORECASE
)
"""Where the text of neighbouring elements ran together: "Jane DoeDec 05, 20232 Shares"."""
_PUBLISHED_ON = re.compile(r"\b(?:published|posted)\b(?:\s(?:on|at))?\s?:?\s", re.IGNORECASE)
_UPDATED = re.compile(r"\b(?:updated|modified|edited)\b", re.IGNORECASE)
_REACH = 40  # lines above the article that may belong to it


_SAYS_PUBLISHED = re.compile(r"\b(?:published|posted|first)\b", re.IGNORECASE)
_NEAR = 8  # lines above the title in which its date may be; further up is today's
_ABOVE = 30  # lines that a date above the title is taken to be further away
_INSIDE = 12  # first lines of the article among which its head may still be
_DECK = 80  # words of headline and summary that may stand above a byline


@dataclass(slots=True)
class Head:
    """What was found above an article, and the lines that it was found in."""

    title: str = ""
    authors: list[str] = field(default_factory=list)
    dates: list[Dated] = field(default_factory=list)
    """Best first."""
    taken: set[str] = field(default_factory=set)
    """Lines that are no text: byline, date."""
    end: int = 0
    """Index of the first line below the head."""


def read_head(lines: Sequence[HeadLine], start: int, end: int) -> Head:
    """The head of the article in ``lines[start:end]``: in the 40 lines above, or in its first."""
    head = Head(end=start)
    first, below = max(0, start - _REACH), min(end, start + _INSIDE)
    dates = {
        index: dated
        for index in range(first, below)
        if (dated := _date_of(lines[index].text)) is not None
    }
    named = _named(lines[first:below], {index - first for index in dates})
    words = 0
    for index in range(first, below):
        taken = index in dates or index - first in named
        if taken:
            head.taken.add(lines[index].text)
        if index >= start:
            if taken and words <= _DECK:
                head.end = index + 1
            words += len(lines[index].text.split())
    if head.end == end:  # nothing but a head: then it is the text
        head.end = start
    head.title = headline(lines, first, start, head.end, head.taken)
    titled = _place(lines[:below], first, head.title)
    head.authors = _nearest(named, titled - first) or _below(lines, end)
    ranked = [
        (_rank(lines[index].text, abs(index - start) + _ABOVE * (index < titled)), dated)
        for index, dated in dates.items()
        if index >= min(titled, start) - _NEAR or _SAYS_PUBLISHED.search(lines[index].text)
    ]
    for line in lines[end : end + 6]:
        if _SAYS_PUBLISHED.search(line.text[:40]) and (dated := _date_of(line.text)) is not None:
            ranked.append((_rank(line.text, 100), dated))
    head.dates = [dated for _, dated in sorted(ranked, key=lambda item: item[0])]
    return head


def _named(lines: Sequence[HeadLine], dated: set[int]) -> dict[int, list[str]]:
    """The bylines among ``lines``, by index: those that say "by", else names beside something."""
    said: dict[int, list[str]] = {}
    lone: dict[int, list[str]] = {}
    for index, line in enumerate(lines):
        if line.kind is Kind.MAIL:
            continue
        following = lines[index + 1].text if index + 1 < len(lines) else ""
        names = [] if line.text.endswith((".", "?", "!", ":")) else says_who(line.text)
        if names:
            said[index] = names
        elif is_by_alone(line.text) and (names := says_who(f"By {following}")):
            said[index] = said[index + 1] = names
        elif (name := lone_name(line.text)) is not None and (
            index in dated or index + 1 in dated or index - 1 in dated
            or is_role(line.text) or is_role(following) or lone_name(following) == name
        ):  # fmt: skip
            lone[index] = [name]
    return {**lone, **said}


def _place(lines: Sequence[HeadLine], first: int, title: str) -> int:
    """The index of the last line from ``first`` on that is the title; ``first`` without one."""
    places = (index for index in range(len(lines) - 1, first, -1) if lines[index].text == title)
    return next(places, first)


def _nearest(named: dict[int, list[str]], place: int) -> list[str]:
    """The first byline at ``place`` or below it, else the last above it."""
    below = [index for index in sorted(named) if index >= place]
    above = [index for index in sorted(named, reverse=True) if index < place]
    return next((named[index] for index in (*below, *above)), [])


def _below(lines: Sequence[HeadLine], end: int) -> list[str]:
    """The people credited in the article's last lines or just below it."""
    for line in lines[max(0, end - 3) : end + 6]:
        names = credited(line.text) or (says_who(line.text) if len(line.text) <= 60 else [])
        if names:
            return names
    return []


def _date_of(text: str) -> Dated | None:
    """The date in a line that is a date, or a byline with one, and little else."""
    if len(text) > 240 or dateline(text):  # a dateline begins a paragraph
        return None
    text = _GLUED.sub(" ", text)
    said = _PUBLISHED_ON.search(text)
    dated = read_date(text[said.end() :][:40]) if said else None
    if dated is None and len(text) <= 160 and len(text.split()) <= 14:
        dated = read_date(text) if _BYLINE.match(text) or _is_date_line(text) else None
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
    words = re.findall(r"[^\W\d_]{2,}", rest)
    return len(words) <= 8 and len(rest) <= 80
