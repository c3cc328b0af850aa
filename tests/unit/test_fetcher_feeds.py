"""Feeds dropped as files: recognised by their bytes, each entry a document of its own."""

from __future__ import annotations

import orjson
import pytest

from services.fetcher.formats.base import Document, Refused
from services.fetcher.formats.feed import FeedFile, JsonFeed
from services.fetcher.formats.text import Xml
from shared.feeds import parse_feed
from tests.unit.unwrapping import reasons, recognised, records, unwrap

ATOM = """<?xml version="1.0" encoding="{charset}"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Blatt</title>
<entry><title>Müll</title><link href="https://b.example/1"/><updated>2024-01-02T03:04:05Z</updated>
<author><name>Ada Wenz</name></author><category term="Stadt"/>
<summary>Kurz.</summary><content type="html">&lt;p&gt;Lang und breit.&lt;/p&gt;</content></entry>
<entry><title>Nur Titel</title><link href="https://b.example/2"/></entry>
<entry><title>Ohne Link</title><summary>Nur das.</summary><link href="/relative"/></entry>
</feed>"""


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16"])
def test_each_entry_is_a_record(charset: str) -> None:
    data = ATOM.format(charset=charset).encode(charset)
    assert recognised(FeedFile(), data) > 65
    found = list(unwrap(FeedFile(), data))
    full, short = records(found)
    assert full.html == "<p>Lang und breit.</p>"
    assert (full.title, full.authors, full.topics) == ("Müll", ["Ada Wenz"], ["Stadt"])
    assert (full.url, full.site_name, full.language) == ("https://b.example/1", "Blatt", "de")
    assert (full.published_at, full.modified_at) == ("2024-01-02T03:04:05Z",) * 2
    assert full.description == "Kurz."
    assert (short.html, short.url, short.description) == ("Nur das.", None, None)
    assert [getattr(f, "step", "") for f in found] == ["entry 1", "entry 2", "entry 3"]


def test_an_entry_without_a_text_is_refused_with_its_link_and_facts() -> None:
    _, refused, _ = unwrap(FeedFile(), ATOM.format(charset="utf-8").encode())
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.step, refused.whole) == ("no_text", "entry 2", False)
    assert "https://b.example/2" in refused.detail
    assert orjson.loads(refused.data)["title"] == "Nur Titel"


def test_json_feeds_are_records_too() -> None:
    data = orjson.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [
            {"id": "1", "url": "https://j.example/1", "content_text": "Ein Text."},
            {"id": "2", "title": "leer"}]}
    )  # fmt: skip
    assert recognised(JsonFeed(), data) > 62
    assert recognised(FeedFile(), data) == 0
    found = list(unwrap(JsonFeed(), data))
    assert [record.html for record in records(found)] == ["Ein Text."]
    assert reasons(found) == ["no_text"]


@pytest.mark.parametrize(
    "data",
    [b"<html><body>rss</body></html>", b"<opml/>", b"a feed", b'{"items": []}', b"<feeding/>"],
)
def test_other_things_are_no_feeds(data: bytes) -> None:
    assert recognised(FeedFile(), data) == recognised(JsonFeed(), data) == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<rss version='2.0'><channel><title>t</title></channel></rss>", "no_entries"),
        (b"<feed", "invalid_feed"),
    ],
)
def test_a_feed_with_nothing_in_it_is_refused_as_a_whole(data: bytes, reason: str) -> None:
    (refused,) = unwrap(FeedFile(), data)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.whole) == (reason, True)


def test_what_follows_the_last_entry_that_is_read_is_named() -> None:
    data = b"<rss><channel>" + b"<item><description>a</description></item>" * 10_001
    found = list(unwrap(FeedFile(), data))
    last = found[-1]
    assert len(found) == 10_001
    assert isinstance(last, Refused)
    assert (last.reason, last.step) == ("feed_cut", "entry 10001")


# Each of these made a parser of feeds go over the rest of the file for each sign of it; at this
# size that is hours. The suite's time limit is the test.
HOSTILE = {
    "white space before the root": b"\n" * 300_000 + b"%s",
    "an endless declaration": b"<?xml " + b"encoding='" * 30_000 + b"%s",
    "quotes that do not close": b"%s<![CDATA[" + b'<a "<b" \'' * 20_000 + b"]]>",
    "open comments": b"%s<![CDATA[" + b"<!--" + b"-" * 300_000 + b"]]>",
    "long styles": b"%s<![CDATA[<p style='" + b"a" * 300_000 + b"'>]]>",
    "addresses": b"%s</description><author>" + b"a" * 300_000 + b"@</author><description>",
    "topics": b"%s</description>"
    + b"".join(b"<category>%d</category>" % i for i in range(20_000))
    + b"<description>",
    "nesting": b"%s" + b"<a xml:base='a/'>" * 50_000,
    "loose quotes": b"%s" + b'</a "<b" \'' * 20_000,
    "attributes": b"%s<![CDATA[<p " + b"a=1 " * 60_000 + b">]]>",
    "numbers": b"%s<![CDATA[&#" + b"9" * 300_000 + b";]]>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_feeds_take_no_longer_than_their_size(name: str) -> None:
    start = b"<rss version='2.0'><channel><item><title>t</title><description>Text. "
    data = HOSTILE[name].replace(b"%s", start) + b"</description></item></channel></rss>"
    (entry,) = parse_feed(data).entries
    assert entry.title == "t"


def test_a_tag_of_thousands_of_attributes_is_refused() -> None:
    attributes = " ".join(f"a{i}='1'" for i in range(5_000))
    data = f"<rss {attributes}><channel><item><title>t</title></item></channel></rss>".encode()
    assert reasons(list(unwrap(FeedFile(), data))) == ["invalid_feed"]
    loose = data.replace(b"</rss>", b"").replace(b"'", b"")
    assert reasons(list(unwrap(FeedFile(), loose))) == ["invalid_feed"]


def test_entities_do_not_multiply() -> None:
    levels = b"".join(b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 10))
    laughs = b"<!DOCTYPE rss [<!ENTITY a0 'lol'>" + levels + b"]>"
    item = (
        b"<rss><channel><item><title>t</title><description>%s</description></item></channel></rss>"
    )
    (document,) = unwrap(FeedFile(), laughs + item % b"&a9; text")
    assert isinstance(document, Document)
    assert len(document.data) < 1_000
    long = b"<!DOCTYPE rss [<!ENTITY a '" + b"x" * 10_000 + b"'>]>" + item % (b"&a;" * 10_000)
    assert reasons(list(unwrap(FeedFile(), long))) == ["invalid_feed"]
    files = b"<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + item % b"&a; text"
    assert b"root:" not in b"".join(
        f.data for f in unwrap(FeedFile(), files) if isinstance(f, Document)
    )


@pytest.mark.parametrize(
    ("root", "told"), [("opml", "wireroom sources add"), ("urlset", "wireroom fetch"), ("x", "(x)")]
)
def test_other_xml_is_refused_with_what_reads_it(root: str, told: str) -> None:
    data = f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY a "b">]><{root}/>'.encode()
    assert recognised(FeedFile(), data) == 0
    (refused,) = unwrap(Xml(), data)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.whole) == ("unsupported_format", True)
    assert told in refused.detail
