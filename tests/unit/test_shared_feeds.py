"""Feeds: what is read of RSS, RDF, Atom and JSON Feed, and what hostile ones may not cost."""

from __future__ import annotations

import io
import re
import tarfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import feedparser
import orjson
import pytest
from lxml.html import document_fromstring

from shared.errors import PermanentError
from shared.feeds import FeedEntry, looks_like_feed, parse_feed
from tests.shared_data import shared_data

MARKUP = ("text/html", "application/xhtml+xml")
RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"
 xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>
<title>Rhine &amp;amp; Ruhr</title><link>https://news.example/</link><language>de-DE</language>
<ttl>15</ttl><atom:link rel="next" href="?page=2"/><atom:link rel="hub" href="https://hub.example/"/>
<item><title>Wasser <![CDATA[<b>steigt</b>]]></title><link>/a?x=1&amp;y=2</link>
<dc:creator>Ada Wenz</dc:creator><pubDate>Tue, 02 Jan 2024 10:00:00 +0100</pubDate>
<category>Flut</category><category>Köln</category>
<description>Kurz.</description>
<content:encoded><![CDATA[<p onclick="x()">Lang. <a href="b">b</a></p><script>y()</script>]]>
</content:encoded></item>
<item><guid>https://news.example/guid</guid><pubDate>gestern</pubDate></item>
<item><guid isPermaLink="false">urn:7</guid></item>
</channel></rss>"""


def suite(name: str) -> Iterator[tuple[str, bytes]]:
    """The XML files of a suite of feeds."""
    with tarfile.open(shared_data("suites", name)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".xml") else None
            if file is not None:
                yield member.name, file.read()


def theirs(data: bytes) -> Any:
    """``data`` as feedparser gives it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return feedparser.parse(io.BytesIO(data))


def test_an_rss_feed_gives_its_facts_and_entries() -> None:
    feed = parse_feed(RSS.encode(), "application/rss+xml", "https://news.example/feed/rss")
    assert (feed.title, feed.link, feed.language) == (
        "Rhine & Ruhr",
        "https://news.example/",
        "de-DE",
    )
    assert (feed.ttl, feed.cut) == (900, "")
    assert feed.next_url == "https://news.example/feed/rss?page=2"
    assert feed.hub == "https://hub.example/"
    first, second, third = feed.entries
    assert first == FeedEntry(
        link="https://news.example/a?x=1&y=2",
        title="Wasser steigt",
        published="2024-01-02T09:00:00Z",
        authors=("Ada Wenz",),
        summary="Kurz.",
        content='<p>Lang. <a href="https://news.example/feed/b">b</a></p>',
        topics=("Flut", "Köln"),
    )
    assert second.link == second.id == "https://news.example/guid"
    assert second.published == "gestern"
    assert (third.link, third.id) == ("", "urn:7")


def test_texts_are_left_out_on_request() -> None:
    whole, facts = parse_feed(RSS.encode()), parse_feed(RSS.encode(), texts=False)
    assert whole.entries[0].content
    assert facts.entries == tuple(replace(e, content="", summary="") for e in whole.entries)
    data = orjson.dumps({"items": [{"id": "1", "title": "T", "content_html": "x", "summary": "y"}]})
    assert parse_feed(data, texts=False).entries == (FeedEntry(id="1", title="T"),)


def test_periods_of_the_syndication_module_are_seconds() -> None:
    text = RSS.replace(
        "<ttl>15</ttl>",
        "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
    )
    assert parse_feed(text.encode()).ttl == 21_600
    assert parse_feed(RSS.replace("15", "soon").encode()).ttl is None
    assert parse_feed(RSS.replace("15", "0").encode()).ttl is None


def test_links_of_atom_are_resolved_by_xml_base() -> None:
    feed = parse_feed(
        b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/x/" xml:lang="fr">'
        b'<title>F</title><entry xml:base="y/"><title type="html">&lt;i>Un&lt;/i></title>'
        b'<link href="z"/><updated>2024-05-06T07:08:09+02:00</updated>'
        b"<author><name>B. C.</name></author>"
        b'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Eau '
        b'<a href="q">q</a></p></div></content></entry></feed>'
    )
    (entry,) = feed.entries
    assert entry.link == "https://a.example/x/y/z"
    assert entry.content == '<p>Eau <a href="https://a.example/x/y/q">q</a></p>'
    assert (entry.title, entry.language, entry.authors) == ("Un", "fr", ("B. C.",))
    assert (entry.published, entry.dated) == ("", "2024-05-06T05:08:09Z")


def test_plain_text_keeps_its_brackets_and_paragraphs() -> None:
    feed = parse_feed(
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>t</title>'
        b'<content type="text">2 &lt; 3\n\nSo it is.</content></entry></feed>'
    )
    assert feed.entries[0].content == "<p>2 &lt; 3</p><p>So it is.</p>"


