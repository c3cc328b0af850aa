"""The table of quality figures: ours beside a peer's, on the same rows, in the same run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``peer`` is ``None`` where nobody else does the task."""

    data: str
    """The data set, and the part of it."""
    measure: str
    """What is counted, with its unit: ``body F1``, ``pages/s``."""
    ours: float
    """``nan`` where what it is measured on is not there."""
    peer_name: str
    peer: float | None
    n: int
    """Rows measured."""

    @property
    def ratio(self) -> float | None:
        """Ours by the peer's; ``None`` where there is none to compare with."""
        return self.ours / self.peer if self.peer and not math.isnan(self.ours) else None


_HEADER = ("data", "measure", "ours", "peer's", "ours/peer", "peer", "n")


def print_table(rows: Sequence[Row]) -> None:
    """Print ``rows`` as a Markdown table with aligned columns."""
    print(markdown(_HEADER, [_cells(row) for row in rows], numbers=(2, 3, 4, 6)))


def _cells(row: Row) -> Sequence[str]:
    peer = "–" if row.peer is None else figure(row.peer)
    ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
    return (row.data, row.measure, figure(row.ours), peer, ratio, row.peer_name, str(row.n))


def markdown(
    header: Sequence[str], lines: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()
) -> str:
    """A Markdown table of aligned columns; those whose positions ``numbers`` names, to the right.

    Raises :class:`ValueError` for a line that is not as long as ``header``.
    """
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    rules = [
        "-" * (width + 1) + ":" if column in numbers else "-" * (width + 2)
        for column, width in enumerate(widths)
    ]
    return "\n".join(
        [_line(header, widths, ()), "|" + "|".join(rules) + "|"]
        + [_line(line, widths, numbers) for line in lines]
    )


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if column in numbers else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"


def figure(value: float) -> str:
    """Three decimals for shares, one for rates; words for what is no number."""
    if math.isnan(value):
        return "not there"
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.1f}"
