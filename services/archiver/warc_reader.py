"""Reading the archiver's WARC files back: record by record, past what is damaged.

Not warcio's reader, which ends at the first damaged member: an archive is read when the rest was
lost, and every whole record counts.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b32encode, b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from services.archiver.settings import ARCHIVED
from services.archiver.warc_writer import FIELD, MAX_FACTS
from shared.errors import PermanentError
from shared.events import Headers, Message, format_time, from_milliseconds

MAX_RECORD = 64 * 1024 * 1024
"""Bytes of a record that is read; a message has at most a quarter of them."""

_MAX_HEAD = MAX_FACTS + 64 * 1024  # of a record's header
_SHOWN = 16  # bytes of what is no record
_CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b\x08"  # RFC 1952, 2.3.1
_FIRST = b"WARC/"
_END = b"\r\n\r\n"
_RECEIVED = "ce_receivedat"
_TIMES = (_RECEIVED, "ce_time")


@dataclass(frozen=True, slots=True)
class Record:
    """A record that stands from ``start`` to ``end`` in its file. Names of fields in lower case."""

    start: int
    end: int
    fields: dict[str, str]
    block: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that cannot be read, from ``start`` to ``end``, and why."""

    start: int
    end: int
    reason: str
    detail: str = ""


def read(stream: BinaryIO, start: int = 0) -> Iterator[Record | Damage]:
    """What is in a WARC file, compressed by record or not, in its order; never raises for bad data.

    ``stream`` stands at ``start``, which is 0 or the end of a record. One damage is told for all
    that is damaged between two records.
    """
    buffer = _Buffer(stream, start)
    if not buffer.fill(len(_GZIP)) and not buffer.data:
        return
    items = _members(buffer) if buffer.data[:2] == _GZIP[:2] else _plain(buffer)
    damage: Damage | None = None
    for item in items:
        if isinstance(item, Damage):
            damage = (
                Damage(damage.start, item.end, damage.reason, damage.detail) if damage else item
            )
            continue
        if damage is not None:
            yield damage
            damage = None
        yield item
    if damage is not None:
        yield damage


def whole_length(stream: BinaryIO) -> tuple[int, int]:
    """Up to where a file of gzip members is whole, in bytes, and how many members these are."""
    length = count = 0
    for item in _members(_Buffer(stream, 0)):
        if isinstance(item, Damage) or item.start != length:
            break
        length, count = item.end, count + 1
    return length, count


def message_of(record: Record) -> Message | None:
    """The message that a record was made of; ``None`` for records that were not made of one.

    It is as it was, but where nothing in it told when it was received, a header does.
    Raises :class:`PermanentError` ``bad_record`` or ``digest_mismatch``.
    """
    lines = [record.fields.get(FIELD.lower(), "")]
    while (line := record.fields.get(f"{FIELD.lower()}-{len(lines) + 1}")) is not None:
        lines.append(line)
    if not lines[0]:
        return None
    try:
        facts = json.loads("".join(lines))
        headers = tuple((str(name), _bytes(value)) for name, *value in facts["headers"])
        key = None if facts["key"] is None else _bytes(facts["key"])
        time = int(facts["time"])
        null = bool(facts.get("null"))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PermanentError("bad_record", f"{FIELD}: {type(error).__name__}: {error}") from None
    value = record.block
    if record.fields.get("warc-type") == "response":
        _, end, value = record.block.partition(_END)
        if not end:
            raise PermanentError("bad_record", "a response without an end of its headers")
    _check_digest(record, value)
    return Message(
        None if null else value, key, _received(headers, time), ARCHIVED, timestamp_ms=time
    )


def _received(headers: Headers, timestamp_ms: int) -> Headers:
    if timestamp_ms <= 0 or any(name.lower() in _TIMES for name, _ in headers):
        return headers
    return (*headers, (_RECEIVED, format_time(from_milliseconds(timestamp_ms)).encode()))


def _bytes(value: list[Any]) -> Any:
    """A header's value: ``None``, a text, or bytes in base64."""
    text, *form = value
    if text is None:
        return None
    return b64decode(text, validate=True) if form else text.encode("utf-8")


def _check_digest(record: Record, payload: bytes) -> None:
    algorithm, _, wanted = record.fields.get("warc-payload-digest", "").partition(":")
    if algorithm.lower() != "sha1":
        return
    found = b32encode(hashlib.sha1(payload, usedforsecurity=False).digest()).decode()
    if found != wanted.strip().upper():
        raise PermanentError("digest_mismatch", f"sha1:{found}, not sha1:{wanted}")


