"""The tree of a page in arrays: for each element what stands in it, for each block where it is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.labels import Part, read
from services.cleaner.markup.vocabulary import Vocabulary

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

LEVELS: Final = 4
"""Elements around a block whose contents are looked at, its own included."""
_TAGS: Final = {
    name: place
    for place, name in enumerate((
        "p", "div", "li", "td", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "blockquote",
        "section", "article", "pre", "dd", "dt", "th", "ul", "ol", "aside", "header", "footer",
        "nav", "form", "figure", "main", "body", "address", "center", "tr", "table",
    ), 1)
}  # fmt: skip
_CORE: Final = 0.75
"""Share of the page's prose that the smallest element around most of it has at least."""
_MOST: Final = 600
"""Characters of a paragraph that count when the element with the text is looked for."""


class Outline:
    """Arrays over the elements (``parent``, ``flags``…) and over the blocks (``owner``, ``group``).

    Elements stand in document order, so that those within an element follow it, and so do the
    blocks: what is in an element is a range of each.
    """

    def __init__(
        self, nodes: list[Node], blocks: list[Block], vocabulary: Vocabulary,
        chars: Floats, plain: Floats, prose: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        size = len(nodes)
        # Alike are elements of one tag and label within elements that are alike: a kind. Of each
        # its flags, those of all around it too, its tag, the value of its label, and of it and
        # all around it the lowest, the highest and the sum.
        kinds: dict[tuple[str, str, int], int] = {}
        rows: list[tuple[int, int, int, float, float, float, float]] = [(0, 0, 0, 0, 0, 0, 0)]
        label = vocabulary.label
        known = kinds.get
        group: list[int] = []
        for node in nodes:
            above = node.parent
            around = group[above] if above >= 0 else 0
            key = (node.tag, node.label, around)
            kind = known(key)
            if kind is None:
                kind = kinds[key] = len(rows)
                flags, own, extreme = label(node.tag, node.label)
                row = rows[around]
                rows.append((
                    flags, row[1] | flags, _TAGS.get(node.tag, 0), own, min(extreme, row[4]),
                    max(extreme, row[5]), own + row[6],
                ))  # fmt: skip
            group.append(kind)
        parent = [node.parent for node in nodes]
        parent[0] = 0  # the root's is the root
        of_node: Places = np.array(group, np.int64)
        facts = np.array(rows, np.float64)[of_node].T
        self.flags: Places = facts[0].astype(np.int64)
        self.above: Places = facts[1].astype(np.int64)
        self.tag = facts[2].astype(np.float32)
        self.label_own, self.label_low, self.label_high, self.label_sum = facts[3:].astype(
            np.float32
        )
        self.parent: Places = np.array(parent, np.int64)
        self.depth = np.array([node.depth for node in nodes], np.float32)
        self.hidden = np.array([node.hidden for node in nodes], np.float32)
        self.owner: Places = np.array([block.node for block in blocks], np.int64)
        self.group: Places = of_node[self.owner]
        self._kinds = len(rows)
        self.first, self.last = self._ranges(parent, size, len(blocks))
        self._sums = {
            "chars": cumulated(chars), "plain": cumulated(plain),
            "prose": cumulated(prose * plain), "proses": cumulated(prose),
        }  # fmt: skip
        self._plain, self._chars, self._prose = plain, chars, prose
        self._parents = parent

    def _ranges(self, parent: list[int], size: int, blocks: int) -> tuple[Places, Places]:
        """The first block in each element and the one behind its last."""
        first, last = [blocks] * size, [0] * size
        for place, node in enumerate(self.owner.tolist()):
            if place < first[node]:
                first[node] = place
            last[node] = place + 1
        for place in range(size - 1, 0, -1):
            above = parent[place]
            if first[place] < first[above]:
                first[above] = first[place]
            if last[place] > last[above]:
                last[above] = last[place]
        return np.array(first, np.int64), np.array(last, np.int64)

    def parent_of(self, node: Places, steps: int) -> Places:
        """The elements ``steps`` above; the root's is the root."""
        for _ in range(steps):
            node = self.parent[node]
        return node

    def within(self, cumulated: NDArray[np.float64], node: Places) -> NDArray[np.float64]:
        """The sum of what :func:`cumulated` was made of, over the blocks in each element."""
        return (
            cumulated[np.maximum(self.last[node], self.first[node])] - cumulated[self.first[node]]
        )

    def facts(self, node: Places) -> dict[str, NDArray[Any]]:
        """What stands in the elements."""
        blocks = np.maximum(self.last[node] - self.first[node], 1)
        chars = np.maximum(self.within(self._sums["chars"], node), 1)
        plain = self.within(self._sums["plain"], node)
        proses = self.within(self._sums["proses"], node)
        whole = max(float(self._sums["prose"][-1]), 1.0)
        return {
            "in.plain": np.log1p(plain),
            "in.linked": 1 - plain / chars,
            "in.blocks": np.log1p(blocks),
            "in.proses": np.log1p(proses),
            "in.density": proses / blocks,
            "in.mean": plain / blocks,
            "in.share": self.within(self._sums["prose"], node) / whole,
        }

    def groups(self) -> dict[str, NDArray[Any]]:
        """What the blocks in elements alike have in common."""
        group = self.group
        number = np.bincount(group, minlength=self._kinds)
        chars = np.bincount(group, self._chars, self._kinds)
        plain = np.bincount(group, self._plain, self._kinds)
        proses = np.bincount(group, self._prose, self._kinds)
        held = np.bincount(group, self._prose * self._plain, self._kinds)
        some = np.maximum(number, 1)
        return {
            "alike": np.log1p(number)[group],
            "alike.mean": (plain / some)[group],
            "alike.linked": (1 - plain / np.maximum(chars, 1))[group],
            "alike.proses": (proses / some)[group],
            "alike.share": (held / max(float(held.sum()), 1.0))[group],
        }

    def container(self, plain: Floats, prose: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """How the blocks stand to the element that has most of the text.

        It is looked for as Arc90's Readability did (paragraphs count for the element around them,
        and by half for the one around that), and as the smallest one around most of the prose.
        """
        size = len(self.parent)
        score = np.zeros(size)
        weight = np.where(prose, np.minimum(plain, _MOST), 0)
        bad = int(Part.FRAME | Part.COMMENTS | Part.NOTICE)
        weight = np.where(self.flags[self.owner] & bad, weight * 0.3, weight)
        np.add.at(score, self.parent[self.owner], weight)
        np.add.at(score, self.parent_of(self.owner, 2), weight * 0.5)
        top = int(np.argmax(score))
        everywhere = np.arange(size)
        held = self.within(self._sums["prose"], everywhere)
        whole = held[0]
        large = np.flatnonzero(held >= _CORE * whole)
        core = int(large[-1]) if whole and len(large) else 0
        result: dict[str, NDArray[Any]] = {}
        index = np.arange(len(plain))
        for name, node in (("top", top), ("core", core)):
            first, last = int(self.first[node]), max(int(self.last[node]), int(self.first[node]))
            inside = (index >= first) & (index < last)
            result[f"{name}.inside"] = inside
            result[f"{name}.begin"] = np.clip(index - first, -40, 40)
            result[f"{name}.end"] = np.clip(index - last, -40, 40)
            result[f"{name}.steps"] = np.minimum(self._steps(node)[self.owner], 12)
            result[f"{name}.deep"] = self.depth[self.owner] - self.depth[node]
        return result

    def _steps(self, node: int) -> Places:
        """Steps up from each element to the first that has ``node`` in it."""
        around = {node}
        while node:
            node = self._parents[node]
            around.add(node)
        steps = [0] * len(self._parents)
        for place, above in enumerate(self._parents):
            if place not in around:
                steps[place] = steps[above] + 1
        return np.array(steps, np.int64)


def parts_around(nodes: list[Node]) -> list[int]:
    """For each element the :class:`Part` flags of it and of all around it."""
    flags: list[int] = []
    for node in nodes:
        above = flags[node.parent] if node.parent >= 0 else 0
        flags.append(above | read(node.tag, node.label)[0])
    return flags


def cumulated(column: NDArray[Any]) -> NDArray[np.float64]:
    """The sums of what stands before each place, and at last of all."""
    return np.concatenate(([0.0], np.cumsum(column, dtype=np.float64)))
