"""robots.txt: verdicts as protego's, lifetimes and failures as RFC 9309 has them, bounds."""

from __future__ import annotations

import random
import tarfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from services.crawler import rules as rules_module
from services.crawler.addresses import Resolver
from services.crawler.client import HttpClient
from services.crawler.ports import Answer, Conditions, FetchFailed
from services.crawler.robots import GIVEN_UP, LIFETIME, SHORTEST, Robots, fetch_robots, read_robots
from services.crawler.rules import MAX_BYTES, MAX_WORK, cut, relevant_to
from services.crawler.settings import CrawlerSettings
from tests.shared_data import shared_data
from tests.web import LoopbackWeb, in_turn, page, raw, redirect, revalidated

DAY = 86_400.0
AGENTS = [
    "Wireroom", "Googlebot", "bingbot", "GPTBot", "msnbot-media", "AdsBot-Google", "w",
    "Mozilla/5.0 (compatible; Foobot/1.0)",
]  # fmt: skip


def answer(body: str | bytes = b"", status: int = 200, **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer("http://news.test/robots.txt", status, fields, data, "192.0.2.1")


def robots(body: str | bytes, now: float = 0.0) -> Robots:
    return read_robots(answer(body), now)


def allowed(body: str | bytes, path: str, product: str = "Wireroom") -> bool:
    return robots(body).allowed(f"http://news.test{path}", product)


def suite() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(shared_data("suites", "robots-protego.tar.gz")) as archive:
        for member in archive:
            if member.isfile() and "/test_data/" in member.name:
                file = archive.extractfile(member)
                assert file is not None
                yield member.name.rpartition("/")[2], file.read()


def urls_of(body: bytes, rng: random.Random) -> list[str]:
    """URLs that the rules of ``body`` are about, and some others."""
    written = [
        line.split(":", 1)[1].strip()
        for line in body.decode("utf-8", "replace").splitlines()
        if line.strip().lower().startswith(("allow:", "disallow:"))
    ]
    chosen = rng.sample(written, min(6, len(written)))
    paths = [path.replace("*", "x/y").replace("$", "") for path in chosen if path[:1] in ("/", "*")]
    return [f"http://news.test{path}" for path in ("/", "/index.html", "/a/b?c=d", *paths)]


# The must-hold


@pytest.mark.shared_data
def test_verdicts_on_real_files_are_those_of_protego() -> None:
    rng = random.Random(7)
    files = verdicts = refused = 0
    for name, body in suite():
        files += 1
        ours = Robots.decode(robots(body).encode())
        theirs = Protego.parse(cut(body).decode("utf-8-sig", "replace"))
        assert ours.sitemaps == tuple(dict.fromkeys(theirs.sitemaps)), name
        for agent in AGENTS[:1] + rng.sample(AGENTS[1:], 1):
            assert ours.crawl_delay(agent) == theirs.crawl_delay(agent), (name, agent)
            for url in urls_of(body, rng):
                verdict = ours.allowed(url, agent)
                assert verdict == theirs.can_fetch(url, agent), (name, agent, url)
                verdicts += 1
                refused += not verdict
    assert files > 2000
    assert verdicts > 20_000
    assert refused > verdicts // 20


@pytest.mark.shared_data
def test_nothing_of_a_real_file_is_cut_off_but_of_the_one_beyond_500_kib() -> None:
    cut_off = {name: len(cut(body)) for name, body in suite() if cut(body) != body}
    assert len(cut_off) == 1
    assert all(size > MAX_BYTES - 1000 for size in cut_off.values())


FIELDS = st.sampled_from(
    ["User-agent:", "user-agent :", "User agent", "useragent:x", "User-agent", "Disallow:",
     "Allow:", "disallow : ", "Crawl-delay:", "Sitemap:", "Host:", "Foo:", "dissalow:",
     "Request-rate:", "#",
     " ", "User-agent:*", "user-agent foo:", "allow", "User  agent:", "Disallow:/a:user-agent b"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["", "*", "Wireroom", "wire", "wireroom*", "**", "w*i", "Other", "mywireroom", "/", "/a",
     "/a*b", "/a$", "/*.html$", "2", "1/10", "#x", "x # y", "/index.html", "room", "WIREROOM/2.0",
     "\u2028/q"]
)  # fmt: skip
LINES = st.lists(st.tuples(FIELDS, VALUES).map(lambda pair: f"{pair[0]} {pair[1]}"), max_size=14)


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_leaving_out_what_concerns_others_changes_no_verdict(lines: list[str]) -> None:
    text = "\n".join(lines)
    whole, part = Protego.parse(text), Protego.parse(relevant_to(text, "Wireroom"))
    assert list(part.sitemaps) == list(whole.sitemaps)
    assert part.crawl_delay("Wireroom") == whole.crawl_delay("Wireroom")
    for path in ("/", "/a", "/axb", "/a.html", "/index.html", "/q", "/b"):
        url = f"http://news.test{path}"
        assert part.can_fetch(url, "Wireroom") == whole.can_fetch(url, "Wireroom"), (text, path)


# Rules


def test_the_group_of_the_product_counts_else_that_of_all() -> None:
    body = "User-agent: *\nDisallow: /\n\nUser-agent: wireroom\nDisallow: /private\nCrawl-delay: 3"
    assert allowed(body, "/news")
    assert not allowed(body, "/private/x")
    assert not allowed(body, "/news", "Other")
    assert robots(body).crawl_delay("Wireroom") == 3.0
    assert robots(body).crawl_delay("Other") is None


def test_the_longest_match_decides_and_allow_wins_a_tie() -> None:
    body = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /*.pdf$\nAllow: /t\nDisallow: /t"
    assert not allowed(body, "/a/c")
    assert allowed(body, "/a/b/c")
    assert not allowed(body, "/x.pdf")
    assert allowed(body, "/x.pdf?page=1")
    assert allowed(body, "/t")


def test_robots_txt_itself_is_always_allowed() -> None:
    assert allowed("User-agent: *\nDisallow: /", "/robots.txt")


def test_what_is_no_url_is_not_allowed() -> None:
    assert not robots("User-agent: *\nDisallow: /x").allowed("http://[/y?z", "Wireroom")


@pytest.mark.parametrize(
    "body", [b"", b"\0" * 1000, b"\xff\xfe" + bytes(range(256)) * 40, b"<html>Not here</html>"]
)
def test_what_holds_no_rules_allows_all(body: bytes) -> None:
    assert allowed(body, "/news")


def test_a_byte_order_mark_and_broken_bytes_hide_no_rules() -> None:
    assert not allowed(b"\xef\xbb\xbfUser-agent: *\nDisallow: /x", "/x")
    assert not allowed(b"# caf\xe9\nUser-agent: *\r\nDisallow: /x\r", "/x")


def test_sitemaps_are_named_once_each_whatever_the_group() -> None:
    body = "Sitemap: http://a.test/1\nUser-agent: Other\nDisallow: /\nSitemap: http://a.test/2\n"
    assert robots(body + body).sitemaps == ("http://a.test/1", "http://a.test/2")


# Bounds


def test_what_stands_beyond_500_kib_does_not_count_nor_a_line_cut_through() -> None:
    rule = b"User-agent: *\nDisallow: /early\n"
    tail = b"Disallow: /late\n"
    filler = MAX_BYTES - len(rule) - len(b"Disallow: /")
    body = rule + b"#" * (filler - 1) + b"\n" + tail
    assert not allowed(body, "/early")
    assert allowed(body, "/late")
    assert allowed(body, "/news")  # "Disallow: /" is what the cut leaves of the line
    assert not allowed(body[: len(rule)] + tail, "/late")


def test_agents_times_rules_cost_no_more_than_their_sum() -> None:
    # Protego alone would keep 150 million rules.
    agents = "".join(f"User-agent: bot{n}\n" for n in range(10_000))
    body = agents + "Disallow: /x\n" * 15_000 + "User-agent: *\nDisallow: /y\n"
    assert len(body) < MAX_BYTES
    text = relevant_to(body, "Wireroom")
    assert text.splitlines() == ["User-agent:", "User-agent: *", "Disallow: /y"]
    assert allowed(body, "/x")
    assert not allowed(body, "/y")


def test_of_rules_for_others_nothing_is_kept() -> None:
    ours = ["User-agent: *", "Disallow: /y"]
    others = [
        "User-agent: bot",
        "Disallow: /x",
        "Allow: /z",
        "User-agent: spider",
        "Crawl-delay: 9",
    ]
    for body in (ours + others, others + ours, ours + others + ours):
        kept = relevant_to("\n".join(body), "Wireroom").splitlines()
        assert [line for line in kept if line != "User-agent:"] == ours * body.count(ours[0])


def test_a_url_too_long_for_very_many_wildcards_counts_as_disallowed() -> None:
    number = 20_000
    body = "User-agent: *\n" + "".join(f"Disallow: /*a*b{n}\n" for n in range(number))
    short = "/" + "a" * 300
    long = "/" + "a" * (MAX_WORK // number)
    assert allowed(body, short)
    assert not allowed(body, long)
    assert allowed("User-agent: *\nDisallow: /" + "*a" * 20_000 + "*b", long)


def test_rules_read_are_kept_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = rules_module._Cache(20_000)
    monkeypatch.setattr(rules_module, "_cache", cache)
    for n in range(100):
        assert not allowed(f"User-agent: *\nDisallow: /{n}\n" + f"Disallow: /{n}x\n" * 100, f"/{n}")
    assert 0 < len(cache._kept) < 20
    assert sum(kept.size for kept in cache._kept.values()) == cache._size <= 20_000


# Answers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 301, 308])
def test_without_a_file_all_is_allowed(status: int) -> None:
    found = read_robots(answer("User-agent: *\nDisallow: /", status), 100.0)
    assert (found.kind, found.unreachable) == ("none", False)
    assert found.allowed("http://news.test/", "Wireroom")
    assert found.crawl_delay("Wireroom") is None
    assert found.sitemaps == ()
    assert found.expires_at == 100.0 + LIFETIME


@pytest.mark.parametrize(
    "outcome",
    [
        answer(status=500), answer(status=503), answer(status=429), answer(status=206),
        FetchFailed("timed_out", "not answered in 60 s", again=True),
        FetchFailed("too_large", "more than 12 MiB", again=False),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_had_forbids_all(outcome: Answer | FetchFailed) -> None:
    found = read_robots(outcome, 100.0)
    assert found.unreachable
    assert not found.allowed("http://news.test/", "Wireroom")
    assert found.problem
    assert 100.0 < found.expires_at < 100.0 + 3600


def test_what_was_known_goes_on_counting_while_the_file_cannot_be_had() -> None:
    first = robots("User-agent: *\nDisallow: /x", now=0.0)
    now, found = DAY, first
    while now < 60 * DAY:
        found = Robots.decode(read_robots(answer(status=503), now, earlier=found).encode())
        assert found.failing_since == DAY
        assert now < found.expires_at <= now + DAY / 4
        now = found.expires_at
    assert found.allowed("http://news.test/a", "Wireroom")
    assert not found.allowed("http://news.test/x", "Wireroom")
    again = read_robots(answer("User-agent: *\nDisallow: /y"), now, earlier=found)
    assert again.failing_since is None
    assert not again.allowed("http://news.test/y", "Wireroom")


def test_a_file_never_seen_counts_as_absent_after_thirty_days() -> None:
    failed = FetchFailed("connect_failed", "refused", again=True)
    first = read_robots(failed, 0.0)
    last = read_robots(failed, GIVEN_UP, earlier=first)
    assert last.unreachable
    given_up = read_robots(failed, GIVEN_UP + 1, earlier=last)
    assert not given_up.unreachable
    assert given_up.allowed("http://news.test/", "Wireroom")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, LIFETIME),
        ({"Cache_Control": "public, max-age=7200"}, 7200),
        ({"Cache_Control": "max-age=7200", "Age": "3600"}, 3600),
        ({"Cache_Control": "MAX-AGE=\"7200\""}, 7200),
        ({"Cache_Control": "s-maxage=7200"}, LIFETIME),
        ({"Cache_Control": "max-age=999999999"}, LIFETIME),
        ({"Cache_Control": "max-age=0"}, SHORTEST),
        ({"Cache_Control": "no-store"}, SHORTEST),
        ({"Cache_Control": "max-age=x"}, LIFETIME),
    ],
)  # fmt: skip
def test_the_lifetime_is_told_by_the_server_within_bounds(
    headers: dict[str, str], seconds: float
) -> None:
    found = read_robots(answer("", 200, **headers), 50.0)
    assert found.expires_at == 50.0 + seconds
    assert not found.expired(found.expires_at - 1)
    assert found.expired(found.expires_at)


def test_304_renews_what_was_known() -> None:
    first = read_robots(answer("User-agent: *\nDisallow: /x", ETag='"1"'), 0.0)
    renewed = read_robots(answer(status=304), DAY, earlier=first)
    assert renewed == replace(first, fetched_at=DAY, expires_at=2 * DAY)
    assert read_robots(answer(status=304), DAY).unreachable


def test_the_state_is_read_as_it_was_written() -> None:
    for outcome in (
        answer("User-agent: *\nDisallow: /\u00e9", ETag='"\u00e9"'),
        answer(status=404),
    ):
        found = read_robots(outcome, 1.5)
        assert Robots.decode(found.encode()) == found
    failing = read_robots(answer(status=500), 9.0, earlier=read_robots(answer(), 1.0))
    assert Robots.decode(failing.encode()) == failing


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b'{"v":2}', b"\xff", b'{"v":1,"kind":"rules"}']
)
def test_a_state_that_cannot_be_read_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Robots.decode(data)


# Over the web


@pytest.fixture
async def web() -> AsyncIterator[LoopbackWeb]:
    async with LoopbackWeb() as web:
        yield web


@pytest.fixture
async def client(web: LoopbackWeb) -> AsyncIterator[HttpClient]:
    chosen = CrawlerSettings(allowed_networks=[web.network])
    client = HttpClient(chosen, Resolver(chosen.allowed_networks, lookup=web.lookup))
    await client.start()
    yield client
    await client.stop()


RULES = page("User-agent: *\nDisallow: /x", "text/plain")


async def test_it_is_fetched_from_the_root_of_the_host(
    web: LoopbackWeb, client: HttpClient
) -> None:
    web.add("news.test", "/robots.txt", RULES)
    for origin in (web.url("news.test", ""), web.url("news.test", "/a/b?c")):
        found = await fetch_robots(client, origin, None, 0.0, product="Wireroom")
        assert not found.allowed(web.url("news.test", "/x"), "Wireroom")
        assert found.allowed(web.url("news.test", "/y"), "Wireroom")


async def test_up_to_five_redirects_are_followed_to_other_hosts(
    web: LoopbackWeb, client: HttpClient
) -> None:
    for n in range(6):
        web.add(f"r{n}.test", "/robots.txt", redirect(web.url(f"r{n + 1}.test", "/robots.txt")))
    web.add("r6.test", "/robots.txt", RULES)
    five = await fetch_robots(client, web.url("r1.test"), None, 0.0)
    assert not five.allowed(web.url("r1.test", "/x"), "Wireroom")
    assert five.url == web.url("r6.test", "/robots.txt")
    six = await fetch_robots(client, web.url("r0.test"), None, 0.0)
    assert six.kind == "none"
    assert len(web.log) == 12


async def test_redirects_to_forbidden_addresses_leave_it_unreachable(
    web: LoopbackWeb, client: HttpClient
) -> None:
    web.add("news.test", "/robots.txt", redirect(f"http://127.0.0.1:{web.port()}/robots.txt"))
    found = await fetch_robots(client, web.url("news.test"), None, 0.0)
    assert found.unreachable
    assert "private_address" in found.problem
    assert web.strayed == []


async def test_it_is_asked_for_again_with_its_validators(
    web: LoopbackWeb, client: HttpClient
) -> None:
    web.add("old.test", "/robots.txt", redirect(web.url("new.test", "/robots.txt")))
    web.add("new.test", "/robots.txt", revalidated("User-agent: *\nDisallow: /x", etag='"1"'))
    first = await fetch_robots(client, web.url("old.test"), None, 0.0)
    assert first.validators == Conditions('"1"')
    second = await fetch_robots(client, web.url("old.test"), first, DAY)
    assert [request.headers.get("if-none-match") for request in web.log] == [
        None,
        None,
        None,
        '"1"',
    ]
    assert second == replace(first, fetched_at=DAY, expires_at=2 * DAY)


async def test_failures_are_outcomes(web: LoopbackWeb, client: HttpClient) -> None:
    web.add(
        "bad.test", "/robots.txt", in_turn(RULES, page("", status=500), raw(b"nonsense\r\n\r\n"))
    )
    found: Robots | None = None
    for now in (0.0, DAY, 2 * DAY):
        found = await fetch_robots(client, web.url("bad.test"), found, now)
        assert not found.allowed(web.url("bad.test", "/x"), "Wireroom")
        assert found.allowed(web.url("bad.test", "/y"), "Wireroom")
    assert found is not None
    assert found.failing_since == DAY
    assert (await fetch_robots(client, web.url("absent.test"), None, 0.0)).unreachable


async def test_a_large_file_is_read_for_the_product_at_once(
    web: LoopbackWeb, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = rules_module._Cache(2**24)
    monkeypatch.setattr(rules_module, "_cache", cache)
    body = "User-agent: *\n" + "Disallow: /x\n" * 20_000
    web.add("large.test", "/robots.txt", page(body, "text/plain"))
    found = await fetch_robots(client, web.url("large.test"), None, 0.0, product="Wireroom")
    assert list(cache._kept) == [(found.packed, "Wireroom")]
