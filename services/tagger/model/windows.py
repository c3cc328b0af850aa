"""Texts cut into windows that the network reads at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from services.tagger.spelling import word_set
from shared.minilm.pieces import Word

WINDOW: Final = 96
"""Pieces of a window, besides the marks at its ends. The network was taught on some 20 to 120;
on ``worldwide`` 96 gives the best F1 of 48 to 254 for the time that it takes."""
_OVERLAP: Final = 32
"""Pieces that windows share within a sentence that is longer than one."""
_ENDS: Final = frozenset(".!?…。！？؟।")
_CLOSING: Final = frozenset("\"'”’»)]")

_WIDE: Final = 60
"""Code points of a line from which it may have been broken for its width."""

_COMMON: Final = word_set(
    "The A An This That These Those There Here It He She They We I You His Her Its Their Our My "
    "Your But And Or Nor So Yet If As When While Where What Who How Why Which Whether Because "
    "Since Until Although Though However Moreover Meanwhile Instead Also Then Now Still Even Just "
    "Only Not No In On At For From With Without By To Of Into Over Under About After Before "
    "During Between Among Against Despite Through Across Some Many Most More Much All Any Both "
    "Each Every Other Others Another Such One Two Three Several Few Once Do Does Did Is Are Was "
    "Were Has Have Had Can Could Will Would Should May Might Must Let Yes"
)
"""Words that sentences begin with and names hardly ever."""


class Window(NamedTuple):
    """Words ``first`` to ``last`` (exclusive); of them ``keep`` to ``until`` are labelled here."""

    first: int
    last: int
    keep: int
    until: int


def sentence_ends(text: str, words: Sequence[Word]) -> list[int]:
    """For each sentence the place behind its last word.

    A line is a sentence's end; a full stop is one where space and something but a small letter
    follow. Ends that are none ("Mr. Smith") cost nothing but a window that ends there.
    """
    ends = []
    for place in range(len(words) - 1):
        end, following = words[place].end, words[place + 1].start
        between = text[end:following]
        if "\n" in between:
            ends.append(place + 1)
        elif between and not text[following].islower():
            last = place
            while last > 0 and text[words[last].start] in _CLOSING:
                last -= 1
            if text[words[last].start] in _ENDS:
                ends.append(place + 1)
    if words:
        ends.append(len(words))
    return ends


def may_name(text: str, words: Sequence[Word]) -> bool:
    """Whether a sentence of ``words`` may have a name in it, for all that its capitals tell.

    One that begins with a common word, and has no other capital, has none; it need not be read. A
    sentence without any capital is read: who writes so writes names so, too.
    """
    first, *others = words
    if text[first.start : first.end] not in _COMMON:
        return True
    return any(
        not text[word.start].islower() and text[word.start].isalnum() and text[word.start] != "I"
        for word in others
    )


def line_starts(text: str, words: Sequence[Word]) -> list[int]:
    """The places of the words that begin a line into which no name goes on.

    That is every line but the one behind a line so long that it may have been broken for its
    width: headings, lists and tables have the short ones.
    """
    starts = []
    line = 0
    for place in range(1, len(words)):
        end, following = words[place - 1].end, words[place].start
        if following - end > 0 and "\n" in (between := text[end:following]):
            if end - line < _WIDE or between.count("\n") > 1:
                starts.append(place)
            line = following
    return starts


def windows(ends: Sequence[int], sizes: Sequence[int]) -> Iterator[Window]:
    """Windows over words of ``sizes`` pieces whose sentences end at ``ends``.

    As many sentences together as a window holds; a longer one in windows that overlap, where a
    word is labelled in the one that shows most on both its sides.
    """
    first = held = 0
    before = 0
    for end in ends:
        size = sum(sizes[before:end])
        if held and held + size > WINDOW:
            yield Window(first, before, first, before)
            first, held = before, 0
        if size > WINDOW:
            yield from _long(before, end, sizes)
            first, held = end, 0
        else:
            held += size
        before = end
    if held:
        yield Window(first, before, first, before)


def _long(first: int, end: int, sizes: Sequence[int]) -> Iterator[Window]:
    keep = first
    while True:
        last, held = first, 0
        while last < end and held + sizes[last] <= WINDOW:
            held += sizes[last]
            last += 1
        if last == end:
            yield Window(first, end, keep, end)
            return
        following, shared = last, 0
        while following - 1 > first and shared + sizes[following - 1] <= _OVERLAP:
            following -= 1
            shared += sizes[following]
        until = (following + last + 1) // 2
        yield Window(first, last, keep, until)
        first, keep = following, until
