"""Spun copies: the same names, numbers and quotations in the same order, in other words.

Candidates are found by :func:`keys` and judged by :func:`judge`, in integers alone. The judge is
a sum of few terms (:data:`WEIGHTS`), fitted by ``python -m training.spun`` on texts spun by several
methods. A change of :func:`keys` is a new :data:`~services.deduplicator.entry.VERSION`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.anchors import BOUNDS, FIRST_WEAK, QUOTAS, Anchors
from services.deduplicator.sizes import SPUN_KEYS

LEAST: Final = 10
"""Names, numbers and quoted words that a text must have, and share, to be judged. With fewer, two
reports of one event that name whom they must look like spun copies: the first lines of two outlets
share 6 of 8."""

NEAR: Final = 200
"""Word overlap from which whole sentences are the same, in thousandths: no spun copy."""

_EDITED_AGREE: Final = 800
_EDITED_ORDER: Final = 900
"""Of 8,234 pairs of reports of one event in neus two reach both, which share a statement."""

_SET_KEYS: Final = 5
_REACH: Final = 3
# A term for each permutation: two for each key of the first kind.
_TERMS: Final = np.arange(1, _SET_KEYS + SPUN_KEYS + 1, dtype=np.uint32) * np.uint32(0x9E3779B1)

FEATURES: Final = (
    "agreement",
    "inside",
    "numbers",
    "quoted",
    "order",
    "shared",
    "overlap",
    "tortured",
)
"""What is weighed: shares in thousandths; ``inside`` of the text that has fewer anchors; ``shared``
50 for each anchor up to 20, ``tortured`` 200 for each word up to 5. With an embedding also the
cosine, in thousandths."""

WEIGHTS: Final = (18543, 10394, 7077, 3402, 2398, 5180, -10385, 4635)
LEAST_SCORE: Final = 34093810
"""Without an embedding."""

WEIGHTS_MEANING: Final = (11185, 10232, 5498, 3031, 7518, 4239, -2522, 2796, 10961)
LEAST_SCORE_MEANING: Final = 40613535
"""With one; the last weight is the cosine's."""


@dataclass(frozen=True, slots=True)
class SpunEvidence:
    """Why a pair is spun. Shares in thousandths; ``meaning`` is ``None`` without an embedding."""

    shared: int
    """Anchors of both."""
    of: int
    """Anchors of either, as far as both sequences reach."""
    order: int
    overlap: int
    meaning: int | None
    tortured: int

    @property
    def agreement(self) -> int:
        """Share of the anchors that both have."""
        return self.shared * 1000 // max(self.of, 1)

    def told(self) -> list[str]:
        """The evidence in words."""
        told = [
            f"names and numbers {self.shared} of {self.of}",
            f"same order {self.order // 10} %",
            f"words in common {self.overlap // 10} %",
        ]
        if self.meaning is not None:
            told.append(f"meaning {self.meaning // 10} % alike")
        if self.tortured:
            told.append(f"tortured words {self.tortured}")
        return told


def keys(anchors: Anchors) -> npt.NDArray[np.uint32]:
    """What spun copies are looked up by, shape ``(SPUN_KEYS,)``; zeros for too few anchors.

    The first are two minima each of the set of anchors, which order does not change; the others
    are minima of pairs that stand near each other (Broder 1997).
    """
    strong = anchors[(anchors > 0) & (anchors < FIRST_WEAK)].astype(np.uint32)
    found = np.zeros(SPUN_KEYS, dtype=np.uint32)
    if len(strong) < LEAST:
        return found
    mixed = _mixed(strong[:, None] * np.uint32(0x01000193) ^ _TERMS[None, : 2 * _SET_KEYS])
    least = strong[mixed.argmin(axis=0)]
    found[:_SET_KEYS] = least[0::2] << np.uint32(16) | least[1::2]
    pairs = np.concatenate(
        [
            np.minimum(strong[:-step], strong[step:]) << np.uint32(16)
            | np.maximum(strong[:-step], strong[step:])
            for step in range(1, _REACH + 1)
        ]
    )
    mixed = _mixed(pairs[:, None] ^ _TERMS[None, 2 * _SET_KEYS :])
    found[_SET_KEYS:] = pairs[mixed.argmin(axis=0)]
    return found


