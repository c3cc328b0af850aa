"""What several sources tell of one thing, put together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from services.tagger.builder.draft import Draft
from services.tagger.knowledge.entity import Fit, Record
from services.tagger.knowledge.folding import bare, fold
from services.tagger.knowledge.ids import local_id
from services.tagger.spelling import key_of
from shared.events import EntityType

# What one more source that knows a thing adds to its prior, and how far that goes: written by
# hand, and countries, are above it.
_KNOWN_AGAIN = 0.04
_HIGHEST = 0.79
# Degrees within which two places of one name are one.
_NEAR = 0.2
_PLACES = ("city", "country", "region")


@dataclass(slots=True)
class Item:
    """A thing while it is put together. ``id`` is ``None`` until a source gives one surely."""

    id: str | None
    name: str
    type: EntityType
    kind: str
    prior: float
    source: str
    names: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    country: str | None = None
    region: str | None = None
    at: tuple[float, float] | None = None
    rival: bool = False
    share_alike: bool = False
    title: str | None = None
    """Of its Wikipedia article: two things with one title are one."""
    distinct: bool = False
    """Others bear its name, so the name alone does not say that two items are one."""
    alone: bool = True
    """Whether it is worth an entity of its own where no other source knows it."""
    listed: bool = False
    """From a list of one post for several countries, with names as in a passport."""
    fixed: bool = False
    """Its prior is not changed by what else knows it."""
    sources: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, draft: Draft) -> Item:
        """The item of what is read first; a slug is no sure id there."""
        source, _, more = draft.source.partition("+")
        item = cls(
            draft.id if draft.source == "hand" or not draft.listed else None,
            draft.name, cast("EntityType", draft.type), draft.kind, draft.prior, source,
            list(draft.names), list(draft.short), draft.country, draft.region, draft.at,
            draft.rival, draft.share_alike, fixed=source == "hand" or draft.prior >= _HIGHEST,
            listed=draft.listed,
        )  # fmt: skip
        item.sources = {source, *filter(None, more.split("+"))}
        return item

    def __post_init__(self) -> None:
        """Names without the white space that sources leave in and around them."""
        self.name = _tidy(self.name)
        self.names = [_tidy(name) for name in self.names]

    def take(self, other: Item) -> None:
        """Add what ``other``, the same thing, knows beyond this."""
        if not _sure(self.id):
            self.id = other.id if _sure(other.id) else self.id or other.id
        self.names += [other.name, *other.names]
        self.short += other.short
        if other.fixed and not self.fixed:
            self.names.append(self.name)
            self.name, self.kind, self.prior, self.fixed = (
                other.name, other.kind, other.prior, True,
            )  # fmt: skip
        # What is written by hand without a country has none.
        if not self.fixed:
            self.country = self.country or other.country
            self.region = self.region or other.region
        self.at = self.at or other.at
        self.title = self.title or other.title
        self.share_alike |= other.share_alike
        self.sources |= {other.source} | other.sources
        if not self.fixed:
            self.prior = max(self.prior, other.prior)

    def record(self, entity_id: str, shared: Callable[[str], bool]) -> Record:
        """As it is written; ``shared`` names mean it beside its full name only."""
        prior = self.prior
        sources = sorted({self.source, *self.sources})
        if not self.fixed and self.kind not in _PLACES:
            prior = min(prior + _KNOWN_AGAIN * (len(sources) - 1), max(_HIGHEST, prior))
        return Record(
            entity_id, tuple(self._names(shared)), self.type, self.kind, round(prior, 3),
            self.country or None, self.region or None, self.at, self.rival, tuple(sources),
        )  # fmt: skip

    def _names(self, shared: Callable[[str], bool]) -> Iterator[tuple[str, Fit]]:
        seen = {key_of(self.name)}
        yield self.name, Fit.NAME
        self.short += [name for name in self.names if shared(name)]
        for name in self.names:
            key = key_of(name)
            if len(key.removeprefix("The ")) > 1 and key not in seen and not shared(name):
                seen.add(key)
                yield name, fit_of(name, self.type)
        for name in self.short:
            if len(key := key_of(name)) > 1 and key not in seen:
                seen.add(key)
                yield name, Fit.SHORT


def _tidy(name: str) -> str:
    return " ".join(name.split())


def fit_of(name: str, kind: str) -> Fit:
    """How well another name of something of type ``kind`` fits it."""
    if " " not in name and len(name) <= 6 and name.isupper():
        return Fit.ACRONYM
    return Fit.NAME if kind == "PER" and " " in name else Fit.ALIAS


class Pool:
    """All items. What is added first keeps its name; later sources add to it."""

    def __init__(self) -> None:
        """Empty."""
        self.items: list[Item] = []
        self._ids: dict[tuple[str, str], Item] = {}
        self._titles: dict[str, Item] = {}
        self._named: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)

    def add_all(self, items: Iterable[Item]) -> None:
        """Add each of ``items``."""
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Add ``item`` to the one that is the same thing, or as a new one."""
        held = self._same(item)
        if held is not None:
            if item.share_alike and not held.share_alike and held.id:
                return  # what is free stays free: this would add little
            held.take(item)
        elif not item.alone:
            return
        else:
            held = item
            self.items.append(item)
        if held.id:
            self._ids.setdefault((held.id, held.type), held)
        if held.title:
            self._titles.setdefault(held.title, held)
        for name in (item.name, *item.names):
            named = self._named[held.type, _key(name, held.type)]
            if held not in named:
                named.append(held)

    def known(self, name: str, kind: str) -> list[Item]:
        """Items of type ``kind`` that bear ``name``."""
        return self._named.get((kind, _key(name, kind)), [])

    def titled(self, title: str) -> Item | None:
        """The item with this title of Wikipedia."""
        return self._titles.get(title)

    def _same(self, item: Item) -> Item | None:
        if item.id and (held := self._with_id(item.id, item.type)):
            return held
        if item.title and item.title in self._titles:
            held = self._titles[item.title]
            if not (item.id and held.id and item.id != held.id):
                return held
        if item.distinct:
            return None
        for held in self.known(item.name, item.type):
            if _agree(held, item):
                return held
        return self._leader(item) if item.listed else None

    def _with_id(self, entity_id: str, kind: str) -> Item | None:
        """The item with this id. A people has its country's; else types differ by mistake."""
        if kind != "NORP":
            for other in ("LOC", "ORG", "PER", "FACILITY", "EVENT", "PRODUCT", "MISC"):
                if held := self._ids.get((entity_id, other)):
                    return held
        return self._ids.get((entity_id, kind))

    def _leader(self, item: Item) -> Item | None:
        """A person known by two of the names: "Matamela Cyril Ramaphosa" is Cyril Ramaphosa."""
        *first, last = item.name.split()
        for name in first:
            for held in self.known(f"{name} {last}", "PER"):
                if held.fixed:
                    return held
        return None

    def records(self) -> Iterator[tuple[Item, Record]]:
        """Each item with an id of its own, stable from build to build."""
        taken: set[tuple[str, str]] = set()
        for item in self.items:
            entity_id = item.id
            if entity_id is None or (entity_id, item.type) in taken:
                entity_id = self._local(item, taken)
            taken.add((entity_id, item.type))
            yield item, item.record(entity_id, partial(self._place_of, item))

    def _place_of(self, item: Item, name: str) -> bool:
        """Whether another name of an organization is that of a place: "Washington"."""
        return (
            item.type == "ORG" and not item.fixed
            and fit_of(name, item.type) is Fit.ALIAS and bool(self.known(name, "LOC"))
        )  # fmt: skip

    def _local(self, item: Item, taken: set[tuple[str, str]]) -> str:
        """After its title where it has one, else after its name, country and region."""
        more = [item.title or item.name, item.country or "", item.region or "", item.kind]
        for count in range(1, len(more) + 1):
            found = local_id(" ".join(filter(None, more[:count])))
            if (found, item.type) not in taken:
                return found
        return next(
            slug
            for slug in (f"{found}-{number}" for number in range(2, 1_000_000))
            if (slug, item.type) not in taken
        )


