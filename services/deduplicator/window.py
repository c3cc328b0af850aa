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
        self._capacity = _FIRST_CAPACITY
        self._slots = np.zeros((self._capacity, SLOTS), dtype=np.uint16)
        self._links = np.full((self._capacity, BANDS), -1, dtype=np.int32)
        self._set_buckets(_FIRST_CAPACITY.bit_length() - 1)

    def __len__(self) -> int:
        return self.end - self.first

    def _set_buckets(self, bits: int) -> None:
        self._bits = bits
        self._heads = np.full((BANDS, 1 << bits), -1, dtype=np.int32)

    def add(self, slots: Slots) -> int:
        """Remember a sketch as the newest row; returns its number."""
        if len(self) == self._capacity:
            self._grow()
        row = self.end
        self.end += 1
        own = slots.astype(np.uint16)
        buckets = self._buckets(self._keys(own))
        place = row % self._capacity
        self._slots[place] = own
        self._links[place] = self._heads[_BAND, buckets]
        self._heads[_BAND, buckets] = row
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

    def _keys(self, own: npt.NDArray[np.uint16]) -> Keys:
        return _join(own[: BANDS * ROWS].reshape(BANDS, ROWS))

    def _buckets(self, keys: Keys) -> npt.NDArray[np.uint64]:
        return (keys * _SPREAD) >> np.uint64(64 - self._bits)

    def _grow(self) -> None:
        """A quarter more rows; twice the buckets where that makes two rows for each."""
        rows = np.arange(self.first, self.end)
        before, self._capacity = self._capacity, self._capacity + self._capacity // 4
        places, moved = rows % before, rows % self._capacity
        slots, links = self._slots, self._links
        self._slots = np.zeros((self._capacity, SLOTS), dtype=np.uint16)
        self._slots[moved] = slots[places]
        del slots
        self._links = np.full((self._capacity, BANDS), -1, dtype=np.int32)
        if self._capacity <= 2 << self._bits:
            self._links[moved] = links[places]
            return
        self._set_buckets(self._bits + 1)
        for band in range(BANDS):
            keys = _join(self._slots[moved, band * ROWS : (band + 1) * ROWS])
            buckets = self._buckets(keys)
            order = np.argsort(buckets, kind="stable")
            follows = buckets[order][1:] == buckets[order][:-1]
            self._links[moved[order][1:], band] = np.where(follows, rows[order][:-1], -1)
            last = np.append(~follows, True)
            self._heads[band, buckets[order][last]] = rows[order][last]


def _join(pairs: npt.NDArray[np.uint16]) -> Keys:
    """The two slots of each band as one number."""
    upper = pairs[:, 0].astype(np.uint32) << np.uint32(16)
    return upper | pairs[:, 1]
