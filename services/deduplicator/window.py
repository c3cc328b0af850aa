"""The sketches of a window of the log, found again by what they have in common.

Locality-sensitive hashing by banding (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets",
chapter 3): two sketches are candidates when all slots of a band agree in at least one band. Rows
are numbered in the order they are added and forgotten from the front. Of each slot 16 bits are
kept: a foreign slot agrees by accident once in 65,536.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.deduplicator.sketch import SLOTS, Slots

BANDS = 64
ROWS = 2
"""64 bands of 2 slots find a pair of similarity s with probability 1 - (1 - s^2)^64: .77 at .15,
.93 at .2, .998 at .3."""

DEPTH = 64
"""Candidates of one band at most, the newest: a template that thousands of articles share must
not make each of them search all the others."""

_FIRST_CAPACITY = 1024
_BAND = np.arange(BANDS)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)

Keys = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.int64]


class SketchWindow:
    """Rows ``first`` (inclusive) to ``end`` (exclusive); memory grows with their number."""

    def __init__(self) -> None:
        self.first = 0
        self.end = 0
        self._allocate(_FIRST_CAPACITY)

    def __len__(self) -> int:
        return self.end - self.first

    def _allocate(self, capacity: int) -> None:
        self._capacity = capacity
        self._slots = np.zeros((capacity, SLOTS), dtype=np.uint16)
        self._links = np.full((capacity, BANDS), -1, dtype=np.int32)
        bits = max(capacity - 1, 1).bit_length()
        self._shift = np.uint64(64 - bits)
        self._heads = np.full((BANDS, 1 << bits), -1, dtype=np.int32)

    def add(self, slots: Slots) -> int:
        """Remember a sketch as the newest row; returns its number."""
        if len(self) == self._capacity:
            self._grow()
        row = self.end
        self.end += 1
        self._put(row, slots.astype(np.uint16))
        return row

    def forget(self, count: int = 1) -> None:
        """Forget the ``count`` oldest rows. What still links to them stops there."""
        self.first += count

    def equal_slots(self, slots: Slots, rows: Rows) -> npt.NDArray[np.int64]:
        """For each of ``rows``, how many slots equal those of ``slots``."""
        own = slots.astype(np.uint16)
        equal: npt.NDArray[np.int64] = (self._slots[rows % self._capacity] == own).sum(axis=1)
        return equal

    def candidates(self, slots: Slots) -> Rows:
        """Rows that agree with ``slots`` in a band, ascending, at most ``DEPTH`` for a band."""
        keys = self._keys(slots.astype(np.uint16))
        bands = _BAND
        rows = self._heads[bands, self._buckets(keys)]
        found: list[Rows] = []
        left = np.full(BANDS, DEPTH)
        while True:
            # Links lead to ever older rows, so a forgotten one ends its chain.
            live = rows >= self.first
            bands, rows = bands[live], rows[live]
            if not len(rows):
                break
            places = rows % self._capacity
            pairs = self._slots[places[:, None], (bands * ROWS)[:, None] + np.arange(ROWS)]
            same = _join(pairs) == keys[bands]
            if same.any():
                found.append(rows[same].astype(np.int64))
                left[bands[same]] -= 1
            rows = self._links[places, bands]
            rows = np.where(left[bands] > 0, rows, -1)
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

    def _put(self, row: int, own: npt.NDArray[np.uint16]) -> None:
        place = row % self._capacity
        buckets = self._buckets(self._keys(own))
        self._slots[place] = own
        self._links[place] = self._heads[_BAND, buckets]
        self._heads[_BAND, buckets] = row

    def _keys(self, own: npt.NDArray[np.uint16]) -> Keys:
        return _join(own[: BANDS * ROWS].reshape(BANDS, ROWS))

    def _buckets(self, keys: Keys) -> npt.NDArray[np.uint64]:
        return (keys.astype(np.uint64) * _SPREAD) >> self._shift

    def _grow(self) -> None:
        old, capacity = self._slots, self._capacity
        self._allocate(capacity + capacity // 2)
        for row in range(self.first, self.end):
            self._put(row, old[row % capacity])


def _join(pairs: npt.NDArray[np.uint16]) -> Keys:
    """The two slots of each band as one number."""
    upper = pairs[:, 0].astype(np.uint32) << np.uint32(16)
    return upper | pairs[:, 1]
