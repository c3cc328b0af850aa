"""The body of an answer: its content coding is taken off under limits, piece by piece."""

from __future__ import annotations

import zlib
from typing import Protocol

from services.crawler.ports import FetchFailed

RATIO_FROM = 1024 * 1024
"""Bytes below which no ratio is too high: small texts that repeat compress a thousandfold."""

_STEP = 256 * 1024  # decompressed at once
_SLICE = 16 * 1024  # fed at once: zlib copies what it leaves over, at every step
_MEMBERS = 1_000  # of a gzip; a file of empty ones would cost a copy of the rest each


class Body(Protocol):
    """Takes the raw bytes of a body, gives the decoded ones."""

    def feed(self, data: bytes) -> None:
        """Raises :class:`FetchFailed` when a limit is passed or the coding is broken."""
        ...

    def finish(self) -> bytes:
        """All of it, at its end. Raises :class:`FetchFailed` when something is missing."""
        ...


def body_of(coding: str, limit: int, ratio: float) -> Body:
    """A decoder for a Content-Encoding; ``limit`` in bytes counts before and after decoding.

    Raises :class:`FetchFailed` ``bad_answer`` for a coding that was not asked for (RFC 9110, 8.4).
    """
    codings = [part.strip().lower() for part in coding.split(",")]
    codings = [part for part in codings if part not in ("", "identity")]
    if not codings:
        return _Plain(limit)
    if codings in (["gzip"], ["x-gzip"], ["deflate"]):
        return _Inflated(codings[0] != "deflate", limit, ratio)
    raise FetchFailed("bad_answer", f"its Content-Encoding is {coding[:80]!r}", again=False)


class _Plain:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        if len(self._data) + len(data) > self._limit:
            raise FetchFailed("too_large", f"more than {self._limit} bytes", again=False)
        self._data += data

    def finish(self) -> bytes:
        return bytes(self._data)


class _Inflated:
    """gzip of one member or several (RFC 1952, 2.2); deflate with or without its zlib wrapping.

    RFC 9110, 8.4.1.2 asks for the wrapping and knows that some leave it off.
    """

    def __init__(self, gzip: bool, limit: int, ratio: float) -> None:
        self._gzip = gzip
        self._limit = limit
        self._ratio = ratio
        self._raw = 0
        self._taken = 0
        self._start = b""
        self._members = 0
        self._inflater: zlib._Decompress | None = None
        self._over = False
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        self._raw += len(data)
        if self._raw > self._limit:
            raise FetchFailed("too_large", f"more than {self._limit} bytes compressed", again=False)
        if self._inflater is None:
            # The first two bytes tell how it is wrapped.
            data, self._start = self._start + data, b""
            if len(data) < 2:
                self._start = data
                return
        for at in range(0, len(data), _SLICE):
            piece = data[at : at + _SLICE]
            self._taken += len(piece)
            self._take(piece)

    def finish(self) -> bytes:
        if self._start or (self._inflater is not None and not self._inflater.eof):
            raise FetchFailed("bad_answer", "its compressed body ends too early", again=True)
        return bytes(self._data)

    def _take(self, data: bytes) -> None:
        more = bool(data)
        while more and not self._over:
            inflater = self._inflater
            if inflater is None or inflater.eof:
                inflater = self._next_member(data)
                if inflater is None:
                    return
            try:
                piece = inflater.decompress(data, _STEP)
            except zlib.error as error:
                detail = f"its compressed body is broken: {error}"
                raise FetchFailed("bad_answer", detail, again=False) from None
            self._data += piece
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            self._check(self._taken - len(data))
            # A full step may leave output behind although all input is taken.
            more = bool(data) or (len(piece) == _STEP and not inflater.eof)

    def _next_member(self, data: bytes) -> zlib._Decompress | None:
        """For the member that begins ``data``; ``None`` when only padding follows the last one."""
        if self._members and not (self._gzip and data[:1] == b"\x1f"):
            self._over = True
            return None
        self._members += 1
        if self._members > _MEMBERS:
            detail = f"its gzip has more than {_MEMBERS} members"
            raise FetchFailed("decompression_bomb", detail, again=False)
        if self._gzip:
            bits = 16 + zlib.MAX_WBITS
        else:
            wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            bits = zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS
        self._inflater = zlib.decompressobj(bits)
        return self._inflater

    def _check(self, taken: int) -> None:
        size = len(self._data)
        if size > RATIO_FROM and size > self._ratio * taken:
            detail = f"{taken} bytes unpack to {size}, more than {self._ratio:g} times as many"
            raise FetchFailed("decompression_bomb", detail, again=False)
        if size > self._limit:
            detail = f"more than {self._limit} bytes when decompressed"
            raise FetchFailed("too_large", detail, again=False)
