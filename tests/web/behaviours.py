"""What a host of the loopback web does with a request."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate

from tests.web.serving import Answering, Exchange, Request

Behaviour = Callable[[Request], bytes | Answering]
"""Answers a request with bytes that are ready, or with a coroutine function that sends some."""

REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified"}


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Status line and headers, with the empty line after them."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole answer, with the length of its body."""
    return head(status, {**headers, "Content-Length": str(len(body))}) + body


def raw(data: bytes, *, close: bool = True) -> Behaviour:
    """Exactly these bytes, whatever they are; then the connection is closed."""

    async def send(exchange: Exchange) -> None:
        await exchange.send(data)
        if close:
            exchange.close()

    return lambda request: send


def page(
    body: str | bytes = b"",
    content_type: str = "text/html; charset=utf-8",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """An answer as it should be, on a connection that is kept.

    With other ``headers`` and ``status``: 404, 429 with ``{"Retry-After": "2"}``, 503.
    """
    data = body.encode("utf-8") if isinstance(body, str) else body
    ready = answer(status, data, {"Content-Type": content_type, **(headers or {})})
    return lambda request: ready


def retry_date(seconds: float, now: float) -> str:
    """A Retry-After as an HTTP date, ``seconds`` after ``now``, a Unix time."""
    return formatdate(now + seconds, usegmt=True)


def redirect(location: str, status: int = 302) -> Behaviour:
    """To ``location``, absolute or relative, whatever its scheme."""
    return page(b"moved", status=status, headers={"Location": location})


def revalidated(
    body: str | bytes,
    content_type: str = "text/html; charset=utf-8",
    *,
    etag: str = "",
    last_modified: str = "",
) -> Behaviour:
    """A page with validators: 304 to a request that shows it has it (RFC 9110, 13.1)."""
    headers = {"ETag": etag, "Last-Modified": last_modified}
    headers = {name: value for name, value in headers.items() if value}
    whole = page(body, content_type, headers=headers)
    unchanged = head(304, headers)

    def answered(request: Request) -> bytes | Answering:
        shown = request.headers.get("if-none-match")
        if shown is not None:
            return unchanged if etag and shown == etag else whole(request)
        since = request.headers.get("if-modified-since")
        return unchanged if last_modified and since == last_modified else whole(request)

    return answered


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other, a request each; the last one stays."""
    rest = list(behaviours)

    def answered(request: Request) -> bytes | Answering:
        return (rest.pop(0) if len(rest) > 1 else rest[0])(request)

    return answered


def slow(behaviour: Behaviour, seconds: float) -> Behaviour:
    """``behaviour``, but its first byte comes after ``seconds``."""

    def answered(request: Request) -> Answering:
        async def send(exchange: Exchange) -> None:
            await exchange.sleep(seconds)
            ready = behaviour(request)
            if isinstance(ready, bytes):
                await exchange.send(ready)
            else:
                await ready(exchange)

        return send

    return answered


def drip(body: bytes, every: float, *, at: int = 0) -> Behaviour:
    """A page whose bytes from ``at`` on come one by one, ``every`` so many seconds.

    ``at`` counts in the whole answer: 0 drips the status line and the headers too.
    """
    whole = answer(200, body, {"Content-Type": "text/html"})

    async def send(exchange: Exchange) -> None:
        await exchange.send(whole[:at])
        for byte in whole[at:]:
            await exchange.send(bytes([byte]))
            await exchange.sleep(every)

    return lambda request: send


def endless(
    piece: bytes = b"news " * 8192, *, headers: Mapping[str, str] | None = None
) -> Behaviour:
    """A body that never ends, chunked, as fast as it is taken."""
    start = head(
        200, {"Content-Type": "text/html", "Transfer-Encoding": "chunked", **(headers or {})}
    )
    return flood(start, b"%x\r\n%b\r\n" % (len(piece), piece))


def lying(body: bytes, length: int) -> Behaviour:
    """A page that says its body has ``length`` bytes, less or more than it has; then it closes."""
    return raw(head(200, {"Content-Type": "text/html", "Content-Length": str(length)}) + body)


def gzipped(body: bytes, content_type: str = "text/html") -> Behaviour:
    """A page in gzip."""
    return page(gzip.compress(body), content_type, headers={"Content-Encoding": "gzip"})


def gzip_bomb(size: int = 10 * 2**30, coding: str = "gzip") -> Behaviour:
    """``size`` zero bytes in a thousandth of them: 10 GiB in about 10 MB, made while sent."""

    async def send(exchange: Exchange) -> None:
        headers = {"Content-Type": "text/html", "Content-Encoding": coding}
        await exchange.send(head(200, {**headers, "Connection": "close"}))
        for piece in zeros(size):
            await exchange.send(piece)
        exchange.close()

    return lambda request: send


def zeros(size: int) -> Iterator[bytes]:
    """A gzip file of ``size`` zero bytes (whole MiB), in pieces, without compressing each."""
    mebibyte = bytes(2**20)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush nothing refers back, so the same piece can be repeated (RFC 1951).
    piece = deflate.compress(mebibyte) + deflate.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\x03"
    for _ in range(size // 2**20):
        yield piece
        if size <= 2**27:  # a checksum of what nobody reads to its end would cost seconds
            checksum = zlib.crc32(mebibyte, checksum)
    yield b"\x03\x00" + struct.pack("<II", checksum, size & 0xFFFFFFFF)


def huge_headers(number: int, size: int) -> Behaviour:
    """A page with ``number`` headers of ``size`` bytes."""
    return page(b"x", headers={f"X-Header-{at}": "x" * size for at in range(number)})


def flood(start: bytes, piece: bytes) -> Behaviour:
    """``start``, then ``piece`` again and again, as fast as it is taken."""

    async def send(exchange: Exchange) -> None:
        await exchange.send(start)
        while True:
            await exchange.send(piece)

    return lambda request: send


def endless_header() -> Behaviour:
    """A header line that never ends."""
    return flood(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x" * 4096)


def vanish() -> Behaviour:
    """The connection is dropped without a byte."""

    async def send(exchange: Exchange) -> None:
        exchange.reset()

    return lambda request: send
