"""Learning the words that speak for or against a part of a page being the article."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.labels import read
from services.cleaner.markup.vocabulary import (
    MIDDLE_CHARACTERS,
    SHORT,
    Vocabulary,
    keys_of,
    words_of,
)

SITES = 8
"""Sites that a word is seen on at least: what a site or a story calls its own is no word."""
_PRIOR = 4.0
"""Sites' worth of the mean that each value is drawn to."""
_LEAST = 0.12
"""How far from the mean a text's word is at least to be worth its place."""
_SURE = 1.5
"""Standard errors of the mean by which a value differs from 0 at least."""
_CAP = 60
"""Words of a block that count."""


Sums = dict[str, tuple[float, float]]
"""For each word what is wanted of the places where it stands, and all of them."""


def gathered(blocks: list[Block], nodes: list[Node], wanted: NDArray[np.float32]) -> list[Sums]:
    """The sums of one page for labels, short and longer blocks; ``wanted`` is the share of each
    block that is."""
    sums: list[dict[str, list[float]]] = [defaultdict(lambda: [0.0, 0.0]) for _ in range(3)]
    held = [[0.0, 0.0] for _ in nodes]
    for block, share in zip(blocks, wanted.tolist(), strict=True):
        words = len(block.text.split())
        weight = float(min(words, _CAP))
        held[block.node][0] += weight * share
        held[block.node][1] += weight
        if block.labels:
            _add(sums[0], read("", block.labels)[1], share * weight, weight)
        if len(block.text) <= MIDDLE_CHARACTERS:
            _add(sums[1 if words <= SHORT else 2], keys_of(words_of(block.text)), share, 1.0)
    for place in range(len(nodes) - 1, 0, -1):
        above = held[nodes[place].parent]
        above[0] += held[place][0]
        above[1] += held[place][1]
    for node, (good, all_) in zip(nodes, held, strict=True):
        if all_:
            _add(sums[0], read(node.tag, node.label)[1], good, all_)
    return [{key: (good, all_) for key, (good, all_) in table.items()} for table in sums]


def learn(pages: Iterable[tuple[str, list[Sums]]]) -> Vocabulary:
    """The vocabulary of pages: the site of each and what was :func:`gathered` on it."""
    tables = [_Table(), _Table(), _Table()]
    for site, sums in pages:
        for table, found in zip(tables, sums, strict=True):
            table.add(site, found)
    labels, short, middle = tables
    return Vocabulary(
        dict(labels.values(0.03)), dict(short.values(_LEAST)), dict(middle.values(_LEAST))
    )


def _add(sums: dict[str, list[float]], keys: Iterable[str], good: float, all_: float) -> None:
    for key in dict.fromkeys(keys):
        entry = sums[key]
        entry[0] += good
        entry[1] += all_


class _Table:
    def __init__(self) -> None:
        self.shares: dict[str, dict[str, list[float]]] = defaultdict(dict)

    def add(self, site: str, sums: Sums) -> None:
        for key, (good, all_) in sums.items():
            entry = self.shares[key].setdefault(site, [0.0, 0.0])
            entry[0] += good / all_
            entry[1] += 1.0

    def values(self, least: float) -> Iterator[tuple[str, float]]:
        known = {
            key: [good / pages for good, pages in sites.values()]
            for key, sites in sorted(self.shares.items())
            if len(sites) >= SITES
        }
        every = np.array([share for shares in known.values() for share in shares])
        mean, spread = (float(every.mean()), float(every.std())) if len(every) else (0.0, 1.0)
        for key, shares in known.items():
            value = (sum(shares) + _PRIOR * mean) / (len(shares) + _PRIOR) - mean
            if abs(value) >= max(least, _SURE * spread / len(shares) ** 0.5):
                yield key, round(value, 3)
