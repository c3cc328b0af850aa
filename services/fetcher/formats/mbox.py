"""Mailboxes in one file (RFC 4155), read by lines: one mail at a time is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from services.fetcher.formats.base import NO, STRUCTURE, Child, Found, Refused
from services.fetcher.formats.mime import fields_at
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source

_LINE = 65_536
"""Bytes of a line that are taken at once; a longer one comes in pieces."""
# The sender and a time of day or a date; writers differ in all else.
_FROM = re.compile(
    rb"From \S.{0,300}?(?:\d{1,2}:\d\d(?::\d\d)?\b.{0,60}|\b\d{4}-\d\d-\d\d.{0,40})\r?\n?\Z"
)
_FIELD = re.compile(rb">?From |[!-9;-~]{1,100}[ \t]*:")
_QUOTED = re.compile(rb">+From ")
_SUFFIXES = (".mbox", ".mbx")
_TYPES = ("application/mbox",)


class Mbox:
    """Mails one after another, each after an empty line and ``From sender date``."""

    name = "mbox"
    container = True
    streams = True

    def recognise(self, sample: Sample) -> int:
        """By its first line and headers; one mail alone, beginning so, is taken for a mail."""
        head = sample.head
        lines = head.split(b"\n", 2)
        if not head.startswith(b"From ") or len(lines) < 2 or not fields_at(head, sample.complete):
            return NO
        named = sample.suffix in _SUFFIXES or sample.media_type in _TYPES
        if named:
            return STRUCTURE + 12
        if not _FROM.match(lines[0]):
            return NO
        more = any(_FROM.match(line) for line in re.findall(rb"\n\r?\n(From [^\n]*)", head))
        whole = sample.complete and len(sample.data) <= len(head)
        return STRUCTURE + 12 if more or not whole else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """Each mail, its lines ``>From `` restored; one that is too large is refused by itself."""
        limit = budget.settings.max_container_bytes
        for number, (size, data) in enumerate(_messages(source.stream, limit), 1):
            step = f"message {number}"
            if size > limit:
                detail = f"a mail of {size} bytes, max_container_bytes={limit}"
                yield Refused("too_large", detail, data, step)
            else:
                yield Child(data, step, "", "message/rfc822")


def _messages(stream: BinaryIO, limit: int) -> Iterator[tuple[int, bytes]]:
    """The size and the bytes of each mail, of which the first 64 KiB where it is too large."""
    lines = _lines(stream)
    mail = bytearray()
    size = 0
    blank, whole = True, True
    line = next(lines, b"")
    while line:
        following = next(lines, b"")
        begins = whole and line.startswith(b"From ")
        if begins and (not size or (blank and _FROM.match(line) and _FIELD.match(following))):
            if size:
                yield size, bytes(mail)
            mail, size = bytearray(), 0
        else:
            kept = line[1:] if whole and _QUOTED.match(line) else line
            size += len(kept)
            if size <= limit:
                mail += kept
            elif len(mail) > _LINE:
                del mail[_LINE:]
        whole = line.endswith(b"\n")
        blank = whole and not line.strip(b"\r\n")
        line = following
    if size:
        yield size, bytes(mail)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(_LINE):
        yield line
