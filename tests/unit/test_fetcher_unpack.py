"""Streams within streams: what a sender unpacks is what the fetcher would have unpacked."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import BinaryIO

import pytest

from services.fetcher.formats.base import Document
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.source import Source, stream_of
from services.fetcher.stage import Fetch
from services.fetcher.unpack import Part, Unpacker
from shared.events import Envelope, Message
from shared.runtime.stage import Emit, Reject
from shared.settings import load_settings
from shared.text import document_id

SETTINGS = load_settings(FetcherSettings)
PAGE = b"<html><body><p>Rain fell on Lisbon.</p></body></html>"
LINES = b'{"text": "One.", "url": "https://a.example/1"}\n{"text": "Two."}\n'


class OneWay(io.RawIOBase):
    """A stream in which one cannot jump, as a pipe is."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        return self._data.readinto(buffer)


def one_way(data: bytes) -> BinaryIO:
    return io.BufferedReader(OneWay(data))


def bundle() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("c.txt", "Snow fell on Oslo.")
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.html", PAGE)
        archive.writestr("deep/in.zip", inner.getvalue())
        archive.writestr("lines.jsonl.gz", gzip.compress(LINES * 300))
        archive.writestr("empty.txt", b"")
    return outer.getvalue()


def documents(data: bytes, headers: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
    """Id to place of every document that a message gives."""
    outcomes = Fetch(SETTINGS)(Message(data, headers=headers))
    emitted = [outcome for outcome in outcomes if isinstance(outcome, Emit)]
    return {emit.key.decode(): Envelope.parse(emit.headers).member for emit in emitted}


@pytest.mark.parametrize("opened", [io.BytesIO, one_way])
def test_leaves_have_the_ids_of_the_whole(opened: type[io.BytesIO]) -> None:
    data = bundle()
    whole = documents(data, Envelope(filename="b.zip").headers())
    unpacker = Unpacker(SETTINGS)
    parts: dict[str, str] = {}
    refused: list[str] = []
    root = Part(unpacker.source(opened(data), "b.zip"))
    for leaf in unpacker.leaves(root, Budget(SETTINGS)):
        if isinstance(leaf, Part):
            value, kind = leaf.source.data, leaf.source.sample.content_type
        else:
            assert isinstance(leaf.item, Document)
            value, kind = leaf.item.data, leaf.item.content_type
        envelope = Envelope(
            filename="b.zip", parent=document_id(data), member=leaf.place, content_type=kind
        )
        outcomes = documents(value, envelope.headers()) if value else {}
        parts |= outcomes
        refused += [] if outcomes else [leaf.place]
    assert len(whole) == 1 + 1 + 600
    assert parts == whole
    assert refused == ["empty.txt"]


def test_a_stream_is_read_as_a_whole_once_and_within_the_limit() -> None:
    data = b"x" * 200_000
    source = Source(one_way(data), limit=200_000)
    assert (source.whole, len(source.sample.data)) == (False, 65_536)
    assert source.data == data
    assert source.sample.data == data
    with pytest.raises(PartRefused, match="too_large"):
        _ = Source(one_way(data), limit=199_999).data


def test_a_spooled_stream_can_be_jumped_in() -> None:
    source = Source(stream_of(iter([b"ab" * 50_000, b"cd"])), limit=200_000)
    file = source.seekable()
    file.seek(100_000)
    assert file.read() == b"cd"
    source.close()
    with pytest.raises(PartRefused, match="too_large"):
        Source(stream_of(iter([b"ab" * 50_000])), limit=99_999).seekable()


def test_members_before_an_early_break_are_given() -> None:
    """Also where the stream breaks while its beginning is still being looked at."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(4):
            text = f"Rain fell on day {number}. ".encode() * 50
            info = tarfile.TarInfo(f"{number}.txt")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    packed = gzip.compress(out.getvalue(), 0)
    outcomes = Fetch(SETTINGS)(
        Message(packed[:4_000], headers=Envelope(filename="rain.tar.gz").headers())
    )
    emitted = [outcome for outcome in outcomes if isinstance(outcome, Emit)]
    assert [Envelope.parse(emit.headers).member for emit in emitted] == [
        "rain.tar/0.txt",
        "rain.tar/1.txt",
    ]
    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Reject)]
    assert "truncated_gzip" in reasons


def test_attachments_within_attachments_end_too() -> None:
    """A mail is opened in a mail, and so on, but not for ever."""
    data = b"Rain fell on Lisbon.\n"
    for level in range(8):
        mark = f"b{level}".encode()
        data = (
            b"From: a@a.example\nTo: b@b.example\nSubject: rain\nMessage-ID: <1@a.example>\n"
            b"Date: Mon, 02 Mar 2026 10:00:00 +0000\nMIME-Version: 1.0\n"
            b'Content-Type: multipart/mixed; boundary="' + mark + b'"\n\n--' + mark + b"\n"
            b"Content-Type: text/plain\n\nSee what is attached, level after level.\n--" + mark
            + b"\nContent-Type: message/rfc822\n\n" + data + b"\n--" + mark + b"--\n"
        )  # fmt: skip
    outcomes = Fetch(SETTINGS)(Message(data, headers=Envelope(filename="m.eml").headers()))
    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Reject)]
    assert reasons == ["nested_too_deep"]
    assert len(outcomes) == SETTINGS.max_depth + 1


def test_one_of_several_is_not_the_page_that_was_fetched() -> None:
    """Or else all the entries of a feed without links would be one article."""

    def urls(data: bytes, name: str) -> list[str]:
        headers = Envelope(url=f"https://a.example/{name}").headers()
        outcomes = Fetch(SETTINGS)(Message(data, headers=headers))
        return [Envelope.parse(each.headers).url for each in outcomes if isinstance(each, Emit)]

    page = "https://a.example/page.html"
    assert urls(PAGE, "page.html") == [page]
    assert urls(gzip.compress(PAGE), "page.html") == [page]
    assert urls(b'{"text": "Rain."}', "page.html") == [page]
    assert urls(b'[{"text": "Rain."}, {"text": "Snow."}]', "all.json") == ["", ""]
    assert urls(LINES, "all.jsonl") == ["https://a.example/1", ""]
    assert set(urls(bundle(), "b.zip")) == {"", "https://a.example/1"}
    feed = (
        b"<rss version='2.0'><channel><title>News</title><item><title>Rain</title>"
        b"<description>Rain fell on Lisbon all day.</description></item><item><title>Snow</title>"
        b"<link>/snow</link><description>Snow fell on Oslo.</description></item></channel></rss>"
    )
    assert urls(feed, "feed.xml") == ["", "https://a.example/snow"]
