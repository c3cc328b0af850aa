"""What extraction finds in a document, whatever its form was."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shared.events import Passage, Precision


@dataclass(frozen=True, slots=True)
class Dated:
    """A moment and how much of it was really written. ``moment`` has a zone."""

    moment: datetime
    precision: Precision
    found_in: str = ""
    """Where it was found: ``json-ld``, ``byline``…"""

    def found(self, place: str) -> Dated:
        """The same date, found in ``place``."""
        return Dated(self.moment, self.precision, place)


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of one block of the document, for :mod:`services.cli.explain`."""

    text: str
    kept: bool
    reason: str
    """Why, in a few words: ``related links``, ``caption``, ``model``."""
    place: str = ""
    """Where it stood: ``article > p``, ``line 12``."""
    score: float | None = None
    """How sure it is that it belongs to the article, 0 to 1, where that was weighed."""


@dataclass(slots=True)
class Extracted:
    """The article's parts. ``text`` has its paragraphs parted by blank lines."""

    text: str = ""
    title: str = ""
    authors: list[str] = field(default_factory=list)
    """People, one each; see ``agencies``."""
    agencies: list[str] = field(default_factory=list)
    """News agencies that the text is credited to."""
    published: Dated | None = None
    modified: Dated | None = None
    description: str = ""
    topics: list[str] = field(default_factory=list)
    section: str | None = None
    site_name: str | None = None
    image: str | None = None
    """Absolute URL."""
    licence: str | None = None
    """Its URL, or as the page writes it."""
    paywalled: bool | None = None
    """Whether the whole text is for subscribers alone; ``None`` where nothing tells."""
    language: str | None = None
    """As the document itself says, ISO 639-1; ``None`` where it does not."""
    passages: list[Passage] = field(default_factory=list)
    """Parts of ``text`` in other languages than ``language``."""
    canonical_url: str | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    trace: list[Trace] | None = None
    """Filled where it is a list: it costs time."""

    def put(self, name: str, value: object, place: str, sure: float | None = None) -> None:
        """Set the field ``name`` found in ``place``, unless ``value`` is empty.

        ``sure`` is the share of pages on which what stands in such a place is right, 0 to 1.
        """
        if value or value is False:
            setattr(self, name, value)
            self.provenance[name] = place
            self.confidence.pop(name, None)
            if sure is not None:
                self.confidence[name] = sure

    def note(
        self, text: str, kept: bool, reason: str, place: str = "", score: float | None = None
    ) -> None:
        """Add to the trace, where one is kept."""
        if self.trace is not None:
            self.trace.append(Trace(text, kept, reason, place, score))
