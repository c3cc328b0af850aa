"""Texts to the words and pieces that the model reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.minilm.pieces import WordPieces

SHAPES: Final = (
    "none",  # no letter and no digit: punctuation, symbols
    "lower",
    "title",
    "capitals",
    "initial",  # one letter, a capital
    "mixed",
    "digits",
    "digits-and-letters",
    "uncased",  # letters of scripts that know no case
)
"""How a word is written. The encoder knows no case, so it is told."""
_SHAPE = {name: number for number, name in enumerate(SHAPES)}


def shape_of(word: str) -> int:
    """How ``word`` is written: a place in :data:`SHAPES`."""
    if not word.isascii():
        word = "".join(c for c in word if not unicodedata.category(c).startswith("M"))
    if word.islower():
        name = "lower" if word.isalpha() else "digits-and-letters"
    elif word.isupper():
        cased = sum(map(str.isupper, word))
        name = "initial" if cased == 1 and len(word) == 1 else "capitals"
        if not word.isalpha() and any(map(str.isdigit, word)):
            name = "digits-and-letters"
    elif word.istitle():
        name = "title"
    elif word.isdigit():
        name = "digits"
    elif any(map(str.isalpha, word)):
        if not any(letter.isupper() or letter.islower() for letter in word):
            name = "uncased"
        else:
            name = "mixed"
    else:
        name = "none"
    return _SHAPE[name]


class Pieces(NamedTuple):
    """A word as the encoder reads it: ``ids`` of its pieces, and its shape."""

    ids: tuple[int, ...]
    shape: int


class Vocabulary(WordPieces):
    """The encoder's pieces, with the shape of each word; common words are remembered."""

    _KEPT = 200_000
    """Words whose pieces are remembered."""

    def __init__(self, pieces: Sequence[str]) -> None:
        super().__init__(pieces)
        self._known: dict[str, Pieces] = {}

    def pieces(self, word: str) -> Pieces:
        """The pieces of ``word``, one at least."""
        found = self._known.get(word)
        if found is None:
            found = Pieces(tuple(self.cut(word)), shape_of(word))
            if len(self._known) >= self._KEPT:
                self._known.clear()
            self._known[word] = found
        return found
