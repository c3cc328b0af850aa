"""Bodies of stored HTTP answers: transfer and content codings undone (RFC 9112, RFC 9110)."""

from __future__ import annotations

import io
import re
import zlib

import brotli

from services.fetcher.formats.compressed import Gzip, Zstandard
from services.fetcher.formats.inflating import Inflating, Method, Zlib
from services.fetcher.limits import Budget, PartRefused

_SIZE_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
_DAMAGE = (zlib.error, ValueError, EOFError)
_DEFLATE = Method("deflate", lambda: Zlib(15), lambda head: False, _DAMAGE)
_RAW_DEFLATE = Method("deflate", lambda: Zlib(-15), lambda head: False, _DAMAGE)
_BROTLI = Method("brotli", lambda: _Brotli(), lambda head: False, (brotli.error, ValueError))
_CODINGS = 3
"""Content codings of one body that are undone; more than one is an oddity."""


def decoded(body: bytes, transfer: str, coding: str, budget: Budget) -> bytes:
    """``body`` without the codings that its headers name.

    Crawlers that store what they have decoded keep the headers: a body that is not coded as they
    say is taken as it is. Raises :class:`PartRefused` ``bad_chunking``, ``truncated_body``,
    ``unsupported_encoding``, what :class:`Inflating` raises, and ``too_large``.
    """
    if "chunked" in transfer.lower():
        body = _joined(body)
    names = [name.strip().lower() for name in coding.split(",")]
    if len(names) > _CODINGS:
        raise PartRefused("unsupported_encoding", f"{len(names)} content codings")
    for name in reversed(names):
        method = _method(name, body)
        if method is not None:
            body = _inflated(body, method, budget)
    return body


def _method(name: str, body: bytes) -> Method | None:
    if name in ("gzip", "x-gzip"):
        return Gzip.method if Gzip.method.begins(body) else None
    if name == "deflate":
        wrapped = body[:1] and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
        if wrapped:
            return _DEFLATE
        return None if body.lstrip()[:1] in (b"<", b"{", b"[") else _RAW_DEFLATE
    if name == "zstd":
        return Zstandard.method if Zstandard.method.begins(body) else None
    if name == "br":  # it has no magic number
        return None if body.lstrip()[:1] in (b"<", b"{", b"[") else _BROTLI
    return None


class _Brotli:
    """Brotli's decompressor (RFC 7932) with the interface of the others."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._stream.is_finished())

    @property
    def needs_input(self) -> bool:
        return bool(self._stream.can_accept_more_data())

    @property
    def unused_data(self) -> bytes:
        return b""  # it raises where anything stands behind the end

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return bytes(self._stream.process(data, output_buffer_limit=max_length))


def _inflated(body: bytes, method: Method, budget: Budget) -> bytes:
    out = bytearray()
    for piece in Inflating(io.BytesIO(body), method, budget).pieces():
        out += piece
        budget.size(len(out))
    return bytes(out)


def _joined(body: bytes) -> bytes:
    """The chunks of ``body`` joined (RFC 9112, section 7.1); trailers are left out."""
    if not _SIZE_LINE.match(body):
        return body
    pieces: list[bytes] = []
    at = 0
    while match := _SIZE_LINE.match(body, at):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(pieces)
        start, at = match.end(), match.end() + size
        if at > len(body):
            detail = f"the last chunk lacks {at - len(body)} of {size} bytes"
            raise PartRefused("truncated_body", detail)
        pieces.append(body[start:at])
        if body.startswith(b"\r\n", at):
            at += 2
        elif body.startswith(b"\n", at):
            at += 1
        elif at < len(body):
            raise PartRefused("bad_chunking", f"no line ends the chunk at byte {start}")
    if at >= len(body):
        raise PartRefused("truncated_body", "the last chunk is absent")
    raise PartRefused("bad_chunking", f"no chunk size at byte {at}")
