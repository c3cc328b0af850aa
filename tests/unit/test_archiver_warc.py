"""What the archiver writes: other programs read it, and it gives back the very messages."""

from __future__ import annotations

import gzip
import io
import os
import random

import pytest
from warcio.archiveiterator import ArchiveIterator

from services.archiver.warc_reader import Damage, Record, message_of, read, whole_length
from services.archiver.warc_writer import MAX_HEADERS, encode, file_info
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.errors import PermanentError
from shared.events import Message
from shared.fetching import Download
from shared.runtime.rejected import rejection_key
from shared.runtime.stage import Emit, Reject

TIME = 1_700_000_000_000
RECEIVED = ("ce_receivedat", b"2023-11-14T22:13:20.000Z")


def download(**facts: object) -> bytes:
    values: dict[str, object] = {
        "requested_url": "https://news.example/story",
        "status": 200,
        "headers": [("Content-Type", "text/html")],
        "address": "192.0.2.7",
        "fetched_at": "2026-01-02T03:04:05.678Z",
    }
    return Download.model_validate(values | facts).encode()


def message(value: bytes | None, *headers: tuple[str, bytes], key: bytes | None = b"k") -> Message:
    return Message(value, key, headers, "news.ingest", 3, 14, TIME)


def written(*messages: Message) -> bytes:
    return file_info("test.warc.gz") + b"".join(map(encode, messages))


def messages(data: bytes) -> list[Message]:
    found = []
    for record in read(io.BytesIO(data)):
        assert isinstance(record, Record), record
        back = message_of(record)
        if back is not None:
            found.append(back)
    return found


PAGE = b"<html><body>\r\n\r\nA page, with a blank line.</body></html>"
FETCHED = message(
    PAGE,
    ("ce_url", b"https://news.example/story"),
    ("content-type", b"text/html"),
    ("ce_download", download()),
    RECEIVED,
)
DROPPED = message(b"\xff\x00 any bytes \r\n\r\n", ("ce_filename", "/in/ä b.txt".encode()), RECEIVED)


@pytest.mark.parametrize(
    "original",
    [
        FETCHED,
        DROPPED,
        message(b"", RECEIVED),
        message(None, RECEIVED, key=None),
        message(b"x", RECEIVED, ("odd", b"\xfe\xff"), ("odd", b"twice"), ("sp ace", b"  a  b  ")),
        message(
            b"x", RECEIVED, ("long", b" " * 20_000 + b"end"), ("nl", b"a\r\nb\x00"), key=b"\xff"
        ),
        message(b"x", RECEIVED, ("ce_download", b"no JSON")),
        message(b"x", RECEIVED, ("ce_download", download(status=-1))),
        message(b"x", RECEIVED, ("ce_url", b"gopher://a"), ("ce_download", download())),
    ],
)
def test_a_message_comes_back_as_it_was(original: Message) -> None:
    (back,) = messages(written(original))
    assert (back.value, back.key) == (original.value, original.key)
    assert back.headers == original.headers


def test_what_no_header_tells_of_its_arrival_is_told_by_one() -> None:
    (back,) = messages(written(message(b"x", ("ce_filename", b"a.txt"))))
    assert back.headers == (("ce_filename", b"a.txt"), RECEIVED)


def test_every_id_is_the_same_after_a_replay() -> None:
    fetch = Fetch(FetcherSettings())
    lines = b'{"text": "one line", "url": "https://a.example/1"}\n{"broken\n' * 3
    for original in (
        FETCHED,
        message(lines, ("ce_filename", b"a.jsonl"), RECEIVED),
        message(gzip.compress(PAGE), ("ce_filename", b"page.html.gz"), RECEIVED),
        message(
            b"A part of an archive.", ("ce_parent", b"P" * 26), ("ce_member", b"a/b.txt"), RECEIVED
        ),
    ):
        (back,) = messages(written(original))
        assert fetch(back) == fetch(original)
        assert any(isinstance(outcome, Emit) for outcome in fetch(back))


