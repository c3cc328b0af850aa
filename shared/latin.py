"""Which of the 8-bit charsets of the Latin script a text was written in.

They share most of their letters, so statistics over characters mix them up. What tells them apart
is that one language must own all the accented letters: read as windows-1250, French "à, ê" turn
into "ŕ, ę", and no language writes both "ŕ" and "ę". The alphabets are those of the languages'
orthographies (CLDR exemplar sets).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_WESTERN: Final = (
    "äöüß",  # German
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíóúüñªº",  # Spanish
    "àèéìíîòóùú",  # Italian
    "áâãàçéêíóôõúüªº",  # Portuguese
    "àçèéíïòóúü·",  # Catalan
    "éëïóöüáíúè",  # Dutch
    "åäöé",  # Swedish, Finnish
    "æøåéóòôü",  # Danish, Norwegian
    "áðéíóúýþæö",  # Icelandic
)
_CENTRAL: Final = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Croatian, Slovene, Bosnian
    "ăâîşţ",  # Romanian, as these charsets write it
)
_TURKISH: Final = ("çğıöşüâîû",)
_BALTIC: Final = ("āčēģīķļņšūž", "ąčęėįšųūž", "äöõüšž")
_CHARSETS: Final = (
    ("cp1252", _WESTERN),
    ("cp1250", _CENTRAL),
    ("iso8859-2", _CENTRAL),
    ("cp1254", _TURKISH),
    ("cp1257", _BALTIC),
    ("mac_roman", _WESTERN),
    ("cp850", _WESTERN),
    ("cp852", _CENTRAL),
)
"""In the order in which equals win: by how much of it there is."""

_NEUTRAL: Final = frozenset("\u00a0«»‘’‚“”„†•…–—‹›€£§©®°±²³·´½¼¡¿™")
_RUN: Final = re.compile(rb"[\x80-\xff]+")
_PAIR: Final = re.compile(r"(?=(.[^\x00-\x7f]))", re.S)  # with the character before it
_ASCII_LETTER: Final = re.compile(rb"[A-Za-z]")
_MAX_SHARE: Final = 0.3  # of letters; Vietnamese apart, accented letters are fewer
_MAX_RUNS: Final = 0.45  # of runs that are longer than one: "ção", "gęś", quotes
_NEEDED: Final = 0.9  # of letters that one language must explain


def latin_charset(sample: bytes) -> str | None:
    """The charset of ``sample`` when it is Latin text in one of them, else ``None``."""
    runs = _RUN.findall(sample)
    high = sum(map(len, runs))
    if not runs or high > _MAX_SHARE * (high + len(_ASCII_LETTER.findall(sample))):
        return None
    if sum(len(run) > 1 for run in runs) > max(1, _MAX_RUNS * len(runs)):
        return None
    best, score = None, 0.0
    for name, languages in _CHARSETS:
        found = _explained(sample, name, languages)
        if found > score:
            best, score = name, found
    return best if score >= _NEEDED else None


def _explained(sample: bytes, charset: str, languages: tuple[str, ...]) -> float:
    """The share of ``sample``'s characters beyond ASCII that the best language explains."""
    text = sample.decode(charset, "replace")
    counts: Counter[str] = Counter()
    neutral = total = 0
    for pair, times in Counter(_PAIR.findall(" " + text)).items():
        before, char = pair
        total += times
        if char in _NEUTRAL:
            neutral += times
        elif not (char.isupper() and before.islower()):  # "cafŽ" is no word
            counts[char.lower()[:1]] += times
    known = max(sum(counts[letter] for letter in language) for language in languages)
    # Punctuation agrees with a charset but proves less than letters do.
    return (known + 0.97 * neutral) / max(1, total)
