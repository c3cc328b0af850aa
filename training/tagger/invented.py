"""Invented news with marked names: ``[PER|Amina Yusuf] of the [ORG|Ministry of Health]``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from services.tagger.model.labels import OUTSIDE, TYPES, begins, goes_on
from shared.events import EntityType
from shared.minilm.pieces import split
from training.tagger.unify import Sentence

FOLDER: Final = Path(__file__).parent / "invented"
_MARK: Final = re.compile(r"\[([A-Z]+)\|([^\[\]|]+)\]")


def read(folder: Path = FOLDER) -> Iterator[Sentence]:
    """The paragraphs of the ``.txt`` files in ``folder``, one a line, fully labelled.

    Raises :class:`ValueError` naming file, line and reason for a mark that is none.
    """
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                try:
                    yield parse(line.strip())
                except ValueError as error:
                    raise ValueError(f"{path.name}:{number}: {error}") from None


def parse(line: str) -> Sentence:
    """``line`` without its marks, in words with their one label each.

    Raises :class:`ValueError` for an unknown type, a mark within a word, or a stray bracket.
    """
    text = ""
    names: list[tuple[int, int, EntityType]] = []
    end = 0
    for mark in _MARK.finditer(line):
        kind, name = mark.groups()
        if kind not in TYPES:
            raise ValueError(f"unknown type {kind}")
        if name != name.strip():
            raise ValueError(f"space around {name!r}")
        text += line[end : mark.start()]
        names.append((len(text), len(text) + len(name), cast("EntityType", kind)))
        text += name
        end = mark.end()
    text += line[end:]
    if re.search(r"\[[A-Z]+\||\|", text):
        raise ValueError("a mark that does not close")
    words = split(text)
    allowed = [1 << OUTSIDE] * len(words)
    starts = {word.start: place for place, word in enumerate(words)}
    ends = {word.end: place + 1 for place, word in enumerate(words)}
    for start, stop, kind in names:
        if start not in starts or stop not in ends:
            raise ValueError(f"{text[start:stop]!r} begins or ends within a word")
        first, last = starts[start], ends[stop]
        allowed[first:last] = [1 << begins(kind)] + [1 << goes_on(kind)] * (last - first - 1)
    return Sentence([text[word.start : word.end] for word in words], allowed)
