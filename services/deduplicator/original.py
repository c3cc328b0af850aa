"""Which of a group's copies is the original: the one published earliest, where that is evident.

Without such evidence the first one in the log stays the original.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt

from services.deduplicator.candidates import Candidates
from services.deduplicator.entry import ID_BYTES, NO_DATE, PUBLISHED_EVIDENCE
from services.deduplicator.rows import Rows
from services.deduplicator.verdicts import KINDS
from shared.events import Precision, format_time, from_milliseconds

PRECISIONS: Final[tuple[Precision | None, ...]] = (None, *get_args(Precision))
"""An entry's ``precision`` is a place in this."""

_NONE: Final = KINDS.index("none")
_KEPT: Final = 1000
"""Originals that became so of which forgotten ones are kept."""
_DAY: Final = 86_400_000
_LENGTHS: Final[dict[Precision | None, int]] = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": _DAY,
    "month": 31 * _DAY,
    "year": 366 * _DAY,
}
_ZONES: Final = _DAY // 2
"""A date without a time is the publisher's, whose zone is unknown."""


def is_earlier(one: Any, other: Any) -> bool:
    """Whether ``one`` was certainly published before ``other``; entries or rows.

    Both must have a date that someone stated, and the latest moment of the one must be before the
    earliest of the other.
    """
    mine, theirs = _interval(one), _interval(other)
    return mine is not None and theirs is not None and mine[1] <= theirs[0]


def told(row: Any) -> str:
    """The date as evidence tells it: ``2022-03-31`` or ``2022-03-31T10:00:00.000Z``."""
    moment: datetime = from_milliseconds(int(row["published"])).astimezone(UTC)
    precision = PRECISIONS[row["precision"]]
    return moment.date().isoformat() if precision == "day" else format_time(moment)


class Originals:
    """The originals of the groups that have rows in the window.

    The original of a group is its one row of the kind ``none``: that of the article that began it,
    unless another was published earlier.
    """

    def __init__(self, rows: Rows, candidates: Candidates) -> None:
        self._rows = rows
        self._candidates = candidates
        self._became: dict[bytes, int] = {}
        """Rows that became the original of a group that another article began."""

    def note(self, first: int, rows: npt.NDArray[np.void]) -> None:
        """Learn of the rows from ``first`` on."""
        became = (rows["kind"] == _NONE) & (rows["group"] != rows["article"])
        for place in np.nonzero(became)[0].tolist():
            self._became[rows[place]["group"].tobytes()] = first + place

    def forget(self, before: int) -> None:
        """Rows from ``before`` on, the first of the window until now, are forgotten."""
        first = self._rows.first
        if len(self._became) > _KEPT and before >> 10 != first >> 10:
            self._became = {group: n for group, n in self._became.items() if n >= first}

    def corrected(self, number: int, cutoff: int) -> list[int]:
        """Make a copy that was published earlier the original; the rows that this corrects."""
        row = self._rows[number]
        former = self._original(row["group"], cutoff)
        if former is None or not is_earlier(row, self._rows[former]):
            return []
        relation = self._candidates.relation(row, former)
        if self._rows[former]["article"] == row["of"]:
            relation = replace(relation, kind=int(row["kind"]), similarity=int(row["similarity"]))
        other = self._rows.touch(former)
        other["kind"], other["similarity"] = relation.kind, relation.similarity
        other["evidence"], other["of"] = relation.evidence, row["article"]
        first = self._rows.touch(number)
        first["kind"], first["similarity"], first["of"] = _NONE, 0, np.void(bytes(ID_BYTES))
        self.note(number, first.reshape(1))
        return [former]

    def _original(self, group: Any, cutoff: int) -> int | None:
        """The row of the group's original, where it is in the window."""
        article = group
        became = self._became.get(group.tobytes())
        if became is not None:
            if became < self._rows.first:
                return None
            article = self._rows[became]["article"]
        for number in self._candidates.of_article(article.tobytes(), cutoff)[:1]:
            row = self._rows[number]
            if row["kind"] == _NONE and row["group"] == group:
                return number
        return None


def _interval(row: Any) -> tuple[int, int] | None:
    published = int(row["published"])
    precision = PRECISIONS[row["precision"]]
    if published == NO_DATE or not row["flags"] & PUBLISHED_EVIDENCE or precision is None:
        return None
    unsure = _ZONES if precision in ("day", "month", "year") else 0
    return published - unsure, published + _LENGTHS[precision] + unsure
