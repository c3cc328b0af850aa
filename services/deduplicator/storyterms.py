"""What stands in an article's fingerprint for stories: its rare words, and the dates it states.

Reports of one event share names, places, numbers and rare words; two events of one kind (two
quakes, two trials) share the rest. So the rarest words of the title and of the first
:data:`WORDS` words are kept, as hashes. How rare a word is in general is told by a table learnt
once (``python -m training.storyterms``); how rare it is in the news of these days is known where
stories are made, not here. Years and months that a text states part events that are alike in all
else, and stand in a slot of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash

from services.deduplicator.groups import UNSPACED, language_group
from services.deduplicator.sizes import DIMENSIONS, TERMS
from shared.errors import SettingsError
from shared.text import comparable

TABLE: Final = Path(__file__).with_name("story-words.npz")

FEATURES: Final = np.dtype([("embedding", "i1", (DIMENSIONS,)), ("terms", "<u4", (TERMS,))])
"""``terms``: slots of 32 bits: the dates, then the hashed words, rarest first; 0 where there are no
more. What stories are made of; a record of the log's entry, which has these fields too, will do."""

WORDS: Final = 200
"""Words that are read: the event stands in an article's beginning, the background after it."""

NUMBER: Final = 1
"""The lowest bit of a term: it is a number."""

LEVELS: Final = 256
COMMON: Final = 16
"""Words of a lower level are in every third text and more, and are no terms."""
UNKNOWN: Final = 127
"""The level of words that the table lacks."""

FIRST_YEAR: Final = 1900
YEARS: Final = 200
MONTHS: Final = 12
YEAR_BITS: Final = 8
_STATED_YEARS: Final = 2

_LETTERS: Final = 6000
"""Characters that are read, however few words they are."""
_LONGEST: Final = 40

Terms = npt.NDArray[np.uint32]

_WORD: Final = re.compile(r"\d(?:[\d,.]{0,30}\d)?|[^\W\d_]+")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_NAMES: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
# "May" is a verb more often than a month.
_MONTHS: Final = {
    written: number
    for number, name in enumerate(_NAMES)
    if name != "may"
    for written in (name, name[:3])
} | {"sept": 8}


@dataclass(frozen=True, slots=True, eq=False)
class WordTable:
    """How common words are in news at large.

    ``hashes``: terms, ascending. ``levels``: 16 times the logarithm of how many texts there are
    for each that has the word. ``tenths``: for each level, in how many tenths of a text its words
    are taken to have been before any article is seen, of ``texts`` tenths.
    """

    hashes: Terms
    levels: npt.NDArray[np.uint8]
    tenths: npt.NDArray[np.int32]
    texts: int

    def levels_of(self, terms: Terms) -> npt.NDArray[np.int64]:
        """The levels of ``terms``."""
        places = np.minimum(np.searchsorted(self.hashes, terms), len(self.hashes) - 1)
        known = self.hashes[places] == terms
        return np.where(known, self.levels[places].astype(np.int64), UNKNOWN)


@cache
def word_table(path: Path = TABLE) -> WordTable:
    """The shipped table; raises :class:`SettingsError` where it cannot be read."""
    try:
        with np.load(path) as file:
            table = WordTable(file["hashes"], file["levels"], file["tenths"], int(file["texts"]))
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(f"{path}: no table of words for stories: {error}") from error
    if not len(table.hashes) or len(table.hashes) != len(table.levels):
        raise SettingsError(f"{path}: no table of words for stories: its columns differ")
    return table


def hashed(word: str) -> int:
    """The term of a word as :func:`words_of` gives it; never 0."""
    hash_ = xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass")) >> 32
    return (hash_ & ~NUMBER | (NUMBER if word[0].isdigit() else 0)) or 2


def words_of(text: str) -> list[str]:
    """The first :data:`WORDS` words and numbers of a text in comparable form.

    Plural endings are off, as are the commas in numbers. Of scripts written without spaces, pairs
    of letters.
    """
    text = text[:_LETTERS]
    pairs = language_group(text) == UNSPACED
    found: list[str] = []
    for match in _WORD.finditer(text):
        found.extend(_forms(match.group(), pairs))
        if len(found) >= WORDS:
            break
    return found[:WORDS]


def _forms(word: str, pairs: bool) -> Iterator[str]:
    if word[0].isdigit():
        yield word.replace(",", "")
    elif pairs and not word.isascii():
        yield from (word[place : place + 2] for place in range(min(len(word), WORDS) - 1))
    elif len(word) > 1:
        yield _singular(word)[:_LONGEST]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def terms_of(title: str, text: str, table: WordTable | None = None) -> Terms:
    """The slots of an article, shape ``(TERMS,)``; all 0 where there is nothing to tell."""
    slots = np.zeros(TERMS, dtype=np.uint32)
    # Folding makes some characters several; what is read is bounded before and after.
    folded = comparable(f"{title[:_LETTERS]} . {text[:_LETTERS]}")
    words = words_of(folded)
    if not words:
        return slots
    counts = Counter(map(hashed, words))
    hashes = np.fromiter(counts.keys(), dtype=np.uint32)
    times = np.fromiter(counts.values(), dtype=np.int64)
    levels = (table or word_table()).levels_of(hashes)
    # A word said again is of more weight, by the number of bits of how often.
    weights = levels * (1 + np.frexp(times.astype(np.float64))[1] * 4)
    order = np.lexsort((hashes, -weights))
    order = order[levels[order] >= COMMON][: TERMS - 1]
    slots[1 : 1 + len(order)] = hashes[order]
    slots[0] = stated_dates(words)
    return slots


def stated_dates(words: list[str]) -> int:
    """The months and the first two years among ``words``: 12 bits, then 8 for each year."""
    months = 0
    years: list[int] = []
    for word in words:
        month = _MONTHS.get(word)
        if month is not None:
            months |= 1 << month
        elif _YEAR.fullmatch(word):
            year = int(word) - FIRST_YEAR + 1
            if year not in years:
                years.append(year)
    for place, year in enumerate(years[:_STATED_YEARS]):
        months |= year << (MONTHS + YEAR_BITS * place)
    return months
