"""What stands above an article: its title, who wrote it, when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.cleaner.dates import read_date
from services.cleaner.extracted import Dated
from services.cleaner.furniture import Kind
from services.cleaner.names import people
from services.cleaner.titles import squeezed

_BYLINE = re.compile(
    r"^\W{0,3}(?:(?:written|reported|posted|published|story|words) )?by:?\s+\S", re.IGNORECASE
)
_DATE_LEAD = re.compile(
    r"^\W{0,3}(?:first )?(?:published|posted|updated|last updated|last modified|date|on|created|"
    r"issued|released)?\b\W{0,3}",
    re.IGNORECASE,
)
_UPDATED = re.compile(r"\b(?:updated|modified|edited)\b", re.IGNORECASE)
_AFTER_NAME = re.compile(r"\s(?://|\||•|·|–|—|-)\s|\bon\b|\bpublished\b", re.IGNORECASE)
_REACH = 40  # lines above the article that may belong to it


_SAYS_PUBLISHED = re.compile(r"\b(?:published|posted|first)\b", re.IGNORECASE)
_INSIDE = 12  # first lines of the article among which its head may still be
_DECK = 80  # words of headline and summary that may stand above a byline


class HeadLine(Protocol):
    """What is read of a line of the page."""

    text: str
    bullet: bool
    kind: Kind | None
    gap: bool


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
    below_title: int = 0
    """Index of the first line below the title; of the first of all where there is none."""


def read_head(lines: Sequence[HeadLine], start: int, end: int) -> Head:
    """The head of the article in ``lines[start:end]``: in the 40 lines above, or in its first."""
    head = Head(end=start)
    ranked: list[tuple[int, Dated]] = []
    words = 0
    for index in range(max(0, start - _REACH), min(end, start + _INSIDE)):
        line = lines[index]
        taken = _read_line(line, head, ranked, index - start)
        if index >= start:
            if taken and words <= _DECK:
                head.end = index + 1
            words += len(line.text.split())
    for line in lines[end : end + 6]:
        if _SAYS_PUBLISHED.search(line.text[:40]):
            _read_line(line, Head(), ranked, 100)
    head.dates = [dated for _, dated in sorted(ranked, key=lambda item: item[0])]
    if head.end == end:  # nothing but a head: then it is the text
        head.end = start
    _find_title(lines, max(0, start - _REACH), head)
    return head


def _read_line(line: HeadLine, head: Head, ranked: list[tuple[int, Dated]], distance: int) -> bool:
    """Whether ``line`` is a byline or a date; what it says goes to ``head`` and ``ranked``."""
    text = line.text
    if len(text) > 160 or len(text.split()) > 14:
        return False
    taken = False
    byline = _BYLINE.match(text)
    if byline and not text.endswith((".", "?", "!")):
        names = people([_AFTER_NAME.split(text, maxsplit=1)[0]])
        head.authors = head.authors or names
        taken = bool(names)
    dated = read_date(text)
    if dated is not None and (byline or _is_date_line(text)):
        taken = True
        rank = abs(distance)
        if _SAYS_PUBLISHED.search(text):
            rank -= 1_000
        elif _UPDATED.search(text):
            rank += 1_000
        ranked.append((rank, dated.found("byline")))
    if taken:
        head.taken.add(text)
    return taken


def _is_date_line(line: str) -> bool:
    """Whether a line is a date and little else."""
    rest = _DATE_LEAD.sub("", line, count=1)
    words = re.findall(r"[^\W\d_]{2,}", rest)
    return len(words) <= 7 and len(rest) <= 60


def _find_title(lines: Sequence[HeadLine], first: int, head: Head) -> None:
    """Put the likeliest headline in ``lines[first:head.end]`` into ``head``."""
    above = lines[first : head.end]
    candidates = [
        (place, line)
        for place, line in enumerate(above)
        if line.text not in head.taken and line.kind is None and _could_be_title(line.text)
    ]
    keys = {place: squeezed(line.text) for place, line in candidates}

    def weight(item: tuple[int, HeadLine]) -> float:
        place, line = item
        key = keys[place]
        score = min(len(line.text.split()), 9) * 0.7 - 0.2 * (len(above) - place)
        # Repeated, or the end of a trail of breadcrumbs.
        score += 4 * any(other != place and keys[other].endswith(key) for other in keys)
        score += 2 * any(near.text in head.taken for near in above[place + 1 : place + 5])
        score += 2 * line.gap - 3 * line.bullet - 2 * line.text.endswith(".")
        following = above[place + 1] if place + 1 < len(above) else None
        if following is not None and len(following.text) > 1.3 * len(line.text) > 30:
            score += 1.5  # a summary follows its headline
        return score

    if candidates:
        place, line = max(candidates, key=weight)
        head.title, head.below_title = line.text, first + place + 1


def _could_be_title(text: str) -> bool:
    return 2 <= len(text.split()) <= 35 and 8 <= len(text) <= 250 and not text.endswith((",", ";"))
