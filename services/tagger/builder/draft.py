"""An entry while it is made, and the file it goes into."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from services.tagger.gazetteer import FORMAT
from services.tagger.spelling import key_of

PART = "cities-odbl.jsonl.gz"


@dataclass(slots=True)
class Draft:
    """As :class:`services.tagger.gazetteer.Entry`, with its names as they are spelled."""

    id: str
    name: str
    type: str
    kind: str
    prior: float
    names: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    country: str | None = None
    region: str | None = None
    at: tuple[float, float] | None = None
    rival: bool = False
    listed: bool = False
    """From a list that gives names but no items: left out where another source knows it."""

    share_alike: bool = False
    """Made with data under the Open Database License: stands in a file of its own."""

    def lookup_keys(self) -> list[str]:
        """Keys of all names, each once, in order."""
        keys = (key_of(name) for name in spellings([self.name, *self.names]))
        return list(dict.fromkeys(key for key in keys if len(key) > 1))

    def line(self) -> dict[str, Any]:
        """As it is written; what is empty is left out."""
        raw: dict[str, Any] = {
            "id": self.id,
            "n": self.name,
            "t": self.type,
            "y": self.kind,
            "p": round(self.prior, 3),
            "k": self.lookup_keys(),
        }
        optional = {
            "c": self.country,
            "r": key_of(self.region) if self.region else None,
            "at": [round(degree, 4) for degree in self.at] if self.at else None,
            "s": [key_of(name) for name in self.short],
            "v": self.rival or None,
        }
        return raw | {name: value for name, value in optional.items() if value}


def spellings(names: Iterable[str]) -> list[str]:
    """``names`` and the forms that writing varies in: "J. K. Rowling" and "J.K. Rowling"."""
    found: list[str] = []
    for name in names:
        found.append(name)
        if ". " in name:
            found.append(name.replace(". ", "."))
            parts = name.split()
            if len(parts) == 3 and len(parts[1]) == 2 and parts[1][1] == ".":
                found.append(f"{parts[0]} {parts[2]}")
        if name.startswith("Saint "):
            found.append("St. " + name.removeprefix("Saint "))
    return found


def write(path: Path, drafts: list[Draft], careful: list[str], given: list[str]) -> str:
    """Write the gazetteer; the same drafts give the same bytes. Returns its version.

    What is under the Open Database License goes into ``cities-odbl.jsonl.gz`` beside ``path``,
    with the careful keys that no other entry has, so that no licence governs the other's file.
    """
    free = [draft for draft in drafts if not draft.share_alike]
    bound = [draft for draft in drafts if draft.share_alike]
    only = {key for draft in bound for key in draft.lookup_keys()}
    only -= {key for draft in free for key in draft.lookup_keys()}
    parts = {}
    if bound:
        parts[PART] = _write(path.with_name(PART), bound, [k for k in careful if k in only], [], {})
    return _write(path, free, [key for key in careful if key not in only], given, parts)


def _write(
    path: Path, drafts: list[Draft], careful: list[str], given: list[str], parts: dict[str, str]
) -> str:
    lines = [orjson.dumps(draft.line()) for draft in drafts]
    lists = {"careful": sorted(set(careful)), "given": sorted(set(given)), "parts": parts}
    digest = hashlib.sha256(orjson.dumps(lists) + b"\n".join(lines)).hexdigest()[:12]
    header = orjson.dumps({"format": FORMAT, "version": digest, **lists})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(b"\n".join([header, *lines]) + b"\n", mtime=0))
    return digest
