"""What stands in the fingerprint log for an article: about 1.1 KB, in a binary form of our own.

Layout, version 1, little-endian::

    u8 version | u8 language group | u8 precision | u8 flags | u32 size | i64 published, ms
    u64 title hash | u64 known first seen, ms | u32 known revision | 32 B content hash
    256 x u32 slots | 4 x (u8 length, UTF-8): article id, document id, published_from, known group
    u32 CRC-32 of everything before

An entry that cannot be read (another version, a torn or foreign record) is skipped by every
instance in the same way, because whether it can be read depends on its bytes alone.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import Self, get_args

import numpy as np
import xxhash

from services.deduplicator.groups import GROUPS
from services.deduplicator.sketch import SLOTS, Sketch
from shared.errors import PermanentError
from shared.events import Precision
from shared.text import comparable

VERSION = 1

_HEAD = struct.Struct("<BBBBIqQQI32s")
_TAIL = struct.Struct("<I")
_SLOT_BYTES = SLOTS * 4
_PRECISIONS: tuple[Precision | None, ...] = (None, *get_args(Precision))
_NO_DATE = -(1 << 63)
_HAS_KNOWN = 1


@dataclass(frozen=True, slots=True)
class Known:
    """What the appending instance knew of the article's earlier entries.

    It lets an instance whose log begins later agree on what never changes.
    """

    first_seen_ms: int
    revision: int
    """The number that this very entry was expected to have."""
    group_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """An article as far as its duplicates are concerned."""

    article_id: str
    content_hash: bytes
    """SHA-256 of the comparable text, 32 bytes."""
    sketch: Sketch
    document_id: str = ""
    published_ms: int | None = None
    """When it was published: Unix milliseconds, before 1970 negative."""
    published_precision: Precision | None = None
    published_from: str = ""
    title_hash: int = 0
    """64 bits of the comparable title."""
    known: Known | None = None

    def with_known(self, known: Known | None) -> Self:
        """A copy that carries ``known``."""
        return replace(self, known=known)

    def encode(self) -> bytes:
        """The log entry's value. Raises :class:`PermanentError` when a field is out of range."""
        published = _NO_DATE if self.published_ms is None else self.published_ms
        known = self.known or Known(0, 0, "")
        try:
            head = _HEAD.pack(
                VERSION,
                self.sketch.group,
                _PRECISIONS.index(self.published_precision),
                _HAS_KNOWN if self.known else 0,
                self.sketch.size,
                published,
                self.title_hash,
                known.first_seen_ms,
                known.revision,
                self.content_hash,
            )
            texts = b"".join(
                _short_text(text)
                for text in (
                    self.article_id,
                    self.document_id,
                    self.published_from,
                    known.group_id,
                )
            )
        except (struct.error, ValueError) as error:
            raise PermanentError("invalid_fingerprint", f"{self.article_id}: {error}") from error
        body = head + self.sketch.slots.astype("<u4").tobytes() + texts
        return body + _TAIL.pack(zlib.crc32(body))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read an entry's value. Raises :class:`PermanentError` ``unreadable_fingerprint``."""
        try:
            return cls._decode(data)
        except (struct.error, ValueError, IndexError) as error:
            raise PermanentError("unreadable_fingerprint", str(error)) from error

    @classmethod
    def _decode(cls, data: bytes) -> Self:
        if data[:1] != bytes([VERSION]):
            raise ValueError(f"version {data[:1].hex() or 'missing'}, not {VERSION}")
        body = data[: -_TAIL.size]
        if _TAIL.unpack(data[-_TAIL.size :]) != (zlib.crc32(body),):
            raise ValueError("the checksum does not agree")
        _, group, precision, flags, size, published, title, first, revision, digest = (
            _HEAD.unpack_from(body)
        )
        if group >= GROUPS:
            raise ValueError(f"language group {group}")
        slots = np.frombuffer(body, dtype="<u4", count=SLOTS, offset=_HEAD.size)
        texts = []
        place = _HEAD.size + _SLOT_BYTES
        for _ in range(4):
            end = place + 1 + body[place]
            texts.append(body[place + 1 : end].decode("utf-8"))
            place = end
        if place != len(body):
            raise ValueError(f"{len(body)} bytes, {place} expected")
        article_id, document_id, published_from, group_id = texts
        return cls(
            article_id=article_id,
            content_hash=digest,
            sketch=Sketch(slots.astype(np.uint32, copy=False), size, group),
            document_id=document_id,
            published_ms=None if published == _NO_DATE else published,
            published_precision=_PRECISIONS[precision],
            published_from=published_from,
            title_hash=title,
            known=Known(first, revision, group_id) if flags & _HAS_KNOWN else None,
        )


def title_hash(title: str) -> int:
    """64 bits of the comparable form of ``title``; 0 where there is none."""
    folded = comparable(title)
    return xxhash.xxh3_64_intdigest(folded.encode("utf-8", "surrogatepass")) if folded else 0


def _short_text(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if len(data) > 255:
        raise ValueError(f"{len(data)} bytes in a field of at most 255")
    return bytes([len(data)]) + data
