"""gzip (RFC 1952): members one after another are one stream, as every gzip reads them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from services.fetcher.formats.base import MAGIC, NO, Child, Found, Refused
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.sniff import Sample
from services.fetcher.source import Source, stream_of

_MAGIC = b"\x1f\x8b\x08"
_FNAME = 8
_FEXTRA = 4
# Small, because what follows a member's end is copied, and members can be tiny.
_STEP = 16_384
_GULP = 262_144
_TRAILING = 65_536
"""Bytes behind the end that are kept beside their refusal."""


class GzipStream:
    """Decompresses while counting; a stream cut short is refused after what it held."""

    name = "gzip"
    container = True
    streams = True

    def recognise(self, sample: Sample) -> int:
        """By the magic number with the only compression method there is."""
        return MAGIC if sample.data.startswith(_MAGIC) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The one file inside, and whatever stands behind the stream as a refusal."""
        sample = source.sample
        name = _inner_name(sample)
        members = _Members(source.stream, budget)
        pieces = members.pieces()
        # A producer may declare what is inside (Content-Encoding is seldom carried over).
        inner = "" if "gzip" in sample.media_type else sample.content_type
        yield Child(stream_of(pieces), name, name, inner)
        for _ in pieces:  # what the reader of the content left is checked all the same
            pass
        if members.trailing:
            yield Refused(
                "trailing_data",
                f"{members.trailing_size} bytes that are no gzip stand behind the stream",
                members.trailing,
                f"{name} (behind the end)",
            )


class _Members:
    """The members of a stream, and what stands behind the last of them."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._consumed = 0
        self._produced = 0
        self.trailing = b""
        self.trailing_size = 0

    def pieces(self) -> Iterator[bytes]:
        """What the members hold, in pieces of 256 KiB at most; raises :class:`PartRefused`."""
        rest = b""
        while True:
            self._budget.member()
            inflate = zlib.decompressobj(wbits=31)
            pending = rest
            while not inflate.eof:
                if not pending:
                    pending = self._read()
                    if not pending:
                        raise PartRefused(
                            "truncated_gzip",
                            f"the stream breaks off after {self._produced} decompressed bytes",
                        )
                try:
                    piece = inflate.decompress(pending, _GULP)
                except zlib.error as error:
                    raise PartRefused("corrupt_gzip", str(error)) from None
                pending = inflate.unconsumed_tail
                self._produced += len(piece)
                self._budget.unpacked(len(piece))
                self._budget.ratio(self._produced, self._consumed - len(pending))
                if piece:
                    yield piece
            rest = self._next_member(inflate.unused_data)
            if not rest:
                return

    def _next_member(self, rest: bytes) -> bytes:
        """The beginning of the next member; empty where there is none."""
        blank = rest.lstrip(b"\0")  # tapes and blocks are padded with zeros
        while len(blank) < len(_MAGIC):
            more = self._read()
            if not more:
                break
            rest, blank = rest + more, (blank + more).lstrip(b"\0")
            if not blank:
                rest = b""  # nothing but padding so far
        if blank.startswith(_MAGIC) or not blank:
            return blank
        self.trailing = rest[:_TRAILING]
        self.trailing_size = len(rest)
        while more := self._read():
            self.trailing_size += len(more)
        return b""

    def _read(self) -> bytes:
        data = self._stream.read(_STEP)
        self._consumed += len(data)
        return data


def _inner_name(sample: Sample) -> str:
    """The name that the header keeps, else the outer one without its suffix."""
    data = sample.data
    if len(data) > 10 and data[3] & _FNAME and not data[3] & _FEXTRA:
        end = data.find(b"\0", 10, 10 + 1024)
        if end > 10:
            raw = data[10:end]
            try:
                return raw.decode("utf-8")
            except UnicodeDecodeError:
                return raw.decode("latin-1")
    base = sample.name.replace("\\", "/").rpartition("/")[2]
    for suffix in (".gz", ".gzip"):
        if base.lower().endswith(suffix) and len(base) > len(suffix):
            return base[: -len(suffix)]
    return base or "content"