class _Buffer:
    """A stream with what was read of it and is not used yet. ``at``: where ``data`` begins."""

    def __init__(self, stream: BinaryIO, at: int) -> None:
        self._stream = stream
        self.at = at
        self.data = b""

    def more(self) -> bool:
        """Read a piece more; ``False`` at the end."""
        piece = self._stream.read(_CHUNK)
        self.data += piece
        return bool(piece)

    def fill(self, size: int) -> bool:
        """Have ``size`` bytes; ``False`` where there are not so many."""
        pieces, have = [self.data], len(self.data)
        while have < size and (piece := self._stream.read(_CHUNK)):
            pieces.append(piece)
            have += len(piece)
        self.data = b"".join(pieces) if len(pieces) > 1 else self.data
        return have >= size

    def drop(self, size: int) -> None:
        """Be done with ``size`` bytes."""
        self.data = self.data[size:]
        self.at += size

    def find(self, mark: bytes, start: int, most: int) -> int:
        """Where ``mark`` is, from ``start`` on and before ``most``; -1 where it is not."""
        while True:
            place = self.data.find(mark, start, most)
            if place >= 0 or len(self.data) >= most or not self.more():
                return place
            start = max(start, len(self.data) - _CHUNK - len(mark))

    def skip_to(self, mark: bytes) -> bool:
        """Drop what is before the next ``mark``; ``False``: there is none, and all is dropped."""
        while (place := self.data.find(mark)) < 0:
            self.drop(max(0, len(self.data) - len(mark) + 1))
            if not self.more():
                self.drop(len(self.data))
                return False
        self.drop(place)
        return True


def _members(buffer: _Buffer) -> Iterator[Record | Damage]:
    """Records that are gzip members."""
    while buffer.fill(1):
        start = buffer.at
        try:
            content, used = _member(buffer)
        except _Broken as broken:
            # The member's own bytes are looked through for the next one's beginning.
            buffer.drop(1)
            buffer.skip_to(_GZIP)
            yield Damage(start, buffer.at, "damaged", str(broken))
            continue
        buffer.drop(used)
        try:
            fields, block = _parse(content)
        except _Broken as broken:
            yield Damage(start, buffer.at, "bad_record", str(broken))
            continue
        yield Record(start, buffer.at, fields, block)


def _member(buffer: _Buffer) -> tuple[bytes, int]:
    """The next member unpacked, and its packed length."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS + 16)
    pieces: list[bytes] = []
    size = used = 0
    while not unpacker.eof:
        if used == len(buffer.data) and not buffer.more():
            raise _Broken("the file ends within a record")
        piece = buffer.data[used : used + _CHUNK]
        try:
            unpacked = unpacker.decompress(piece, MAX_RECORD + 1 - size)
        except zlib.error as error:
            raise _Broken(str(error)) from None
        used += len(piece) - len(unpacker.unconsumed_tail) - len(unpacker.unused_data)
        pieces.append(unpacked)
        size += len(unpacked)
        # Told at once: what only looks like a member costs no more than its first piece.
        if size >= len(_FIRST) > size - len(unpacked) and not b"".join(pieces).startswith(_FIRST):
            raise _Broken("a gzip member that is no WARC record")
        if size > MAX_RECORD:
            raise _Broken(f"a record of more than {MAX_RECORD} bytes, or one for all records")
    return b"".join(pieces), used


def _plain(buffer: _Buffer) -> Iterator[Record | Damage]:
    """Records that are not compressed."""
    while buffer.fill(1):
        start = buffer.at
        try:
            end = buffer.find(_END, 0, _MAX_HEAD)
            fields, length = _head(buffer.data[:end] if end >= 0 else buffer.data[:_SHOWN])
            size = end + len(_END) + length
            if not buffer.fill(size + len(_END)):
                raise _Broken("the file ends within a record")
            block = buffer.data[end + len(_END) : size]
            if buffer.data[size : size + len(_END)] != _END:
                raise _Broken("it does not end where its length says")
        except _Broken as broken:
            buffer.drop(1)
            buffer.skip_to(b"WARC/1.")
            yield Damage(start, buffer.at, "bad_record", str(broken))
            continue
        buffer.drop(size + len(_END))
        yield Record(start, buffer.at, fields, block)


class _Broken(Exception):
    """What is wrong with a record, for a person."""


def _parse(content: bytes) -> tuple[dict[str, str], bytes]:
    end = content.find(_END, 0, _MAX_HEAD)
    fields, length = _head(content[:end] if end >= 0 else content[:_SHOWN])
    start = end + len(_END)
    if content[start + length :] != _END:
        raise _Broken("it does not end where its length says")
    return fields, content[start : start + length]


def _head(head: bytes) -> tuple[dict[str, str], int]:
    """Fields by their names in lower case, and the block's length."""
    first, *lines = head.split(b"\r\n")
    if not first.startswith(_FIRST):
        raise _Broken(f"not a WARC record, it begins {first[:_SHOWN]!r}")
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        fields[name.strip().lower()] = value.strip()
    length = fields.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or int(length) > MAX_RECORD:
        raise _Broken(f"Content-Length: {length[:40]!r}, at most {MAX_RECORD}")
    return fields, int(length)
