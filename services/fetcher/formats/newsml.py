"""NewsML-G2 (https://iptc.org/standards/newsml-g2/) and NewsML 1.x: items, packages, messages."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from lxml import etree

from services.fetcher.formats.base import NO, STRUCTURE, Document, Found, Refused, Skipped
from services.fetcher.formats.newsml1 import ONE, item_fields, items_of
from services.fetcher.formats.nitf import nitf_fields
from services.fetcher.formats.xml_tree import (
    HTML_NAMES,
    UNSEEN,
    Element,
    attribute,
    children,
    every,
    first,
    iso,
    local,
    markup,
    read,
    text_of,
)
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.feeds import root_name
from shared.records import Record

_ROOTS = ("newsitem", "packageitem", "newsmessage", ONE)
_ITEMS = ("newsitem", "packageitem", "conceptitem", "knowledgeitem", "planningitem", "catalogitem")
_MEDIA = ("picture", "photo", "graphic", "audio", "video", "animation")
_STOPPED = ("withheld", "canceled")
_IDS = 5  # missing items that a refusal names


class NewsMl:
    """Text items as records; what is withheld, cancelled or elsewhere is refused by name."""

    name = "newsml"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By its root."""
        text = sample.text_head
        if not text.startswith("<") or root_name(text).lower() not in _ROOTS or not sample.is_text:
            return NO
        return STRUCTURE + 10

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record for each text item; places are the items' numbers."""
        data = source.data
        root = read(source.sample, budget)
        if local(root) == ONE:
            items = list(items_of(root))
        elif local(root) == "newsmessage":
            items = [item for group in every(root, "itemset") for item in children(group, *_ITEMS)]
        else:
            items = [root]
        if not items:
            yield Refused("no_items", "the news message holds no items", data, whole=True)
            return
        inside = {attribute(item, "guid") for item in items}
        alone = len(items) == 1
        for number, item in enumerate(items, 1):
            found = _item(item, inside, "" if alone else f"item {number}")
            if isinstance(found, Refused) and alone:
                yield Refused(found.reason, found.detail, data, whole=True)
            elif isinstance(found, Skipped) and alone:
                detail = f"{_name(item)}: an item of this kind has no text"
                yield Refused("no_text", detail, data, whole=True)
            elif found is not None:
                yield found


def _item(item: Element, inside: set[str], place: str) -> Found | None:
    kind = local(item)
    if kind == "packageitem":
        return _package(item, inside, place)
    if kind != "newsitem":
        return Skipped(kind)
    fields, status, media = (
        item_fields(item) if first(item, "newscomponent") is not None else _fields(item)
    )
    if status in _STOPPED:
        detail = f"{_name(item)}: its provider marks it as {status}"
        return Refused(status, detail, _xml(item), place)
    if not fields.get("html"):
        if media:
            return Skipped("media")
        remote = ", ".join(_remote(item)[:_IDS])
        where = f"; its content is elsewhere: {remote}" if remote else ""
        return Refused("no_text", f"{_name(item)}: no text in it{where}", _xml(item), place)
    record = Record(**fields)
    return Document(record.encode(), Record.CONTENT_TYPE, place, record.url or "")


def _package(item: Element, inside: set[str], place: str) -> Found | None:
    """Its items that are beside it are given there; the others can only be named."""
    references = [
        attribute(reference, "residref", "href") or "unnamed"
        for reference in every(item, "itemref")
    ]
    missing = [name for name in references if name not in inside]
    if not missing:
        return Skipped("package")
    more = f" and {len(missing) - _IDS} more" if len(missing) > _IDS else ""
    detail = (
        f"the package {_name(item)} names {len(missing)} items that are not in it: "
        f"{', '.join(missing[:_IDS])}{more}"
    )
    return Refused("not_inside", detail, _xml(item), place)


