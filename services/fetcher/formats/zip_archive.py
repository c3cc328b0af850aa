"""zip: members in the order of the directory, each decompressed within the limits."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from typing import IO, BinaryIO

from services.fetcher.formats.base import MAGIC, NO, Child, Format, Found, Refused, Skipped
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.sniff import Sample
from services.fetcher.source import Source, stream_of

_LOCAL = b"PK\x03\x04"
_EMPTY = b"PK\x05\x06"
_CENTRAL = b"PK\x01\x02"
_CHUNK = 262_144
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_LOCAL_HEADER = 30
_END_SEARCH = 65_536 + 22  # the longest comment, and the record before it
# zipfile decompresses these in bounded steps; bzip2 and LZMA it does not.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_METHOD_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}
# What zipfile is seen to raise over broken archives.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    LookupError,
    struct.error,
)
_LITTER_FOLDERS = ("__MACOSX/",)
_LITTER_NAMES = (".DS_Store", "Thumbs.db", "desktop.ini")


class ZipArchive:
    """A zip of documents. Office files, books and programs in zip's clothes are named so."""

    name = "zip"
    container = True
    streams = True

    def __init__(self, packages: Mapping[str, Format]) -> None:
        self._packages = packages

    def recognise(self, sample: Sample) -> int:
        """By the magic number of a local header, or of the end of an empty archive."""
        return MAGIC if sample.data.startswith((_LOCAL, _EMPTY)) else NO

    def package(self, source: Source, budget: Budget) -> Format | None:
        """The format of a document in zip's clothes, which is told by the members it must have.

        Raises :class:`~services.fetcher.limits.Exhausted` and :class:`PartRefused`.
        """
        file = source.seekable()
        _count_first(file, budget)
        try:
            with zipfile.ZipFile(file) as archive:
                kind = _disguise(archive, archive.infolist())
        except BROKEN:
            kind = ""
        file.seek(0)
        return self._packages.get(kind)

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """Each member as a child; broken ones are refused by themselves."""
        file = source.seekable()
        _count_first(file, budget)
        try:
            archive = zipfile.ZipFile(file)
        except BROKEN as error:
            yield Refused("corrupt_zip", said(error), whole=True)
            return
        with archive:
            members = archive.infolist()
            kind = _disguise(archive, members)
            if kind:
                yield Refused("unsupported_format", f"{kind} is not read", whole=True)
                return
            overlap = _overlap(members)
            if overlap:
                yield Refused("zip_bomb", overlap, whole=True)
                return
            if not members:
                yield Refused("empty", "the archive has no members", whole=True)
                return
            for info in members:
                yield _member(archive, info, budget, file)


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, file: BinaryIO
) -> Found:
    name = _name(info)
    if info.is_dir():
        return Skipped("directory")
    base = name.rpartition("/")[2]
    if name.startswith(_LITTER_FOLDERS) or "/__MACOSX/" in name or base in _LITTER_NAMES:
        return Skipped("archive_litter")
    kept = budget.settings.max_rejected_bytes
    if info.flag_bits & _ENCRYPTED:
        return Refused("encrypted", "the member is encrypted", _raw(info, file, kept), name)
    if info.compress_type not in METHODS:
        method = _METHOD_NAMES.get(info.compress_type, f"method {info.compress_type}")
        raw = _raw(info, file, kept)
        return Refused("unsupported_compression", f"compressed by {method}", raw, name)
    try:
        pieces = _pieces(archive.open(info), info, budget)
        first = next(pieces, b"")
    except PartRefused as refusal:
        return Refused(refusal.reason, refusal.detail, _raw(info, file, kept), name)
    except BROKEN as error:
        return Refused("corrupt_zip_member", said(error), _raw(info, file, kept), name)
    return Child(stream_of(chain((first,), pieces)), name, base)


def _raw(info: zipfile.ZipInfo, file: BinaryIO, most: int) -> bytes:
    """What is kept of a refused member: its bytes as they stand in the archive."""
    place = file.tell()
    file.seek(max(0, info.header_offset))
    size = _LOCAL_HEADER + len(info.filename) + info.compress_size
    raw = file.read(min(size, most + 1))
    file.seek(place)
    return raw


def _pieces(stream: IO[bytes], info: zipfile.ZipInfo, budget: Budget) -> Iterator[bytes]:
    size = 0
    with stream:
        while True:
            try:
                piece = stream.read(_CHUNK)
            except BROKEN as error:
                raise PartRefused("corrupt_zip_member", said(error)) from None
            if not piece:
                return
            size += len(piece)
            budget.unpacked(len(piece))
            budget.ratio(size, info.compress_size)
            yield piece


def _count_first(file: BinaryIO, budget: Budget) -> None:
    """Refuse a directory of far too many entries before it is read into objects."""
    length = file.seek(0, io.SEEK_END)
    file.seek(max(0, length - _END_SEARCH))
    tail = file.read(_END_SEARCH)
    at = tail.rfind(_EMPTY)
    if at >= 0 and at + 16 <= len(tail):
        (size,) = struct.unpack_from("<L", tail, at + 12)
        end = length - len(tail) + at
        file.seek(end - size if size <= end else 0)
        count, left, edge = 0, end - file.tell(), b""
        while left > 0 and (piece := file.read(min(_CHUNK, left))):
            left -= len(piece)
            count += (edge + piece).count(_CENTRAL)
            edge = piece[-(len(_CENTRAL) - 1) :]
        limit = budget.settings.max_members
        if count > limit:
            raise Exhausted("too_many_members", f"the zip has {count} members, max_members={limit}")
    file.seek(0)


def _overlap(members: list[zipfile.ZipInfo]) -> str:
    """Why members share bytes of the archive, as only bombs' do; empty when they do not."""
    ordered = sorted(members, key=lambda info: info.header_offset)
    for first, second in pairwise(ordered):
        end = first.header_offset + _LOCAL_HEADER + first.compress_size
        if end > second.header_offset:
            return f"members {_name(first)!r} and {_name(second)!r} overlap"
    return ""


def _disguise(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    """What a zip is that is no archive of documents: by the members that its kind must have."""
    names = {info.filename for info in members[:50]}
    if "[Content_Types].xml" in names:
        kinds = {"word": "DOCX", "xl": "XLSX", "ppt": "PPTX"}
        tops = {name.partition("/")[0] for name in names}
        return next((label for top, label in kinds.items() if top in tops), "an Office file")
    if members and members[0].filename == "mimetype" and members[0].file_size < 200:
        try:
            kind = archive.read(members[0]).decode("ascii", "replace").strip()
        except BROKEN:
            return ""
        if kind == "application/epub+zip":
            return "EPUB"
        if kind.startswith("application/vnd.oasis.opendocument.text"):
            return "OpenDocument text"
        if kind.startswith("application/vnd.oasis.opendocument"):
            return "OpenDocument"
    if "META-INF/MANIFEST.MF" in names:
        return "a Java archive"
    return ""


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name; one that its writer did not flag as UTF-8 may be so all the same."""
    name = info.filename
    if not info.flag_bits & _UTF8_NAME:
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return name


def said(error: BaseException) -> str:
    """The kind of ``error``, and its words where it has any."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
