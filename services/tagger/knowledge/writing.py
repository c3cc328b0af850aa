"""Writes a layer's file from records. The same records give the same bytes, in any order."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from services.tagger.knowledge.entity import Fit, Record
from services.tagger.knowledge.folding import fold
from services.tagger.knowledge.format import (
    COLUMNS,
    DEGREE,
    NAMED_ID,
    RIVAL,
    SURE,
    hash_of,
    layout,
)
from services.tagger.knowledge.ids import SCHEMES, local_id, pack, unpack
from services.tagger.knowledge.layer import ID
from services.tagger.knowledge.variants import person_words

_Value = TypeVar("_Value")

_NAMES = 200
_BYTES = 255
# A surname is looked up for the best known of those who bear it.
_BEARERS = 8


def write_layer(path: Path, records: Iterable[Record]) -> None:
    """Write ``records`` to ``path``; raises :class:`ValueError` for two with one id and type."""
    rows = sorted(records, key=lambda row: (*pack(row.id), row.id, row.type))
    for one, two in pairwise(rows):
        if (one.id, one.type) == (two.id, two.type):
            raise ValueError(f"{path.name}: {one.id} ({one.type}) twice: {one.names[0][0]}")
    kinds = _ranked((row.type, row.kind) for row in rows)
    countries = [None, *_ranked(row.country for row in rows if row.country)]
    regions = [None, *_ranked(row.region for row in rows if row.region)]
    sources = _ranked(row.sources for row in rows)
    schemes = Counter(pack(row.id)[0] for row in rows)
    columns = {name: array(code) for name, code in COLUMNS.items() if name != "strings"}
    strings = bytearray()
    places = {value: i for i, value in enumerate(kinds)}
    lands = {value: i for i, value in enumerate(countries)}
    around = {value: i for i, value in enumerate(regions)}
    told = {value: i for i, value in enumerate(sources)}
    for local, row in enumerate(rows):
        columns["ids"].append(pack(row.id)[1])
        columns["texts"].append(len(strings))
        columns["kinds"].append(places[row.type, row.kind])
        columns["priors"].append(round(min(max(row.prior, 0.0), 1.0) * SURE))
        columns["countries"].append(lands[row.country or None])
        columns["regions"].append(around[row.region or None])
        columns["sources"].append(told[row.sources])
        flags, data = _texts(row)
        columns["flags"].append(flags)
        strings += data
        if row.location:
            columns["located"].append(local)
            columns["latitudes"].append(round(row.location[0] * DEGREE))
            columns["longitudes"].append(round(row.location[1] * DEGREE))
    for name, values, pairs in (
        ("hashes", "holders", _holders(rows)),
        ("surnames", "bearers", _bearers(rows)),
    ):
        columns[name].extend(key for key, _ in pairs)
        columns[values].extend(local for _, local in pairs)
    starts = [0]
    for scheme in range(len(SCHEMES)):
        starts.append(starts[-1] + schemes[scheme])
    lists = {"kinds": kinds, "countries": countries, "regions": regions, "sources": sources,
             "starts": starts}  # fmt: skip
    sections = {name: column.tobytes() for name, column in columns.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever has the old file mapped keeps it: writing into it would end that process.
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(layout(lists, {**sections, "strings": bytes(strings)}))
    beside.replace(path)


def _ranked(values: Iterable[_Value]) -> list[_Value]:
    """Each value once, the most frequent first."""
    return [v for v, _ in sorted(Counter(values).items(), key=lambda kv: (-kv[1], str(kv[0])))]


def _texts(row: Record) -> tuple[int, bytes]:
    """Flags and the bytes of the names; a name longer than a byte counts is left out."""
    flags = RIVAL if row.rival else 0
    texts: list[tuple[bytes, int]] = []
    for name, fit in row.names[:_NAMES]:
        data = name.encode()
        if len(data) <= _BYTES:
            texts.append((data, fit))
    if unpack(*pack(row.id)) is None and local_id(row.names[0][0]) != row.id:
        flags |= NAMED_ID
        texts.append((row.id.encode(), ID))
    found = bytearray([len(texts)])
    for data, code in texts:
        found += bytes([code, len(data)]) + data
    return flags, bytes(found)


def _holders(rows: Sequence[Record]) -> list[tuple[int, int]]:
    pairs = set()
    for local, row in enumerate(rows):
        for name, _ in row.names[:_NAMES]:
            if (key := fold(name)) and len(name.encode()) <= _BYTES:
                pairs.add((hash_of(key), local))
    return sorted(pairs)


def _bearers(rows: Sequence[Record]) -> list[tuple[int, int]]:
    named: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for local, row in enumerate(rows):
        if row.type != "PER":
            continue
        for key in {surname for name, fit in row.names if (surname := surname_of(name, fit))}:
            named[key].append((-row.prior, local))
    pairs = []
    for key in sorted(named, key=lambda key: (hash_of(key), key)):
        pairs += [(hash_of(key), local) for _, local in sorted(named[key])[:_BEARERS]]
    return pairs


def surname_of(name: str, fit: Fit = Fit.NAME) -> str:
    """The fold of the surname in a person's full ``name``; empty where there is none."""
    words = person_words(name)
    return fold(words[-1]) if len(words) > 1 and fit in (Fit.NAME, Fit.ALIAS) else ""
