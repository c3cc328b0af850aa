"""What changed from one text to another: paragraph by paragraph, word by word inside changed ones.

Sequences are aligned at what stands once in both (Bram Cohen's "patience diff"), and by
:class:`difflib.SequenceMatcher` between these places. That one takes cubic time at worst, so what
it may be given in one comparison is bounded; what is beyond is told as taken out and put in.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, Literal

PieceKind = Literal["same", "added", "removed"]
ParagraphKind = Literal["same", "changed", "added", "removed"]

_BUDGET: Final = 1_000_000
"""Pairs of items that ``difflib`` may be given in one comparison of texts: about a second."""
_LARGEST_GAP: Final = 250_000
"""Pairs of items that ``difflib`` may be given at once."""
_PAIRINGS: Final = 2_500
"""Pairs of paragraphs between two unchanged ones that are looked at for likeness."""
_ALIKE: Final = 0.4
"""Share of common words from which two paragraphs are one that was changed."""

# Scripts that part no words: each character counts as one. Thai, Lao, Burmese, Khmer, kana, Han.
_UNPARTED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD: Final = re.compile(rf"(?:[{_UNPARTED}]|[^\W{_UNPARTED}]+(?:['’][^\W{_UNPARTED}]+)*|\S)\s?")
_BREAK: Final = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words of a paragraph."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of either text, or of both; all its pieces in reading order."""

    kind: ParagraphKind
    pieces: tuple[Piece, ...]

    def text(self, without: PieceKind) -> str:
        """The paragraph before (without what is ``added``) or after (without ``removed``)."""
        return "".join(piece.text for piece in self.pieces if piece.kind != without).strip()


def difference(before: str, after: str) -> list[Paragraph]:
    """The paragraphs of both texts in order; white space makes no difference."""
    old, new = paragraphs(before), paragraphs(after)
    budget = _Budget(_BUDGET)
    found: list[Paragraph] = []
    for same, i, j, k, m in _runs(old, new, budget):
        if same:
            found += [Paragraph("same", (Piece("same", text),)) for text in old[i:j]]
        else:
            found += _replaced(old[i:j], new[k:m], budget)
    return found


def paragraphs(text: str) -> list[str]:
    """The paragraphs of ``text``, white space inside collapsed."""
    return [" ".join(part.split()) for part in _BREAK.split(text) if not part.isspace() and part]


def count_words(text: str) -> int:
    """Words of ``text``; characters, in scripts that part no words."""
    return sum(1 for word in _WORD.findall(text) if any(char.isalnum() for char in word))


