"""One file of the knowledge base, read in place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from services.tagger.knowledge.entity import Entity, Fit
from services.tagger.knowledge.format import DEGREE, NAMED_ID, RIVAL, SURE, Mapped, hash_of
from services.tagger.knowledge.ids import SCHEMES, local_id, pack, unpack
from shared.events import EntityType

# The pseudo-fit under which a local id stands that does not follow from the name.
ID = 255
_FITS = tuple(Fit)


class Layer(Protocol):
    """Entities by the fold of their names. Indices count from 0 in each layer."""

    name: str
    version: str

    def __len__(self) -> int:
        """How many entities there are."""
        ...

    def holders(self, key: str) -> Iterator[int]:
        """Entities that may have a name with the fold ``key``: a few may have none."""
        ...

    def names(self, local: int) -> list[tuple[str, Fit]]:
        """The names of an entity; the first is the one it goes by."""
        ...

    def bearers(self, key: str) -> Iterator[int]:
        """Persons whose surname may have the fold ``key``, the best known first."""
        ...

    def by_id(self, entity_id: str) -> Iterator[int]:
        """The entities with this id: a country and its people share one."""
        ...

    def entity(self, local: int, index: int) -> Entity:
        """The entity, known as ``index`` in the whole base."""
        ...


class MappedLayer:
    """A :class:`Layer` in a file made by ``python -m services.tagger.build``."""

    def __init__(self, path: Path) -> None:
        """Open ``path``; raises :class:`SettingsError` where it is not such a file."""
        mapped = Mapped(path)
        self.name = path.name
        self.version = str(mapped.header["version"])
        self._lists = mapped.header
        self._starts: list[int] = mapped.header["starts"]
        columns = mapped.columns
        self._ids, self._texts, self._kinds = columns["ids"], columns["texts"], columns["kinds"]
        self._priors, self._flags = columns["priors"], columns["flags"]
        self._countries, self._regions = columns["countries"], columns["regions"]
        self._sources, self._strings = columns["sources"], columns["strings"]
        self._located = columns["located"]
        self._latitudes, self._longitudes = columns["latitudes"], columns["longitudes"]
        self._hashes, self._holders = columns["hashes"], columns["holders"]
        self._surnames, self._bearers = columns["surnames"], columns["bearers"]

    def __len__(self) -> int:
        """How many entities there are."""
        return len(self._ids)

    def holders(self, key: str) -> Iterator[int]:
        """Entities that may have a name with the fold ``key``: hashes collide."""
        return _values(self._hashes, self._holders, hash_of(key))

    def bearers(self, key: str) -> Iterator[int]:
        """Persons whose surname may have the fold ``key``, the best known first."""
        return _values(self._surnames, self._bearers, hash_of(key))

    def names(self, local: int) -> list[tuple[str, Fit]]:
        """The names of an entity; the first is the one it goes by."""
        return [(text, _FITS[fit]) for text, fit in self._texts_of(local) if fit != ID]

    def by_id(self, entity_id: str) -> Iterator[int]:
        """The entities with this id."""
        scheme, number = pack(entity_id)
        low, high = self._starts[scheme], self._starts[scheme + 1]
        local = bisect_left(self._ids, number, low, high)
        while local < high and self._ids[local] == number:
            if unpack(scheme, number) or self._id(local, self._texts_of(local)) == entity_id:
                yield local
            local += 1

    def entity(self, local: int, index: int) -> Entity:
        """The entity, known as ``index`` in the whole base."""
        texts = self._texts_of(local)
        kind = self._lists["kinds"][self._kinds[local]]
        return Entity(
            index=index,
            id=self._id(local, texts),
            name=texts[0][0],
            type=cast("EntityType", kind[0]),
            kind=kind[1],
            prior=round(self._priors[local] / SURE, 4),
            country=self._lists["countries"][self._countries[local]],
            region=self._lists["regions"][self._regions[local]],
            location=self._location(local),
            rival=bool(self._flags[local] & RIVAL),
            sources=tuple(self._lists["sources"][self._sources[local]]),
            layer=self.name,
        )

    def _texts_of(self, local: int) -> list[tuple[str, int]]:
        at = self._texts[local]
        strings = self._strings
        count = strings[at]
        at += 1
        found = []
        for _ in range(count):
            fit, length = strings[at], strings[at + 1]
            found.append((str(strings[at + 2 : at + 2 + length], "utf-8"), fit))
            at += 2 + length
        return found

    def _id(self, local: int, texts: list[tuple[str, int]]) -> str:
        scheme = bisect_right(self._starts, local, 0, len(SCHEMES)) - 1
        known = unpack(scheme, self._ids[local])
        if known is not None:
            return known
        return texts[-1][0] if self._flags[local] & NAMED_ID else local_id(texts[0][0])

    def _location(self, local: int) -> tuple[float, float] | None:
        at = bisect_left(self._located, local)
        if at == len(self._located) or self._located[at] != local:
            return None
        return self._latitudes[at] / DEGREE, self._longitudes[at] / DEGREE


def _values(hashes: memoryview[int], values: memoryview[int], wanted: int) -> Iterator[int]:
    at = bisect_left(hashes, wanted)
    while at < len(hashes) and hashes[at] == wanted:
        yield values[at]
        at += 1