def records(data: bytes) -> list[tuple[str, dict[str, str], dict[str, str], bytes]]:
    """Type, fields, HTTP headers and payload as warcio reads them, digests verified."""
    found = []
    for record in ArchiveIterator(io.BytesIO(data), check_digests="raise"):
        payload = record.content_stream().read()
        assert record.digest_checker.passed
        http = dict(record.http_headers.headers) if record.http_headers else {}
        found.append((record.rec_type, dict(record.rec_headers.headers), http, payload))
    return found


def test_warcio_reads_a_response_with_its_digests() -> None:
    info, (kind, fields, http, payload) = records(written(FETCHED))
    assert info[0] == "warcinfo"
    assert b"wireroom/" in info[3]
    assert (kind, payload) == ("response", PAGE)
    assert fields["WARC-Target-URI"] == "https://news.example/story"
    assert fields["WARC-Date"] == "2026-01-02T03:04:05.678Z"
    assert fields["WARC-IP-Address"] == "192.0.2.7"
    assert http == {"Content-Type": "text/html", "Content-Length": str(len(PAGE))}


def test_headers_that_do_not_hold_of_the_stored_body_are_kept_under_other_names() -> None:
    sent = [
        ("content-encoding", "br"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "7"),
        ("Set-Cookie", "a=1\r\nInjected: yes"),
        ("Bad Name\r\n", "x"),
        ("X-Title", "Größe"),
    ]
    original = message(PAGE, ("ce_download", download(headers=sent)), RECEIVED)
    _, (_, _, http, payload) = records(written(original))
    assert payload == PAGE
    assert http.keys() == {
        "X-Archive-Orig-content-encoding",
        "X-Archive-Orig-Transfer-Encoding",
        "X-Archive-Orig-Content-Length",
        "Set-Cookie",
        "X-Title",
        "Content-Length",
    }
    assert http["Content-Length"] == str(len(PAGE))
    assert messages(written(original))[0].headers == original.headers


def test_redirects_are_recorded_beside_the_answer() -> None:
    steps = ["https://news.example/2", "https://news.example/3"]
    facts = download(requested_url="http://news.example/1", redirects=steps)
    original = message(
        PAGE, ("ce_url", b"https://news.example/4"), ("ce_download", facts), RECEIVED
    )
    _, response, metadata = records(written(original))
    assert metadata[0] == "metadata"
    assert metadata[1]["WARC-Concurrent-To"] == response[1]["WARC-Record-ID"]
    assert metadata[3].decode().splitlines() == [
        "via: https://news.example/3",
        "hopsFromSeed: RRR",
        "redirectedFrom: http://news.example/1",
        "redirectedFrom: https://news.example/2",
        "redirectedFrom: https://news.example/3",
    ]


@pytest.mark.parametrize(
    ("headers", "uri"),
    [
        ([("ce_filename", "/in/ä b#?.txt".encode())], "file:///in/%C3%A4%20b%23%3F.txt"),
        ([("ce_filename", b"dropped.txt")], "urn:x-wireroom:file/dropped.txt"),
        (
            [("ce_filename", b"a.zip"), ("ce_member", b"x y/1.html")],
            "urn:x-wireroom:file/a.zip#x%20y/1.html",
        ),
        ([("ce_url", "https://a.example/ö b".encode())], "https://a.example/%C3%B6%20b"),
        ([], "urn:x-wireroom:document/"),
    ],
)
def test_what_was_dropped_has_a_uri(headers: list[tuple[str, bytes]], uri: str) -> None:
    _, (kind, fields, _, payload) = records(written(message(b"text", *headers, RECEIVED)))
    assert (kind, payload) == ("resource", b"text")
    assert fields["WARC-Target-URI"].startswith(uri)
    assert fields["WARC-Date"] == "2023-11-14T22:13:20.000Z"


def test_lines_of_a_record_are_bounded() -> None:
    data = encode(message(b"x", ("long", b"\x01" * (MAX_HEADERS - 100))))
    assert max(map(len, gzip.decompress(data).split(b"\r\n"))) < 5_000
    with pytest.raises(PermanentError, match=f"at most {MAX_HEADERS}"):
        encode(message(b"x", ("long", b"\x01" * MAX_HEADERS)))


