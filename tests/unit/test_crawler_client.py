"""The client against a web that misbehaves: what it gives, what it refuses, what it leaves."""

from __future__ import annotations

import asyncio
import functools
import gc
import gzip
import random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from services.crawler import connections
from services.crawler.addresses import Address, Resolver
from services.crawler.client import MAX_HEADERS, HttpClient
from services.crawler.ports import Answer, Conditions, FetchFailed
from services.crawler.settings import CrawlerSettings
from shared.errors import SettingsError
from shared.fetching import host_of
from tests.web import (
    Behaviour,
    LoopbackWeb,
    certificates,
    drip,
    endless,
    endless_header,
    flood,
    gzip_bomb,
    gzipped,
    huge_headers,
    in_turn,
    lying,
    names,
    page,
    raw,
    redirect,
    revalidated,
    slow,
    vanish,
)
from tests.web.behaviours import zeros

MIB = 1024 * 1024


# Reading the system's authorities takes a tenth of a second; one context serves all tests here.
trusted_once = functools.cache(connections._trusted)


@pytest.fixture(autouse=True)
def _trusted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_trusted", trusted_once)


@asynccontextmanager
async def client_of(web: LoopbackWeb, **settings: Any) -> AsyncIterator[HttpClient]:
    chosen = CrawlerSettings(allowed_networks=[web.network], **settings)
    client = HttpClient(chosen, Resolver(chosen.allowed_networks, lookup=web.lookup))
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@pytest.fixture
async def web() -> AsyncIterator[LoopbackWeb]:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    async with LoopbackWeb() as web:
        yield web
    assert web.open == 0
    assert web.strayed == []
    gc.collect(1)  # what was not closed says so now
    await asyncio.sleep(0)
    assert complaints == []


@pytest.fixture
async def client(web: LoopbackWeb) -> AsyncIterator[HttpClient]:
    async with client_of(web, connect_timeout=5, total_timeout=20) as client:
        yield client


async def failure(got: Awaitable[Answer]) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        await got
    return caught.value


