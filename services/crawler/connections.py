"""Connections of the client: to judged addresses only, trusted, bounded, few and short-lived."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections import OrderedDict
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import set_exception
from aiohttp.http import RawResponseMessage

from services.crawler.addresses import Resolver
from services.crawler.ports import FetchFailed
from shared.errors import SettingsError

HEAD = 1024 * 1024
"""Bytes of an answer that may come in before its body is asked for."""
MAX_INFORMATIONAL = 16
"""Answers 1xx before the answer."""
LIFE = 30.0
"""Seconds a connection is used again for; then its host is resolved and judged anew."""


def connector(resolver: Resolver, ca: Path | None, kept: Kept) -> aiohttp.TCPConnector:
    """Connects to addresses that ``resolver`` permits, and to no other; ``kept`` is told of use.

    Raises :class:`~shared.errors.SettingsError` when ``ca`` cannot be read.
    """

    def judged(info: Any) -> socket.socket:
        # The last gate: whatever led here, no socket is made for a forbidden address.
        family, kind, protocol, _, target = info
        reason = resolver.forbidden(target[0])
        if reason:
            refused = FetchFailed("private_address", f"{target[0]} ({reason})", again=False)
            raise PermissionError(errno.EACCES, "forbidden address") from refused
        return socket.socket(family, kind, protocol)

    made = aiohttp.TCPConnector(
        limit=0,  # the crawler limits, so that waiting for a place counts in no time-out
        resolver=_Judged(resolver),
        use_dns_cache=False,
        socket_factory=judged,
        ssl=_trusted(ca),
        interleave=1,  # IPv4 and IPv6 by turns (RFC 8305), lest one that leads nowhere use up time
        keepalive_timeout=LIFE / 2,
    )
    # aiohttp has no setting for what reads a connection.
    loop = asyncio.get_running_loop()
    made._factory = partial(_Bounded, kept, loop)  # type: ignore[assignment]
    return made


class _Judged(AbstractResolver):
    """Hands aiohttp addresses that were judged; it connects to these without asking again."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._resolver.resolve(host)
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _trusted(ca: Path | None) -> ssl.SSLContext:
    """Verifies by the system's authorities, or certifi's where it has none, and those of ``ca``."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    if not context.cert_store_stats()["x509_ca"] and not (folder and any(folder.iterdir())):
        context.load_verify_locations(certifi.where())
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except OSError as error:  # ssl.SSLError is one
            raise SettingsError(f"WIREROOM_CRAWLER_CA={ca}: {error.strerror or error}") from error
    return context


class _Bounded(ResponseHandler):
    """Reads answers, and gives up on one that costs too much.

    What is around a body counts in no limit of the body, and costs more time for each byte: chunk
    headers with their extensions, informational answers. One host must not get all of that time.
    """

    _left = HEAD
    _early = 0

    def __init__(self, kept: Kept, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._kept = kept

    def set_response_params(self, **params: Any) -> None:
        """A request goes out."""
        if self.transport is not None:
            self._kept.use(self.transport)
        self._left = HEAD
        self._early = 0
        super().set_response_params(**params)

    def allow(self, size: int) -> None:
        """Let so many bytes more come in."""
        self._left += size

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left >= 0:
            super().data_received(data)
            return
        failed = FetchFailed("too_large", "much more is sent than its body", again=False)
        self.set_exception(failed)
        if self._payload is not None:
            set_exception(self._payload, failed)
        self.abort()

    async def read(self) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
        message, payload = await super().read()
        if 100 <= message.code < 200:
            self._early += 1
            if self._early > MAX_INFORMATIONAL:
                detail = f"more than {MAX_INFORMATIONAL} informational answers"
                raise FetchFailed("bad_answer", detail, again=False)
        return message, payload


class Answered(aiohttp.ClientResponse):
    """An answer that knows its connection, which aiohttp lets go of at the end of the body."""

    transport: asyncio.Transport | None = None
    address: str = ""
    _bounded: _Bounded | None = None

    def allow(self, size: int) -> None:
        """Let a body of ``size`` bytes come in, in chunks or as it is."""
        if self._bounded is not None:
            self._bounded.allow(size + size // 4)

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Read the head; the connection is closed at once when that fails."""
        self.transport = connection.transport
        self._bounded = connection.protocol
        if self.transport is not None:
            peer = self.transport.get_extra_info("peername")
            self.address = str(peer[0]) if peer else ""
        try:
            return await super().start(connection)
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Close at once. TLS closed in order would read on, for the peer's good-bye."""
        if self.transport is not None:
            self.transport.abort()


class Kept:
    """The connections that wait for another request: bounds their number and their life."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._opened: WeakKeyDictionary[asyncio.BaseTransport, float] = WeakKeyDictionary()
        self._idle: OrderedDict[asyncio.BaseTransport, asyncio.Transport] = OrderedDict()

    def use(self, transport: asyncio.BaseTransport) -> None:
        """A connection that waited has a request, and is no longer closed for others' sake."""
        self._idle.pop(transport, None)

    def settle(self, response: Answered) -> None:
        """Close the connection of an answer that is done with, or let it wait for the next."""
        complete = response.content.is_eof()
        response.close()
        transport = response.transport
        if transport is None:
            return
        opened = self._opened.setdefault(transport, monotonic())
        if not complete or transport.is_closing() or monotonic() - opened > LIFE:
            transport.abort()
            return
        self._idle[transport] = transport
        while len(self._idle) > self._most:
            self._idle.popitem(last=False)[1].abort()
