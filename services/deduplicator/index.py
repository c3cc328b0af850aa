"""Rows found again by what they have in common: an inverted index over keys of 32 bits.

Each row has a few keys, a column each (a slot of its sketch, a pair of its anchors, its content,
its article). A lookup answers with the newest rows that have the same key in the same column. Keys
are kept sorted in runs, merged as in a log-structured merge tree (O'Neil and others, 1996), one
set of runs for each segment of rows; a full segment's run takes four bytes a key: sixteen bits of
the key are told by where it stands.

What a lookup finds depends on the rows alone, never on how they lie in runs: instances that began
at different places of the log find the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.deduplicator import pages
from services.deduplicator.rows import SEGMENT, RowNumbers

Keys = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]

DEPTH: Final = 64
"""Rows found for one key at most, the newest: a template that thousands of articles share must
not make each of them search all the others."""

_TAIL: Final = 1024
_FAN_IN: Final = 8
_PREFIXES: Final = 1 << 16
_PARTS: Final = 16
_BOUNDS: Final = np.arange(_PARTS, dtype=np.uint32) << np.uint32(28)


@dataclass(frozen=True, slots=True)
class Run:
    """Keys in ascending order, rows of equal keys too. ``rows`` count from the segment's first."""

    keys: Keys
    rows: npt.NDArray[np.uint16]
    level: int

    def find(self, keys: Keys) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint16]]:
        """Which of ``keys``, and a row that has it: :data:`DEPTH` for each at most."""
        ends = np.searchsorted(self.keys, keys, "right")
        counts = np.minimum(ends - np.searchsorted(self.keys, keys, "left"), DEPTH)
        which, places = _slices(ends - counts, counts)
        return which, self.rows[places]


@dataclass(frozen=True, slots=True)
class FullRun:
    """The run of a full segment: ``starts`` says where each upper half of a key begins."""

    starts: npt.NDArray[np.uint32]
    lower: npt.NDArray[np.uint16]
    rows: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, keys: Keys, rows: npt.NDArray[np.uint16]) -> FullRun:
        """From sorted keys."""
        bounds = np.arange(_PREFIXES, dtype=np.uint32) << np.uint32(16)
        starts = np.append(np.searchsorted(keys, bounds), len(keys)).astype(np.uint32)
        return cls(pages.moved(starts), pages.moved(keys.astype(np.uint16)), pages.moved(rows))

    def find(self, keys: Keys) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint16]]:
        """As :meth:`Run.find`."""
        prefixes = (keys >> np.uint32(16)).astype(np.intp)
        starts = self.starts[prefixes].astype(np.intp)
        which, places = _slices(starts, self.starts[prefixes + 1].astype(np.intp) - starts)
        same = self.lower[places] == keys.astype(np.uint16)[which]
        return which[same], self.rows[places[same]]


class SegmentIndex:
    """The keys of the rows of one segment. Column numbers are part of the keys given here."""

    def __init__(self, first: int, columns: int) -> None:
        self.first = first
        self.columns = columns
        self.count = 0
        self.runs: list[Run | FullRun] = []
        self.tail: Keys = np.zeros((_TAIL, columns), dtype=np.uint32)
        self.held: Mask = np.zeros((_TAIL, columns), dtype=np.bool_)
        self.waiting = 0

    def add(self, keys: Keys, held: Mask) -> None:
        """Keys of the next rows, shape (rows, columns), and which of them count."""
        done = 0
        while done < len(keys):
            fit = min(len(keys) - done, _TAIL - self.waiting)
            self.tail[self.waiting : self.waiting + fit] = keys[done : done + fit]
            self.held[self.waiting : self.waiting + fit] = held[done : done + fit]
            self.waiting += fit
            self.count += fit
            done += fit
            if self.waiting == _TAIL:
                self._flush()

    def find(
        self, keys: Keys, columns: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.intp], RowNumbers]:
        """Which of ``keys``, of these columns, and a row that has it; see :class:`Run`."""
        found = [run.find(keys) for run in self.runs]
        if self.waiting:
            tail = self.tail[: self.waiting, columns]
            same = (tail == keys) & self.held[: self.waiting, columns]
            if same.any():
                rows, which = np.nonzero(same)
                found.append((which, (rows + self.count - self.waiting).astype(np.uint16)))
        if not found:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64)
        which = np.concatenate([which for which, _ in found])
        rows = np.concatenate([rows for _, rows in found])
        return which, rows.astype(np.int64) + self.first

    def _flush(self) -> None:
        rows, columns = np.nonzero(self.held)
        joined = self.tail[rows, columns].astype(np.uint64)
        joined <<= np.uint64(32)
        joined |= (rows + self.count - _TAIL).astype(np.uint64)
        self.runs.append(_sorted(joined, 0))
        self.waiting = 0
        while len(self.runs) >= _FAN_IN and self._level(-_FAN_IN) == self._level(-1):
            self.runs[-_FAN_IN:] = [_merged(self.runs[-_FAN_IN:], self._level(-1) + 1)]
        if self.count == SEGMENT:
            run = _merged(self.runs, 0)
            self.runs = [FullRun.of(run.keys, run.rows)]
            # Nothing more is added.
            self.tail, self.held = self.tail[:0].copy(), self.held[:0].copy()

    def _level(self, place: int) -> int:
        run = self.runs[place]
        return run.level if isinstance(run, Run) else -1


