"""The only way out for a browser: a proxy on loopback that judges every address.

A browser resolves names by itself, follows what scripts ask for and knows no limits on bytes.
Behind this proxy it gets connections to judged addresses alone, and so many bytes in all.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from services.crawler.addresses import Resolver, forbidden
from services.crawler.ports import FetchFailed

_HEAD = 64 * 1024  # bytes of a request's line and headers
_PIECE = 64 * 1024
_END = b"\r\n\r\n"
_PORTS = (80, 443)
"""Where CONNECT may lead, beside ports of allowed networks: a browser is no port scanner."""


class GuardProxy:
    """An HTTP proxy for one rendering; an async context manager.

    ``max_bytes`` bounds what all its connections receive together; past it they are cut and
    :attr:`exhausted` is true. ``refused`` counts requests by reason.
    """

    def __init__(self, resolver: Resolver, *, max_bytes: int, connect_timeout: float) -> None:
        self._resolver = resolver
        self._left = max_bytes
        self._connect_timeout = connect_timeout
        self._tasks: set[asyncio.Task[None]] = set()
        self.exhausted = False
        self.refused: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_HEAD)
        port = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Stop listening and cut what is open."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._relay(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the browser or the site went away
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._connect_timeout):
            head = await reader.readuntil(_END)
        line, _, headers = head.partition(b"\r\n")
        method, target, _ = line.decode("latin-1").split(" ", 2)
        length = _length(headers)
        if method == "CONNECT":
            split = urlsplit(f"//{target}")
            host, port = split.hostname or "", split.port or 443
            opening = b""
        else:
            split = urlsplit(target)
            if split.scheme != "http":
                await self._refuse(writer, "scheme", f"{split.scheme or 'no'} scheme")
                return
            host, port = split.hostname or "", split.port or 80
            path = (split.path or "/") + (f"?{split.query}" if split.query else "")
            opening = f"{method} {path} HTTP/1.1\r\nConnection: close\r\n".encode("latin-1")
            opening += _without_hop_headers(headers)
        try:
            there = await self._connect(host, port)
        except FetchFailed as failed:
            await self._refuse(writer, failed.reason, failed.detail)
            return
        remote_reader, remote_writer = there
        try:
            if opening:
                remote_writer.write(opening)
                up = asyncio.create_task(_pump(reader, remote_writer, length))
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                up = asyncio.create_task(_pump(reader, remote_writer))
            try:
                if opening:
                    # One request a connection: the next may be for another host.
                    head = await remote_reader.readuntil(_END)
                    if not self._count(head):
                        return
                    status, _, answered = head.partition(b"\r\n")
                    writer.write(status + b"\r\nConnection: close\r\n")
                    writer.write(_without_hop_headers(answered))
                await self._down(remote_reader, writer)
            finally:
                up.cancel()
                await asyncio.gather(up, return_exceptions=True)
        finally:
            remote_writer.close()
            with contextlib.suppress(OSError):
                await remote_writer.wait_closed()

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        addresses = await self._resolver.resolve(host)
        last: Exception | None = None
        for address in addresses:
            # Who allows a network allows its ports.
            if port not in _PORTS and not forbidden(address):
                raise FetchFailed("private_port", f"port {port} of {host}", again=False)
            try:
                async with asyncio.timeout(self._connect_timeout):
                    return await asyncio.open_connection(str(address), port)
            except OSError as error:  # TimeoutError is one
                last = error
        raise FetchFailed("connect_failed", f"{host}: {last}", again=True)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (piece := await reader.read(_PIECE)) and self._count(piece):
            writer.write(piece)
            await writer.drain()

    def _count(self, received: bytes) -> bool:
        """Whether so many bytes are still allowed."""
        self._left -= len(received)
        self.exhausted = self.exhausted or self._left < 0
        return not self.exhausted

    async def _refuse(self, writer: asyncio.StreamWriter, reason: str, detail: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        body = f"{reason}: {detail}\n".encode()
        writer.write(
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int | None = None
) -> None:
    """Hand on ``size`` bytes, or all there are."""
    left = size
    while left is None or left > 0:
        piece = await reader.read(_PIECE if left is None else min(_PIECE, left))
        if not piece:
            return
        left = None if left is None else left - len(piece)
        writer.write(piece)
        await writer.drain()


def _length(headers: bytes) -> int:
    """The bytes of a request's body; browsers tell them, once.

    Raises ``ValueError`` for anything else: what two ends read differently hides a second request.
    """
    told: list[int] = []
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            raise ValueError("a body of unknown length")
        if name.strip().lower() == b"content-length":
            told.append(int(value))
    if len(told) > 1 or min(told, default=0) < 0:
        raise ValueError("more than one length")
    return told[0] if told else 0


def _without_hop_headers(headers: bytes) -> bytes:
    """The headers that go on, with the blank line behind them (RFC 9110, 7.6.1)."""
    kept = [
        line
        for line in headers.split(b"\r\n")
        if line.partition(b":")[0].strip().lower()
        not in (b"proxy-connection", b"connection", b"proxy-authorization", b"keep-alive")
    ]
    return b"\r\n".join(kept)
