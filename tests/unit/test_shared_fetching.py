"""Requests to fetch: their form, their host, their partition."""

from __future__ import annotations

import pytest

from shared.errors import PermanentError
from shared.fetching import FetchRequest, host_of, partition_of, url_problem


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://a.test/public/../private", "http://a.test/private"),
        ("http://a.test/public/%2e%2E/private?x=../y#z", "http://a.test/private?x=../y#z"),
        ("http://a.test/../../x", "http://a.test/x"),
        ("http://a.test/a/./b/.", "http://a.test/a/b/"),
        ("http://a.test/a/b/..", "http://a.test/a/"),
        ("http://a.test/..", "http://a.test/"),
        ("http://a.test/a..b/.c/...", "http://a.test/a..b/.c/..."),
        ("http://a.test", "http://a.test"),
    ],
)
def test_robots_and_server_are_asked_about_the_same_path(written: str, meant: str) -> None:
    assert FetchRequest(url=written).url == meant
    assert FetchRequest.read(written.encode()).url == meant


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://a.test/x", "ftp"),
        ("//a.test/x", "missing"),
        ("http:///x", "host"),
        ("http://u:p@a.test/", "password"),
        ("http://a.test:0/", "port 0"),
        ("http://a.test:99999/", "Port"),
        ("http://a.test/a b", "white space"),
        ("http://[::1/", "IPv6"),
    ],
)
def test_what_cannot_be_fetched_is_told(url: str, problem: str) -> None:
    assert problem in url_problem(url)
    with pytest.raises(PermanentError, match="invalid_url"):
        FetchRequest.read(url.encode())


@pytest.mark.parametrize("value", [None, b"", b"\xff\xfe", b"{", b'{"uri": "x"}', b"[1]"])
def test_what_is_no_request_is_told(value: bytes | None) -> None:
    with pytest.raises(PermanentError):
        FetchRequest.read(value)


def test_a_host_has_one_partition_however_it_is_written() -> None:
    names = ["http://News.Test/a", "https://news.test:443/b?c", "http://news.test.:80/"]
    assert {host_of(url) for url in names} == {"news.test"}
    assert host_of("http://news.test:8080/") == "news.test:8080"
    assert host_of("http://[::1]:80/") == "[::1]"
    assert {partition_of(f"h{n}.test", 8) for n in range(200)} == set(range(8))
