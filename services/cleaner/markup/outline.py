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
_FAR: Final = 12
"""Steps up that are counted at most."""


class Outline:
    """Arrays over the elements (``parent``, ``flags``…) and over the blocks (``owner``, ``group``).

    Elements stand in document order, so that those within an element follow it, and so do the
    blocks: what is in an element is a range of each. Elements without text have no facts.
    """

    def __init__(
        self, nodes: list[Node], blocks: list[Block], vocabulary: Vocabulary,
        chars: Floats, plain: Floats, prose: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        # Alike are elements of one tag and label within elements that are alike: a kind. Of each
        # its flags, those of all around it too, its tag, the value of its label, and of it and
        # all around it the lowest, the highest and the sum; and how deep it stands.
        kinds: dict[tuple[str, str, int], int] = {}
        rows: list[tuple[float, ...]] = [(0, 0, 0, 0.0, 0.0, 0.0, 0.0, -1)]
        label = vocabulary.label
        known = kinds.get
        size = len(blocks)
        group: list[int] = []
        for node in nodes:
            if node.first >= node.last or node.first >= size:
                group.append(0)
                continue
            above = node.parent
            around = group[above] if above >= 0 else 0
            key = (node.tag, node.label, around)
            kind = known(key)
            if kind is None:
                kind = kinds[key] = len(rows)
                flags, own, extreme = label(node.tag, node.label)
                row = rows[around]
                rows.append((
                    flags, int(row[1]) | flags, _TAGS.get(node.tag, 0), own,
                    extreme if extreme < row[4] else row[4],
                    extreme if extreme > row[5] else row[5], own + row[6], row[7] + 1,
                ))  # fmt: skip
            group.append(kind)
        of_node: Places = np.array(group, np.int64)
        facts = np.array(rows, np.float64)[of_node].T
        self.flags: Places = facts[0].astype(np.int64)
        self.above: Places = facts[1].astype(np.int64)
        (self.tag, self.label_own, self.label_low, self.label_high, self.label_sum,
         self.depth) = facts[2:].astype(np.float32)  # fmt: skip
        # The root's parent is the root.
        self._parents = [0] + [node.parent for node in nodes[1:]]
        self.parent: Places = np.array(self._parents, np.int64)
        self.hidden = np.array([node.hidden for node in nodes], np.float32)
        self.owner: Places = np.array([block.node for block in blocks], np.int64)
        self.group: Places = of_node[self.owner]
        self._kinds = len(rows)
        # Of a page that is too long only the first blocks are looked at.
        self.first: Places = np.minimum(np.array([node.first for node in nodes], np.int64), size)
        self.last: Places = np.maximum(
            np.minimum(np.array([node.last for node in nodes], np.int64), size), self.first
        )
        held = prose * plain
        self._sums = np.zeros((4, size + 1))
        np.cumsum((chars, plain, held, prose), axis=1, out=self._sums[:, 1:])
        self._plain, self._chars, self._prose, self._held = plain, chars, prose, held

    def parent_of(self, node: Places, steps: int) -> Places:
        """The elements ``steps`` above; the root's is the root."""
        for _ in range(steps):
            node = self.parent[node]
        return node

    def within(self, cumulated: NDArray[np.float64], node: Places) -> NDArray[np.float64]:
        """The sum of what :func:`cumulated` was made of, over the blocks in each element."""
        return cumulated[self.last[node]] - cumulated[self.first[node]]

    def facts(self, node: Places) -> dict[str, NDArray[Any]]:
        """What stands in the elements."""
        first, last = self.first[node], self.last[node]
        blocks = np.maximum(last - first, 1)
        chars, plain, held, proses = self._sums.take(last, 1) - self._sums.take(first, 1)
        whole = max(float(self._sums[2, -1]), 1.0)
        return {
            "in.plain": np.log1p(plain),
            "in.linked": 1 - plain / np.maximum(chars, 1),
            "in.blocks": np.log1p(blocks),
            "in.proses": np.log1p(proses),
            "in.density": proses / blocks,
            "in.mean": plain / blocks,
            "in.share": held / whole,
        }

    def groups(self) -> dict[str, NDArray[Any]]:
        """What the blocks in elements alike have in common."""
        group = self.group
        number = np.bincount(group, minlength=self._kinds)
        chars = np.bincount(group, self._chars, self._kinds)
        plain = np.bincount(group, self._plain, self._kinds)
        proses = np.bincount(group, self._prose, self._kinds)
        held = np.bincount(group, self._held, self._kinds)
        some = np.maximum(number, 1)
        table = np.stack((
            np.log1p(number), plain / some, 1 - plain / np.maximum(chars, 1), proses / some,
            held / max(float(held.sum()), 1.0),
        )).take(group, 1)  # fmt: skip
        names = ("alike", "alike.mean", "alike.linked", "alike.proses", "alike.share")
        return dict(zip(names, table, strict=True))

    def container(self, plain: Floats, prose: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """How the blocks stand to the element that has most of the text.

        It is looked for as Arc90's Readability did (paragraphs count for the element around them,
        and by half for the one around that), and as the smallest one around most of the prose.
        """
        weight = np.where(prose, np.minimum(plain, _MOST), 0)
        bad = int(Part.FRAME | Part.COMMENTS | Part.NOTICE)
        weight = np.where(self.flags[self.owner] & bad, weight * 0.3, weight)
        size = len(self._parents)
        above = self.parent[self.owner]
        score = np.bincount(above, weight, size)
        score += np.bincount(self.parent[above], weight * 0.5, size)
        held = self.within(self._sums[2], np.arange(size))
        whole = held[0]
        large = np.flatnonzero(held >= _CORE * whole)
        core = int(large[-1]) if whole and len(large) else 0
        result: dict[str, NDArray[Any]] = {}
        index = np.arange(len(plain))
        depth = self.depth[self.owner]
        for name, node in (("top", int(np.argmax(score))), ("core", core)):
            first, last = int(self.first[node]), int(self.last[node])
            result[f"{name}.inside"] = (index >= first) & (index < last)
            result[f"{name}.begin"] = np.clip(index - first, -40, 40)
            result[f"{name}.end"] = np.clip(index - last, -40, 40)
            # Steps up from each block to the first element that has `node` in it.
            result[f"{name}.steps"] = np.minimum(depth - self._shared(node, len(plain)), _FAR)
            result[f"{name}.deep"] = depth - self.depth[node]
        return result

    def _shared(self, node: int, blocks: int) -> Floats:
        """For each block how deep the smallest element stands that has it and ``node`` in it."""
        shared = np.zeros(blocks, np.float32)
        while node:
            shared[self.first[node] : self.last[node]] += 1
            node = self._parents[node]
        return shared


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
