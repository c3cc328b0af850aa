"""NewsML 1.x, which NewsML-G2 replaced and agencies still send."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

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
    markup,
    text_of,
)

ONE = "newsml"
"""The root's name."""

_TEXT_MEDIA = ("", "text", "complexdata")
_STATUS = {"withheld": "withheld", "embargoed": "withheld", "canceled": "canceled",
           "cancelled": "canceled"}  # fmt: skip


def items_of(root: Element) -> Iterator[Element]:
    """The items of a ``NewsML`` element."""
    return children(root, "newsitem")


def item_fields(item: Element) -> tuple[dict[str, Any], str, bool]:
    """An item's fields as a record's, its status, and whether it is of pictures or sounds."""
    management = first(item, "newsmanagement")
    status = attribute(first(management, "status"), "formalname").lower()
    fields, media = _content(item)
    lines = next(every(item, "newslines"), None)
    provider = next(every(item, "provider"), None)
    created = text_of(first(management, "firstcreated"))
    revised = text_of(first(management, "thisrevisioncreated"))
    own = {
        "title": text_of(first(lines, "headline")),
        "authors": [text_of(line).removeprefix("By ") for line in children(lines, "byline")],
        "published_at": iso(created or revised),
        "modified_at": iso(revised),
        "topics": [text_of(word) for word in children(lines, "keywordline")],
        "site_name": attribute(next(every(provider, "party"), None), "formalname"),
        "language": attribute(next(every(item, "language"), None), "formalname")
        or attribute(item, "lang"),
    }
    fields.update({name: value for name, value in own.items() if value and any(value)})
    return fields, _STATUS.get(status, "usable"), media


def _content(item: Element) -> tuple[dict[str, Any], bool]:
    media = False
    for part in every(item, "contentitem"):
        kind = attribute(first(part, "mediatype"), "formalname").lower()
        if kind not in _TEXT_MEDIA:
            media = True
            continue
        data = first(part, "datacontent")
        if data is None or not text_of(data):
            continue
        nitf = next(every(data, "nitf"), None)
        if nitf is not None:
            found = nitf_fields(nitf)
            if found.get("html"):
                return found, False
            continue
        inner = next(every(data, "body.content", "body"), data)
        if next(children(inner), None) is not None:
            return {"html": markup(inner, HTML_NAMES, UNSEEN)}, False
        text = html.escape("".join(inner.itertext()), quote=False).strip().split("\n\n")
        return {"html": "".join(f"<p>{part.strip()}</p>" for part in text)}, False
    return {}, media
