"""From the names that an engine found to the entities of an article."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from services.tagger.knowledge.base import KnowledgeBase
from services.tagger.knowledge.entity import Candidate, Match
from services.tagger.knowledge.entity import Entity as Known
from services.tagger.knowledge.folding import fold
from services.tagger.knowledge.ids import local_id
from services.tagger.linking.chains import Chain, chains
from services.tagger.linking.choice import Chosen, Named, choose, evidence
from services.tagger.linking.mentions import Place, places
from services.tagger.salience import salience
from services.tagger.spans import Span
from shared.events import Entity, EntityType, Mention

_UNKNOWN: Final = 0.5
"""How sure a local id is: as likely as not the base lacks what is meant."""
_COMMA: Final = re.compile(r",\s?")
_JOINED: Final = re.compile(r"(?:(?![-–—/]|(?<=s)['’] ).)+", re.DOTALL)
"""Runs of a name between dashes, strokes and possessives: "Donbas’ Donetsk"."""
_TELLING: Final = 0.4
"""The prior from which a place is known to readers everywhere."""
_INITIAL: Final = re.compile(r"\b[A-Z]$")
_GAP: Final = 3
_BETWEEN: Final = frozenset((" ", ". ", " & ", "-", "‐", "‑", "–"))
_LONGEST: Final = 60
_SEAT: Final = re.compile(r"(?:City|Town|State|Province|Republic|Kingdom|County) of ")


class Resolver:
    """Links names to the entities of ``base``, and gives those that it does not know an id."""

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base

    def entities(self, title: str, text: str, spans: Sequence[Sequence[Span]]) -> list[Entity]:
        """The entities of an article, the most salient first; ``spans`` of title, then of text.

        The same for the same article whatever was linked before. Never raises; time and memory
        are bounded by the number of spans.
        """
        fields = (title, text)
        found = places(fields, spans)
        found = found._replace(places=self._mended(found.places, fields))
        linked = self._linked(chains(found, self._base), self._within(found.places, fields))
        groups: dict[tuple[str, EntityType], _Group] = {}
        for chain, chosen in linked:
            if chosen is None and chain.name.islower():
                continue  # no name without a capital that nobody knows
            if chosen is None:
                identity = (_unknown_id(chain), chain.type)
            else:
                identity = (chosen.entity.id, chosen.entity.type)
            groups.setdefault(identity, _Group()).add(chain, chosen)
        most = max((len(group.places) for group in groups.values()), default=0)
        entities = [group.entity(identity, len(text), most) for identity, group in groups.items()]
        return sorted(entities, key=lambda e: (-e.salience, e.name, e.type, e.entity_id))

    def _mended(self, found: Sequence[Place], fields: Sequence[str]) -> list[Place]:
        """``found`` with the halves of "St. Petersburg" as one, "Ukraine-Belarus" as two."""
        whole: list[Place] = []
        for place in found:
            before = whole[-1] if whole else None
            if before is not None and self._halves(before, place, fields):
                text = fields[place.field][before.start : place.end]
                whole[-1] = before._replace(end=place.end, text=text)
            else:
                whole.append(place)
        return [part for place in whole for part in self._apart(place)]

    def _halves(self, one: Place, two: Place, fields: Sequence[str]) -> bool:
        """Whether two places that stand side by side are one name: an initial's dot is no end."""
        if one.field != two.field or two.start - one.end > _GAP:
            return False
        between = fields[one.field][one.end : two.start]
        if one.type == two.type == "PER" and between == ". " and _INITIAL.search(one.text):
            return True
        if between not in _BETWEEN or len(one.text) + len(two.text) > _LONGEST:
            return False
        name = fields[one.field][one.start : two.end]
        if not self._base.holds(fold(name)):
            return False
        known = self._base.candidates(name)[:1]
        return any(c.match <= Match.CASE and c.entity.type in (one.type, two.type) for c in known)

    def _apart(self, place: Place) -> list[Place]:
        """``place``, or the two places that its name joins where it is known as no name itself."""
        parts = list(_JOINED.finditer(place.text)) if place.type in ("LOC", "NORP") else []
        if len(parts) != 2 or self._base.candidates(place.text):
            return [place]
        known = [self._base.candidates(part[0].lstrip("'’ "))[:1] for part in parts]
        if not all(c and c[0].entity.prior >= _TELLING for c in known):
            return [place]
        apart = []
        for part in parts:
            text = part[0].lstrip("'’ ")
            start = place.start + part.end() - len(text)
            apart.append(place._replace(start=start, end=start + len(text), text=text))
        return apart

    def _within(self, found: Sequence[Place], fields: Sequence[str]) -> dict[str, str]:
        """Names of places to the region or country that stands behind them: "Denton, Texas"."""
        around: dict[str, str] = {}
        for place, after in pairwise(found):
            if (
                place.field == after.field
                and place.type in ("LOC", "ORG", "FACILITY")
                and after.type == "LOC"
                and _COMMA.fullmatch(fields[place.field][place.end : after.start])
            ):
                around.setdefault(place.text, after.text)
        return around

    def _linked(
        self, found: Sequence[Chain], around: dict[str, str]
    ) -> list[tuple[Chain, Chosen | None]]:
        """The chains with what each stands for.

        Names that are beyond doubt go first; they tell which country the article is about, and
        whom its short forms mean.
        """
        candidates = []
        lands: defaultdict[str, set[str | None]] = defaultdict(set)
        for chain in found:
            inside = self._inside(chain.name, around)
            if inside:
                lands[around[chain.name]].add(inside[0].entity.country)
            candidates.append(inside or self._candidates(chain, around))
        for place, chain in enumerate(found):
            if chain.name in lands:  # the Georgia that Atlanta lies in
                there = [c for c in candidates[place] if c.entity.country in lands[chain.name]]
                candidates[place] = there or candidates[place]
        first: list[Chosen | None] = []
        for chain, among in zip(found, candidates, strict=True):
            first.append(choose(_named(chain), among, {}))
        sure = [
            (chosen.entity, len(chain.own))
            for chain, among, chosen in zip(found, candidates, first, strict=True)
            if chosen is not None and (_alone(chosen.entity, among) or chosen.entity.prior >= 0.7)
        ]
        countries = evidence(sure)
        company = {(entity.id, entity.type) for entity, _ in sure}
        linked = []
        for chain, among, before in zip(found, candidates, first, strict=True):
            others = countries
            if before is not None and (before.entity.id, before.entity.type) in company:
                others = countries - evidence([(before.entity, len(chain.own))])
            chosen = choose(_named(chain), among, others, company)
            if chosen is not None and around.get(chain.name) and self._moved(chain, chosen):
                chosen = chosen._replace(linked_by="context")
            linked.append((chain, chosen))
        return linked

    def _moved(self, chain: Chain, chosen: Chosen) -> bool:
        """Whether without the region behind it the name stood for another place."""
        return [c.entity for c in self._base.candidates(chain.name)[:1]] != [chosen.entity]

    def _inside(self, name: str, around: dict[str, str]) -> list[Candidate]:
        """What ``name`` stands for in the region or country that the article puts behind it."""
        region = around.get(name)
        return self._base.candidates(f"{name}, {region}") if region is not None else []

    def _candidates(self, chain: Chain, around: dict[str, str]) -> list[Candidate]:
        found = self._base.candidates(chain.name)
        if not found and (seat := _SEAT.match(chain.name)):
            found = self._base.candidates(chain.name[seat.end() :])
        if not found:
            for spelling in sorted(chain.spellings):
                if spelling != chain.name and (found := self._base.candidates(spelling)):
                    break
        if region := around.get(chain.name):
            state = self._base.candidates(region)[:1]
            if state and state[0].entity.kind == "region" and state[0].entity.prior >= _TELLING:
                # A town of Texas that the base lacks is not its namesake elsewhere.
                land = state[0].entity.country
                found = [c for c in found if c.entity.type == "PER" or c.entity.country == land]
        return found


