"""What extraction finds in a document, whatever its form was."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shared.events import Precision


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


@dataclass(slots=True)
class Extracted:
    """The article's parts. ``text`` has its paragraphs parted by blank lines."""

    text: str = ""
    title: str = ""
    authors: list[str] = field(default_factory=list)
    published: Dated | None = None
    modified: Dated | None = None
    description: str = ""
    topics: list[str] = field(default_factory=list)
    site_name: str | None = None
    language: str | None = None
    """As the document itself says, ISO 639-1; ``None`` where it does not."""
    canonical_url: str | None = None
    provenance: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: object, place: str) -> None:
        """Set the field ``name`` found in ``place``, unless ``value`` is empty."""
        if value:
            setattr(self, name, value)
            self.provenance[name] = place
