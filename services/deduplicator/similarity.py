"""When two sketches are of nearly the same text. Integers only."""

from __future__ import annotations

from dataclasses import dataclass

from services.deduplicator.sketch import SLOTS

MIN_SHINGLES = 12
"""Texts with fewer distinct shingles (some 16 words) are too short to be nearly the same."""

SIMILARITY = 300
CONTAINMENT = 600
"""Defaults of :class:`NearRule`. Tuned on pages cleaned by many tools, where everything from 150 to
300 and from 400 to 700 gives the same within .001: the strict end is taken."""


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

    def holds(self, equal: int, size: int, other: int) -> bool:
        """Whether texts of ``size`` and ``other`` shingles with ``equal`` slots are near.

        With j = equal / SLOTS, the common shingles are j / (1 + j) * (size + other) (Broder 1997).
        """
        if min(size, other) < MIN_SHINGLES:
            return False
        if equal * 1000 >= self.similarity * SLOTS:
            return True
        if equal * 1000 < self.floor * SLOTS:
            return False
        return equal * (size + other) * 1000 >= self.containment * (SLOTS + equal) * min(
            size, other
        )
