"""The key under which all spellings of one name meet, and whether two spellings may be one name.

Names written in Cyrillic reach Latin text in many ways: Zelensky, Zelenskyy, Zelenskiy, Selenskyj.
:func:`fold` gives them, and the Cyrillic original, one key. It is coarse on purpose, so what meets
under a key is compared again by :func:`related`: "Wales" and "Vales" share a key, not an entity.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from services.tagger.spelling import key_of, word_set

# Ukrainian and Russian letters as English writes them; accents are gone by then (й is и, ї is і).
_CYRILLIC_LETTERS = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh",
        "з": "z", "и": "i", "і": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
        "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch",
        "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "iu", "я": "ia",
        "ј": "i", "љ": "l", "њ": "n", "ћ": "ch", "ђ": "d", "џ": "dzh",
    }
)  # fmt: skip

CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_ROMAN = re.compile(r"[ivx]+")
_RULES = (
    # German, Polish and English letters for one sound each: q for that of "ch", s for "sh".
    (re.compile(r"tsch|tch"), "ch"),
    (re.compile(r"sch|sh|zh|sz"), "s"),
    (re.compile(r"ch|cz"), "q"),
    (re.compile(r"kh"), "h"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"t[sz]|z"), "s"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"c"), "k"),
    (re.compile(r"w"), "v"),
    (re.compile(r"[yj]"), "i"),
    (re.compile(r"i+e"), "e"),
    # Not digits: 2022 is not 202.
    (re.compile(r"([a-z])\1+"), r"\1"),
)

_SAINTS = {"saint": "st", "sainte": "st", "ste": "st", "mount": "mt", "fort": "ft"}
LEGAL_FORMS = word_set(
    "inc incorporated ltd limited llc llp plc corp corporation co company gmbh ag kg kgaa se sa "
    "sas sarl spa srl nv bv ab asa as oyj oy pjsc ojsc jsc pte pty bhd sdn tbk"
)
# Longest names in the base have some twenty words; what follows is of no use for finding them.
_MOST = 300


def _letters(word: str) -> str:
    """``word`` (lower case) with each sound written one way."""
    word = word.translate(_CYRILLIC_LETTERS)
    if _ROMAN.fullmatch(word):  # "Charles II" is not "Charles III"
        return word
    for pattern, letters in _RULES:
        word = pattern.sub(letters, word)
    return word


_LEGAL = frozenset(_letters(form) for form in LEGAL_FORMS)
_SAINTLY = {_letters(long): short for long, short in _SAINTS.items()}


def _once(key: str) -> str:
    words = []
    for word in key.replace("&", " and ").split():
        bare = _letters(word.removesuffix("'s").replace("'", "")) or word.strip("'")
        if bare:
            words.append(bare)
    words = [_SAINTLY.get(word, word) for word in words[:-1]] + words[-1:]
    while len(words) > 1 and words[0] == "the":
        del words[0]
    if words[-3:] == ["s", "p", "a"]:
        words[-3:] = ["spa"]
    while len(words) > 1 and words[-1] in _LEGAL:
        del words[-1]
    return " ".join(words)


def _plain(name: str) -> str:
    # Composed first: some marks are no part of a word for key_of where they stand alone.
    return key_of(unicodedata.normalize("NFC", name)[:_MOST])


@lru_cache(maxsize=16384)
def fold(name: str) -> str:
    """The key of ``name`` without case, accents, legal form and ways of transliteration.

    Folding what is folded changes nothing. Empty where ``name`` has no letter or digit.
    """
    key = _plain(name).casefold()
    while (folded := _once(key_of(key).casefold())) != key:
        key = folded
    return key


def folds(name: str) -> tuple[str, ...]:
    """The keys to look ``name`` up under: its own, then those of other readings of its letters.

    Ukrainian reads г as h; German and Polish write ch for the sound that English writes kh.
    """
    found = [fold(name)]
    lower = unicodedata.normalize("NFC", name).lower()
    if "г" in lower:
        found.append(fold(lower.replace("г", "h")))
    if "ch" in lower:
        found.append(fold(re.sub(r"(?<![st])ch", "kh", lower)))
    return tuple(key for key in dict.fromkeys(found) if key)


_SLAVIC = re.compile(
    r"(?:[st]'?k(?:[yi]|yi|yy|iy|ij|yj|ii|a|aya|aia)|[oeiy][vw](?:a|ych|ich)?|enk[oa]"
    r"|(?:ch|cz|tsch)uk|[iyj]uk|ets|ez|etsk|ezk|ansk|ivs'?k|evsk|ovsk|hrad|grad|horod|gorod"
    r"|[vw]ych|[vw]ich|[vw]itsch|iy|ii|yj|ij|yy)\b|zh|kh|shch|tsch"
    r"|\b(?:oleks|aleks|volod|wolod|vladi|wladi|mykh|mych|dmyt|dmit|serh|yevh|yevg)"
)
# Countries whose names are mostly transliterated, or written by neighbours in their own way.
SLAVIC_COUNTRIES = frozenset({"UA", "RU", "BY", "BG", "RS", "MK", "ME", "BA", "KZ", "KG", "MD"})
_RUN = re.compile(r"([^\W\d])\1+")
# The shortest words that may differ, where transliterated and elsewhere: "More" is not Moore.
_SHORTEST = (4, 5)


@lru_cache(maxsize=4096)
def _light(word: str, several: bool) -> str:
    word = re.sub(r"[yj]", "i", word.replace("'", ""))
    if several:  # a second name beside it makes this sure enough: "Victor Orban"
        word = word.replace("ph", "f").replace("c", "k")
    return _RUN.sub(r"\1", word)


def related(left: str, right: str, *, slavic: bool, company: bool) -> bool:
    """Whether two spellings with one fold may be of one name.

    ``slavic`` says that what is named is of a country whose names are transliterated, ``company``
    that it may have a legal form.
    """
    one, two = _plain(left).casefold(), _plain(right).casefold()
    if one == two:
        return True
    slavic = slavic or any(CYRILLIC.search(k) or _SLAVIC.search(k) for k in (one, two))
    first, second = bare(one), bare(two)
    if not company and (first[1] != second[1]):
        return False
    if len(first[0]) != len(second[0]):
        return slavic and "".join(first[0]) == "".join(second[0])
    pairs = zip(first[0], second[0], strict=True)
    several = len(first[0]) > 1
    return all(_same(a, b, slavic=slavic, several=several) for a, b in pairs)


def bare(key: str) -> tuple[list[str], str]:
    """The words of a key (lower case) without article and legal form; then the legal form."""
    words = [word.removesuffix("'s") for word in key.replace("&", " and ").split()]
    words = [_SAINTS.get(word, word) for word in words[:-1]] + words[-1:]
    while len(words) > 1 and words[0] == "the":
        del words[0]
    form: list[str] = []
    if words[-3:] == ["s", "p", "a"]:
        words[-3:] = ["spa"]
    while len(words) > 1 and _letters(words[-1]) in _LEGAL:
        form.append(words.pop())
    return words, " ".join(form)


def _same(one: str, two: str, *, slavic: bool, several: bool) -> bool:
    if one == two or one.replace("'", "") == two.replace("'", ""):
        return True
    shortest = min(len(one), len(two))
    if shortest < _SHORTEST[0] and not (CYRILLIC.search(one) or CYRILLIC.search(two)):
        return False
    return slavic or (shortest >= _SHORTEST[1] and _light(one, several) == _light(two, several))
