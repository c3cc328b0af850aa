"""Sitemaps: url sets, news sitemaps, indices, lists of lines, each also as gzip.

The formats: https://www.sitemaps.org/protocol.html, and for news
https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lxml import etree

from shared.errors import PermanentError
from shared.events import parse_time
from shared.fetching import url_problem

MAX_BYTES: Final = 50 * 1024 * 1024
"""The largest sitemap, without its compression; the protocol's own limit."""
MAX_ENTRIES: Final = 50_000
"""The protocol's own limit."""

_GZIP: Final = b"\x1f\x8b"
_PIECE: Final = 64 * 1024
_LONGEST_TEXT: Final = 10_000
_MOST_EVENTS: Final = 2_000_000
_FIELDS: Final = frozenset(("loc", "lastmod", "publication_date", "title", "language"))
_LINE = re.compile(rb"[^\r\n]+")
_MEDIA = re.compile(r"sitemap-(?:image|video)")
# What was matched is not given back: a page with twenty comments before its root would else be read
# in a million ways.
_ROOT = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*+(?>(?:<\?[^>]*+>|<!--.{0,4000}?-->|<!DOCTYPE[^>\[]*+>)\s*+)*+"
    rb"<(?:[\w.-]+:)?(urlset|sitemapindex)[\s/>]",
    re.S,
)


@dataclass(frozen=True, slots=True)
class Item:
    """One place in a sitemap. ``moment`` is Unix seconds, 0 where none is told."""

    url: str
    moment: float = 0.0
    title: str = ""
    published: str = ""
    """As written."""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap names: pages, or, of an index, further sitemaps."""

    index: bool
    items: tuple[Item, ...]


def looks_like_sitemap(body: bytes) -> bool:
    """Whether ``body``, also one that is compressed, begins as an XML sitemap does."""
    head = body[:8192]
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(31).decompress(head, 8192)
        except zlib.error:
            return False
    return _ROOT.match(head) is not None


def parse_sitemap(body: bytes, url: str = "") -> Sitemap:
    """The sitemap in ``body``, as far as it can be read.

    Raises :class:`PermanentError` ``invalid_sitemap`` when it is none, ``too_large`` past
    :data:`MAX_BYTES`. What is no http or https URL is left out.
    """
    data = _inflated(body) if body.startswith(_GZIP) else body
    if len(data) > MAX_BYTES:
        raise PermanentError("too_large", f"a sitemap of {len(data)} bytes, {MAX_BYTES} allowed")
    if _ROOT.match(data[:8192]) is None:
        return _lines(data)
    return _xml(data)


def _inflated(body: bytes) -> bytes:
    data, left = bytearray(), body
    while left.startswith(_GZIP):  # members may follow one another (RFC 1952, 2.2)
        stream = zlib.decompressobj(31)
        while left and not stream.eof:
            try:
                data += stream.decompress(left, MAX_BYTES - len(data) + 1)
            except zlib.error as error:
                if data:
                    return bytes(data)
                raise PermanentError("invalid_sitemap", f"its gzip is broken: {error}") from None
            if len(data) > MAX_BYTES:
                raise PermanentError("too_large", f"a sitemap of more than {MAX_BYTES} bytes")
            left = stream.unconsumed_tail
        left = stream.unused_data
    return bytes(data)


def _lines(data: bytes) -> Sitemap:
    urls: dict[str, None] = {}
    others = 0
    for found in islice(_LINE.finditer(data.removeprefix(b"\xef\xbb\xbf")), 2 * MAX_ENTRIES):
        url = found[0].decode("utf-8", "replace").strip()
        if not url:
            continue
        if url_problem(url):
            others += 1
        elif len(urls) < MAX_ENTRIES:
            urls[url] = None
    if not urls or others > len(urls):
        raise PermanentError("invalid_sitemap", "neither a sitemap in XML nor a list of URLs")
    return Sitemap(False, tuple(map(Item, urls)))


def _xml(data: bytes) -> Sitemap:
    parser = etree.XMLPullParser(
        events=("start", "end"), recover=True, resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    items: dict[str, Item] = {}
    fields: dict[str, str] = {}
    index: bool | None = None
    count = 0
    for place in range(0, len(data), _PIECE):
        try:
            parser.feed(data[place : place + _PIECE])
            events = list(parser.read_events())
        except etree.XMLSyntaxError:
            break
        count += len(events)
        if count > _MOST_EVENTS:  # a million elements: nobody's sitemap
            break
        for event, element in events:
            name = _local(element.tag)
            if event == "start":
                index = name == "sitemapindex" if index is None else index
                if name in ("url", "sitemap"):
                    fields = {}
                continue
            if name in ("url", "sitemap"):
                item = _item(fields)
                if item is not None and len(items) < MAX_ENTRIES:
                    items.setdefault(item.url, item)
                element.clear()
                _unlink(element)
            # Images and videos have a loc and a title of their own, inside the page's.
            elif name in _FIELDS and name not in fields and not _MEDIA.search(element.tag):
                fields[name] = (element.text or "").strip()[:_LONGEST_TEXT]
    if not items and index is None:
        raise PermanentError("invalid_sitemap", "its XML cannot be read")
    return Sitemap(bool(index), tuple(items.values()))


def _local(tag: object) -> str:
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _unlink(element: etree._Element) -> None:
    """Memory does not grow with what was read."""
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def _item(fields: dict[str, str]) -> Item | None:
    url = fields.get("loc", "")
    if not url or url_problem(url):
        return None
    published = fields.get("publication_date", "")
    moments = (_moment(published), _moment(fields.get("lastmod", "")))
    return Item(
        url,
        moment=next(filter(None, moments), 0.0),
        title=fields.get("title", "")[:1000],
        published=published[:64],
        language=fields.get("language", "")[:16],
    )


def _moment(text: str) -> float:
    """Unix seconds of a W3C date (https://www.w3.org/TR/NOTE-datetime); 0 when it is none."""
    if re.fullmatch(r"\d{4}(-\d\d)?", text):
        text = f"{text}-01-01"[:10] if len(text) == 4 else f"{text}-01"
    moment = parse_time(text) if text else None
    return max(0.0, moment.timestamp()) if moment else 0.0
