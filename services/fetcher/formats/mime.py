"""The structure of mail and of saved pages: header blocks and parts (RFC 5322, RFC 2045 to 2047).

Structure is found here, as the standard library's parser takes time that grows with depth times
lines and recurses; what a header means (its parameters, its encoded words) the library says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from functools import cached_property

from services.fetcher.formats.transfer_encodings import undone
from services.fetcher.limits import PartRefused
from shared import charset

_HEADERS = 1024 * 1024
"""Bytes of one header block; the longest of real mail has some ten thousand."""
_VALUE = 4_096
"""Characters of a header that are looked at: parsing parameters takes the square of them."""
_PARTS = 1_000
_DEEPEST = 10
_GUESSES = 50
"""Texts and headers of one mail whose charset is guessed; what is more is read as declared."""
_JUNK = 2
"""Lines of a header block that are no header, as broken senders write them."""
_LINES = 400
_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_BLANK = re.compile(rb"\r?\n\r?\n")
_END = re.compile(rb"(--)?[ \t]*\r?(?=\n|\Z)")
_GUESS = re.compile(rb"\n--([^\r\n]{1,200}?)[ \t]{0,20}\r?\nContent-[A-Za-z-]{1,40}[ \t]*:", re.I)
_BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(slots=True)
class _Whole:
    """What all parts of one mail share: its bytes, and what is counted over all of them."""

    data: bytes
    parts: int = 0
    guesses: int = 0

    def decoded(self, raw: bytes, declared: str = "", is_html: bool = False) -> str:
        """``raw`` as text. Guessing a charset takes time, and parts can be many and small."""
        if not _is_utf8(raw):
            if self.guesses >= _GUESSES:
                return raw.decode(charset.codec_name(declared) or "cp1252", "replace")
            self.guesses += 1
        return charset.decode(raw, declared or None, is_html)[0]


class Entity:
    """A mail or a part of one: its headers and the place of its body. Nothing is copied."""

    def __init__(self, whole: _Whole, start: int, end: int, depth: int, usual: str) -> None:
        self._whole = whole
        self._end = end
        self._depth = depth
        self._usual = usual
        self._fields, self._start = _headers(whole.data, start, end)

    @classmethod
    def of(cls, data: bytes) -> Entity:
        """The mail in ``data``; raises :class:`PartRefused` for a header block without end."""
        data = _lines_ended(data)
        return cls(_Whole(data), _beginning(data), len(data), 0, "text/plain")

    def raw(self, name: str) -> str:
        """The first header called ``name`` (in lower case), unfolded, or empty."""
        values = self._fields.get(name)
        return self._value(values[0]) if values else ""

    def text(self, name: str) -> str:
        """The same with its encoded words read (RFC 2047)."""
        return words(self.raw(name))

    def all(self, name: str) -> list[str]:
        """All headers called ``name``, the first hundred."""
        return [self._value(value) for value in self._fields.get(name, ())[:100]]

    def _value(self, value: bytes) -> str:
        return self._whole.decoded(_clean(value))[:_VALUE]

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    @cached_property
    def _library(self) -> Message:
        message = Message()
        for name in ("content-type", "content-disposition"):
            if name in self:
                message[name] = self.raw(name)
        return message

    @cached_property
    def type(self) -> str:
        """The media type in lower case; ``text/plain`` where there is none that is one."""
        if not self.raw("content-type").strip():
            return self._usual
        try:
            return self._library.get_content_type()
        except _BROKEN:
            return "text/plain"

    def parameter(self, name: str) -> str:
        """A parameter of the media type, or empty."""
        try:
            found = self._library.get_param(name)
        except _BROKEN:
            return ""
        if isinstance(found, tuple):
            found = found[2]
        return found.strip() if isinstance(found, str) else ""

    @cached_property
    def disposition(self) -> str:
        """``attachment``, ``inline`` or another word of the sender's, or empty."""
        return self.raw("content-disposition").partition(";")[0].strip().lower()

    @cached_property
    def filename(self) -> str:
        """The file name that the sender gave, or empty."""
        try:
            name = self._library.get_filename() or ""
        except _BROKEN:
            name = ""
        return " ".join(words(name).split())

    def as_text(self, is_html: bool) -> str:
        """The content as text, in the declared charset where that can be."""
        return self._whole.decoded(self.content(), self.parameter("charset"), is_html)

    @property
    def body(self) -> bytes:
        """The body as it stands there."""
        return self._whole.data[self._start : self._end]

    def content(self) -> bytes:
        """The body with its transfer encoding undone; damage is passed over."""
        return undone(self.body, self.raw("content-transfer-encoding"))

    def parts(self) -> Iterator[Entity]:
        """The parts of a multipart body; none where no boundary is found.

        Raises :class:`PartRefused` ``nested_too_deep`` and ``too_many_parts``.
        """
        if not self.type.startswith("multipart/"):
            return
        usual = "message/rfc822" if self.type == "multipart/digest" else "text/plain"
        for start, end in self._places():
            self._whole.parts += 1
            if self._whole.parts > _PARTS:
                raise PartRefused("too_many_parts", f"more than {_PARTS} parts")
            if self._depth >= _DEEPEST:
                raise PartRefused("nested_too_deep", f"parts in more than {_DEEPEST} others")
            yield Entity(self._whole, start, end, self._depth + 1, usual)

    def _places(self) -> Iterator[tuple[int, int]]:
        boundary = self._boundary()
        if not boundary:
            return
        data, line = self._whole.data, b"--" + boundary
        search = re.compile(b"\n" + re.escape(line) + _END.pattern)
        first = None
        if data.startswith(line, self._start, self._end):
            first = _END.match(data, self._start + len(line), self._end)
        start = -1 if first is None else first.end() + 1
        for match in search.finditer(data, max(0, self._start - 1), self._end):
            if start >= 0 and start <= match.start() + 1:
                end = match.start()
                yield start, end - 1 if data[end - 1 : end] == b"\r" and end > start else end
            start = match.end() + 1
            if match[1]:
                return
        if 0 <= start < self._end:
            yield start, self._end

    def _boundary(self) -> bytes:
        written = self.parameter("boundary").encode("utf-8", "surrogateescape").rstrip()
        data, start, end = self._whole.data, max(0, self._start - 1), self._end
        if written and data.find(b"--" + written, start, end) >= 0:
            return written
        # Not there, or not as it is written: the first line that can be one.
        guess = _GUESS.search(data, start, min(end, start + _HEADERS))
        return guess[1] if guess else b""


