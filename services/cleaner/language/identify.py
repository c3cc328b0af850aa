"""The language of a text, where it can be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.cleaner.language import south_slavic
from services.cleaner.language.model import model
from services.cleaner.language.scripts import LANGUAGES, script, without_others

MINIMUM_LETTERS: Final = 40
"""Below this many letters identification is a guess; of scripts of one language, 15 are enough."""
MINIMUM_CONFIDENCE: Final = 0.9
_FEW_LETTERS: Final = 15
_SHORT_SAMPLE: Final = 400
_LONG_SAMPLE: Final = 2_000
"""Characters. The short sample is enough where it makes :data:`_CERTAIN`."""
_CERTAIN: Final = 0.99
_DECLARED: Final = 4.0
"""How much likelier a declared language is than another that the text alone leaves possible.
Templates often declare their own language, so it is little."""

CLOSE: Final = (
    {"da", "no", "nn", "sv", "fo"},
    {"cs", "sk"},
    {"bs", "hr", "sr", "sl"},
    {"es", "gl", "pt", "ca", "an", "ext", "oc"},
    {"it", "vec", "lij", "la"},
    {"fr", "wa", "gcf", "gcr", "ht", "oc"},
    {"de", "lb"},
    {"nl", "af", "fy"},
    {"en", "pcm"},
    {"ru", "uk", "be", "bg", "mk", "sr"},
    {"kk", "ky", "tt", "ba", "mn", "tg"},
    {"id", "ms", "jv", "ace"},
    {"fa", "ar", "ur", "ps", "ku", "ug"},
    {"hi", "mr", "ne", "sa", "gom"},
    {"az", "tr", "tk", "crh", "uz"},
    {"zu", "xh", "st", "nso"},
    {"fi", "et"},
    {"bn", "as"},
)
"""Languages that a text of a sentence or two may be taken for one another."""
_OF_SCRIPT: Final = {
    "Arabic": ("ar", "fa", "ur", "ps", "ug", "ku"),
    "Cyrillic": (
        "ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "tt", "ba", "mn", "tg", "uz", "az",
    ),
    "Devanagari": ("hi", "mr", "ne", "sa", "gom"),
    "Bengali": ("bn", "as"),
}  # fmt: skip
_NO_LATIN: Final = {
    *(LANGUAGES.values()), *(code for codes in _OF_SCRIPT.values() for code in codes),
} - {"az", "ku", "sr", "tk", "uz"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a text."""

    language: str
    """ISO 639-1."""
    sure: float
    """0 to 1."""


def identify(text: str, declared: str | None = None) -> Told | None:
    """The language of ``text``, or ``None`` when it is short or uncertain.

    ``declared`` is the ISO 639-1 code that its document declares; it decides between languages
    that the text leaves open, never against the text.
    """
    sample = _sample(text, _SHORT_SAMPLE)
    letters = sum(map(str.isalpha, sample))
    writing = script(sample)
    if writing in LANGUAGES and writing != "Bengali":
        known = LANGUAGES[writing]
        return Told(known, 0.99) if letters >= _FEW_LETTERS else None
    if letters < MINIMUM_LETTERS:
        return None
    told = _weigh(sample, writing, declared)
    if len(text) > len(sample) and (told is None or told.sure < _CERTAIN):
        told = _weigh(_sample(text, _LONG_SAMPLE), writing, declared)
    return told


def _sample(text: str, size: int) -> str:
    """Half of it from the beginning, half from the middle: the one may be a credit or a quote."""
    if len(text) <= size:
        return text
    middle = max(len(text) // 2, size // 2)
    return f"{text[: size // 2]}\n{text[middle : middle + size // 2]}"


def _weigh(sample: str, writing: str, declared: str | None) -> Told | None:
    known = model()
    chances = known.probabilities(without_others(sample, writing), _mask(writing))
    best = known.codes[int(chances.argmax())]
    if best in south_slavic.CODES and writing == "Latin":
        for code, factor in south_slavic.tell(sample).items():
            chances[known.index[code]] *= factor
        chances /= chances.sum()
    place = known.index.get(declared or "")
    if place is not None:
        chances[place] *= _DECLARED
        chances /= chances.sum()
    top = int(chances.argmax())
    language, sure = known.codes[top], float(chances[top])
    if len(language) != 2:  # no ISO 639-1 code, or no language
        return None
    if sure < MINIMUM_CONFIDENCE and not _among_close(chances, language):
        return None
    return Told(language, sure)


def _among_close(chances: NDArray[Any], language: str) -> bool:
    """Whether the doubt is only which of some close languages it is, and it is the likeliest."""
    known = model()
    for group in CLOSE:
        if language in group:
            total = sum(float(chances[known.index[code]]) for code in group if code in known.index)
            if total >= MINIMUM_CONFIDENCE and chances[known.index[language]] >= total / 2:
                return True
    return False


@cache
def _mask(writing: str) -> NDArray[np.bool_] | None:
    """The languages that are written so; ``None`` for all."""
    known = model()
    if writing in _OF_SCRIPT:
        return known.only(_OF_SCRIPT[writing])
    if writing == "Latin":
        return ~known.only(_NO_LATIN)
    return None
