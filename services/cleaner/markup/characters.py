"""Counts of kinds of characters in many texts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

(_OTHER, _LOWER, _UPPER, _DIGIT, _SPACE, _LINE, _STOP, _COMMA, _QUOTE, _ASK, _SIGN, _FOREIGN,
 _WIDE, _COLON) = range(14)  # fmt: skip
_KINDS: Final = 14


def _table() -> NDArray[np.uint8]:
    """The kind of each character of the basic plane."""
    table = np.full(65_536, _OTHER, np.uint8)
    for code in range(0x0250):
        character = chr(code)
        if character.islower():
            table[code] = _LOWER
        elif character.isupper():
            table[code] = _UPPER
        elif character.isdigit():
            table[code] = _DIGIT
    table[0x0250:0x2000] = _FOREIGN
    # Scripts written without blanks: kana, Chinese, Hangul stands apart with its blanks.
    table[0x2E80:0xA000] = _WIDE
    table[0x0E00:0x0E80] = _WIDE
    table[0xAC00:0xD7B0] = _FOREIGN
    for characters, kind in (
        (" \t\xa0", _SPACE), ("\n", _LINE), (".!…。！｡।؟۔", _STOP), (",;，、；،", _COMMA),
        ("\"'“”„«»‘’「」『』", _QUOTE), ("?？", _ASK), (":：", _COLON),
        ("|/>›→©•·@#+*=_[]{}~^<→↓↑▶", _SIGN),
    ):  # fmt: skip
        for character in characters:
            table[ord(character)] = kind
    return table


_TABLE: Final = _table()
_WIDE_WORD: Final = 2.0
"""Characters of a Chinese or Japanese word, about."""
_READ: Final = 2_000_000
"""Characters of a page whose kinds are counted, each block having the same part of them: some 30
bytes of memory each."""
_LEAST: Final = 200


_MARKS: Final = "’“”‘—–…\xa0"
"""What texts in ASCII have besides it; none of it stands in a word."""


def of_words(more: str) -> bytes:
    """The table by which :func:`ascii_words` takes letters and the characters of ``more`` as words'
    own."""
    return bytes(
        ord(chr(code).lower()) if chr(code).isalpha() or chr(code) in more else ord(" ")
        for code in range(128)
    ) + bytes(128)


def ascii_words(text: str, table: bytes) -> list[str] | None:
    """The words of ``text`` in lower case, ``None`` where it has letters that are not ASCII.

    A regular expression takes five times as long.
    """
    if not text.isascii():
        for mark in _MARKS:
            text = text.replace(mark, " ")
        if not text.isascii():
            return None
    return text.encode().translate(table).decode().split()


@dataclass(slots=True)
class Characters:
    """One number for each text in every column."""

    chars: Floats
    words: Floats
    letters: Floats
    sentences: Floats
    ends: Floats
    """The kind of its last character: 0 other, 1 of a sentence, 2 colon, 3 quotation mark."""
    begins: Floats
    """The kind of its first character: 0 other, 1 capital, 2 small letter, 3 digit, 4 sign."""
    commas: Floats
    digits: Floats
    capitals: Floats
    titled: Floats
    """Words that begin with a capital."""
    quotes: Floats
    asks: Floats
    signs: Floats
    foreign: Floats
    """Letters that are not Latin."""
    lines: Floats


def count(texts: list[str]) -> Characters:
    """The counts for each of ``texts``, of which there is one and none is empty."""
    size = len(texts)
    chars = np.fromiter(map(len, texts), np.float32, size)
    limit = max(_READ // size, _LEAST)
    if chars.max() > limit:
        texts = [text[:limit] for text in texts]
    lengths = np.fromiter(map(len, texts), np.int64, size)
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, np.uint32)
    kinds = _TABLE.take(codes, mode="clip")
    rows = np.repeat(np.arange(0, size * _KINDS, _KINDS), lengths)
    counts = np.bincount(rows + kinds, minlength=size * _KINDS)
    table: Floats = counts.reshape(size, _KINDS).astype(np.float32)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    blank = (kinds == _SPACE) | (kinds == _LINE)
    stop = (kinds == _STOP) | (kinds == _ASK)
    closes = stop.copy()
    # A full stop ends a sentence before a blank, a closing mark or at the end of the text.
    after = blank | (kinds == _QUOTE)
    closes[:-1] &= after[1:] | (codes[:-1] > 0x2000)
    closes[ends - 1] = stop[ends - 1]
    begins = np.zeros(len(kinds), bool)
    begins[1:] = blank[:-1]
    begins[starts] = True

    def per(found: NDArray[np.bool_]) -> Floats:
        owner = np.searchsorted(ends, np.flatnonzero(found), side="right")
        return np.bincount(owner, minlength=size).astype(np.float32)

    last = kinds[ends - 1]
    # Before a closing quotation mark what stands before it tells.
    quoted = (last == _QUOTE) & (lengths > 1)
    before = kinds[np.maximum(ends - 2, 0)]
    stopped = np.isin(last, (_STOP, _ASK)) | (quoted & np.isin(before, (_STOP, _ASK, _COMMA)))
    end = np.select([stopped, last == _COLON, last == _QUOTE], [1, 2, 3], 0)
    first = kinds[starts]
    wide = table[:, _WIDE]
    begin = np.select(
        [(first == _UPPER) | (first == _QUOTE), first == _LOWER, first == _DIGIT, first == _SIGN],
        [1, 2, 3, 4],
        0,
    )
    return Characters(
        chars=chars,
        words=table[:, _SPACE] + table[:, _LINE] + 1 + wide / np.float32(_WIDE_WORD),
        letters=table[:, _LOWER] + table[:, _UPPER] + table[:, _FOREIGN] + wide,
        sentences=per(closes),
        ends=end.astype(np.float32),
        begins=begin.astype(np.float32),
        commas=table[:, _COMMA],
        digits=table[:, _DIGIT],
        capitals=table[:, _UPPER],
        titled=per(begins & (kinds == _UPPER)),
        quotes=table[:, _QUOTE],
        asks=table[:, _ASK],
        signs=table[:, _SIGN],
        foreign=table[:, _FOREIGN] + wide,
        lines=table[:, _LINE],
    )
