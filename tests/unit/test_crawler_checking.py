"""What an address is, found out on a loopback web; and OPML, hostile or odd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from services.crawler.addresses import Resolver
from services.crawler.checking import Checker
from services.crawler.client import HttpClient
from services.crawler.opml import read_opml, write_opml
from services.crawler.settings import CrawlerSettings
from services.crawler.sources import Source
from shared.errors import PermanentError
from tests.unit.cli_web import rss
from tests.web import LoopbackWeb, page, redirect


class Bench:
    """A checker with a web."""

    def __init__(self, web: LoopbackWeb) -> None:
        self.web = web
        settings = CrawlerSettings(allowed_networks=[web.network], delay=0.0, max_redirects=3)
        resolver = Resolver(settings.allowed_networks, lookup=web.lookup)
        self.client = HttpClient(settings, resolver)
        self.checker = Checker(settings, self.client)


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    async with LoopbackWeb() as web:
        bench = Bench(web)
        await bench.client.start()
        yield bench
        await bench.client.stop()


async def test_feeds_sitemaps_and_pages_are_told_apart(bench: Bench) -> None:
    web = bench.web
    feed = web.add("a.test", "/feed", page(rss(["http://x.example/1"], "Títle"), "text/plain"))
    moved = web.add("a.test", "/old", redirect("/feed", 301))
    sitemap = web.add(
        "a.test",
        "/map.xml",
        page(
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url>'
            "<loc>http://a.test/1</loc><lastmod>2026-02-03</lastmod></url></urlset>",
            "text/xml",
        ),
    )
    home = web.add(
        "b.test",
        "/",
        page('<html><head><link rel=alternate type="application/atom+xml" href="f.atom"></head>'),
    )
    mapped = web.add("c.test", "/", page("<html><body>nothing declared</body></html>"))
    web.add("c.test", "/robots.txt", page("Sitemap: http://c.test/news-map.xml", "text/plain"))
    places = [feed, moved, sitemap, home, mapped]
    results = await bench.checker.check_all([(url, "auto") for url in places])
    assert [(r.kind, r.answered, r.entries, r.newest, r.reason) for r in results] == [
        ("feed", feed, 1, "2026-05-01T10:00:00.000Z", ""),
        ("feed", feed, 1, "2026-05-01T10:00:00.000Z", ""),
        ("sitemap", sitemap, 1, "2026-02-03T00:00:00.000Z", ""),
        ("home", home, 0, "", ""),
        ("home", mapped, 0, "", ""),
    ]
    assert results[0].title == "Títle"
    assert results[3].named == (web.url("b.test", "/f.atom"),)
    assert results[4].named == ("http://c.test/news-map.xml",)
    assert len(web.requests("a.test", "/robots.txt")) == 1


async def test_what_is_no_source_is_told_with_its_reason(bench: Bench) -> None:
    web = bench.web
    web.add("a.test", "/robots.txt", page("User-agent: *\nDisallow: /secret", "text/plain"))
    web.add("down.test", "/robots.txt", page("", status=500))
    places = {
        web.add("a.test", "/secret", page("x")): "robots_denied",
        web.url("a.test", "/none"): "http_404",
        web.add("a.test", "/page", page("<html><p>words</p></html>")): "not_a_source",
        web.add("a.test", "/r1", redirect("/r1")): "too_many_redirects",
        web.add("a.test", "/in", redirect("http://127.0.0.1/")): "private_address",
        web.add("a.test", "/long", redirect("/long/1")): "too_many_redirects",
        web.add("down.test", "/feed", page(rss([]))): "robots_unreachable",
        "http://unknown.test/": "dns_failed",
        "http://169.254.169.254/": "private_address",
    }
    for at in range(1, 6):
        web.add("a.test", f"/long/{at}", redirect(f"/long/{at + 1}"))
    results = await bench.checker.check_all([(url, "auto") for url in places])
    assert {result.url: result.reason for result in results} == places
    declared = web.add("a.test", "/html", page("<html><p>words</p></html>"))
    assert (await bench.checker.check(declared, "feed")).reason == "invalid_feed"
    assert web.requests("a.test", "/secret") == []
    assert web.requests("down.test", "/feed") == []
    assert web.strayed == []
    assert set(web.most_together().values()) == {1}


def test_opml_keeps_everything_of_a_source() -> None:
    sources = [
        Source(name="A & B <c>", url="https://a.example/?x=1&y=2", kind="feed", interval=90.5),
        Source(name="h", url="https://h.example/", kind="home", paused=True, category="x"),
        Source(name="s", url="https://s.example/", kind="sitemap", category="x/y", render=True),
        Source(name="é", url="https://e.example/", take="entries", category="x/y"),
    ]
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    written = write_opml(sources, now=moment)
    assert b"<dateCreated>Fri, 02 Jan 2026 00:00:00 +0000</dateCreated>" in written
    read = read_opml(written)
    assert read.bad == []
    assert {source.name: source for source in read.sources} == {s.name: s for s in sources}
    renamed = read_opml(written, ["É", "h"])
    assert [source.name for source in renamed.sources] == ["A & B <c>", "h-2", "s", "é-2"]


def test_opml_of_many_hands_is_read() -> None:
    read = read_opml(
        b'<?xml version="1.0" encoding="ISO-8859-1"?><OPML version="1.0"><head/><body>'
        b'<outline title="Caf\xe9s" htmlUrl="https://folder.example/">'
        b'<outline text="a/b"><outline text="x" xmlURL=" https://x.example/ "/></outline>'
        b"</outline>"
        b'<outline text="y" xmlUrl="https://y.example/" category="/p/q,/r"/>'
        b'<outline text="page" type="link" url="https://page.example/"/>'
        b'<outline text="list" type="include" url="https://list.example/l.opml"/>'
        b'<outline text="words"/></body></OPML>'
    )
    assert [(s.name, s.url, s.kind, s.category) for s in read.sources] == [
        ("x", "https://x.example/", "feed", "Cafés/a b"),
        ("y", "https://y.example/", "feed", "p/q"),
        ("page", "https://page.example/", "home", ""),
    ]
    assert [(bad.label, bad.problem) for bad in read.bad] == [
        ("list", "lists within lists are not read: https://list.example/l.opml"),
        ("words", "it has neither xmlUrl nor htmlUrl"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<opml",
        b"<rss/>",
        b"<opml>" * 10_000,
        b"<opml><body>" + b"<outline>" * 100_000,
        b'<!DOCTYPE o [<!ENTITY a "' + b"x" * 10_000 + b'"><!ENTITY b "' + b"&a;" * 10_000
        + b'">]><opml><body><outline text="&b;" xmlUrl="https://a.example/"/></body></opml>',
    ],
)  # fmt: skip
def test_what_is_no_opml_or_hostile_is_refused(data: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        read_opml(data)
    assert caught.value.reason == "invalid_opml"
    assert len(str(caught.value)) < 1_000


def test_no_file_is_read_for_an_entity() -> None:
    data = (
        b'<!DOCTYPE o [<!ENTITY e SYSTEM "file:///etc/hostname">]><opml><body>'
        b'<outline text="a" xmlUrl="https://a.example/">&e;</outline></body></opml>'
    )
    assert [source.name for source in read_opml(data).sources] == ["a"]
