"""WARC and ARC: answers and resources with their addresses, revisits, and what is broken."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import brotli
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from services.fetcher.formats.base import MAGIC, NO, Child, Found, Refused
from services.fetcher.formats.compressed import Gzip
from services.fetcher.formats.warc import Warc
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.source import Source, stream_of
from tests.unit.unwrapping import children, limits, reasons, recognised, suite, unwrap

URL = "https://example.com/news/a%20b.html"
DATE = "2024-05-06T07:08:09Z"
PAGE = b"<html><body><p>A page of news.</p></body></html>"


def record(kind: str, block: bytes, *headers: str, uri: str = URL, length: int | None = None,
           version: str = "1.0", content_type: str = "") -> bytes:  # fmt: skip
    if not content_type:
        content_type = "text/html" if kind == "resource" else "application/http"
    lines = [
        f"WARC/{version}", f"WARC-Type: {kind}", f"WARC-Target-URI: {uri}", f"WARC-Date: {DATE}",
        f"Content-Type: {content_type}", *headers,
        f"Content-Length: {len(block) if length is None else length}", "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + block + b"\r\n\r\n"


def http(body: bytes, *headers: str, status: str = "200 OK", kind: str = "text/html") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def response(body: bytes, *headers: str, **more: str) -> bytes:
    return record("response", http(body, *headers, **more))


def chunked(body: bytes, size: int = 10) -> bytes:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def arc(*blocks: tuple[str, bytes]) -> bytes:
    version = b"1 0 Someone\nURL IP-address Archive-date Content-type Archive-length\n\n"
    out = b"filedesc://a.arc 0.0.0.0 20140216050221 text/plain %d\n%s" % (len(version), version)
    for uri, block in blocks:
        out += f"{uri} 1.2.3.4 20140216050221 text/html {len(block)}\n".encode() + block + b"\n"
    return out


def opened(data: bytes) -> list[Found]:
    return list(unwrap(Warc(), data))


def bodies(data: bytes) -> list[bytes | object]:
    return [child.data for child in children(opened(data))]


@pytest.mark.parametrize("version", ["0.17", "0.18", "1.0", "1.1"])
def test_a_response_is_a_child_with_its_address_and_time(version: str) -> None:
    data = record("response", http(PAGE, kind="text/html; charset=utf-8"), version=version)
    assert recognised(Warc(), data) == MAGIC
    [child] = opened(data)
    assert child == Child(
        PAGE, "record 1", "a b.html", "text/html; charset=utf-8", URL,
        datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
    )  # fmt: skip


def test_what_is_no_archive() -> None:
    assert recognised(Warc(), b"WARC/1.0 is a format for archives.\n") == NO
    assert recognised(Warc(), b"filedesc:// is how ARC begins\n") == NO


@pytest.mark.parametrize("ended", [b"\n", b"\r\n"])
def test_arc(ended: bytes) -> None:
    data = arc(("http://example.com/x y.html", http(PAGE)), ("dns:example.com", b"1.2.3.4"))
    assert recognised(Warc(), data) == MAGIC
    found = opened(data.replace(b"\n", ended) if ended != b"\n" else data)
    assert reasons(found)[0] == "arc_header"
    if ended == b"\n":
        [child] = children(found)
        assert (child.data, child.url) == (PAGE, "http://example.com/x y.html")
        assert child.seen_at == datetime(2014, 2, 16, 5, 2, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("zstd", zstd.compress),
        ("identity", bytes),
        ("gzip", bytes),  # stored as it was decoded, with the header kept
        ("zstd, gzip", lambda data: gzip.compress(zstd.compress(data))),
        ("br", bytes),
        ("br", brotli.compress),
    ],
)
def test_codings_are_undone(coding: str, encode: type[bytes]) -> None:
    body = encode(PAGE)
    assert bodies(response(body, f"Content-Encoding: {coding}")) == [PAGE]
    both = response(chunked(body), f"Content-Encoding: {coding}", "Transfer-Encoding: chunked")
    assert bodies(both) == [PAGE]


def test_a_body_said_to_be_chunked_that_is_not() -> None:
    assert bodies(response(PAGE, "Transfer-Encoding: chunked")) == [PAGE]


@pytest.mark.parametrize(
    ("body", "header", "reason"),
    [
        (chunked(PAGE)[:-5], "Transfer-Encoding: chunked", "truncated_body"),
        (chunked(PAGE)[:-20], "Transfer-Encoding: chunked", "truncated_body"),
        (b"5\r\nabcdefgh\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "bad_chunking"),
        (b"2\r\nab\r\nzz\r\n", "Transfer-Encoding: chunked", "bad_chunking"),
        (gzip.compress(PAGE)[:-9], "Content-Encoding: gzip", "truncated_gzip"),
        (gzip.compress(PAGE)[:10] + b"\x07" * 9, "Content-Encoding: gzip", "corrupt_gzip"),
        (gzip.compress(bytes(3_000_000)), "Content-Encoding: gzip", "zip_bomb"),
        (b"\x8b\x05\x80News", "Content-Encoding: br", "truncated_brotli"),
        (b"\xff" * 40, "Content-Encoding: br", "corrupt_brotli"),
        (brotli.compress(b"x" * 50_000_000), "Content-Encoding: br", "zip_bomb"),
        (PAGE, "Content-Encoding: gzip, gzip, gzip, gzip", "unsupported_encoding"),
        (PAGE, "Content-Length: 4000", "truncated_body"),
    ],
)
def test_a_broken_body_is_refused_with_its_bytes_and_the_next_goes_on(
    body: bytes, header: str, reason: str
) -> None:
    refused, child = opened(response(body, header) + response(PAGE))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.step, refused.data) == (reason, "record 1", body)
    assert isinstance(child, Child)
    assert (child.data, child.step) == (PAGE, "record 2")


def test_what_is_no_news_is_skipped_with_the_reason() -> None:
    data = (
        record("warcinfo", b"software: x\r\n")
        + record("request", b"GET / HTTP/1.1\r\n\r\n")
        + record("metadata", b"a: b\r\n")
        + record("response", b"20240506 1.2.3.4", uri="dns:example.com")
        + response(PAGE, status="404 Not Found")
        + response(b"", "Location: /b", status="301 Moved")
        + response(b"\xff\xd8\xff", kind="image/jpeg")
        + response(b"p {}", kind="text/css")
        + response(b"")
        + record("resource", b"\x89PNG", content_type="image/png")
        + record("novelty", b"x")
    )
    assert reasons(opened(data)) == [
        "warcinfo", "request", "metadata", "not_news", "http_404", "http_301", "not_news",
        "not_news", "empty_body", "not_news", "unknown_record",
    ]  # fmt: skip


def test_resources_and_conversions() -> None:
    data = record("resource", PAGE) + record("conversion", b"Text.", content_type="text/plain")
    assert [(c.data, c.content_type) for c in children(opened(data))] == [
        (PAGE, "text/html"), (b"Text.", "text/plain")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        f"WARC-Refers-To-Target-URI: {URL}\r\nWARC-Refers-To-Date: {DATE}",
        "WARC-Refers-To: <urn:uuid:1>",
        "WARC-Payload-Digest: sha1:ABC",
    ],
)
def test_a_revisit_of_what_is_there_is_skipped(header: str) -> None:
    original = record(
        "response", http(PAGE), "WARC-Record-ID: <urn:uuid:1>", "WARC-Payload-Digest: sha1:ABC"
    )
    revisit = record("revisit", http(b""), header, uri="https://example.com/other")
    found = opened(original + revisit)
    assert [child.data for child in children(found)] == [PAGE]
    assert reasons(found) == ["revisit"]
    [refused] = opened(revisit)
    assert isinstance(refused, Refused)
    assert refused.reason == "revisit_of_absent"
    assert header.rpartition(": ")[2] in refused.detail


def test_a_revisit_of_a_picture_is_no_loss() -> None:
    assert reasons(opened(record("revisit", http(b"", kind="image/png")))) == ["not_news"]


def test_records_cut_when_stored_or_in_pieces_are_refused() -> None:
    data = record("response", http(PAGE), "WARC-Truncated: length") + record(
        "response", http(PAGE), "WARC-Segment-Number: 1"
    )
    assert reasons(opened(data)) == ["truncated_body", "segmented_record"]


def test_an_archive_that_breaks_off_gives_what_came_before() -> None:
    data = response(PAGE) + response(PAGE * 100)
    found = opened(data[:-100])
    assert len(children(found)) == 1
    assert reasons(found) == ["truncated_body", "truncated_warc"]
    assert reasons(opened(response(PAGE) + b"WARC/1.0\r\nWARC-Type: resp")) == ["corrupt_warc"]


@pytest.mark.parametrize("length", ["-5", "1e3", "9" * 30, "", "12 34"])
def test_a_record_without_a_length_is_refused_and_the_next_found(length: str) -> None:
    bad = response(PAGE).replace(b"\r\nContent-Length: ", f"\r\nContent-Length: {length}#".encode())
    found = opened(bad + response(PAGE))
    assert [child.data for child in children(found)] == [PAGE]
    assert reasons(found) == ["corrupt_warc"]


def test_a_length_too_small_gives_a_refusal_and_the_next_record() -> None:
    short = record("response", http(PAGE, f"Content-Length: {len(PAGE)}"), length=60)
    found = opened(short + response(PAGE))
    assert [child.data for child in children(found)] == [PAGE]
    assert reasons(found) == ["truncated_body", "corrupt_warc"]


def test_a_length_too_large_does_not_swallow_the_next_record() -> None:
    block = http(PAGE, f"Content-Length: {len(PAGE)}")
    next_one = response(PAGE + b"2")
    large = record("response", block, length=len(block) + 4 + len(next_one) // 2)
    assert bodies(large + next_one) == [PAGE, PAGE + b"2"]


def test_rubbish_between_records_is_told_once() -> None:
    found = opened(b"WARC/9.9\r\nX: 1\r\n\r\n" + b"rubbish\r\n" * 50 + response(PAGE))
    assert len(children(found)) == 1
    assert reasons(found) == ["corrupt_warc"]


@pytest.mark.parametrize(
    "headers", [b"X: " + b"y" * 300_000, b"X: y\r\n" * 60_000, b"X\r\n y\r\n" + b" z\r\n" * 90_000]
)
def test_header_bombs(headers: bytes) -> None:
    in_record = b"WARC/1.0\r\nWARC-Type: response\r\n" + headers + b"\r\n\r\n"
    in_http = record("response", b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n")
    found = opened(in_record + in_http + response(PAGE))
    assert [child.data for child in children(found)] == [PAGE]
    assert reasons(found) == ["headers_too_large", "headers_too_large"]


def test_a_record_too_large_is_refused_and_the_next_goes_on() -> None:
    data = response(b"x" * 9_000) + response(PAGE)
    found = list(unwrap(Warc(), data, settings=limits(max_container_bytes=5_000)))
    assert reasons(found) == ["too_large"]
    assert [child.data for child in children(found)] == [PAGE]


def test_odd_addresses_are_no_error() -> None:
    data = b"".join(
        record("response", http(PAGE), uri=uri)
        for uri in ("http://[::1/x", "<http://example.com/a>", "urn:x", "http://e.com/\xff", "")
    )
    assert [child.url for child in children(opened(data))] == [
        "http://[::1/x", "http://example.com/a", "", "http://e.com/\xff", ""
    ]  # fmt: skip


def test_gzip_of_each_record_is_one_stream() -> None:
    data = gzip.compress(response(PAGE)) + gzip.compress(response(PAGE + b"2"))
    [child] = children(list(unwrap(Gzip(), data, "crawl.warc.gz")))
    assert child.name == "crawl.warc"
    assert isinstance(child.data, bytes)
    assert recognised(Warc(), child.data) == MAGIC
    assert bodies(child.data) == [PAGE, PAGE + b"2"]


class TestCompressedByRecord:
    pages = tuple(response(PAGE + b"%d" % number) for number in range(4))

    def _members(self) -> list[bytes]:
        return [gzip.compress(page, mtime=0) for page in self.pages]

    def _given(self, data: bytes) -> tuple[list[int], list[str]]:
        assert recognised(Warc(), data) == MAGIC
        found = opened(data)
        numbers = [int(bytes(child.data)[len(PAGE) :]) for child in children(found)]  # type: ignore[arg-type]
        return numbers, reasons(found)

    def test_whole(self) -> None:
        assert self._given(b"".join(self._members())) == ([0, 1, 2, 3], [])
        assert self._given(b"".join(self._members()) + bytes(600)) == ([0, 1, 2, 3], [])
        assert self._given(gzip.compress(b"".join(self.pages))) == ([0, 1, 2, 3], [])

    def test_other_gzip_is_not_its_own(self) -> None:
        assert recognised(Warc(), gzip.compress(PAGE)) == NO
        assert recognised(Warc(), b"\x1f\x8b\x08" + bytes(100)) == NO

    @pytest.mark.parametrize("at", [12, 60, 150, -12])
    def test_a_broken_member_costs_its_own_record(self, at: int) -> None:
        members = self._members()
        broken = bytearray(members[1])
        broken[at : at + 8] = b"\xff\x07" * 4
        members[1] = bytes(broken)
        numbers, refused = self._given(b"".join(members))
        assert [number for number in numbers if number != 1] == [0, 2, 3]
        assert refused[0].startswith(("corrupt_", "truncated_"))

    def test_a_wrong_checksum_is_told(self) -> None:
        members = self._members()
        members[1] = members[1][:-8] + bytes(8)
        assert self._given(b"".join(members)) == ([0, 2, 3], ["corrupt_gzip"])

    def test_a_member_cut_short(self) -> None:
        members = self._members()
        members[1] = members[1][:100]
        numbers, refused = self._given(b"".join(members))
        assert [number for number in numbers if number != 1] == [0, 2, 3]
        assert refused

    def test_rubbish_between_and_behind(self) -> None:
        zero, one, two, three = self._members()
        rubbish = b"rubbish" + b"\x1f\x8b\x08" * 9
        assert self._given(zero + one + rubbish + two + three) == ([0, 1, 2, 3], ["corrupt_gzip"])
        assert self._given(zero + rubbish) == ([0], ["corrupt_gzip"])

    def test_the_end_cut_off(self) -> None:
        numbers, refused = self._given(b"".join(self._members())[:-40])
        assert numbers == [0, 1, 2]
        assert refused == ["truncated_gzip"]

    def test_beginnings_of_members_without_end(self) -> None:
        data = self._members()[0] + b"x" + b"\x1f\x8b\x08" * 200_000
        assert self._given(data) == ([0], ["corrupt_gzip"])

    def test_empty_members_without_end(self) -> None:
        data = self._members()[0] + gzip.compress(b"") * 30_000
        with pytest.raises(Exhausted, match="max_members"):
            opened(data)

    def test_a_bomb(self) -> None:
        data = self._members()[0] + gzip.compress(response(bytes(5_000_000)))
        assert self._given(data) == ([0], ["zip_bomb"])


EXPECTED = {
    "example.arc": (1, []),
    "example.warc": (1, []),
    "example-bad-non-chunked.warc.gz": (1, []),
    "example-resource.warc.gz": (1, []),
    "example-wget-bad-target-uri.warc.gz": (1, []),
    "example-space-in-url.arc": (1, ["truncated_warc"]),
    "example-digest.warc": (0, []),
    "example-trunc.warc": (0, ["truncated_gzip", "corrupt_warc"]),
    "example-wrong-chunks.warc.gz": (0, ["truncated_body"]),
    "post-test.warc.gz": (3, []),
    "bad.arc": (0, ["corrupt_warc"] * 3),
}


def test_every_sample_of_the_peers_gives_its_pages_or_says_why_not() -> None:
    results = {}
    for name, data in suite("warc", "test/data/").items():
        assert recognised(Warc(), data) == MAGIC, name
        found = opened(data)
        refused = [item.reason for item in found if isinstance(item, Refused)]
        results[name] = (len(children(found)), refused)
    assert results == EXPECTED


def test_memory_is_flat_however_many_records_there_are() -> None:
    page = response(b"<p>" + b"A page of a large archive. " * 10_000)

    def pieces() -> Iterator[bytes]:
        for _ in range(120):
            yield page

    source = Source(stream_of(pieces()), limit=10_000_000)
    tracemalloc.start()
    count = sum(isinstance(found, Child) for found in Warc().unwrap(source, Budget(limits())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 120
    assert peak < 5_000_000


DAMAGED = (
    response(PAGE) + response(chunked(PAGE), "Transfer-Encoding: chunked")
    + response(gzip.compress(PAGE), "Content-Encoding: gzip") + record("revisit", http(b""))
    + record("resource", PAGE)
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_but_refusals_leaves_what_is_damaged(data: st.DataObject) -> None:
    samples = (DAMAGED, arc((URL, http(PAGE))), gzip.compress(DAMAGED, mtime=0) * 2)
    damaged = bytearray(data.draw(st.sampled_from(samples)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    del damaged[data.draw(st.integers(1, len(damaged))) :]
    source = Source(io.BytesIO(bytes(damaged)), limit=1_000_000)
    with suppress(PartRefused, Exhausted):
        for found in Warc().unwrap(source, Budget(limits(max_members=50))):
            assert not isinstance(found, Child) or isinstance(found.data, bytes)
