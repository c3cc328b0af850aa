"""What the fetcher makes of good input: formats, recognition, records, identity."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from datetime import UTC, datetime

import orjson
import pytest

from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.events import Envelope, Message
from shared.records import Record
from shared.runtime.stage import Drop, Emit, Outcome, Reject
from shared.settings import load_settings
from shared.text import document_id
from tests.shared_data import shared_data

FETCH = Fetch(load_settings(FetcherSettings))
PAGE = (
    b"<!DOCTYPE html><html><head><title>Flood</title></head><body><p>Water rose.</p></body></html>"
)
TEXT = "Überschwemmung in Köln\n\nDas Wasser stieg in der Nacht auf neun Meter.\n"


def fetch(value: bytes | None, fetcher: Fetch | None = None, **headers: str) -> list[Outcome]:
    """The outcomes of ``value``."""
    pairs = tuple((name, text.encode()) for name, text in headers.items())
    return list((fetcher or FETCH)(Message(value, headers=pairs, timestamp_ms=1_700_000_000_000)))


def only(value: bytes, **headers: str) -> tuple[Emit, Envelope]:
    """The single document in ``value`` and its envelope."""
    (outcome,) = fetch(value, None, **headers)
    assert isinstance(outcome, Emit), outcome
    return outcome, Envelope.parse(outcome.headers)


def kinds(value: bytes, **headers: str) -> list[str]:
    """The media type of each document, the reason of each rejection and drop."""
    return [
        Envelope.parse(outcome.headers).content_type.partition(";")[0]
        if isinstance(outcome, Emit)
        else outcome.reason
        for outcome in fetch(value, None, **headers)
    ]


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of ``members``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return out.getvalue()


def test_text_without_any_header_goes_through_as_it_came() -> None:
    emit, envelope = only(TEXT.encode())
    assert emit.value == TEXT.encode()
    assert envelope.content_type == "text/plain; charset=utf-8"
    assert envelope.type == "news.document.v1"
    assert envelope.source == "wireroom/fetcher"
    assert emit.key == envelope.id.encode()
    assert envelope.received_at == envelope.time == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.shared_data
def test_seeds_without_any_header_are_text() -> None:
    files = sorted(shared_data("seeds").glob("*.txt"))
    assert len(files) == 5
    for file in files:
        data = file.read_bytes()
        emit, envelope = only(data)
        assert emit.value == data
        assert envelope.content_type == "text/plain; charset=utf-8"


def test_facts_of_the_sender_travel_on() -> None:
    _, envelope = only(
        PAGE,
        ce_filename="a.html",
        ce_url="https://example.org/a",
        ce_receivedat="2026-01-02T03:04:05Z",
        ce_time="2026-01-01T00:00:00Z",
        traceparent="00-1-2-3",
        x_desk="foreign",
    )
    assert envelope.filename == "a.html"
    assert envelope.url == "https://example.org/a"
    assert envelope.received_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert envelope.traceparent == "00-1-2-3"
    assert envelope.extra["x_desk"] == "foreign"


@pytest.mark.parametrize(
    ("data", "name", "declared", "expected"),
    [
        (PAGE, "", "", "text/html"),
        (PAGE, "a.txt", "text/plain", "text/html"),
        (TEXT.encode(), "a.html", "text/html", "text/plain"),
        (TEXT.encode(), "a.json", "application/json", "text/plain"),
        (TEXT.encode(), "a.zip", "application/zip", "text/plain"),
        (gzip.compress(PAGE), "a.html", "text/html", "text/html"),
        (zipped({"a.html": PAGE}), "a.txt", "text/plain", "text/html"),
        (b'{"text": "Rain."}', "a.txt", "text/plain", Record.CONTENT_TYPE),
        (b'\xef\xbb\xbf{"text": "Rain."}', "a.json", "", Record.CONTENT_TYPE),
        ('{"text": "Dážď."}'.encode("utf-16"), "", "", Record.CONTENT_TYPE),
        (b"[Reuters] Paris \xe2\x80\x93 Rain fell.", "", "", "text/plain"),
        (b"[1] Rain fell.", "", "", "text/plain"),
        (b"{Paris} Rain fell.", "", "", "text/plain"),
        (b"{{ headline }} rain fell", "a.json", "", "text/plain"),
        (b'["Rain," he said] fell', "", "", "text/plain"),
        (b"<p>Rain fell.</p>", "", "", "text/html"),
        (b"5 < 6 and 7 > 3, said the minister", "a.txt", "", "text/plain"),
        (b"<unknown> said the minister", "", "", "text/plain"),
        (b"Rain<br>fell", "a.htm", "", "text/html"),
        (
            b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
            "",
            "",
            "application/xhtml+xml",
        ),
        (b"Rain \x00fell in \x00 Paris, and then the sun came out again.", "", "", "text/plain"),
        ("Rain in Paris".encode("utf-16-le"), "", "", "text/plain"),
    ],
)
def test_bytes_decide_when_names_and_headers_lie(
    data: bytes, name: str, declared: str, expected: str
) -> None:
    assert kinds(data, filename=name, content_type=declared) == [expected]


def test_charset_of_the_page_stands_in_the_content_type() -> None:
    page = '<html><head><meta charset="windows-1251"></head><p>Дождь шёл всю ночь.</p></html>'
    _, envelope = only(page.encode("cp1251"))
    assert envelope.content_type == "text/html; charset=cp1251"


def test_record_fields_are_mapped() -> None:
    source = {
        "headline": "Rain in Paris",
        "articleBody": "It rained.",
        "author": [{"@type": "Person", "name": "Ann Poe"}, "by Bo Ray"],
        "datePublished": "2026-01-02",
        "keywords": "weather, Paris",
        "publisher": {"name": "The Daily"},
        "url": "https://example.org/rain",
        "inLanguage": "en",
    }
    emit, envelope = only(orjson.dumps(source))
    assert Record.decode(emit.value) == Record(
        text="It rained.",
        title="Rain in Paris",
        authors=["Ann Poe", "Bo Ray"],
        published_at="2026-01-02",
        topics=["weather", "Paris"],
        site_name="The Daily",
        language="en",
        url="https://example.org/rain",
    )
    assert envelope.url == "https://example.org/rain"
    assert envelope.content_type == Record.CONTENT_TYPE


def test_names_of_fields_are_found_in_other_spellings() -> None:
    emit, _ = only(
        b'{"Head_Line": "A title", "Body": "A text.", "Pub Date": "2026-08-25", "Author": "Ada"}'
    )
    record = Record.decode(emit.value or b"")
    assert (record.title, record.text, record.published_at, record.authors) == (
        "A title",
        "A text.",
        "2026-08-25",
        ["Ada"],
    )


def test_a_name_as_it_is_written_comes_before_other_spellings() -> None:
    emit, _ = only(b'{"TITLE": "Shouted", "name": "A name", "Text": "Loose.", "body": "A text."}')
    record = Record.decode(emit.value or b"")
    assert (record.title, record.text) == ("A name", "A text.")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"text": "A."}\n{"text": "B."}\n{"text": "C', "starting at column 10"),
        (b'{"text": "A."}\n{"text": "B."}\n{"text" 1}', "':' delimiter at column 9"),
        (b'[\n{"text": "A."},\n{"text": }]', "Expecting value at line 3, column 10"),
    ],
)
def test_where_json_breaks_is_told_once(data: bytes, told: str) -> None:
    (detail,) = [out.detail for out in fetch(data, None) if isinstance(out, Reject)]
    assert detail.endswith(told)


def test_markup_in_a_text_field_is_html() -> None:
    emit, _ = only(b'{"content": "<p>It rained.</p><p>Then not.</p>"}')
    assert Record.decode(emit.value) == Record(html="<p>It rained.</p><p>Then not.</p>")


def test_mapping_comes_from_settings() -> None:
    fetcher = Fetch(
        load_settings(FetcherSettings, fields={"text": ["inner.words"], "title": ["t.u"]})
    )
    (outcome,) = fetch(b'{"inner": {"words": "Rain."}, "t.u": "Title"}', fetcher)
    assert isinstance(outcome, Emit)
    assert Record.decode(outcome.value) == Record(text="Rain.", title="Title")


@pytest.mark.parametrize(
    "data",
    [
        b'[{"text": "One."}, {"text": "Two."}]',
        b'{"status": "ok", "articles": [{"text": "One."}, {"text": "Two."}]}',
        b'{"took": 3, "hits": {"hits": [{"_source": {"text": "One."}}, {"text": "Two."}]}}',
        b'{"whatever": [{"text": "One."}, {"text": "Two."}], "n": 2}',
    ],
)
def test_lists_of_records(data: bytes) -> None:
    emits = [outcome for outcome in fetch(data) if isinstance(outcome, Emit)]
    assert [Record.decode(emit.value).text for emit in emits] == ["One.", "Two."]
    envelopes = [Envelope.parse(emit.headers) for emit in emits]
    assert [envelope.member for envelope in envelopes] == ["item 1", "item 2"]
    assert len({envelope.parent for envelope in envelopes} - {""}) == 1


def test_bad_lines_are_refused_by_themselves() -> None:
    lines = b'{"text": "One."}\n\n{"text": "Tw\n{"title": "none", "n": 1}\n[3]\n{"text": "Five."}\n'
    one, two, three, four, five = fetch(lines, filename="wire.jsonl")
    assert isinstance(one, Emit)
    assert isinstance(five, Emit)
    assert Envelope.parse(five.headers).member == "line 6"
    assert isinstance(two, Reject)
    assert (two.reason, two.member, two.data) == ("invalid_json", "line 3", b'{"text": "Tw')
    assert "wire.jsonl" in two.detail
    assert isinstance(three, Reject)
    assert (three.reason, three.member) == ("no_text_field", "line 4")
    assert "title, n" in three.detail
    assert isinstance(four, Reject)
    assert (four.reason, four.member) == ("not_a_record", "line 5")


@pytest.mark.parametrize(
    "line",
    [
        b'{"text": "Rain.", "n": ' + b"9" * 5000 + b"}",
        b'{"text": "Rain.", "n": 1e99999, "m": NaN}',
        b'{"text": "wrong", "text": "Rain."}',
        b'{"text": "Rain.", "title": "\\ud800"}',
        b'{"text": "Rain.\x01"}',
    ],
)
def test_odd_but_readable_json(line: bytes) -> None:
    emit, _ = only(line)
    assert (Record.decode(emit.value).text or "").startswith("Rain.")


def test_nested_containers_keep_their_places() -> None:
    inner = zipped({"b.txt": b"Inner rain fell."})
    outer = zipped({"x/a.html": PAGE, "in.zip": inner, "c.txt.gz": gzip.compress(b"More rain.")})
    envelopes = [
        Envelope.parse(outcome.headers) for outcome in fetch(outer) if isinstance(outcome, Emit)
    ]
    assert [envelope.member for envelope in envelopes] == [
        "x/a.html",
        "in.zip/b.txt",
        "c.txt.gz/c.txt",
    ]
    assert {envelope.parent for envelope in envelopes} == {document_id(outer)}
    again = [outcome.key for outcome in fetch(outer) if isinstance(outcome, Emit)]
    assert [key.decode() for key in again] == [envelope.id for envelope in envelopes]


def test_gzip_members_one_after_another_are_one_text() -> None:
    emit, _ = only(gzip.compress(b"First rain, ") + gzip.compress(b"then sun.") + b"\0\0")
    assert emit.value == b"First rain, then sun."


def test_litter_of_archives_is_dropped() -> None:
    outcomes = fetch(
        zipped(
            {
                "d/": b"",
                "__MACOSX/._a.txt": b"\x00\x05\x16\x07",
                "d/.DS_Store": b"\x00\x00\x00\x01Bud1",
                "Thumbs.db": b"x",
                "d/a.txt": b"Rain fell.",
            }
        )
    )
    assert [type(outcome) for outcome in outcomes] == [Drop, Drop, Drop, Drop, Emit]


@pytest.mark.parametrize("name", ["/etc/passwd", "../../up.txt", "C:\\x\\y.txt", "žluť/дождь.txt"])
def test_any_member_name_is_only_a_name(name: str) -> None:
    _, envelope = only(zipped({name: b"Rain fell."}))
    assert envelope.member == name


def test_fetch_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(FETCH))
    assert fetch(PAGE, copy) == fetch(PAGE)
