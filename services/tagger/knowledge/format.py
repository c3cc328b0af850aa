"""A layer's file: columns that are mapped into memory and read in place.

Little-endian. 8 bytes magic, 4 bytes length of the header, the header (JSON: what stands where, and
the few lists that columns refer to), then the sections, each at a multiple of 8:

===========  ======================================================================
``ids``      u4 an entity: the number of its id; entities are sorted by scheme, number, type
``texts``    u4 an entity: where its names begin in ``strings``
``kinds``    u1 an entity: index in the header's ``kinds`` (type and kind)
``priors``   u2 an entity: 65535 is 1
``countries``  u2 an entity: index in ``countries``, of which the first is none
``regions``  u2 an entity: index in ``regions``, of which the first is none
``sources``  u2 an entity: index in ``sources`` (sets of names of sources)
``flags``    u1 an entity: 1 rival, 2 its local id does not follow from its name
``located``  u4 the entities that have a place, ascending; ``latitudes``, ``longitudes`` i4 of
             these, in ten-thousandths of a degree
``hashes``   u4 hash of a folded name, ascending; ``holders`` u4 an entity that has such a name
``surnames`` u4 hash of a folded surname, ascending; ``bearers`` u4 a person, best known first
``strings``  of an entity: u1 how many, then for each u1 fit, u1 length, UTF-8
===========  ======================================================================
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import xxhash

from shared.errors import SettingsError

MAGIC = b"WIREKB\r\n"
FORMAT = 1
COLUMNS: Mapping[str, str] = {
    "ids": "I", "texts": "I", "kinds": "B", "priors": "H", "countries": "H", "regions": "H",
    "sources": "H", "flags": "B", "located": "I", "latitudes": "i", "longitudes": "i",
    "hashes": "I", "holders": "I", "surnames": "I", "bearers": "I", "strings": "B",
}  # fmt: skip
"""Sections in order, and their :mod:`struct` codes."""

RIVAL = 1
NAMED_ID = 2
DEGREE = 10_000
SURE = 65_535
"""What a prior of 1 is stored as."""

_ENTITY = ("ids", "texts", "kinds", "priors", "countries", "regions", "sources", "flags")
_TOGETHER = (_ENTITY, ("located", "latitudes", "longitudes"), ("hashes", "holders"),
             ("surnames", "bearers"))  # fmt: skip
_START = len(MAGIC) + 4


def hash_of(key: str) -> int:
    """The hash that ``hashes`` and ``surnames`` hold of a folded name."""
    return xxhash.xxh32_intdigest(key.encode())


def layout(lists: Mapping[str, Any], sections: Mapping[str, bytes]) -> bytes:
    """The bytes of a file with these header lists and sections."""
    table = {}
    body = bytearray()
    for name in COLUMNS:
        data = sections[name]
        table[name] = [len(body), len(data), xxhash.xxh3_64_hexdigest(data)]
        body += data + bytes(-len(data) % 8)
    version = xxhash.xxh3_64_hexdigest(orjson.dumps([lists, table], option=orjson.OPT_SORT_KEYS))
    header = orjson.dumps({"format": FORMAT, "version": version[:12], **lists, "sections": table})
    header += b" " * (-(_START + len(header)) % 8)
    return MAGIC + len(header).to_bytes(4, "little") + header + bytes(body)


class Mapped:
    """A file of this format in memory: its header and a view of each section."""

    def __init__(self, path: Path) -> None:
        """Map ``path``; raises :class:`SettingsError` naming it and what is wrong with it."""
        if sys.byteorder != "little":
            raise SettingsError(f"{path}: knowledge bases are read on little-endian machines only")
        try:
            with path.open("rb") as file:
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path}: cannot be mapped into memory: {error}") from error
        self._view = memoryview(memory)
        try:
            self.header: dict[str, Any] = self._read_header()
            self.columns: dict[str, memoryview[int]] = self._read_sections()
            self._check_lengths()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"{path}: not a knowledge base: {error}") from error

    def _read_header(self) -> dict[str, Any]:
        if self._view[: len(MAGIC)] != MAGIC:
            raise ValueError("it does not begin as one")
        length = int.from_bytes(self._view[len(MAGIC) : _START], "little")
        if _START + length > len(self._view):
            raise ValueError("the file ends in the header")
        header: dict[str, Any] = orjson.loads(self._view[_START : _START + length])
        if header.get("format") != FORMAT:
            raise ValueError(f"format {header.get('format')}, expected {FORMAT}")
        self._body = _START + length
        lists = {k: v for k, v in header.items() if k not in ("format", "version", "sections")}
        told = orjson.dumps([lists, header["sections"]], option=orjson.OPT_SORT_KEYS)
        if xxhash.xxh3_64_hexdigest(told)[:12] != header["version"]:
            raise ValueError("its header was changed")
        return header

    def _read_sections(self) -> dict[str, memoryview[int]]:
        found = {}
        for name, code in COLUMNS.items():
            start, length, digest = self.header["sections"][name]
            data = self._view[self._body + start : self._body + start + length]
            if len(data) != length:
                raise ValueError(f"the file ends in section {name}")
            if xxhash.xxh3_64_hexdigest(data) != digest:
                raise ValueError(f"section {name} was changed")
            found[name] = data.cast(code)  # type: ignore[call-overload]
        return found

    def _check_lengths(self) -> None:
        for names in _TOGETHER:
            lengths = {len(self.columns[name]) for name in names}
            if len(lengths) > 1:
                raise ValueError(f"sections {', '.join(names)} differ in length")
