"""What is kept or left out as a whole: tables, and listings between paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.weighing import Floats

_CELLS: Final = 3
"""Cells that a table has at least."""
_CELL: Final = 600
"""Characters that a cell of a table has at most: tables with more lay out a page."""
_COUNTED: Final = 300
"""Characters of a cell that count."""
_TABLE: Final = 0.3
"""How likely the cells of a table belong to the article, as the mean by characters, for the table
to be kept. Beside cells judged one by one body F1 is .0007 higher on wcxb, on aed the same."""
_LISTING: Final = 0.2
"""The same for a ``pre`` between what is kept: .0005 higher on wcxb."""


def wholes(
    blocks: Sequence[Block], nodes: Sequence[Node], probabilities: Floats, keep: Sequence[bool]
) -> dict[int, tuple[bool, str]]:
    """The places of blocks whose judgement changes: whether each is kept now, and why."""
    changed: dict[int, tuple[bool, str]] = {}
    kept = [place for place, wanted in enumerate(keep) if wanted]
    if not kept:
        return changed
    for number, node in enumerate(nodes):
        if node.tag == "table" and any(keep[node.first : node.last]):
            if not all(keep[node.first : node.last]) and _is_data(blocks, nodes, number):
                sizes = [min(len(b.text), _COUNTED) for b in blocks[node.first : node.last]]
                likely = probabilities[node.first : node.last]
                whole = float((likely * sizes).sum()) >= _TABLE * sum(sizes)
                reason = "table that is kept" if whole else "table that is left out"
                for place in range(node.first, node.last):
                    if keep[place] != whole:
                        changed[place] = (whole, reason)
        elif node.tag == "pre" and kept[0] < node.first < kept[-1]:
            for place in range(node.first, node.last):
                if not keep[place] and probabilities[place] >= _LISTING:
                    changed[place] = (True, "listing")
    return changed


def _is_data(blocks: Sequence[Block], nodes: Sequence[Node], number: int) -> bool:
    """Whether a table holds cells, and not a part of the page."""
    table = nodes[number]
    for place in range(number + 1, len(nodes)):
        if nodes[place].first >= table.last:
            break
        if nodes[place].tag == "table":
            return False
    inside = blocks[table.first : table.last]
    return len(inside) >= _CELLS and not any(
        len(block.text) > _CELL or block.heading for block in inside
    )
