"""Which addresses may be talked to, in every spelling, and how names become addresses."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from services.crawler import addresses
from services.crawler.addresses import MAX_ADDRESSES, Resolver, forbidden, literal, system_lookup
from services.crawler.ports import FetchFailed

FORBIDDEN = {
    "this network": ["0.0.0.0", "0.1.2.3"],
    "private": [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "fc00::1",
        "fd00:ec2::254",
    ],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"],
    "link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254"],
    "shared address space": ["100.64.0.1", "100.100.100.200", "100.127.255.255"],
    "protocol assignments": ["192.0.0.192", "2001:100::1"],
    "documentation": ["192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1"],
    "benchmarking": ["198.18.0.1", "198.19.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "::ffff:0:8.8.8.8"],
    "6to4 relay": ["192.88.99.1"],
    "cloud metadata": ["168.63.129.16"],
    "unspecified": ["::"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "local NAT64": ["64:ff9b:1::a00:1"],
    "discard-only": ["100::1"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "6to4": ["2002:7f00:1::", "2002:808:808::1"],
    "segment routing": ["5f00::1"],
    "site-local": ["fec0::1"],
}
PERMITTED = [
    "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
    "169.253.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "192.0.1.1",
    "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "reason"),
    [(address, reason) for reason, group in FORBIDDEN.items() for address in group],
)
def test_special_addresses_are_forbidden_and_the_reason_is_told(address: str, reason: str) -> None:
    assert forbidden(address) == reason


@pytest.mark.parametrize("address", PERMITTED)
def test_public_addresses_are_permitted(address: str) -> None:
    assert forbidden(address) == ""


def test_what_the_standard_library_calls_not_global_is_forbidden() -> None:
    for first in range(256):
        for second in (0, 1, 2, 18, 19, 31, 51, 64, 88, 127, 168, 254, 255):
            for third in (0, 2, 99, 100, 113):
                address = ip_address(bytes([first, second, third, 200]))
                assert address.is_global or forbidden(address), address


def test_an_allowed_network_is_permitted_alone() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("fd00::/64")]
    assert forbidden("10.1.2.3", allowed) == ""
    assert forbidden("::ffff:10.1.2.3", allowed) == ""
    assert forbidden("fd00::5", allowed) == ""
    assert forbidden("10.2.0.1", allowed) == "private"
    assert forbidden("fd00:0:0:1::5", allowed) == "private"
    assert forbidden("127.0.0.1", allowed) == "loopback"


def test_what_is_no_address_is_forbidden() -> None:
    assert forbidden("localhost") == "no IP address"


@pytest.mark.parametrize(
    "spelled",
    [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
        "017700000001", "127.0.0.1.", "0x7F.0x0.0x0.0x1", "[127.0.0.1]",
    ],
)  # fmt: skip
def test_every_spelling_of_an_address_is_one(spelled: str) -> None:
    assert literal(spelled) == ip_address("127.0.0.1")


def test_ipv6_in_brackets_is_an_address() -> None:
    assert literal("[::ffff:127.0.0.1]") == ip_address("::ffff:127.0.0.1")


@pytest.mark.parametrize(
    "name",
    ["example.org", "1.example.org", "0x7f.example", "256.256.256.256", "1.2.3.4.5", "", "."],
)
def test_a_name_is_no_address(name: str) -> None:
    assert literal(name) is None


def answering(*found: str) -> Resolver:
    async def lookup(host: str) -> Sequence[str]:
        return found

    return Resolver(lookup=lookup)


async def failure(resolver: Resolver, host: str = "news.test") -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        await resolver.resolve(host)
    return caught.value


async def test_the_permitted_addresses_of_a_name_are_used_and_the_others_left_out() -> None:
    resolver = answering("127.0.0.1", "8.8.8.8", "10.0.0.1", "2606:4700::1111")
    assert [str(a) for a in await resolver.resolve("x.test")] == ["8.8.8.8", "2606:4700::1111"]


async def test_a_name_of_forbidden_addresses_alone_is_refused_for_good() -> None:
    failed = await failure(answering("127.0.0.1", "169.254.169.254"))
    assert (failed.reason, failed.again) == ("private_address", False)
    assert "news.test" in failed.detail
    assert "169.254.169.254 (link-local)" in failed.detail


async def test_a_name_of_thousands_of_addresses_gives_a_few_of_each_version() -> None:
    six = [f"2606:4700::{n:x}" for n in range(1000)]
    four = [f"8.8.{n // 256}.{n % 256}" for n in range(1000)]
    found = [str(address) for address in await answering(*six, *four).resolve("x.test")]
    assert found == [str(ip_address(a)) for a in six[:MAX_ADDRESSES]] + four[:MAX_ADDRESSES]


async def test_a_spelled_address_is_not_looked_up() -> None:
    resolver = answering()
    assert [str(a) for a in await resolver.resolve("0x08080808")] == ["8.8.8.8"]
    assert (await failure(resolver, "2130706433")).reason == "private_address"


async def test_a_name_without_an_address_is_told() -> None:
    async def lookup(host: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    failed = await failure(Resolver(lookup=lookup))
    assert (failed.reason, failed.again) == ("dns_failed", True)
    assert failed.detail == "news.test: Name or service not known"
    assert (await failure(answering())).reason == "dns_failed"


async def test_a_silent_name_server_ends_in_time() -> None:
    async def lookup(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    failed = await failure(Resolver(lookup=lookup, timeout=0.01))
    assert (failed.reason, failed.again) == ("dns_failed", True)


async def test_a_silent_name_server_keeps_no_other_name_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()

    def getaddrinfo(host: str, *_: object, **__: object) -> list[object]:
        if host == "stuck.test":
            release.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    stuck = [asyncio.create_task(system_lookup("stuck.test")) for _ in range(40)]
    await asyncio.sleep(0)
    try:
        for _ in range(20):
            assert await system_lookup("quick.test") == ["8.8.8.8"]
        assert not any(task.done() for task in stuck)
    finally:
        release.set()
        await asyncio.gather(*stuck)


async def test_a_look_up_given_up_frees_its_thread_when_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    free = threading.BoundedSemaphore(1)
    monkeypatch.setattr(addresses, "_free_threads", free)

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        release.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert (await failure(Resolver(timeout=0.01))).detail.endswith("no answer in 0.01 s")
    full = await failure(Resolver(timeout=0.01), "second.test")
    assert full.reason == "dns_failed"
    assert "too many look-ups" in full.detail
    release.set()
    assert await asyncio.to_thread(free.acquire, timeout=30)


async def test_names_that_cannot_be_names_fail_as_such() -> None:
    for name in ("a" * 64 + ".test", "a..b", "nul\0.test", "\ud800.test"):
        with pytest.raises(socket.gaierror):
            await system_lookup(name)
