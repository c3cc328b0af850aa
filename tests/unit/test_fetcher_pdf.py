"""PDF: reading order, paragraphs, what is left out, and what is refused by name."""

from __future__ import annotations

import random
import subprocess
import sys
import tarfile
import textwrap
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.fetcher.formats.base import MAGIC, NO, Child, Document, Found, Refused
from services.fetcher.formats.pdf import Pdf, iso_date
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record
from shared.settings import load_settings
from tests.shared_data import ROOT, shared_data

Set = tuple[float, float, float, str]
"""Text at ``x``, ``y`` (points from the lower left) in type of a size."""


def content(texts: Iterable[Set], matrix: str = "1 0 0 1") -> bytes:
    """A content stream that shows each text at its place."""
    shown = []
    for x, y, size, text in texts:
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        shown.append(f"BT /F1 {size:g} Tf {matrix} {x:g} {y:g} Tm ({escaped}) Tj ET")
    return "\n".join(shown).encode("cp1252")


def pdf(
    pages: Sequence[bytes], info: str = "", catalog: str = "", more: Sequence[bytes] = ()
) -> bytes:
    """A PDF of content streams. ``more`` are objects numbered from 10."""
    kids = " ".join(f"{100 + 2 * n} 0 R" for n in range(len(pages)))
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: f"<< {info} >>".encode("latin-1"),
    }
    objects.update(enumerate(more, 10))
    for number, stream in enumerate(pages):
        objects[100 + 2 * number] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (101 + 2 * number)
        )
        objects[101 + 2 * number] = stream_object(stream)
    return assembled(objects)


def stream_object(data: bytes, entries: str = "") -> bytes:
    """A stream with its dictionary."""
    return f"<< /Length {len(data)} {entries} >>\nstream\n".encode() + data + b"\nendstream"


def assembled(objects: dict[int, bytes]) -> bytes:
    """Objects, cross-reference table and trailer."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\n" % (max(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def column(text: str, x: float, y: float, width: int, size: float = 10) -> list[Set]:
    """Lines of ``text``, wrapped to ``width`` characters, downwards from ``y``."""
    lines = textwrap.wrap(text, width, break_on_hyphens=False)
    return [(x, y - 12 * n, size, line) for n, line in enumerate(lines)]


def unwrapped(data: bytes, **limits: int) -> list[Found]:
    """Everything found in ``data``."""
    settings = load_settings(FetcherSettings, **limits)
    source = Source(data, limit=settings.max_container_bytes)
    return list(Pdf().unwrap(source, Budget(settings)))


def record(data: bytes) -> Record:
    """The only thing found: a record."""
    (found,) = unwrapped(data)
    assert isinstance(found, Document), found
    assert found.content_type == Record.CONTENT_TYPE
    return Record.model_validate_json(found.data)


def refused(data: bytes) -> Refused:
    """The only thing found: a refusal of the whole."""
    (found,) = unwrapped(data)
    assert isinstance(found, Refused), found
    assert found.whole
    return found


LEFT = (
    "The council met on Monday and agreed to repair the old bridge over the river before "
    "the winter. Work begins in October and is to last for six weeks in all."
)
RIGHT = (
    "Residents had asked for the repair since spring, when a truck damaged the railing. "
    "The mayor thanked them for their patience and promised a detour."
)


def paragraphs(data: bytes) -> list[str]:
    """The paragraphs of a PDF's text."""
    return (record(data).text or "").split("\n\n")


def test_columns_are_read_one_after_the_other() -> None:
    page = content(
        [
            (60, 720, 22, "Bridge to be repaired"),
            *column(LEFT, 60, 680, 42),
            *column(RIGHT, 320, 680, 42),
        ]
    )
    found = record(pdf([page]))
    assert found.text == f"Bridge to be repaired\n\n{LEFT}\n\n{RIGHT}"
    assert found.title == "Bridge to be repaired"


def test_columns_whose_rows_are_written_together() -> None:
    left, right = column(LEFT, 60, 680, 42), column(RIGHT, 320, 680, 42)
    rows = [piece for pair in zip(left, right, strict=True) for piece in pair]
    assert paragraphs(pdf([content(rows)])) == [LEFT, RIGHT]


def test_columns_that_stand_in_any_order_in_the_file() -> None:
    pieces = column(LEFT, 60, 680, 42) + column(RIGHT, 320, 674, 42)
    random.Random(3).shuffle(pieces)
    assert paragraphs(pdf([content(pieces)])) == [LEFT, RIGHT]


