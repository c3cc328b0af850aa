"""Which entity a name stands for: candidates weighed by name, type, country and company."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from services.tagger.knowledge.entity import Candidate, Entity, Fit, Match
from shared.events import EntityType

# What each sign counts, in units of the prior, which goes from 0 to 1. Chosen by the links of
# ``gum`` and nothing else; docs/models/tagger-linking.md.
_MATCH: Final = {
    Match.EXACT: 0.0,
    Match.CASE: -0.1,
    Match.FOLDED: -0.1,
    Match.INFLECTED: -0.1,
    Match.INITIALS: -0.1,
}
_ACRONYM: Final = -0.05
_NAMED: Final = 1.0
"""For whom the article names in full elsewhere."""
_FAMOUS: Final = -0.2
"""For the one whom a short name means when the article has no full one: "Byron"."""
_FAME: Final = 0.5
"""The prior that this takes, and how far others with the same short name stay below it."""
_LEAD: Final = 0.3
_COHERENCE: Final = 0.3
"""For a candidate in the country that all the article's other places lie in."""
_KNIT: Final = 0.1
"""For a person or an organization of the country that the article is most about."""
_NEAR: Final[dict[frozenset[EntityType], float]] = {
    frozenset(("LOC", "FACILITY")): -0.05,
    frozenset(("LOC", "ORG")): -0.3,
    frozenset(("FACILITY", "ORG")): -0.15,
    frozenset(("ORG", "PRODUCT")): -0.15,
    frozenset(("ORG", "MISC")): -0.2,
    frozenset(("PRODUCT", "MISC")): -0.1,
    frozenset(("EVENT", "MISC")): -0.1,
    frozenset(("EVENT", "ORG")): -0.2,
    frozenset(("LOC", "NORP")): -0.3,
    frozenset(("ORG", "NORP")): -0.3,
    frozenset(("MISC", "NORP")): -0.3,
}
"""For a candidate of another type than the name's that engines take for it; others are none."""
_EVERYWHERE: Final = 0.9
"""The prior of countries and of who is named in news everywhere."""
_CLOSE: Final = -0.1
"""For less than this the name must be spelled as the candidate's."""
_DOUBT: Final = 0.7
"""Engines less sure than this of a type may be wrong in it."""
_WRONG: Final = -0.5
"""For a candidate of a type that the engine did not even take it for, times how sure it was."""
_LEAST: Final[dict[str, float]] = {"PER": 0.15, "ORG": 0.12, "LOC": 0.02, "FACILITY": 0.02}
_LEAST_OF_ALL: Final = 0.1
"""A candidate with less is not chosen."""

_SURE: Final = {
    "alias": 0.93,
    "acronym": 0.92,
    "demonym": 0.95,
    "short-form": 0.93,
    "spelling": 0.81,
    "context": 0.6,
}
"""The share of right ones among the links of ``gum`` found so; of demonyms, which ``gum`` links
otherwise, an estimate."""
_CLEAR: Final = 0.2
_UNCLEAR: Final = 0.85
"""Of that, where the second is closer than :data:`_CLEAR` or the type is another."""


class Named(NamedTuple):
    """A name and how sure the engine is of its type."""

    text: str
    type: EntityType
    confidence: float


class Chosen(NamedTuple):
    """The entity, how it was found, and how surely, in [0, 1]."""

    entity: Entity
    linked_by: str
    confidence: float


def evidence(chosen: Collection[tuple[Entity, int]]) -> Counter[str]:
    """What the places of an article tell of its countries; of each its number of mentions."""
    found: Counter[str] = Counter()
    for entity, count in chosen:
        if entity.country and entity.type in ("LOC", "FACILITY", "NORP"):
            # Named often is not told often: it grows slowly.
            found[entity.country] += min(count, 3)
    return found


