"""tar (POSIX.1-2001 pax, ustar, GNU and the old one): members as they come, by pieces.

Blocks are read here and each header by the standard library's :class:`tarfile.TarInfo`: its own
reader of archives takes long names and pax headers whole, of whatever size they say to be.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from services.fetcher.formats.base import MAGIC, NO, Child, Found, Refused, Skipped
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.sniff import Sample
from services.fetcher.source import Source, stream_of

_BLOCK = 512
_GULP = 262_144
_EXTENDED = 1024 * 1024
"""Bytes of a pax header or a long name; real ones have some hundred."""
_LONGEST_NAME = 65_536
_PAX_RECORD = re.compile(rb"(\d{1,9}) ([^=\n]{1,200})=")
_SPARSE_CONTINUES = 482, 504  # where a GNU sparse header and its continuations say so
_CHECKSUM = slice(148, 156)
_LITTER = ("__MACOSX/", "PaxHeader/")
_KINDS = {
    tarfile.LNKTYPE: "hard_link",
    tarfile.SYMTYPE: "symbolic_link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.DIRTYPE: "directory",
    tarfile.FIFOTYPE: "fifo",
    b"V": "volume_label",
    b"M": "continued_elsewhere",
    b"D": "directory",
}


class TarArchive:
    """Members are only read, never written: a name is a name, wherever it points."""

    name = "tar"
    container = True
    streams = True

    def recognise(self, sample: Sample) -> int:
        """By the magic word, or by the checksum of the first header, as the old tar has none."""
        head = sample.head[:_BLOCK]
        if head[257:262] == b"ustar":
            return MAGIC
        return MAGIC if len(head) == _BLOCK and head[0] and _checksum_holds(head) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The files, in the order of the archive; directories and links are skipped."""
        blocks = _Blocks(source.stream)
        found = False
        pax: dict[str, str] = {}
        everywhere: dict[str, str] = {}
        while (header := blocks.header()) is not None:
            found = True
            kind = header.type
            if kind in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE):
                target = everywhere if kind == tarfile.XGLTYPE else pax
                target.update(_pax(blocks.extended(header)))
                continue
            if kind in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
                text = _text(blocks.extended(header).partition(b"\0")[0])
                if kind == tarfile.GNUTYPE_LONGNAME:
                    pax["path"] = text
                continue
            facts, pax = {**everywhere, **pax}, {}
            yield from _member(blocks, header, facts)
            blocks.skip()
        if not found:
            yield Refused("empty", "the tar holds nothing", whole=True)


def _member(blocks: _Blocks, header: tarfile.TarInfo, facts: dict[str, str]) -> Iterator[Found]:
    name = _text_of(facts.get("path") or header.name)[:_LONGEST_NAME]
    size = header.size
    if facts.get("size", "").isdecimal() and len(facts["size"]) < 20:
        size = int(facts["size"])
    sparse = header.type == tarfile.GNUTYPE_SPARSE
    if sparse:
        blocks.skip_sparse_map()
    # A link has no content, whatever size is written; a directory's was once a reservation.
    kind = _KINDS.get(header.type)
    blocks.open(0 if kind is not None and kind != "continued_elsewhere" else size)
    if name.endswith("/") and kind is None:
        kind = "directory"
    base = name.rpartition("/")[2]
    if kind is not None:
        yield Skipped(kind)
    elif base.startswith("._") or base == ".DS_Store" or name.startswith(_LITTER):
        yield Skipped("litter")
    elif sparse or any(key.startswith("GNU.sparse.") for key in facts):
        yield Refused("unsupported_format", "a sparse file in a tar is not read", b"", name)
    else:
        content = stream_of(blocks.content())
        yield Child(content, name, name)


class _Blocks:
    """The archive by its blocks of 512 bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = 0  # of the open member's content
        self._padding = 0
        self._place = 0

    def header(self) -> tarfile.TarInfo | None:
        """The next header; ``None`` at the end. Raises :class:`PartRefused`."""
        block = self._read(_BLOCK)
        if not block:
            # Many writers leave out the two empty blocks: the end of the stream will do.
            return None
        if len(block) < _BLOCK:
            raise PartRefused("truncated_tar", f"the archive breaks off at byte {self._place}")
        if not block.strip(b"\0"):
            return None
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError, OverflowError) as error:
            place = self._place - _BLOCK
            raise PartRefused("corrupt_tar", f"no header at byte {place}: {error}") from None

    def extended(self, header: tarfile.TarInfo) -> bytes:
        """The content of a header that says more of the next one."""
        if header.size > _EXTENDED:
            detail = f"a header of {header.size} bytes, {_EXTENDED} are read"
            raise PartRefused("too_large", detail)
        self.open(header.size)
        data = b"".join(self.content())
        self.skip()
        return data

    def open(self, size: int) -> None:
        """Begin a member's content of ``size`` bytes."""
        if size < 0:
            raise PartRefused("corrupt_tar", f"a member of {size} bytes at byte {self._place}")
        self._left = size
        self._padding = -size % _BLOCK

    def content(self) -> Iterator[bytes]:
        """The open member's content; raises :class:`PartRefused` where it breaks off."""
        while self._left:
            piece = self._read(min(self._left, _GULP))
            if not piece:
                lacking, self._left, self._padding = self._left, 0, 0
                raise PartRefused("truncated_tar", f"the last member lacks {lacking} bytes")
            self._left -= len(piece)
            yield piece

    def skip(self) -> None:
        """Go to the end of the open member."""
        for _ in self.content():
            pass
        self._read(self._padding)
        self._padding = 0

    def skip_sparse_map(self) -> None:
        """Pass the blocks that go on with a GNU sparse header."""
        first, later = _SPARSE_CONTINUES
        at = first
        block = self._last
        while len(block) == _BLOCK and block[at]:
            block = self._read(_BLOCK)
            at = later

    _last = b""

    def _read(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._place += len(piece)
        data = b"".join(pieces)
        self._last = data
        return data


def _checksum_holds(block: bytes) -> bool:
    """Whether the header's checksum is that of its bytes, the checksum's own counted as blanks."""
    written = block[_CHECKSUM].strip(b" \0")
    if not written.isdigit() or b"8" in written or b"9" in written:
        return False
    return int(written, 8) == sum(block) - sum(block[_CHECKSUM]) + 8 * 32


def _pax(data: bytes) -> dict[str, str]:
    """The records of a pax header that matter: ``length key=value`` and a line feed."""
    facts: dict[str, str] = {}
    at = 0
    while match := _PAX_RECORD.match(data, at):
        end = at + int(match[1])
        key = match[2].decode("utf-8", "replace")
        if end <= match.end() or end > len(data) + 1:
            break
        if key in ("path", "size") or key.startswith("GNU.sparse."):
            facts[key] = _text(data[match.end() : end - 1])
        at = end
    return facts


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _text_of(name: str) -> str:
    """A readable name of one that holds bytes which are no UTF-8."""
    return _text(name.encode("utf-8", "surrogateescape"))
