"""Gets one URL over HTTP/1.1, within the limits, from an address that was judged first."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from importlib.metadata import version

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from services.crawler.addresses import Resolver, literal
from services.crawler.connections import Answered, Kept, connector
from services.crawler.decoding import body_of
from services.crawler.ports import UNCONDITIONAL, Answer, Conditions, FetchFailed
from services.crawler.settings import CrawlerSettings
from services.crawler.wire import REDIRECTS, location_of, wire_url

ACCEPT = (
    "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,"
    "application/feed+json;q=0.9,application/xml;q=0.9,*/*;q=0.8"
)
MAX_HEADERS = 256
"""Header lines of an answer."""

_LONGEST_HEADER = 16 * 1024
_PIECE = 64 * 1024
_CHUNKS = 10_000
_CHUNK = 64  # bytes of a chunk on average, beyond so many


def user_agent(settings: CrawlerSettings) -> str:
    """``Wireroom/0.1.0 (+https://example.org/bot)``: who asks, and where to complain."""
    product = f"{settings.product}/{version('wireroom')}"
    return f"{product} (+{settings.contact})" if settings.contact else product


class HttpClient:
    """A :class:`~services.crawler.ports.Client`. One hop: redirects are told, not followed.

    Keeps no cookies, heeds no proxy of the environment, verifies TLS, sends an honest user agent.
    A connection is used again for the same host, within its life; at most ``concurrency`` wait
    idle. How many requests are under way at once is the caller's to bound.
    """

    def __init__(self, settings: CrawlerSettings, resolver: Resolver | None = None) -> None:
        self._settings = settings
        # Less than for all of connecting, so that a silent name server is told as such.
        self._resolver = resolver or Resolver(
            settings.allowed_networks, timeout=settings.connect_timeout * 0.8
        )
        self._kept = Kept(settings.concurrency)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make ready. Raises :class:`~shared.errors.SettingsError` when ``ca`` cannot be read."""
        settings = self._settings
        self._session = aiohttp.ClientSession(
            connector=connector(self._resolver, settings.ca, self._kept),
            response_class=Answered,
            headers={
                "User-Agent": user_agent(settings),
                "Accept": ACCEPT,
                "Accept-Encoding": "gzip, deflate",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=_PIECE,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=settings.connect_timeout, sock_connect=settings.connect_timeout
            ),
            max_line_size=_LONGEST_HEADER,
            max_field_size=min(_LONGEST_HEADER, settings.max_header_bytes),
            max_headers=MAX_HEADERS,
        )

    async def stop(self) -> None:
        """Close all connections; requests under way fail."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(
        self, url: str, conditions: Conditions = UNCONDITIONAL, *, limit: int | None = None
    ) -> Answer:
        """GET ``url``; ``limit`` in bytes takes the place of ``settings.max_body_bytes``.

        The body is read for status 200 alone. ``location`` is an absolute http or https URL that
        can be asked for; a redirect to anything else is ``bad_answer``. Raises
        :class:`FetchFailed`, with the reasons named there.
        """
        if self._session is None:
            raise RuntimeError("the client is not started")
        try:
            async with asyncio.timeout(self._settings.total_timeout):
                if limit is None:
                    limit = self._settings.max_body_bytes
                return await self._hop(self._session, url, conditions, limit)
        except TimeoutError as error:
            raise FetchFailed("timed_out", self._too_slow(error), again=True) from error
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            raise _failure(error) from error

    def _too_slow(self, error: TimeoutError) -> str:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return f"not connected in {self._settings.connect_timeout:g} s"
        return f"not answered in {self._settings.total_timeout:g} s"

    async def _hop(
        self, session: aiohttp.ClientSession, url: str, conditions: Conditions, limit: int
    ) -> Answer:
        wire = wire_url(url)
        host = wire.raw_host or ""
        if literal(host) is not None:  # of an address aiohttp asks no resolver
            await self._resolver.resolve(host)
        headers = {}
        if conditions.etag:
            headers["If-None-Match"] = conditions.etag
        if conditions.last_modified:
            headers["If-Modified-Since"] = conditions.last_modified
        response = await session.get(wire, headers=headers, allow_redirects=False)
        assert isinstance(response, Answered)
        try:
            if response.status == 101:
                raise FetchFailed("bad_answer", "it switches protocols unasked", again=False)
            received = self._headers(response)
            body = await self._body(response, limit) if response.status == 200 else b""
            location = ""
            if response.status in REDIRECTS:
                location = location_of(url, response.raw_headers)
            return Answer(url, response.status, received, body, response.address, location)
        finally:
            self._kept.settle(response)

    def _headers(self, response: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
        size = sum(len(name) + len(value) + 4 for name, value in response.raw_headers)
        if size > self._settings.max_header_bytes:
            raise FetchFailed("headers_too_large", f"{size} bytes of headers", again=False)
        return tuple((_text(name), _text(value)) for name, value in response.raw_headers)

    async def _body(self, response: Answered, limit: int) -> bytes:
        length = response.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and len(length) < 20 and int(length) > limit:
            raise FetchFailed("too_large", f"{length} bytes are more than {limit}", again=False)
        coding = ",".join(response.headers.getall("Content-Encoding", []))
        body = body_of(coding, limit, self._settings.max_ratio)
        response.allow(limit)
        chunks = size = 0
        async for piece, is_chunk in response.content.iter_chunks():
            body.feed(piece)
            chunks += is_chunk
            size += len(piece)
            # Each chunk costs time of its own, which a flood of tiny ones would take from others.
            if chunks > _CHUNKS + size // _CHUNK:
                raise FetchFailed("bad_answer", "a flood of tiny chunks", again=False)
        return body.finish()


def _text(raw: bytes) -> str:
    """A header's text: UTF-8 where it is that, else byte by byte (RFC 9110, 5.5)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _failure(error: Exception) -> FetchFailed:
    """What an error of the library or of the system means for the request."""
    chain = list(_chain(error))
    known = next((one for one in chain if isinstance(one, FetchFailed)), None)
    if known is not None:
        return FetchFailed(known.reason, known.detail, again=known.again)
    told = next(filter(None, map(_told, reversed(chain))), type(error).__name__)
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return FetchFailed("tls_failed", told, again=False)
    if any(isinstance(one, ssl.SSLError | ssl.CertificateError) for one in chain):
        return FetchFailed("tls_failed", told, again=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return FetchFailed("connect_failed", told, again=True)
    if any(isinstance(one, LineTooLong) for one in chain) or "Too many headers" in told:
        return FetchFailed("headers_too_large", told, again=False)
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectionError | OSError):
        return FetchFailed("bad_answer", told, again=True)
    return FetchFailed("bad_answer", told, again=False)


def _told(error: BaseException) -> str:
    """The first line of what ``error`` says, without the URL, which the caller knows."""
    text = str(getattr(error, "message", "") or getattr(error, "strerror", "") or error)
    return text.strip().partition("\n")[0].rstrip(": ")[:300]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """``error`` and what caused it, the outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
