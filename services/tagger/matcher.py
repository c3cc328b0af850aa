"""Finds the names of an index in a text: left to right, the longest name at each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.tagger.spelling import Word, headline_key, words
from shared.events import Mention


class Match(NamedTuple):
    """A name at words ``first`` to ``last`` (exclusive) of a field, and what it may stand for."""

    first: int
    last: int
    key: str
    candidates: tuple[int, ...]


class Field:
    """One field of an article, cut into words once."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.words = words(text)
        # In a headline every word is a capital one, so capitals tell nothing about names there.
        self.headline = (
            name == "title"
            and len(self.words) > 3
            and sum(word.capital for word in self.words) * 10 > 6 * len(self.words)
        )

    def mention(self, match: Match) -> Mention:
        """The mention that ``match`` is."""
        start, end = self.words[match.first].start, self.words[match.last - 1].end
        return Mention(
            start=start,
            end=end,
            text=self.text[start:end],
            field="title" if self.name == "title" else "text",
        )

    def gap(self, index: int) -> str:
        """What stands between word ``index`` and the one before."""
        if not 0 < index < len(self.words):
            return ""
        return self.text[self.words[index - 1].end : self.words[index].start]

    def before(self, index: int) -> Word | None:
        """The word that stands before word ``index`` with nothing but a space between."""
        if 0 < index < len(self.words) and self.gap(index).isspace():
            return self.words[index - 1]
        return None

    def after(self, index: int) -> Word | None:
        """The word at ``index`` when nothing but a space is before it."""
        if 0 < index < len(self.words) and self.gap(index).isspace():
            return self.words[index]
        return None

    def opens_sentence(self, index: int) -> bool:
        """Whether word ``index`` is the first of a sentence, a quotation or a paragraph."""
        if index == 0:
            return True
        gap = self.gap(index)
        return "\n" in gap or any(mark in gap for mark in '.!?:“"«(*•') or "--" in gap


def scan(
    field: Field, names: Mapping[str, Sequence[int]], longest: Mapping[str, int]
) -> list[Match]:
    """Matches of ``names`` in ``field``, in order, without overlap.

    ``longest`` bounds, for the first word of a name, how many words may follow: a walk over a
    text costs a look-up for each word and little more. Names inside addresses (``fox.com``,
    ``@reuters``) are not names.
    """
    sequence = field.words
    found: list[Match] = []
    index = 0
    while index < len(sequence):
        key = sequence[index].key
        if key not in longest and not (len(key) > 3 and key.isupper()):
            index += 1
            continue
        match = _at(field, index, names, longest)
        if match is None:
            index += 1
        else:
            found.append(match)
            index = match.last
    return found


def _at(
    field: Field, index: int, names: Mapping[str, Sequence[int]], longest: Mapping[str, int]
) -> Match | None:
    sequence = field.words
    word = sequence[index]
    limit = longest.get(word.key, 0)
    shouted = len(word.key) > 3 and word.key.isupper()
    if shouted:
        limit = max(limit, longest.get(word.key.capitalize(), 0))
    if not limit or _in_address(field, index):
        return None
    best: Match | None = None
    key = ""
    for last in range(index, min(index + limit, len(sequence))):
        following = sequence[last]
        if last > index:
            if following.joint is None or following.joint == ".":
                break
            key += following.joint
        key += following.key
        candidates = names.get(key)
        if candidates is None and shouted and key.isupper():
            candidates = names.get(headline_key(key))
        if candidates and not _goes_on(field, last + 1):
            best = Match(index, last + 1, key, tuple(candidates))
    return best


def _in_address(field: Field, index: int) -> bool:
    """Whether word ``index`` begins inside a host name, a path or an account's name."""
    word = field.words[index]
    previous = field.text[word.start - 1] if word.start else ""
    return previous == "@" or (previous in ("/", ".") and not word.capital)


def _goes_on(field: Field, index: int) -> bool:
    """Whether word ``index`` carries on the one before as in a host name: ``reuters.com``."""
    if index >= len(field.words):
        return False
    word = field.words[index]
    return word.joint == "." and not word.capital