async def until(true: Callable[[], bool]) -> None:
    """Wait for what the other end of a connection learns a little later."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


# What it asks and gives


async def test_a_page_is_given_with_its_headers_and_the_address(
    web: LoopbackWeb, client: HttpClient
) -> None:
    url = web.add("news.test", "/a.html?b=c", page("<p>Grüße</p>", headers={"X-One": "1"}))
    answer = await client.get(url)
    assert (answer.url, answer.status, answer.body) == (url, 200, "<p>Grüße</p>".encode())
    assert answer.header("x-one") == "1"
    assert answer.address == web.address("news.test")
    assert answer.location == ""


async def test_the_request_is_plain_and_honest(web: LoopbackWeb) -> None:
    url = web.add("news.test", "/", page("x", headers={"Set-Cookie": "id=1; Path=/"}))
    async with client_of(web, product="Gazette", contact="https://g.test/bot") as client:
        await client.get(url)
        await client.get(url)
    headers = web.log[1].headers
    assert sorted(headers) == ["accept", "accept-encoding", "host", "user-agent"]
    assert headers["user-agent"].startswith("Gazette/")
    assert headers["user-agent"].endswith(" (+https://g.test/bot)")
    assert headers["accept-encoding"] == "gzip, deflate"
    assert headers["host"] == f"news.test:{web.port()}"


async def test_no_proxy_of_the_environment_is_used(
    web: LoopbackWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    url = web.add("news.test", "/", page("x"))
    async with client_of(web) as client:
        assert (await client.get(url)).status == 200


async def test_validators_bring_304_without_a_body(web: LoopbackWeb, client: HttpClient) -> None:
    date = "Sat, 01 Aug 2026 10:00:00 GMT"
    url = web.add("news.test", "/e", revalidated("x", etag='"1"', last_modified=date))
    first = await client.get(url)
    shown = Conditions(first.header("etag"), first.header("last-modified"))
    assert shown == Conditions('"1"', date)
    second = await client.get(url, shown)
    assert (second.status, second.body) == (304, b"")
    assert (await client.get(url, Conditions(last_modified=date))).status == 304
    assert (await client.get(url, Conditions('"2"'))).status == 200


@pytest.mark.parametrize("status", [201, 204, 404, 429, 500, 503])
async def test_other_bodies_than_those_of_200_are_not_read(
    web: LoopbackWeb, client: HttpClient, status: int
) -> None:
    headers = {"Retry-After": "7"}
    url = web.add(
        "news.test", "/", page("" if status == 204 else "no", status=status, headers=headers)
    )
    answer = await client.get(url)
    assert (answer.status, answer.body, answer.header("retry-after")) == (status, b"", "7")


async def test_an_endless_error_page_is_left(web: LoopbackWeb, client: HttpClient) -> None:
    url = web.add("news.test", "/", raw(b"HTTP/1.1 404 Not\r\n\r\n" + b"x" * 10 * MIB, close=False))
    assert (await client.get(url)).status == 404
    await until(lambda: web.open == 0)
    assert web.log[0].done is not None


async def test_informational_answers_are_passed_over(web: LoopbackWeb, client: HttpClient) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    whole = early + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    assert (await client.get(web.add("news.test", "/", raw(whole)))).body == b"ok"


async def test_a_body_without_a_length_ends_with_the_connection(
    web: LoopbackWeb, client: HttpClient
) -> None:
    url = web.add("news.test", "/", raw(b"HTTP/1.0 200 OK\r\n\r\nall of it"))
    assert (await client.get(url)).body == b"all of it"


# URLs


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("/a%7Eb/%2F?x=%2B+%20&y", "/a%7Eb/%2F?x=%2B+%20&y"),
        ("/grüße?q=ü", "/gr%C3%BC%C3%9Fe?q=%C3%BC"),
        ("/a#part", "/a"),
        ("?q", "/?q"),
        ("", "/"),
        ("/[a]|b^c", "/[a]|b^c"),
        ('/"<>`', "/%22%3C%3E%60"),
        ("//double", "//double"),
        ("/100%", "/100%"),
    ],
)
async def test_paths_go_out_as_written(
    web: LoopbackWeb, client: HttpClient, asked: str, sent: str
) -> None:
    web.add("news.test", "*", page("x"))
    await client.get(f"http://news.test:{web.port()}{asked}")
    assert web.log[0].path == sent


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("BÜCHER.test", "xn--bcher-kva.test"),
        ("straße.test", "xn--strae-oqa.test"),
        ("ü_b.test", "xn--_b-wka.test"),
        ("Plain.test.", "plain.test"),
    ],
)
async def test_a_name_in_any_script_is_asked_for_in_ascii(
    web: LoopbackWeb, client: HttpClient, name: str, ascii_name: str
) -> None:
    web.add(ascii_name, "/", page("x"))
    url = f"http://{name}:{web.port()}/"
    await client.get(url)
    assert web.log[0].host == ascii_name
    assert host_of(url) == f"{ascii_name}:{web.port()}"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://news.test/", "file:///etc/passwd", "news.test", "http://", "http://a b.test/",
        "http://user:secret@news.test/", "http://news.test:0/", "http://news.test:99999/",
        "http://[::1/", "http://a..ü/", "http://news.test/\r\nX-Injected: 1", "http://%zz\udc80.test/",
        "http://news.test/" + "a" * 9000, "gopher://news.test/", "//news.test/",
    ],
)  # fmt: skip
async def test_what_is_no_web_address_is_told(client: HttpClient, url: str) -> None:
    failed = await failure(client.get(url))
    assert (failed.reason, failed.again) == ("invalid_url", False)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_told_and_not_followed(
    web: LoopbackWeb, client: HttpClient, status: int
) -> None:
    url = web.add("news.test", "/a/b", redirect("../c?d", status))
    answer = await client.get(url)
    assert (answer.status, answer.location) == (status, web.url("news.test", "/c?d"))
    assert len(web.log) == 1


@pytest.mark.parametrize(
    ("location", "absolute"),
    [
        ("https://other.test/x", "https://other.test/x"),
        ("//other.test/x", "http://other.test/x"),
        ("/with space", "http://news.test/with%20space"),
        ("/gr\u00fc", "http://news.test/gr%FC"),
        ("/x#there", "http://news.test/x#there"),
        ("/x", "http://news.test/x#here"),
    ],
)
async def test_locations_are_made_absolute(
    web: LoopbackWeb, client: HttpClient, location: str, absolute: str
) -> None:
    url = web.add("news.test", "/", redirect(location))
    place = (await client.get(url + "#here")).location.replace(f":{web.port()}", "")
    assert place.removesuffix("#here") == absolute.removesuffix("#here")
    assert ("#there" in place) == ("#there" in location)


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://other.test/", "javascript:alert(1)", "http://a:b@other.test/",
     "http://[", "http://other.test/" + "a" * 9000],
)  # fmt: skip
async def test_a_redirect_to_what_is_no_web_address_is_refused(
    web: LoopbackWeb, client: HttpClient, location: str
) -> None:
    failed = await failure(client.get(web.add("news.test", "/", redirect(location))))
    assert (failed.reason, failed.again) == ("bad_answer", False)


async def test_a_redirect_without_a_place_is_an_answer(
    web: LoopbackWeb, client: HttpClient
) -> None:
    answer = await client.get(web.add("news.test", "/", page("x", status=302)))
    assert (answer.status, answer.location) == (302, "")


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "0",
        "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "[64:ff9b::127.0.0.1]",
        "１２７.０.０.１", "127。0。0。1", "169.254.169.254", "[fe80::1%25lo]", "[fd00:ec2::254]",
    ],
)  # fmt: skip
async def test_forbidden_addresses_are_refused_in_every_spelling(
    web: LoopbackWeb, client: HttpClient, host: str
) -> None:
    failed = await failure(client.get(f"http://{host}:{web.port()}/"))
    assert (failed.reason, failed.again) == ("private_address", False)
    assert web.connections == 0


async def test_redirects_to_forbidden_addresses_are_refused_at_the_next_hop(
    web: LoopbackWeb, client: HttpClient
) -> None:
    for target in (f"http://127.0.0.1:{web.port()}/", "http://169.254.169.254/latest/meta-data/"):
        answer = await client.get(web.add("news.test", "/", redirect(target)))
        assert answer.location == target
        assert (await failure(client.get(answer.location))).reason == "private_address"


async def test_the_connection_goes_to_the_address_that_was_judged(
    web: LoopbackWeb, client: HttpClient
) -> None:
    url = web.add("rebind.test", "/", page("x", headers={"Connection": "close"}))
    good = web.address("rebind.test")
    web.answers("rebind.test", [good], ["127.0.0.1"])
    assert (await client.get(url)).address == good
    assert web.looked_up == ["rebind.test"]
    assert (await failure(client.get(url))).reason == "private_address"


async def test_of_several_addresses_the_forbidden_ones_are_never_tried(
    web: LoopbackWeb, client: HttpClient
) -> None:
    url = web.add("mixed.test", "/", page("x", headers={"Connection": "close"}))
    web.answers("mixed.test", ["127.0.0.1", "::1", web.address("mixed.test")])
    for _ in range(5):
        assert (await client.get(url)).address == web.address("mixed.test")


async def test_no_socket_is_made_for_a_forbidden_address_whatever_the_resolver_says(
    web: LoopbackWeb, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deceived(self: Resolver, host: str) -> list[Address]:
        return [ip_address("127.0.0.1"), ip_address("::1")]

    monkeypatch.setattr(Resolver, "resolve", deceived)
    assert (await failure(client.get(web.url("news.test")))).reason == "private_address"
    assert web.connections == 0


async def test_names_that_do_not_exist_and_ports_that_do_not_answer(
    web: LoopbackWeb, client: HttpClient
) -> None:
    absent = await failure(client.get(web.url("absent.test")))
    assert (absent.reason, absent.again) == ("dns_failed", True)
    web.address("closed.test")
    closed = await failure(client.get("http://closed.test:1/"))
    assert (closed.reason, closed.again) == ("connect_failed", True)


# Time


@pytest.mark.parametrize(
    "behaviour",
    [slow(page("late"), 60), drip(b"x" * 1000, 0.05), drip(b"x" * 1000, 0.05, at=60)],
    ids=["no first byte", "dripping head", "dripping body"],
)
async def test_time_in_total_is_limited(web: LoopbackWeb, behaviour: Behaviour) -> None:
    url = web.add("slow.test", "/", behaviour)
    async with client_of(web, total_timeout=0.3) as client:
        failed = await failure(client.get(url))
        assert (failed.reason, failed.again) == ("timed_out", True)
        await until(lambda: web.open == 0)


async def test_resolving_counts_as_connecting(web: LoopbackWeb) -> None:
    async def silent(host: str) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    settings = CrawlerSettings(connect_timeout=0.05)
    client = HttpClient(settings, Resolver(lookup=silent, timeout=60))
    await client.start()
    failed = await failure(client.get("http://news.test/"))
    assert (failed.reason, failed.again) == ("timed_out", True)
    await client.stop()


async def test_slow_hosts_cost_the_others_nothing(web: LoopbackWeb, client: HttpClient) -> None:
    late = [web.add(f"slow{n}.test", "/", slow(page("late"), 600)) for n in range(50)]
    waiting = [asyncio.create_task(client.get(url)) for url in late]
    quick = [web.add(host, "/", page("x")) for host in names(200)]
    answers = await asyncio.gather(*(client.get(url) for url in quick))
    assert [answer.status for answer in answers] == [200] * 200
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await until(lambda: not any(request.done is None for request in web.log))


async def test_a_request_that_is_cancelled_leaves_nothing(
    web: LoopbackWeb, client: HttpClient
) -> None:
    for behaviour in (slow(page("late"), 600), endless(b"x"), drip(b"x" * 9999, 0.01, at=50)):
        url = web.add("slow.test", "/", behaviour)
        asked = len(web.log)
        task = asyncio.create_task(client.get(url))
        await until(lambda asked=asked: len(web.log) > asked)  # type: ignore[misc]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: web.open == 0)


# Size


async def test_an_endless_body_is_cut_off(web: LoopbackWeb) -> None:
    url = web.add("endless.test", "/", endless())
    async with client_of(web, max_body_bytes=MIB) as client:
        failed = await failure(client.get(url))
        assert (failed.reason, failed.again) == ("too_large", False)
        await until(lambda: web.open == 0)
    assert web.log[0].sent < 16 * MIB  # what the sockets' buffers took beside it


async def test_a_body_that_is_announced_as_too_large_is_not_read(
    web: LoopbackWeb, client: HttpClient
) -> None:
    url = web.add("large.test", "/", lying(b"x" * 1000, 13 * MIB))
    assert (await failure(client.get(url))).reason == "too_large"


async def test_a_limit_of_the_request_takes_the_place_of_the_setting(web: LoopbackWeb) -> None:
    url = web.add("news.test", "/", page(b"x" * 1000))
    async with client_of(web, max_body_bytes=500) as client:
        assert len((await client.get(url, limit=1000)).body) == 1000
        assert (await failure(client.get(url))).reason == "too_large"
        assert (await failure(client.get(url, limit=999))).reason == "too_large"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZip"])
async def test_a_gzip_bomb_is_cut_off(web: LoopbackWeb, client: HttpClient, coding: str) -> None:
    url = web.add("bomb.test", "/", gzip_bomb(coding=coding))
    failed = await failure(client.get(url))
    assert (failed.reason, failed.again) == ("decompression_bomb", False)
    await until(lambda: web.open == 0)
    assert web.log[0].sent < 8 * MIB


async def test_what_unpacks_to_more_than_the_limit_is_too_large(
    web: LoopbackWeb, client: HttpClient
) -> None:
    noise = random.Random(1).randbytes(MIB)
    body = b"".join(noise[at : at + 4096] * 8 for at in range(0, MIB, 2048))
    assert len(body) > 12 * MIB > len(gzip.compress(body))
    failed = await failure(client.get(web.add("news.test", "/", gzipped(body))))
    assert failed.reason == "too_large"


async def test_a_bomb_inside_is_only_unpacked_once(web: LoopbackWeb, client: HttpClient) -> None:
    inner = b"".join(zeros(64 * MIB))
    outer = page(gzip.compress(inner), "application/gzip", headers={"Content-Encoding": "gzip"})
    assert (await client.get(web.add("news.test", "/", outer))).body == inner


# Codings


def coded(body: bytes, coding: str) -> Behaviour:
    return page(body, headers={"Content-Encoding": coding})


def raw_deflate(body: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(body) + deflate.flush()


TEXT = random.Random(2).randbytes(60_000).hex().encode()


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT[:60000]) + gzip.compress(TEXT[60000:]), "gzip"),
        (gzip.compress(TEXT) + bytes(500), "gzip"),
        (gzip.compress(b"") * 20 + gzip.compress(TEXT), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (TEXT, "identity"),
        (TEXT, ""),
    ],
    ids=["gzip", "two members", "padded", "empty members", "zlib", "raw", "identity", "none"],
)
async def test_content_codings_are_taken_off(
    web: LoopbackWeb, client: HttpClient, body: bytes, coding: str
) -> None:
    assert (await client.get(web.add("news.test", "/", coded(body, coding)))).body == TEXT


async def test_codings_are_taken_off_whatever_the_pieces(
    web: LoopbackWeb, client: HttpClient
) -> None:
    for body, coding in (
        (gzip.compress(b"news") * 2, "gzip"),
        (raw_deflate(b"newsnews"), "deflate"),
    ):
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        url = web.add("news.test", "/", raw(head.encode() + chunks + b"0\r\n\r\n"))
        assert (await client.get(url)).body == b"newsnews"


async def test_an_empty_body_is_empty_in_every_coding(web: LoopbackWeb, client: HttpClient) -> None:
    for coding in ("gzip", "deflate", "identity"):
        assert (await client.get(web.add("news.test", "/", coded(b"", coding)))).body == b""


@pytest.mark.parametrize(
    ("body", "coding", "again"),
    [
        (gzip.compress(TEXT)[:-200], "gzip", True),
        (gzip.compress(TEXT)[:5], "gzip", True),
        (b"\x1f", "gzip", True),
        (zlib.compress(TEXT)[:-3], "deflate", True),
        (b"<html>no gzip at all</html>", "gzip", False),
        (gzip.compress(TEXT)[:200] + b"broken" * 100, "gzip", False),
        (gzip.compress(TEXT)[:-8] + bytes(8), "gzip", False),
        (TEXT, "br", False),
        (TEXT, "zstd", False),
        (gzip.compress(gzip.compress(TEXT)), "gzip, gzip", False),
    ],
)
async def test_codings_that_are_broken_or_were_not_asked_for_are_refused(
    web: LoopbackWeb, client: HttpClient, body: bytes, coding: str, again: bool
) -> None:
    failed = await failure(client.get(web.add("news.test", "/", coded(body, coding))))
    assert (failed.reason, failed.again) == ("bad_answer", again)


async def test_a_gzip_of_very_many_members_is_a_bomb(web: LoopbackWeb, client: HttpClient) -> None:
    url = web.add("news.test", "/", coded(gzip.compress(b"") * 50_000, "gzip"))
    assert (await failure(client.get(url))).reason == "decompression_bomb"


# Answers that are none


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("behaviour", "again"),
    [
        (vanish(), True),
        (raw(b""), True),
        (lying(b"x" * 10, 100), True),
        (raw(CHUNKED + b"5\r\nhello\r\n"), True),
        (raw(CHUNKED + b"zz\r\nhello"), False),
        (raw(CHUNKED + b"-5\r\nhello"), False),
        (raw(CHUNKED + b"ffffffffffffffffffff\r\nhello"), False),
        (raw(b"hello\r\n\r\n"), False),
        (raw(b"<html>HTTP/0.9</html>"), False),
        (raw(b"HTTP/1.1 OK\r\n\r\n"), False),
        (raw(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), False),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), False),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), False),
        (raw(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), False),
    ],
)
async def test_answers_that_are_none_are_told(
    web: LoopbackWeb, client: HttpClient, behaviour: Behaviour, again: bool
) -> None:
    failed = await failure(client.get(web.add("bad.test", "/", behaviour)))
    assert (failed.reason, failed.again) == ("bad_answer", again)
    assert "\n" not in failed.detail


async def test_bytes_after_the_announced_length_never_become_another_answer(
    web: LoopbackWeb, client: HttpClient
) -> None:
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign"
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown" + smuggled
    web.add("bad.test", "/first", raw(first, close=False))
    web.add("bad.test", "/second", page("right"))
    assert (await client.get(web.url("bad.test", "/first"))).body == b"own"
    assert (await client.get(web.url("bad.test", "/second"))).body == b"right"
    assert web.log[0].connection != web.log[1].connection


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\n\r\n"])
async def test_line_ends_after_the_announced_length_do_no_harm(
    web: LoopbackWeb, client: HttpClient, end: bytes
) -> None:
    url = web.add("a.test", "/", lying(b"body" + end, 4))
    assert (await client.get(url)).body == b"body"


@pytest.mark.parametrize(
    "behaviour",
    [
        huge_headers(MAX_HEADERS + 10, 10),
        huge_headers(1, 40_000),
        huge_headers(20, 8000),
        endless_header(),
        raw(b"HTTP/1.1 200 " + b"x" * 100_000),
        raw(CHUNKED + b"1\r\na\r\n0\r\n" + b"X-Trailer: x\r\n" * 10_000),
    ],
    ids=["many", "one long", "long together", "endless", "status line", "trailers"],
)
async def test_headers_are_limited(
    web: LoopbackWeb, client: HttpClient, behaviour: Behaviour
) -> None:
    failed = await failure(client.get(web.add("bad.test", "/", behaviour)))
    assert (failed.reason, failed.again) == ("headers_too_large", False)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (flood(CHUNKED, b"1\r\nx\r\n" * 4000), "bad_answer"),
        (flood(CHUNKED, b"1;" + b"x" * 60_000 + b"\r\nx\r\n"), "too_large"),
        (flood(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000), "bad_answer"),
        (flood(b"", b"HTTP/1.1 100 Continue\r\nA: " + b"b" * 9000 + b"\r\n\r\n"), "bad_answer"),
    ],
    ids=["tiny chunks", "chunk extensions", "early hints", "continue"],
)
async def test_floods_around_the_body_are_left(
    web: LoopbackWeb, client: HttpClient, behaviour: Behaviour, reason: str
) -> None:
    failed = await failure(client.get(web.add("bad.test", "/", behaviour)))
    assert (failed.reason, failed.again) == (reason, False)
    await until(lambda: web.open == 0)
    assert web.log[0].sent < 32 * MIB


async def test_bounds_of_an_answer_are_not_those_of_its_connection(
    web: LoopbackWeb, client: HttpClient
) -> None:
    url = web.add("a.test", "/", page(b"x" * 400_000, headers={"X-Long": "x" * 9000}))
    for _ in range(8):
        assert len((await client.get(url, limit=400_000)).body) == 400_000
    assert web.connections == 1


async def test_headers_are_text_whatever_their_bytes(web: LoopbackWeb, client: HttpClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Utf: gr\xc3\xbc\xc3\x9fe\r\nX-Latin: gr\xfc\xdfe\r\n"
    answer = await client.get(web.add("a.test", "/", raw(head + b"Content-Length: 0\r\n\r\n")))
    assert (answer.header("x-utf"), answer.header("x-latin")) == ("grüße", "grüße")


async def test_nothing_but_a_fetch_failure_comes_of_broken_answers(
    web: LoopbackWeb, client: HttpClient
) -> None:
    rng = random.Random(4)
    whole = [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/html\r\n"
        b'Content-Length: 24\r\nETag: "1"\r\n\r\n' + gzip.compress(b"news"),
        CHUNKED + b"4\r\nnews\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a.test/b?c#d\r\nConnection: keep-alive\r\n\r\n",
    ]
    given = failed = 0
    for number in range(400):
        data = bytearray(whole[number % len(whole)])
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data))
            how = rng.randrange(3)
            if how == 0:
                data[at] = rng.randrange(256)
            elif how == 1:
                del data[at : at + rng.randint(1, 9)]
            else:
                data[at:at] = rng.choice(
                    [b"\r\n", b"\0", b":", b"9" * 20, b"\xff", b"chunked", b" "]
                )
        try:
            await client.get(web.add("fuzz.test", "/", raw(bytes(data))))
            given += 1
        except FetchFailed:
            failed += 1
    assert min(given, failed) > 20


# Connections


async def test_a_connection_is_used_again_for_the_same_host(
    web: LoopbackWeb, client: HttpClient
) -> None:
    web.add("a.test", "*", page("x"))
    for n in range(5):
        await client.get(web.url("a.test", f"/{n}"))
    assert {request.connection for request in web.log} == {1}
    assert web.looked_up == ["a.test"]


async def test_a_connection_is_not_used_beyond_its_life(
    web: LoopbackWeb, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LIFE", -1.0)
    url = web.add("a.test", "/", page("x"))
    for _ in range(3):
        await client.get(url)
    assert [request.connection for request in web.log] == [1, 2, 3]
    assert web.looked_up == ["a.test"] * 3


async def test_idle_connections_are_few_and_the_newest_stay(web: LoopbackWeb) -> None:
    async with client_of(web, concurrency=4) as client:
        for host in names(20):
            await client.get(web.add(host, "/", page("x")))
        await until(lambda: web.open == 4)
        for host in names(20)[-4:]:
            await client.get(web.url(host))
        assert web.connections == 20
    await until(lambda: web.open == 0)


async def test_a_connection_in_use_is_not_closed_for_being_the_oldest(web: LoopbackWeb) -> None:
    kept = web.add("kept.test", "/", in_turn(page("first"), slow(page("second"), 0.3)))
    others = [web.add(host, "/", page("x")) for host in names(5)]
    async with client_of(web, concurrency=2) as client:
        await client.get(kept)
        waiting = asyncio.create_task(client.get(kept))
        await until(lambda: len(web.requests("kept.test")) == 2)
        for url in others:  # more than may wait idle
            await client.get(url)
        assert not waiting.done()
        assert b"second" in (await waiting).body
    assert len(web.requests("kept.test")) == 2  # asked for once, on the connection of the first
    assert len({request.connection for request in web.requests("kept.test")}) == 1


async def test_a_server_that_drops_idle_connections_is_asked_again(
    web: LoopbackWeb, client: HttpClient
) -> None:
    url = web.add("a.test", "/", in_turn(page("1"), vanish(), page("3")))
    assert (await client.get(url)).body == b"1"
    assert (await client.get(url)).body == b"3"


async def test_a_client_that_is_not_started_says_so(web: LoopbackWeb) -> None:
    with pytest.raises(RuntimeError, match="not started"):
        await HttpClient(CrawlerSettings()).get("http://news.test/")


# TLS


@asynccontextmanager
async def secure(tls: Any) -> AsyncIterator[LoopbackWeb]:
    async with LoopbackWeb(tls=tls) as web:
        for host in ("good.test", "wrong.test"):
            web.add(host, "*", page("secret"))
        yield web


async def test_https_is_verified_by_name(tmp_path: Path) -> None:
    ca = certificates.authority(tmp_path)
    async with (
        secure(certificates.server(tmp_path, "good.test", ca=ca)) as web,
        client_of(web, ca=ca) as client,
    ):
        answer = await client.get(web.url("good.test", "/", "https"))
        assert (answer.body, answer.address) == (b"secret", web.address("good.test"))
        assert web.log[0].secure
        wrong = await failure(client.get(web.url("wrong.test", "/", "https")))
        assert (wrong.reason, wrong.again) == ("tls_failed", False)
        assert "wrong.test" in wrong.detail
        address = await failure(client.get(web.url(web.address("good.test"), "/", "https")))
        assert address.reason == "tls_failed"
        assert len(web.log) == 1


async def test_a_certificate_that_nobody_trusted_signed_is_refused(tmp_path: Path) -> None:
    ca = certificates.authority(tmp_path)
    own = certificates.server(tmp_path, "good.test")
    signed = certificates.server(tmp_path, "good.test", ca=ca)
    for tls, settings in ((own, {"ca": ca}), (signed, {})):
        async with secure(tls) as web, client_of(web, **settings) as client:
            failed = await failure(client.get(web.url("good.test", "/", "https")))
            assert (failed.reason, failed.again) == ("tls_failed", False)
            assert web.log == []


async def test_a_port_that_speaks_no_tls_is_told(web: LoopbackWeb, client: HttpClient) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, web.address("plain.test"), 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        failed = await failure(client.get(f"https://plain.test:{port}/"))
    assert failed.reason in ("tls_failed", "connect_failed")
    assert failed.again


async def test_a_port_that_never_speaks_is_left_in_time(web: LoopbackWeb) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, web.address("silent.test"), 0)
    async with server, client_of(web, connect_timeout=0.1) as client:
        port = server.sockets[0].getsockname()[1]
        failed = await failure(client.get(f"https://silent.test:{port}/"))
        assert (failed.reason, failed.again) == ("timed_out", True)


async def test_an_endless_body_over_tls_is_left_at_once(tmp_path: Path) -> None:
    ca = certificates.authority(tmp_path)
    async with (
        secure(certificates.server(tmp_path, "good.test", ca=ca)) as web,
        client_of(web, ca=ca, max_body_bytes=MIB) as client,
    ):
        web.add("good.test", "/endless", endless())
        url = web.url("good.test", "/endless", "https")
        assert (await failure(client.get(url))).reason == "too_large"
        await until(lambda: web.open == 0)
        assert web.log[0].sent < 16 * MIB


async def test_authorities_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(SettingsError, match="WIREROOM_CRAWLER_CA"):
            await HttpClient(CrawlerSettings(ca=path)).start()
