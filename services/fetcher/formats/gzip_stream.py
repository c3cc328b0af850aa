"""gzip (RFC 1952): members one after another are one stream, as every gzip reads them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from services.fetcher.formats.base import MAGIC, NO, Child, Found, Refused
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.sniff import Sample

_MAGIC = b"\x1f\x8b\x08"
_FNAME = 8
_FEXTRA = 4
# Small, because what follows a member's end is copied, and members can be tiny.
_STEP = 16_384
_GULP = 262_144


class GzipStream:
    """Decompresses while counting; a stream cut short is refused with what it held."""

    name = "gzip"
    container = True

    def recognise(self, sample: Sample) -> int:
        """By the magic number with the only compression method there is."""
        return MAGIC if sample.data.startswith(_MAGIC) else NO

    def unwrap(self, sample: Sample, budget: Budget) -> Iterator[Found]:
        """The one file inside, and whatever stands behind the stream as a refusal."""
        name = _inner_name(sample)
        content, end = _decompress(sample.data, budget)
        # A producer may declare what is inside (Content-Encoding is seldom carried over).
        inner = "" if "gzip" in sample.media_type else sample.content_type
        yield Child(content, name, name, inner)
        rest = sample.data[end:]
        if rest:
            yield Refused(
                "trailing_data",
                f"{len(rest)} bytes that are no gzip stand behind the stream",
                rest,
                f"{name} (behind the end)",
            )


def _decompress(data: bytes, budget: Budget) -> tuple[bytes, int]:
    """What all members of ``data`` hold, and where the last of them ends."""
    out = bytearray()
    view = memoryview(data)
    at = members = 0
    while True:
        budget.member()
        at = _member(view, at, out, budget)
        members += 1
        end = at
        while data.startswith(b"\0", at):  # tapes and blocks are padded with zeros
            at += 1
        if at >= len(data):
            return bytes(out), at
        if not data.startswith(_MAGIC, at):
            return bytes(out), end


def _member(view: memoryview, at: int, out: bytearray, budget: Budget) -> int:
    """Append one member's content to ``out``; returns the place behind it."""
    stream = zlib.decompressobj(wbits=31)
    pending: bytes | memoryview = b""
    while not stream.eof:
        if not pending:
            pending = view[at : at + _STEP]
            at += len(pending)
            if not pending:
                raise PartRefused(
                    "truncated_gzip",
                    f"the stream breaks off after {len(out)} decompressed bytes",
                )
        try:
            piece = stream.decompress(pending, _GULP)
        except zlib.error as error:
            raise PartRefused("corrupt_gzip", str(error)) from None
        pending = stream.unconsumed_tail
        out += piece
        budget.unpacked(len(piece))
        budget.size(len(out))
        budget.ratio(len(out), at - len(pending))
    return at - len(stream.unused_data)


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
