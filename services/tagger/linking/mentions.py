"""The places of an article where names stand, cut so that nothing but the name is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from services.tagger.spans import Span
from services.tagger.spelling import word_set
from shared.events import EntityType

_AROUND: Final = " \t\r\n\u00a0\u200b\u200e\u200f\ufeff\"“”„«»‘’'`,;:!?()[]{}<>|*•·–—-_/\\"
_POSSESSIVE: Final = re.compile(r"['’‘ʼ`][sS]$")
_ARTICLE: Final = re.compile(
    r"(?:the|(?:(?:north|south)(?:-?(?:east|west))?|east|west)(?:ern)?|central|mainland)\s+(?=\S)"
)
_ENDS: Final = re.compile(r"[^\S\n]*\n\s*\n\s*|\s*[;|•]\s*")
"""What no name goes on over: the end of a paragraph, marks between the items of a list."""
_TITLES: Final = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Sen|Rep|Gen|Col|Lt|Capt|Sgt|Maj|Gov|Rev|Hon|Pres)\.?"
    r"|President|Prime Minister|Premier|Chancellor|Minister|Secretary|Senator|Governor|Mayor"
    r"|Ambassador|Professor|Doctor|General|Colonel|Major|Captain|Lieutenant|Attorney|Judge"
    r"|Justice|Congressman|Congresswoman|Representative|Chairman|Director)\s+(?=[^\W\d_a-z])"
)
_NO_NAMES: Final = word_set(
    "The A An This That These Those He She It We They I You In On At But And Or If As Do Is Are "
    "What Who When Where Why How There Here Not No Yes So Our Your His Her Their My Its All"
)
_ADDRESS: Final = re.compile(r"://|[=@]|\bwww\.|\.(?:com|org|net|html?|php|jpe?g|png)/")
_NEAR: Final = 120
"""Code points that are looked at around a name for the address that it may stand in."""
_DOTTED: Final = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_TRAILING: Final = re.compile(r"\s+(?:of|and|in|for|the|at|on|to|by|from|with)$")
_CLOSING: Final = re.compile(r"\s?\)")
_BRACKET: Final = re.compile(r"\s?\(\s*[\"“']?([A-Z][A-Za-z&.-]{1,9})[\"”']?\s*\)")
_LONGEST: Final = 200
"""Code points: what is longer is no name but a text without spaces."""


class Place(NamedTuple):
    """A name at ``start`` to ``end`` of field ``field`` (0: title, 1: text)."""

    field: int
    start: int
    end: int
    text: str
    type: EntityType
    confidence: float


class Found(NamedTuple):
    """The places of an article in reading order, and the acronyms that it explains."""

    places: list[Place]
    explained: dict[str, str]
    """Acronym to the name that it stands behind in brackets."""


def places(fields: Sequence[str], spans: Sequence[Sequence[Span]]) -> Found:
    """The places of the names in ``spans``, one list for each of ``fields``, in reading order.

    Quotes, brackets, articles and possessive endings go; acronyms in brackets behind an
    organization's name, which engines overlook, come in.
    """
    found: set[Place] = set()
    explained: dict[str, str] = {}
    for number, (text, names) in enumerate(zip(fields, spans, strict=True)):
        taken = [
            place
            for span in names
            for part in _parts(text, span)
            if (place := _cut(number, text, part)) is not None
        ]
        begins = {place.start: place for place in taken}
        for place in taken:
            found.add(place)
            if place.type != "PER" and " " in place.text:
                short = _bracketed(text, place, begins)
                if short is not None:
                    found.add(short)
                    explained.setdefault(short.text, place.text)
    return Found(sorted(found), explained)


def _bracketed(text: str, place: Place, begins: dict[int, Place]) -> Place | None:
    """The acronym in brackets behind ``place``."""
    behind = _BRACKET.match(text, place.end)
    if behind is None or not behind[1].replace(".", "").isupper():
        return None
    start, end = behind.span(1)
    if start in begins:
        known = begins[start]
        return known if known.type != "PER" else None
    if place.type != "ORG":
        return None
    return Place(place.field, start, end, behind[1], "ORG", place.confidence)


def _parts(text: str, span: Span) -> Iterator[Span]:
    """``span``, in two where something is in it that no name goes on over."""
    start = span.start
    for blank in _ENDS.finditer(text, span.start, span.end):
        yield span._replace(start=start, end=blank.start())
        start = blank.end()
    yield span._replace(start=start)


def _cut(field: int, text: str, span: Span) -> Place | None:
    """``span`` without what does not belong to the name; ``None`` where no letter is left."""
    start, end = span.start, span.end
    while start < end and text[start] in _AROUND:
        start += 1
    name = text[start:end]
    if possessive := _POSSESSIVE.search(name):
        name = name[: possessive.start()]
    name = name.rstrip(_AROUND)
    if name.rfind("(") > name.rfind(")"):
        closing = _CLOSING.match(text, start + len(name))
        if closing is None:
            name = name[: name.rfind("(")].rstrip(_AROUND)
        else:
            name += closing[0]
    while article := _ARTICLE.match(name):
        start += article.end()
        name = name[article.end() :]
    while trailing := _TRAILING.search(name):
        name = name[: trailing.start()]
    while span.type == "PER" and (title := _TITLES.match(name)):
        start += title.end()
        name = name[title.end() :]
    if _DOTTED.fullmatch(name) and text.startswith(".", start + len(name)):
        name += "."
    if len(name) > _LONGEST or name in _NO_NAMES or not any(map(str.isalnum, name)):
        return None
    if len(name) == 1 and name.islower():
        return None
    if _in_address(text, start, start + len(name)):
        return None
    return Place(field, start, start + len(name), name, span.type, span.confidence)


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether what stands between the spaces around a name is an address on the web."""
    before = text[max(start - _NEAR, 0) : start].split()
    after = text[end : end + _NEAR].split(maxsplit=1)
    left = before[-1] if before and start and not text[start - 1].isspace() else ""
    right = after[0] if after and not text[end].isspace() else ""
    return bool(_ADDRESS.search(f"{left}{text[start:end]}{right}"))
