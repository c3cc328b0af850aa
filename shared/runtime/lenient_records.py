"""Kafka records whose header names are not UTF-8, read all the same.

A broker stores a header's name as it comes; aiokafka's parser decodes it strictly. One record
with such a name would make every ``getmany`` on its partition raise ``UnicodeDecodeError``, for
ever and for every consumer group. :func:`install` gives aiokafka's fetcher, and through it Faust,
records that are read by aiokafka's parser as ever and, only in a batch on which that one raises,
by :func:`read_records`, which writes a byte that is no UTF-8 as ``\\xff``.

Layout of a batch, format v2: https://kafka.apache.org/documentation/#recordbatch (KIP-98, KIP-82).
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterator
from typing import Any

from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError
from aiokafka.record.default_records import DefaultRecord
from aiokafka.record.memory_records import MemoryRecords

from shared.errors import WireroomError

log = logging.getLogger(__name__)

_NAME = "MemoryRecords"

# Common to all formats: base offset (8 bytes) and the length of what follows it.
_LENGTH = struct.Struct(">8xi")
_MAGIC_AT = 16
_FORMAT_V2 = 2
# Base offset, length, leader epoch, magic, CRC; attributes, last offset delta, first and largest
# timestamp; producer id, its epoch, base sequence; the number of records.
_HEADER = struct.Struct(">q4x4xx4x h4xqq 8x2x4x i")
_CODEC = 0x07
_LOG_APPEND_TIME = 0x08
_DECODERS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: codec.gzip_decode,
    2: codec.snappy_decode,
    3: codec.lz4_decode,
    4: codec.zstd_decode,
}


def install() -> None:
    """Make all aiokafka consumers of this process read such records; again is harmless.

    Raises :class:`~shared.errors.WireroomError` when this aiokafka is built in another way.
    """
    present = getattr(fetcher, _NAME, None)
    if present is LenientRecords:
        return
    if present is not MemoryRecords:
        raise WireroomError(
            f"aiokafka.consumer.fetcher.{_NAME} is not the parser that this version of Wireroom "
            "knows: a record whose header name is not UTF-8 would block its partition; "
            "install the aiokafka of requirements.txt"
        )
    setattr(fetcher, _NAME, LenientRecords)


class LenientRecords:
    """In place of aiokafka's ``MemoryRecords``: the batches of one partition's fetched bytes.

    The last batch may be cut off; it is left out, as there.
    """

    def __init__(self, fetched: bytes) -> None:
        self._fetched = fetched
        self._records = MemoryRecords(fetched)
        self._at = 0

    def size_in_bytes(self) -> int:
        """Bytes fetched, with those of a batch that was cut off."""
        size: int = self._records.size_in_bytes()
        return size

    def has_next(self) -> bool:
        """Whether a whole batch is left."""
        more: bool = self._records.has_next()
        return more

    def next_batch(self) -> Any:
        """The next batch, ``None`` after the last; raises ``CorruptRecordException``."""
        batch = self._records.next_batch()
        if batch is None:
            return None
        start = self._at
        self._at = start + _LENGTH.size + _LENGTH.unpack_from(self._fetched, start)[0]
        # Older formats have no headers; those of the broker's own records are never looked at.
        if self._fetched[start + _MAGIC_AT] < _FORMAT_V2 or batch.is_control_batch:
            return batch
        return _Batch(batch, memoryview(self._fetched)[start : self._at])


class _Batch:
    """One batch as aiokafka parsed it, with its bytes in case it cannot."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except (UnicodeDecodeError, CorruptRecordException) as error:
            # The parser that is not compiled wraps what it stumbles over.
            if not isinstance(error.__cause__ or error, UnicodeDecodeError):
                raise
            log.debug("the batch at offset %d has a header name that is no UTF-8", self.base_offset)
        else:
            return
        for number, record in enumerate(read_records(self._data)):
            if number >= read:
                yield record


def read_records(batch: bytes | memoryview) -> Iterator[Any]:
    """The records of one whole batch of format v2, as aiokafka's ``DefaultRecord``.

    A header name's bytes that are not UTF-8 become ``\\xhh``. The CRC is not looked at. Raises
    ``CorruptRecordException`` for lengths that contradict each other and ``UnsupportedCodecError``.
    """
    base, attributes, first_time, last_time, count = _HEADER.unpack_from(batch)
    decode = _DECODERS.get(attributes & _CODEC)
    if decode is None:
        raise UnsupportedCodecError(f"unknown compression codec {attributes & _CODEC}")
    stamped = bool(attributes & _LOG_APPEND_TIME)
    data = _Cursor(decode(bytes(batch[_HEADER.size :])))
    for _ in range(count):
        record = _Cursor(data.raw(data.varint()))
        record.raw(1)  # attributes: none is in use
        time = record.varint()
        offset = base + record.varint()
        key, value = record.nullable(), record.nullable()
        headers = [
            (record.raw(record.varint()).decode("utf-8", "backslashreplace"), record.nullable())
            for _ in range(record.varint())
        ]
        record.expect_end()
        time = last_time if stamped else _int64(first_time + time)
        yield DefaultRecord(_int64(offset), time, int(stamped), key, value, headers)
    data.expect_end()


def _int64(number: int) -> int:
    """``number`` with the overflow of 64-bit arithmetic, as any other consumer computes it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


class _Cursor:
    """Reads what a record is made of; ``CorruptRecordException`` where bytes are missing."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def varint(self) -> int:
        """A zigzag number of base 128, the lowest digit first."""
        number = shift = 0
        while True:
            digit = self.raw(1)[0]
            number |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return number >> 1 ^ -(number & 1)
            if shift > 63:
                raise CorruptRecordException("a number has more than 64 bits")

    def raw(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        start, self._at = self._at, self._at + size
        if size < 0 or self._at > len(self._data):
            raise CorruptRecordException(f"{size} bytes at {start} of {len(self._data)}")
        return self._data[start : self._at]

    def nullable(self) -> bytes | None:
        """Bytes after their length, ``None`` for a negative one."""
        size = self.varint()
        return None if size < 0 else self.raw(size)

    def expect_end(self) -> None:
        """Nothing is left over."""
        if self._at != len(self._data):
            raise CorruptRecordException(f"{len(self._data) - self._at} bytes are left over")
