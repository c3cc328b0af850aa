"""The news industry's own formats: NITF, NewsML-G2 and NewsML 1, ninjs."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.fetcher.formats.base import Document, Format, Refused
from services.fetcher.formats.newsml import NewsMl
from services.fetcher.formats.ninjs import Ninjs
from services.fetcher.formats.nitf import Nitf
from services.fetcher.formats.text import Html, Xml
from tests.unit.unwrapping import limits, reasons, recognised, records, unwrap

NITF = """<?xml version="1.0" encoding="{charset}"?>
<!DOCTYPE nitf SYSTEM "http://www.nitf.org/IPTC/NITF/3.6/specification/dtd/nitf-3-6.dtd">
<nitf xml:lang="de-DE"><head><title>Kopf</title>
<tobject><tobject.subject tobject.subject.type="Disaster" tobject.subject.matter="Flood"/></tobject>
<docdata management-status="{status}"><doc-id id-string="x1"/>
<date.issue norm="20240102T101112+0100"/><key-list><keyword key="Rhein"/></key-list></docdata>
<pubdata name="Blatt" ex-ref="https://b.example/1"/></head>
<body><body.head><hedline><hl1>Flut am <em>Rhein</em></hl1><hl2>Nacht</hl2></hedline>
<byline>By <person>Ada Wenz</person><byttl>Staff Writer</byttl></byline>
<dateline><location>Köln</location></dateline>
<abstract><p>Kurz.</p></abstract></body.head>
<body.content>{content}</body.content>
<body.end><tagline>Ende</tagline></body.end></body></nitf>"""
CONTENT = (
    '<block><p>Das Wasser<br/>stieg &lt; 9 m &#8211; &copy; <a href="https://a.example/?a=1&amp;b=2">'
    'a</a><a href="javascript:x()">b</a>.</p></block>'
    "<media><media-caption>Bild</media-caption></media><hl2>Morgen</hl2><p>Es fiel.</p>"
    "<script>x()</script>"
)
G2 = 'xmlns="http://iptc.org/std/nar/2006-10-01/"'
ITEM = """<newsItem {ns} guid="urn:newsml:a.example:{guid}" version="1" standard="NewsML-G2"
 xml:lang="en-GB"><itemMeta><itemClass qcode="ninat:{kind}"/><provider qcode="nprov:ACME"/>
