"""What an address is, found out now: a feed, a sitemap, a page with feeds, or why none of these."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from services.crawler.discovery import feeds_of, places_to_read
from services.crawler.ports import Answer, Client, FetchFailed
from services.crawler.reading import kind_of
from services.crawler.robots import Robots, fetch_robots
from services.crawler.settings import CrawlerSettings
from services.crawler.sitemaps import parse_sitemap
from services.crawler.visit import origin_of
from shared.errors import PermanentError
from shared.events import format_time, from_milliseconds, parse_time
from shared.feeds import parse_feed
from shared.fetching import Kind, host_of, url_problem

_AT_ONCE: Final = 32
_REASON = re.compile(r"([a-z]+(?:_[a-z]+)+): (.*)", re.S)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found at ``url``; ``reason`` and ``detail`` tell why it cannot be a source."""

    url: str
    kind: Kind = "auto"
    answered: str = ""
    """The URL that answered, after redirects."""
    title: str = ""
    entries: int = 0
    newest: str = ""
    """Date of the newest entry, RFC 3339; empty where none is told."""
    named: tuple[str, ...] = ()
    """Feeds and sitemaps that a page names."""
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class Checker:
    """Checks addresses, politely: robots.txt, one request at a time to a host, its delay."""

    settings: CrawlerSettings
    client: Client
    _robots: dict[str, Robots] = field(default_factory=dict)
    _hosts: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def check_all(self, places: Sequence[tuple[str, Kind]]) -> list[Checked]:
        """Check addresses with their declared kinds, many hosts at the same time."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(url: str, kind: Kind) -> Checked:
            async with room:
                return await self.check(url, kind)

        return list(await asyncio.gather(*(one(url, kind) for url, kind in places)))

    async def check(self, url: str, kind: Kind = "auto") -> Checked:
        """What is at ``url``; never raises for what a server does."""
        try:
            answer = await self.get(url)
            return await asyncio.to_thread(self._read, url, kind, answer)
        except FetchFailed as failed:
            return Checked(url, kind, reason=failed.reason, detail=failed.detail)
        except PermanentError as error:
            return Checked(url, kind, reason=error.reason, detail=error.detail)

    async def get(self, url: str) -> Answer:
        """What answers for ``url`` with 200, after redirects; raises :class:`FetchFailed`."""
        seen: list[str] = []
        while True:
            answer = await self._hop(url)
            seen.append(url)
            if answer.status == 200:
                return answer
            if not answer.location:
                where = url if seen[1:] else ""  # the first one stands beside it already
                raise FetchFailed(f"http_{answer.status}", where, again=False)
            url = answer.location
            problem = url_problem(url)
            if problem:
                raise FetchFailed("bad_redirect", f"to {url[:500]!r}: {problem}", again=False)
            if url in seen:
                raise FetchFailed("too_many_redirects", f"in a circle, to {url}", again=False)
            if len(seen) > self.settings.max_redirects:
                limit = self.settings.max_redirects
                raise FetchFailed("too_many_redirects", f"more than {limit}", again=False)

    async def _hop(self, url: str) -> Answer:
        origin, settings = origin_of(url), self.settings
        async with self._hosts.setdefault(host_of(url), asyncio.Lock()):
            robots = self._robots.get(origin)
            if robots is None:
                robots = await fetch_robots(
                    self.client, origin, None, time.time(), product=settings.product
                )
                self._robots[origin] = robots
                await self._pause(robots)
            if robots.unreachable:
                reason, detail = _reason_of(robots.problem)
                raise FetchFailed(reason, detail, again=True)
            if not robots.allowed(url, settings.product):
                detail = f"{origin}/robots.txt does not allow it"
                raise FetchFailed("robots_denied", detail, again=False)
            try:
                return await self.client.get(url)
            finally:
                await self._pause(robots)

    async def _pause(self, robots: Robots) -> None:
        asked = robots.crawl_delay(self.settings.product) or 0.0
        await asyncio.sleep(min(max(self.settings.delay, asked), self.settings.max_delay))

    def _read(self, url: str, kind: Kind, answer: Answer) -> Checked:
        found: str = kind if kind in ("feed", "sitemap") else kind_of(answer.body)
        if found == "feed":
            return _feed(url, answer)
        if found == "sitemap":
            return _sitemap(url, answer)
        return self._page(url, answer)

    def _page(self, url: str, answer: Answer) -> Checked:
        robots = self._robots.get(origin_of(answer.url))
        declared = feeds_of(answer.body, answer.url)
        told = robots.sitemaps if robots else ()
        if not declared and all(url_problem(place) for place in told):
            detail = "neither a feed nor a sitemap, nor a page that names any"
            return Checked(url, "home", answer.url, reason="not_a_source", detail=detail)
        feeds, sitemaps = places_to_read(declared, told, answer.url)
        return Checked(url, "home", answer.url, named=(*feeds, *sitemaps))


def _feed(url: str, answer: Answer) -> Checked:
    feed = parse_feed(answer.body, answer.header("content-type"), answer.url, texts=False)
    moments = [moment for e in feed.entries if (moment := parse_time(e.dated)) is not None]
    now = datetime.now(UTC)
    past = [moment for moment in moments if moment <= now]
    newest = format_time(max(past or moments)) if moments else ""
    return Checked(url, "feed", answer.url, feed.title, len(feed.entries), newest)


def _sitemap(url: str, answer: Answer) -> Checked:
    sitemap = parse_sitemap(answer.body, answer.url)
    newest = max((item.moment for item in sitemap.items), default=0.0)
    told = format_time(from_milliseconds(int(newest * 1000))) if newest else ""
    return Checked(url, "sitemap", answer.url, "", len(sitemap.items), told)


def _reason_of(problem: str) -> tuple[str, str]:
    """Why a robots.txt cannot be had: the client's own reason, where it gave one."""
    match = _REASON.fullmatch(problem)
    return (match[1], match[2]) if match else ("robots_unreachable", f"robots.txt: {problem}")