def _mixed(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """A bijection of 32 bits in which every bit reaches every other one."""
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x7FEB352D)
    values = values ^ (values >> np.uint32(15))
    values = values * np.uint32(0x846CA68B)
    return values ^ (values >> np.uint32(16))


def likely(anchors: Anchors, others: npt.NDArray[np.uint16]) -> npt.NDArray[np.intp]:
    """The rows of ``others``, shape ``(n, ANCHORS)``, that share enough with ``anchors``."""
    strong = anchors[(anchors > 0) & (anchors < FIRST_WEAK)]
    shared = np.isin(others, strong).sum(axis=1)
    return np.flatnonzero(shared >= LEAST)


def judge(
    one: Anchors,
    other: Anchors,
    overlap: int,
    meaning: int | None = None,
    tortured: tuple[int, int] = (0, 0),
) -> SpunEvidence | None:
    """Whether one text is the other, spun; ``None`` for no.

    ``overlap``: Jaccard similarity of the shingles, ``meaning``: cosine of the embeddings or
    ``None``, both in thousandths; ``tortured``: how many tortured words each has.
    """
    if overlap >= NEAR:
        return None
    seen = compared(one, other, overlap, meaning, tortured)
    if seen is None:
        return None
    evidence, features = seen
    if meaning is None:
        score, least = scored(features, WEIGHTS), LEAST_SCORE
    else:
        score, least = scored((*features, meaning), WEIGHTS_MEANING), LEAST_SCORE_MEANING
    return evidence if score >= least else None


def is_edited(one: Anchors, other: Anchors, overlap: int) -> bool:
    """Whether one text is the other with many words exchanged: too many runs of words are in
    common for a spun copy, and nearly all anchors, in their order.

    ``overlap``: Jaccard similarity of the shingles in thousandths.
    """
    seen = compared(one, other, overlap, None, (0, 0)) if overlap >= NEAR else None
    return (
        seen is not None and seen[0].agreement >= _EDITED_AGREE and seen[0].order >= _EDITED_ORDER
    )


def scored(features: Sequence[int], weights: Sequence[int]) -> int:
    """The weighted sum."""
    return sum(feature * weight for feature, weight in zip(features, weights, strict=True))


def compared(
    one: Anchors, other: Anchors, overlap: int, meaning: int | None, tortured: tuple[int, int]
) -> tuple[SpunEvidence, tuple[int, ...]] | None:
    """The evidence of a pair and its :data:`FEATURES`, ``None`` for too few anchors."""
    first, second = _strong(one), _strong(other)
    if min(len(first), len(second)) < LEAST:
        return None
    shared, either, fewer, shares = 0, 0, [0, 0], []
    for (low, high), quota in zip(BOUNDS, QUOTAS, strict=True):
        mine = [value for value in first if low <= value < high]
        theirs = [value for value in second if low <= value < high]
        # A full quota holds the smallest values: beyond the largest of them nothing is known.
        end = min(max(kept) if len(kept) == quota else high for kept in (mine, theirs))
        both = {value for value in mine if value <= end}, {v for v in theirs if v <= end}
        common, all_of = len(both[0] & both[1]), len(both[0] | both[1])
        shared, either = shared + common, either + all_of
        fewer = [count + len(kept) for count, kept in zip(fewer, both, strict=True)]
        shares.append(common * 1000 // all_of if all_of else 500)
    if shared < LEAST:
        return None
    places = {value: place for place, value in enumerate(second)}
    order = _longest([places[value] for value in first if value in places])
    in_common = sum(value in places for value in first)
    most = max(tortured)
    evidence = SpunEvidence(
        shared, either, order * 1000 // max(in_common, 1), overlap, meaning, most
    )
    return evidence, (
        evidence.agreement,
        shared * 1000 // min(fewer),
        shares[1],
        shares[2],
        evidence.order,
        min(shared, 20) * 50,
        overlap,
        min(most, 5) * 200,
    )


def _strong(anchors: Anchors) -> list[int]:
    return [value for value in anchors.tolist() if 0 < value < FIRST_WEAK]


def _longest(places: Sequence[int]) -> int:
    """How many of ``places`` ascend at most: the common subsequence, no value standing twice."""
    ends: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)
