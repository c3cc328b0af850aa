"""Texts to the words and pieces that MiniLM reads."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, Self

VOCABULARY: Final = Path(__file__).parent / "vocabulary.txt"

LONGEST: Final = 32
"""Letters of a word that are read; of a longer one only the first so many."""
MOST_PIECES: Final = 8
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


class WordPieces:
    """Cuts words into pieces, the longest known one first (WordPiece).

    Source of the scheme: Devlin et al., "BERT", NAACL 2019; the vocabulary is that of the encoder.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        self.unknown = self._ids["[UNK]"]
        self.first = self._ids["[CLS]"]
        self.last = self._ids["[SEP]"]
        self.size = len(pieces)

    @classmethod
    def load(cls, path: Path = VOCABULARY) -> Self:
        """The vocabulary at ``path``: a piece a line."""
        return cls(path.read_text(encoding="utf-8").rstrip("\n").split("\n"))

    def cut(self, word: str) -> list[int]:
        """The numbers of the pieces of ``word``, one at least."""
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
