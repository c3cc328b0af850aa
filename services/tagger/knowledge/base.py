"""The knowledge base: candidates for a name, over layers of which the user's goes first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import xxhash

from services.tagger.knowledge.entity import Candidate, Entity, Fit, Match
from services.tagger.knowledge.folding import CYRILLIC, SLAVIC_COUNTRIES, fold, folds, related
from services.tagger.knowledge.layer import Layer, MappedLayer
from services.tagger.knowledge.overlay import Overlay, OverlayLayer
from services.tagger.knowledge.variants import (
    initial_and_surname,
    nominatives,
    person_words,
    possessor,
    without_middle,
)
from services.tagger.knowledge.writing import surname_of
from services.tagger.spelling import key_of
from shared.errors import SettingsError

_DATA = Path(__file__).parents[1] / "data"
SHIPPED = (_DATA / "base.kb", _DATA / "cities-odbl.kb")
"""The files that the distribution has: the second is under a licence of its own."""

# A name longer than this is none; the base's longest have 250 characters.
_LONGEST = 300
_REMEMBERED = 2048
# Capitals shorter than this are no word in another case.
_WORD = 4

_key = lru_cache(maxsize=8192)(key_of)


class _Hit(NamedTuple):
    alias: str
    fit: Fit
    match: Match


class KnowledgeBase:
    """What names stand for. Safe to share between threads; processes share the files' pages.

    Indices of entities are the base's own and hold until the user's file is reloaded, which gives
    new ones to the user's entities only.
    """

    def __init__(
        self,
        paths: Sequence[Path] = SHIPPED,
        overlay: Path | None = None,
    ) -> None:
        """Open the layers at ``paths``, the first before the others, and the user's file.

        Raises :class:`SettingsError` naming the file that is wrong, and what is wrong with it.
        """
        self._layers: list[Layer] = [MappedLayer(path) for path in paths]
        self._starts = [0, *accumulate(len(layer) for layer in self._layers)]
        self._overlay = Overlay(overlay) if overlay else None
        # News repeats its names. What is remembered holds for one state of the user's file.
        self._remembered: dict[str, list[Candidate]] = {}
        self._remembered_of: OverlayLayer | None = None

    @property
    def version(self) -> str:
        """Changes with any file, the user's too."""
        versions = [layer.version for layer, _ in self._all()]
        if len(versions) == 1:
            return versions[0]
        return xxhash.xxh3_64_hexdigest("\n".join(versions).encode())[:12]

    def __len__(self) -> int:
        """How many entities the base knows, without the user's."""
        return self._starts[-1]

    def entity(self, index: int) -> Entity:
        """The entity that a candidate named; raises :class:`IndexError` for one that is none."""
        if not 0 <= index < self._starts[-1]:
            user = self._user()
            local = index - self._starts[-1]
            if user is None or not 0 <= local < len(user):
                raise IndexError(f"no entity {index} in the knowledge base")
            return user.entity(local, index)
        number = bisect_right(self._starts, index) - 1
        return self._layers[number].entity(index - self._starts[number], index)

    def by_id(self, entity_id: str) -> list[Entity]:
        """The entities with this id: more than one for a country, whose people shares it."""
        found: dict[str, Entity] = {}
        for layer, start in self._all():
            for local in layer.by_id(entity_id):
                entity = layer.entity(local, start + local)
                found.setdefault(entity.type, entity)
        return list(found.values())

    def names(self, entity: Entity) -> list[tuple[str, Fit]]:
        """All names of ``entity``, the one it goes by first, the user's for it last."""
        found: dict[str, Fit] = {}
        for layer, start in self._all():
            for local in layer.by_id(entity.id):
                if layer.entity(local, start + local).type == entity.type:
                    for name, fit in layer.names(local):
                        found.setdefault(name, fit)
        if (user := self._user()) is not None:
            for alias in user.added_to(entity.id):
                found.setdefault(alias, Fit.ALIAS)
        return list(found.items())

    def candidates(self, name: str) -> list[Candidate]:
        """What ``name`` may stand for, the likeliest first; empty where nothing is known.

        Weaker ways of finding are tried where the surer ones find nothing.
        """
        if not name or len(name) > _LONGEST:
            return []
        user = self._user()
        if user is not self._remembered_of or len(self._remembered) >= _REMEMBERED:
            self._remembered_of, self._remembered = user, {}
        remembered = self._remembered
        if name not in remembered:
            remembered[name] = self._candidates(name)
        return list(remembered[name])

    def _candidates(self, name: str) -> list[Candidate]:
        found: dict[tuple[str, str], Candidate] = {}
        for key in folds(name):
            self._look_up(key, name, None, found)
        if owner := possessor(name):
            for key in folds(owner):
                self._look_up(key, owner, Match.FOLDED, found)
        if ", " in name:
            self._look_up_within(name, found)
        if not found or (CYRILLIC.search(name) and not _found_exactly(found)):
            for form in nominatives(name):
                if key := fold(form):
                    self._look_up(key, form, Match.INFLECTED, found)
        if not found and (short := without_middle(name)):
            self._look_up(fold(short), short, Match.INITIALS, found, persons=True)
        if not found and (parts := initial_and_surname(name)):
            self._look_up_initial(*parts, found)
        return sorted(found.values(), key=lambda candidate: candidate.rank)

    def holds(self, key: str) -> bool:
        """Whether something may have a name with the fold ``key``, at a hundredth of the cost of
        :meth:`candidates`; now and then yes where these are none."""
        return any(any(True for _ in layer.holders(key)) for layer, _ in self._all())

    def surname(self, key: str) -> list[Entity]:
        """Persons with this surname, the best known first: a few of each layer."""
        wanted = fold(key)
        found: dict[tuple[str, str], Entity] = {}
        for layer, start in self._all():
            for local in layer.bearers(wanted):
                entity = layer.entity(local, start + local)
                if _bears(layer.names(local), key, wanted, entity.country):
                    found.setdefault((entity.id, entity.type), entity)
        return sorted(found.values(), key=lambda entity: (-entity.prior, entity.id))

    def _user(self) -> OverlayLayer | None:
        return self._overlay.current() if self._overlay else None

    def _all(self) -> Iterator[tuple[Layer, int]]:
        """Layers and their first index, in the order in which they speak."""
        if (user := self._user()) is not None:
            yield user, self._starts[-1]
        yield from zip(self._layers, self._starts, strict=False)

    def _spoken(self, entity: Entity) -> Entity:
        """``entity``, or the user's row of the same id and type, which replaces it."""
        user = self._user()
        if user is not None and entity.index < self._starts[-1]:
            for local in user.by_id(entity.id):
                own = user.entity(local, self._starts[-1] + local)
                if own.type == entity.type:
                    return own
        return entity

    def _look_up(
        self,
        key: str,
        name: str,
        at_best: Match | None,
        found: dict[tuple[str, str], Candidate],
        *,
        persons: bool = False,
    ) -> None:
        for layer, start in self._all():
            for local in layer.holders(key):
                entity = layer.entity(local, start + local)
                if persons and entity.type != "PER":
                    continue
                hit = _hit(layer.names(local), key, name, entity)
                if hit is not None:
                    _keep(found, self._spoken(entity), hit, at_best)
        if (user := self._user()) is not None:
            for alias, entity_id, entity_type in user.added(key):
                for entity in self.by_id(entity_id):
                    if entity_type in (None, entity.type):
                        hit = _hit([(alias, Fit.ALIAS)], key, name, entity)
                        if hit is not None:
                            _keep(found, entity, hit, at_best)

    def _look_up_within(self, full: str, found: dict[tuple[str, str], Candidate]) -> None:
        """Places in a region or country that the name tells, too, as in "Denton, Texas"."""
        name, _, around = full.rpartition(", ")
        lands = {entity.country for entity in self._called(around) if entity.kind == "country"}
        for entity_name in folds(name):
            near: dict[tuple[str, str], Candidate] = {}
            self._look_up(entity_name, name, None, near)
            for key, candidate in near.items():
                place = candidate.entity
                if place.type in ("LOC", "FACILITY", "ORG") and (
                    (place.region and fold(place.region) == fold(around))
                    or (place.country and place.country in lands)
                ):
                    found.setdefault(key, candidate)

    def _called(self, name: str) -> list[Entity]:
        found: dict[tuple[str, str], Candidate] = {}
        self._look_up(fold(name), name, None, found)
        return [candidate.entity for candidate in found.values()]

    def _look_up_initial(
        self, initial: str, surname: str, found: dict[tuple[str, str], Candidate]
    ) -> None:
        for entity in self.surname(surname):
            if fold(entity.name)[:1] == fold(initial):
                hit = _Hit(entity.name, Fit.NAME, Match.INITIALS)
                _keep(found, entity, hit, None)


