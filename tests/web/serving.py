"""A small HTTP/1.1 server on bare transports, so that it can send whatever a test wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(slots=True, eq=False)
class Request:
    """One request as the server saw it; times are of ``time.monotonic``, in seconds."""

    host: str
    """Of its Host header, without the port, in lower case."""
    path: str
    """With the query."""
    headers: dict[str, str]
    """Names in lower case."""
    address: str
    """The server's address that it came to."""
    secure: bool
    """Whether it came over TLS."""
    connection: int
    """The number of its connection; requests on a kept connection share it."""
    at: float
    """When its head was complete."""
    done: float | None = None
    """When all was sent or the connection was lost; ``None`` while it is answered."""
    sent: int = 0
    """Bytes handed to the connection."""
    together: int = 1
    """Requests to the same host that were being answered at that time, with this one."""


Answering = Callable[["Exchange"], Awaitable[None]]


class Gone(Exception):
    """The client closed the connection."""


class Exchange:
    """One request being answered."""

    def __init__(self, request: Request, connection: Connection) -> None:
        self.request = request
        self._connection = connection

    async def send(self, data: bytes) -> None:
        """Send as fast as the client takes it. Raises :class:`Gone` when it left."""
        await self._connection.send(data)
        self.request.sent += len(data)

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than the client does. Raises :class:`Gone` when it left."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._connection.lost), seconds)
        if self._connection.lost.done():
            raise Gone

    def close(self) -> None:
        """Close the connection when what was sent is out."""
        self._connection.transport.close()

    def reset(self) -> None:
        """Drop the connection."""
        self._connection.transport.abort()


Handler = Callable[[Request], "bytes | Answering"]
"""What a request gets: bytes that are ready, or a coroutine function that sends them."""


class Connection(asyncio.Protocol):
    """Takes requests one after the other; answers each before it reads the next."""

    transport: asyncio.Transport

    def __init__(
        self,
        handler: Handler,
        finished: Callable[[Request], None],
        opened: Callable[[Connection], int],
        closed: Callable[[Connection], None],
        *,
        secure: bool,
    ) -> None:
        self._number = 0
        self._handler = handler
        self._finished = finished
        self._opened = opened
        self._closed = closed
        self._secure = secure
        self._input = b""
        self._request: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number = self._opened(self)
        self.address = str(transport.get_extra_info("sockname")[0])
        if not self.address.startswith("127."):  # nobody but this machine is served
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        self._writable.set()
        self._finish()
        self._closed(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._input += data
        self._next()

    async def send(self, data: bytes) -> None:
        """Raises :class:`Gone`."""
        await self._writable.wait()
        await asyncio.sleep(0)  # a body without end lets the others, and its own loss, have a turn
        if self.lost.done() or self.transport.is_closing():
            raise Gone
        self.transport.write(data)

    async def stop(self) -> None:
        """End what is being answered, and the connection."""
        self.transport.abort()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.lost

    def _next(self) -> None:
        while self._request is None and not self.transport.is_closing():
            head, mark, rest = self._input.partition(b"\r\n\r\n")
            if not mark:
                return
            self._input = rest
            request = self._request = self._read(head)
            answer = self._handler(request)
            if isinstance(answer, bytes):
                self.transport.write(answer)
                request.sent = len(answer)
                self._finish()
                if b"\r\nConnection: close" in answer[:1024]:
                    self.transport.close()
            else:
                self._task = asyncio.get_running_loop().create_task(self._answer(answer, request))

    async def _answer(self, answering: Answering, request: Request) -> None:
        try:
            await answering(Exchange(request, self))
        except Gone:
            return
        finally:
            self._task = None
            self._finish()
        self._next()

    def _finish(self) -> None:
        request, self._request = self._request, None
        if request is not None:
            request.done = monotonic()
            self._finished(request)

    def _read(self, head: bytes) -> Request:
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        host = headers.get("host", "").lower()
        if not host.endswith("]"):
            host = host.rpartition(":")[0] or host
        return Request(
            host=host,
            path=first.split(" ")[1],
            headers=headers,
            address=self.address,
            secure=self._secure,
            connection=self._number,
            at=monotonic(),
        )
