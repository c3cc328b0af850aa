"""Feeds, sitemaps and home pages as they are read, hostile ones too."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.crawler import taken
from services.crawler.discovery import USUAL_PATHS, feeds_of, places_to_read
from services.crawler.reading import MAX_CHILDREN, MAX_TAKEN, Finding, Reading, kind_of, read
from services.crawler.sitemaps import MAX_BYTES, MAX_ENTRIES, Item, parse_sitemap
from shared.errors import PermanentError

NOW = 1_767_225_600.0  # 2026-01-01T00:00Z
DAY = 86_400.0
NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)


def urlset(*urls: str) -> bytes:
    return f"<?xml version='1.0'?><urlset {NAMESPACES}>{''.join(urls)}</urlset>".encode()


def place(url: str, lastmod: str = "") -> str:
    return f"<url><loc>{url}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}</url>"


def index(*urls: tuple[str, str]) -> bytes:
    items = "".join(
        f"<sitemap><loc>{url}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</sitemap>"
        for url, at in urls
    )
    return f"<sitemapindex {NAMESPACES}>{items}</sitemapindex>".encode()


def sitemap(body: bytes, seen: bytes = b"", now: float = NOW, **more: object) -> Finding:
    reading = Reading("sitemap", "http://a.test/s.xml", "text/xml", body, now, seen, **more)  # type: ignore[arg-type]
    return read(reading)


def urls_of(finding: Finding) -> list[str]:
    return [entry.url for entry in finding.entries]


def test_a_news_sitemap_gives_hints_and_ignores_what_belongs_to_images() -> None:
    body = urlset(
        "<url><image:image><image:loc>http://a.test/i.jpg</image:loc>"
        "<image:title>An image</image:title></image:image>"
        "<loc>http://a.test/1</loc><news:news><news:publication><news:name>N</news:name>"
        "<news:language>uk</news:language></news:publication>"
        "<news:publication_date>2025-12-31T10:00:00+02:00</news:publication_date>"
        "<news:title>The &amp; title</news:title></news:news></url>"
    )
    (entry,) = sitemap(body, since=NOW - 3 * DAY).entries
    assert entry.url == "http://a.test/1"
    assert entry.hints is not None
    assert entry.hints.model_dump() == {
        "title": "The & title",
        "published_at": "2025-12-31T10:00:00+02:00",
        "authors": [],
        "language": "uk",
    }


def test_only_what_is_new_enough_is_taken_the_newest_first_and_once() -> None:
    body = urlset(
        place("http://a.test/old", "2025-12-01"),
        place("http://a.test/1", "2025-12-30T00:00Z"),
        place("http://a.test/2", "2025-12-31"),
    )
    first = sitemap(body, since=NOW - 3 * DAY)
    assert urls_of(first) == ["http://a.test/2", "http://a.test/1"]
    changed = body.replace(b"12-30T00:00Z", b"12-31T23:00Z")
    second = sitemap(changed, first.seen, since=NOW - 3 * DAY)
    assert urls_of(second) == []
    assert urls_of(sitemap(body)) == ["http://a.test/2", "http://a.test/1", "http://a.test/old"]


def test_an_archive_without_dates_gives_its_first_thousand_and_then_what_is_new() -> None:
    places = [place(f"http://a.test/{n}") for n in range(MAX_TAKEN + 500)]
    first = sitemap(urlset(*places), since=NOW - DAY)
    assert (first.new, first.more) == (MAX_TAKEN, False)
    second = sitemap(urlset(*places, place("http://a.test/new")), first.seen, since=NOW - DAY)
    assert urls_of(second) == ["http://a.test/new"]


def test_what_is_past_the_limit_is_left_for_the_next_reading() -> None:
    places = [place(f"http://a.test/{n}", "2025-12-31") for n in range(MAX_TAKEN + 500)]
    first = sitemap(urlset(*places), since=NOW - DAY)
    assert (first.new, first.more) == (MAX_TAKEN, True)
    second = sitemap(urlset(*places), first.seen, since=NOW - DAY)
    assert (second.new, second.more) == (500, False)
    assert len({*urls_of(first), *urls_of(second)}) == MAX_TAKEN + 500


def test_of_an_index_the_children_that_changed_are_read() -> None:
    children = [("http://a.test/1.xml", "2025-12-31"), ("http://a.test/2.xml", "2020-01-01")]
    first = sitemap(index(*children), since=NOW - 3 * DAY)
    assert first.children == ("http://a.test/1.xml",)
    assert sitemap(index(*children), first.seen, since=NOW - 3 * DAY).children == ()
    children[1] = ("http://a.test/2.xml", "2026-01-01")
    again = sitemap(index(*children), first.seen, since=NOW - 3 * DAY)
    assert again.children == ("http://a.test/2.xml",)


def test_children_without_dates_are_read_once_a_day() -> None:
    body = index(("http://a.test/1.xml", ""), ("http://a.test/s.xml", ""))
    first = sitemap(body, since=NOW - DAY)
    assert first.children == ("http://a.test/1.xml",)  # not itself
    assert first.more
    assert sitemap(body, first.seen, NOW + DAY / 2, since=NOW).children == ()
    assert sitemap(body, first.seen, NOW + DAY, since=NOW).children == first.children


def test_children_are_bounded() -> None:
    body = index(*((f"http://a.test/{n}.xml", "") for n in range(500)))
    assert len(sitemap(body).children) == MAX_CHILDREN


def test_sitemaps_come_as_gzip_as_lines_and_with_members() -> None:
    body = urlset(place("http://a.test/1"))
    assert parse_sitemap(gzip.compress(body)).items == (Item("http://a.test/1"),)
    parts = gzip.compress(body[:40]) + gzip.compress(body[40:])
    assert parse_sitemap(parts).items == (Item("http://a.test/1"),)
    lines = "\ufeffhttp://a.test/1\r\n\nhttps://a.test/2\nnonsense\n".encode()
    assert [item.url for item in parse_sitemap(lines).items] == [
        "http://a.test/1",
        "https://a.test/2",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Log in</body></html>",
        b"",
        b"\x1f\x8b\x08broken",
        b"\x00\x01\x02",
        b"just\nwords\n",
    ],
)
def test_what_is_no_sitemap_is_told(body: bytes) -> None:
    with pytest.raises(PermanentError, match="invalid_sitemap"):
        parse_sitemap(body)


def test_a_sitemap_that_is_cut_off_gives_what_is_there() -> None:
    body = urlset(*(place(f"http://a.test/{n}") for n in range(10)))
    assert len(parse_sitemap(body[:-150]).items) >= 5
    packed = gzip.compress(urlset(*(place(f"http://a.test/{n * 7919}") for n in range(5000))))
    assert len(parse_sitemap(packed[: len(packed) // 2]).items) > 1000


def test_hostile_sitemaps_are_bounded() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"".join(bomb.compress(bytes(2**20)) for _ in range(64)) + bomb.flush()
    with pytest.raises(PermanentError, match=f"too_large.*{MAX_BYTES}"):
        parse_sitemap(zeros)
    many = urlset(*(place(f"http://a.test/{n}") for n in range(MAX_ENTRIES + 10)))
    assert len(parse_sitemap(many).items) == MAX_ENTRIES
    entities = b"<!DOCTYPE u [<!ENTITY a 'http://a.test/'><!ENTITY b '&a;&a;'>]>" + urlset(
        "<url><loc>&b;</loc></url>", place("http://a.test/1")
    )
    with pytest.raises(PermanentError, match="invalid_sitemap"):
        parse_sitemap(entities)  # a document type with declarations is nobody's sitemap
    external = b"<!DOCTYPE urlset SYSTEM 'file:///etc/passwd'>" + urlset(place("http://a.test/1"))
    assert parse_sitemap(external).items == (Item("http://a.test/1"),)
    deep = b"<urlset>" + b"<x>" * 100_000
    assert parse_sitemap(deep).items == ()
    empty = b"<urlset>" + b"<x/>" * 1_000_001 + place("http://a.test/1").encode() + b"</urlset>"
    assert parse_sitemap(empty).items == ()


@given(st.binary(max_size=300))
def test_any_bytes_give_a_sitemap_or_a_clear_error(body: bytes) -> None:
    for data in (body, b"<urlset>" + body, b"\x1f\x8b\x08" + body):
        with suppress(PermanentError):
            assert parse_sitemap(data).items is not None
        assert isinstance(feeds_of(data, "http://a.test/"), tuple)
        assert kind_of(data) in ("feed", "sitemap", "page")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<?xml version='1.0'?><rss version='2.0'>", "feed"),
        (b"\xef\xbb\xbf<feed xmlns='http://www.w3.org/2005/Atom'>", "feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "feed"),
        (b"<?xml version='1.0'?>\n<!-- made by x -->\n<urlset>", "sitemap"),
        (b"<sitemapindex xmlns='x'>", "sitemap"),
        (gzip.compress(b"<urlset>"), "sitemap"),
        (gzip.compress(b"<html>"), "page"),
        (b"<!doctype html><html><body><rss>", "page"),
        (b"", "page"),
    ],
)
def test_what_it_is_is_told_by_its_beginning(body: bytes, kind: str) -> None:
    assert kind_of(body) == kind


def test_a_home_page_names_its_feeds() -> None:
    page = b"""<html><head><base href="http://a.test/en/">
    <link rel="alternate" type="application/rss+xml" title="News" href="rss.xml">
    <link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" href="//b.test/atom">
    <link rel="alternate" type="application/feed+json" href="/feed.json">
    <link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed/">
    <link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
    <link rel="alternate" hreflang="uk" href="/uk/">
    <link rel="alternate" type="application/rss+xml" href="javascript:x()">
    <link rel="stylesheet" type="application/rss+xml" href="/no.xml">
    </head><body><a href="/article">x</a></body></html>"""
    assert feeds_of(page, "http://a.test/") == (
        "http://a.test/en/rss.xml",
        "http://b.test/atom",
        "http://a.test/feed.json",
    )


def test_where_feeds_are_looked_for() -> None:
    home, news = "http://a.test/", "http://a.test/sitemap-news.xml"
    plain = "http://a.test/sitemap.xml"
    feeds = ("http://a.test/feed",)
    assert places_to_read(feeds, (plain, news), home) == (feeds, (news,))
    assert places_to_read((), (plain, news), home) == ((), (news,))
    assert places_to_read((), (plain,), home) == ((), (plain,))
    guessed, none = places_to_read((), ("ftp://a.test/x",), home)
    assert (guessed, none) == (tuple(f"http://a.test{path}" for path in USUAL_PATHS), ())
    # The word in the name of the host says nothing of the sitemap.
    assert places_to_read(feeds, ("http://news.test/sitemap.xml",), home) == (feeds, ())


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=30))
def test_no_entry_is_ever_new_twice_while_there_is_room(readings: list[list[int]]) -> None:
    seen, found = b"", []
    for reading in readings:
        names = [(taken.mark(f"id{n}"), taken.mark(f"link{n}")) for n in reading]
        new, seen, more = taken.sift(names, seen, most=100)
        found += [reading[place] for place in new]
        assert not more
    assert sorted(found) == sorted({n for reading in readings for n in reading})


def test_marks_are_bounded_by_the_size_of_the_document() -> None:
    seen = b""
    for start in range(0, 100_000, 100):
        names = [(taken.mark(f"{n}"),) for n in range(start, start + 100)]
        _, seen, _ = taken.sift(names, seen, most=1000)
    assert len(seen) == 1000 * taken.MARK
    names = [(taken.mark(f"{n}"),) for n in range(100_000)]
    _, seen, _ = taken.sift(names, seen, most=100_000)
    assert len(seen) == 100_000 * taken.MARK
    assert taken.sift(names, seen, most=100_000)[0] == []


def test_a_memory_survives() -> None:
    memory = taken.Memory("näme", '"e\n"', "Mon", "abc", b"12345678" * 3, NOW)
    assert taken.decode(memory.encode()) == memory
    for broken in (b"", b"{}\n", memory.encode()[:-1], b'{"v":2}\n', b'{"v":1,"x":1}\n'):
        with pytest.raises(ValueError, match=r"empty|unexpected|version|validation"):
            taken.decode(broken)
