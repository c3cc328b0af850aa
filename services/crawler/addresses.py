"""What may be talked to: names are resolved here, and their addresses judged.

A name is resolved once for a connection, its addresses are judged, and the connection goes to a
judged address: there is no second look-up that could answer otherwise (DNS rebinding). Where a name
has permitted and forbidden addresses, the forbidden ones are left out and the others used: they are
pinned, so nothing leads to the forbidden ones, and public sites with a stray private record exist.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from services.crawler.ports import FetchFailed

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name; raises ``OSError`` (``socket.gaierror``) without any."""

MAX_ADDRESSES = 4
"""Addresses of one name that are tried, of each IP version: a name of a thousand must not make a
port scanner of us."""

# The IANA IPv4 and IPv6 special-purpose address registries (RFC 6890), without the AS112 and AMT
# blocks, which are reachable by everyone.
_FORBIDDEN_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared address space"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),  # Azure's, in public space
        ("169.254.0.0/16", "link-local"),  # the metadata of most clouds: 169.254.169.254
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_FORBIDDEN_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard-only"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),  # the metadata of AWS among them: fd00:ec2::254
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address

_THREADS = 512


def forbidden(address: Address | str, allowed: Sequence[Network] = ()) -> str:
    """Why ``address`` may not be talked to; empty when it may.

    ``allowed`` networks may be talked to whatever they are. IPv4 inside IPv6 (mapped, NAT64) is
    judged as that IPv4 address; the transition schemes nobody serves news from any more (6to4,
    Teredo, IPv4-compatible) are refused as such.
    """
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return "no IP address"
    if any(address.version == network.version and address in network for network in allowed):
        return ""
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _FORBIDDEN_V4 if address in network), "")
    if address.scope_id is not None:
        return "link-local"
    if address.ipv4_mapped is not None:
        return forbidden(address.ipv4_mapped, allowed)
    if address in _NAT64:
        return forbidden(IPv4Address(int(address) & 0xFFFFFFFF), allowed)
    for network, reason in _FORBIDDEN_V6:
        if address in network:
            return reason
    return "" if address in _GLOBAL_V6 else "reserved"


def literal(host: str) -> Address | None:
    """The address that ``host`` spells, or ``None`` for a name.

    IPv4 in every spelling that a system's resolver takes counts (``127.1``, ``0x7f.1``,
    ``2130706433``, ``0177.0.0.1``), since those would reach the same machine.
    """
    host = host.strip("[]").rstrip(".")
    if ":" not in host and not host.rpartition(".")[2][:1].isdigit():
        return None
    try:
        return ip_address(host)
    except ValueError:
        pass
    if not host.isascii() or any(c.isspace() for c in host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


async def system_lookup(host: str) -> Sequence[str]:
    """The system's answer (getaddrinfo), from a thread of its own.

    A thread each, as daemons: a look-up cannot be cancelled, and one whose name server is silent
    must keep neither other names nor the end of the process waiting.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str] | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look_up() -> None:
        found: list[str] | OSError
        try:
            infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found = [str(info[4][0]) for info in infos]
        except OSError as error:
            found = error
        except (UnicodeError, ValueError) as error:  # a label of 64 characters, a NUL
            found = socket.gaierror(socket.EAI_NONAME, str(error))
        finally:
            _free_threads.release()
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(settle, found)

    if not _free_threads.acquire(blocking=False):
        raise socket.gaierror(socket.EAI_AGAIN, "too many look-ups wait for their name servers")
    threading.Thread(target=look_up, name=f"resolve {host[:60]}", daemon=True).start()
    return await answer


_free_threads = threading.BoundedSemaphore(_THREADS)


class Resolver:
    """Names to addresses that may be talked to. ``lookup`` replaces the system's, for tests."""

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        lookup: Lookup = system_lookup,
        timeout: float = 10,
    ) -> None:
        self._allowed = tuple(allowed)
        self._lookup = lookup
        self._timeout = timeout

    def forbidden(self, address: Address | str) -> str:
        """:func:`forbidden` with the networks of this resolver."""
        return forbidden(address, self._allowed)

    async def resolve(self, host: str) -> list[Address]:
        """The permitted addresses of ``host``, a name or an address in any spelling.

        Never empty, at most :data:`MAX_ADDRESSES` of each version, in the order of the look-up.
        Raises :class:`FetchFailed` ``dns_failed``, or ``private_address`` where none is permitted.
        """
        address = literal(host)
        found = [address] if address is not None else await self._found(host)
        reasons = {address: self.forbidden(address) for address in found}
        permitted = [address for address, reason in reasons.items() if not reason]
        if not permitted:
            told = ", ".join(f"{address} ({why})" for address, why in list(reasons.items())[:4])
            raise FetchFailed("private_address", f"{host} is {told}", again=False)
        few = {
            one
            for version in (4, 6)
            for one in [a for a in permitted if a.version == version][:MAX_ADDRESSES]
        }
        return [address for address in permitted if address in few]

    async def _found(self, host: str) -> list[Address]:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._lookup(host)
        except TimeoutError:
            detail = f"{host}: no answer in {self._timeout:g} s"
            raise FetchFailed("dns_failed", detail, again=True) from None
        except OSError as error:
            # A name that does not exist may exist tomorrow, but hardly in a minute; that difference
            # is the caller's to make. What no name server can know is not asked again.
            detail = f"{host}: {error.strerror or error}"
            raise FetchFailed("dns_failed", detail, again=True) from error
        addresses: list[Address] = []
        for text in answer:
            try:
                addresses.append(ip_address(text))
            except ValueError:
                continue
        if not addresses:
            raise FetchFailed("dns_failed", f"{host}: no address", again=True)
        return addresses
