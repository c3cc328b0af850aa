"""Joining lines that were broken at a fixed width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from unicodedata import east_asian_width

_WIDEST = 100  # columns; terminals, mail and typewriters break at 60 to 80
_NARROWEST = 40
_SOFT_HYPHEN = "\N{SOFT HYPHEN}"
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_JOINS = frozenset(("and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e", "i", "и"))
"""After a hyphen that stays: "spring- and summer-time"."""
_UNBLANKED = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")  # Hangul has blanks


def unwrap(lines: list[str]) -> Iterator[tuple[int, str]]:
    """``lines`` with hard-wrapped paragraphs joined, each with the number of its first, from 0.

    A run of lines without a blank one is wrapped when it has at least two, none is wider than
    100 columns, and each could not have taken the first word of the next one: that is what
    breaking at a width means, and what lists and verses do not do.
    """
    number = 0
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        run = list(group)
        if not blank and _is_wrapped(run):
            yield number, _joined(run)
        else:
            yield from enumerate(run, number)
        number += len(run)


def _is_wrapped(run: list[str]) -> bool:
    if len(run) < 2:
        return False
    widths = [_width(line.rstrip()) for line in run]
    width = max(widths)
    if not _NARROWEST <= width <= _WIDEST:
        return False
    breaks = sum(
        found + 1 + _first_width(following) > width
        for found, (_, following) in zip(widths, pairwise(run), strict=False)
    )
    if len(run) == 2:
        # Two lines prove little: a heading over a sentence looks the same. A sentence that goes
        # on in lower case does not.
        return breaks == 1 and widths[0] >= 50 and run[1].lstrip()[:1].islower()
    return breaks >= 0.9 * (len(run) - 1)


def _width(text: str) -> int:
    """Columns of a terminal: Chinese and Japanese characters take two."""
    if len(text) > 2 * _WIDEST or text.isascii() or not _WIDE.search(text):
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _first_width(line: str) -> int:
    """The width of what a line breaks before: a word, one character where there are no blanks."""
    first = line.split()[0]
    return 2 if _UNBLANKED.match(first) else len(first)


def _joined(run: list[str]) -> str:
    parts = [run[0].strip()]
    for line in run[1:]:
        following = line.strip()
        before = parts[-1]
        if before.endswith(_SOFT_HYPHEN):
            parts[-1] = before[:-1]
        elif _is_broken_word(before, following):
            # "in-" and "spectors" are one word; "north-" and "Atlantic" keep their hyphen.
            parts[-1] = before[:-1]
        elif not (_UNBLANKED.match(before[-1]) and _UNBLANKED.match(following[0])):
            parts.append(" ")
        parts.append(following)
    return "".join(parts)


def _is_broken_word(before: str, following: str) -> bool:
    """Whether a hyphen at a line's end only broke a word: letters on both sides, small ones."""
    return (
        len(before) > 2
        and before[-1] in "-‐"
        and before[-2].islower()
        and following[0].islower()
        and following.split()[0] not in _JOINS
    )
