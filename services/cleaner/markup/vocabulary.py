"""Words that speak for or against a part of a page being the article: learnt, each with a value.

A value is the share of the words in such places that belong to the article, as the mean over
sites, less the mean of all places: positive speaks for the article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from services.cleaner.markup.characters import ascii_words, of_words
from services.cleaner.markup.labels import (
    FIRST,
    SECOND,
    Part,
    flags_of_tag,
    flags_of_word,
    tokens,
)

SHORT: Final = 8
"""Words of a block up to which it is read as a label or a heading."""
MIDDLE_CHARACTERS: Final = 240
"""Characters of a block up to which its words are looked at."""
_WORD: Final = re.compile(r"[^\W\d_]+|©")
_LETTERS: Final = of_words("")
_CACHE: Final = 20_000


def words_of(text: str) -> list[str]:
    """The words of a block's text in lower case."""
    words = ascii_words(text, _LETTERS)
    return _WORD.findall(text.lower()) if words is None else words


def keys_of(words: list[str]) -> list[str]:
    """What a text of ``words`` is looked up by: the words, the first two as ``^two words``, and
    the whole of it, where it has but one or two, as ``=one``."""
    return [*words, *_more(words)]


def _more(words: list[str]) -> tuple[str, ...]:
    if len(words) > 2:
        return (f"^{words[0]} {words[1]}",)
    if len(words) == 2:
        return (f"={words[0]} {words[1]}", f"^{words[0]} {words[1]}")
    return (f"={words[0]}",) if words else ()


@dataclass(slots=True)
class Vocabulary:
    """The values. ``short`` is for blocks of at most :data:`SHORT` words, ``middle`` for longer."""

    labels: dict[str, float] = field(default_factory=dict)
    short: dict[str, float] = field(default_factory=dict)
    middle: dict[str, float] = field(default_factory=dict)
    _seen: dict[tuple[str, str], tuple[int, float, float]] = field(default_factory=dict, repr=False)
    _words: dict[str, tuple[int, float, dict[str, float]]] = field(default_factory=dict, repr=False)
    """Of words of labels their flags, their value (0 for none) and the pairs that they begin."""
    _pairs: dict[str, dict[str, float]] = field(default_factory=dict, repr=False)
    """The values of pairs by the first word and the second."""

    def __post_init__(self) -> None:
        for key, value in self.labels.items():
            first, blank, second = key.partition(" ")
            if blank:
                self._pairs.setdefault(first, {})[second] = value

    def label(self, tag: str, label: str) -> tuple[int, float, float]:
        """An element's flags (:class:`~services.cleaner.markup.labels.Part`), the mean of its
        values and the one farthest from 0."""
        key = (tag, label)
        known = self._seen.get(key)
        if known is None:
            if len(self._seen) > _CACHE:
                self._seen.clear()
            known = self._seen[key] = self._label(tag, label)
        return known

    def _label(self, tag: str, label: str) -> tuple[int, float, float]:
        """The values of :func:`~services.cleaner.markup.labels.read`'s words, faster."""
        flags = flags_of_tag(tag)
        value = self.labels.get(f"<{tag}>", 0.0)
        found = [value] if value else []
        pairs: dict[str, float] = {}
        before = ""
        for word in tokens(label):
            of_word, value, following = self._words.get(word) or self._word(word)
            flags |= of_word
            if value:
                found.append(value)
            if pairs and (paired := pairs.get(word)):
                found.append(paired)
            if word in SECOND and before in FIRST:
                flags |= int(Part.ARTICLE)
            pairs, before = following, word
        return flags, *_both(found)

    def _word(self, word: str) -> tuple[int, float, dict[str, float]]:
        if len(self._words) > _CACHE:
            self._words.clear()
        entry = (flags_of_word(word), self.labels.get(word, 0.0), self._pairs.get(word, {}))
        self._words[word] = entry
        return entry

    def text(self, words: list[str], short: bool) -> tuple[float, float]:
        """The mean and the one farthest from 0 of a block's values."""
        get = (self.short if short else self.middle).get
        found = [value for word in words if (value := get(word)) is not None]
        found += [value for key in _more(words) if (value := get(key)) is not None]
        return _both(found) if found else (0.0, 0.0)


def _both(found: list[float]) -> tuple[float, float]:
    if not found:
        return 0.0, 0.0
    if len(found) == 1:
        return found[0], found[0]
    low, high = min(found), max(found)
    return sum(found) / len(found), (low if -low > high else high)
