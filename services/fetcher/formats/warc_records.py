"""Records of WARC and ARC files, one after another, whatever one of them is like."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
from warcio.statusandheaders import (
    StatusAndHeaders,
    StatusAndHeadersParser,
    StatusAndHeadersParserException,
)

from services.fetcher.limits import PartRefused
from shared.events import parse_time

_LINE = 65_536
_HEADERS = 4 * 1024 * 1024
_HEADER_LINES = 10_000
"""Of a record's headers, and of the HTTP headers in it. Most have a few hundred bytes; records of
our own archiver can carry 2 MiB of a message's headers, in long lines."""
_GULP = 262_144
_WARC = re.compile(rb"WARC/\d{1,3}\.\d{1,3}[ \t]*\r?\n")
_ARC = re.compile(rb"filedesc://[^\r\n]{1,2000} -?\d{1,10}\r?\n")
_ARC_RECORD = re.compile(
    rb"[A-Za-z][A-Za-z0-9+.-]{1,20}:[^\r\n]{1,8192} \d{8,20} \S{1,200} -?\w+\r?\n"
)
_INSIDE = re.compile(rb"\r\n\r\nWARC/(?:0\.1[78]|1\.[01])\r\n(?=[A-Za-z-]{1,40}:)")
_ERRORS = (ArchiveLoadFailed, StatusAndHeadersParserException, ValueError, IndexError, EOFError)

# It warns of each address with a blank in it, of which an archive can hold any number.
logging.getLogger("warcio").setLevel(logging.ERROR)


def begins(head: bytes) -> bool:
    """Whether ``head`` is the beginning of a WARC or ARC."""
    head = head[:8_192].lstrip(b"\r\n")
    return bool(_WARC.match(head) or _ARC.match(head))


def goes_on(head: bytes) -> bool:
    """Whether ``head`` is the beginning of a record within an archive."""
    return begins(head) or _ARC_RECORD.match(head) is not None


class BadRecord(Exception):
    """A record that cannot be read, with the reason of its refusal."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Http:
    """The head of a stored HTTP answer."""

    status: str
    headers: StatusAndHeaders

    def get(self, name: str) -> str:
        """A header, or empty."""
        return self.headers.get_header(name) or ""


class Record:
    """One record. Its block is read from the archive when it is asked for, and once."""

    def __init__(
        self, number: int, kind: str, headers: StatusAndHeaders, block: _Block, arc: bool
    ) -> None:
        self.number = number
        self.kind = kind
        """``response``, ``revisit``, ... in lower case; ``arc_header`` for an ARC's first."""
        self.block = block
        self._headers = headers
        self._arc = arc

    def get(self, name: str) -> str:
        """A header of the record, or empty."""
        return (self._headers.get_header(name) or "").strip()

    @property
    def uri(self) -> str:
        """Where it was fetched from, without the angle brackets that some writers add."""
        return self.get("uri" if self._arc else "warc-target-uri").strip("<>")

    @property
    def content_type(self) -> str:
        """The type of the block: of an HTTP message as a whole ``application/http``."""
        return self.get("content-type")

    @property
    def moment(self) -> datetime | None:
        """When it was fetched."""
        if not self._arc:
            return parse_time(self.get("warc-date"))
        try:
            return datetime.strptime(self.get("archive-date")[:14], "%Y%m%d%H%M%S").replace(
                tzinfo=UTC
            )
        except ValueError:
            return None

    def http(self) -> Http | None:
        """The HTTP head that the block begins with, ``None`` where it holds something else."""
        if not self.block.peek(5).startswith(b"HTTP/"):
            return None
        self.block.begin_headers()
        try:
            headers = StatusAndHeadersParser(["HTTP/"], verify=False).parse(self.block)
        except _ERRORS as error:
            raise BadRecord("corrupt_http", f"its HTTP headers: {error}") from None
        return Http(headers.get_statuscode(), headers)