def test_three_columns_between_texts_over_the_whole_width() -> None:
    texts = [LEFT, RIGHT, LEFT[::-1].replace(".", "x").capitalize() + "."]
    over = " ".join([LEFT, RIGHT])
    under = " ".join([RIGHT, LEFT])
    page = [*column(over, 50, 740, 100)]
    for number, text in enumerate(texts):
        page += column(text, 50 + 180 * number, 660, 28)
    page += column(under, 50, 540, 100)
    assert paragraphs(pdf([content(page)])) == [over, *texts, under]


def test_a_table_is_read_by_rows() -> None:
    rows = [
        ("Town", "1990", "2020"),
        ("Aldea", "12", "340"),
        ("Borgo", "7", "90"),
        ("Cime", "3", "8"),
    ]
    page = [
        (60 + 120 * n, 700 - 14 * y, 10, cell)
        for y, row in enumerate(rows)
        for n, cell in enumerate(row)
    ]
    text = record(pdf([content(page)])).text or ""
    assert text.split() == [cell for row in rows for cell in row]


def test_paragraphs_by_space_and_by_indent() -> None:
    spaced = [*column(LEFT, 60, 700, 60), *column(RIGHT, 60, 640, 60)]
    assert paragraphs(pdf([content(spaced)])) == [LEFT, RIGHT]
    lines = textwrap.wrap(RIGHT, 60)
    indented = [
        *column(LEFT, 60, 700, 60),
        (75, 664, 10, lines[0]),
        *((60, 652 - 12 * n, 10, line) for n, line in enumerate(lines[1:])),
    ]
    assert paragraphs(pdf([content(indented)])) == [LEFT, RIGHT]


def test_hebrew_is_read_from_the_right() -> None:
    """Letters a to z stand for alef to tav; as in most files, each line is drawn from its left."""
    to_unicode = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        b"1 begincodespacerange <00> <ff> endcodespacerange "
        b"1 beginbfrange <61> <7b> <05d0> endbfrange endcmap end end"
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /ToUnicode 11 0 R >>"
    first = ["abcde fghij klmnop qrstu vwxyz abcde", "zzabc defgh ijklm nopqr stuvw xy.",
             "bcdef ghijk lmnop qrstu v."]  # fmt: skip
    second = [line.translate({97 + n: 122 - n for n in range(26)}) for line in first]
    page = [
        (right - 6 * len(line), 700 - 12 * n, 10, line[::-1])
        for right, lines in ((550, first), (280, second))
        for n, line in enumerate(lines)
    ]
    data = pdf([content(page)], more=[font, stream_object(to_unicode)])
    expected = [
        " ".join(lines).translate({97 + n: 0x5D0 + n for n in range(26)})
        for lines in (first, second)
    ]
    assert paragraphs(data.replace(b"/F1 3 0 R", b"/F1 10 0 R")) == expected


def test_headings_in_bold_stand_by_themselves() -> None:
    bold = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>"
    heading = "A question of money and of time, and of what to do"
    page = content([(60, 712, 10, heading), *column(LEFT, 60, 700, 50)])
    data = pdf([page.replace(b"/F1", b"/F2", 1)], more=[bold])
    fonts = data.replace(b"/F1 3 0 R", b"/F1 3 0 R /F2 10 0 R")
    assert paragraphs(fonts) == [heading, LEFT]


def test_words_broken_at_line_ends_are_joined() -> None:
    lines = [
        "The long-term plan of the govern-",
        "ment was welcomed by the well-",
        "known critics of the long-",
        "term Anglo-",
        "American treaty of COVID-",
        "19 times on the state-of-the-",
        "art import- and export rules \u2014 see https://example.org/",
        "bridge\u2014",
        "or ask.",
    ]
    page = [(60, 700 - 12 * n, 10, line) for n, line in enumerate(lines)]
    assert record(pdf([content(page)])).text == (
        "The long-term plan of the government was welcomed by the well-known critics of the "
        "long-term Anglo-American treaty of COVID-19 times on the state-of-the-art import- and "
        "export rules \u2014 see https://example.org/bridge\u2014or ask."
    )


def test_a_paragraph_goes_on_in_the_next_column_and_on_the_next_page() -> None:
    words = " ".join(f"word{n} and" for n in range(60)) + " no more."
    lines = textwrap.wrap(words, 40)
    third = len(lines) // 3
    parts = lines[:third], lines[third : 2 * third], lines[2 * third :]
    first = [
        *((60, 700 - 12 * n, 10, line) for n, line in enumerate(parts[0])),
        *((330, 700 - 12 * n, 10, line) for n, line in enumerate(parts[1])),
    ]
    second = [(60, 700 - 12 * n, 10, line) for n, line in enumerate(parts[2])]
    assert record(pdf([content(first), content(second)])).text == words


