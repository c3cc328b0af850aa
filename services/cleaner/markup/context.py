"""What the first judgement of a page's blocks says of each from its surroundings."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.features import Columns, Table, shifted, table_of
from services.cleaner.markup.outline import LEVELS, cumulated

Floats = NDArray[np.float32]

_SPANS: Final = (-4, -3, -2, -1, 1, 2, 3, 4)
_REACHES: Final = (3.0, 12.0)
"""Blocks over which an average fades to its e-th part."""
_FORGOTTEN: Final = 6
"""So many times that, and a block does not count any more."""


def context(table: Table, judged: Floats, wanted: NDArray[np.bool_] | None = None) -> Table:
    """``table`` with features added that say how its blocks' surroundings were ``judged``: the
    first probability that each block belongs to the article. With ``wanted`` the matrix has but
    the columns of these blocks."""
    outline, chars, heading = table.outline, table.chars, table.heading
    size = len(judged)
    columns: Columns = {"judged": judged}
    for by in _SPANS:
        columns[f"judged{by:+d}"] = shifted(judged, by)
    mass = judged * chars
    sums, sizes = cumulated(mass), cumulated(chars)
    plain_sums = cumulated(judged)
    node = outline.owner
    for level in range(LEVELS + 1):
        inside = outline.within(sizes, node) - chars
        others = outline.within(sums, node) - mass
        columns[f"judged in.{level}"] = np.where(inside > 0, others / np.maximum(inside, 1), judged)
        number = outline.last[node] - outline.first[node]
        counted = outline.within(plain_sums, node) - judged
        columns[f"judged of.{level}"] = np.where(
            number > 1, counted / np.maximum(number - 1, 1), judged
        )
        # What the box stands between.
        if level:
            before, behind = outline.first[node] - 1, outline.last[node]
            columns[f"judged above.{level}"] = np.where(before >= 0, judged[before], -1)
            columns[f"judged below.{level}"] = np.where(
                behind < size, judged[np.minimum(behind, size - 1)], -1
            )
        node = outline.parent[node]
    group = outline.group
    alike = np.bincount(group)[group]
    gathered = np.bincount(group, judged)
    columns["judged alike"] = np.where(
        alike > 1, (gathered[group] - judged) / np.maximum(alike - 1, 1), judged
    )
    columns["judged alike text"] = _averaged(group, mass, chars)
    total = max(float(mass.sum()), 1.0)
    columns["judged before"] = (np.cumsum(mass) - mass) / total
    columns["judged page"] = np.full(size, np.log1p(total))
    columns["judged share"] = mass / total
    columns["judged best"] = np.full(size, float(judged.max()))
    index = np.arange(size)
    sure = np.flatnonzero((judged >= 0.6) & (chars >= 80))
    if len(sure):
        first, last = sure[0], sure[-1]
        after = np.searchsorted(sure, index)
        next_sure = sure[np.minimum(after, len(sure) - 1)]
        previous = sure[np.maximum(after - 1, 0)]
        columns["sure first"] = np.clip(index - first, -30, 30)
        columns["sure last"] = np.clip(index - last, -30, 30)
        columns["sure next"] = np.where(next_sure >= index, np.minimum(next_sure - index, 30), 40)
        columns["sure previous"] = np.where(previous <= index, np.minimum(index - previous, 30), 40)
    else:
        for name in ("sure first", "sure last", "sure next", "sure previous"):
            columns[name] = np.full(size, -99)
    for reach in _REACHES:
        forward, backward = _faded(mass, chars, reach)
        columns[f"judged to.{reach:g}"] = forward
        columns[f"judged from.{reach:g}"] = backward
    above = np.maximum.accumulate(np.where(heading > 0, index, -1))
    columns["judged heading"] = np.where(above >= 0, judged[above], -1)
    # The text of the section: from the heading above to the next.
    section = np.cumsum(heading > 0)
    columns["judged section"] = _averaged(section, mass, chars)
    matrix = np.vstack((table.matrix, table_of(columns, size)))
    if wanted is not None:
        matrix = matrix.compress(wanted, axis=1)
    return Table(matrix, table.names + list(columns), outline, chars, heading)


def _averaged(group: NDArray[Any], mass: Floats, chars: Floats) -> NDArray[Any]:
    """For each block the mean by characters of its group."""
    mean = np.bincount(group, mass) / np.maximum(np.bincount(group, chars), 1)
    return np.asarray(mean[group])


def _faded(mass: Floats, chars: Floats, reach: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Averages by characters of what stands before and behind each block, the near above all."""
    fade = np.exp(-np.arange(_FORGOTTEN * reach) / reach)
    capped = np.minimum(chars, 500) + 10
    share = mass / np.maximum(chars, 1) * capped
    result = []
    for direction in (1, -1):
        sums = np.convolve(share[::direction], fade)[: len(share) - 1]
        sizes = np.convolve(capped[::direction], fade)[: len(share) - 1]
        result.append(np.concatenate(([0.0], sums / sizes))[::direction])
    return result[0], result[1]
