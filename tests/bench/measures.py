"""Percentiles, goals and a steady pace: the arithmetic of the bench."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

MEGABYTE = 1_000_000


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` (0 to 1) of them do not exceed.

    Nearest rank: a value that was measured, never one between two. Raises :class:`ValueError` for
    no values or a share outside 0 to 1.
    """
    if not values:
        raise ValueError("there is no percentile of nothing")
    if not 0 <= share <= 1:
        raise ValueError(f"share: {share} is not between 0 and 1")
    ordered = sorted(values)
    # Rounded, since 0.07 * 100 is a little more than 7 in binary fractions.
    return ordered[max(0, math.ceil(round(share * len(ordered), 9)) - 1)]


def due_times(count: int, rate: float) -> Iterator[float]:
    """Seconds from the start at which each of ``count`` is due, ``rate`` in a second.

    A fixed schedule: who is late for one is not late for those after it, and the wait of one that
    stood in a queue counts from when it was due.
    """
    if rate <= 0:
        raise ValueError(f"rate: {rate} is not above 0")
    return (number / rate for number in range(count))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the whole flow, and what it should be where there is a goal."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    sense: Literal["least", "most"] = "least"
    """Whether the goal is the least or the most that the value may be."""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is; ``None`` without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.sense == "least" else self.value <= self.goal

    def cells(self) -> tuple[str, str, str, str]:
        """What, value with its unit, goal, and whether it is reached."""
        if self.goal is None:
            return (self.what, f"{amount(self.value)} {self.unit}", "", "")
        sign = "≥" if self.sense == "least" else "≤"
        met = "yes" if self.reached else "NO"
        value = f"{amount(self.value)} {self.unit}"
        return (self.what, value, f"{sign} {amount(self.goal)} {self.unit}", met)


def amount(value: float) -> str:
    """Three digits that count, and no more."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
