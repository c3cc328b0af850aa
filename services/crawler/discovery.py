"""Where a home page says that its feeds are."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from lxml import html as lxml_html
from lxml.etree import ParserError

from shared.fetching import url_problem

MAX_FEEDS: Final = 10
MAX_SITEMAPS: Final = 3
USUAL_PATHS: Final = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml")
"""Where feeds are looked for when nothing names one."""

_HEAD: Final = 1024 * 1024
"""Bytes of the page that are read."""
_TYPES: Final = frozenset(
    (
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "application/json",
        "text/xml",
        "application/xml",
    )
)
_COMMENTS = re.compile(r"\bcomments?\b|/comments/feed", re.I)
_JSON = ("application/json", "text/xml", "application/xml", "application/rdf+xml")


def feeds_of(body: bytes, url: str) -> tuple[str, ...]:
    """Feeds that an HTML page declares (``link rel=alternate``), without those of comments.

    At most :data:`MAX_FEEDS`, in the order of the page; empty for what is no HTML.
    """
    try:
        parser = lxml_html.HTMLParser(huge_tree=False, remove_comments=True, no_network=True)
        tree = lxml_html.document_fromstring(body[:_HEAD], parser=parser)
    except (ParserError, ValueError):
        return ()
    base = next((str(b.get("href")) for b in tree.iter("base") if b.get("href")), "")
    base = _joined(url, base) or url
    found: dict[str, None] = {}
    for link in tree.iter("link"):
        kind = (link.get("type") or "").partition(";")[0].strip().lower()
        relations = (link.get("rel") or "").lower().split()
        if kind not in _TYPES or not {"alternate", "feed"} & set(relations):
            continue
        target = _joined(base, (link.get("href") or "").strip())
        about = f"{link.get('title') or ''} {target}"
        vague = kind in _JSON and not re.search(r"feed|rss|atom|rdf", about, re.I)
        if target and not url_problem(target) and not vague and not _COMMENTS.search(about):
            found[target] = None
    return tuple(found)[:MAX_FEEDS]


def places_to_read(
    feeds: tuple[str, ...], sitemaps: tuple[str, ...], home: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Feeds and sitemaps to read for a home page.

    The feeds it declares and the news sitemaps of its robots.txt; without any of these its other
    sitemaps; without these too the usual places of feeds.
    """
    good = tuple(dict.fromkeys(url for url in sitemaps if not url_problem(url)))
    news = tuple(url for url in good if "news" in urlsplit(url).path.lower())
    if feeds or news:
        return feeds, news[:MAX_SITEMAPS]
    if good:
        return (), good[:MAX_SITEMAPS]
    return tuple(urljoin(home, path) for path in USUAL_PATHS), ()


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url).partition("#")[0] if url else ""
    except ValueError:
        return ""
