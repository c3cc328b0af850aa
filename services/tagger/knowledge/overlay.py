"""``entities.yml``: what users add to the knowledge base, read again when the file changes."""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import xxhash
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.tagger.knowledge.entity import Entity, Fit
from services.tagger.knowledge.folding import fold
from services.tagger.knowledge.ids import local_id
from services.tagger.knowledge.writing import surname_of
from shared.errors import SettingsError
from shared.events import EntityType

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_BYTES = 4_000_000
"""More than any list written by hand: some 60,000 rows, of which reading takes a minute."""
SOURCE = "user"
"""The source of a user's entity."""

_KINDS: dict[str, str] = {"PER": "person", "ORG": "organization", "LOC": "place", "NORP": "people"}


class Row(BaseModel):
    """A row of ``entities.yml``: an entity, or further names of a known one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | None = Field(None, pattern=r"^(Q[1-9]\d*|[a-z][a-z0-9-]*:\S+)$", max_length=200)
    name: str | None = Field(None, min_length=1, max_length=200)
    type: EntityType | None = None
    aliases: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field([], max_length=1000)
    prior: float = Field(1.0, ge=0, le=1)
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$")
    location: tuple[float, float] | None = Field(None, strict=False)

    @model_validator(mode="after")
    def _whole(self) -> Row:
        if self.name is None and (self.id is None or not self.aliases):
            raise ValueError("needs a name and a type, or the id of a known entity and aliases")
        if self.name is not None and self.type is None:
            raise ValueError("needs a type beside its name")
        for name in (*self.aliases, *([self.name] if self.name is not None else [])):
            if not fold(name):
                raise ValueError(f"{name!r} has no letter or digit")
        if self.location and not (abs(self.location[0]) <= 90 and abs(self.location[1]) <= 180):
            raise ValueError("location is latitude, longitude in degrees")
        return self


class OverlayLayer:
    """The rows of one state of the file, as a :class:`~services.tagger.knowledge.layer.Layer`."""

    def __init__(self, name: str, version: str, rows: list[Row]) -> None:
        """Index ``rows``."""
        self.name = name
        self.version = version
        self._rows = [row for row in rows if row.name is not None]
        self._ids: defaultdict[str, list[int]] = defaultdict(list)
        self._holders: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._bearers: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._added: defaultdict[str, list[tuple[str, str, str | None]]] = defaultdict(list)
        self._added_to: defaultdict[str, list[str]] = defaultdict(list)
        for local, row in enumerate(self._rows):
            self._ids[_id(row)].append(local)
            for alias, fit in self.names(local):
                self._holders[fold(alias)][local] = None
                if row.type == "PER" and (surname := surname_of(alias, fit)):
                    self._bearers[surname][local] = None
        for row in rows:
            if row.name is None and row.id is not None:
                self._added_to[row.id] += row.aliases
                for alias in row.aliases:
                    self._added[fold(alias)].append((alias, row.id, row.type))

    def __len__(self) -> int:
        """How many entities there are."""
        return len(self._rows)

    def holders(self, key: str) -> Iterator[int]:
        """Entities that have a name with the fold ``key``."""
        yield from self._holders.get(key, ())

    def names(self, local: int) -> list[tuple[str, Fit]]:
        """The names of an entity; the first is the one it goes by."""
        row = self._rows[local]
        return [(str(row.name), Fit.NAME), *((alias, Fit.ALIAS) for alias in row.aliases)]

    def bearers(self, key: str) -> Iterator[int]:
        """Persons with this surname."""
        yield from self._bearers.get(key, ())

    def by_id(self, entity_id: str) -> Iterator[int]:
        """The entities with this id."""
        yield from self._ids.get(entity_id, ())

    def added(self, key: str) -> Iterator[tuple[str, str, str | None]]:
        """Aliases with this fold that were added to known entities: alias, id, type or any."""
        yield from self._added.get(key, ())

    def added_to(self, entity_id: str) -> list[str]:
        """The aliases that were added to a known entity."""
        return list(self._added_to.get(entity_id, ()))

    def entity(self, local: int, index: int) -> Entity:
        """The entity, known as ``index`` in the whole base."""
        row = self._rows[local]
        kind = str(row.type)
        return Entity(
            index, _id(row), str(row.name), row.type or "MISC", _KINDS.get(kind, kind.lower()),
            row.prior, row.country, None, row.location, rival=False, sources=(SOURCE,),
            layer=self.name,
        )  # fmt: skip


def _id(row: Row) -> str:
    return row.id or local_id(str(row.name))


class Overlay:
    """The file at ``path``; a change is noticed within a second of its use."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Read ``path``; raises :class:`SettingsError` naming it, the row and the reason."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        # The stamp first: what is replaced while it is read is read again.
        self._seen = _stamp(path)
        self._layer = read(path)
        self._next = clock() + _EVERY_SECONDS

    def current(self) -> OverlayLayer:
        """The file's content, read again where it changed.

        What cannot be read is logged, once for each change, and what was there before stays.
        """
        if self._clock() < self._next or not self._lock.acquire(blocking=False):
            return self._layer
        try:
            self._next = self._clock() + _EVERY_SECONDS
            stamp = _stamp(self._path)
            if stamp != self._seen:
                self._seen = stamp
                self._layer = read(self._path)
                _log.info("%s: read again, %d entities", self._path, len(self._layer))
        except SettingsError as error:
            _log.error("%s; the names of its last good state stay in use", error)
        finally:
            self._lock.release()
        return self._layer


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def read(path: Path) -> OverlayLayer:
    """Read a user's file; raises :class:`SettingsError` naming it, the row and the reason."""
    try:
        data = _bytes(path)
        raw = yaml.safe_load(data.decode())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise SettingsError(f"{path}: nested too deeply") from error
    except (ValueError, LookupError, AttributeError, ArithmeticError) as error:
        # What PyYAML lets through of a date, a number or a truth value that is none.
        raise SettingsError(f"{path}: a value cannot be read: {error}") from error
    if raw is not None and not isinstance(raw, list):
        raise SettingsError(f"{path}: expected a list of entities")
    rows = [_row(path, number, row) for number, row in enumerate(raw or [], 1)]
    borne: dict[tuple[str, str | None], int] = {}
    for number, row in enumerate(rows, 1):
        if row.name is not None:
            first = borne.setdefault((_id(row), row.type), number)
            if first != number:
                raise SettingsError(f"{path}: row {number}: {_id(row)} is row {first}, too")
    return OverlayLayer(path.name, xxhash.xxh3_64_hexdigest(data)[:12], rows)


def _bytes(path: Path) -> bytes:
    # Without blocking, since opening a pipe would wait for its writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise SettingsError(f"{path}: cannot be read: not a file")
        data = file.read(_BYTES + 1)
    if len(data) > _BYTES:
        raise SettingsError(f"{path}: larger than {_BYTES // 1_000_000} MB")
    return data


def _row(path: Path, number: int, raw: Any) -> Row:
    try:
        return Row.model_validate(raw)
    except ValidationError as error:
        reasons = "; ".join(
            ": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"])))
            for e in error.errors(include_url=False)
        )
        raise SettingsError(f"{path}: row {number}: {reasons}") from error
