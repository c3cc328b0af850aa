"""The interface of formats: what is looked at, and what unwrapping yields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source

# How sure `recognise` is. Bytes that say what they are beat structure, structure beats names.
MAGIC = 100
STRUCTURE = 60
HINTED = 40
FALLBACK = 1
NO = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A document ready to be emitted. ``step`` is its place in what was unwrapped, or empty."""

    data: bytes
    content_type: str
    step: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Child:
    """Something found inside that is to be recognised in its turn.

    A stream is read before the format is asked for what comes next, and not after.
    """

    data: bytes | BinaryIO
    step: str
    name: str = ""
    """A file name as a hint; empty where there is none."""
    content_type: str = ""
    url: str = ""
    """Where it was fetched from, for one that tells (a WARC's record); else the container's."""
    seen_at: datetime | None = None
    """When it was fetched or sent, for one that tells."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A part that cannot be read. With ``whole`` it is all of what was unwrapped."""

    reason: str
    detail: str
    data: bytes = b""
    step: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part that carries no news on purpose: a directory, a thumbnail cache."""

    reason: str


Found = Document | Child | Refused | Skipped


class Format(Protocol):
    """One format. A new one is a module with this and a line in the registry.

    ``unwrap`` yields its findings one by one, so that a container's members need not be in
    memory together. It may raise :class:`~services.fetcher.limits.PartRefused` (the rest of this
    container is refused) and lets :class:`~services.fetcher.limits.Exhausted` pass.
    """

    name: str
    container: bool
    """Whether opening it counts as a level of depth."""
    streams: bool
    """Whether ``unwrap`` reads ``source.stream`` or ``source.seekable()`` piece by piece, so that
    what it opens may be larger than memory. It is then recognised by its beginning alone. Others
    find all bytes in ``source.data`` and ``source.sample``."""

    def recognise(self, sample: Sample) -> int:
        """How sure it is that ``sample`` is of this format: 0 to 100, 0 for not at all."""
        ...

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """What is in it."""
        ...
