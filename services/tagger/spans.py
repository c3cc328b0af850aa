"""Names in texts, and the interface that every engine that finds them stands behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.events import EntityType


class Span(NamedTuple):
    """A name at code points ``start`` to ``end`` (exclusive) of its text."""

    start: int
    end: int
    type: EntityType
    confidence: float
    """How sure the engine is of it, in [0, 1]; 1 where it does not tell."""


class Finder(Protocol):
    """Finds names. ``version`` names the engine and its model; it is stored with the article."""

    version: str

    def covers(self, language: str | None) -> bool:
        """Whether it was made for ``language``, ISO 639-1 or ``None`` for unknown."""
        ...

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names of each of ``texts`` in order, none empty, no two overlapping.

        The same for a text whatever stands beside it. Never raises, whatever the texts; time and
        memory are bounded by their length.
        """
        ...
