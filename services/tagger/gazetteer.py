"""The gazetteer: names, what they may stand for, and what is known of each.

A gzipped file of JSON lines: a header with the version and the lists that the rules need, then one
entry a line. The header names the files beside it, of the same form, that go with it, and their
versions: what another licence governs stands apart. It is built by ``services.tagger.build`` and
loaded once in a process.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import orjson

from services.tagger.spelling import key_of, word_set
from shared.errors import SettingsError
from shared.events import EntityType

SHIPPED = Path(__file__).parent / "data" / "gazetteer.jsonl.gz"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One entity. ``prior`` in [0, 1] orders namesakes; ``location`` in degrees."""

    id: str
    name: str
    type: EntityType
    kind: str
    """``country``, ``region``, ``city``, ``place``, ``person``, ``organization``, ``people``."""
    prior: float
    country: str | None = None
    region: str | None = None
    """For cities: the key of the state or province, for names like "Paris, Texas"."""
    location: tuple[float, float] | None = None
    short: tuple[str, ...] = ()
    """Keys that stand for it only where the article names it in full."""
    rival: bool = False
    """A lesser namesake: only evidence in the article makes it the one meant."""


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All entries, and the index of their names."""

    version: str
    entries: list[Entry]
    names: dict[str, tuple[int, ...]]
    """Key to indices of ``entries``."""
    longest: dict[str, int]
    """First word of a key to the greatest number of words in a key that begins so."""
    careful: frozenset[str]
    """Keys that are also common words: they need a context that speaks for the name."""
    given: frozenset[str]
    """Keys of given names."""

    def lookup(self, key: str) -> tuple[int, ...]:
        """Indices of the entries that ``key`` may stand for."""
        return self.names.get(key, ())


def load(path: Path) -> Gazetteer:
    """Read a gazetteer; raises :class:`SettingsError` naming the file and what is wrong."""
    header, lines = _read(path)
    careful = set(header["careful"])
    for name, version in header["parts"].items():
        part, more = _read(path.with_name(name))
        if part["version"] != version:
            raise SettingsError(
                f"{path.with_name(name)}: version {part['version']}, {path.name} needs {version}"
            )
        careful.update(part["careful"])
        lines += more
    entries: list[Entry] = []
    names: defaultdict[str, list[int]] = defaultdict(list)
    longest: dict[str, int] = {}
    try:
        for index, line in enumerate(lines):
            raw = orjson.loads(line)
            entries.append(_entry(raw))
            for key in raw["k"]:
                names[key].append(index)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise SettingsError(f"{path}: not a gazetteer: {type(error).__name__}: {error}") from error
    for key in names:
        first, count = first_word(key)
        if count > longest.get(first, 0):
            longest[first] = count
    return Gazetteer(
        version=header["version"],
        entries=entries,
        names={key: tuple(indices) for key, indices in names.items()},
        longest=longest,
        careful=frozenset(careful),
        given=frozenset(header["given"]),
    )


def _read(path: Path) -> tuple[dict[str, Any], list[bytes]]:
    """The header, checked, and the entries' lines of one file."""
    try:
        first, *lines = gzip.decompress(path.read_bytes()).splitlines()
        header: dict[str, Any] = orjson.loads(first)
        if header.get("format") != FORMAT:
            raise SettingsError(f"{path}: format {header.get('format')}, expected {FORMAT}")
        for name in ("version", "careful", "given", "parts"):
            header[name]
    except (OSError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise SettingsError(f"{path}: not a gazetteer: {type(error).__name__}: {error}") from error
    return header, lines


def first_word(key: str) -> tuple[str, int]:
    """The first word of a key, and how many words it has."""
    parts = key.replace("'", " ").replace("&", " ").split(" ")
    return parts[0], len(parts)


def _entry(raw: dict[str, object]) -> Entry:
    at = cast("list[float] | None", raw.get("at"))
    return Entry(
        id=str(raw["id"]),
        name=str(raw["n"]),
        type=cast("EntityType", raw["t"]),
        kind=str(raw["y"]),
        prior=cast("float", raw["p"]),
        country=cast("str | None", raw.get("c")),
        region=cast("str | None", raw.get("r")),
        location=(at[0], at[1]) if at else None,
        short=tuple(cast("list[str]", raw.get("s", ()))),
        rival=bool(raw.get("v")),
    )


@cache
def gazetteer(path: Path = SHIPPED) -> Gazetteer:
    """The gazetteer at ``path``, loaded once in this process."""
    return load(path)


# Words that stand before a surname in names: "von der Leyen", "bin Salman".
_PARTICLES = word_set(
    "von van der den de del della la le du da dos das di bin ibn ben al el ter ten af av zu"
)


def surname_keys(name: str) -> list[str]:
    """The short forms of a person's ``name``: the surname, with and without its particles."""
    parts = [part for part in name.split() if part.rstrip(".") not in {"Jr", "Sr", "II", "III"}]
    if len(parts) < 2 or len(parts[-1]) < 2:
        return []
    keys = [key_of(parts[-1])]
    first = len(parts) - 1
    while first > 1 and parts[first - 1].lower() in _PARTICLES:
        first -= 1
    if first < len(parts) - 1:
        keys.append(key_of(" ".join(parts[first:])))
    return [key for key in keys if len(key) > 1]
