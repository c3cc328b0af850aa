"""What was taken of a feed or a sitemap, so that each entry is taken once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

PREFIX: Final = b"e:"
"""Keys of these memories in the store."""

MARK: Final = 8
"""Bytes that stand for an id or a link: two of a million are alike once in 10^7 feeds."""

_LEAST: Final = 512
_TIMES: Final = 10
_VERSION: Final = 1


@dataclass(slots=True)
class Memory:
    """What is remembered of one address between its readings."""

    source: str
    """The source that it belongs to; it goes when the source does."""
    etag: str = ""
    last_modified: str = ""
    body: str = ""
    """Hash of the last body: many servers never answer 304."""
    seen: bytes = b""
    """Marks of entries, the oldest first, :data:`MARK` bytes each."""
    used: float = 0.0
    """When it was last read, Unix seconds."""

    def encode(self) -> bytes:
        """The value for the store: JSON on a line, then the marks."""
        head = {
            "v": _VERSION,
            "source": self.source,
            "etag": self.etag,
            "last_modified": self.last_modified,
            "body": self.body,
            "used": self.used,
        }
        return orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE) + self.seen


_CHECKED: Final = TypeAdapter(Memory)


def decode(value: bytes) -> Memory:
    """What :meth:`Memory.encode` gave; raises :class:`ValueError` for anything else."""
    head, _, seen = value.partition(b"\n")
    data: Any = orjson.loads(head)
    if not isinstance(data, dict) or data.pop("v", None) != _VERSION or len(seen) % MARK:
        raise ValueError("not a memory of version 1")
    # Strictly as JSON; a ValidationError is a ValueError.
    memory = _CHECKED.validate_json(orjson.dumps(data), strict=True)
    memory.seen = seen
    return memory


def key(source: str, url: str) -> bytes:
    """The key of the memory of ``url`` as read for ``source``."""
    text = f"{source}\n{url}".encode("utf-8", "surrogatepass")
    return PREFIX + hashlib.blake2b(text, digest_size=16).digest()


def mark(text: str) -> bytes:
    """What stands for an id or a link."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=MARK).digest()


def sift(
    names: Sequence[tuple[bytes, ...]], seen: bytes, *, most: int
) -> tuple[list[int], bytes, bool]:
    """Which entries are new, at most ``most``; the marks to remember; whether more are new.

    ``names`` gives the marks of each entry (of its id, of its link): an entry is known when one
    of them is, and all of them are remembered, so that a changed id or link does not bring it
    again. A mark that several entries carry as their id tells nothing: leave it out, see
    :func:`telling`. Marks are kept for ten times as many as stand in the document now; those in
    it are the last to go. A new entry past ``most`` is not marked: it is new the next time.
    """
    known = {seen[place : place + MARK] for place in range(0, len(seen), MARK)}
    present: dict[bytes, None] = {}
    new: list[int] = []
    more = False
    for place, marks in enumerate(names):
        if not any(mark in known or mark in present for mark in marks):
            if len(new) >= most:
                more = True
                continue
            new.append(place)
        present.update(dict.fromkeys(marks))
    room = max(_LEAST, _TIMES * len(present)) if len(present) < 10_000 else len(present)
    kept = bytearray()
    for place in range(0, len(seen), MARK):
        one = seen[place : place + MARK]
        if one not in present:
            kept += one
    kept += b"".join(present)
    return new, bytes(kept[-room * MARK :]), more


def telling(ids: Iterable[str]) -> list[str]:
    """``ids``, those that stand there more than once made empty: they name no entry."""
    found = list(ids)
    times = Counter(found)
    return [name if times[name] == 1 else "" for name in found]
