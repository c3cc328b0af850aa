"""When two sketches are of nearly the same text. Integers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.deduplicator.sketch import SLOTS

MIN_SHINGLES: Final = 12
"""Texts with fewer distinct shingles (some 16 words) are too short to be nearly the same."""

SIMILARITY: Final = 300
CONTAINMENT: Final = 600
"""Defaults of :class:`NearRule`. Tuned on pages cleaned by many tools, where everything from 150 to
300 and from 400 to 700 gives the same within .001: the strict end is taken."""

_VALUES: Final = 256


def jaccard(equal: int) -> int:
    """Jaccard similarity in thousandths, estimated from ``equal`` slots of 8 bits.

    Foreign slots agree once in 256 times; that share is taken off (Li and König, "b-Bit Minwise
    Hashing", 2010).
    """
    return max((equal * _VALUES - SLOTS) * 1000 // (SLOTS * (_VALUES - 1)), 0)


def containment(similarity: int, size: int, other: int) -> int:
    """Share in thousandths of the shorter text's shingles that stand in the other one.

    ``similarity``: Jaccard, in thousandths; sizes in shingles. With j the common shingles are
    j / (1 + j) * (size + other) (Broder 1997).
    """
    shorter = min(size, other)
    if not shorter:
        return 0
    return min(similarity * (size + other) * 1000 // ((1000 + similarity) * shorter), 1000)


@dataclass(frozen=True, slots=True)
class NearRule:
    """Thresholds in thousandths.

    ``similarity``: least share of common shingles among all of both (Jaccard).
    ``containment``: least share of the shorter text's shingles that stand in the other, for an
    agency story inside a longer article; ``floor``: the Jaccard similarity that this needs beside
    it, because containment is estimated from it and below the floor that is chance.
    """

    similarity: int = SIMILARITY
    containment: int = CONTAINMENT
    floor: int = 80

    def holds(self, similarity: int, size: int, other: int) -> bool:
        """Whether texts of ``size`` and ``other`` shingles of this ``similarity`` are near."""
        if min(size, other) < MIN_SHINGLES:
            return False
        if similarity >= self.similarity:
            return True
        return similarity >= self.floor and containment(similarity, size, other) >= self.containment
