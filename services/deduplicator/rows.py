"""What is remembered of the articles in the window: 356 bytes each, in columns of numpy.

Rows are numbered in log order and kept in segments of :data:`SEGMENT`; a segment is given back
when all its rows are out of the window. No Python object stands for a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator import pages
from services.deduplicator.entry import ID_BYTES, PUBLISHED_EVIDENCE
from services.deduplicator.sizes import ANCHORS
from services.deduplicator.sketch import SLOTS

SEGMENT: Final = 1 << 16
_BITS: Final = 16
_MASK: Final = SEGMENT - 1

EVIDENCE: Final = PUBLISHED_EVIDENCE
SUPERSEDED: Final = 2
"""A later row of the same article stands in its place."""
CORRECTED_OTHERS: Final = 4
"""Deciding this row changed others."""
CONFIRMED: Final = 8
"""A verdict of the log says so."""

ROW: Final = np.dtype(
    [
        ("article", f"V{ID_BYTES}"),
        ("content", "V16"),
        ("title", "<u4"),
        ("size", "<u4"),
        ("time", "<i8"),
        ("first_seen", "<i8"),
        ("version", "<i8"),
        ("revision", "<u4"),
        ("cause", "<i8"),
        ("kind", "u1"),
        ("similarity", "<u2"),
        ("evidence", "u1", (4,)),
        ("of", f"V{ID_BYTES}"),
        ("group", f"V{ID_BYTES}"),
        ("story", f"V{ID_BYTES}"),
        ("published", "<i8"),
        ("precision", "u1"),
        ("flags", "u1"),
        ("tortured", "u1"),
        ("source", "<u2"),
        ("position", "<i8"),
        ("slots", "u1", (SLOTS,)),
        ("anchors", "<u2", (ANCHORS,)),
    ]
)
"""``time``: of the entry in the log, Unix milliseconds. ``cause``: offset of the entry whose
decision gave the row what it has now; its own unless it was corrected. The rest as in
:data:`~services.deduplicator.entry.ENTRY` and :data:`~services.deduplicator.verdicts.VERDICT`."""

FROM_ENTRY: Final = (
    "article", "content", "title", "size", "published", "precision", "flags", "tortured", "source",
    "position", "slots", "anchors",
)  # fmt: skip
FROM_VERDICT: Final = (
    "cause", "first_seen", "version", "revision", "kind", "similarity", "evidence", "of", "group",
    "story",
)  # fmt: skip

RowNumbers = npt.NDArray[np.int64]


class Segment:
    """Rows ``first`` to ``first + count``; pages that hold no row take no memory."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.count = 0
        self.rows = pages.zeros(SEGMENT, ROW)
        self.offsets = pages.zeros(SEGMENT, np.int64)
        self.changed = True
        """Since it was last written to a snapshot."""


class Rows:
    """Rows ``first`` (inclusive) to ``end`` (exclusive) of one log partition."""

    def __init__(self) -> None:
        self.first = 0
        self.end = 0
        self.segments: list[Segment] = []

    def __len__(self) -> int:
        return self.end - self.first

    def add(self, rows: npt.NDArray[np.void], offsets: npt.NDArray[np.int64]) -> int:
        """Remember ``rows`` as the newest; returns the number of the first of them."""
        start = self.end
        done = 0
        while done < len(rows):
            place = self.end & _MASK
            if not place or not self.segments:
                self.segments.append(Segment(self.end - place))
            segment = self.segments[-1]
            fit = min(len(rows) - done, SEGMENT - place)
            segment.rows[place : place + fit] = rows[done : done + fit]
            segment.offsets[place : place + fit] = offsets[done : done + fit]
            segment.count = place + fit
            segment.changed = True
            self.end += fit
            done += fit
        return start

    def segment_of(self, number: int) -> Segment:
        """The segment that holds row ``number``."""
        return self.segments[(number - self.segments[0].first) >> _BITS]

    def __getitem__(self, number: int) -> Any:
        """The row as a record that can be written to; see :meth:`touch`."""
        return self.segment_of(number).rows[number & _MASK]

    def touch(self, number: int) -> Any:
        """The row, to be changed."""
        segment = self.segment_of(number)
        segment.changed = True
        return segment.rows[number & _MASK]

    def offset(self, number: int) -> int:
        """The log offset of the row's entry."""
        return int(self.segment_of(number).offsets[number & _MASK])

    def at_offset(self, offset: int) -> int | None:
        """The row whose entry stands at ``offset``; ``None`` where none is remembered."""
        for segment in reversed(self.segments):
            if segment.count and segment.offsets[0] <= offset:
                place = int(np.searchsorted(segment.offsets[: segment.count], offset))
                if place < segment.count and segment.offsets[place] == offset:
                    number = segment.first + place
                    return number if number >= self.first else None
                return None
        return None

    def take(self, numbers: RowNumbers, name: str) -> npt.NDArray[Any]:
        """Column ``name`` of rows ``numbers``, in their order."""
        base = self.segments[0].first if self.segments else 0
        places = (numbers - base) >> _BITS
        kind, shape = ROW[name].base, ROW[name].shape
        found = np.empty((len(numbers), *shape), dtype=kind)
        for place in np.unique(places):
            here = places == place
            found[here] = self.segments[place].rows[name][numbers[here] & _MASK]
        return found

    def since(self, time_ms: int) -> Iterator[tuple[int, npt.NDArray[np.void]]]:
        """From the newest segment back, the first row's number and the rows of each that may hold
        rows later than ``time_ms``."""
        for segment in reversed(self.segments):
            rows = segment.rows[: segment.count]
            yield segment.first, rows
            if segment.count and rows["time"][0] <= time_ms:
                return

    def forget(self, cutoff: int) -> None:
        """Drop from the front what is not later than ``cutoff``.

        Times may go back a little between entries; a row that lingers behind a later one is not
        eligible, because every comparison looks at the row's own time too.
        """
        while self.first < self.end:
            segment = self.segments[0]
            place = self.first - segment.first
            if segment.rows[place]["time"] > cutoff:
                return
            live = segment.rows["time"][place : segment.count] > cutoff
            step = int(live.argmax()) if live.any() else len(live)
            self.first += step
            if self.first < segment.first + SEGMENT:
                return
            del self.segments[0]
