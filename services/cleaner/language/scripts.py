"""The script that a text is written in, which for many languages is an answer already."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from typing import Final

# Where the blocks of a script begin (https://www.unicode.org/charts/), and which it is. Blocks
# that follow each other with one script are one; "" is what has no script of its own.
_BLOCKS: Final = (
    (0x0000, "Latin"), (0x02B0, ""), (0x0370, "Greek"), (0x0400, "Cyrillic"),
    (0x0530, "Armenian"), (0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, ""),
    (0x0750, "Arabic"), (0x0780, "Thaana"), (0x07C0, ""), (0x08A0, "Arabic"),
    (0x0900, "Devanagari"), (0x0980, "Bengali"), (0x0A00, "Gurmukhi"), (0x0A80, "Gujarati"),
    (0x0B00, "Oriya"), (0x0B80, "Tamil"), (0x0C00, "Telugu"), (0x0C80, "Kannada"),
    (0x0D00, "Malayalam"), (0x0D80, "Sinhala"), (0x0E00, "Thai"), (0x0E80, "Lao"),
    (0x0F00, "Tibetan"), (0x1000, "Myanmar"), (0x10A0, "Georgian"), (0x1100, "Hangul"),
    (0x1200, "Ethiopic"), (0x13A0, ""), (0x1780, "Khmer"), (0x1800, "Mongolian"), (0x18B0, ""),
    (0x1C90, "Georgian"), (0x1CC0, ""), (0x1E00, "Latin"), (0x1F00, "Greek"), (0x2000, ""),
    (0x2C60, "Latin"), (0x2C80, ""), (0x2D00, "Georgian"), (0x2D30, ""), (0x2D80, "Ethiopic"),
    (0x2DE0, "Cyrillic"), (0x2E00, ""), (0x3041, "Kana"), (0x3100, "Han"), (0x3130, "Hangul"),
    (0x3190, "Han"), (0x31F0, "Kana"), (0x3200, ""), (0x3400, "Han"), (0x4DC0, ""),
    (0x4E00, "Han"), (0xA000, ""), (0xA640, "Cyrillic"), (0xA6A0, ""), (0xAC00, "Hangul"),
    (0xD7FC, ""), (0xF900, "Han"), (0xFB00, ""), (0xFB1D, "Hebrew"), (0xFB50, "Arabic"),
    (0xFE00, ""), (0xFE70, "Arabic"), (0xFEFF, ""), (0xFF66, "Kana"), (0xFFA0, ""),
    (0x20000, "Han"), (0x32000, ""),
)  # fmt: skip
_STARTS: Final = [start for start, _ in _BLOCKS]
_NAMES: Final = [name for _, name in _BLOCKS]
_BEYOND_LATIN: Final = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u2c80-\U0010ffff]")
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f]+")
_WORDY: Final = 2.5
"""Letters of an alphabet that a character of these scripts counts for."""
_DENSE: Final = frozenset({"Han", "Kana", "Hangul"})
_KANA_OF_JAPANESE: Final = 0.05
"""Share of kana among the kana and Han of a text; in Japanese it is a half, also in headlines an
eighth."""

LANGUAGES: Final = {
    "Armenian": "hy", "Bengali": "bn", "Georgian": "ka", "Greek": "el", "Gujarati": "gu",
    "Gurmukhi": "pa", "Han": "zh", "Hangul": "ko", "Hebrew": "he", "Kana": "ja", "Kannada": "kn",
    "Khmer": "km", "Lao": "lo", "Malayalam": "ml", "Mongolian": "mn", "Myanmar": "my",
    "Oriya": "or", "Sinhala": "si", "Tamil": "ta", "Telugu": "te", "Thaana": "dv", "Thai": "th",
    "Tibetan": "bo", "Ethiopic": "am",
}  # fmt: skip
"""The language of a script that one language of the press is written in, ISO 639-1."""


def script(text: str) -> str:
    """The Unicode name of the script that most of ``text`` is in, or an empty string.

    ``Kana`` stands for Japanese as a whole, Han characters with kana among them. The time grows
    with the length: give a sample.
    """
    if text.isascii():
        return "Latin"
    others = Counter(_BEYOND_LATIN.findall(text))
    counts: Counter[str] = Counter()
    for char, count in others.items():
        if char.isalpha():
            counts[_NAMES[bisect_right(_STARTS, ord(char)) - 1]] += count
    del counts[""]
    beyond = counts.total()
    if beyond * 10 < len(text):  # hardly a tenth: names and quotations
        return "Latin"
    ideographs = counts["Han"] + counts["Kana"]
    if ideographs and counts["Kana"] >= _KANA_OF_JAPANESE * ideographs:
        counts["Kana"] = ideographs
        counts["Han"] = 0
    weighed = {name: n * _WORDY if name in _DENSE else n for name, n in counts.items()}
    weighed["Latin"] = sum(map(str.isalpha, text)) - beyond
    return max(weighed, key=weighed.__getitem__)


def without_others(text: str, name: str) -> str:
    """``text``, most of it in the script ``name``, without what is quoted in other scripts."""
    if text.isascii():
        return text
    return (_BEYOND_LATIN if name == "Latin" else _LATIN).sub("", text)
