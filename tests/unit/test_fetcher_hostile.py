"""What the fetcher refuses: every bad input ends in a rejection with its file, place and reason."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from typing import Any

import pytest

from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.events import Envelope, Message, format_time
from shared.runtime.stage import Emit, Outcome, Reject
from shared.settings import load_settings

NOISE = random.Random(7).randbytes(5_000)
GOOD = b"Rain fell on the town all night."


def fetch(value: bytes | None, name: str = "a.bin", **settings: Any) -> list[Outcome]:
    """The outcomes of a file under changed limits."""
    fetcher = Fetch(load_settings(FetcherSettings, **settings))
    return list(fetcher(Message(value, headers=(("filename", name.encode()),))))


def refused(value: bytes | None, name: str = "a.bin", **settings: Any) -> Reject:
    """The only outcome, a rejection that names the file."""
    (outcome,) = fetch(value, name, **settings)
    assert isinstance(outcome, Reject), outcome
    assert name in outcome.detail
    return outcome


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of ``members``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return out.getvalue()


def by_member(outcomes: list[Outcome]) -> dict[str, str]:
    """Reason, or ``ok``, of each member."""
    found = {}
    for outcome in outcomes:
        if isinstance(outcome, Emit):
            found[Envelope.parse(outcome.headers).member] = "ok"
        elif isinstance(outcome, Reject):
            found[outcome.member] = outcome.reason
    return found


@pytest.mark.parametrize("value", [None, b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\0\0\0"])
def test_nothing(value: bytes | None) -> None:
    assert refused(value).reason == "empty"


def test_noise_is_refused_whole() -> None:
    rejection = refused(NOISE)
    assert rejection.reason == "not_text"
    assert rejection.data is None  # the whole message is kept


@pytest.mark.parametrize("size", [64, 200, 1_000, 100_000])
def test_noise_of_any_length(size: int) -> None:
    chance = random.Random(size)
    for _ in range(20):
        assert refused(b"\x01" + chance.randbytes(size)).reason == "not_text"


def test_noise_behind_text_is_seen() -> None:
    assert refused(GOOD * 5 + random.Random(1).randbytes(300_000)).reason == "not_text"


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"\x89PNG\r\n\x1a\n" + NOISE, "PNG"),
        (b"\xff\xd8\xff\xe0" + NOISE, "JPEG"),
        (b"GIF89a" + NOISE, "GIF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE, "Office"),
        (b"\x7fELF" + NOISE, "ELF"),
        (b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00" + NOISE, "Windows program"),
        (b"Rar!\x1a\x07\x00" + NOISE, "RAR"),
        (b'<?xml version="1.0"?><kml><Point/></kml>', "kml"),
        (zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w/>"}), "XLSX"),
        (zipped({"META-INF/MANIFEST.MF": b"", "a.class": b""}), "Java"),
    ],
)
def test_known_formats_are_named(head: bytes, named: str) -> None:
    rejection = refused(head, "picture.txt")
    assert rejection.reason == "unsupported_format"
    assert named in rejection.detail


def test_a_text_that_begins_like_a_program_is_text() -> None:
    assert by_member(fetch(b"MZ said on Monday that rain fell. BM agreed, and ID3 too.")) == {
        "": "ok"
    }


def test_fifty_megabytes_of_one_line() -> None:
    rejection = refused(b"rain " * 10_000_000, "line.txt")
    assert rejection.reason == "too_large"
    assert "max_document_bytes=10485760" in rejection.detail


def test_container_and_json_limits_are_named() -> None:
    assert "max_container_bytes=100" in refused(b"x" * 101, max_container_bytes=100).detail
    record = b'{"text": "' + b"x" * 100 + b'"}'
    assert "max_json_bytes=100" in refused(record, max_json_bytes=100).detail
    brackets = b"[" + b"{}," * 20 + b"{}]"
    assert "max_json_values=20" in refused(brackets, max_json_values=20).detail


def test_one_line_too_long_among_good_ones() -> None:
    lines = b'{"text": "a"}\n{"text": "' + b"b" * 500 + b'"}\n{"text": "c"}\n'
    outcomes = fetch(lines, max_document_bytes=400, max_rejected_bytes=50)
    assert by_member(outcomes) == {"line 1": "ok", "line 2": "too_large", "line 3": "ok"}
    rejection = outcomes[1]
    assert isinstance(rejection, Reject)
    assert rejection.data is not None
    assert len(rejection.data) == 50
    assert "512 bytes in one line" in rejection.detail
    assert "its first 50 bytes" in rejection.detail


def test_gzip_bomb_by_ratio_and_by_size() -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    rejection = refused(bomb, "bomb.gz")
    assert rejection.reason == "zip_bomb"
    assert "max_ratio=200" in rejection.detail
    rejection = refused(bomb, max_ratio=5_000, max_container_bytes=1_000_000)
    assert (rejection.reason, rejection.member) == ("too_large", "a.bin")
    assert "max_container_bytes=1000000" in rejection.detail


def test_bomb_among_good_members() -> None:
    archive = zipped({"a.txt": GOOD, "bomb.txt": b" " * 30_000_000, "b.txt": GOOD + b"!"})
    assert by_member(fetch(archive)) == {"a.txt": "ok", "bomb.txt": "zip_bomb", "b.txt": "ok"}


def test_total_is_limited_over_all_members() -> None:
    archive = zipped({f"{i}.txt": random.Random(i).randbytes(500).hex().encode() for i in range(9)})
    outcomes = fetch(archive, max_total_bytes=4_000)
    *good, last = outcomes
    assert isinstance(last, Reject)
    assert last.data is None
    assert last.reason in ("zip_bomb", "too_large")
    assert "max_total_bytes=4000" in last.detail
    assert 0 < len(good) < 4
    assert all(isinstance(outcome, Emit) for outcome in good)


@pytest.mark.parametrize(
    "data",
    [
        zipped({f"{i}.txt": GOOD for i in range(30)}),
        b"".join(gzip.compress(GOOD) for _ in range(30)),
        b"".join(b'{"text": "%d"}\n' % i for i in range(30)),
        b"[" + b",".join(b"{}" for i in range(30)) + b"]",
    ],
)
def test_number_of_members_is_limited(data: bytes) -> None:
    outcomes = fetch(data, max_members=20)
    last = outcomes[-1]
    assert isinstance(last, Reject)
    assert (last.reason, last.data) == ("too_many_members", None)
    assert "max_members=20" in last.detail
    assert len(outcomes) <= 21


def test_overlapping_members() -> None:
    archive = bytearray(zipped({"a.txt": GOOD * 9, "b.txt": GOOD * 8}, zipfile.ZIP_STORED))
    second = archive.rfind(b"PK\x01\x02")
    struct.pack_into("<L", archive, second + 42, 4)  # its data begins inside of the first member
    rejection = refused(bytes(archive))
    assert rejection.reason == "zip_bomb"
    assert "overlap" in rejection.detail


def test_depth_is_limited() -> None:
    data = GOOD
    for level in range(4):
        data = zipped({f"{level}.zip" if level else "a.txt": data})
    assert by_member(fetch(data, max_depth=4)) == {"3.zip/2.zip/1.zip/a.txt": "ok"}
    outcomes = fetch(data, max_depth=3)
    assert by_member(outcomes) == {"3.zip/2.zip/1.zip": "nested_too_deep"}
    rejection = outcomes[0]
    assert isinstance(rejection, Reject)
    assert "max_depth=3" in rejection.detail
    assert rejection.data is None  # the whole message is kept


def test_truncated_gzip_gives_no_half_text() -> None:
    data = gzip.compress(NOISE.hex().encode())
    rejection = refused(data[: len(data) // 2], "half.txt.gz")
    assert rejection.reason == "truncated_gzip"
    assert refused(data[:-4]).reason == "truncated_gzip"  # only the length is missing


def test_corrupt_gzip() -> None:
    data = bytearray(gzip.compress(NOISE.hex().encode()))
    data[-6] ^= 0xFF  # the checksum
    assert refused(bytes(data)).reason == "corrupt_gzip"


def test_what_stands_behind_a_gzip_is_refused_by_itself() -> None:
    good, bad = fetch(gzip.compress(GOOD) + b"trailer", "a.txt.gz")
    assert isinstance(good, Emit)
    assert isinstance(bad, Reject)
    assert (bad.reason, bad.data) == ("trailing_data", b"trailer")


def test_encrypted_and_foreign_members() -> None:
    archive = bytearray(zipped({"a.txt": GOOD, "b.txt": GOOD * 2, "c.txt": GOOD * 3}))
    at = archive.find(b"PK\x01\x02")
    archive[at + 8] |= 1
    second = archive.find(b"PK\x01\x02", at + 4)
    struct.pack_into("<H", archive, second + 10, 98)
    outcomes = fetch(bytes(archive))
    assert by_member(outcomes) == {
        "a.txt": "encrypted",
        "b.txt": "unsupported_compression",
        "c.txt": "ok",
    }
    assert all(outcome.data for outcome in outcomes if isinstance(outcome, Reject))


def test_member_with_a_wrong_checksum() -> None:
    archive = bytearray(zipped({"a.txt": GOOD, "b.txt": GOOD * 2}, zipfile.ZIP_STORED))
    archive[archive.find(GOOD)] ^= 1
    assert by_member(fetch(bytes(archive))) == {"a.txt": "corrupt_zip_member", "b.txt": "ok"}


def test_broken_and_empty_archives() -> None:
    archive = zipped({"a.txt": GOOD})
    assert refused(archive[:-10]).reason == "corrupt_zip"
    assert refused(zipped({})).reason == "empty"
    assert refused(archive[:20]).reason == "corrupt_zip"


def test_empty_and_binary_members_beside_good_ones() -> None:
    outcomes = fetch(
        zipped({"0.txt": b"", "n.bin": NOISE, "p.png": b"\x89PNG\r\n\x1a\n", "a": GOOD})
    )
    assert by_member(outcomes) == {
        "0.txt": "empty",
        "n.bin": "not_text",
        "p.png": "unsupported_format",
        "a": "ok",
    }
    noise = outcomes[1]
    assert isinstance(noise, Reject)
    assert noise.data == NOISE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"text": "Rain', "invalid_json"),
        (b'[{"text": "Rain"},]', "invalid_json"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "invalid_json"),
        (b'[{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "invalid_json"),
        (b'{"title": "Rain"}', "no_text_field"),
        (b'{"text": "  "}', "no_text_field"),
        (b'{"text": 7}', "no_text_field"),
        (b"{}", "no_text_field"),
        (b"[]", "no_records"),
        (b"[1, 2]", "no_records"),
    ],
)
def test_bad_json(data: bytes, reason: str) -> None:
    assert refused(data, "a.json").reason == reason


def test_names_nested_in_names_end_somewhere() -> None:
    name = b'{"name":' * 900 + b'"x"' + b"}" * 900
    (outcome,) = fetch(b'{"text": "Rain.", "author": ' + name + b"}")
    assert isinstance(outcome, Emit)


def test_headers_are_limited() -> None:
    fetcher = Fetch(load_settings(FetcherSettings))
    message = Message(GOOD, headers=(("x", b"y" * 300_000),))
    (outcome,) = fetcher(message)
    assert isinstance(outcome, Reject)
    assert outcome.reason == "headers_too_large"


def test_long_member_names_are_cut_and_stay_apart() -> None:
    outcomes = fetch(zipped({"n" * 5_000 + "1": GOOD, "n" * 5_000 + "2": GOOD}))
    members = list(by_member(outcomes))
    assert len(members) == 2
    assert all(len(member) <= 512 for member in members)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon"])
def test_times_that_cannot_be_written_are_left_out(text: str) -> None:
    fetcher = Fetch(load_settings(FetcherSettings))
    (outcome,) = fetcher(Message(GOOD, headers=(("ce_time", text.encode()),), timestamp_ms=1_000))
    assert isinstance(outcome, Emit)
    received = Envelope.parse(outcome.headers).received_at
    assert received is not None
    assert format_time(received) == "1970-01-01T00:00:01.000Z"


def test_zlib_stream_is_no_text() -> None:
    assert refused(zlib.compress(NOISE)).reason == "not_text"


def test_lines_before_a_truncation_are_given() -> None:
    lines = b"".join(b'{"text": "Rain fell on day %d."}\n' % n for n in range(20_000))
    cut = gzip.compress(lines)[:-30]
    outcomes = fetch(cut, "days.jsonl.gz")
    emitted = [outcome for outcome in outcomes if isinstance(outcome, Emit)]
    rejections = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    assert len(emitted) > 15_000
    assert [rejection.reason for rejection in rejections] == ["truncated_gzip"]
    assert Envelope.parse(emitted[0].headers).member == "days.jsonl/line 1"


def test_streams_without_an_end_are_not_sought_by_each_other() -> None:
    """PDFium would take minutes: the square of their number."""
    reject = refused(b"%PDF-1.4\n" + b"1 0 obj\n<</Length 10>>stream\n" * 20_000)
    assert (reject.reason, "no end" in reject.detail) == ("corrupt_pdf", True)


@pytest.mark.parametrize("blank", ["\n", "\r\n", ",\n", " \t\n"])
def test_blank_lines_of_tables_are_no_rows(blank: str) -> None:
    rows = "title,text\nRain,Rain fell.\n" + blank * 3_000 + 'Snow,"Snow\nfell."\n' + blank * 10
    outcomes = fetch((blank * 3 + rows).encode(), "a.csv")
    places = [Envelope.parse(one.headers).member for one in outcomes if isinstance(one, Emit)]
    assert places == ["line 5", "line 3006"]
    assert len(outcomes) == 2


def test_blank_lines_between_records_are_counted() -> None:
    data = b'{"text": "Rain fell."}\n' + b"\n" * 3_000 + b"\r\n" + b'{"text": "Snow fell."}\n'
    outcomes = fetch(data, "a.jsonl")
    places = [Envelope.parse(one.headers).member for one in outcomes if isinstance(one, Emit)]
    assert places == ["line 1", "line 3003"]
