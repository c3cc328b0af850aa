"""Kafka records that no producer library writes: batches changed after they were built."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer, codec
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.topics import Topic

CODECS: Mapping[str, int] = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": codec.gzip_encode,
    "snappy": codec.snappy_encode,
    "lz4": codec.lz4_encode,
    "zstd": codec.zstd_encode,
}
_HEADER_SIZE = 61

# A builder takes text for a header's name; these bytes, as many, then take its place.
PLACEHOLDER = "placeholder"
BAD_NAME = b"\xff\xfe caf\xe9 \xc3\xa9!"
BAD_NAME_READ = "\\xff\\xfe caf\\xe9 é!"
assert len(PLACEHOLDER) == len(BAD_NAME)


@dataclass(frozen=True)
class Odd:
    """A record. A header named ``PLACEHOLDER`` gets the name ``BAD_NAME``."""

    key: bytes | None = None
    value: bytes | None = None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)
    timestamp_ms: int = 1_700_000_000_000


def build_batch(
    records: Sequence[Odd], compression: str = "none", *, base: int = 0, attributes: int = 0
) -> bytes:
    """A batch of format v2 whose first record is at offset ``base``, by aiokafka's builder."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 30)
    for offset, one in enumerate(records):
        added = builder.append(offset, one.timestamp_ms, one.key, one.value, one.headers)
        assert added is not None
    built = bytes(builder.build())
    body = built[_HEADER_SIZE:].replace(PLACEHOLDER.encode(), BAD_NAME)
    data = built[:_HEADER_SIZE] + bytes(_ENCODERS[compression](body))
    return seal(data, base=base, attributes=CODECS[compression] | attributes)


def seal(batch: bytes, *, base: int = 0, attributes: int = 0) -> bytes:
    """``batch`` with its base offset, length, attributes and CRC set."""
    data = bytearray(batch)
    struct.pack_into(">qi", data, 0, base, len(data) - 12)
    struct.pack_into(">h", data, 21, attributes)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data)


async def send_batch(
    bootstrap: str, topic: Topic, partition: int, records: Sequence[Odd], compression: str = "none"
) -> None:
    """Append ``records`` to one partition, as one batch."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=topic.max_message)
    await producer.start()
    try:
        batch = producer.create_batch()
        assert batch.append(key=b"", value=b"", timestamp=0) is not None
        batch._build()
        batch._buffer = bytearray(build_batch(records, compression))
        await (await producer.send_batch(batch, topic.name, partition=partition))
    finally:
        await producer.stop()