def choose(
    name: Named,
    candidates: Collection[Candidate],
    countries: Mapping[str, int],
    company: Collection[tuple[str, EntityType]] = (),
) -> Chosen | None:
    """The likeliest of ``candidates``; ``None`` where none is likely enough.

    ``countries`` is :func:`evidence` of the other names; ``company`` are the entities (id and
    type) that the article surely names: short forms stand for these only.
    """
    total = sum(countries.values())
    famous = _famous(name, candidates)
    small = name.text.islower()
    weighed = []
    for candidate in candidates:
        entity = candidate.entity
        at_home = countries.get(entity.country, 0) / total if total and entity.country else 0.0
        named = (entity.id, entity.type) in company
        if candidate.fit is Fit.SHORT and not named and candidate is not famous:
            continue
        if entity.id.startswith("wireroom:") and _known_elsewhere(entity, candidates):
            continue
        if entity.rival and at_home < 0.5:
            continue
        fits = _fits(name, entity)
        if fits is None or (fits < _CLOSE and not _plain(candidate)):
            continue
        if small and candidate.match is not Match.EXACT and entity.kind != "people":
            continue
        score = entity.prior + _MATCH[candidate.match] + fits
        score += _NAMED if candidate.fit is Fit.SHORT and named else 0.0
        score += _ACRONYM if candidate.fit is Fit.ACRONYM else 0.0
        score += _FAMOUS if candidate is famous else 0.0
        score += at_home * (_COHERENCE if entity.type in ("LOC", "FACILITY") else _KNIT)
        weighed.append((score, fits, candidate))
    if not weighed:
        return None
    weighed.sort(key=lambda each: (-each[0], each[2].rank))
    score, fits, best = weighed[0]
    if score < _LEAST.get(name.type, _LEAST_OF_ALL):
        return None
    second = weighed[1][0] if len(weighed) > 1 else 0.0
    by_prior = min(weighed, key=lambda each: each[2].rank)[2]
    how = _how(best, by_prior)
    return Chosen(best.entity, how, _surety(how, score - second, fits))


def _famous(name: Named, candidates: Collection[Candidate]) -> Candidate | None:
    """The candidate so well known that its short name suffices; ``None`` where there is none."""
    short = [
        candidate
        for candidate in candidates
        if candidate.fit is Fit.SHORT
        and candidate.match is Match.EXACT
        and candidate.entity.type == name.type
    ]
    short.sort(key=lambda candidate: candidate.rank)
    if not short or short[0].entity.prior < _FAME:
        return None
    others = max((candidate.entity.prior for candidate in short[1:]), default=0.0)
    return short[0] if short[0].entity.prior - others >= _LEAD else None


def _known_elsewhere(entity: Entity, candidates: Collection[Candidate]) -> bool:
    """Whether a namesake with an id of a public register is the same, as far as can be told."""
    return any(
        other.entity.type == entity.type
        and not other.entity.id.startswith("wireroom:")
        and other.fit is Fit.NAME
        and other.match is Match.EXACT
        and other.entity.country in (None, entity.country)
        for other in candidates
    )


def _plain(candidate: Candidate) -> bool:
    """Whether the name is the candidate's as it is written, and no acronym that others share."""
    if candidate.entity.prior >= _EVERYWHERE:
        return True
    return candidate.match <= Match.CASE and candidate.fit is not Fit.ACRONYM


def _fits(name: Named, entity: Entity) -> float | None:
    if entity.type == name.type:
        return 0.0
    near = _NEAR.get(frozenset((name.type, entity.type)))
    if near is None and name.confidence < _DOUBT:
        near = _WRONG * name.confidence
    return near


def _how(best: Candidate, first: Candidate) -> str:
    if best.fit is Fit.SHORT:
        return "short-form"
    if best.entity.kind == "people":
        return "demonym"
    if best.entity != first.entity:
        return "context"
    if best.fit is Fit.ACRONYM:
        return "acronym"
    return "alias" if best.match <= Match.CASE else "spelling"


def _surety(how: str, lead: float, fits: float) -> float:
    sure = _SURE[how]
    sure *= 1.0 if lead >= _CLEAR else _UNCLEAR
    return round(sure if fits == 0 else sure * _UNCLEAR, 2)
