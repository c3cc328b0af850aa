"""What feeds, sitemaps and home pages name: read in a process of its own, since parsing is work."""

from __future__ import annotations

import logging
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Final, Literal

from services.crawler import discovery, sitemaps, taken
from services.crawler.sitemaps import looks_like_sitemap, parse_sitemap
from shared import charset
from shared.errors import PermanentError
from shared.feeds import looks_like_feed, parse_feed
from shared.fetching import Hints, url_problem
from shared.runtime.pool import Pool
from shared.text import canonical_url

log = logging.getLogger(__name__)

Readable = Literal["feed", "sitemap", "home"]

MAX_TAKEN: Final = 1_000
"""New entries of one reading of a source; what is more is new at the next one."""
MAX_CHILDREN: Final = 50
"""Sitemaps of an index that are read after one reading of it."""

_DAY: Final = 86_400.0
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Something fetched that is to be read, with what was taken of it before."""

    kind: Readable
    url: str
    content_type: str
    body: bytes
    now: float
    seen: bytes = b""
    """Marks of what was taken (:mod:`services.crawler.taken`)."""
    since: float = 0.0
    """Entries of sitemaps that say that they are older are left, Unix seconds."""
    most: int = MAX_TAKEN


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that a feed or a sitemap names."""

    url: str
    hints: Hints | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was read: entries not taken before, further sitemaps, feeds of a home page."""

    kind: Readable
    entries: tuple[Entry, ...] = ()
    new: int = 0
    """Entries that are new, also those without a link that could be fetched."""
    children: tuple[str, ...] = ()
    """Sitemaps of an index that changed."""
    feeds: tuple[str, ...] = ()
    seen: bytes = b""
    """Marks to remember from now on."""
    more: bool = False
    """Something was left for the next reading, although the document may not change."""
    ttl: float = 0.0
    """Seconds for which the feed wants to be left in peace."""


def kind_of(body: bytes) -> Literal["feed", "sitemap", "page"]:
    """What ``body`` is, told by how it begins; cheap."""
    if looks_like_sitemap(body):
        return "sitemap"
    head = body[:8192]
    return "feed" if looks_like_feed(head.decode(charset.detect(head), "replace")) else "page"


def read(reading: Reading) -> Finding:
    """Read a feed, a sitemap or a home page.

    Raises :class:`PermanentError` ``invalid_feed``, ``invalid_sitemap`` or ``too_large``.
    """
    if reading.kind == "feed":
        return _feed(reading)
    if reading.kind == "sitemap":
        return _sitemap(reading)
    feeds = discovery.feeds_of(reading.body, reading.url)
    return Finding("home", feeds=feeds, seen=reading.seen)


def _feed(reading: Reading) -> Finding:
    feed = parse_feed(reading.body, reading.content_type, reading.url, texts=False)
    ids = taken.telling(entry.id for entry in feed.entries)
    names = [
        tuple(taken.mark(name) for name in (identity, _comparable(entry.link)) if name)
        or (taken.mark(f"{entry.title}\n{entry.dated}"),)
        for identity, entry in zip(ids, feed.entries, strict=True)
    ]
    new, seen, more = taken.sift(names, reading.seen, most=reading.most)
    entries = []
    for place in new:
        found = feed.entries[place]
        if url_problem(found.link) or not found.link.isprintable():
            continue
        entries.append(
            Entry(
                found.link,
                _hints(found.title, found.dated, found.language or feed.language, found.authors),
            )
        )
    return Finding("feed", tuple(entries), len(new), seen=seen, more=more, ttl=feed.ttl or 0.0)


def _sitemap(reading: Reading) -> Finding:
    sitemap = parse_sitemap(reading.body, reading.url)
    items = [item for item in sitemap.items if not 0 < item.moment < reading.since]
    items.sort(key=lambda item: -item.moment)
    if sitemap.index:
        # A child is read again when it says that it changed; one that does not say, once a day.
        days = int(reading.now // _DAY)
        names = [(taken.mark(f"{item.url}\n{item.moment or days}"),) for item in items]
        new, seen, more = taken.sift(names, reading.seen, most=MAX_CHILDREN)
        children = tuple(items[place].url for place in new if items[place].url != reading.url)
        more = more or any(not item.moment for item in items)
        return Finding("sitemap", children=children, seen=seen, more=more)
    names = [(taken.mark(_comparable(item.url)),) for item in items]
    new, seen, more = taken.sift(names, reading.seen, most=reading.most)
    if not reading.seen and reading.since:
        # Of a source's archive without dates, what is past the limit is old and never wanted.
        undated = [name for name, item in zip(names, items, strict=True) if not item.moment]
        if undated:
            seen = taken.sift(undated, seen, most=len(undated))[1]
            more = more and len(items) - len(undated) > reading.most
    entries = tuple(_entry(items[place]) for place in new)
    return Finding("sitemap", entries, len(entries), seen=seen, more=more)


def _entry(item: sitemaps.Item) -> Entry:
    return Entry(item.url, _hints(item.title, item.published, item.language))


def _hints(
    title: str, published: str, language: str, authors: tuple[str, ...] = ()
) -> Hints | None:
    """What is told of a page, cut to what such things are; ``None`` when it is nothing."""
    if not (title or published or language or authors):
        return None
    return Hints(
        title=_text(title, 1_000),
        published_at=_text(published, 100),
        authors=[name[:200] for name in map(_plain, authors[:50]) if name],
        language=_text(language, 35),
    )


def _text(text: str, most: int) -> str | None:
    return _plain(text)[:most] or None


def _plain(text: str) -> str:
    """Without lone surrogates, which no message can carry."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def _comparable(link: str) -> str:
    """A link without what only tells where a click came from."""
    return (canonical_url(link) or link) if link else ""


class PoolReader:
    """Reads in processes of their own; see :class:`shared.runtime.pool.Pool`."""

    def __init__(self, workers: int = 1, timeout: float = _SECONDS) -> None:
        self._pool = Pool(read, workers=workers, timeout=timeout, name="crawler")

    async def __call__(self, reading: Reading) -> Finding:
        """:func:`read` in a worker.

        Raises :class:`PermanentError` also where that one died, and ``unreadable`` where a parser
        failed in a way of its own: one document must not end the crawler, which would be at it
        again after each restart.
        """
        (result,) = await self._pool.map([reading])
        if isinstance(result, PermanentError | BrokenProcessPool):
            raise result
        if not isinstance(result, Finding):
            told = f"{type(result).__name__}: {result}"[:300]
            log.error("%s: its %s cannot be read: %s", reading.url, reading.kind, told)
            raise PermanentError("unreadable", told)
        return result

    async def stop(self) -> None:
        """End the workers."""
        await self._pool.stop()
