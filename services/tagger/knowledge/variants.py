"""Other forms of a name that a base may know it by: without initials, in the nominative."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product

from services.tagger.knowledge.folding import CYRILLIC
from services.tagger.spelling import APOSTROPHES, word_set

# Endings of Russian and Ukrainian cases and what the nominative has there; longer ones first.
# Towns (Києва), adjectives (Зеленского), nouns (Путина) and women's surnames (Захаровой).
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("овом", ("ів",)), ("ова", ("ів",)), ("ову", ("ів",)), ("ові", ("ів",)),
    ("євом", ("їв",)), ("єва", ("їв",)), ("єву", ("їв",)), ("єві", ("їв",)),
    ("ього", ("ій",)), ("ьому", ("ій",)),
    ("ого", ("ий", "ой")), ("ому", ("ий", "ой")), ("его", ("ий",)), ("ему", ("ий",)),
    ("ові", ("",)), ("еві", ("", "ь", "й")), ("єві", ("й",)),
    ("ым", ("ый", "")), ("им", ("ий", "")), ("ім", ("ій", "")), ("ою", ("а",)), ("ею", ("я",)),
    ("єю", ("я",)), ("ом", ("", "о")), ("ем", ("й", "ь", "")), ("єм", ("й",)),
    ("ой", ("а", "ая")), ("ої", ("а",)), ("ую", ("ая",)), ("ії", ("ія",)), ("ии", ("ия",)),
    ("ію", ("ія", "ій")), ("ию", ("ия", "ий")), ("ея", ("ей",)),
    ("ія", ("ій",)), ("ия", ("ий",)),
    ("а", ("", "о")), ("у", ("", "а", "о")), ("ю", ("й", "ь", "я")), ("я", ("й", "ь")),
    ("ы", ("а", "")), ("и", ("а", "я", "")), ("і", ("а", "", "ь", "я")),
    ("е", ("", "а", "о", "ь")), ("ї", ("я", "й")),
)  # fmt: skip
# What remains must still tell one name from another; a long ending does its part.
_STEM = 3
_MOST = 24
_LONGEST = 4


def _nominatives(word: str) -> list[str]:
    """``word`` itself, then what it may be a case of."""
    found = [word]
    if not CYRILLIC.search(word):
        return found
    for ending, bases in _ENDINGS:
        stem = word.removesuffix(ending)
        if len(stem) < len(word) and len(stem) + len(ending) // 3 >= _STEM:
            found += [stem + base for base in bases]
    return list(dict.fromkeys(found))


def nominatives(name: str) -> Iterator[str]:
    """What a Cyrillic ``name`` may be a case of, the shortest change first; nothing for others."""
    words = name.split()
    if not CYRILLIC.search(name) or len(words) > _LONGEST:
        return
    # The words of a name stand in one case: the rare mixtures come last and are cut.
    choices = product(*map(_nominatives, words))
    for chosen in islice(choices, 1, _MOST * len(words) ** 2):
        yield " ".join(chosen)


_POSSESSIVE = re.compile(rf"(?P<name>.+?)[{APOSTROPHES}](?:s|S)?")


def possessor(name: str) -> str | None:
    """Who is meant by a possessive: "the IMF's"; ``None`` for all else."""
    match = _POSSESSIVE.fullmatch(name.strip())
    return match["name"] if match else None


_SUFFIXES = word_set("Jr Jr. Sr Sr. II III IV")
_INITIAL = re.compile(r"[^\W\d_]\.?(?:-?[^\W\d_]\.)*")


def person_words(name: str) -> list[str]:
    """The words of a person's ``name`` without "Jr." and the like."""
    words = name.replace(",", " ").split()
    while len(words) > 2 and words[-1] in _SUFFIXES:
        words.pop()
    return words


def without_middle(name: str) -> str | None:
    """First and last name where there is more between them: "Joseph R. Biden"."""
    words = person_words(name)
    if len(words) < 2 or not all(word[:1].isupper() for word in words):
        return None
    short = f"{words[0]} {words[-1]}"
    if _INITIAL.fullmatch(words[0]) or short == name or len(words) > _LONGEST:
        return None
    return short


def initial_and_surname(name: str) -> tuple[str, str] | None:
    """The first letter and the surname of "J. Biden" or "J.R. Biden"; ``None`` for all else."""
    parts = re.sub(r"(?<=\.)(?=\S)", " ", name.strip()).split()
    parts = person_words(" ".join(parts))
    if len(parts) < 2 or len(parts[-1]) < _STEM:
        return None
    if not all(_INITIAL.fullmatch(part) for part in parts[:-1]):
        return None
    if "." not in name and len(parts[0]) == 1 and not parts[0].isupper():
        return None
    return parts[0][0].casefold(), parts[-1]
