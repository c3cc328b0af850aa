"""Mailboxes in one file (RFC 4155), read by pieces: one mail at a time is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from services.fetcher.formats.base import NO, STRUCTURE, Child, Found, Refused
from services.fetcher.formats.mime import fields_at
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source

_GULP = 262_144
_KEPT = 65_536
"""Bytes of a mail that is too large that are kept beside its refusal."""
_ROOM = 1_024
"""Bytes behind an empty line that tell whether a mail begins there."""
_BEGINNING = re.compile(rb"\n\r?\n(?=(From [^\n]{1,400})\n(?:>?From |[!-9;-~]{1,100}[ \t]{0,20}:))")
# The sender and a time of day or a date; writers differ in all else.
_FROM = re.compile(
    rb"From \S.{0,300}?(?:\d{1,2}:\d\d(?::\d\d)?\b.{0,60}|\b\d{4}-\d\d-\d\d.{0,40})\r?\n?\Z"
)
_QUOTED = re.compile(rb"^>(?=>*From )", re.M)
_SUFFIXES = (".mbox", ".mbx")
_TYPES = ("application/mbox",)
_TAKEN = "message/rfc822; taken-from=mbox"
"""Of a mail that was taken out: its first line stays, and makes no mailbox of it again."""


class Mbox:
    """Mails one after another, each after an empty line and ``From sender date``."""

    name = "mbox"
    container = True
    streams = True

    def recognise(self, sample: Sample) -> int:
        """By its first line and headers; one mail alone, beginning so, is taken for a mail."""
        head = sample.head
        if not head.startswith(b"From ") or sample.content_type == _TAKEN:
            return NO
        lines = head.split(b"\n", 2)
        if len(lines) < 2 or not fields_at(head, sample.complete):
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
                yield Child(data, step, "", _TAKEN)


def _messages(stream: BinaryIO, limit: int) -> Iterator[tuple[int, bytes]]:
    """The size and the bytes of each mail, of which the first 64 KiB where it is too large."""
    mail = _Collected(limit)
    data = b""
    ended = False
    while not ended:
        piece = stream.read(_GULP)
        ended = not piece
        data += piece
        at = 0
        # What may be a beginning is looked at when all that tells so is there.
        sure = len(data) if ended else len(data) - _ROOM
        for match in _BEGINNING.finditer(data):
            if match.end() > sure:
                break
            if _FROM.match(match[1]):
                mail.add(data[at : match.end()])
                yield mail.taken()
                at = match.end()
        done = len(data) if ended else max(at, sure - 4)
        mail.add(data[at:done])
        data = data[done:]
    if mail.size:
        yield mail.taken()


class _Collected:
    """The bytes of a mail, as far as they may be kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self.size = 0

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size <= self._limit:
            self._data += data
        elif len(self._data) > _KEPT:
            del self._data[_KEPT:]

    def taken(self) -> tuple[int, bytes]:
        """The size and the bytes; what comes next is another mail."""
        found = self.size, _QUOTED.sub(b"", self._data)
        self._data, self.size = bytearray(), 0
        return found
