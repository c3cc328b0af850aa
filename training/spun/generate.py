"""Text spun as content farms spin it: several methods, and mixtures of them, from a seed.

All leave names and most numbers and quotations, as spinning software is told to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from services.deduplicator.anchorwords import NO_NAMES, NUMBERS, SCALES
from training.spun.words import ABBREVIATED, FILLERS, FUNCTION_WORDS, OPENERS, SYNONYMS, VERBS

Step = Callable[[list[str], Random], list[str]]
"""Takes and gives the sentences of a paragraph."""

_SENTENCE: Final = re.compile(r"(?<=[.!?])(?<![A-Z][.])(?<!Mr[.])(?<!Dr[.])[\"”]? +(?=[\"“A-Z0-9])")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_NAME: Final = r"[A-Z][\w.’'-]*(?: [A-Z][\w.’'-]*)*"
_CAPITALISED: Final = re.compile(rf"(?<=[a-z,] ){_NAME}")
_SAID: Final = re.compile(rf"^(.{{20,}}?),? (?:said|says|added) ({_NAME})[.]$")
_HE_SAID: Final = re.compile(
    rf"^({_NAME}|He|She|They|Officials) (?:said|says|added)(?: that)? (.+)[.]$"
)
_CLAUSE: Final = re.compile(
    r"^((?:When|While|After|Before|Because|Although|As|If|Since|In|On|At|During|Despite)\b[^,]{8,90}),"
    r" (.+)([.!?])$"
)
_LATE_CLAUSE: Final = re.compile(
    r"^(.{20,}?),? "
    r"((?:when|while|after|before|because|although|if|since|despite|during)\b[^,.;]{8,})([.!?])$"
)
_PASSIVE: Final = re.compile(
    r"\b((?:The|the|A|a) [a-z]+|[A-Z]\w+(?: [A-Z]\w+)*) ([a-z]{3,}ed) "
    r"((?:the|a|an) [a-z]+(?: [a-z]+)?)\b"
)
_QUOTED: Final = re.compile(r"“[^“”\n]+”|\"[^\"\n]+\"")
_SPARED: Final = re.compile("“§(\\d+)§”")
_SPARING: Final = 0.5  # of the texts: software can be told to leave quotations alone, some is not
_LIST: Final = re.compile(r"\b([a-z]{4,}) and ([a-z]{4,})\b")
_ROUND: Final = re.compile(r"\b(\d{1,3}) (million|billion|thousand)\b")
_FIGURES: Final = list(NUMBERS)[:14]


def sentences_of(paragraph: str) -> list[str]:
    """The sentences of a paragraph, roughly."""
    return [sentence for sentence in _SENTENCE.split(paragraph.strip()) if sentence]


def synonyms(share: float, *, function_words: bool = True) -> Step:
    """Every word that the lists have is changed with probability ``share``."""

    def step(sentences: list[str], random: Random) -> list[str]:
        def other(match: re.Match[str]) -> str:
            word = match[0]
            small = word.replace("’", "'").lower()
            if small in ABBREVIATED:
                return _cased(ABBREVIATED[small], word)
            if small not in SYNONYMS or (not function_words and small in FUNCTION_WORDS):
                return word
            inside = match.start() > 0 and word[0].isupper()
            if inside or random.random() >= share:
                return word
            return _cased(random.choice(SYNONYMS[small]), word)

        return [_WORD.sub(other, sentence) for sentence in sentences]

    return step


def _cased(other: str, word: str) -> str:
    return other[0].upper() + other[1:] if word[0].isupper() else other


def reporting(sentences: list[str], random: Random) -> list[str]:
    """ "X said Y" becomes "Y, according to X", and the other way about."""
    spun = []
    for sentence in sentences:
        if match := _HE_SAID.match(sentence):
            name, rest = match[1], match[2]
            if name[0].isupper() and name not in ("He", "She", "They"):
                text = f"According to {name}, {rest}."
                sentence = (
                    text if random.random() < 0.5 else f"{_capital(rest)}, {name} {_verb(random)}."
                )
            else:
                sentence = f"{name} {_verb(random)} the following: {rest}."
        elif match := _SAID.match(sentence):
            sentence = f"{match[2]} {_verb(random)}, {_small(match[1])}."
        spun.append(sentence)
    return spun


def _verb(random: Random) -> str:
    return random.choice(VERBS)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    """Lower case at the beginning, unless a name may stand there."""
    first = text.split(" ", 1)[0].lower()
    known = first in SYNONYMS or first[:5] in NO_NAMES
    return text[:1].lower() + text[1:] if known and first != "i" else text


def clauses(sentences: list[str], random: Random) -> list[str]:
    """Subordinate clauses go to the other end of their sentence; "a and b" becomes "b and a"."""
    spun = []
    for sentence in sentences:
        if match := _CLAUSE.match(sentence):
            sentence = f"{_capital(match[2])} {_small(match[1])}{match[3]}"
        elif match := _LATE_CLAUSE.match(sentence):
            sentence = f"{_capital(match[2])}, {_small(match[1])}{match[3]}"
        spun.append(_LIST.sub(r"\2 and \1", sentence))
    return spun


def voices(sentences: list[str], random: Random) -> list[str]:
    """Active becomes passive where subject, verb and object stand side by side."""
    spun = [
        _PASSIVE.sub(lambda m: f"{m[3]} was {m[2]} by {_small(m[1])}", sentence)
        for sentence in sentences
    ]
    return [_capital(sentence) for sentence in spun]


def numbers(sentences: list[str], random: Random) -> list[str]:
    """Small numbers in words become figures and the other way about; millions are written out."""

    def figure(match: re.Match[str]) -> str:
        value = int(match[0])
        return _FIGURES[value] if value < len(_FIGURES) else match[0]

    def full(match: re.Match[str]) -> str:
        return f"{int(match[1]) * SCALES[match[2]]:,}"

    spun = []
    for sentence in sentences:
        sentence = _ROUND.sub(full, sentence)
        sentence = re.sub(r"(?<![\w.,$€£-])\d{1,2}(?![\w.,%-])", figure, sentence)
        for value, word in enumerate(_FIGURES[2:], start=2):
            if random.random() < 0.5:
                sentence = re.sub(rf"(?<=[a-z] ){word}(?= [a-z])", str(value), sentence)
        spun.append(sentence)
    return spun


def cuts(sentences: list[str], random: Random) -> list[str]:
    """Long sentences are split at "and" or "which", short ones joined."""
    spun: list[str] = []
    for sentence in sentences:
        parts = re.split(r", and (?=[a-z])|; ", sentence, maxsplit=1)
        if len(parts) == 2 and min(map(len, parts)) > 25:
            spun += [parts[0] + ".", _capital(parts[1])]
        elif spun and len(spun[-1]) + len(sentence) < 160 and spun[-1].endswith("."):
            spun[-1] = spun[-1][:-1] + ", and " + _small(sentence)
        else:
            spun.append(sentence)
    return spun


def damage(sentences: list[str], random: Random) -> list[str]:
    """Endings that were glued to a stem by a program: "blockingading"."""

    def ending(match: re.Match[str]) -> str:
        word = match[0]
        if random.random() > 0.15:
            return word
        stem = word[:-3]
        return stem + random.choice(("ingading", "inging", "ading", "ingely", "ment", "ation"))

    return [re.sub(r"\b[a-z]{4,}ing\b", ending, sentence) for sentence in sentences]


def openers(sentences: list[str], random: Random) -> list[str]:
    """Phrases before sentences, fillers in them."""
    spun = []
    for sentence in sentences:
        if random.random() < 0.3:
            sentence = random.choice(OPENERS) + _small(sentence)
        words = sentence.split(" ")
        for place in range(len(words) - 2, 2, -1):
            if words[place].islower() and random.random() < 0.06:
                words.insert(place, random.choice(FILLERS))
        spun.append(" ".join(words))
    return spun


def dropping(share: float) -> Step:
    """A share of the sentences is left out."""

    def step(sentences: list[str], random: Random) -> list[str]:
        return [sentence for sentence in sentences if random.random() >= share]

    return step


def pronouns(sentences: list[str], random: Random) -> list[str]:
    """Some names are left to the reader."""

    def other(match: re.Match[str]) -> str:
        return (
            random.choice(("they", "the latter", "those")) if random.random() < 0.15 else match[0]
        )

    return [_CAPITALISED.sub(other, sentence) for sentence in sentences]


def shuffling(sentences: list[str], random: Random) -> list[str]:
    """Neighbouring sentences change places."""
    spun = list(sentences)
    for place in range(len(spun) - 1):
        if random.random() < 0.25:
            spun[place], spun[place + 1] = spun[place + 1], spun[place]
    return spun


_ALL: Final = (
    dropping(0.15),
    shuffling,
    reporting,
    clauses,
    voices,
    cuts,
    damage,
    pronouns,
    openers,
)

METHODS: Final[dict[str, Sequence[Step]]] = {
    "synonyms": (synonyms(0.9),),
    "synonyms and clauses": (clauses, synonyms(0.8)),
    "nouns and verbs": (synonyms(1.0, function_words=False), openers),
    "reporting": (reporting, numbers, synonyms(0.85)),
    "voices": (voices, cuts, openers, synonyms(0.85)),
    "shortened": (dropping(0.25), clauses, synonyms(0.9)),
    "heavy": (reporting, clauses, voices, numbers, pronouns, openers, synonyms(0.95)),
    "damaged": (clauses, damage, synonyms(0.95)),
    "re-told": (dropping(0.25), shuffling, reporting, cuts, numbers, pronouns, synonyms(0.95)),
    "all": (*_ALL, synonyms(1.0)),
}
"""Every method by name."""

HELD_OUT: Final = ("damaged", "re-told", "all")
"""Methods that nothing is fitted on."""


def spun(text: str, method: str, seed: int) -> str:
    """``text`` rewritten by ``method``; the same for the same seed."""
    random = Random(f"{method}/{seed}")  # noqa: S311 - not for secrets
    quoted: list[str] = []
    if random.random() < _SPARING:
        quoted = _QUOTED.findall(text)
        count = iter(range(len(quoted)))
        text = _QUOTED.sub(lambda _: f"“§{next(count)}§”", text)
    paragraphs = []
    for paragraph in text.split("\n"):
        sentences = sentences_of(paragraph)
        for step in METHODS[method]:
            sentences = step(sentences, random)
        paragraphs.append(" ".join(sentences))
    return _SPARED.sub(lambda match: quoted[int(match[1])], "\n".join(paragraphs))
