"""What is unwrapped: a stream whose beginning can be looked at before it is read."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from services.fetcher.limits import PartRefused
from services.fetcher.sniff import HEAD, Sample

_SPOOL_MEMORY = 8 * 1024 * 1024
"""Bytes of a spooled source that stay in memory; what is more goes to a temporary file."""
_CHUNK = 262_144


class Source:
    """Bytes, or a stream of unknown length, with what their sender says of them.

    ``url`` is where it was fetched from, or empty. ``limit`` bounds what :attr:`data` and
    :meth:`seekable` take, in bytes. A stream is read once: either as a whole, or by pieces from
    :attr:`stream`. ``sample`` holds all bytes where these are at hand and else the first
    :data:`~services.fetcher.sniff.HEAD` of them.
    """

    def __init__(
        self,
        content: bytes | BinaryIO,
        *,
        limit: int,
        name: str = "",
        content_type: str = "",
        url: str = "",
    ) -> None:
        self.url = url
        self._limit = limit
        self._data: bytes | None = None
        self._spool: tempfile.SpooledTemporaryFile[bytes] | None = None
        if isinstance(content, bytes):
            self._data = content
            self.sample = Sample(content, name, content_type)
            self._stream: BinaryIO = io.BytesIO(content)
            self._seekable = True
            return
        self._seekable = content.seekable()
        # What breaks while the beginning is looked at breaks again when that has been read.
        head, failure = _beginning(content)
        if failure is not None:
            self._stream = io.BufferedReader(_Rejoined(head, stream_of(_failing(failure))), _CHUNK)
            self._seekable = False
        elif len(head) <= HEAD:
            self._data = head
            self._stream, self._seekable = io.BytesIO(head), True
        elif self._seekable:
            content.seek(-len(head), io.SEEK_CUR)
            self._stream = content
        else:
            self._stream = io.BufferedReader(_Rejoined(head, content), _CHUNK)
        self.sample = Sample(head[:HEAD], name, content_type, self._data is not None)

    @property
    def stream(self) -> BinaryIO:
        """All bytes from the beginning, to be read once, piece by piece."""
        return self._stream

    @property
    def data(self) -> bytes:
        """All bytes; raises :class:`PartRefused` ``too_large`` when they pass the limit.

        Also what reading the stream raises.
        """
        if self._data is None:
            data = _up_to(self._stream, self._limit + 1)
            if len(data) > self._limit:
                raise PartRefused("too_large", f"more than max_container_bytes={self._limit}")
            self._data = data
            self._stream, self._seekable = io.BytesIO(data), True
            sample = self.sample
            self.sample = Sample(data, sample.name, sample.content_type)
        elif len(self._data) > self._limit:
            size, limit = len(self._data), self._limit
            raise PartRefused("too_large", f"{size} bytes, max_container_bytes={limit}")
        return self._data

    @property
    def kept(self) -> bytes:
        """What can be kept beside a refusal: all bytes where they are at hand, else the first."""
        return self.sample.data if self._data is None else self._data

    @property
    def whole(self) -> bool:
        """Whether all bytes are at hand."""
        return self._data is not None

    def seekable(self) -> BinaryIO:
        """The stream where one can jump in it; otherwise a copy, in a file where it is large.

        Raises :class:`PartRefused` ``too_large`` when a copy passes the limit.
        """
        if self._seekable:
            return self._stream
        spool = tempfile.SpooledTemporaryFile(_SPOOL_MEMORY)  # noqa: SIM115 - it lives on
        size = 0
        try:
            while piece := self._stream.read(_CHUNK):
                size += len(piece)
                if size > self._limit:
                    raise PartRefused("too_large", f"more than max_container_bytes={self._limit}")
                spool.write(piece)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        self._stream, self._seekable = spool, True  # type: ignore[assignment]
        self._spool = spool
        return self._stream

    def close(self) -> None:
        """Give a copy back; nothing is read afterwards."""
        if self._spool is not None:
            self._spool.close()


class _Rejoined(io.RawIOBase):
    """What was read from a stream already, then the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill ``buffer``; returns how far."""
        piece = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(piece) :] if self._head else self._head
        buffer[: len(piece)] = piece
        return len(piece)


class Pieces(io.RawIOBase):
    """A stream of the pieces that an iterator gives, which is asked for one at a time."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill ``buffer``; returns how far."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def stream_of(pieces: Iterator[bytes]) -> BinaryIO:
    """A buffered stream of ``pieces``; what the iterator raises, reading raises."""
    return io.BufferedReader(Pieces(pieces), _CHUNK)


def _beginning(stream: BinaryIO) -> tuple[bytes, PartRefused | None]:
    """The first bytes, and why there are no more where reading was refused."""
    pieces: list[bytes] = []
    size = 0
    try:
        # Piece by piece as they come, so that those before a failure are kept.
        while size <= HEAD and (piece := _next(stream, HEAD + 1 - size)):
            pieces.append(piece)
            size += len(piece)
    except PartRefused as refused:
        return b"".join(pieces), refused
    return b"".join(pieces), None


def _next(stream: BinaryIO, size: int) -> bytes:
    read1 = getattr(stream, "read1", stream.read)
    piece: bytes = read1(size)
    return piece


def _failing(refused: PartRefused) -> Iterator[bytes]:
    yield from ()
    raise refused


def _up_to(stream: BinaryIO, size: int) -> bytes:
    """``size`` bytes, or all there are: a raw stream may give less at a time."""
    pieces: list[bytes] = []
    while size > 0 and (piece := stream.read(min(size, _CHUNK * 4))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
