"""Feeds as files: RSS, RDF, Atom and JSON Feed, each entry a record."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import asdict

import orjson

from services.fetcher.formats.base import NO, STRUCTURE, Document, Found, Refused
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.errors import PermanentError
from shared.feeds import Feed, FeedEntry, looks_like_feed, parse_feed
from shared.records import Record

_TAG = re.compile(r"<[^<>]*>")


class FeedFile:
    """RSS 0.9x to 2.0, RDF and Atom, well-formed or not."""

    name = "feed"
    container = False
    streams = False

    _begins = "<"

    def recognise(self, sample: Sample) -> int:
        """By the root, for JSON Feed by its version."""
        text = sample.text_head
        known = text.startswith(self._begins) and looks_like_feed(text) and sample.is_text
        return STRUCTURE + 10 if known else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record for each entry; entries with no text but a title are refused with their link."""
        try:
            feed = parse_feed(source.data, source.sample.content_type, source.url)
        except PermanentError as error:
            yield Refused(error.reason, error.detail, source.data, whole=True)
            return
        if not feed.entries:
            yield Refused("no_entries", "the feed has no entries", source.data, whole=True)
            return
        for number, entry in enumerate(feed.entries, 1):
            yield _found(feed, entry, f"entry {number}")
        if feed.cut:
            place = f"entry {len(feed.entries) + 1}"
            yield Refused("feed_cut", f"the rest of the feed is not read: {feed.cut}", step=place)


class JsonFeed(FeedFile):
    """JSON Feed 1.0 and 1.1."""

    name = "jsonfeed"
    _begins = "{"


def _found(feed: Feed, entry: FeedEntry, place: str) -> Found:
    best = entry.content if _words(entry.content) else entry.summary
    url = entry.link if entry.link.lower().startswith(("http://", "https://")) else ""
    if not _words(best):
        detail = f"nothing but a title: {entry.title[:200]!r}, {entry.link or 'without a link'}"
        return Refused("no_text", detail, orjson.dumps(asdict(entry)), place)
    record = Record(
        html=best,
        title=entry.title or None,
        authors=list(entry.authors),
        published_at=entry.dated or None,
        modified_at=entry.updated or None,
        description=_words(entry.summary) if best != entry.summary else None,
        topics=list(entry.topics),
        site_name=feed.title or None,
        language=entry.language or feed.language or None,
        url=url or None,
    )
    return Document(record.encode(), Record.CONTENT_TYPE, place, url)


def _words(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())