class _Group:
    """The chains that stand for one entity."""

    def __init__(self) -> None:
        self.places: list[tuple[Place, bool]] = []
        self._spellings: Counter[str] = Counter()
        self._chosen: Chosen | None = None
        self._type: EntityType = "MISC"

    def add(self, chain: Chain, chosen: Chosen | None) -> None:
        self.places += [(place, False) for place in chain.own]
        self.places += [(place, True) for place in chain.short]
        self._spellings[chain.name] += len(chain.own)
        if self._chosen is None or (chosen and chosen.confidence > self._chosen.confidence):
            self._chosen = chosen

    def entity(self, identity: tuple[str, EntityType], length: int, most: int) -> Entity:
        entity_id, kind = identity
        mentions = [
            Mention(
                start=place.start,
                end=place.end,
                text=place.text,
                field="text" if place.field else "title",
            )
            for place, _ in sorted(self.places)
        ]
        known: Known | None = self._chosen.entity if self._chosen else None
        return Entity(
            name=known.name if known else min(self._spellings, key=lambda n: (-len(n), n)),
            type=kind,
            entity_id=entity_id,
            linked_by=self._chosen.linked_by if self._chosen else "nil",
            confidence=self._chosen.confidence if self._chosen else _UNKNOWN,
            mentions=mentions,
            salience=salience(mentions, length, most),
            country=known.country if known else None,
            location=known.location if known else None,
        )


def _named(chain: Chain) -> Named:
    return Named(chain.name, chain.type, max(place.confidence for place in chain.own))


def _alone(entity: Known, among: Sequence[Candidate]) -> bool:
    return all(c.entity.id == entity.id or c.entity.rival for c in among)


def _unknown_id(chain: Chain) -> str:
    """The same for all spellings of a name, in every article."""
    return f"wireroom:{chain.type.lower()}-{local_id(chain.name).removeprefix('wireroom:')}"
