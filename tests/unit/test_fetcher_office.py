"""DOCX, ODT and RTF: their text and properties, and what of them is refused by name."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.fetcher.formats.base import MAGIC, NO, Document, Format, Found, Refused
from services.fetcher.formats.docx import Docx
from services.fetcher.formats.odt import Odt
from services.fetcher.formats.rtf import Rtf
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from services.fetcher.stage import Fetch
from shared.events import Envelope, Message
from shared.records import Record
from shared.runtime.stage import Emit, Reject
from shared.settings import load_settings

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {chr(99 + n)} "{f"&{chr(98 + n)};" * 10}">' for n in range(9))
    + "]>"
)
FETCHED = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def zipped(parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of ``parts``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return out.getvalue()


def unwrapped(chosen: Format, data: bytes, **limits: int) -> list[Found]:
    """Everything found in ``data``."""
    settings = load_settings(FetcherSettings, **limits)
    return list(chosen.unwrap(Source(data, limit=settings.max_container_bytes), Budget(settings)))


def record(chosen: Format, data: bytes) -> Record:
    """The only thing found: a record."""
    (found,) = unwrapped(chosen, data)
    assert isinstance(found, Document), found
    assert found.content_type == Record.CONTENT_TYPE
    return Record.model_validate_json(found.data)


def refused(chosen: Format, data: bytes, **limits: int) -> tuple[str, str]:
    """Reason and detail of the refusal of the whole."""
    try:
        (found,) = unwrapped(chosen, data, **limits)
    except PartRefused as refusal:
        return refusal.reason, refusal.detail
    assert isinstance(found, Refused), found
    assert found.whole
    return found.reason, found.detail


# DOCX

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
    'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:dcterms="http://purl.org/dc/terms/">{}</cp:coreProperties>'
)
TOLD = (
    "<dc:title>Bridge to be repaired</dc:title><dc:creator>Ann Lee; Bo Chan</dc:creator>"
    "<dcterms:created>2022-04-03T16:05:00Z</dcterms:created>"
    "<dcterms:modified>2022-04-04T08:00:00Z</dcterms:modified>"
)


def paragraph(text: str, style: str = "", run: str = "") -> str:
    """A paragraph of WordprocessingML."""
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}<w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def docx(body: str, core: str = TOLD, before: str = "", **more: str) -> bytes:
    """A DOCX; ``more`` are parts of the folder ``word``."""
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            f'relationships"><Relationship Id="a" Type="{R}/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
            "docProps/core.xml": CORE.format(core),
            "word/document.xml": f'<?xml version="1.0"?>{before}<w:document xmlns:w="{W}" '
            f'xmlns:r="{R}" xmlns:v="urn:schemas-microsoft-com:vml" '
            'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
            f"<w:body>{body}<w:sectPr/></w:body></w:document>",
            **{f"word/{name}.xml": data for name, data in more.items()},
        }
    )


STYLES = (
    f'<w:styles xmlns:w="{W}"><w:docDefaults/>'
    '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 2"/></w:style></w:styles>'
)


def test_docx_text_and_properties() -> None:
    body = (
        paragraph("Bridge to be repaired", "T")
        + paragraph("The council met &amp; agreed.", run='<w:b/><w:sz w:val="20"/>')
        + paragraph("Costs", "H")
        + "<w:tbl><w:tr><w:tc>"
        + paragraph("Steel")
        + "</w:tc><w:tc>"
        + paragraph("40")
        + "</w:tc></w:tr></w:tbl>"
    )
    found = record(Docx(), docx(body, styles=STYLES))
    assert found.html == (
        "<h1>Bridge to be repaired</h1><p><strong>The council met &amp; agreed.</strong></p>"
        "<h2>Costs</h2><table><tr><td><p>Steel</p></td><td><p>40</p></td></tr></table>"
    )
    assert found.title == "Bridge to be repaired"
    assert found.authors == ["Ann Lee", "Bo Chan"]
    assert found.published_at == "2022-04-03T16:05:00Z"
    assert found.modified_at == "2022-04-04T08:00:00Z"


def test_docx_deletions_are_left_out_and_insertions_kept() -> None:
    body = (
        "<w:p><w:r><w:t>The cost is </w:t></w:r>"
        '<w:del w:id="1"><w:r><w:delText>two</w:delText></w:r></w:del>'
        '<w:ins w:id="2"><w:r><w:t>three</w:t></w:r></w:ins>'
        '<w:moveFrom w:id="3"><w:r><w:t> moved</w:t></w:r></w:moveFrom>'
        "<w:r><w:t> million.</w:t></w:r></w:p>"
    )
    assert record(Docx(), docx(body)).html == "<p>The cost is three million.</p>"


def test_docx_notes_stand_after_the_text() -> None:
    notes = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="1">'
        + paragraph("As said on Monday.")
        + "</w:footnote></w:footnotes>"
    )
    body = (
        '<w:p><w:r><w:t>It was agreed</w:t></w:r><w:r><w:footnoteReference w:id="1"/></w:r>'
        "<w:r><w:t> at noon.</w:t></w:r></w:p>" + paragraph("The end.")
    )
    assert record(Docx(), docx(body, footnotes=notes)).html == (
        "<p>It was agreed at noon.</p><p>The end.</p>"
        '<ol><li id="footnote-1"><p>As said on Monday.</p></li></ol>'
    )


def test_docx_links_and_text_boxes_are_kept_and_pictures_dropped() -> None:
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="l" Type="{R}/hyperlink" Target="https://example.org/a" '
        'TargetMode="External"/>'
        f'<Relationship Id="i" Type="{R}/image" Target="media/i.png"/></Relationships>'
    )
    box = f"<v:textbox><w:txbxContent>{paragraph('In a box.')}</w:txbxContent></v:textbox>"
    body = (
        '<w:p><w:hyperlink r:id="l"><w:r><w:t>linked</w:t></w:r></w:hyperlink>'
        "<w:r><w:drawing/></w:r><w:r><mc:AlternateContent><mc:Choice><w:drawing/></mc:Choice>"
        f'<mc:Fallback><w:pict>{box}<v:shape><v:imagedata r:id="i"/></v:shape></w:pict>'
        "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    data = docx(body, **{"_rels/document.xml.rels"[:-4]: relations})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts["word/_rels/document.xml.rels"] = relations.encode()
    html = record(Docx(), zipped(parts)).html or ""
    assert '<a href="https://example.org/a">linked</a>' in html
    assert "In a box." in html
    assert "<img" not in html
    assert "data:" not in html


def test_docx_whose_parts_stand_elsewhere() -> None:
    with zipfile.ZipFile(io.BytesIO(docx(paragraph("Bridge", "T"), styles=STYLES))) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    package = "http://schemas.openxmlformats.org/package/2006/relationships"

    def relations(*targets: tuple[str, str]) -> str:
        entries = (f'<Relationship Type="{kind}" Target="{to}"/>' for kind, to in targets)
        return f'<Relationships xmlns="{package}">{"".join(entries)}</Relationships>'

    moved: dict[str, str | bytes] = {
        "_rels/.rels": relations(
            (f"{R}/officeDocument", "/text/main.xml"),
            (f"{package}/metadata/core-properties", "told.xml"),
        ),
        "text/main.xml": parts["word/document.xml"],
        "text/_rels/main.xml.rels": relations((f"{R}/styles", "../looks.xml")),
        "looks.xml": parts["word/styles.xml"],
        "told.xml": parts["docProps/core.xml"],
    }
    found = record(Docx(), zipped(moved))
    assert found.html == "<h1>Bridge</h1>"
    assert found.title == "Bridge to be repaired"


def test_docx_without_properties() -> None:
    with zipfile.ZipFile(io.BytesIO(docx(paragraph("Plain text.")))) as archive:
        data = zipped({"word/document.xml": archive.read("word/document.xml")})
    found = record(Docx(), data)
    assert (found.html, found.title, found.published_at) == ("<p>Plain text.</p>", None, None)


def test_docx_of_nothing() -> None:
    assert refused(Docx(), docx("<w:p/>" * 3))[0] == "no_text"


def test_docx_that_lacks_its_main_part() -> None:
    reason, detail = refused(Docx(), zipped({"[Content_Types].xml": "<Types/>"}))
    assert reason == "corrupt_docx"
    assert "word/document.xml" in detail


@pytest.mark.parametrize("declared", [LAUGHS, FETCHED])
def test_docx_that_declares_entities(declared: str) -> None:
    reason, detail = refused(Docx(), docx(paragraph("&a;"), before=declared.replace("lolz", "w")))
    assert reason == "corrupt_docx"
    assert "entities" in detail or "ntity" in detail


def test_docx_bombs() -> None:
    assert refused(Docx(), docx(paragraph(" " * 30_000_000)))[0] == "zip_bomb"
    chance = random.Random(1)
    words = " ".join(str(chance.random()) for _ in range(20_000))
    assert refused(Docx(), docx(paragraph(words)), max_container_bytes=200_000)[0] == "too_large"
    with pytest.raises(Exhausted):
        unwrapped(Docx(), docx(paragraph(words)), max_total_bytes=200_000)


def test_docx_of_too_many_elements() -> None:
    body = "".join(f"<w:p><w:r><w:t>{n}</w:t></w:r></w:p>" for n in range(60_000))
    reason, detail = refused(Docx(), docx(body))
    assert reason == "too_large"
    assert "150000 elements" in detail


def test_docx_of_empty_paragraphs() -> None:
    data = docx("<w:p/>" * 100_000 + paragraph("The end."))
    assert record(Docx(), data).html == "<p>The end.</p>"


@pytest.mark.parametrize("depth", [100, 240, 5_000])
def test_docx_nested_deep(depth: int) -> None:
    tables = (
        "<w:tbl><w:tr><w:tc>" * (depth // 3)
        + paragraph("x")
        + "</w:tc></w:tr></w:tbl>" * (depth // 3)
    )
    (found,) = unwrapped(Docx(), docx(tables))
    assert isinstance(found, Document) or found.reason == "corrupt_docx"  # type: ignore[union-attr]


# ODT

ODF = "urn:oasis:names:tc:opendocument:xmlns"
NAMES = (
    f'xmlns:office="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0" xmlns:table="{ODF}:table:1.0" '
    f'xmlns:style="{ODF}:style:1.0" xmlns:draw="{ODF}:drawing:1.0" xmlns:meta="{ODF}:meta:1.0" '
    f'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
)
META = (
    "<dc:title>Bridge to be repaired</dc:title><meta:initial-creator>Ann Lee</meta:initial-creator>"
    "<dc:creator>Bo Chan</dc:creator><meta:creation-date>2022-04-03T16:05:00.1</meta:creation-date>"
    "<dc:date>2022-04-04T08:00:00</dc:date>"
)


def odt(text: str, before: str = "", kind: str = "text", **more: str | bytes) -> bytes:
    """An ODT; ``more`` are further parts."""
    styles = (
        '<office:automatic-styles><style:style style:name="P1" style:parent-style-name="Title"/>'
        '<style:style style:name="P2" style:parent-style-name="Standard"/>'
        "</office:automatic-styles>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{before}<office:document-content {NAMES}>{styles}<office:body>"
            f"<office:{kind}>{text}</office:{kind}></office:body></office:document-content>",
            "meta.xml": f"<office:document-meta {NAMES}><office:meta>{META}</office:meta>"
            "</office:document-meta>",
            **more,
        }
    )


def test_odt_text_and_properties() -> None:
    text = (
        '<text:p text:style-name="P1">Bridge to be repaired</text:p>'
        '<text:p text:style-name="P2">The <text:span>council</text:span> met<text:s/>'
        "&amp; agreed.<text:line-break/>At last.</text:p>"
        '<text:h text:outline-level="2">Costs</text:h>'
        "<text:list><text:list-item><text:p>Steel</text:p></text:list-item></text:list>"
        '<text:p><text:a xlink:href="https://example.org/?a&amp;b">More</text:a></text:p>'
        "<table:table><table:table-row><table:table-cell><text:p>40</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    found = record(Odt(), odt(text))
    assert (found.html or "").replace("\n", "") == (
        "<h1>Bridge to be repaired</h1><p>The council met &amp; agreed.<br/>At last.</p>"
        "<h2>Costs</h2><ul><li><p>Steel</p></li></ul>"
        '<p><a href="https://example.org/?a&amp;b">More</a></p>'
        "<table><tr><td><p>40</p></td></tr></table>"
    )
    assert found.title == "Bridge to be repaired"
    assert found.authors == ["Ann Lee"]
    assert found.published_at == "2022-04-03T16:05:00.1"
    assert found.modified_at == "2022-04-04T08:00:00"


def test_odt_deletions_comments_and_contents_are_left_out_and_notes_put_last() -> None:
    text = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>two</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        "<text:table-of-content><text:index-body><text:p>1 Costs</text:p></text:index-body>"
        "</text:table-of-content>"
        "<text:p>It cost<office:annotation><text:p>check!</text:p></office:annotation> three"
        "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>So far.</text:p></text:note-body></text:note> million"
        "<draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame>."
        "</text:p><text:p>The end.</text:p>"
    )
    assert (record(Odt(), odt(text)).html or "").replace("\n", "") == (
        "<p>It cost three million.</p><p>The end.</p><p>So far.</p><p>In a box.</p>"
    )


def test_odt_of_other_kinds() -> None:
    reason, detail = refused(Odt(), odt("<table:table/>", kind="spreadsheet"))
    assert (reason, "spreadsheet" in detail) == ("unsupported_format", True)
    assert refused(Odt(), odt("<text:p/>"))[0] == "no_text"
    manifest = (
        f'<m:manifest xmlns:m="{ODF}:manifest:1.0"><m:file-entry><m:encryption-data/>'
        "</m:file-entry></m:manifest>"
    )
    parts: dict[str, str | bytes] = {"META-INF/manifest.xml": manifest, "content.xml": b"\x9f"}
    locked = zipped(parts)
    assert refused(Odt(), locked)[0] == "encrypted"


@pytest.mark.parametrize(
    "parts",
    [
        {"mimetype": "x"},
        {"content.xml": "<a>"},
        {"content.xml": "<a/>"},
        {"content.xml": b"\xff\xfe\x00"},
        {"content.xml": ""},
    ],
)
def test_odt_of_wrong_parts(parts: dict[str, str]) -> None:
    reason, detail = refused(Odt(), zipped(parts))
    assert reason == "corrupt_odt"
    assert "content.xml" in detail


@pytest.mark.parametrize("declared", [LAUGHS, FETCHED])
def test_odt_that_declares_entities(declared: str) -> None:
    assert refused(Odt(), odt("<text:p>&a;&k;</text:p>", declared))[0] == "corrupt_odt"


def test_odt_nested_deep_and_full_of_tags() -> None:
    deep = "<text:section>" * 10_000 + "</text:section>" * 10_000
    assert refused(Odt(), odt(deep))[0] == "corrupt_odt"
    text = random.Random(2).choices(("<text:p/>", "<text:s/>", "<text:tab/>"), k=1_600_000)
    assert refused(Odt(), odt("".join(text)))[0] in ("too_large", "zip_bomb")
    empty = odt("<text:p/>" * 100_000 + "<text:p>The end.</text:p>")
    assert (record(Odt(), empty).html or "").endswith("<p>The end.</p>\n")


# RTF


def rtf(body: str, head: str = r"\ansi\ansicpg1252\deff0") -> bytes:
    """An RTF file with two fonts, one of them Cyrillic."""
    fonts = (
        r"{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset128 M;}}"
    )
    return f"{{\\rtf1{head}{fonts}{{\\colortbl;\\red0;}}{body}}}".encode("latin-1")


def text_of(body: str, head: str = r"\ansi\ansicpg1252\deff0") -> str:
    """The text of an RTF file."""
    return record(Rtf(), rtf(body, head)).text or ""


def test_rtf_text_and_properties() -> None:
    info = (
        r"{\info{\title Bridge to be repaired}{\author Ann Lee; J\'f6rg Ohm}{\*\company Post}"
        r"{\creatim\yr2022\mo4\dy3\hr16\min5}{\revtim\yr2022\mo13\dy3}}"
    )
    found = record(
        Rtf(), rtf(info + r"\pard The council met\'85\par\par It \b agreed\b0 .\line So.")
    )
    assert found.text == "The council met…\n\nIt agreed.\nSo."
    assert found.title == "Bridge to be repaired"
    assert found.authors == ["Ann Lee", "Jörg Ohm"]
    assert found.published_at == "2022-04-03T16:05"
    assert found.modified_at is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\f1 \'cf\'f0\'e8\'e2\'e5\'f2\f0 , caf\'e9", "Привет, café"),
        (r"{\f1 \'cf\'f0\'e8}caf\'e9", "Приcafé"),
        (r"\f2 \'93\'fa\'96\{", "日本"),
        (r"\f2 \'83A\'83\'43", "アイ"),
        (r"\u1055?\u1088\'3f\uc0\u1080 !", "При!"),
        (r"a\u-10179?\u-8704?", "a😀"),
        (r"{\uc2\u8212\'81\'5c}a", "—a"),
        (r"\u8220\ldblquote yes\u8221\rdblquote", "“yes”"),
        (r"a\~b\_c\-d\{e\}\\", r"a b-cd{e}\ ".strip()),
        (r"a\emdash b\lquote c\rquote", "a—b‘c’"),
        ("one\\\ntwo", "one\n\ntwo"),
        (r"a{\v hidden}b\v c\v0 d{\deleted gone}e", "abde"),
        (r"a{\*\unknown gone{\b too}}b{\pict\bin5 }}}}}c}d", "abd"),
        (r"a{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}b", "alinkb"),
        (r"a{\footnote\pard note.}b", "ab\n\nnote."),
        (r"{\header Post}{\footerr 3}a", "a"),
        (r"a\tab b\cell c\row d", "a b c\n\nd"),
    ],
)
def test_rtf_marks(body: str, text: str) -> None:
    assert text_of(body) == text


def test_rtf_code_pages() -> None:
    assert text_of(r"\'cf\'f0", r"\ansi\ansicpg1251") == "Пр"
    assert text_of(r"\'8e", r"\mac") == "é"
    assert text_of(r"caf\'e9", r"\ansi\ansicpg99999") == "café"


def test_rtf_recognised() -> None:
    assert Rtf().recognise(Sample(rtf("x"))) == MAGIC
    assert Rtf().recognise(Sample(b"{\\rt is how RTF begins")) == NO


def test_rtf_hostile() -> None:
    assert refused(Rtf(), b"{\\rtf1 " + b"{" * 500_000)[0] == "nested_too_deep"
    assert refused(Rtf(), rtf(r"\par " * 10))[0] == "no_text"
    assert record(Rtf(), b"{\\rtf1 Begun but never").text == "Begun but never"
    assert record(Rtf(), b"{\\rtf1 Ended}" + b"}{" * 1_000 + b"more").text == "Ended"
    assert refused(Rtf(), b"{\\rtf1\\bin99999999999 }")[0] == "no_text"
    fields = rb"{\field{\*\fldinst HYPERLINK " * 400
    assert record(Rtf(), b"{\\rtf1 a" + fields + b"}" * 800 + b"b}").text == "ab"


def test_rtf_of_too_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.fetcher.formats.rtf.MAX_TOKENS", 1_000)
    assert refused(Rtf(), rtf(r"\b a" * 2_000))[0] == "too_large"


def test_not_recognised_by_a_zips_beginning() -> None:
    assert Docx().recognise(Sample(docx(paragraph("x")))) == NO
    assert Odt().recognise(Sample(odt("<text:p>x</text:p>"))) == NO


GOOD: dict[str, tuple[Callable[[], Format], bytes]] = {
    "docx": (Docx, docx(paragraph("Bridge", "T") + paragraph("The council met."), styles=STYLES)),
    "odt": (Odt, odt("<text:h>Bridge</text:h><text:p>The council met.</text:p>")),
    "rtf": (Rtf, rtf(r"{\info{\title T}}The \'e9 \u8212? {\b council} {\*\x met}.\par")),
}


@pytest.mark.parametrize("name", GOOD)
def test_truncated_anywhere(name: str) -> None:
    make, data = GOOD[name]
    for end in range(8, len(data), 41):
        for found in unwrapped(make(), data[:end]):
            assert isinstance(found, Document | Refused)


@pytest.mark.parametrize("name", ["docx", "odt"])
def test_garbage_behind_the_magic_number(name: str) -> None:
    make, _ = GOOD[name]
    noise = b"PK\x03\x04" + random.Random(5).randbytes(5_000)
    assert refused(make(), noise)[0] == f"corrupt_{name}"


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_bytes_never_raise(name: str, data: st.DataObject) -> None:
    make, good = GOOD[name]
    if name != "rtf":  # otherwise the checksums catch every change
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            parts = {info.filename: archive.read(info) for info in archive.infolist()}
        part = data.draw(st.sampled_from(sorted(parts)))
        parts[part] = changed(parts[part], data)
        good = zipped(parts, zipfile.ZIP_STORED)
    if name == "rtf" or data.draw(st.booleans()):
        good = changed(good, data)
    try:
        for found in unwrapped(make(), good):
            assert isinstance(found, Document | Refused)
    except (PartRefused, Exhausted):
        pass


def changed(good: bytes, data: st.DataObject) -> bytes:
    """``good`` with a few bytes written over."""
    out = bytearray(good)
    for _ in range(data.draw(st.integers(1, 5))):
        put = data.draw(st.binary(max_size=6))
        place = data.draw(st.integers(0, len(out) - 1))
        out[place : place + len(put)] = put
    return bytes(out)


def test_in_an_archive_each_is_opened_by_what_it_is() -> None:
    archive = zipped(
        {
            "a.zip": GOOD["docx"][1],  # names do not count
            "b.bin": GOOD["odt"][1],
            "c.txt": GOOD["rtf"][1],
            "d.docx": zipped({"inner.txt": b"Rain fell on the town all night."}),
            "e.odt": zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}),
        }
    )
    found = Fetch(load_settings(FetcherSettings))(Message(archive, headers=(("filename", b"x"),)))
    told = {}
    for outcome in found:
        if isinstance(outcome, Emit):
            told[Envelope.parse(outcome.headers).member] = outcome.value or b""
        elif isinstance(outcome, Reject):
            told[outcome.member] = outcome.reason.encode()
    assert told.pop("d.docx/inner.txt") == b"Rain fell on the town all night."
    assert told.pop("e.odt") == b"corrupt_odt"
    assert sorted(told) == ["a.zip", "b.bin", "c.txt"]
    assert all(b"council" in value for value in told.values())
