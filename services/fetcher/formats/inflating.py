"""Decompressing in bounded steps while counting, whatever the method."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from services.fetcher.limits import Budget, PartRefused

# Small, because what follows a stream's end is copied, and streams can be tiny.
_STEP = 16_384
_GULP = 262_144
_TRAILING = 65_536
"""Bytes behind the end that are kept beside their refusal."""
MAGIC_ROOM = 8
"""Bytes that tell whether another stream begins: as many as the longest magic number has."""


class Decompressor(Protocol):
    """One stream's decompressor, as the standard library's are for bzip2 and xz."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out of what was put in."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was put in behind the end of the stream."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most ``max_length`` bytes more."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """A way of compressing, as :class:`Inflating` needs to know it."""

    name: str
    """As it stands in reasons: ``truncated_xz``, ``corrupt_xz``."""
    start: Callable[[], Decompressor]
    begins: Callable[[bytes], bool]
    """Whether bytes (:data:`MAGIC_ROOM` of them, less at the end) begin another stream."""
    errors: tuple[type[Exception], ...]
    memory: str = ""
    """Words in the error that tells that the stream asks for more memory than is allowed."""


class Zlib:
    """zlib's decompressor with the interface of the others; ``wbits`` as zlib takes them."""

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits)
        self._pending = b""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out of what was put in."""
        return not self._pending

    @property
    def unused_data(self) -> bytes:
        """What was put in behind the end of the stream."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most ``max_length`` bytes more."""
        piece = self._stream.decompress(self._pending + data, max(0, max_length))
        self._pending = self._stream.unconsumed_tail
        return piece


class Inflating:
    """What the streams in ``stream`` hold, one after another, and what stands behind the last.

    Raises :class:`PartRefused` ``truncated_…``, ``corrupt_…``, ``too_large`` (the stream asks for
    too much memory) and ``zip_bomb``.
    """

    def __init__(self, stream: BinaryIO, method: Method, budget: Budget) -> None:
        self._stream = stream
        self._method = method
        self._budget = budget
        self._consumed = 0
        self._produced = 0
        self.trailing = b""
        self.trailing_size = 0

    def pieces(self) -> Iterator[bytes]:
        """The content in pieces of 256 KiB at most."""
        rest = b""
        while True:
            if rest:
                self._budget.member()  # streams can be tiny
            inflate = self._method.start()
            while not inflate.eof:
                if inflate.needs_input and not rest:
                    rest = self._more()
                piece = self._step(inflate, rest)
                rest = b""
                self._produced += len(piece)
                self._budget.unpacked(len(piece))
                self._budget.ratio(self._produced, self._consumed)
                if piece:
                    yield piece
            rest = self._next(inflate.unused_data)
            if not rest:
                return

    def _more(self) -> bytes:
        data = self._read()
        if not data:
            raise PartRefused(
                f"truncated_{self._method.name}",
                f"the stream breaks off after {self._produced} decompressed bytes",
            )
        return data

    def _step(self, inflate: Decompressor, data: bytes) -> bytes:
        method = self._method
        try:
            return inflate.decompress(data, _GULP)
        except MemoryError:
            raise PartRefused("too_large", f"{method.name} asks for too much memory") from None
        except method.errors as error:
            if method.memory and method.memory in str(error).lower():
                raise PartRefused(
                    "too_large", f"{method.name} asks for more memory than it is allowed: {error}"
                ) from None
            raise PartRefused(f"corrupt_{method.name}", str(error)) from None

    def _next(self, rest: bytes) -> bytes:
        """The beginning of the next stream; empty where there is none."""
        while len(blank := rest.lstrip(b"\0")) < MAGIC_ROOM:  # archives are padded with zeros
            more = self._read()
            if not more:
                break
            rest = (rest if blank else b"") + more
        if not blank or self._method.begins(blank):
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