def _fields(item: Element) -> tuple[dict[str, Any], str, bool]:
    """A G2 item's fields, its publishing status, and whether it is of pictures or sounds."""
    about, content = first(item, "itemmeta"), first(item, "contentmeta")
    status = _code(first(about, "pubstatus")) or "usable"
    media = _code(first(about, "itemclass")) in _MEDIA
    fields = _content(item)
    created = first(content, "contentcreated")
    first_created, version = first(about, "firstcreated"), first(about, "versioncreated")
    own = {
        "title": _headline(content) or text_of(first(about, "title")),
        "authors": _authors(content),
        "published_at": iso(text_of(first_created) or text_of(created) or text_of(version)),
        "modified_at": iso(text_of(first(content, "contentmodified")) or text_of(version)),
        "description": text_of(first(content, "description")),
        "topics": _topics(content),
        "site_name": _named(first(content, "infosource")) or _named(first(about, "provider")),
        "language": attribute(first(content, "language"), "tag") or attribute(item, "lang"),
        "url": _link(item),
    }
    fields.update({name: value for name, value in own.items() if value})
    return fields, status, media


def _content(item: Element) -> dict[str, Any]:
    """What the first readable rendition in ``contentSet`` gives."""
    for rendition in children(first(item, "contentset"), "inlinexml", "inlinedata"):
        kind = attribute(rendition, "contenttype").lower()
        if local(rendition) == "inlinedata":
            text = "".join(rendition.itertext()).strip()
            if text and (not kind or kind.startswith(("text/", "application/xhtml"))):
                marked = "html" in kind
                return {"html": text if marked else _paragraphs(text)}
            continue
        nitf = next(every(rendition, "nitf"), None)
        if nitf is not None:
            found = nitf_fields(nitf)
            if found.get("html"):
                return found
            continue
        body = next(every(rendition, "body"), rendition)
        if text_of(body):
            return {"html": markup(body, HTML_NAMES, UNSEEN)}
    return {}


def _paragraphs(text: str) -> str:
    parts = html.escape(text, quote=False).replace("\r\n", "\n").split("\n\n")
    return "".join(f"<p>{part.strip()}</p>" for part in parts if part.strip())


def _headline(content: Element | None) -> str:
    found = list(children(content, "headline"))
    main = [
        line for line in found if not attribute(line, "role") or "main" in attribute(line, "role")
    ]
    return next(filter(None, map(text_of, main + found)), "")


def _authors(content: Element | None) -> list[str]:
    names = [_named(creator) for creator in children(content, "creator")]
    if not any(names):
        names = [text_of(line).removeprefix("By ") for line in children(content, "by")]
    return list(dict.fromkeys(filter(None, names)))


def _topics(content: Element | None) -> list[str]:
    names = [_named(subject, coded=False) for subject in children(content, "subject")]
    names += [text_of(word) for word in children(content, "keyword")]
    return list(dict.fromkeys(filter(None, names)))


def _named(concept: Element | None, *, coded: bool = True) -> str:
    """A concept by its name, its literal, or the end of its code."""
    name = text_of(first(concept, "name")) or attribute(concept, "literal")
    return name or (_code(concept) if coded else "")


def _code(concept: Element | None) -> str:
    """``usable`` of ``stat:usable`` or of the URI that stands for it."""
    code = attribute(concept, "qcode", "uri")
    return "" if code.endswith("/") else code.rpartition("/")[2].rpartition(":")[2].strip()


def _link(item: Element) -> str:
    """The item's own page."""
    for link in every(item, "link"):
        url = attribute(link, "href")
        if attribute(link, "rel") in ("irel:isWebVersion", "irel:seeAlso") and url.startswith(
            "http"
        ):
            return url
    guid = attribute(item, "guid")
    return guid if guid.startswith(("http://", "https://")) else ""


def _remote(item: Element) -> list[str]:
    return [
        attribute(content, "href", "residref") or "unnamed"
        for content in every(item, "remotecontent", "contentitem")
    ]


def _name(item: Element) -> str:
    return attribute(item, "guid", "duid") or "an item without an id"


def _xml(item: Element) -> bytes:
    return bytes(etree.tostring(item, encoding="utf-8", with_tail=False))
