"""One article, one meaning: what a name is at one place tells what it is at the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.tagger.model.decode import Found, decode, type_scores

_ENOUGH: Final = 0.1
"""A name that is found at ``n`` places is one at others, too, from this probability over ``n``.
Measured: .1 gives the best F1 on ``worldwide``, .03 and .3 hardly less."""


class Scored(NamedTuple):
    """A text of an article in words, with their labels' scores [words, labels]."""

    words: list[str]
    scores: NDArray[np.float32]


def vote(texts: Sequence[Scored]) -> list[list[Found]]:
    """The names of an article's ``texts``, each of one type at all its places.

    The type is the one that all places of the name together make likeliest. Places where the same
    words stand with a capital, and were not taken for a name or part of one, become it where that
    is not quite unlikely.
    """
    found = [list(decode(text.scores)) for text in texts]
    places: defaultdict[tuple[str, ...], list[tuple[int, Found]]] = defaultdict(list)
    for number, names in enumerate(found):
        for name in names:
            places[_key(texts[number], name.first, name.last)].append((number, name))
    kinds = {key: _kind(texts, where) for key, where in places.items()}
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for key in places:
        lengths[key[0]].add(len(key))
    voted = []
    for text, names in zip(texts, found, strict=True):
        chosen = [name._replace(kind=kinds[_key(text, name.first, name.last)]) for name in names]
        taken = {place for name in names for place in range(name.first, name.last)}
        for first, word in enumerate(text.words):
            if first in taken or not word[:1].isupper():
                continue
            for length in sorted(lengths.get(word.casefold(), ()), reverse=True):
                last = first + length
                if last > len(text.words):
                    continue
                key = _key(text, first, last)
                if key in kinds and taken.isdisjoint(range(first, last)):
                    score = type_scores(text.scores, first, last)[kinds[key]]
                    if np.exp(score) * len(places[key]) > _ENOUGH:
                        chosen.append(Found(first, last, kinds[key]))
                        taken.update(range(first, last))
                    break
        voted.append(sorted(chosen))
    return voted


def _key(text: Scored, first: int, last: int) -> tuple[str, ...]:
    return tuple(word.casefold() for word in text.words[first:last])


def _kind(texts: Sequence[Scored], where: Sequence[tuple[int, Found]]) -> int:
    number, name = where[0]
    if len(where) == 1:
        return name.kind
    total = type_scores(texts[number].scores, name.first, name.last)
    for number, name in where[1:]:
        total = total + type_scores(texts[number].scores, name.first, name.last)
    return int(np.argmax(total))
