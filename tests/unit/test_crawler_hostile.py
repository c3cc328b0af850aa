"""What a hostile web, a wrong clock or a broken state does to the crawler: not much."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from services.crawler.reading import PoolReader, Reading, kind_of
from services.crawler.sitemaps import MAX_ENTRIES, looks_like_sitemap, parse_sitemap
from shared.errors import PermanentError

NOW = 1_767_225_600.0  # 2026-01-01T00:00Z


def test_comments_before_the_root_are_read_once() -> None:
    # With backtracking these take years; the alarm makes of that a failure.
    comments = b"<!---->\n" * 900
    before = signal.alarm(20)
    try:
        assert not looks_like_sitemap(comments + b"<html>")
        assert kind_of(b"<?xml version='1.0'?>" + comments + b"<html>") == "page"
        assert looks_like_sitemap(b"<!-- a --> <!-- -- > --><?b?><!DOCTYPE c>\n<urlset>")
        assert looks_like_sitemap(comments + b"<sitemapindex xmlns='x'>")
    finally:
        signal.alarm(before)


def test_a_list_of_urls_may_end_its_lines_in_any_way() -> None:
    lines = b"\xef\xbb\xbfhttp://a.test/1\r\nhttp://a.test/2\rhttp://a.test/3\n\n  http://a.test/4 "
    assert [item.url[-1] for item in parse_sitemap(lines).items] == list("1234")
    many = b"".join(b"http://a.test/%d\n" % number for number in range(MAX_ENTRIES + 10))
    assert len(parse_sitemap(many).items) == MAX_ENTRIES


class _Pool:
    """Stands for the pool; gives what a worker would."""

    def __init__(self, result: object) -> None:
        self._result = result

    async def map(self, arguments: list[Any]) -> list[object]:
        return [self._result for _ in arguments]


@pytest.mark.parametrize("error", [RecursionError("too deep"), KeyError("x"), MemoryError(), None])
async def test_a_document_that_breaks_a_parser_is_refused(error: object) -> None:
    reader = PoolReader()
    reader._pool = _Pool(error)  # type: ignore[assignment]
    with pytest.raises(PermanentError, match="unreadable"):
        await reader(Reading("feed", "http://a.test/feed", "", b"", NOW))
