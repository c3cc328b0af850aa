"""Which words of a page stand in the text that people took from it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\w+")
_SIZES = (8, 5, 3, 2)
"""Lengths of the word sequences looked for, one after the other, in what is not matched yet."""


def shares(blocks: Sequence[str], gold: str) -> NDArray[np.float32]:
    """For each block the share of its words that ``gold`` has in their place, 0 to 1.

    Word sequences that stand once in both texts are anchors; of these the longest chain in the
    same order is taken (patience diff) and grown both ways, then the gaps between are treated
    alike with shorter sequences. What gold has in another place than the page is looked for in
    the end, each word of gold being spent once.
    """
    words: list[str] = []
    owner: list[int] = []
    for place, text in enumerate(blocks):
        found = WORD.findall(text)
        words.extend(found)
        owner.extend([place] * len(found))
    wanted = WORD.findall(gold)
    taken = np.zeros(len(words), bool)
    spent = np.zeros(len(wanted), bool)
    _match(words, wanted, taken, spent)
    _moved(words, wanted, taken, spent)
    counts = np.bincount(owner, minlength=len(blocks)) if owner else np.zeros(len(blocks))
    hits = np.bincount(owner, taken, len(blocks)) if owner else np.zeros(len(blocks))
    return (hits / np.maximum(counts, 1)).astype(np.float32)


def _match(
    words: list[str], wanted: list[str], taken: NDArray[np.bool_], spent: NDArray[np.bool_]
) -> None:
    gaps = [(0, len(words), 0, len(wanted), 0)]
    while gaps:
        low, high, first, last, level = gaps.pop()
        if low >= high or first >= last:
            continue
        if level == len(_SIZES):
            continue
        size = _SIZES[level]
        anchors = _anchors(words, wanted, low, high, first, last, size, len(wanted))
        here, there = low, first
        for place, gold in anchors:
            if place < here or gold < there:
                continue
            begin, origin = place, gold
            while begin > here and origin > there and words[begin - 1] == wanted[origin - 1]:
                begin, origin = begin - 1, origin - 1
            end, goal = place + size, gold + size
            while end < high and goal < last and words[end] == wanted[goal]:
                end, goal = end + 1, goal + 1
            taken[begin:end] = True
            spent[origin:goal] = True
            gaps.append((here, begin, there, origin, level + 1))
            here, there = end, goal
        gaps.append((here, high, there, last, level + 1))


def _anchors(
    words: list[str], wanted: list[str],
    low: int, high: int, first: int, last: int, size: int, whole: int,
) -> list[tuple[int, int]]:  # fmt: skip
    """Pairs of places of sequences that stand once in both ranges, the longest rising chain."""
    if high - low < size or last - first < size:
        return []
    ours = [tuple(words[i : i + size]) for i in range(low, high - size + 1)]
    theirs = [tuple(wanted[i : i + size]) for i in range(first, last - size + 1)]
    there = Counter(theirs)
    golds = {key: first + i for i, key in enumerate(theirs) if there[key] == 1}
    places: dict[tuple[str, ...], list[int]] = {}
    for i, key in enumerate(ours):
        if key in golds:
            places.setdefault(key, []).append(low + i)
    pairs = []
    for key, found in places.items():
        if len(found) == 1:
            pairs.append((found[0], golds[key]))
        elif first == 0:  # before the first anchor what stands nearest to it counts
            pairs.append((found[-1], golds[key]))
        elif last == whole:
            pairs.append((found[0], golds[key]))
    pairs.sort()
    return _rising(pairs)


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second values rise (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for index, (_, gold) in enumerate(pairs):
        pile = bisect_left(tops, gold)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(gold)
            piles.append(index)
        else:
            tops[pile] = gold
            piles[pile] = index
    chain = []
    index = piles[-1] if piles else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]


def _moved(
    words: list[str], wanted: list[str], taken: NDArray[np.bool_], spent: NDArray[np.bool_]
) -> None:
    """Match sequences of four words and more that gold has in another place."""
    size = 4
    where: dict[tuple[str, ...], list[int]] = {}
    for i in range(len(words) - size + 1):
        if not taken[i : i + size].any():
            where.setdefault(tuple(words[i : i + size]), []).append(i)
    gold = 0
    while gold <= len(wanted) - size:
        if spent[gold : gold + size].any():
            gold += 1
            continue
        for place in where.get(tuple(wanted[gold : gold + size]), ()):
            if taken[place : place + size].any():
                continue
            end, goal = place, gold
            while (
                end < len(words) and goal < len(wanted)
                and words[end] == wanted[goal] and not taken[end] and not spent[goal]
            ):  # fmt: skip
                end, goal = end + 1, goal + 1
            taken[place:end] = True
            spent[gold:goal] = True
            gold = goal - 1
            break
        gold += 1