def _found_exactly(found: dict[tuple[str, str], Candidate]) -> bool:
    return any(candidate.match <= Match.CASE for candidate in found.values())


def _keep(
    found: dict[tuple[str, str], Candidate], entity: Entity, hit: _Hit, at_best: Match | None
) -> None:
    match = hit.match if at_best is None else max(hit.match, at_best)
    candidate = Candidate(entity, hit.alias, hit.fit, match)
    held = found.get((entity.id, entity.type))
    if held is None or (match, hit.fit) < (held.match, held.fit):
        found[entity.id, entity.type] = candidate


def _hit(names: list[tuple[str, Fit]], key: str, name: str, entity: Entity) -> _Hit | None:
    """The name of the entity that fits best; ``None`` where only hashes or folds met."""
    best: _Hit | None = None
    exact = _key(name)
    for alias, fit in names:
        if fold(alias) != key:
            continue
        alias_key = _key(alias)
        if alias_key == exact:
            match = Match.EXACT
        elif fit is Fit.ACRONYM and len(alias_key) < _WORD:
            continue  # "On" is not ON, Ontario
        elif alias_key.casefold() == exact.casefold():
            match = Match.CASE
        elif best is not None and best.match < Match.FOLDED:
            continue
        elif fit is not Fit.ACRONYM and len(key) > 1 and related(
            name, alias,
            slavic=entity.country in SLAVIC_COUNTRIES,
            company=entity.type in ("ORG", "PRODUCT"),
        ):  # fmt: skip
            match = Match.FOLDED
        else:
            continue
        if best is None or (match, fit) < (best.match, best.fit):
            best = _Hit(alias, fit, match)
    return best


def _bears(names: list[tuple[str, Fit]], surname: str, key: str, country: str | None) -> bool:
    slavic = country in SLAVIC_COUNTRIES
    return any(
        surname_of(name, fit) == key
        and related(surname, person_words(name)[-1], slavic=slavic, company=False)
        for name, fit in names
    )


def open_base(paths: Sequence[Path] = SHIPPED, overlay: Path | None = None) -> KnowledgeBase:
    """The base at ``paths``; raises :class:`SettingsError` saying how a missing one is made."""
    for path in paths:
        if not path.is_file():
            raise SettingsError(f"{path}: no such file; made by python -m services.tagger.build")
    return KnowledgeBase(paths, overlay)
