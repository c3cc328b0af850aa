"""ninjs, News in JSON (https://iptc.org/standards/ninjs/), versions 1.x, 2.x and 3.x."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import orjson

from services.fetcher.formats.base import NO, STRUCTURE, Document, Found, Refused, Skipped
from services.fetcher.formats.json_records import InvalidJson, parse
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

_BEGINS = re.compile(r"\s*(?:\[\s*)?\{\s*\"")
_URI = re.compile(r'"uri"\s*:\s*"')
# Names that ninjs alone has; one of them beside a "uri" tells it.
_TYPICAL = re.compile(
    r'"(?:versioncreated|pubstatus|body_text|body_xhtml|representationtype|description_usage'
    r'|bodies"\s*:\s*\[|headlines"\s*:\s*\[)',
    re.I,
)
_LINE = re.compile(r"\s*\{.*\}\s*\n\s*\{")
_MEDIA = ("picture", "audio", "video", "graphic", "photo")
_STOPPED = {"withheld": "withheld", "canceled": "canceled", "cancelled": "canceled"}
_DEPTH = 3  # items within items
_BY = re.compile(r"^by\s+", re.I)
_TAG = re.compile(r"<[^<>]*>")

Item = dict[str, Any]


class Ninjs:
    """One item or an array of them; items associated with an item count by themselves."""

    name = "ninjs"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By a URI and a typical name; items line by line are JSON Lines."""
        text = sample.text_head
        if text[:1] not in ("{", "[") or not _BEGINS.match(text) or _LINE.match(text):
            return NO
        if not (_URI.search(text) and _TYPICAL.search(text)) or not sample.is_text:
            return NO
        return STRUCTURE + 10

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record for each item that has a text."""
        data, settings = source.data, budget.settings
        values = data.count(b"{") + data.count(b"[")
        if len(data) > settings.max_json_bytes or values > settings.max_json_values:
            detail = (
                f"{len(data)} bytes and about {values} objects and arrays, "
                f"max_json_bytes={settings.max_json_bytes}, "
                f"max_json_values={settings.max_json_values}"
            )
            yield Refused("too_large", detail, whole=True)
            return
        try:
            value = parse(source.sample.text)
        except InvalidJson as error:
            yield Refused("invalid_json", str(error), data, whole=True)
            return
        if isinstance(value, dict):
            yield from _item(_loose(value), "", whole=True)
            return
        items = [item for item in value if isinstance(item, dict)]
        if not items:
            yield Refused("no_records", "the JSON holds no objects", data, whole=True)
        for number, item in enumerate(items, 1):
            yield from _item(_loose(item), f"item {number}")


def _item(item: Item, place: str, level: int = 0, *, whole: bool = False) -> Iterator[Found]:
    yield _found(item, place, level, whole=whole)
    for name, other in _associations(item):
        step = f"association {name}"[:200]
        where = f"{place}/{step}" if place else step
        if level < _DEPTH:
            yield from _item(_loose(other), where, level + 1)
        else:
            detail = f"items in items more than {_DEPTH} deep"
            yield Refused("nested_too_deep", detail, _kept(other), where)


def _found(item: Item, place: str, level: int, *, whole: bool) -> Found:
    name = _string(item.get("uri")) or "an item without a uri"
    status = _STOPPED.get(_string(item.get("pubstatus")).lower())
    if status:
        detail = f"{name}: its provider marks it as {status}"
        return Refused(status, detail, _kept(item), place, whole)
    record = _record(item)
    if record is not None:
        return Document(record.encode(), Record.CONTENT_TYPE, place, record.url or "")
    if level and _string(item.get("type")).lower() in _MEDIA:
        return Skipped("media")
    if level:
        detail = f"names {name}, which is not in it"
        return Refused("not_inside", detail, _kept(item), place)
    return Refused("no_text", f"{name}: no text in it", _kept(item), place, whole)


def _record(item: Item) -> Record | None:
    page, text = _body(item)
    if not page and not text:
        return None
    uri = _string(item.get("uri"))
    created = _string(item.get("firstcreated")) or _string(item.get("contentcreated"))
    version = _string(item.get("versioncreated"))
    return Record(
        html=page or None,
        text=None if page else text,
        title=_line(item, "headline") or _string(item.get("title")) or None,
        authors=_authors(item),
        published_at=created or version or None,
        modified_at=version or None,
        description=_line(item, "description") or None,
        topics=_names(item.get("subject")) + _names(item.get("subjects")) + _words(item),
        site_name=next(
            iter(_names(item.get("infosource")) + _names(item.get("infosources"))),
            _string(item.get("source")) or _string(item.get("provider")) or None,
        ),
        language=_string(item.get("language")) or None,
        url=uri if uri.lower().startswith(("http://", "https://")) else None,
    )


def _body(item: Item) -> tuple[str, str]:
    """The body as HTML and as text: version 1.x has fields for them, later ones a list."""
    page, text = _string(item.get("bodyxhtml")), _string(item.get("bodytext"))
    for body in _dicts(item.get("bodies")):
        value, kind = _string(body.get("value")), _string(body.get("contenttype")).lower()
        if "html" in kind:
            page = page or value
        else:
            text = text or value
    if not _TAG.sub("", page).strip():
        page = ""
    return page, text


def _line(item: Item, name: str) -> str:
    """A headline or description in any of its forms, as plain text."""
    for key in (name, f"{name}text", f"{name}xhtml"):
        if found := _plain(_string(item.get(key))):
            return found
    lines = _dicts(item.get(f"{name}s"))
    main = [line for line in lines if _string(line.get("role")).lower() in ("", "main")]
    return next(filter(None, (_plain(_string(line.get("value"))) for line in main + lines)), "")


def _authors(item: Item) -> list[str]:
    people = _dicts(item.get("people")) + _dicts(item.get("person"))
    writers = [
        p for p in people if _string(p.get("rel")).lower() in ("author", "creator", "byline")
    ]
    byline = _plain(_string(item.get("byline")) or _string(item.get("by")))
    return [_BY.sub("", byline)] if byline else _names(writers)


def _words(item: Item) -> list[str]:
    words = item.get("keyword") or item.get("keywords")
    return [w.strip() for w in words if isinstance(w, str)] if isinstance(words, list) else []


def _names(value: Any) -> list[str]:
    return list(dict.fromkeys(filter(None, (_string(c.get("name")) for c in _dicts(value)))))


def _associations(item: Item) -> Iterator[tuple[str, Item]]:
    """By name: an object in version 1.x, later a list of items with a name."""
    found = item.get("associations")
    if isinstance(found, dict):
        yield from ((str(name), other) for name, other in found.items() if isinstance(other, dict))
    for number, other in enumerate(_dicts(found), 1):
        yield _string(other.get("name")) or str(number), other


def _loose(item: Item) -> Item:
    """Names without case and underscores, in which the versions differ."""
    found: Item = {}
    for key, value in item.items():
        found.setdefault(str(key).replace("_", "").lower(), value)
    return found


def _dicts(value: Any) -> list[Item]:
    return [_loose(v) for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _string(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "").strip()


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", text)).split())


def _kept(item: Item) -> bytes:
    try:
        return orjson.dumps(item)
    except (orjson.JSONEncodeError, RecursionError):
        return b""
