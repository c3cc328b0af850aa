"""Feeds: RSS, RDF and Atom as feedparser reads them, and JSON Feed, in one form."""

from __future__ import annotations

import calendar
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from shared.errors import PermanentError

if TYPE_CHECKING:
    from shared.feedmarkup import Sanitiser

MAX_BYTES = 16 * 1024 * 1024
"""The largest feed that is read."""

_HEAD = 8_192  # characters in which a feed says what it is
_PROLOGUE = re.compile(
    r"(?:\s+|<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^<>\[]*(?:\[.*?\]\s*)?>)*", re.S | re.I
)
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)(?=[\s/>])")
_JSON_FEED = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version\\?/')
_MARKUP = ("text/html", "application/xhtml+xml")
_MEDIA = ("image/", "audio/", "video/")
_TAG = re.compile(r"<[^<>]*>")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
# Text that says it is plain and is not: two tags of prose, or an entity.
_HTML_IN_TEXT = re.compile(
    r"</?(?:p|div|br|h[1-6]|ul|ol|li|span|a|b|i|em|strong|blockquote|img)\b[^<>]*>.*"
    r"</?(?:p|div|br|h[1-6]|ul|ol|li|span|a|b|i|em|strong|blockquote|img)\b|&(?:[a-z]{2,8}|#\d{1,6});",
    re.I | re.S,
)
_PERIODS = {"hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0,
            "yearly": 31_536_000.0}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry; what it does not have is empty."""

    id: str = ""
    link: str = ""
    """Absolute where the feed's own URL is known; the guid where that is a permalink."""
    title: str = ""
    """Without markup."""
    published: str = ""
    """ISO 8601 in UTC where it could be read, else as written."""
    updated: str = ""
    authors: tuple[str, ...] = ()
    summary: str = ""
    """HTML without anything that runs; so is :attr:`content`."""
    content: str = ""
    language: str = ""
    topics: tuple[str, ...] = ()

    @property
    def dated(self) -> str:
        """When it was published, or else updated: RSS 1.0 and many Atom feeds tell only that."""
        return self.published or self.updated


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its entries, in the order of the feed."""

    title: str = ""
    link: str = ""
    language: str = ""
    entries: tuple[FeedEntry, ...] = ()
    ttl: float | None = None
    """Seconds between its changes, as it says itself (``<ttl>``, ``sy:updatePeriod``)."""
    next_url: str = ""
    """The page with older entries (RFC 5005)."""
    hub: str = ""
    """Its WebSub hub."""
    cut: str = ""
    """Why there may be more entries than these: a limit that was reached, or broken markup."""


def looks_like_feed(head: str) -> bool:
    """Whether text that begins with ``head`` is a feed: by its root, or JSON Feed's version."""
    head = head[:_HEAD].lstrip("\ufeff\x00 \t\r\n\f")
    if head.startswith("{"):
        return _JSON_FEED.search(head) is not None
    if not head.startswith("<"):
        return False
    name = root_name(head).lower()
    if name in ("rss", "feed"):
        return True
    if name == "rdf":  # of feeds, and not of something else
        return "purl.org/rss/1.0" in head or "my.netscape.com/rdf/simple" in head
    return name == "entry" and "www.w3.org/2005/Atom" in head


def root_name(head: str) -> str:
    """The local name of the root element of XML that begins with ``head``, or empty."""
    prologue = _PROLOGUE.match(head)
    root = _ROOT.match(head, prologue.end() if prologue else 0)
    return root[1] if root else ""


def parse_feed(data: bytes, content_type: str = "", url: str = "", *, texts: bool = True) -> Feed:
    """The feed in ``data``, well-formed or not.

    ``content_type`` is the media type that came with it, ``url`` where it was, which links are
    resolved against; without ``texts`` content and summaries are left out, which is several times
    as fast. Raises :class:`PermanentError` ``invalid_feed`` when it is none or nothing
    of it can be read, ``too_large`` past :data:`MAX_BYTES`. Takes as long as
    feedparser, some 0.1 s for 100 kB of articles: not a thing for an event loop.
    """
    if len(data) > MAX_BYTES:
        raise PermanentError("too_large", f"a feed of {len(data)} bytes, the limit is {MAX_BYTES}")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        from shared.jsonfeed import parse_json_feed

        return parse_json_feed(data, url, texts=texts)
    from shared import feedmarkup, feedparsing  # slow to load

    try:
        found, cut = feedparsing.read(data, content_type, url)
    except feedmarkup.Stop as stop:
        raise PermanentError("invalid_feed", str(stop)) from None
    sanitise = feedmarkup.Sanitiser(texts)
    entries = tuple(_entry(item, sanitise) for item in found.entries)
    about = found.feeddata
    if not entries and (
        cut or not (found.version or text_of(about, "title") or about.get("links"))
    ):
        raise PermanentError("invalid_feed", cut or "neither a feed nor entries are in it")
    links = [link for link in about.get("links") or () if isinstance(link, dict)]
    return Feed(
        title=_title(about, sanitise),
        link=text_of(about, "link"),
        language=text_of(about, "language"),
        entries=entries,
        ttl=_ttl(about),
        next_url=_related(links, "next"),
        hub=_related(links, "hub"),
        cut=cut,
    )


