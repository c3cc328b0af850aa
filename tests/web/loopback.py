"""The loopback web: names, addresses, hosts and the log of what was asked."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise

from tests.web.behaviours import Behaviour, page
from tests.web.serving import Answering, Connection, Request

ANY = "*"
"""As a path: all of a host that no other behaviour is for."""


def names(number: int) -> list[str]:
    """So many names of hosts: h0001.test, h0002.test, ..."""
    return [f"h{at:04}.test" for at in range(1, number + 1)]


class LoopbackWeb:
    """Hosts with behaviours; see the package for an example.

    ``tls``, the server side of a TLS connection, makes it listen for https too, on another port.
    """

    def __init__(
        self, network: str = "127.77.0.0/16", *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.network = IPv4Network(network)
        self.log: list[Request] = []
        """All requests at addresses of the network, in order of their arrival."""
        self.strayed: list[Request] = []
        """Requests at other addresses of this machine (127.0.0.1): a crawler's mistakes."""
        self.looked_up: list[str] = []
        """Names that were asked for, in order."""
        self.open = 0
        """Connections open now."""
        self.most_open = 0
        """The most connections that were open at once."""
        self.connections = 0
        """Connections so far."""
        self._tls = tls
        self._addresses: dict[str, str] = {}
        self._answers: dict[str, list[Sequence[str]]] = {}
        self._behaviours: dict[tuple[str, str], Behaviour] = {}
        self._running: Counter[str] = Counter()
        self._live: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._ports: dict[str, int] = {}
        self._absent = page(b"not here", status=404)

    async def __aenter__(self) -> LoopbackWeb:
        loop = asyncio.get_running_loop()
        for scheme, context in (("http", None), ("https", self._tls)):
            if scheme == "https" and context is None:
                continue
            # All addresses at once: a socket for each of thousands of hosts would cost too much.
            # A connection that comes from elsewhere is dropped by its protocol.
            server = await loop.create_server(
                partial(self._connection, scheme == "https"),
                "0.0.0.0",
                0,
                family=socket.AF_INET,
                backlog=4096,
                ssl=context,
            )
            self._servers.append(server)
            self._ports[scheme] = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        await asyncio.gather(*(connection.stop() for connection in list(self._live)))
        for server in self._servers:
            await server.wait_closed()

    def add(self, host: str, path: str, behaviour: Behaviour) -> str:
        """Let ``host`` answer ``path`` so; gives the URL.

        ``path`` is matched with its query, then without it; ``"*"`` takes what is left. What no
        behaviour is for gets 404.
        """
        self.address(host)
        self._behaviours[host.lower(), path] = behaviour
        return self.url(host, "/" if path == ANY else path)

    def address(self, host: str) -> str:
        """The address of ``host``; a name that was not there before gets one."""
        host = host.lower()
        if host not in self._addresses:
            self._addresses[host] = str(self.network[len(self._addresses) + 1])
        return self._addresses[host]

    def answers(self, host: str, *answers: Sequence[str]) -> None:
        """Let look-ups of ``host`` give these lists of addresses in turn; the last one stays.

        An empty list is a name without an address.
        """
        self._answers[host.lower()] = list(answers)

    async def lookup(self, host: str) -> Sequence[str]:
        """The addresses of a name, as a look-up of ``services.crawler.addresses.Resolver``."""
        host = host.lower().rstrip(".")
        self.looked_up.append(host)
        answers = self._answers.get(host)
        if answers:
            found = answers.pop(0) if len(answers) > 1 else answers[0]
        else:
            found = [self._addresses[host]] if host in self._addresses else []
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    def port(self, scheme: str = "http") -> int:
        """The port that all hosts listen on."""
        return self._ports[scheme]

    def url(self, host: str, path: str = "/", scheme: str = "http") -> str:
        """The URL of ``path`` at ``host``, with the port."""
        return f"{scheme}://{host}:{self._ports[scheme]}{path}"

    def requests(self, host: str | None = None, path: str | None = None) -> list[Request]:
        """Of the log, those to ``host``, for ``path``."""
        return [
            request
            for request in self.log
            if host in (None, request.host) and path in (None, request.path)
        ]

    def most_together(self) -> dict[str, int]:
        """For each host the most of its requests that were being answered at once."""
        most: dict[str, int] = defaultdict(int)
        for request in self.log:
            most[request.host] = max(most[request.host], request.together)
        return dict(most)

    def gaps(self, host: str, *, but: Iterable[str] = ()) -> list[float]:
        """Seconds between the end of an answer of ``host`` and its next request.

        Requests for the paths in ``but`` do not count.
        """
        left_out = set(but)
        asked = [request for request in self.requests(host) if request.path not in left_out]
        return [
            later.at - (earlier.done if earlier.done is not None else later.at)
            for earlier, later in pairwise(asked)
        ]

    def _connection(self, secure: bool) -> Connection:
        return Connection(self._handle, self._finished, self._opened, self._closed, secure=secure)

    def _opened(self, connection: Connection) -> int:
        self._live.add(connection)
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        return self.connections

    def _closed(self, connection: Connection) -> None:
        self._live.discard(connection)
        self.open -= 1

    def _handle(self, request: Request) -> bytes | Answering:
        self._running[request.host] += 1
        request.together = self._running[request.host]
        inside = IPv4Address(request.address) in self.network
        (self.log if inside else self.strayed).append(request)
        bare = request.path.partition("?")[0]
        for path in (request.path, bare, ANY):
            behaviour = self._behaviours.get((request.host, path))
            if behaviour is not None:
                return behaviour(request)
        return self._absent(request)

    def _finished(self, request: Request) -> None:
        self._running[request.host] -= 1