def fields_at(head: bytes, complete: bool) -> dict[str, str] | None:
    """The headers that ``head`` begins with, the first of each name; ``None`` where none do.

    Their values are not decoded: a character stands for each byte.
    ``complete`` tells that ``head`` is all there is. A block of headers ends in an empty line,
    or with the data.
    """
    head = _lines_ended(head)
    start = _beginning(head)
    if not _FIELD.match(head, start):
        return None
    blank = _BLANK.search(head, start)
    if not (blank or complete or len(head) >= _VALUE):
        return None
    lines = head[start : blank.start() if blank else len(head)].split(b"\n", _LINES)
    odd = sum(
        1
        for line in lines[:_LINES]
        if line[:1] not in (b" ", b"\t") and not _FIELD.match(line) and line.strip()
    )
    if odd > _JUNK + len(lines) // 20:
        return None
    fields, _ = _headers(head, start, len(head))
    return {name: _clean(values[0]).decode("latin-1") for name, values in fields.items()}


def words(text: str) -> str:
    """``text`` with its encoded words read, whatever charset they claim."""
    if "=?" not in text:
        return text
    try:
        chunks = decode_header(text)
    except _BROKEN:
        return text
    pieces: list[str] = []
    for raw, label in chunks:
        if isinstance(raw, str):
            pieces.append(raw)
        elif label is None:
            pieces.append(raw.decode("utf-8", "replace") if raw.isascii() else _latin(raw))
        else:
            pieces.append(charset.decode(raw, label, False)[0])
    return "".join(pieces)


def _latin(raw: bytes) -> str:
    # The library hands text beside encoded words on as bytes of this kind.
    return raw.decode("raw-unicode-escape", "replace")


def _lines_ended(data: bytes) -> bytes:
    """``data`` with line feeds, also of a sender that ends lines with carriage returns alone."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data if b"\n" in data[:65_536] else data.replace(b"\r", b"\n")


def _beginning(data: bytes) -> int:
    """Where the headers begin: behind empty lines and a mailbox's line ``From ...``."""
    at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while data[at : at + 1] in (b"\r", b"\n"):
        at += 1
    for _ in range(2):
        if data.startswith((b"From ", b">From "), at) and b"\n" in data[at : at + 1_000]:
            at = data.index(b"\n", at) + 1
    return at


def _headers(data: bytes, start: int, end: int) -> tuple[dict[str, list[bytes]], int]:
    """The headers from ``start`` on, and where the body begins."""
    if data.startswith((b"\n", b"\r\n"), start, end):
        return {}, data.index(b"\n", start) + 1
    blank = _BLANK.search(data, start, min(end, start + _HEADERS + 4))
    if blank is None and end - start > _HEADERS:
        raise PartRefused("headers_too_large", f"headers of more than {_HEADERS} bytes")
    stop, body = (blank.start(), blank.end()) if blank else (end, end)
    if not _FIELD.match(data, start, stop):
        return {}, start  # a part without headers and without the empty line before its body
    fields: dict[str, list[bytes]] = {}
    value: list[bytes] = []
    name = ""
    for line in data[start:stop].split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            value.append(line)
            continue
        match = _FIELD.match(line)
        if match is None:
            continue
        if name:
            fields.setdefault(name, []).append(b"".join(value))
        name, value = match[1].decode("ascii").lower(), [line[match.end() :]]
    if name:
        fields.setdefault(name, []).append(b"".join(value))
    return fields, body


def _clean(value: bytes) -> bytes:
    return value[: 4 * _VALUE].replace(b"\r", b"").replace(b"\x00", b"").strip()


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
