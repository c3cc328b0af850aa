"""CSV and its kin: by the names in its first row, line by line."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from services.fetcher.formats.base import Refused
from services.fetcher.formats.delimited import Delimited
from tests.unit.unwrapping import limits, reasons, recognised, records, unwrap

CSV = Delimited(limits())
ROWS = (
    "Title,Body,Pub Date,URL\r\n"
    'Flut,"Das Wasser stieg, sagte ""Ada"".\r\nDann fiel es.",2024-01-02,https://a.example/1\r\n'
    "\r\n"
    "Kurz,Zu wenig\r\n"
    "Leer,,2024-01-03,https://a.example/2\r\n"
    "Rand,Text,2024-01-04,https://a.example/3,,\r\n"
)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_rows_are_records_by_the_names_in_the_header(delimiter: str, charset: str) -> None:
    text = ROWS.replace("stieg, sagte", "stieg; sagte").replace(",", delimiter)
    data = text.encode(charset)
    assert recognised(CSV, data) > 60
    found = list(unwrap(CSV, data))
    first, last = records(found)
    assert first.text == 'Das Wasser stieg; sagte "Ada".\r\nDann fiel es.'.replace(",", delimiter)
    assert (first.title, first.published_at) == ("Flut", "2024-01-02")
    assert first.url == "https://a.example/1"
    assert last.title == "Rand"
    assert reasons(found) == ["wrong_columns", "no_text"]
    assert [getattr(item, "step", "") for item in found] == ["line 2", "line 5", "line 6", "line 7"]


def test_excels_own_first_line_names_the_separator() -> None:
    data = b"sep=|\r\ntitle|text, or so|text\r\na|b,c,d|e\r\n"
    assert recognised(CSV, data) > 60
    assert [record.text for record in records(list(unwrap(CSV, data)))] == ["e"]


@pytest.mark.parametrize(
    "text",
    [
        "Text, more text, and a title\nare here, in prose, that goes on\nfor lines",
        "Summary, content, and headline\n\nThis is a letter. It has commas, though, and more.",
        "The mayor said, the body, title and text\nshould, in his view,\nbe kept.",
        "title,text",
        "name;age\nAda;36\nEve;30\n",
        "2024-01-01;text;x\n2024-01-02;y;z\n",
        "Flood\nhttps://x.example/1\n",
        "<title>,<text>\na,b",
        '{"title": "a,b",\n"text": "c,d"}',
        "",
    ],
)
def test_prose_with_commas_and_other_tables_stay_what_they_are(text: str) -> None:
    assert recognised(CSV, text.encode()) == 0


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("title,url\na,https://x.example/1\nb,https://x.example/2\n", "", "wireroom fetch"),
        ("name;age\nAda;36\n", "people.csv", "it has: name, age"),
        ("url\nhttps://x.example/1\nhttps://x.example/2\n", "", "wireroom fetch"),
        ("https://x.example/1\nhttps://x.example/2\n", "", "wireroom fetch"),
        ("Address\nhttps://x.example/1\n", "list.csv", "wireroom fetch"),
    ],
)
def test_a_table_without_texts_is_refused_with_its_columns(text: str, name: str, told: str) -> None:
    assert recognised(CSV, text.encode(), name) > 60
    (refused,) = unwrap(CSV, text.encode(), name)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.whole) == ("no_text_field", True)
    assert told in refused.detail


def test_columns_may_be_one_or_have_the_same_name_where_the_file_is_named_so() -> None:
    one, same = b"text\nFirst.\nSecond, too.\n", b"text,tag,text\n,x,b\na,y,c\n"
    assert recognised(CSV, one) == recognised(CSV, same) == 0
    assert min(recognised(CSV, one, "a.csv"), recognised(CSV, same, "a.csv")) > 60
    found = list(unwrap(CSV, one, "a.csv"))
    assert [record.text for record in records(found)] == ["First."]
    assert reasons(found) == ["wrong_columns"]
    assert [record.text for record in records(list(unwrap(CSV, same, "a.csv")))] == ["b", "a"]


def test_a_quotation_without_end_costs_its_own_row_alone() -> None:
    data = b'title,text\na,one\nb,"two\nc,three\nd,"four "or" five"\ne,six\n'
    found = list(unwrap(CSV, data))
    assert [(record.title, record.text) for record in records(found)][:1] == [("a", "one")]
    text = b"title,text\na,one\n" + b'b,"two\n' + b"c,three\n" * 3
    found = list(unwrap(CSV, text))
    assert [record.text for record in records(found)] == ["one", "three", "three", "three"]
    refused = [item for item in found if isinstance(item, Refused)]
    assert [(item.reason, item.step) for item in refused] == [("unclosed_quote", "line 3")]
    assert refused[0].data == b'b,"two\n'


def test_a_quotation_past_the_limit_is_given_up_and_reading_goes_on() -> None:
    settings = limits(max_document_bytes=1_000)
    data = b'title,text\na,"one\n' + b"c,three\n" * 400
    found = list(unwrap(CSV, data, settings=settings))
    assert reasons(found) == ["unclosed_quote"]
    assert len(records(found)) == 400
    long = b"title,text\na," + b"x" * 5_000 + b"\nb,two\n"
    found = list(unwrap(CSV, long, settings=settings))
    assert [(item.reason, item.step) for item in found if isinstance(item, Refused)] == [
        ("too_large", "line 2")
    ]
    assert [record.text for record in records(found)] == ["two"]


def test_many_quotations_without_end_are_given_up() -> None:
    settings = limits(max_document_bytes=1_000)
    row = b'a,"one\n' + b"c,three\n" * 300
    found = list(unwrap(CSV, b"title,text\n" + (row + b'b,"\n') * 1, settings=settings))
    assert reasons(found)[0] == "unclosed_quote"
    last = [item for item in found if isinstance(item, Refused)][-1]
    assert last.step.startswith("line ")


class _Rows(io.RawIOBase):
    """A table as it comes from a network: rows without end until ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._pending = b"title,text\n"

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if not self._pending and self._left > 0:
            self._pending = (b"Headline," + b"Some words. " * 100 + b"\n") * 10
            self._left -= len(self._pending)
        piece = self._pending[: len(buffer)]
        self._pending = self._pending[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_table_is_read_in_memory_that_does_not_grow() -> None:
    tracemalloc.start()
    try:
        count = 0
        peaks = []
        for size in (300_000, 3_000_000):
            tracemalloc.reset_peak()
            count = sum(1 for _ in unwrap(CSV, io.BufferedReader(_Rows(size))))
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert count > 2_000
    assert peaks[1] < 1.2 * peaks[0] + 200_000


def test_columns_may_be_named_in_other_languages() -> None:
    table = "Titel;Text;Autor;Datum\nRegen;Es regnete in Lissabon.;A. Rau;2026-03-04\n"
    (record,) = records(list(unwrap(Delimited(limits()), table.encode("cp1252"), "t.csv")))
    assert (record.title, record.authors, record.published_at) == (
        "Regen",
        ["A. Rau"],
        "2026-03-04",
    )