def _entry(item: Any, sanitise: Sanitiser) -> FeedEntry:
    contents = [c for c in item.get("content") or () if isinstance(c, dict) and c.get("value")]
    kinds = {c["value"]: c for c in contents}
    summary = text_of(item, "summary")
    detail = item.get("summary_detail")
    # A summary that feedparser took from the content has no detail of its own.
    detail = kinds.get(summary, {}) if not isinstance(detail, dict) else detail
    texts = [c for c in contents if not str(c.get("type", "")).startswith(_MEDIA)]
    best = max(texts, key=lambda c: (_marked(c), len(c["value"])), default=None)
    return FeedEntry(
        id=text_of(item, "id"),
        link=text_of(item, "link") or _related(item.get("links") or (), "alternate"),
        title=_title(item, sanitise),
        published=_when(item, "published"),
        updated=_when(item, "updated"),
        authors=_authors(item),
        summary=_markup(summary, detail, sanitise) if sanitise.texts else "",
        content=_markup(best["value"], best, sanitise) if best and sanitise.texts else "",
        language=text_of(item, "language") or str((best or {}).get("language") or ""),
        topics=unique(tag.get("label") or tag.get("term") or "" for tag in item.get("tags") or ()),
    )


def _marked(content: Any) -> bool:
    return content.get("type", _MARKUP[0]) in _MARKUP


def _markup(text: str, detail: Any, sanitise: Sanitiser) -> str:
    if not text:
        return ""
    if _marked(detail):
        return sanitise(text, detail.get("type", _MARKUP[0]), str(detail.get("base") or ""))
    if _HTML_IN_TEXT.search(text):
        return sanitise(text, _MARKUP[0], str(detail.get("base") or ""))
    return paragraphs(text)


def paragraphs(text: str) -> str:
    """Plain text as HTML."""
    parts = re.split(r"\n[ \t\r]*\n", html.escape(text.strip(), quote=False))
    return parts[0] if len(parts) == 1 else "".join(f"<p>{part}</p>" for part in parts)


def _title(item: Any, sanitise: Sanitiser) -> str:
    title, detail = text_of(item, "title"), item.get("title_detail")
    if _marked(detail if isinstance(detail, dict) else {}):
        title = sanitise(title, _MARKUP[0], "")
        commented, close, rest = title.rpartition("-->")  # so that each comment has an end
        title = html.unescape(_TAG.sub("", _COMMENT.sub("", commented + close) + rest))
    return " ".join(title.split())


def text_of(item: Any, name: str) -> str:
    """The text of a field, or empty."""
    value = dict.get(item, name)  # feedparser's own getter maps names, with warnings
    return clean(value).strip() if isinstance(value, str) else ""


def clean(text: str) -> str:
    """Without NULs and lone surrogates, which no encoder takes."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "")


def _when(item: Any, name: str) -> str:
    parsed = dict.get(item, f"{name}_parsed")
    if parsed is not None:
        try:
            moment = _EPOCH + timedelta(seconds=calendar.timegm(parsed))
            return moment.isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError, TypeError):
            pass
    return text_of(item, name)


def _authors(item: Any) -> tuple[str, ...]:
    people = [p for p in item.get("authors") or () if isinstance(p, dict)]
    names = unique(p.get("name") or "" for p in people)
    author = text_of(item, "author")
    return names or ((author,) if author and "@" not in author else ())


def unique(names: Iterable[Any]) -> tuple[str, ...]:
    """The names among ``names``, each once."""
    found = (" ".join(clean(name).split()) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(filter(None, found)))


def _related(links: Iterable[Any], rel: str) -> str:
    urls = (str(link.get("href") or "") for link in links if link.get("rel") == rel)
    return next(filter(None, urls), "")


def _ttl(about: Any) -> float | None:
    try:
        if minutes := text_of(about, "ttl"):
            return _seconds(float(minutes) * 60)
        period = _PERIODS.get(text_of(about, "sy_updateperiod").lower())
        if period is not None:
            return _seconds(period / float(text_of(about, "sy_updatefrequency") or 1))
    except (ValueError, ZeroDivisionError, OverflowError):
        pass
    return None


def _seconds(value: float) -> float | None:
    return value if 0 < value < float("inf") else None


def joined(base: str, url: str) -> str:
    """``url`` resolved against ``base``; empty where that cannot be done."""
    try:
        return urljoin(base, url) if url else ""
    except ValueError:
        return ""