def _key(name: str, kind: str) -> str:
    key = key_of(name).casefold()
    if kind == "LOC":  # "St. Paul" is Saint Paul
        return fold(name)
    # "Apple Inc." is Apple.
    return " ".join(bare(key)[0]) if kind == "ORG" else key


def _sure(entity_id: str | None) -> bool:
    """Whether the id is one of a public scheme. Those written by hand are, where they are known."""
    return entity_id is not None and not entity_id.startswith("wireroom:")


def _agree(one: Item, two: Item) -> bool:
    """Whether two items with one name and type may be one thing."""
    if _sure(one.id) and _sure(two.id) and one.id != two.id:
        return False
    if one.country and two.country and one.country != two.country and not two.listed:
        return False
    if one.title and two.title and one.title != two.title:
        return False
    if one.type != "LOC":
        return not one.distinct
    if (one.fixed or two.fixed) and one.at and two.at and one.country == two.country:
        return math.dist(one.at, two.at) < _NEAR
    if "country" in (one.kind, two.kind):
        return False
    if "region" in (one.kind, two.kind):
        # "Georgia (U.S. state)": what a title calls a place may be the region.
        return one.kind == "region" and two.kind == "place" and not two.country and not two.region
    if " " in two.name and not two.country and not two.region:
        # A title that needs nothing beside the name is the best known place's of two words.
        return two.title is not None and not two.distinct
    # Towns of one name are many: country and region must be known and the same.
    return bool(
        one.country and one.country == two.country
        and one.region and two.region and key_of(one.region) == key_of(two.region)
    )  # fmt: skip
