"""What the knowledge base says of an entity, and how well a name fits it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from shared.events import EntityType


class Fit(IntEnum):
    """How a name that a source gives stands to its entity; the lower the better."""

    NAME = 0
    """The name it goes by, or one as full."""
    ALIAS = 1
    """Another name that means it wherever it stands: "Putin", "Kiev"."""
    ACRONYM = 2
    """Capitals that others share: "IMF"."""
    SHORT = 3
    """Means it only where the article also names it in full: "Security Council"."""


class Match(IntEnum):
    """How the name asked for was found; the lower the surer."""

    EXACT = 0
    """As a source spells it, quotes, dashes, accents and white space aside."""
    CASE = 1
    """But for capitals."""
    FOLDED = 2
    """But for transliteration, legal form, article, doubled letters."""
    INFLECTED = 3
    """In the nominative: "Зеленского"."""
    INITIALS = 4
    """By the surname and an initial, or without the middle names: "J. Biden"."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. ``index`` finds it again in the same base; ``location`` is in degrees."""

    index: int
    id: str
    name: str
    type: EntityType
    kind: str
    prior: float
    country: str | None
    region: str | None
    """For places: the state or province they lie in."""
    location: tuple[float, float] | None
    rival: bool
    """A lesser namesake: only evidence in the article makes it the one meant."""
    sources: tuple[str, ...]
    """Who told of it."""
    layer: str
    """The file it stands in."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entity as it goes into a layer; ``names`` begins with its name."""

    id: str
    names: tuple[tuple[str, Fit], ...]
    type: EntityType
    kind: str
    prior: float
    country: str | None = None
    region: str | None = None
    location: tuple[float, float] | None = None
    rival: bool = False
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a name may stand for: the entity, the name of it that fits, and how that was found."""

    entity: Entity
    alias: str
    fit: Fit
    match: Match

    @property
    def rank(self) -> tuple[int, int, float, str]:
        """Sorts candidates, the likeliest first: by match, then by fit, then by prior."""
        # What needs its full name beside it comes after what does not.
        return (self.match, self.fit is Fit.SHORT, -self.entity.prior, self.entity.id)