class _Lines:
    """The archive, with lines of bounded length and with a way to put bytes back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._back = b""
        self._headers = self._header_lines = 0
        self.place = 0

    def begin_headers(self) -> None:
        self._headers = self._header_lines = 0

    def readline(self, size: int = -1) -> bytes:
        """A line of headers. Raises :class:`BadRecord` when they are too long."""
        line = self.line(_LINE if size < 0 else min(size, _LINE))
        self._headers += len(line)
        self._header_lines += 1
        endless = len(line) == _LINE and not line.endswith(b"\n")
        if endless or self._headers > _HEADERS or self._header_lines > _HEADER_LINES:
            self.put_back(line)  # nobody has counted it
            detail = f"headers of more than {_HEADERS} bytes or {_HEADER_LINES} lines"
            raise BadRecord("headers_too_large", detail)
        return line

    def line(self, size: int = _LINE) -> bytes:
        """A line, or the first ``size`` bytes of it."""
        line = b""
        if self._back:
            end = self._back.find(b"\n", 0, size) + 1 or min(size, len(self._back))
            line, self._back = self._back[:end], self._back[end:]
        if not line.endswith(b"\n") and len(line) < size:
            line += self._stream.readline(size - len(line))
        self.place += len(line)
        return line

    def read(self, size: int) -> bytes:
        """``size`` bytes, or what there is."""
        pieces = [self._back[:size]]
        self._back = self._back[size:]
        left = size - len(pieces[0])
        while left and (piece := self._stream.read(min(left, _GULP))):
            pieces.append(piece)
            left -= len(piece)
        self.place += size - left
        return b"".join(pieces)

    def put_back(self, data: bytes) -> None:
        self._back = data + self._back
        self.place -= len(data)


class _Block:
    """A record's block, of which no more is read than the record says."""

    def __init__(self, lines: _Lines, length: int) -> None:
        self._lines = lines
        self.left = length
        self.ended_early = False
        self.broken = False
        """Whether reading it raised what the archive's stream raises."""

    def begin_headers(self) -> None:
        self._lines.begin_headers()

    def peek(self, size: int) -> bytes:
        data = self.read(size)
        self.left += len(data)
        self._lines.put_back(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        """A line of headers in it."""
        if not self.left:
            return b""
        try:
            line = self._lines.readline(self.left if size < 0 else min(size, self.left))
        except PartRefused:
            self.left, self.broken = 0, True
            raise
        return self._counted(line, 1)

    def read(self, size: int = -1) -> bytes:
        """``size`` bytes, or all that are left."""
        wanted = self.left if size < 0 else min(size, self.left)
        try:
            return self._counted(self._lines.read(wanted), wanted)
        except PartRefused:
            self.left, self.broken = 0, True
            raise

    def _counted(self, data: bytes, wanted: int) -> bytes:
        self.left -= len(data)
        if len(data) < wanted:
            self.ended_early = True
            self.left = 0
        return data

    def cut(self, body: bytes, length: str) -> bytes:
        """``body``, all of the block, without the records that a wrong length took into it.

        ``length`` is what HTTP says that the body has; only behind that a record is sought.
        """
        if not length.isdecimal() or len(length) > 18 or int(length) + 4 > len(body):
            return body
        inside = _INSIDE.search(body, max(0, int(length) - 4))
        if inside is None:
            return body
        self._lines.put_back(body[inside.start() + 4 :])
        self.ended_early = False
        return body[: inside.start()]


def records(
    stream: BinaryIO, resume: Callable[[], BinaryIO | None] | None = None
) -> Iterator[Record | BadRecord]:
    """Every record of a WARC or ARC, and in place of what is none the reason.

    The block of one need not be read; it is passed when the next one is asked for. Where
    ``stream`` itself breaks, ``resume`` gives the stream of what can be read behind that place,
    or ``None``; without it the stream's :class:`PartRefused` is raised.
    """
    reading = _Reading()
    current: BinaryIO | None = stream
    while current is not None:
        try:
            yield from reading.records(_Lines(current))
        except PartRefused as broken:
            if resume is None:
                raise
            yield BadRecord(broken.reason, f"behind record {reading.number}: {broken.detail}")
        current = resume() if resume is not None else None


class _Reading:
    """What is known from one piece of an archive to the next."""

    def __init__(self) -> None:
        self._loader = ArcWarcRecordLoader(verify_http=False, arc2warc=False)
        self._arc: bool | None = None
        self.number = 0

    def records(self, lines: _Lines) -> Iterator[Record | BadRecord]:
        lost = False
        while line := lines.line():
            if not line.strip():
                continue
            if self._arc is None:
                self._arc = _ARC.match(line) is not None
            if not self._begins(line):
                if not lost:
                    place = lines.place - len(line)
                    yield BadRecord("corrupt_warc", f"no record begins at byte {place}")
                lost = True
                continue
            self.number += 1
            try:
                record = _record(self._loader, lines, line, self.number, self._arc)
            except BadRecord as bad:
                yield BadRecord(bad.reason, f"record {self.number}: {bad.detail}")
                lost = True
                continue
            lost = False
            yield record
            block = record.block
            while block.left:
                block.read(_GULP)
            if block.broken:
                return
            if block.ended_early:
                detail = f"record {self.number} breaks off with the archive"
                yield BadRecord("truncated_warc", detail)
                return

    def _begins(self, line: bytes) -> bool:
        if self._arc:
            return bool(_ARC.match(line) or _ARC_RECORD.match(line))
        return _WARC.match(line) is not None


def _record(
    loader: ArcWarcRecordLoader, lines: _Lines, line: bytes, number: int, arc: bool
) -> Record:
    lines.begin_headers()
    known = "arc" if arc else "warc"
    try:
        found = loader.parse_record_stream(lines, line, known, no_record_parse=True)
    except _ERRORS as error:
        raise BadRecord("corrupt_warc", f"its headers: {error}") from None
    headers = found.rec_headers
    length = headers.get_header("length" if arc else "content-length") or ""
    kind = (found.rec_type or "").lower()
    if not kind:
        raise BadRecord("corrupt_warc", "it has no WARC-Type")
    if not length.strip().isdecimal() or len(length) > 18:
        raise BadRecord("corrupt_warc", f"its length is {length[:40]!r}")
    return Record(number, kind, headers, _Block(lines, found.length), arc)
