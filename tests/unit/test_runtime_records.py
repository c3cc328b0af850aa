"""Records with header names that are not UTF-8: read whole, and all else as aiokafka reads it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import WireroomError
from shared.runtime import lenient_records
from shared.runtime.lenient_records import LenientRecords, install, read_records
from tests.records import BAD_NAME_READ, CODECS, PLACEHOLDER, Odd, build_batch, seal

NAME = PLACEHOLDER
RECORDS = [
    Odd(b"k0", b"v0" * 100, [("a", b"1")]),
    Odd(None, None),
    Odd(b"", b"", [("", None), ("", b""), ("é", b"\xff")]),
    Odd(b"\xff", b"bad " * 100, [("x", None), (NAME, b"2"), ("x", b"")]),
    Odd(b"k4", b"after " * 100, [("b", b"3")]),
]


def fields(record: Any) -> tuple[Any, ...]:
    return (
        record.offset,
        record.timestamp,
        record.timestamp_type,
        record.key,
        record.value,
        [tuple(pair) for pair in record.headers],
    )


def expected(records: Sequence[Odd], base: int = 0) -> list[tuple[Any, ...]]:
    return [
        (
            base + n,
            one.timestamp_ms,
            0,
            one.key,
            one.value,
            [(BAD_NAME_READ if name == NAME else name, value) for name, value in one.headers],
        )
        for n, one in enumerate(records)
    ]


def read(data: bytes) -> list[tuple[Any, ...]]:
    """What the fetcher would take from ``data``, checking CRCs as it does."""
    records = LenientRecords(data)
    found = []
    while records.has_next():
        batch = records.next_batch()
        assert batch.validate_crc()
        if not batch.is_control_batch:
            found += [fields(record) for record in batch]
    assert records.next_batch() is None
    return found


@pytest.mark.parametrize("compression", CODECS)
def test_a_record_with_such_a_name_is_read_among_the_others(compression: str) -> None:
    batch = build_batch(RECORDS, compression, base=70)
    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(batch).next_batch())
    assert read(batch) == expected(RECORDS, 70)


@pytest.mark.parametrize("place", range(5))
def test_wherever_it_stands_nothing_comes_twice_or_is_left_out(place: int) -> None:
    records = [Odd(b"%d" % n, b"v") for n in range(5)]
    records[place] = Odd(b"bad", b"v", [(NAME, b"1")])
    assert read(build_batch(records)) == expected(records)


def test_several_batches_of_all_kinds_and_one_cut_off() -> None:
    control = build_batch([Odd(b"\0\0\0\0", b"")], base=30, attributes=0x20)
    cut = build_batch(RECORDS, "lz4", base=40)[:-1]
    data = b"".join(
        [build_batch(RECORDS, base=10), control, build_batch(RECORDS, "zstd", base=31), cut]
    )
    assert [held[:1] for held in read(data)] == [(n,) for n in (*range(10, 15), *range(31, 36))]
    assert LenientRecords(data).size_in_bytes() == len(data)
    assert not LenientRecords(cut).has_next()
    assert not LenientRecords(b"").has_next()


def test_batches_of_an_older_format_are_left_to_the_other_parser() -> None:
    old = LegacyRecordBatchBuilder(1, 0, 1 << 20)
    old.append(0, 5, b"old", b"v")
    records = LenientRecords(bytes(old.build()))
    assert [(record.offset, record.key) for record in records.next_batch()] == [(0, b"old")]
    assert not records.has_next()


def test_a_control_batch_shows_its_marker() -> None:
    batch = LenientRecords(build_batch([Odd(b"marker", b"")], base=3, attributes=0x30)).next_batch()
    assert (batch.is_control_batch, batch.is_transactional, batch.next_offset) == (True, True, 4)
    assert next(batch).key == b"marker"


def test_the_crc_is_checked_as_before() -> None:
    batch = bytearray(build_batch(RECORDS))
    batch[-1] ^= 1
    assert not LenientRecords(bytes(batch)).next_batch().validate_crc()


times = st.integers(0, 2**62)
blobs = st.none() | st.binary(max_size=80)
names = st.text(max_size=20)


@given(
    st.lists(
        st.builds(Odd, blobs, blobs, st.lists(st.tuples(names, blobs), max_size=4), times),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(sorted(CODECS)),
    st.integers(0, 2**40),
    st.sampled_from([0, 0x08]),
)
def test_both_parsers_read_a_good_batch_alike(
    records: list[Odd], compression: str, base: int, attributes: int
) -> None:
    batch = build_batch(records, compression, base=base, attributes=attributes)
    theirs = [fields(record) for record in MemoryRecords(batch).next_batch()]
    assert [fields(record) for record in read_records(batch)] == theirs


@given(st.data())
def test_a_broken_batch_ends_in_a_clear_error_or_in_records(data: st.DataObject) -> None:
    body = bytearray(build_batch(RECORDS)[61:])
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    batch = seal(build_batch(RECORDS)[:61] + bytes(body[:cut]))
    try:
        found = list(read_records(batch))
    except CorruptRecordException:
        return
    assert len(found) == len(RECORDS)


def test_what_else_is_wrong_is_an_error_as_before() -> None:
    batch = build_batch(RECORDS)
    with pytest.raises(CorruptRecordException):
        list(read_records(seal(batch + b"x")))
    with pytest.raises(UnsupportedCodecError, match="codec 6"):
        list(read_records(seal(batch, attributes=6)))
    good = build_batch(RECORDS[:1])
    with pytest.raises(CorruptRecordException):
        list(LenientRecords(seal(good + b"x")).next_batch())


def test_times_overflow_as_in_the_other_parser() -> None:
    batch = bytearray(build_batch([Odd(b"k", b"v", [], 0), Odd(b"k", b"v", [], 5)]))
    struct.pack_into(">q", batch, 27, 2**63 - 2)
    found = [fields(record) for record in read_records(seal(bytes(batch)))]
    assert [held[1] for held in found] == [2**63 - 2, -(2**63) + 3]


def test_the_parser_that_is_not_compiled_is_helped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain:
        def __init__(self, data: bytes) -> None:
            self.left = [_DefaultRecordBatchPy(data)]

        def next_batch(self) -> Any:
            return self.left.pop()

    monkeypatch.setattr(lenient_records, "MemoryRecords", Plain)
    found = [fields(record) for record in LenientRecords(build_batch(RECORDS, "gzip")).next_batch()]
    assert found == expected(RECORDS)


@pytest.fixture
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetcher as aiokafka has it."""
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)


@pytest.mark.usefixtures("as_shipped")
def test_the_fetcher_goes_on_where_it_stopped() -> None:
    install()
    install()
    assert fetcher.MemoryRecords is LenientRecords
    records = fetcher.MemoryRecords(
        build_batch(RECORDS, "snappy", base=10) + build_batch(RECORDS, base=15)
    )
    place = TopicPartition("t", 0)
    # It begins in mid-batch and asks record by record.
    part = fetcher.PartitionRecords(place, records, [], 12, None, None, True, 0)
    assert [(record.offset, part.next_fetch_offset) for record in part] == [
        (n, n + 1) for n in range(12, 20)
    ]


@pytest.mark.usefixtures("as_shipped")
def test_an_aiokafka_that_is_built_otherwise_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "MemoryRecords", object)
    with pytest.raises(WireroomError, match=r"aiokafka\.consumer\.fetcher\.MemoryRecords"):
        install()
    monkeypatch.delattr(fetcher, "MemoryRecords")
    with pytest.raises(WireroomError, match=r"aiokafka\.consumer\.fetcher\.MemoryRecords"):
        install()
