"""What an entry may repeat: rows in the window that have something in common with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.index import KeyIndex, Keys, Mask
from services.deduplicator.rows import RowNumbers, Rows
from services.deduplicator.similarity import MIN_SHINGLES, NearRule, containment, jaccard
from services.deduplicator.sizes import SPUN_KEYS
from services.deduplicator.sketch import NEAR_KEYS
from services.deduplicator.spun import is_edited, judge, likely
from services.deduplicator.verdicts import KINDS

_SPUN: Final = NEAR_KEYS
_CONTENT: Final = _SPUN + SPUN_KEYS
_ARTICLE: Final = _CONTENT + 1
_COLUMNS: Final = _ARTICLE + 1


@dataclass(frozen=True, slots=True)
class Relation:
    """A row that is repeated. ``kind``: a place in :data:`~services.deduplicator.verdicts.KINDS`;
    ``similarity`` in thousandths; ``evidence`` as percentages."""

    number: int
    kind: int
    similarity: int
    evidence: tuple[int, ...] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """``own``: rows of the same article, the newest first. ``repeats``: what the text repeats."""

    own: list[int]
    repeats: Relation | None


class Candidates:
    """The index over ``rows``, and the judges."""

    def __init__(
        self, rows: Rows, rule: NearRule, meaning: Callable[[int, Any], int | None]
    ) -> None:
        """``meaning(number, entry)``: cosine of the embeddings of row and entry in thousandths,
        ``None`` where one has none any more."""
        self._rows = rows
        self._meaning = meaning
        self._rule = rule
        self.index = KeyIndex(_COLUMNS)

    def add(self, first: int, entries: npt.NDArray[np.void]) -> None:
        """Index the rows from ``first`` on, made of ``entries``."""
        self.index.add(first, *_keys(entries))

    def forget(self, first: int) -> None:
        """Rows before ``first`` are gone."""
        self.index.forget(first)

    def of_article(self, article: bytes, cutoff: int) -> list[int]:
        """Rows of an article later than ``cutoff``, the newest first."""
        entry = np.zeros((1, _COLUMNS), dtype=np.uint32)
        entry[0, _ARTICLE] = _front(article)
        held = np.zeros((1, _COLUMNS), dtype=np.bool_)
        held[0, _ARTICLE] = True
        _, numbers = self.index.find(entry[0], held[0], self._rows.first)
        return self._alike(numbers, "article", np.void(article), cutoff)

    def find(self, entry: Any, cutoff: int) -> Found:
        """What ``entry`` repeats among the rows later than ``cutoff``."""
        keys, held = _keys(entry.reshape(1))
        columns, numbers = self.index.find(keys[0], held[0], self._rows.first)
        own = self._alike(numbers[columns == _ARTICLE], "article", entry["article"], cutoff)
        spun_columns = (columns >= _SPUN) & (columns < _CONTENT)
        repeats = (
            self._same_text(entry, numbers[columns == _CONTENT], cutoff)
            or self._nearest(entry, numbers[columns < _SPUN], cutoff)
            or self._spun(entry, numbers[spun_columns], cutoff)
        )
        return Found(own, repeats)

    def continues(self, entry: Any, own: list[int]) -> bool:
        """Whether a revision has something in common with one of the article's earlier rows."""
        for number in own:
            row = self._rows[number]
            sizes = int(entry["size"]), int(row["size"])
            if min(sizes) < MIN_SHINGLES:
                return True  # too short to tell: a corrected flash stays in its group
            if self._rule.holds(jaccard(int((row["slots"] == entry["slots"]).sum())), *sizes):
                return True
        return False

    def relation(self, entry: Any, number: int) -> Relation:
        """How like row ``number`` an entry or row is, which is known to be a copy of it."""
        row = self._rows[number]
        if row["content"] == entry["content"]:
            return Relation(number, KINDS.index("exact"), 1000)
        return self._near(entry, number, jaccard(int((row["slots"] == entry["slots"]).sum())))

    def _alike(self, numbers: RowNumbers, name: str, value: Any, cutoff: int) -> list[int]:
        return [
            int(number)
            for number in numbers
            if (row := self._rows[number])[name] == value and row["time"] > cutoff
        ]

    def _same_text(self, entry: Any, numbers: RowNumbers, cutoff: int) -> Relation | None:
        """The earliest row with the same text. A very short text must have the same title too:
        "Read more" is not a copy of "Read more". An empty one is never a copy."""
        for number in reversed(self._alike(numbers, "content", entry["content"], cutoff)):
            row = self._rows[number]
            if row["article"] != entry["article"] and (
                entry["size"] >= MIN_SHINGLES or row["title"] == entry["title"]
            ):
                return Relation(number, KINDS.index("exact"), 1000)
        return None

    def _nearest(self, entry: Any, numbers: RowNumbers, cutoff: int) -> Relation | None:
        """The most similar of the near rows, the earliest of equals."""
        if not len(numbers):
            return None
        numbers = np.unique(numbers)
        equal = (self._rows.take(numbers, "slots") == entry["slots"]).sum(axis=1)
        for place in np.argsort(-equal, kind="stable"):
            similarity = jaccard(int(equal[place]))
            if similarity < self._rule.floor:
                return None
            row = self._rows[int(numbers[place])]
            if (
                row["time"] > cutoff
                and row["article"] != entry["article"]
                and (
                    self._rule.holds(similarity, int(entry["size"]), int(row["size"]))
                    or is_edited(entry["anchors"], row["anchors"], similarity)
                )
            ):
                return self._near(entry, int(numbers[place]), similarity)
        return None

    def _spun(self, entry: Any, numbers: RowNumbers, cutoff: int) -> Relation | None:
        """The row that the text agrees with most of those it is spun of; the earliest of equals."""
        if not len(numbers):
            return None
        numbers = np.unique(numbers)
        numbers = numbers[likely(entry["anchors"], self._rows.take(numbers, "anchors"))]
        best: Relation | None = None
        for number in numbers.tolist():
            row = self._rows[number]
            if row["time"] <= cutoff or row["article"] == entry["article"]:
                continue
            seen = judge(
                entry["anchors"],
                row["anchors"],
                jaccard(int((row["slots"] == entry["slots"]).sum())),
                self._meaning(number, entry),
                (int(entry["tortured"]), int(row["tortured"])),
            )
            if seen is None or (best is not None and seen.agreement <= best.similarity):
                continue
            shares = (seen.agreement, seen.order, seen.overlap, seen.meaning or 0)
            percent = tuple(min(max(share, 0) // 10, 100) for share in shares)
            best = Relation(number, KINDS.index("spun"), seen.agreement, percent)
        return best

    def _near(self, entry: Any, number: int, similarity: int) -> Relation:
        sizes = int(entry["size"]), int(self._rows[number]["size"])
        inside = containment(similarity, *sizes)
        shares = [min(inside * min(sizes) // max(size, 1), 1000) // 10 for size in sizes]
        return Relation(number, KINDS.index("near"), similarity, (shares[0], shares[1], 0, 0))


def _keys(entries: npt.NDArray[np.void]) -> tuple[Keys, Mask]:
    """The keys of ``entries``, shape (entries, columns), and which of them count."""
    keys = np.empty((len(entries), _COLUMNS), dtype=np.uint32)
    held = np.ones((len(entries), _COLUMNS), dtype=np.bool_)
    keys[:, :_SPUN] = entries["keys"]
    keys[:, _SPUN:_CONTENT] = entries["spun_keys"]
    keys[:, _CONTENT] = _fronts(entries["content"])
    keys[:, _ARTICLE] = _fronts(entries["article"])
    size = entries["size"]
    held[:, :_SPUN] = (size >= MIN_SHINGLES)[:, None]
    held[:, _SPUN:_CONTENT] = entries["spun_keys"] != 0
    held[:, _CONTENT] = size > 0
    return keys, held


def _fronts(values: npt.NDArray[np.void]) -> Keys:
    """The last four bytes of each value: an article id's first byte has two bits."""
    width = values.dtype.itemsize
    data = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), width)
    return np.ascontiguousarray(data[:, width - 4 :]).view("<u4").reshape(len(values))


def _front(value: bytes) -> int:
    return int.from_bytes(value[-4:], "little")
