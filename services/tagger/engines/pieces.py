"""What every engine needs: texts in pieces, words in windows, and spans as they must be."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from services.tagger.spans import Span

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_PARAGRAPH: Final = re.compile(r"\s*\n\s*\n\s*")
_LINE: Final = re.compile(r"\s*\n\s*")
_SENTENCE: Final = re.compile(r"[.!?…؟।]+[\"'”’»)\]]*\s+|[。！？]+[”’」』）]*\s*")
_SPACE: Final = re.compile(r"\s+")
_RANK: Final = (_PARAGRAPH, _LINE, _SENTENCE, _SPACE)
_JOINED: Final = frozenset("\u200d\ufe0e\ufe0f")
_MOST_MARKS: Final = 32


def readable(text: str) -> str:
    """``text`` without halves of surrogate pairs, which no library encodes; as long as before."""
    return _SURROGATES.sub("\ufffd", text)


class Piece(NamedTuple):
    """Code points ``start`` to ``end`` of a text."""

    start: int
    end: int


def pieces(text: str, most: int, run: int) -> Iterator[Piece]:
    """``text`` whole in pieces of ``most`` characters, none with ``run`` or more unspaced ones.

    A piece ends, in this order, at a paragraph's end, a line's, a sentence's, or between words;
    where none is near, never before a mark that belongs to what stands before it. Libraries take
    time by the square of what is written without a space, hence ``run``.
    """
    start = 0
    for unspaced in re.finditer(rf"\S{{{run},}}", text):
        forced = unspaced.start()
        while unspaced.end() - forced >= run:
            forced = _end(text, forced, forced + run - 1, (_SENTENCE,))
            yield from _between(text, start, forced, most)
            start = forced
    yield from _between(text, start, len(text), most)


def _between(text: str, start: int, end: int, most: int) -> Iterator[Piece]:
    while end - start > most:
        cut = _end(text, start, start + most, _RANK)
        yield Piece(start, cut)
        start = cut
    if start < end:
        yield Piece(start, end)


def _end(text: str, start: int, latest: int, kinds: Sequence[re.Pattern[str]]) -> int:
    """Where a piece from ``start`` ends: in its second half, ``latest`` at the latest."""
    half = start + (latest - start + 1) // 2
    for kind in kinds:
        ends = [found.end() for found in kind.finditer(text, half, latest)]
        if ends:
            return ends[-1]
    cut = latest
    while cut > max(start + 1, latest - _MOST_MARKS) and _belongs(text, cut):
        cut -= 1
    # Nothing but marks: they are cut, since nothing else would bound them.
    return latest if cut <= max(start + 1, latest - _MOST_MARKS) else cut


def _belongs(text: str, place: int) -> bool:
    """Whether the character at ``place`` is one with what stands before it."""
    character = text[place]
    return (
        character in _JOINED
        or text[place - 1] == "\u200d"
        or unicodedata.category(character).startswith("M")
    )


class Window(NamedTuple):
    """Words ``first`` to ``last`` (exclusive); of them ``keep`` to ``until`` are decided here."""

    first: int
    last: int
    keep: int
    until: int


def windows(sizes: Sequence[int], most: int, overlap: int) -> Iterator[Window]:
    """Windows over words of ``sizes``, each of ``most`` in all, or of one word that is larger.

    Neighbours share up to ``overlap``. A word is decided in the window that shows most on both
    sides of it.
    """
    first = keep = 0
    while first < len(sizes):
        last, held = first, 0
        while last < len(sizes) and (last == first or held + sizes[last] <= most):
            held += sizes[last]
            last += 1
        if last == len(sizes):
            yield Window(first, last, keep, last)
            return
        following, shared = last, 0
        # No more than leaves room for the next word, or the next window shows nothing new.
        room = min(overlap, most - sizes[last])
        while following - 1 > first and shared + sizes[following - 1] <= room:
            following -= 1
            shared += sizes[following]
        until = (following + last + 1) // 2
        yield Window(first, last, keep, until)
        first, keep = following, until


def tidy(text: str, spans: Iterable[Span]) -> list[Span]:
    """``spans`` as a finder gives them: in order, within ``text``, trimmed, not overlapping.

    Of those that overlap the longer stays, of equally long ones the surer, then the earlier.
    """
    trimmed = (kept for span in spans if (kept := _trimmed(text, span)) is not None)
    chosen: list[Span] = []
    for span in sorted(trimmed, key=lambda s: (s.start - s.end, -s.confidence, s.start, s.type)):
        place = bisect_left(chosen, span.start, key=lambda s: s.start)
        if place > 0 and chosen[place - 1].end > span.start:
            continue
        if place < len(chosen) and chosen[place].start < span.end:
            continue
        insort(chosen, span)
    return chosen


def _trimmed(text: str, span: Span) -> Span | None:
    start, end = max(span.start, 0), min(span.end, len(text))
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start >= end:
        return None
    # What is no number is no confidence; `max` would hand it on.
    confidence = min(max(span.confidence, 0.0), 1.0) if span.confidence > 0 else 0.0
    return Span(start, end, span.type, round(confidence, 4))


def moved(spans: Iterable[Span], by: int) -> Iterator[Span]:
    """``spans`` of a piece, in the text that it was cut from at ``by``."""
    for span in spans:
        yield span._replace(start=span.start + by, end=span.end + by)