def test_a_paragraph_goes_on_behind_notes_under_its_column() -> None:
    lines = textwrap.wrap(f"{LEFT} {RIGHT}", 66)
    first = [(60, 700 - 12 * n, 10, line) for n, line in enumerate(lines[:2])]
    notes = [(60, 640, 7, "1 As was said on Monday."), (60, 630, 7, "2 And on Tuesday.")]
    second = [(60, 700 - 12 * n, 10, line) for n, line in enumerate(lines[2:])]
    assert lines[2][0].islower()
    assert paragraphs(pdf([content([*first, *notes]), content(second)])) == [
        f"{LEFT} {RIGHT}",
        "1 As was said on Monday.",
        "2 And on Tuesday.",
    ]


def test_running_heads_and_page_numbers_are_left_out() -> None:
    pages, expected = [], []
    for number in range(1, 5):
        words = (LEFT + " " + RIGHT).split()[7 * number :]
        text = f"{' '.join(words)} It was day {number}."
        expected.append(text)
        pages.append(
            content(
                [
                    (60, 760, 9, "The Evening Post"),
                    (400, 760, 9, f"Monday, {number} May"),
                    *column(text, 60, 700, 60),
                    (300, 30, 9, str(number)),
                ]
            )
        )
    assert paragraphs(pdf(pages)) == expected


def test_what_stands_on_every_page_is_kept_when_it_is_all() -> None:
    text = record(pdf([content([(60, 760, 9, "Same notice.")])] * 3)).text
    assert text == "Same notice.\n\nSame notice.\n\nSame notice."


def test_turned_text_in_the_margin_is_not_mixed_in() -> None:
    stamp = content([(20, 300, 20, "arXiv:2201.00001v1 [cs.CL]")], "0 1 -1 0")
    page = content(column(LEFT, 60, 700, 60))
    assert record(pdf([stamp + b"\n" + page])).text == LEFT


def test_a_page_whose_text_is_all_turned_is_read() -> None:
    lines = textwrap.wrap(LEFT, 60)
    page = content([(100 + 12 * n, 60, 10, line) for n, line in enumerate(lines)], "0 1 -1 0")
    assert record(pdf([page])).text == LEFT


def test_text_off_the_page_is_left_out() -> None:
    page = content([*column(LEFT, 60, 700, 60), (60, -400, 10, "secret"), (900, 500, 10, "x")])
    assert record(pdf([page])).text == LEFT


def test_a_large_initial_begins_its_word() -> None:
    lines = textwrap.wrap(LEFT[1:], 50)
    page = [(60, 670, 44, "T"), *((92, 695 - 12 * n, 10, line) for n, line in enumerate(lines[:3]))]
    page += [(60, 659 - 12 * n, 10, line) for n, line in enumerate(lines[3:])]
    assert record(pdf([content(page)])).text == LEFT


def test_ligatures_and_soft_hyphens_are_typed_out() -> None:
    encoding = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding "
        b"/BaseEncoding /WinAnsiEncoding /Differences [1 /fi /fl] >> >>"
    )
    data = pdf([b"BT /F1 10 Tf 60 700 Td (The \\001rst \\002oor of\\240the co\\255op) Tj ET"])
    plain = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = data.replace(plain, encoding)  # the reader mends the places of objects
    assert record(objects).text in ("The first floor of the coop", "The first floor of the co-op")


def test_document_information() -> None:
    info = (
        "/Title (A bridge\\040too far) /Author (Ann Lee; Bo Chan and Cy Dorn) "
        "/CreationDate (D:20220403180542+02'00') /ModDate (D:20220404)"
    )
    found = record(
        pdf([content([(60, 760, 30, "Largest of all"), *column(LEFT, 60, 700, 60)])], info)
    )
    assert found.title == "A bridge too far"
    assert found.authors == ["Ann Lee", "Bo Chan", "Cy Dorn"]
    assert found.published_at == "2022-04-03T18:05:42+02:00"
    assert found.modified_at == "2022-04-04"