class _Budget:
    """What of ``difflib``'s work is left for this comparison."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, pairs: int) -> bool:
        """Whether ``pairs`` may be compared; they are taken off then."""
        if pairs > min(self._left, _LARGEST_GAP):
            return False
        self._left -= pairs
        return True


_Run = tuple[bool, int, int, int, int]
"""Whether both are the same from, to of one sequence and from, to of the other."""


def _runs(old: Sequence[str], new: Sequence[str], budget: _Budget) -> Iterator[_Run]:
    """The runs of equal and of different items that make up both sequences, in order."""
    pending: _Run | None = None
    for run in _cut(old, new, budget):
        if run[1] == run[2] and run[3] == run[4]:
            continue
        if pending is not None and pending[0] == run[0]:
            pending = (run[0], pending[1], run[2], pending[3], run[4])
            continue
        if pending is not None:
            yield pending
        pending = run
    if pending is not None:
        yield pending


def _cut(old: Sequence[str], new: Sequence[str], budget: _Budget) -> Iterator[_Run]:
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    yield True, 0, start, 0, start
    i, k = start, start
    last = (len(old) - end, len(new) - end)
    for at, there in [*_anchors(old, new, start, end), last]:
        yield from _gap(old, new, (i, at, k, there), budget)
        if (at, there) != last:
            yield True, at, at + 1, there, there + 1
        i, k = at + 1, there + 1
    yield True, len(old) - end, len(old), len(new) - end, len(new)


def _anchors(old: Sequence[str], new: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    """Places of what stands once in both, the longest chain of them that rises in both."""
    middle, other = old[start : len(old) - end], new[start : len(new) - end]
    counts, others = Counter(middle), Counter(other)
    places = {item: at for at, item in enumerate(other, start) if others[item] == 1}
    pairs = [
        (at, places[item])
        for at, item in enumerate(middle, start)
        if counts[item] == 1 and item in places
    ]
    # The longest increasing subsequence, by patience sorting.
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for number, (_, there) in enumerate(pairs):
        pile = bisect_left(tops, there)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(there)
            piles.append(number)
        else:
            tops[pile], piles[pile] = there, number
    chain: list[tuple[int, int]] = []
    number = piles[-1] if piles else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _gap(
    old: Sequence[str], new: Sequence[str], gap: tuple[int, int, int, int], budget: _Budget
) -> Iterator[_Run]:
    i, j, k, m = gap
    if i == j or k == m or not budget.take((j - i) * (m - k)):
        yield False, i, j, k, m
        return
    matcher = SequenceMatcher(None, old[i:j], new[k:m], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        yield tag == "equal", i + a, i + b, k + c, k + d


def _replaced(old: Sequence[str], new: Sequence[str], budget: _Budget) -> Iterator[Paragraph]:
    """Paragraphs that gave way to others: those alike are paired, and compared by words."""
    i = k = 0
    for at, there in [*_alike(old, new), (len(old), len(new))]:
        for text in old[i:at]:
            yield Paragraph("removed", (Piece("removed", text),))
        for text in new[k:there]:
            yield Paragraph("added", (Piece("added", text),))
        if at < len(old) and there < len(new):
            yield Paragraph("changed", tuple(_joined(_pieces(old[at], new[there], budget))))
        i, k = at + 1, there + 1


def _alike(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of paragraphs that are alike, in order: those with most in common, taken together."""
    bags = [Counter(_keys(_words(text))) for text in old]
    others = [Counter(_keys(_words(text))) for text in new]
    if len(old) * len(new) > _PAIRINGS:  # too many to look for the best: each with its neighbour
        both = enumerate(zip(bags, others, strict=False))
        return [(at, at) for at, pair in both if _likeness(*pair) >= _ALIKE]
    # best[i][k]: the most that can be had of old[i:] and new[k:].
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    likeness = [[_likeness(bag, other) for other in others] for bag in bags]
    for i in reversed(range(len(old))):
        for k in reversed(range(len(new))):
            paired = likeness[i][k] + best[i + 1][k + 1] if likeness[i][k] >= _ALIKE else 0.0
            best[i][k] = max(paired, best[i + 1][k], best[i][k + 1])
    pairs: list[tuple[int, int]] = []
    i = k = 0
    while i < len(old) and k < len(new):
        if best[i][k] == best[i + 1][k]:
            i += 1
        elif best[i][k] == best[i][k + 1]:
            k += 1
        else:
            pairs.append((i, k))
            i, k = i + 1, k + 1
    return pairs


def _likeness(bag: Counter[str], other: Counter[str]) -> float:
    """Sørensen and Dice's coefficient of two bags of words."""
    total = bag.total() + other.total()
    return 2 * (bag & other).total() / total if total else 0.0


def _pieces(old: str, new: str, budget: _Budget) -> Iterator[Piece]:
    before, after = _words(old), _words(new)
    runs = list(_runs(_keys(before), _keys(after), budget))
    removed: list[str] = []
    added: list[str] = []
    for number, (same, i, j, k, m) in enumerate(runs):
        inside = 0 < number < len(runs) - 1
        if not same or (inside and _is_small("".join(after[k:m]))):
            removed += before[i:j]
            added += after[k:m]
            continue
        yield from _changed(removed, added)
        text = "".join(after[k:m]).rstrip()
        # A space that only one of both has after the last word belongs to what follows there.
        spaces = before[j - 1][-1:].isspace(), after[m - 1][-1:].isspace()
        if all(spaces):
            text, spaces = text + " ", (False, False)
        yield Piece("same", text if number < len(runs) - 1 else text.rstrip())
        removed, added = [" "] * spaces[0], [" "] * spaces[1]
    if removed or added:  # the last words of the paragraph
        yield from _changed(["".join(removed).rstrip()], ["".join(added).rstrip()])


def _is_small(text: str) -> bool:
    """Whether what stands between two changes is too little to part them: marks, a character."""
    return len(text.strip()) == 1 or count_words(text) == 0


def _changed(removed: Sequence[str], added: Sequence[str]) -> Iterator[Piece]:
    old, new = "".join(removed), "".join(added)
    # The space behind both is no part of the change.
    space = " " if old.endswith(" ") and new.endswith(" ") else ""
    if text := old.removesuffix(space):
        yield Piece("removed", text)
    if text := new.removesuffix(space):
        yield Piece("added", text)
    if space:
        yield Piece("same", space)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """``pieces``, those of a kind that stand side by side made one."""
    for kind, run in groupby(pieces, lambda piece: piece.kind):
        yield Piece(kind, "".join(piece.text for piece in run))


def _words(text: str) -> list[str]:
    """The words of a paragraph, each with the space behind it; the last has one as well."""
    return _WORD.findall(text + " ")


def _keys(words: Sequence[str]) -> list[str]:
    return [word.rstrip() for word in words]