MANY = [message(b"%d " % n * 50, ("ce_filename", b"%d.txt" % n), RECEIVED) for n in range(20)]


def test_a_truncated_file_gives_what_is_whole() -> None:
    data = written(*MANY)
    ends = [item.end for item in read(io.BytesIO(data))]
    for cut in [*random.Random(1).sample(range(1, len(data)), 40), len(data) - 1]:
        items = list(read(io.BytesIO(data[:cut])))
        whole = [item for item in items if isinstance(item, Record)]
        assert len(whole) == sum(end <= cut for end in ends)
        damages = [item for item in items if isinstance(item, Damage)]
        assert len(damages) == (cut not in ends)
        assert whole_length(io.BytesIO(data[:cut])) == (whole[-1].end if whole else 0, len(whole))


def test_damage_is_told_once_and_the_rest_is_read() -> None:
    data = bytearray(written(*MANY))
    ends = [item.end for item in read(io.BytesIO(data))]
    data[ends[5] + 30 : ends[7] - 20] = os.urandom(ends[7] - ends[5] - 50)
    items = list(read(io.BytesIO(bytes(data))))
    (damage,) = [item for item in items if isinstance(item, Damage)]
    assert (damage.start, damage.end, damage.reason) == (ends[5], ends[7], "damaged")
    assert len(items) - 1 == 1 + len(MANY) - 2


def test_what_stands_between_records_is_passed_over() -> None:
    strange = gzip.compress(b"no record at all " * 1_000) + b"and no gzip\x1f\x8b\x08"
    data = encode(MANY[0]) + strange + encode(MANY[1])
    first, damage, second = read(io.BytesIO(data))
    assert isinstance(damage, Damage)
    assert (damage.start, damage.end) == (first.end, second.start)
    assert messages(encode(MANY[0]) + encode(MANY[1])) == [
        message_of(record) for record in (first, second) if isinstance(record, Record)
    ]


def test_uncompressed_archives_are_read_past_damage_as_well() -> None:
    data = gzip.decompress(written(*MANY))
    assert messages(data) == messages(written(*MANY))
    broken = data.replace(b"Content-Length: ", b"Content-Length: x", 4)
    items = list(read(io.BytesIO(broken)))
    assert [item.reason for item in items if isinstance(item, Damage)] == ["bad_record"]
    assert len([item for item in items if isinstance(item, Record)]) == 1 + len(MANY) - 4
    cut = list(read(io.BytesIO(data[:-3])))
    assert isinstance(cut[-1], Damage)
    assert len(cut) == 1 + len(MANY)


def test_a_changed_payload_is_no_message() -> None:
    plain = gzip.decompress(encode(DROPPED)).replace(b"any bytes", b"any bites")
    (record,) = read(io.BytesIO(plain))
    assert isinstance(record, Record)
    with pytest.raises(PermanentError, match="digest_mismatch"):
        message_of(record)


@pytest.mark.parametrize(
    "field", [b"{", b"[]", b'{"key":1}', b'{"key":null,"time":1,"headers":[[]]}']
)
def test_a_field_that_cannot_be_read_is_told(field: bytes) -> None:
    record = Record(0, 1, {"warc-wireroom-message": field.decode()}, b"")
    with pytest.raises(PermanentError, match="bad_record"):
        message_of(record)


@pytest.mark.parametrize(
    "data", [b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", b"PK\x03\x04", b"WARC/1.0"]
)
def test_what_is_no_archive_gives_no_record(data: bytes) -> None:
    assert not [item for item in read(io.BytesIO(data)) if isinstance(item, Record)]


def test_a_refusal_keeps_its_key() -> None:
    original = message(b"\xff\xfe", ("ce_id", b"I" * 26), ("ce_filename", b"a.bin"), RECEIVED)
    (back,) = messages(written(original))
    (refused,) = Fetch(FetcherSettings())(original)
    assert isinstance(refused, Reject)
    assert rejection_key("fetcher", back, refused) == rejection_key("fetcher", original, refused)