@pytest.mark.parametrize(
    "title", ["untitled", "Microsoft Word - draft7.doc", "report_final.indd", "", "--"]
)
def test_titles_that_are_none(title: str) -> None:
    page = content([(60, 760, 20, "Largest of all"), *column(LEFT, 60, 700, 60)])
    found = record(pdf([page], f"/Title ({title}) /Author (Administrator; jsmith2)"))
    assert found.title == "Largest of all"
    assert found.authors == []


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("D:20220403180542+02'00'", "2022-04-03T18:05:42+02:00"),
        ("D:20220403180542-0930", "2022-04-03T18:05:42-09:30"),
        ("D:20230410074654Z07'46'", "2023-04-10T07:46:54Z"),
        ("D:202204031805", "2022-04-03T18:05:00"),
        ("20220403", "2022-04-03"),
        ("2022-04-03T18:05:42Z", "2022-04-03T18:05:42Z"),
        ("D:20221303", None),
        ("D:2022", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates(written: str, iso: str | None) -> None:
    assert iso_date(written) == iso


def test_attachments_follow_the_text() -> None:
    inner = b"<p>Attached news of the day.</p>"
    more = [
        b"<< /Type /Filespec /F (a.html) /UF (a.html) /EF << /F 11 0 R >> >>",
        stream_object(inner, "/Type /EmbeddedFile"),
    ]
    catalog = "/Names << /EmbeddedFiles << /Names [(a.html) 10 0 R] >> >>"
    text, child = unwrapped(pdf([content(column(LEFT, 60, 700, 60))], catalog=catalog, more=more))
    assert isinstance(text, Document)
    assert child == Child(inner, "attachment 1 a.html", "a.html")
    scan, child = unwrapped(pdf([b""], catalog=catalog, more=more))
    assert isinstance(scan, Refused)
    assert (scan.reason, scan.whole) == ("no_text", False)
    assert isinstance(child, Child)


def test_recognised_by_its_magic() -> None:
    data = pdf([content(column(LEFT, 60, 700, 60))])
    assert Pdf().recognise(Sample(data)) == MAGIC
    assert Pdf().recognise(Sample(b"\r\njunk" * 100 + data)) == MAGIC
    assert Pdf().recognise(Sample(b"x" * 2_000 + data)) == NO
    assert Pdf().recognise(Sample(b"The marker %PDF- begins every such file.")) == NO
    assert Pdf().recognise(Sample(b"<pre>%PDF-1.4\n1 0 obj\n</pre>")) == NO
    assert record(b"\r\njunk" * 100 + data).text == LEFT


def test_pages_without_text_are_told() -> None:
    found = refused(pdf([b"0 0 100 100 re f", b""]))
    assert found.reason == "no_text"
    assert "2 pages" in found.detail


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4" + bytes(range(256)) * 40])
def test_damaged(data: bytes) -> None:
    assert refused(data).reason == "corrupt_pdf"


def test_truncated_anywhere() -> None:
    data = pdf([content(column(LEFT, 60, 700, 60))])
    for end in range(8, len(data), 37):
        for found in unwrapped(data[:end]):
            assert isinstance(found, Document | Refused)


def test_pages_in_a_loop() -> None:
    data = pdf([content(column(LEFT, 60, 700, 60))])
    kids = b"/Kids [100 0 R] /Count 1"
    looped = data.replace(kids, b"/Kids [100 0 R 2 0 R] /Count 9")
    for found in unwrapped(looped):
        assert isinstance(found, Document | Refused)
    for found in unwrapped(data.replace(kids, b"/Kids [2 0 R] /Count 1")):
        assert isinstance(found, Refused)


def test_too_many_pages() -> None:
    data = pdf([b""]).replace(b"/Count 1 ", b"/Count 9999999 ")
    for found in unwrapped(data):
        assert isinstance(found, Refused)


def test_too_much_text() -> None:
    line = b"(" + b"many words " * 1_000 + b") Tj\n"
    found = refused(pdf([b"BT /F1 1 Tf 60 700 Td " + line * 100 + b"ET"]))
    assert found.reason == "too_large"
    assert "characters" in found.detail


def test_thousands_of_lines_on_a_page() -> None:
    page = content((60 + 300 * (n % 2), 790 - n * 0.3, 1, f"word {n}") for n in range(2_000))
    text = record(pdf([page])).text or ""
    assert "word 1999" in text


def compressed(data: bytes) -> bytes:
    """A page whose content is compressed."""
    stream = stream_object(zlib.compress(data), "/Filter /FlateDecode")
    plain = stream_object(b"")
    return pdf([b""]).replace(plain, stream)


def test_streams_that_explode() -> None:
    page = content(column(LEFT, 60, 700, 60))
    assert record(compressed(page)).text == LEFT
    with pytest.raises(PartRefused, match="max_ratio"):
        unwrapped(compressed(page + b" " * 3_000_000))
    noise = random.Random(1).randbytes(400_000).hex().encode()
    with pytest.raises(PartRefused, match="inflate to more than 500000"):
        unwrapped(compressed(page + b"\n%" + noise), max_total_bytes=500_000)


def test_a_blank_picture_is_no_bomb() -> None:
    blank = zlib.compress(bytes(3_000_000))
    entries = "/Type /XObject /Subtype /Image /Width 1000 /Height 1000 /Filter /FlateDecode"
    picture = stream_object(blank, entries)
    assert record(pdf([content(column(LEFT, 60, 700, 60))], more=[picture])).text == LEFT


def test_text_found_before_an_attachment_too_many_is_given() -> None:
    catalog = "/Names << /EmbeddedFiles << /Names [(a) 10 0 R] >> >>"
    more = [b"<< /Type /Filespec /F (a) /EF << /F 11 0 R >> >>", stream_object(bytes(9_000))]
    data = pdf([content(column(LEFT, 60, 700, 60))], catalog=catalog, more=more)
    limits = load_settings(FetcherSettings, max_total_bytes=5_000)
    found = Pdf().unwrap(Source(data, limit=100_000), Budget(limits))
    assert isinstance(next(found), Document)
    with pytest.raises(Exhausted):
        next(found)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="has no limit on memory")