def test_a_json_feed_is_read_in_both_versions() -> None:
    items = [
        {"id": "https://j.example/1", "content_html": "<p>Hi<script>x()</script></p>",
         "date_published": "2024-01-02T03:04:05Z", "tags": ["a", 3], "authors": [{"name": "Eve"}]},
        {"id": 2, "url": "/2", "content_text": "a < b", "author": {"name": "Old"}, "title": "T"},
        "no item",
    ]  # fmt: skip
    feed = parse_feed(
        orjson.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "en",
             "feed_url": "https://j.example/f.json", "home_page_url": "/", "next_url": "?p=2",
             "authors": [{"name": "Own"}], "hubs": [{"type": "WebSub", "url": "https://h.example"}],
             "items": items}
        )
    )  # fmt: skip
    assert (feed.title, feed.link, feed.language) == ("J", "https://j.example/", "en")
    assert (feed.next_url, feed.hub) == ("https://j.example/f.json?p=2", "https://h.example")
    assert feed.entries == (
        FeedEntry(id="https://j.example/1", link="https://j.example/1", content="<p>Hi</p>",
                  published="2024-01-02T03:04:05Z", topics=("a",), authors=("Eve",)),
        FeedEntry(id="2", link="https://j.example/2", content="a &lt; b", authors=("Old",),
                  title="T"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (RSS, True),
        (
            '\ufeff \n<!-- a -->\n<?xml-stylesheet href="x"?><!DOCTYPE rss [<!ENTITY a "b">]><rss>',
            True,
        ),
        ('<a:feed xmlns:a="http://www.w3.org/2005/Atom">', True),
        ('<rdf:RDF xmlns="http://purl.org/rss/1.0/">', True),
        ('<rdf:RDF xmlns:foaf="http://xmlns.com/foaf/0.1/">', False),
        ('{"title": "x", "version": "https://jsonfeed.org/version/1"}', True),
        ('{"version": "1.0", "items": []}', False),
        ("<html><body><rss>", False),
        ("<feedback>", False),
        ("rss", False),
        ("", False),
    ],
)
def test_a_feed_is_told_by_its_root_or_version(head: str, expected: bool) -> None:
    assert looks_like_feed(head) is expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither"),
        (b"Just a text.", "neither"),
        (b"\x00\x01\x02" * 50, "neither"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": 3}', "list of items"),
        (b'{"version": ', "cannot be read"),
        (b"{" + b"[" * 600_000, "objects and arrays"),
    ],
)
def test_what_is_no_feed_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(PermanentError, match=why) as caught:
        parse_feed(data)
    assert caught.value.reason == "invalid_feed"


@pytest.mark.parametrize(
    "label",
    [b"\x90", b"idna", b"punycode", b"hex", b"undefined", b"utf-8", b"no-such-charset", b"\x00"],
)
@pytest.mark.parametrize("between", [b"", b" a='b' encoding='utf-8'"])
def test_a_declared_charset_may_be_anything(label: bytes, between: bytes) -> None:
    start = b"<?xml version='1.0' encoding='" + label + b"'" + between + b"?>"
    data = start + "<rss><item><title>Köln</title></item></rss>".encode()
    assert [entry.title for entry in parse_feed(data).entries] == ["Köln"]


def test_json_as_people_write_it_is_read() -> None:
    data = (
        b'\xef\xbb\xbf{"version": "https://jsonfeed.org/version/1", "items": [{"id": NaN, "url": '
        b'"https://j.example/\\ud800", "content_html": "<p>a\tb\\ud800</p>", '
        b'"tags": ["\\ud800x"]}]}'
    )
    (entry,) = parse_feed(data).entries
    assert (entry.link, entry.content, entry.topics) == (
        "https://j.example/?", "<p>a\tb?</p>", ("?x",))  # fmt: skip


def test_every_file_of_the_suites_reads_as_feedparser_reads_it() -> None:
    counts: Counter[str] = Counter()
    different: list[str] = []
    files = (*suite("feeds-feedparser.tar.gz"), *suite("feeds-feedvalidator.tar.gz"))
    for name, data in files:
        counts["files"] += 1
        wanted = theirs(data)
        try:
            entries = parse_feed(data).entries
        except PermanentError:
            counts["refused"] += 1
            entries = ()
        if len(entries) != len(wanted.entries):
            different.append(f"{name}: {len(entries)} entries of {len(wanted.entries)}")
        for ours, raw in zip(entries, wanted.entries, strict=False):
            counts["entries"] += 1
            different += [f"{name}: {what}" for what in _differences(ours, raw)]
    print(counts, different)
    assert not different
    assert counts["files"] > 3_000
    assert counts["entries"] > 1_700


def _differences(ours: FeedEntry, raw: Any) -> Iterator[str]:
    """The facts of an entry in which ``ours`` is not what feedparser gives."""
    link = dict.get(raw, "link", "").strip()
    if ours.link != link and link:
        yield "link"
    title = dict.get(raw, "title", "")
    if raw.get("title_detail", {}).get("type", "text/html") in MARKUP and title != "<a":
        title = document_fromstring(f"<p>{title}").text_content()
    if ours.title.split() != title.split():
        yield "title"
    for field in ("published", "updated"):
        parsed = dict.get(raw, f"{field}_parsed")
        mine = getattr(ours, field)
        if parsed is None and mine != dict.get(raw, field, "").strip():
            yield field
        if parsed is not None and parsed[0] > 0:
            stamp = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*parsed[:6])
            if mine != stamp and parsed[5] < 60:
                yield field
    contents = [
        c["value"] for c in dict.get(raw, "content", []) if c.get("type", "")[:6] != "image/"
    ]
    if contents and _words(ours.content) not in [_words(value) for value in contents]:
        yield "content"
    if _words(ours.summary) != _words(dict.get(raw, "summary", "")):
        yield "summary"


def _words(markup: str) -> list[str]:
    """Markup without what only tells how it is written."""
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        markup = markup.replace(name, sign)
    return re.sub(r"<[^<>]*>", " ", markup).split()
