"""JSON Feed, which feedparser does not read."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from shared.errors import PermanentError
from shared.feedmarkup import Sanitiser
from shared.feedparsing import MAX_ENTRIES
from shared.feeds import Feed, FeedEntry, clean, joined, paragraphs, text_of, unique

_MAX_VALUES = 500_000  # objects and arrays
_WEB = re.compile(r"https?://", re.I)


def parse_json_feed(data: bytes, url: str, *, texts: bool) -> Feed:
    """JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    if data.count(b"{") + data.count(b"[") > _MAX_VALUES:
        raise PermanentError("invalid_feed", f"more than {_MAX_VALUES} objects and arrays of JSON")
    value = _value(data.decode("utf-8-sig", "replace"))
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise PermanentError("invalid_feed", "JSON without the list of items of a JSON Feed")
    base = joined(url, text_of(value, "feed_url")) or url
    found = [item for item in items if isinstance(item, dict)]
    cut = f"more than {MAX_ENTRIES} entries" if len(found) > MAX_ENTRIES else ""
    hubs = value.get("hubs")
    first = hubs[0] if isinstance(hubs, list) and hubs and isinstance(hubs[0], dict) else {}
    sanitise = Sanitiser(texts)
    language, own = text_of(value, "language"), _people(value)
    return Feed(
        title=" ".join(text_of(value, "title").split()),
        link=joined(base, text_of(value, "home_page_url")),
        language=language,
        entries=tuple(_entry(item, base, own, sanitise) for item in found[:MAX_ENTRIES]),
        next_url=joined(base, text_of(value, "next_url")),
        hub=joined(base, text_of(first, "url")),
        cut=cut,
    )


def _value(text: str) -> Any:
    """The value, also of JSON with what orjson refuses and people write: raw control characters
    in strings, lone surrogates, NaN."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    try:
        return json.loads(text, strict=False, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise PermanentError("invalid_feed", f"its JSON cannot be read: {error}") from None


def _entry(item: dict[str, Any], base: str, own: tuple[str, ...], sanitise: Sanitiser) -> FeedEntry:
    name = item.get("id")
    identity = clean(str(name)) if isinstance(name, str | int | float) else ""
    link = joined(base, text_of(item, "url"))
    tags = item.get("tags")
    return FeedEntry(
        id=identity,
        link=link
        or (identity if _WEB.match(identity) else joined(base, text_of(item, "external_url"))),
        title=" ".join(text_of(item, "title").split()),
        published=text_of(item, "date_published"),
        updated=text_of(item, "date_modified"),
        authors=_people(item) or own,
        summary=paragraphs(text_of(item, "summary")) if sanitise.texts else "",
        content=_content(item, base, sanitise) if sanitise.texts else "",
        language=text_of(item, "language"),
        topics=unique(tags) if isinstance(tags, list) else (),
    )


def _content(item: dict[str, Any], base: str, sanitise: Sanitiser) -> str:
    page = text_of(item, "content_html")
    return sanitise(page, "text/html", base) if page else paragraphs(text_of(item, "content_text"))


def _people(item: dict[str, Any]) -> tuple[str, ...]:
    """``authors`` of version 1.1, ``author`` of version 1.0."""
    authors = item.get("authors")
    people = authors if isinstance(authors, list) else [item.get("author")]
    return unique(p.get("name") for p in people if isinstance(p, dict))
