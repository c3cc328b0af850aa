"""Tokens of a model put together to words, and the labels of words to names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.tagger.engines.labels import tag_of
from services.tagger.spans import Span
from shared.events import EntityType
from shared.minilm.pieces import split

# Thai, Lao, Burmese, Khmer, and the kana: a run of letters is a sentence there, not a word.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff]")
_BLANK_LINE: Final = re.compile(r"\n[^\S\n]*\n")
_LEAD: Final = 4
"""Tokens of space before a word that are read; of more only the last so many."""


class TokenWord(NamedTuple):
    """A word at code points ``start`` to ``end``."""

    start: int
    end: int
    token: int
    """The token whose scores are the word's: its first, as models are taught."""
    first: int
    until: int
    """The tokens that are read for it; none where all are the word's before."""


def words_of(text: str, offsets: Sequence[tuple[int, int]], longest: int) -> list[TokenWord]:
    """The words of ``text`` that tokens at ``offsets`` stand for, each of ``longest`` at most.

    Words are runs of letters, so that no name begins or ends inside of one. Scripts that write no
    spaces are cut where tokens begin. What no token stands for (characters that a model leaves
    out, the end of a word that is too long) is no word.
    """
    words: list[TokenWord] = []
    token = taken = 0
    for start, end in _cut(text, offsets):
        while token < len(offsets) and offsets[token][1] <= start:
            token += 1
        if token == len(offsets) or offsets[token][0] >= end:
            continue
        if token < taken and token >= words[-1].until:
            continue  # In a token of the word before that is not read.
        until = max(taken, token)
        while until < len(offsets) and offsets[until][0] < end:
            until += 1
        first = max(taken, token - min(_LEAD, longest // 4))
        words.append(TokenWord(start, end, token, first, min(until, first + longest)))
        taken = until
    return words


def _cut(text: str, offsets: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begins = [start for start, end in offsets if start < end]
    place = 0
    for word in split(text):
        start = word.start
        if _UNSPACED.search(text, word.start, word.end):
            while place < len(begins) and begins[place] <= start:
                place += 1
            while place < len(begins) and begins[place] < word.end:
                if begins[place] > start:
                    yield start, begins[place]
                    start = begins[place]
                place += 1
        yield start, word.end


class _Told(NamedTuple):
    """For each word and type, the first of which is none, how likely it is of that type."""

    kinds: NDArray[np.float64]
    begins: NDArray[np.float64]
    """The part of it by labels that begin a name for sure."""
    ends: NDArray[np.float64]


class Scheme:
    """What the labels of a model say, in the order of its scores."""

    def __init__(self, labels: Sequence[str]) -> None:
        tags = [tag_of(label) for label in labels]
        self.size = len(tags)
        self.types: list[EntityType] = sorted({tag.type for tag in tags if tag.type is not None})
        """The types that the model knows."""
        kinds = np.array([[tag.type == kind for kind in (None, *self.types)] for tag in tags])
        self._kinds = kinds.astype(np.float64)
        self._begins = self._kinds * np.array([[tag.begins] for tag in tags])
        self._ends = self._kinds * np.array([[tag.ends] for tag in tags])

    def names(
        self, text: str, words: Sequence[TokenWord], scores: NDArray[np.float64]
    ) -> Iterator[Span]:
        """The names that ``scores`` of ``words`` tell of.

        A word is of the type that all its labels together make the likeliest. One after another
        of the same type is a new name where labels that begin it, or end the one before, outweigh.
        """
        if not words:
            return
        likely = _softmax(np.nan_to_num(scores))
        told = _Told(likely @ self._kinds, likely @ self._begins, likely @ self._ends)
        chosen = np.argmax(told.kinds, axis=1).tolist()
        first = 0
        for row in range(1, len(words) + 1):
            if (
                row < len(words)
                and chosen[row] == chosen[first]
                and not (chosen[row] and _parted(text, words, told, row, chosen[row]))
            ):
                continue
            if kind := chosen[first]:
                sure = float(np.mean(told.kinds[first:row, kind]))
                yield Span(words[first].start, words[row - 1].end, self.types[kind - 1], sure)
            first = row


def _parted(text: str, words: Sequence[TokenWord], told: _Told, row: int, kind: int) -> bool:
    """Whether the word at ``row`` begins a name of the ``kind`` that the word before is of, too."""
    word, before = words[row], words[row - 1]
    if word.token == before.token:
        return False
    if _BLANK_LINE.search(text, before.end, word.start):
        return True
    begins = 2 * told.begins[row, kind] > told.kinds[row, kind]
    return bool(begins or 2 * told.ends[row - 1, kind] > told.kinds[row - 1, kind])


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    whole: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return whole
