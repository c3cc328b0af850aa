"""Texts to the words and pieces that the model reads."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

VOCABULARY = Path(__file__).parent / "weights" / "vocabulary.txt"

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

LONGEST = 32
"""Letters of a word that are read; of a longer one only the first so many."""
MOST_PIECES = 8
"""Pieces of a word that are read."""


@cache
def _pattern() -> re.Pattern[str]:
    """Runs of letters and digits with their marks; any other character but space by itself."""
    marks = []
    first = None
    for code in range(0x300, sys.maxunicode + 2):
        is_mark = code <= sys.maxunicode and unicodedata.category(chr(code)) in ("Mn", "Mc", "Me")
        if is_mark and first is None:
            first = code
        elif not is_mark and first is not None:
            marks.append(f"\\U{first:08x}-\\U{code - 1:08x}")
            first = None
    # Ideographs stand alone: their script writes no spaces.
    alone = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
    letter = rf"(?![{alone}])[^\W_]"
    return re.compile(rf"(?:{letter})(?:[{''.join(marks)}]|{letter})*+|\S")


class Word(NamedTuple):
    """A word at code points ``start`` to ``end`` of its text."""

    start: int
    end: int


def split(text: str) -> list[Word]:
    """The words of ``text``, in order: runs of letters and digits, else single characters."""
    return [Word(*found.span()) for found in _pattern().finditer(text)]


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


class Vocabulary:
    """Cuts words into pieces, the longest known one first (WordPiece).

    Source of the scheme: Devlin et al., "BERT", NAACL 2019; the vocabulary is that of the encoder.
    """

    _KEPT = 200_000
    """Words whose pieces are remembered."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        self.unknown = self._ids["[UNK]"]
        self.first = self._ids["[CLS]"]
        self.last = self._ids["[SEP]"]
        self.size = len(pieces)
        self._known: dict[str, Pieces] = {}

    @classmethod
    def load(cls, path: Path = VOCABULARY) -> Vocabulary:
        """The vocabulary at ``path``: a piece a line."""
        return cls(path.read_text(encoding="utf-8").rstrip("\n").split("\n"))

    def pieces(self, word: str) -> Pieces:
        """The pieces of ``word``, one at least."""
        found = self._known.get(word)
        if found is None:
            found = Pieces(tuple(self._cut(word)), shape_of(word))
            if len(self._known) >= self._KEPT:
                self._known.clear()
            self._known[word] = found
        return found

    def _cut(self, word: str) -> list[int]:
        folded = unicodedata.normalize("NFD", word[:LONGEST].lower())
        letters = "".join(c for c in folded if unicodedata.category(c) != "Mn")
        found: list[int] = []
        start = 0
        while start < len(letters) and len(found) < MOST_PIECES:
            for end in range(len(letters), start, -1):
                piece = letters[start:end] if start == 0 else "##" + letters[start:end]
                number = self._ids.get(piece)
                if number is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return [self.unknown]
        return found or [self.unknown]
