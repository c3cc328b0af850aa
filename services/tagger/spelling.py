"""Words of a text and the key under which a name made of them is looked up.

A key is what remains of a spelling when quotes, dashes, accents, dots of abbreviations and the
kind of white space are taken away; its case stays, since "US" is not "us". Words remember where
they stood, so folding never moves an offset.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


def word_set(words: str) -> frozenset[str]:
    """The words of a list written as one string."""
    return frozenset(words.split())


# A combining mark, joiner or soft hyphen belongs to the letter before it.
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u00ad\u200b-\u200d\u2060"
# Possessive: a word of a million letters keeps no state to come back to.
_RUN = rf"[^\W_]++(?:[{_MARKS}]++[^\W_]*+)*+"
_WORD = re.compile(rf"(?P<initials>(?<![^\W_])(?:[A-Z]\.){{2,}}(?:[A-Z](?![^\W_]))?)|{_RUN}")
_INVISIBLE = re.compile(rf"[{_MARKS}]")

APOSTROPHES = "'’‘ʼ`´′＇"
_HYPHENS = "-‐‑‒–−﹣－"
# What may stand between two words of one name, and what stands for it in a key.
_APOSTROPHE = re.compile(rf"[{APOSTROPHES}]")
_HYPHEN = re.compile(rf"[{_HYPHENS}]")
_SPACE = re.compile(r"[^\S\n]+|[^\S\n]*\n[^\S\n]*")
_AMPERSAND = re.compile(r"\s*&\s*")
_DOT_SPACE = re.compile(r"\.[^\S\n]*")

# Letters whose accent is not a combining mark in Unicode's decomposition.
_LETTERS = str.maketrans(
    {
        "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D",
        "ı": "i", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ß": "ss", "þ": "th", "Þ": "Th",
        "ə": "e", "Ə": "E", "ħ": "h", "Ħ": "H", "ŋ": "n", "ʻ": "", "ʿ": "", "ʾ": "",
    }
)  # fmt: skip

# Before these a dot ends an abbreviation, not a sentence.
_ABBREVIATIONS = word_set(
    "St Ste Mt Ft Mr Mrs Ms Dr Prof Gen Col Lt Capt Sgt Maj Sen Rep Gov Rev Pres Jr Sr"
)


class Word(NamedTuple):
    """A word at code points ``start`` to ``end``; ``joint`` is what joins it to the one before.

    ``joint`` is ``" "``, ``"'"``, ``"&"``, or ``None`` where a name cannot go on across the gap;
    ``"."`` marks a dot inside an address (``fox.com``).
    """

    start: int
    end: int
    key: str
    joint: str | None

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.key[:1].isupper()


_LONGEST = 64
"""Code points of a word that is remembered: longer ones are no words and fill the memory."""


def fold(word: str) -> str:
    """``word`` without accents, invisible characters and the dots of initials; case is kept."""
    return _remembered(word) if len(word) <= _LONGEST else _fold(word)


def _fold(word: str) -> str:
    if word.isascii():
        return word.replace(".", "")
    bare = unicodedata.normalize("NFKD", _INVISIBLE.sub("", word))
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return bare.translate(_LETTERS).replace(".", "")


_remembered = lru_cache(maxsize=65536)(_fold)


def _joint(gap: str, previous: str) -> str | None:
    if gap == " ":
        return " "
    if _APOSTROPHE.fullmatch(gap):
        return "'"
    if _HYPHEN.fullmatch(gap) or _SPACE.fullmatch(gap):
        return " "
    if _AMPERSAND.fullmatch(gap):
        return "&"
    if gap == ".":
        return " " if len(previous) == 1 or previous in _ABBREVIATIONS else "."
    if _DOT_SPACE.fullmatch(gap) and (
        previous in _ABBREVIATIONS or (len(previous) == 1 and previous.isupper())
    ):
        return " "
    return None


def words(text: str) -> list[Word]:
    """The words of ``text`` in order, with their places in it (code points)."""
    found: list[Word] = []
    end = 0
    key = ""
    new = tuple.__new__  # this loop takes most of the tagger's time
    for match in _WORD.finditer(text):
        start, stop = match.span()
        gap = text[end:start]
        joint = " " if gap == " " and found else _joint(gap, key) if found else None
        raw = text[start:stop]
        key = raw if raw.isascii() and raw.isalnum() else fold(raw)
        end = stop
        found.append(new(Word, (start, stop, key, joint)))
    return found


def join(sequence: Sequence[Word]) -> str:
    """The key of a name made of ``sequence``; empty for none."""
    parts: list[str] = []
    for index, word in enumerate(sequence):
        if index:
            parts.append(word.joint or " ")
        parts.append(word.key)
    return "".join(parts)


def key_of(name: str) -> str:
    """The key under which ``name`` is found, as :func:`words` would read it in a text."""
    return join(words(name))


def headline_key(key: str) -> str:
    """The key of a name set in capitals, in ordinary case: ``BANK OF CHINA``."""
    small = {"Of", "The", "And", "For", "In", "On", "De", "Du", "La"}
    parts = [part.capitalize() for part in re.split(r"([ '&])", key)]
    return "".join(p.lower() if i and p in small else p for i, p in enumerate(parts))
