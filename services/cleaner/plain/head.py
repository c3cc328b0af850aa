"""What stands above an article: its title, who wrote it, when."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from services.cleaner.extracted import Dated
from services.cleaner.metadata.names import Credit
from services.cleaner.metadata.names import Kind as Named
from services.cleaner.metadata.titles import squeezed
from services.cleaner.plain.bylines import (
    agencies_of,
    boxed,
    closes,
    credited,
    ends_sentence,
    is_by_alone,
    is_common,
    is_role,
    lone_name,
    lone_team,
    people_of,
    says_who,
    small_words,
)
from services.cleaner.plain.furniture import Kind
from services.cleaner.plain.headline import HeadLine, headline
from services.cleaner.plain.when import date_lines, order_of, ranked

_REACH = 40  # lines above the article that may belong to it
_INSIDE = 12  # first lines of the article among which its head may still be
_UNDER = 3  # lines below the headline among which a name may stand alone
_AUTHORS = 20
_DECK = 80  # words of headline and summary that may stand above a byline


@dataclass(slots=True)
class Head:
    """What was found above an article, and the lines that it was found in."""

    title: str = ""
    authors: list[str] = field(default_factory=list)
    signed: str = ""
    """Where the authors stand: ``byline``, ``name-line`` or ``author-box``."""
    agencies: list[str] = field(default_factory=list)
    dates: list[Dated] = field(default_factory=list)
    """Best first."""
    taken: set[str] = field(default_factory=set)
    """Lines that are no text: byline, date."""
    start: int = 0
    end: int = 0
    """Index of the first line below the head."""


def read_head(lines: Sequence[HeadLine], start: int, end: int) -> Head:
    """The head of the article in ``lines[start:end]``: in the 40 lines above, or in its first."""
    head = Head(start=start, end=start)
    first, below = max(0, start - _REACH), min(end, start + _INSIDE)
    order = order_of(line.text for line in lines)
    dates = date_lines(lines, first, below, order)
    said = _said(lines[first:below])
    small = small_words(line.text for line in lines[max(0, start - _REACH) : end + _REACH])
    lone = _lone(lines[first:below], {index - first for index in dates}, small)
    named = {*said, *lone}
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
    _sign(head, lines, end, said, lone, titled - first, small)
    places = [index for index in range(first, below) if lines[index].text == head.title]
    head.dates = ranked(lines, dates, start, end, places or [first], order)
    return head


def _said(lines: Sequence[HeadLine]) -> dict[int, list[Credit]]:
    """The bylines among ``lines`` that say "by", by index."""
    said: dict[int, list[Credit]] = {}
    for index, line in enumerate(lines):
        if line.kind is Kind.MAIL or index in said:
            continue
        following = lines[index + 1].text if index + 1 < len(lines) else ""
        if is_by_alone(line.text):
            if named := says_who(f"By {following}"):
                said[index] = said[index + 1] = named
        elif not (ends_sentence(line.text) or closes(line.text)) and (named := says_who(line.text)):
            said[index] = named
    return said


def _lone(lines: Sequence[HeadLine], dated: set[int], small: Set[str]) -> dict[int, str]:
    """The lines that are names and stand beside a date or a role, by index."""
    lone: dict[int, str] = {}
    for index, line in enumerate(lines):
        if line.kind is Kind.MAIL or (name := lone_name(line.text)) is None:
            continue
        following = lines[index + 1].text if index + 1 < len(lines) else ""
        if is_common(name, small):
            continue
        if (
            index in dated or index + 1 in dated or index - 1 in dated
            or is_role(line.text) or is_role(following) or lone_name(following) == name
        ):  # fmt: skip
            lone[index] = name
    return lone


def _sign(
    head: Head,
    lines: Sequence[HeadLine],
    end: int,
    said: dict[int, list[Credit]],
    lone: dict[int, str],
    titled: int,
    small: Set[str],
) -> None:
    """Fill in who signs; ``said``, ``lone`` and ``titled`` count from the first line looked at."""
    first = max(0, head.start - _REACH)
    for signers in said.values():
        head.agencies.extend(name for name in agencies_of(signers) if name not in head.agencies)
    title = squeezed(head.title)
    names = {index: name for index, name in lone.items() if squeezed(name) not in title}
    place = _nearest({*said}, titled)
    spare = people_of(said[place]) if place is not None else []
    if place is not None and any(c.kind in (Named.PERSON, Named.WORD) for c in said[place]):
        near = _nearest({*names}, titled)
        if place >= titled or near is None or near < titled:
            head.authors, head.signed = _together(said, place), "byline"
            return
    near = _nearest({*names}, titled)
    if near is not None:
        head.authors, head.signed = [names[near]], "name-line"
    elif under := _under(lines[first + titled + 1 : first + titled + 1 + _UNDER], title, small):
        head.authors, head.signed = [under], "name-line"
    elif spare:
        head.authors, head.signed = spare, "byline"
    elif below := _below(lines, end, small):
        head.authors, head.signed = below, "author-box"


def _together(said: dict[int, list[Credit]], place: int) -> list[str]:
    """The people of the byline at ``place`` and of those right below it."""
    names: dict[str, None] = dict.fromkeys(people_of(said[place]))
    while place + 1 in said and len(names) < _AUTHORS:
        place += 1
        names.update(dict.fromkeys(c.name for c in said[place] if c.kind == Named.PERSON))
    return list(names)


def _under(lines: Sequence[HeadLine], title: str, small: Set[str]) -> str | None:
    """The person or team whose name stands right under the headline."""
    for line in lines:
        if line.prose and len(line.text) > 240:
            return None
        name = None if line.kind else (lone_name(line.text) or lone_team(line.text))
        if name and squeezed(name) not in title and not is_common(name, small):
            return name
    return None


def _place(lines: Sequence[HeadLine], first: int, title: str) -> int:
    """The index of the last line from ``first`` on that is the title; ``first`` without one."""
    places = (index for index in range(len(lines) - 1, first, -1) if lines[index].text == title)
    return next(places, first)


def _nearest(places: Set[int], title: int) -> int | None:
    """The first of ``places`` at the ``title`` or below it, else the last above it."""
    below = min((place for place in places if place >= title), default=None)
    return below if below is not None else max(places, default=None)


def _below(lines: Sequence[HeadLine], end: int, small: Set[str]) -> list[str]:
    """The people credited in the article's last lines or introduced below it."""
    for line in lines[max(0, end - 3) : end + 6]:
        names = credited(line.text)
        if not names and len(line.text) <= 60:
            names = [c.name for c in says_who(line.text) if c.kind == Named.PERSON]
        if names:
            return names
    for index in range(max(0, end - 3), min(len(lines), end + _REACH)):
        line = lines[index]
        if line.kind is Kind.COMMENTS:
            break
        name = boxed(line.text)
        if name is None and index + 1 < len(lines):
            following = lines[index + 1].text
            if is_by_alone(line.text):
                name = lone_name(following)
            else:
                name = lone_name(line.text)
                if name and not following.startswith((name + " ", name.split()[0] + " is ")):
                    name = None
        if name and not is_common(name, small):
            return [name]
    return []
