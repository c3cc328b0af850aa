"""Pages that were fetched lately, so that they are not fetched again."""

from __future__ import annotations

import struct
from collections import OrderedDict
from typing import Final

from services.crawler.ports import Change, Conditions
from services.crawler.task import url_hash

PREFIX: Final = b"p:"
"""Keys of markers in the store."""

_TIME = struct.Struct(">I")
_LONGEST_VALIDATOR: Final = 256


class Markers:
    """Of one partition: the newest ``most``, a few dozen bytes each.

    A marker is the time of the fetch (four bytes, Unix seconds) with the validators of the answer.
    It goes on serving for conditional requests when the page may be fetched again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: OrderedDict[bytes, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def load(self, key: bytes, value: bytes) -> None:
        """Take over what stands in the store; raises :class:`ValueError` when it is no marker."""
        if len(value) < _TIME.size:
            raise ValueError("a marker without its time")
        self._all[key[len(PREFIX) :]] = value

    def sort(self) -> list[Change]:
        """Bring what was loaded into the order of time; returns what no longer has room."""
        self._all = OrderedDict(sorted(self._all.items(), key=lambda item: item[1][: _TIME.size]))
        return self._overflow()

    def fetched_at(self, url: str) -> float:
        """When ``url`` was fetched, Unix seconds; 0 for long ago or never."""
        value = self._all.get(url_hash(url))
        return float(_TIME.unpack_from(value)[0]) if value else 0.0

    def conditions(self, url: str) -> Conditions:
        """The validators of the last answer."""
        value = self._all.get(url_hash(url), b"")[_TIME.size :]
        if not value:
            return Conditions()
        etag, _, modified = value.decode("utf-8", "replace").partition("\n")
        return Conditions(etag, modified)

    def add(self, url: str, now: float, etag: str = "", modified: str = "") -> list[Change]:
        """Note that ``url`` was fetched; returns what to write."""
        value = _TIME.pack(max(0, min(int(now), 2**32 - 1)))
        if (etag or modified) and len(etag) + len(modified) <= _LONGEST_VALIDATOR:
            value += f"{etag}\n{modified}".encode("utf-8", "replace")
        name = url_hash(url)
        self._all[name] = value
        self._all.move_to_end(name)
        return [(PREFIX + name, value), *self._overflow()]

    def _overflow(self) -> list[Change]:
        changes: list[Change] = []
        while len(self._all) > self._most:
            changes.append((PREFIX + self._all.popitem(last=False)[0], None))
        return changes