def test_forms_that_multiply_end_the_process_at_the_limit() -> None:
    program = """
import resource, sys
from services.fetcher.formats import pdf, pdf_guard
from services.fetcher.limits import Budget
from services.fetcher.settings import FetcherSettings
from services.fetcher.source import Source

before = resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CORE)
pdf_guard.memory_limit.__wrapped__.__defaults__ = (64 * 1024 * 1024,)
list(pdf.Pdf().unwrap(Source(sys.stdin.buffer.read(), limit=10**6), Budget(FetcherSettings())))
print(before == (resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CORE)))
"""

    def ended(levels: int) -> tuple[int, bytes]:
        run = subprocess.run(
            [sys.executable, "-c", program],
            input=forms(levels),
            capture_output=True,
            cwd=ROOT,
            timeout=120,
        )
        return run.returncode, run.stdout.strip()

    assert ended(2) == (0, b"True")
    assert ended(7)[0] < 0


def forms(levels: int) -> bytes:
    """A page whose form draws another ten times, and so on."""
    resources = "/Resources << /Font << /F1 3 0 R >> /XObject << /X {} 0 R >> >>"
    more = []
    for level in range(levels):
        body = b"/X Do " * 10 if level < levels - 1 else content([(60, 700, 10, "so")])
        entries = "/Type /XObject /Subtype /Form /BBox [0 0 612 792] "
        more.append(stream_object(body, entries + resources.format(11 + level)))
    return pdf([b"/X Do"], more=more).replace(
        b"3 0 R >> >> >>", b"3 0 R >> /XObject << /X 10 0 R >> >> >>"
    )


def test_samples_of_peers() -> None:
    outcomes: dict[str, str] = {}
    with tarfile.open(shared_data("suites", "pdf.tar.gz")) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is None or not member.name.endswith(".pdf"):
                continue
            for found in unwrapped(stream.read()):
                name = member.name.rpartition("/")[2]
                if isinstance(found, Document):
                    outcomes[name] = Record.model_validate_json(found.data).text or ""
                elif isinstance(found, Refused):
                    outcomes[name] = found.reason
    assert len(outcomes) >= 12
    assert outcomes["libreoffice-writer-password.pdf"] == "encrypted"
    assert outcomes["cmyk-image.pdf"] == "no_text"
    assert "takimata sanctus" in outcomes["minimal-document.pdf"]  # broken as taki-mata
    assert outcomes["minimal-document.pdf"].count("\n") == 0
    assert outcomes["pdflatex-forms.pdf"] == "Name\n\nCheck\n\nSubmit"


GOOD = pdf(
    [zlib.decompress(zlib.compress(content(column(LEFT, 60, 700, 60))))] * 2,
    "/Title (A title) /CreationDate (D:20220403180542)",
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.binary(max_size=6)), min_size=1, max_size=8
    )
)
def test_changed_bytes_never_raise(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(GOOD)
    for place, put in changes:
        data[place : place + len(put)] = put
    try:
        for found in unwrapped(bytes(data)):
            assert isinstance(found, Document | Refused | Child)
    except (PartRefused, Exhausted):
        pass
