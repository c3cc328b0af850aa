"""Surnames of persons whom the article names in full, where the engine overlooked them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from services.tagger.knowledge.variants import person_words
from services.tagger.spans import Span
from services.tagger.spelling import word_set

_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_SHORTEST: Final = 4
"""Letters: shorter surnames are words too often ("May", "Xi")."""
_OPENERS: Final = word_set(
    "The A An In On At But And Or So Why When Where Who What How If As After Before Since While "
    "For With From By To Of Later Then There Here Now Yet Meanwhile However Although Because "
    "President Minister Mr Mrs Ms Dr Judge Justice General Senator Governor Mayor Professor Sir"
)
"""Words with a capital that stand before a name and are no part of it."""
_SURE: Final = 0.8
"""How sure the engine is of the full name."""


def with_surnames(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[list[Span]]:
    """``spans`` of the fields of an article, with the places where a surname stands alone.

    Not where the article has the same word in small letters, or where it stands beside another
    word with a capital: that is part of another name.
    """
    surnames = {
        words[-1]
        for text, names in zip(texts, spans, strict=True)
        for name in names
        if name.type == "PER" and name.confidence >= _SURE
        for words in [person_words(text[name.start : name.end])]
        if len(words) > 1 and len(words[-1]) >= _SHORTEST and not words[-1].isupper()
    }
    if not surnames:
        return [list(names) for names in spans]
    found = [list(_WORD.finditer(text)) for text in texts]
    small = {word[0] for words in found for word in words if word[0].islower()}
    wanted = {name for name in surnames if name.lower() not in small}
    return [
        _merged(text, words, names, wanted)
        for text, words, names in zip(texts, found, spans, strict=True)
    ]


def _merged(
    text: str, words: Sequence[re.Match[str]], names: Sequence[Span], wanted: set[str]
) -> list[Span]:
    beside: set[int] = set()
    for one, two in pairwise(words):
        if one[0] in _OPENERS or text[one.end() : two.start()] != " ":
            continue
        if one[0][0].isupper() and two[0][0].isupper():
            beside.update((one.start(), two.start()))
    more = []
    place = 0
    for word in words:
        name = word[0]
        if name not in wanted:
            if name[-2:] not in ("'s", "’s") or name[:-2] not in wanted:
                continue
            name = name[:-2]
        start, end = word.start(), word.start() + len(name)
        while place < len(names) and names[place].end <= start:
            place += 1
        taken = place < len(names) and names[place].start < end
        if not taken and start not in beside:
            more.append(Span(start, end, "PER", _SURE))
    return sorted([*names, *more])
