"""Names that the knowledge base is sure of: the finder of languages that no model covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.tagger.knowledge.base import KnowledgeBase
from services.tagger.knowledge.entity import Candidate, Fit, Match
from services.tagger.knowledge.folding import CYRILLIC, fold
from services.tagger.knowledge.variants import person_words
from services.tagger.spans import Span
from services.tagger.spelling import Word, word_set, words

_WORDS: Final = 6
"""Of a name, at most: longer ones are rare and found by their beginnings."""
_LOOKED_UP: Final = 300_000
"""Runs of words of a text that are looked up: those of more than a million code points of prose.
A text made to have more is read no further: each takes some fifteen microseconds."""
_ALONE: Final = 0.42
"""The prior that a name of one word needs: towns of some 400,000 people have it."""
_COMMON: Final = word_set("Essen Nice Split Man Orange Tours Bari Bursa Cali")
"""Names of large towns that are common words at the beginning of a sentence somewhere."""
_TOGETHER: Final = 0.1
_SPELT: Final = 0.6
"""The prior that a name takes of which the base knows only other spellings."""
_LONGEST: Final = 60
"""Code points of a word of a name."""
_SHORTEST: Final = 3
"""Code points of a name of one word; shorter ones only in capitals ("EU")."""


class KnownNames:
    """A :class:`~services.tagger.spans.Finder` of the names in ``base``.

    It reads left to right and takes the longest name at each place that begins with a capital,
    then surnames of persons that were named in full. Languages that write no capitals have none.
    """

    version: Final = "known names"

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base

    def covers(self, language: str | None) -> bool:
        """All languages, each as far as the base has its names."""
        return True

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names of each of ``texts``, the fields of one article."""
        cut = [words(text) for text in texts]
        found = [
            self._names(text, split, alone=True) for text, split in zip(texts, cut, strict=True)
        ]
        persons = {
            fold(person_words(text[span.start : span.end])[-1])
            for text, spans in zip(texts, found, strict=True)
            for span in spans
            if span.type == "PER" and " " in text[span.start : span.end]
        }
        return [
            sorted([*spans, *_surnames(split, spans, persons)])
            for split, spans in zip(cut, found, strict=True)
        ]

    def unmistakable(self, texts: Sequence[str]) -> list[list[Span]]:
        """Of the names of each of ``texts`` those of several words and those in Cyrillic letters,
        at a fraction of the cost of all."""
        return [self._names(text, words(text), alone=False) for text in texts]

    def _names(self, text: str, split: Sequence[Word], *, alone: bool) -> list[Span]:
        found: list[Span] = []
        index = looked_up = 0
        while index < len(split) and looked_up < _LOOKED_UP:
            last = index + 1
            capital = split[index].capital and len(split[index].key) <= _LONGEST
            if capital and not _in_address(text, split[index]):
                looked_up += _WORDS
                for last, candidate in self._longest(text, split, index, alone=alone):
                    start, end = split[index].start, split[last - 1].end
                    found.append(Span(start, end, candidate.entity.type, 1.0))
                    break
                else:
                    last = index + 1
            index = last
        return found

    def _longest(
        self, text: str, split: Sequence[Word], index: int, *, alone: bool
    ) -> Iterator[tuple[int, Candidate]]:
        cyrillic = CYRILLIC.search(split[index].key) is not None
        last = index + 1
        if not alone and not cyrillic and (last == len(split) or split[last].joint is None):
            return
        keys = [fold(split[index].key)]
        while last < min(index + _WORDS, len(split)) and split[last].joint not in (None, "."):
            if len(split[last].key) > _LONGEST:
                break
            keys.append(f"{keys[-1]} {fold(split[last].key)}")
            last += 1
        for stop in range(last, index, -1):
            if not split[stop - 1].capital and stop > index + 1:
                continue
            single = stop == index + 1
            if single and not alone and not cyrillic:
                continue
            name = text[split[index].start : split[stop - 1].end]
            if single and (name in _COMMON or (len(name) < _SHORTEST and not name.isupper())):
                continue
            # Words are folded one by one: names are looked up only where that has been found.
            if not (self._base.holds(keys[stop - index - 1]) or cyrillic or CYRILLIC.search(name)):
                continue
            candidates = self._base.candidates(name)
            if candidates and _sure(candidates[0], alone=single):
                yield stop, candidates[0]


def _sure(candidate: Candidate, *, alone: bool) -> bool:
    if candidate.fit is Fit.SHORT or candidate.entity.rival:
        return False
    if candidate.match is Match.INITIALS:
        return False
    if candidate.match is Match.FOLDED:  # "Kiew"
        return candidate.entity.prior >= _SPELT
    return candidate.entity.prior >= (_ALONE if alone else _TOGETHER)


def _surnames(split: Sequence[Word], found: Sequence[Span], persons: set[str]) -> list[Span]:
    taken: set[int] = set()
    place = 0
    for word in split:
        while place < len(found) and found[place].end <= word.start:
            place += 1
        if place < len(found) and found[place].start <= word.start:
            taken.add(word.start)
    return [
        Span(word.start, word.end, "PER", 1.0)
        for word in split
        if word.capital
        and word.start not in taken
        and len(word.key) <= _LONGEST
        and len(word.key) >= _SHORTEST
        and fold(word.key) in persons
    ]


def _in_address(text: str, word: Word) -> bool:
    """Whether ``word`` begins inside a host name, a path or an account's name."""
    return word.start > 0 and text[word.start - 1] in "@/#."