class KeyIndex:
    """The keys of all rows; ``columns`` of them for each."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._salts = _mix((np.arange(columns, dtype=np.uint32) + np.uint32(1)) * _SPREAD)
        self.segments: list[SegmentIndex] = []

    def add(self, first: int, keys: Keys, held: Mask) -> None:
        """Keys of the rows from ``first`` on, shape (rows, columns), and which of them count."""
        mixed = self._mixed(keys)
        done = 0
        while done < len(keys):
            number = first + done
            if number % SEGMENT == 0 or not self.segments:
                self.segments.append(SegmentIndex(number - number % SEGMENT, self.columns))
            fit = min(len(keys) - done, SEGMENT - number % SEGMENT)
            self.segments[-1].add(mixed[done : done + fit], held[done : done + fit])
            done += fit

    def find(self, keys: Keys, held: Mask, first: int) -> tuple[npt.NDArray[np.intp], RowNumbers]:
        """Columns and rows: for each held key of one row, the newest rows from ``first`` on.

        At most :data:`DEPTH` rows for each column; rows of one column descend.
        """
        columns = np.nonzero(held)[0]
        wanted = self._mixed(keys)[columns]
        found = [segment.find(wanted, columns) for segment in self.segments]
        if not found:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64)
        which = np.concatenate([part for part, _ in found])
        rows = np.concatenate([part for _, part in found])
        live = rows >= first
        which, rows = which[live], rows[live]
        order = np.lexsort((-rows, which))
        which, rows = which[order], rows[order]
        if len(which) > DEPTH:
            starts = np.searchsorted(which, which, "left")
            near = np.arange(len(which)) - starts < DEPTH
            which, rows = which[near], rows[near]
        return columns[which], rows

    def forget(self, first: int) -> None:
        """Give back the segments whose rows all stand before ``first``."""
        while self.segments and self.segments[0].first + SEGMENT <= first:
            del self.segments[0]

    def _mixed(self, keys: Keys) -> Keys:
        return _mix(keys ^ self._salts)


_SPREAD: Final = np.uint32(0x9E3779B9)


def _mix(values: Keys) -> Keys:
    """The 32-bit finaliser of MurmurHash3 (Appleby): every bit of the input reaches every bit."""
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x85EBCA6B)
    values = values ^ (values >> np.uint32(13))
    values = values * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def _merged(runs: Sequence[Run | FullRun], level: int) -> Run:
    """One run of several, made a part of the keys at a time: what is held only for a moment still
    counts to the memory of the process afterwards."""
    parts = [run for run in runs if isinstance(run, Run)]
    size = sum(len(run.keys) for run in parts)
    keys, rows = np.empty(size, dtype=np.uint32), np.empty(size, dtype=np.uint16)
    bounds = [[*np.searchsorted(run.keys, _BOUNDS).tolist(), len(run.keys)] for run in parts]
    done = 0
    for place in range(_PARTS):
        joined = np.concatenate(
            [
                run.keys[bound[place] : bound[place + 1]].astype(np.uint64) << np.uint64(32)
                | run.rows[bound[place] : bound[place + 1]]
                for run, bound in zip(parts, bounds, strict=True)
            ]
        )
        part = _sorted(joined, level)
        keys[done : done + len(joined)], rows[done : done + len(joined)] = part.keys, part.rows
        done += len(joined)
    return Run(keys, rows, level)


def _sorted(joined: npt.NDArray[np.uint64], level: int) -> Run:
    """A run of keys, in the upper halves, and rows; sorts ``joined``."""
    joined.sort()
    rows = joined.astype(np.uint16)
    joined >>= np.uint64(32)
    return Run(joined.astype(np.uint32), rows, level)


def _slices(
    starts: npt.NDArray[np.intp], counts: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """For slices of ``counts`` places from ``starts`` on: which slice, and the place."""
    which = np.repeat(np.arange(len(counts)), counts)
    if not len(which):
        return which, which
    before = np.cumsum(counts) - counts
    return which, np.arange(len(which)) + (starts - before)[which]
