"""Archives compressed record by record (``.warc.gz``): past a broken member the next is found."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from services.fetcher.formats.warc_records import begins, goes_on
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.source import stream_of

_MAGIC = b"\x1f\x8b\x08"
_STEP = 16_384
_GULP = 262_144
_LOOK = 12_288
"""Compressed bytes of a member that must do to show that a record begins in it."""
_TRIES = 10_000
"""Places that look like a member's beginning; each costs the start of a decompressor."""


def is_compressed(head: bytes) -> bool:
    """Whether ``head`` begins a gzip file with a WARC or ARC in it."""
    return head.startswith(_MAGIC) and begins(_first(head[:_LOOK]))


class RecordMembers:
    """The members of a gzip file of records, one after another as one stream.

    Where that breaks it raises :class:`PartRefused` ``corrupt_gzip`` or ``truncated_gzip``;
    :meth:`resume` then gives the stream from the next member on that holds a record.
    """

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._raw = b""
        self._consumed = 0
        self._produced = 0
        self._tries = 0
        self._broken = False

    def pieces(self) -> Iterator[bytes]:
        """What the members hold, in pieces of 256 KiB at most."""
        while self._begun():
            if not self._raw.startswith(_MAGIC):
                raise self._failed("corrupt_gzip", "no gzip member begins behind the last one")
            before = self._produced
            yield from self._member()
            if self._produced == before:
                self._budget.member()  # of empty ones there can be any number

    def resume(self) -> BinaryIO | None:
        """What can be read behind the break; ``None`` where there was none, or nothing more."""
        if not self._broken or not self._found():
            return None
        self._broken = False
        return stream_of(self.pieces())

    def _member(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj(wbits=31)
        while not inflate.eof:
            if not self._raw and not self._read():
                detail = f"the stream breaks off after {self._produced} decompressed bytes"
                raise self._failed("truncated_gzip", detail)
            try:
                piece = inflate.decompress(self._raw, _GULP)
            except zlib.error as error:
                self._raw = self._raw[1:]  # never the same member again
                raise self._failed("corrupt_gzip", str(error)) from None
            self._raw = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            self._produced += len(piece)
            self._budget.unpacked(len(piece))
            self._budget.ratio(self._produced, self._consumed - len(self._raw))
            if piece:
                yield piece

    def _begun(self) -> bool:
        """Whether another member begins behind padding of zeros."""
        while len(raw := self._raw.lstrip(b"\0")) < len(_MAGIC) and self._read():
            pass
        self._raw = raw
        return bool(raw)

    def _found(self) -> bool:
        """Go to the next member that begins with a record."""
        while True:
            at = self._raw.find(_MAGIC)
            if at < 0:
                self._raw = self._raw[-len(_MAGIC) + 1 :]
                if not self._read():
                    return False
                continue
            self._raw = self._raw[at:]
            while len(self._raw) < _LOOK and self._read():
                pass
            self._tries += 1
            if self._tries > _TRIES:
                return False
            if goes_on(_first(self._raw[:_LOOK])):
                return True
            self._raw = self._raw[1:]

    def _failed(self, reason: str, detail: str) -> PartRefused:
        self._broken = True
        return PartRefused(reason, detail)

    def _read(self) -> bool:
        data = self._stream.read(_STEP)
        self._consumed += len(data)
        self._raw += data
        return bool(data)


def _first(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, _LOOK)
    except zlib.error:
        return b""