<versionCreated>2024-01-02T10:00:00Z</versionCreated><firstCreated>2024-01-01T09:00:00Z</firstCreated>
<pubStatus qcode="stat:{status}"/></itemMeta>
<contentMeta><creator qcode="p:1"><name>Ada Wenz</name></creator><by>By someone else</by>
<language tag="en"/><subject qcode="medtop:1"><name>flood</name></subject>
<subject qcode="medtop:2"/><headline role="hlrole:sub">Sub</headline>
<headline role="hlrole:main">River  rises</headline><description>Short.</description></contentMeta>
<contentSet>{content}</contentSet></newsItem>"""
XHTML = (
    '<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml">'
    "<head><title>no</title></head><body><h1>H</h1><p>Water <b>rose</b>.</p>"
    "<script>x()</script></body></html></inlineXML>"
)


def item(content: str = XHTML, guid: str = "1", kind: str = "text", status: str = "usable") -> str:
    """A news item of NewsML-G2."""
    return ITEM.format(ns=G2, guid=guid, kind=kind, status=status, content=content)


def message(*items: str) -> bytes:
    """A news message with ``items``."""
    return f"<newsMessage {G2}><header/><itemSet>{''.join(items)}</itemSet></newsMessage>".encode()


def refusals(chosen: Format, data: bytes) -> list[Refused]:
    return [found for found in unwrap(chosen, data) if isinstance(found, Refused)]


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16"])
def test_nitf_gives_its_text_and_facts(charset: str) -> None:
    data = NITF.format(charset=charset, status="usable", content=CONTENT).encode(charset)
    assert recognised(Nitf(), data) > 65
    (record,) = records(list(unwrap(Nitf(), data)))
    assert record.html == (
        "<p>Das Wasser<br>stieg &lt; 9 m – © "
        '<a href="https://a.example/?a=1&amp;b=2">a</a><a>b</a>.</p><h3>Morgen</h3><p>Es fiel.</p>'
    )
    assert (record.title, record.authors) == ("Flut am Rhein", ["Ada Wenz"])
    assert (record.published_at, record.description) == ("2024-01-02T10:11:12+0100", "Kurz.")
    assert (record.topics, record.language) == (["Flood", "Rhein"], "de-DE")
    assert (record.site_name, record.url) == ("Blatt", "https://b.example/1")


def test_archives_repeat_the_lead_which_is_taken_once() -> None:
    content = (
        '<block class="lead_paragraph"><p>Lead.</p></block>'
        '<block class="full_text"><p>Lead.</p><p>Rest.</p></block>'
    )
    data = NITF.format(charset="utf-8", status="usable", content=content).encode()
    assert records(list(unwrap(Nitf(), data)))[0].html == "<p>Lead.</p><p>Rest.</p>"


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        ("canceled", CONTENT, "canceled"),
        ("withheld", CONTENT, "withheld"),
        ("embargoed", CONTENT, "withheld"),
        ("usable", " <block/> ", "no_text"),
    ],
)
def test_nitf_that_must_not_or_cannot_be_used_is_refused(
    status: str, content: str, reason: str
) -> None:
    data = NITF.format(charset="utf-8", status=status, content=content).encode()
    (refused,) = refusals(Nitf(), data)
    assert (refused.reason, refused.whole) == (reason, True)


def test_a_news_item_with_xhtml_is_a_record() -> None:
    data = b'<?xml version="1.0"?>\n' + item().encode()
    assert recognised(NewsMl(), data) > 65
    (found,) = unwrap(NewsMl(), data)
    assert isinstance(found, Document)
    assert found.step == ""
    (record,) = records([found])
    assert record.html == "<h1>H</h1><p>Water <b>rose</b>.</p>"
    assert (record.title, record.authors, record.topics) == ("River rises", ["Ada Wenz"], ["flood"])
    assert (record.published_at, record.modified_at) == (
        "2024-01-01T09:00:00Z", "2024-01-02T10:00:00Z")  # fmt: skip
    assert (record.language, record.site_name, record.url) == ("en", "ACME", None)
    assert record.description == "Short."


@pytest.mark.parametrize(
    ("content", "html"),
    [
        (
            '<inlineXML contenttype="application/nitf+xml"><nitf xmlns="http://iptc.org/std/NITF/'
            '2006-10-18/"><body><body.head/><body.content><p>N.</p></body.content></body></nitf>'
            "</inlineXML>",
            "<p>N.</p>",
        ),
        (
            '<inlineData contenttype="text/plain">a &lt; b\n\nc</inlineData>',
            "<p>a &lt; b</p><p>c</p>",
        ),
        ('<inlineData contenttype="text/html">&lt;p>H&lt;/p></inlineData>', "<p>H</p>"),
        (
            '<remoteContent href="https://a.example/v.mp4"/><inlineData contenttype="image/png">'
            'aGk=</inlineData><inlineData contenttype="text/plain">T</inlineData>',
            "<p>T</p>",
        ),
    ],
)
def test_content_is_read_in_all_its_forms(content: str, html: str) -> None:
    assert records(list(unwrap(NewsMl(), item(content).encode())))[0].html == html


def test_items_of_a_message_have_their_places_and_faults_their_names() -> None:
    data = message(
        item(guid="1"),
        item(guid="2", status="withheld"),
        item(guid="3", status="canceled"),
        item(guid="4", kind="picture", content='<remoteContent href="https://a.example/p.jpg"/>'),
        item(guid="5", content='<remoteContent href="https://a.example/t.xml"/>'),
        item(guid="6"),
        "<planningItem/>",
    )
    found = list(unwrap(NewsMl(), data))
    assert [getattr(one, "step", "-") for one in found] == [
        "item 1", "item 2", "item 3", "-", "item 5", "item 6", "-"]  # fmt: skip
    assert reasons(found) == ["withheld", "canceled", "media", "no_text", "planningitem"]
    withheld, _, elsewhere = (one for one in found if isinstance(one, Refused))
    assert "urn:newsml:a.example:2" in withheld.detail
    assert b"urn:newsml:a.example:2" in withheld.data
    assert "https://a.example/t.xml" in elsewhere.detail
    assert len(records(found)) == 2


def test_a_package_names_what_is_not_beside_it() -> None:
    package = (
        f'<packageItem {G2} guid="urn:p"><groupSet root="g"><group id="g">'
        '<itemRef residref="urn:newsml:a.example:1"/><itemRef residref="urn:gone"/>'
        '<itemRef href="https://a.example/far"/></group></groupSet></packageItem>'
    )
    (refused,) = refusals(NewsMl(), message(package, item(guid="1")))
    assert (refused.reason, refused.step) == ("not_inside", "item 1")
    assert "names 2 items" in refused.detail
    assert "urn:gone, https://a.example/far" in refused.detail
    full = package.replace('<itemRef residref="urn:gone"/>', "").replace(
        '<itemRef href="https://a.example/far"/>', ""
    )
    assert reasons(list(unwrap(NewsMl(), message(full, item(guid="1"))))) == ["package"]
    (alone,) = refusals(NewsMl(), package.encode())
    assert (alone.reason, alone.whole) == ("not_inside", True)


def test_a_picture_alone_is_refused_and_an_empty_message_too() -> None:
    (refused,) = refusals(NewsMl(), item(kind="picture", content="").encode())
    assert (refused.reason, refused.whole) == ("no_text", True)
    (refused,) = refusals(NewsMl(), message())
    assert (refused.reason, refused.whole) == ("no_items", True)


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("<nitf><body><body.content><p>N.</p></body.content></body></nitf>", "<p>N.</p>"),
        ("<html><body><p>H</p></body></html>", "<p>H</p>"),
        ("Plain &amp; simple.", "<p>Plain &amp; simple.</p>"),
    ],
)
def test_newsml_1_is_read_too(content: str, html: str) -> None:
    data = f"""<?xml version="1.0"?><NewsML Version="1.2"><NewsItem xml:lang="fr">
    <NewsManagement><FirstCreated>20240102T101112Z</FirstCreated>
    <ThisRevisionCreated>20240103T101112+0200</ThisRevisionCreated><Status FormalName="Usable"/>
    </NewsManagement><NewsComponent><NewsLines><HeadLine>Crue</HeadLine><ByLine>Par A. B.</ByLine>
    </NewsLines><AdministrativeMetadata><Provider><Party FormalName="AFP"/></Provider>
    </AdministrativeMetadata><NewsComponent><ContentItem Href="p.jpg">
    <MediaType FormalName="Photo"/>
    </ContentItem></NewsComponent><NewsComponent><DescriptiveMetadata><Language FormalName="fr"/>
    </DescriptiveMetadata><ContentItem><MediaType FormalName="Text"/><DataContent>{content}
    </DataContent></ContentItem></NewsComponent></NewsComponent></NewsItem></NewsML>""".encode()
    (record,) = records(list(unwrap(NewsMl(), data)))
    assert record.html == html
    assert (record.title, record.authors, record.site_name) == ("Crue", ["Par A. B."], "AFP")
    assert (record.published_at, record.language) == ("2024-01-02T10:11:12Z", "fr")
    stopped = data.replace(b"Usable", b"Canceled")
    assert reasons(list(unwrap(NewsMl(), stopped))) == ["canceled"]


ONE: dict[str, Any] = {
    "uri": "https://n.example/1", "type": "text", "versioncreated": "2024-01-02T10:00:00Z",
    "pubstatus": "usable", "language": "en", "headline": "River &amp; rain",
    "byline": "By Ada Wenz",
    "body_text": "Water rose.", "body_xhtml": "<p>Water rose.</p>", "description_text": "Short.",
    "subject": [{"name": "flood", "code": "1"}], "keyword": ["rain"],
    "infosource": [{"name": "TNA"}],
}  # fmt: skip
TWO: dict[str, Any] = {
    "uri": "urn:n:2", "versioncreated": "2024-01-02T10:00:00Z",
    "firstcreated": "2024-01-01T08:00:00Z",
    "headlines": [{"role": "sub", "value": "Sub"}, {"role": "main", "value": "<b>River</b>"}],
    "bodies": [{"contenttype": "text/plain", "value": "Water."}], "by": "Von A. B.",
    "subjects": [{"name": "flood"}],
}  # fmt: skip
THREE: dict[str, Any] = {
    "uri": "urn:n:3", "versionCreated": "2024-01-02T10:00:00Z", "pubStatus": "usable",
    "headlines": [{"value": "River"}], "people": [{"name": "A. B.", "rel": "author"}],
    "bodies": [{"contentType": "text/plain", "value": "Water."},
               {"contentType": "application/xhtml+xml", "value": "<p>Water.</p>"}],
}  # fmt: skip


def test_ninjs_of_all_versions_gives_records() -> None:
    data = orjson.dumps([ONE, TWO, THREE])
    assert recognised(Ninjs(), data) > 65
    one, two, three = records(list(unwrap(Ninjs(), data)))
    assert (one.html, one.text, one.title) == ("<p>Water rose.</p>", None, "River & rain")
    assert (one.authors, one.topics, one.site_name) == (["Ada Wenz"], ["flood", "rain"], "TNA")
    assert (one.url, one.description, one.language) == ("https://n.example/1", "Short.", "en")
    assert (two.html, two.text, two.title) == (None, "Water.", "River")
    assert (two.published_at, two.modified_at) == ("2024-01-01T08:00:00Z", "2024-01-02T10:00:00Z")
    assert (three.html, three.authors) == ("<p>Water.</p>", ["A. B."])
    assert three.published_at == "2024-01-02T10:00:00Z"


@pytest.mark.parametrize("value", [ONE, TWO, THREE, [ONE]])
def test_ninjs_is_told_by_a_uri_and_its_own_names(value: Any) -> None:
    assert recognised(Ninjs(), orjson.dumps(value)) > 65


@pytest.mark.parametrize(
    "data",
    [
        b'{"uri": "https://a.example", "text": "x", "title": "y"}',
        b'{"headline": "x", "body_text": "y"}',
        orjson.dumps(ONE) + b"\n" + orjson.dumps(TWO),
        b'A text that says "uri": "x" and "pubstatus".',
    ],
)
def test_other_json_is_no_ninjs(data: bytes) -> None:
    assert recognised(Ninjs(), data) == 0


def test_associated_items_count_by_themselves() -> None:
    picture = {"uri": "urn:p", "type": "picture", "headline": "Photo"}
    far = {"uri": "urn:far", "type": "text"}
    old = {**ONE, "associations": {"pic": picture, "side": {**TWO, "pubstatus": "withheld"}}}
    found = list(unwrap(Ninjs(), orjson.dumps(old)))
    assert [getattr(one, "step", "-") for one in found] == ["", "-", "association side"]
    assert reasons(found) == ["media", "withheld"]
    new = {**THREE, "associations": [{**TWO, "name": "side"}, far]}
    found = list(unwrap(Ninjs(), orjson.dumps([new])))
    assert [getattr(one, "step", "-") for one in found] == [
        "item 1", "item 1/association side", "item 1/association 2"]  # fmt: skip
    assert reasons(found) == ["not_inside"]
    assert "urn:far" in refusals(Ninjs(), orjson.dumps([new]))[0].detail


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({**ONE, "pubstatus": "canceled"}, "canceled"),
        ({"uri": "u", "versioncreated": "2024", "type": "picture"}, "no_text"),
    ],
)
def test_ninjs_that_cannot_be_used_is_refused_as_a_whole(value: Any, reason: str) -> None:
    (refused,) = refusals(Ninjs(), orjson.dumps(value))
    assert (refused.reason, refused.whole) == (reason, True)


def test_items_in_items_are_followed_to_a_depth() -> None:
    value: dict[str, Any] = ONE
    for _ in range(6):
        value = {**ONE, "associations": {"a": value}}
    found = list(unwrap(Ninjs(), orjson.dumps(value)))
    assert len(records(found)) == 4
    assert reasons(found) == ["nested_too_deep"]


@pytest.mark.parametrize(
    ("chosen", "data"),
    [
        (Nitf(), b"<nitf>" + b"<p>" * 100_000),
        (Nitf(), b"<nitf><body><body.content><p>Text" + b"<em>x" * 50_000),
        (NewsMl(), b"<newsMessage><itemSet>" + b"<newsItem>" * 50_000),
        (NewsMl(), b"<newsItem><contentSet><inlineXML>" + b"<p>x</p>" * 50_000),
        (Ninjs(), b'{"uri": "x", "pubstatus": ' + b"[" * 100_000),
        (Ninjs(), b'{"uri": "x", "pubstatus": "usable", "associations": {"a": ' * 10_000),
    ],
)
def test_hostile_nesting_is_bounded(chosen: Format, data: bytes) -> None:
    found = list(unwrap(chosen, data))
    assert found
    assert all(isinstance(one, Refused | Document) for one in found)


def test_entities_are_neither_followed_nor_multiplied() -> None:
    levels = "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
    for subset in (
        f"<!ENTITY a0 'lol'>{levels}",
        "<!ENTITY a9 SYSTEM 'file:///etc/passwd'>",
        "<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'> %p;",
    ):
        data = NITF.format(charset="utf-8", status="usable", content="<p>Text &a9;</p>")
        data = data.replace("<!DOCTYPE nitf SYSTEM", f"<!DOCTYPE nitf [{subset}]><!-- ").replace(
            'nitf-3-6.dtd">', 'nitf-3-6.dtd" -->'
        )
        (record,) = records(list(unwrap(Nitf(), data.encode())))
        assert record.html is not None
        assert len(record.html) < 100
        assert "root:" not in record.html


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<block>", "<block><x:y a:b='c'>"),  # prefixes without a declaration
        ("<block>", "<block>&#xD800;&#0;&#99999999999;\x01"),  # characters that XML has not
        ("<block>", "<block>&nbsp;&unknown;"),
        ("</block>", ""),
        ("utf-8", "latin-1"),
        ("utf-8", "no-such-charset"),
    ],
)
def test_ill_formed_xml_is_read_as_far_as_it_makes_sense(old: str, new: str) -> None:
    data = NITF.format(charset="utf-8", status="usable", content=CONTENT).replace(old, new)
    (record,) = records(list(unwrap(Nitf(), data.encode())))
    assert record.title == "Flut am Rhein"
    assert "stieg &lt; 9 m – ©" in (record.html or "")


def test_too_many_tags_are_refused_before_they_are_read() -> None:
    data = b"<nitf>" + b"<p/>" * 2_000 + b"</nitf>"
    found = list(unwrap(Nitf(), data, settings=limits(max_json_values=1_000)))
    assert reasons(found) == ["too_large"]
    assert reasons(list(unwrap(Nitf(), data, settings=limits(max_json_bytes=1_000)))) == [
        "too_large"
    ]


@pytest.mark.parametrize("data", [NITF.encode(), item().encode(), message(item())])
def test_they_are_surer_than_what_reads_any_markup(data: bytes) -> None:
    sure = max(recognised(Nitf(), data), recognised(NewsMl(), data))
    assert sure > max(recognised(Html(), data), recognised(Xml(), data))
