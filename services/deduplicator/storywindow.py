"""The articles that stories are made of, for as long as their window lasts.

Everything here is a function of the rows between ``first`` and ``end``: how many of them have a
word, and the newest that have it. An instance that began later at the log has the same as soon as
its rows reach one window back.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator import pages
from services.deduplicator.sizes import DIMENSIONS, TERMS
from services.deduplicator.storyterms import (
    FEATURES,
    MONTHS,
    YEAR_BITS,
    YEARS,
    word_table,
)

NO_STORY: Final = -1
"""Of rows that are too short to judge, have left, or were never placed."""

DEPTH: Final = 16
"""Rows remembered for one word, the newest: a word that thousands of articles share must not make
each of them search all the others, and tells nothing."""

_RING_BITS: Final = 17
_COUNT_BITS: Final = 20
_UNKNOWN_TENTHS: Final = 5
_FIRST_CAPACITY: Final = 1024
_SPREAD: Final = np.uint32(0x9E3779B1)  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)
_ROW_BITS: Final = 30
_ROW_MASK: Final = (1 << _ROW_BITS) - 1
_YEAR_MASK: Final = (1 << YEAR_BITS) - 1

Numbers = npt.NDArray[np.int64]


class StoryWindow:
    """Columns of the rows ``first`` (inclusive) to ``end`` (exclusive): 244 bytes each, beside
    12 MB at most for what is counted and looked up, of which pages without a word take nothing, and
    4 MB that all windows share."""

    def __init__(self) -> None:
        self.first = 0
        self.end = 0
        self.counted = 0
        """Rows in the window that have terms."""
        self._capacity = _FIRST_CAPACITY
        self.embeddings = pages.zeros((self._capacity, DIMENSIONS), np.int8)
        self.terms = pages.zeros((self._capacity, TERMS), np.uint32)
        self.stories = np.full(self._capacity, NO_STORY, dtype=np.int64)
        self.times = np.zeros(self._capacity, dtype=np.int64)
        self._rings = pages.zeros((1 << _RING_BITS, DEPTH), np.int32)
        self._turns = np.zeros(1 << _RING_BITS, dtype=np.uint8)
        self._texts = word_table().texts
        self._tenths = pages.zeros(1 << _COUNT_BITS, np.int32)
        self.years = np.zeros(YEARS + 2, dtype=np.int64)
        self.months = np.zeros(MONTHS, dtype=np.int64)

    def __len__(self) -> int:
        return self.end - self.first

    def place(self, rows: Numbers) -> Numbers:
        """Where the columns hold ``rows``."""
        return rows % self._capacity

    def at(self, row: int) -> int:
        """Where the columns hold ``row``."""
        return row % self._capacity

    def holds(self, row: int) -> bool:
        """Whether ``row`` is in the window."""
        return self.first <= row < self.end

    def add(self, row: int, features: Any, time_ms: int) -> None:
        """Remember a row later than all others; rows between are of no story."""
        if not len(self):
            self.first = self.end = row
        while row - self.first >= self._capacity:
            self._grow()
        if row > self.end:
            gap = self.place(np.arange(self.end, row))
            self.stories[gap] = NO_STORY
            self.terms[gap] = 0
        self.end = row + 1
        place = self.at(row)
        self.embeddings[place] = features["embedding"]
        self.terms[place] = features["terms"]
        self.stories[place] = NO_STORY
        self.times[place] = time_ms
        self._count(self.terms[place : place + 1], 1)
        words = self.words(row)
        if len(words):
            rings = np.unique(ring_of(words))
            self._rings[rings, self._turns[rings] % DEPTH] = (row & _ROW_MASK) + 1
            self._turns[rings] += np.uint8(1)

    def add_all(self, first: int, features: npt.NDArray[np.void], times: Numbers) -> None:
        """:meth:`add` for rows from ``first`` on, at once."""
        count = len(features)
        if not count:
            return
        if not len(self):
            self.first = self.end = first
        end = first + count
        while end - self.first > self._capacity:
            self._grow()
        for row in range(self.end, first):  # rows between are of no story
            self.stories[self.at(row)] = NO_STORY
            self.terms[self.at(row)] = 0
        self.end = end
        rows = np.arange(first, end)
        places = self.place(rows)
        terms = features["terms"]
        self.embeddings[places] = features["embedding"]
        self.terms[places] = terms
        self.stories[places] = NO_STORY
        self.times[places] = times
        self._count(terms, 1)
        held, columns = np.nonzero(terms[:, 1:])
        words = terms[:, 1:][held, columns]
        # In each ring one after the other, so that the newest stay; a row once, as in :meth:`add`.
        both = np.unique(ring_of(words).astype(np.int64) * count + held)
        rings, newest = both // count, rows[both % count]
        ranks = np.arange(len(rings)) - np.searchsorted(rings, rings, "left")
        kept = np.searchsorted(rings, rings, "right") - np.searchsorted(rings, rings, "left")
        slots = (self._turns[rings].astype(np.int64) + ranks) % DEPTH
        last = kept - ranks <= DEPTH
        self._rings[rings[last], slots[last]] = (newest[last] & _ROW_MASK) + 1
        np.add.at(self._turns, rings, np.uint8(1))

    def features(self, first: int, end: int) -> tuple[int, npt.NDArray[np.void]]:
        """The window's first row of those from ``first`` to ``end``, and what was added of each."""
        first = max(first, self.first)
        rows = np.arange(first, max(min(end, self.end), first))
        made = np.zeros(len(rows), dtype=FEATURES)
        made["embedding"] = self.embeddings[self.place(rows)]
        made["terms"] = self.terms[self.place(rows)]
        return first, made

    def meaning(self, row: int, embedding: npt.NDArray[np.int8]) -> int | None:
        """Cosine of the embedding of ``row`` and another in thousandths; ``None`` without one."""
        if not self.holds(row):
            return None
        one, other = self.embeddings[self.at(row)].astype(np.int64), embedding.astype(np.int64)
        lengths = int(one @ one) * int(other @ other)
        return max(int(one @ other), 0) * 1000 // math.isqrt(lengths) if lengths else None

    def words(self, row: int) -> npt.NDArray[np.uint32]:
        """The terms of a row that are words and numbers."""
        terms = self.terms[self.at(row), 1:]
        return terms[terms > 0]

    def sharing(self, words: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.intp], Numbers]:
        """Which of ``words``, and a row that may have it: the newest :data:`DEPTH` of each."""
        rows = self._rings[ring_of(words)]
        which, slots = np.nonzero(rows)
        found = rows[which, slots].astype(np.int64) - 1
        # Rows are kept by their lowest bits; what is in the window lies less far apart.
        found += (self.end - 1 - found) >> _ROW_BITS << _ROW_BITS
        live = found >= self.first
        return which[live], found[live]

    def members(self, story: int) -> Numbers:
        """The rows of ``story``, ascending."""
        places = np.flatnonzero(self.stories == story)
        rows = self.first + (places - self.first) % self._capacity
        return np.sort(rows[rows < self.end]).astype(np.int64)

    def tenths(self, terms: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
        """In how many tenths of a text each term stands, learnt and seen."""
        places = _counted_at(terms)
        found: npt.NDArray[np.int32] = _learnt()[places] + self._tenths[places]
        return found

    @property
    def texts(self) -> int:
        """Tenths of a text, learnt from and seen."""
        return self._texts + 10 * self.counted

    def forget(self, before: int) -> None:
        """Forget the rows before ``before``."""
        end = min(before, self.end)
        if end > self.first:
            places = self.place(np.arange(self.first, end))
            self._count(self.terms[places], -1)
            self.stories[places] = NO_STORY
        self.first = max(self.first, before)
        self.end = max(self.end, self.first)

    def _count(self, terms: npt.NDArray[np.uint32], sign: int) -> None:
        """Count the words and dates of rows, shape (rows, TERMS), once more or once less."""
        terms = terms[(terms[:, 1:] > 0).any(axis=1)]
        words = terms[:, 1:]
        self.counted += sign * len(terms)
        np.add.at(self._tenths, _counted_at(words[words > 0]), np.int32(10 * sign))
        stated = terms[terms[:, 0] > 0, 0].astype(np.int64)
        if not len(stated):
            return
        for month in range(MONTHS):
            self.months[month] += sign * int((stated >> month & 1).sum())
        for shift in (MONTHS, MONTHS + YEAR_BITS):
            years = stated >> shift & _YEAR_MASK
            years = years[(years > 0) & (years <= YEARS)]
            self.years += sign * np.bincount(years, minlength=len(self.years))

    def _grow(self) -> None:
        """A quarter more rows."""
        rows = np.arange(self.first, self.end)
        old, self._capacity = self._capacity, self._capacity + self._capacity // 4
        for name in ("embeddings", "terms", "stories", "times"):
            column = getattr(self, name)
            empty = NO_STORY if name == "stories" else 0
            grown = pages.zeros((self._capacity, *column.shape[1:]), column.dtype)
            if empty:
                grown[...] = empty
            grown[rows % self._capacity] = column[rows % old]
            setattr(self, name, grown)


@cache
def _learnt() -> npt.NDArray[np.int32]:
    """In how many tenths of a text each word is taken to have been before any is seen."""
    table = word_table()
    tenths = np.full(1 << _COUNT_BITS, _UNKNOWN_TENTHS, dtype=np.int32)
    tenths[_counted_at(table.hashes)] = table.tenths[table.levels]
    return tenths


def dates_of(stated: int) -> tuple[list[int], list[int]]:
    """Months from 0, and years from 1 for the first that is told, of a row's first slot."""
    months = [month for month in range(MONTHS) if stated >> month & 1]
    years = [stated >> shift & _YEAR_MASK for shift in (MONTHS, MONTHS + YEAR_BITS)]
    return months, [year for year in years if 0 < year <= YEARS]


def ring_of(terms: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Where the rows that have each of ``terms`` are remembered."""
    rings: npt.NDArray[np.uint32] = (terms * _SPREAD) >> np.uint32(32 - _RING_BITS)
    return rings


def _counted_at(terms: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    places: npt.NDArray[np.uint32] = terms >> np.uint32(32 - _COUNT_BITS)
    return places
