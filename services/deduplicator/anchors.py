"""Anchors: what a rewriter leaves as it is, in its order. Names, numbers and quoted words.

A spun copy changes the words and keeps who, where, when and how many. The anchors of two such
copies are nearly the same sequence, those of two reports of one event are not.

An anchor is 16 bits, and its value tells its kind: names lie below numbers, numbers below quoted
words, and above all of these lies what stands in too many texts to mean much (weekdays, great
powers, small numbers, years). Of each kind an article keeps the smallest values, so that two
copies choose alike however many more one of them has (Broder 1997), and they are kept in the order
in which they first stand in the text. A change of any constant here is a new
:data:`~services.deduplicator.entry.VERSION`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash

from services.deduplicator.anchorwords import NO_NAMES, NUMBERS, SCALES, WIDESPREAD
from services.deduplicator.sizes import ANCHORS

Anchors = npt.NDArray[np.uint16]

FIRST_NUMBER: Final = 0x8000
FIRST_QUOTED: Final = 0xA000
FIRST_WEAK: Final = 0xC000
BOUNDS: Final = ((1, FIRST_NUMBER), (FIRST_NUMBER, FIRST_QUOTED), (FIRST_QUOTED, FIRST_WEAK))
"""First value of names, numbers and quoted words, and the first behind them."""
_WEAK: Final = (FIRST_WEAK, 0x10000)

QUOTAS: Final = (20, 8, 6)
"""How many names, numbers and quoted words are kept; :data:`WEAK_QUOTA` of the rest."""
WEAK_QUOTA: Final = ANCHORS - sum(QUOTAS)

_READ: Final = 12_000  # characters: the first 2,000 words, where a story has what it tells
_LETTERS: Final = 5  # of a name: "Ukraine" and "Ukrainian" are one, and most cases of a Slavic name
_HEADING: Final = 120
_ENDS: Final = ".!?…。！？。\"”»'’)」"
_OPENS: Final = "\n.!?…:;\"“”«„‘'([•-–—*。！？「"

# A word that does not begin with an ASCII small letter: most words of a text are never looked at.
_CAPITALISED: Final = re.compile(r"(?<![\w'’])[^\W\d_a-z](?:[\w'’-]*\w)?")
# Where words are not parted by spaces, Latin capitals and the katakana of foreign names stand out.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u4e00-\u9fff]")
_STANDS_OUT: Final = re.compile("[A-Z][A-Za-z-]+|[\u30a1-\u30fc]{3,}")
_FIGURES: Final = re.compile(
    r"(?<![A-Za-z\d_.,])(\d+(?:[.,]\d+)*)(?:[ \u00a0-]?(hundred|thousand|million|billion|trillion"
    r"|bn|mn?|k)\b)?",
    re.IGNORECASE,
)
_WORD: Final = "|".join(sorted((*NUMBERS, *(scale for scale in SCALES if len(scale) > 2))))
# They begin with few pairs of letters: most words fail at these.
_WRITTEN: Final = re.compile(
    rf"(?<![^ \n\u00a0\"“‘'(\[—–-])(?=[efnostz][ehilonw])(?:{_WORD})"
    rf"(?:[ -](?:and )?(?:{_WORD}))*(?!\w)"
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*$")
_QUOTED: Final = re.compile(
    r"“([^“”\n]{8,600})”|\"([^\"\n]{8,600})\"|«([^«»\n]{8,600})»|„([^„“”\n]{8,600})[“”]"
    r"|「([^「」\n]{4,300})」"
)
_LONG_WORD: Final = re.compile(r"[^\W\d_]{6,}")
_SMALL: Final = 12
_YEARS: Final = range(1980, 2040)


def anchors_of(text: str, names: Sequence[str] = ()) -> Anchors:
    """The anchors of a text in their order, zeros behind them; shape ``(ANCHORS,)``.

    ``names``: what a tagger found, needed only where names have no capitals.
    """
    text = text[:_READ]
    places: dict[int, int] = {}
    for value, place in (*_names(text), *_given(text, names), *_numbers(text), *_quotes(text)):
        if place < places.get(value, _READ):
            places[value] = place
    chosen: list[int] = []
    ascending = sorted(places)
    for bounds, quota in zip((*BOUNDS, _WEAK), (*QUOTAS, WEAK_QUOTA), strict=True):
        chosen.extend([value for value in ascending if bounds[0] <= value < bounds[1]][:quota])
    chosen.sort(key=lambda value: (places[value], value))
    anchors = np.zeros(ANCHORS, dtype=np.uint16)
    anchors[: len(chosen)] = chosen
    return anchors


def _names(text: str) -> list[tuple[int, int]]:
    """The last word of each run of capitalised words: people are "Biden" when named again."""
    if not text.isascii() and _UNSPACED.search(text):
        return [
            (_value(_folded(match[0]), WIDESPREAD, 0), match.start())
            for match in _STANDS_OUT.finditer(text)
        ]
    sure: set[str] = set()
    found: list[tuple[str, int, bool]] = []  # folded, place, whether it begins a sentence
    before, begins, heading_until = -2, False, 0
    for match in _CAPITALISED.finditer(text):
        word, start = match[0], match.start()
        if start < heading_until or not word[0].isupper():
            continue
        line_end = text.find("\n", start)
        if line_end < 0:
            line_end = len(text)
        opening = _before(text, start)
        if (
            opening in ("", "\n")
            and line_end - start < _HEADING
            and line_end < len(text)
            and text[line_end - 1] not in _ENDS
        ):
            heading_until = line_end  # a title's capitals say nothing
            continue
        folded = _folded(word)
        if folded in NO_NAMES or len(folded) < 2:
            continue
        opened = opening == "" or opening in _OPENS
        if start - before == 1 and text[before] == " " and found:
            # The run goes on: only its last word counts, and one that begins a sentence does too.
            found.pop()
            opened = False
        elif opened:
            begins = True
        else:
            begins = False
        if not opened:
            sure.add(folded)
        found.append((folded, start, opened and begins))
        before = match.end()
    return [
        (_value(folded, WIDESPREAD, 0), place)
        for folded, place, doubtful in found
        if not doubtful or folded in sure
    ]


def _before(text: str, start: int) -> str:
    """The last character before ``start`` that is no space."""
    place = start - 1
    while place >= 0 and text[place] in " \u00a0":
        place -= 1
    return text[place] if place >= 0 else ""


def _given(text: str, names: Sequence[str]) -> list[tuple[int, int]]:
    """Names that a tagger found and that have no capitals, where they first stand."""
    found = []
    for name in names:
        if name and name == name.casefold() == name.upper().casefold() and not name.isascii():
            place = text.find(name)
            if place >= 0:
                found.append((_value(name, WIDESPREAD, 0), place))
    return found


def _folded(word: str) -> str:
    word = word.replace("’", "'")
    if word.endswith("'s"):
        word = word[:-2]
    return word.casefold()[:_LETTERS]


def _value(folded: str, weak: frozenset[str], kind: int) -> int:
    first, end = _WEAK if folded in weak else BOUNDS[kind]
    return _hashed(folded, first, end)


def _hashed(word: str, first: int, end: int) -> int:
    digest = xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass"))
    return first + (digest >> 32) % (end - first)


def _numbers(text: str) -> list[tuple[int, int]]:
    """Numbers by their value: "four million", "4 million" and "4,000,000" are one."""
    found = []
    for match in _FIGURES.finditer(text):
        found.append((_number(_figures(match[1]) * _scale(match[2])), match.start()))
    for match in _WRITTEN.finditer(text.lower()):
        value = _written(match[0])
        if value is not None:
            found.append((_number(value), match.start()))
    return found


def _number(thousandths: int) -> int:
    whole, rest = divmod(thousandths, 1000)
    weak = not rest and (whole <= _SMALL or whole in _YEARS)
    return _hashed(f"#{thousandths}", *(_WEAK if weak else BOUNDS[1]))


def _figures(digits: str) -> int:
    """The value in thousandths: what stands behind a separator of three digits are thousands."""
    if len(digits) > 18:
        digits = digits[:18]  # a telephone number or an identifier
    if _GROUPED.match(digits):
        return int(re.sub("[.,]", "", digits)) * 1000
    whole, *rest = re.split("[.,]", digits)
    fraction = (rest[0] if rest else "")[:3]
    return int(whole) * 1000 + int((fraction + "000")[:3])


def _scale(word: str | None) -> int:
    return SCALES.get(word.lower(), 1) if word else 1


def _written(words: str) -> int | None:
    """The value in thousandths of a number in words; ``None`` for "one" and for a bare scale."""
    parts = [part for part in re.split("[ -]", words) if part and part != "and"]
    if parts[0] not in NUMBERS or parts == ["one"]:
        return None
    total = current = 0
    for part in parts:
        if part in NUMBERS:
            current += NUMBERS[part]
        elif part == "hundred":
            current *= 100
        else:
            total, current = total + current * SCALES[part], 0
    return (total + current) * 1000


def _quotes(text: str) -> list[tuple[int, int]]:
    """The long words of quoted passages; a passage in an unspaced script as a whole."""
    found = []
    for match in _QUOTED.finditer(text):
        passage = match[match.lastindex or 0]
        if match[5]:
            found.append((_hashed(passage, *BOUNDS[2]), match.start()))
            continue
        start = match.start()
        for word in _LONG_WORD.finditer(passage):
            found.append((_hashed(word[0].casefold(), *BOUNDS[2]), start + word.start()))
    return found
