"""The browser's only way out: one request a connection, judged addresses, counted bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from services.crawler.addresses import Resolver
from services.crawler.rendering.guard_proxy import GuardProxy
from tests.web import LoopbackWeb, huge_headers, page


@pytest.fixture
async def web() -> AsyncIterator[LoopbackWeb]:
    async with LoopbackWeb() as made:
        made.add("news.test", "*", page("Rain"))
        yield made


def guard(web: LoopbackWeb, max_bytes: int = 1_000_000) -> GuardProxy:
    resolver = Resolver([web.network], lookup=web.lookup)
    return GuardProxy(resolver, max_bytes=max_bytes, connect_timeout=5)


async def send(proxy: GuardProxy, raw: bytes) -> bytes:
    host, _, port = proxy.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    await writer.drain()
    answer = b""
    try:
        # The web of the tests does not hang up by itself.
        with contextlib.suppress(TimeoutError):
            while piece := await asyncio.wait_for(reader.read(65_536), 1):
                answer += piece
    finally:
        writer.close()
    return answer


async def test_a_page_comes_through_and_says_that_the_connection_ends(web: LoopbackWeb) -> None:
    async with guard(web) as proxy:
        answer = await send(
            proxy, f"GET {web.url('news.test', '/a')} HTTP/1.1\r\nHost: news.test\r\n\r\n".encode()
        )
    assert answer.endswith(b"Rain")
    assert answer.count(b"Connection: close") == 1
    assert [request.path for request in web.log] == ["/a"]


@pytest.mark.parametrize(
    "head",
    ["Content-Length: 4\r\nContent-Length: 60", "Transfer-Encoding: chunked", "Content-Length: -1"],
)
async def test_no_second_request_is_hidden_in_the_first(web: LoopbackWeb, head: str) -> None:
    url = web.url("news.test", "/a")
    raw = f"POST {url} HTTP/1.1\r\n{head}\r\n\r\nabcdGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    async with guard(web) as proxy:
        await send(proxy, raw.encode())
    assert web.log == []


async def test_what_follows_a_request_is_left(web: LoopbackWeb) -> None:
    url = web.url("news.test", "/a")
    head = "HTTP/1.1\r\nHost: news.test\r\n\r\n"
    raw = f"GET {url} {head}GET /second {head}"
    async with guard(web) as proxy:
        await send(proxy, raw.encode())
    assert [request.path for request in web.log] == ["/a"]


@pytest.mark.parametrize(
    "line",
    [
        "GET http://127.0.0.1:{port}/ HTTP/1.1",
        "GET http://2130706433:{port}/ HTTP/1.1",
        "CONNECT 127.0.0.1:{port} HTTP/1.1",
        "CONNECT [::1]:{port} HTTP/1.1",
        "CONNECT 169.254.169.254:80 HTTP/1.1",
        "GET ftp://news.test/ HTTP/1.1",
        "GET /relative HTTP/1.1",
    ],
)
async def test_what_may_not_be_reached_is_refused(web: LoopbackWeb, line: str) -> None:
    async with guard(web) as proxy:
        answer = await send(proxy, line.format(port=web.port()).encode() + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403")
    assert (web.log, web.strayed) == ([], [])


async def test_heads_count_as_bytes_received(web: LoopbackWeb) -> None:
    web.add("news.test", "/h", huge_headers(10, 4_000))
    async with guard(web, max_bytes=60_000) as proxy:
        for _ in range(2):
            await send(
                proxy,
                f"GET {web.url('news.test', '/h')} HTTP/1.1\r\nHost: news.test\r\n\r\n".encode(),
            )
        assert proxy.exhausted
