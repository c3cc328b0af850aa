"""The table of quality figures: ours beside a peer's, on the same rows, in the same run."""

from __future__ import annotations

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
    peer_name: str
    peer: float | None
    n: int
    """Rows measured."""


def print_table(rows: Sequence[Row]) -> None:
    """Print ``rows`` as a Markdown table with aligned columns."""
    table = [("data", "measure", "ours", "peer", "", "n")]
    for row in rows:
        peer = "–" if row.peer is None else _figure(row.peer)
        table.append(
            (row.data, row.measure, _figure(row.ours), peer, row.peer_name, str(row.n)),
        )
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for number, line in enumerate(table):
        cells = [
            cell.rjust(width) if column in (2, 3, 5) and number else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("| " + " | ".join(cells) + " |")
        if not number:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def _figure(value: float) -> str:
    """Three decimals for shares, one for rates."""
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.1f}"
