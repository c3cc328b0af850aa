"""NITF, the news industry's text format (https://iptc.org/standards/nitf/), versions 3.x."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from services.fetcher.formats.base import NO, STRUCTURE, Document, Found, Refused
from services.fetcher.formats.xml_tree import (
    HTML_NAMES,
    Element,
    attribute,
    children,
    every,
    first,
    iso,
    markup,
    read,
    text_of,
)
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.feeds import root_name
from shared.records import Record

_NAMES = {
    **HTML_NAMES, "hl1": "h2", "hl2": "h3", "hedline": "", "block": "", "nitf-table": "table",
    "bq": "blockquote", "fn": "p", "abstract": "", "note": "", "datasource": "p", "div": "",
    "span": "",
}  # fmt: skip
# Pictures and sounds have captions of their own; the dateline and byline are metadata.
_DROPPED = frozenset(("media", "byline", "dateline", "tagline", "copyrite", "pubdata", "script"))
_BY = re.compile(r"^by\s+", re.I)
_STATUS = {"withheld": "withheld", "canceled": "canceled", "cancelled": "canceled",
           "embargoed": "withheld"}  # fmt: skip


class Nitf:
    """One article of NITF."""

    name = "nitf"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By its root."""
        text = sample.text_head
        if not text.startswith("<") or root_name(text).lower() != "nitf" or not sample.is_text:
            return NO
        return STRUCTURE + 10

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record, or the reason why there is none."""
        data = source.data
        root = read(source.sample, budget)
        fields = nitf_fields(root)
        status = management_status(root)
        if status:
            detail = f"its provider marks it as {status}"
            yield Refused(_STATUS[status], detail, data, whole=True)
        elif not fields.get("html"):
            title = str(fields.get("title", ""))[:200]
            yield Refused("no_text", f"NITF without a body: {title!r}", data, whole=True)
        else:
            record = Record(**fields)
            yield Document(record.encode(), Record.CONTENT_TYPE, url=record.url or "")


def management_status(root: Element) -> str:
    """``docdata``'s status where it says that the article must not be used; else empty."""
    status = attribute(first(root, "head", "docdata"), "management-status").lower()
    return status if status in _STATUS else ""


def nitf_fields(root: Element) -> dict[str, Any]:
    """The fields of a :class:`Record` in a ``nitf`` element; ``html`` only where it has a text."""
    head, body = first(root, "head"), first(root, "body")
    above = first(body, "body.head")
    docdata = first(head, "docdata")
    content = first(body, "body.content")
    story = first(above, "dateline", "story.date")
    issued = first(docdata, "date.issue")
    released = first(docdata, "date.release")
    abstract = first(above, "abstract")
    source = first(above, "distributor")
    language = attribute(root, "lang") or attribute(body, "lang")
    fields = {
        "html": _body(content),
        "title": _headline(above) or text_of(first(head, "title")),
        "authors": _authors(above),
        "published_at": iso(attribute(released, "norm") or attribute(issued, "norm")
                            or attribute(story, "norm") or text_of(story)
                            or attribute(first(head, "pubdata"), "date.publication")),
        "modified_at": iso(attribute(_last(head, "revision-history"), "norm")),
        "description": text_of(abstract),
        "topics": _topics(head, docdata),
        "site_name": text_of(source) or attribute(first(head, "pubdata"), "name"),
        "language": language,
        "url": _web(attribute(first(head, "pubdata"), "ex-ref")),
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


def _body(content: Element | None) -> str:
    """The text as HTML; empty where there are no words in it.

    Archives repeat the lead in a block before the one with the full text.
    """
    if content is None or not text_of(content):
        return ""
    whole = [b for b in children(content, "block") if attribute(b, "class") == "full_text"]
    return "".join(markup(block, _NAMES, _DROPPED) for block in whole or [content])


def _headline(above: Element | None) -> str:
    """``hl1``; in old versions the headline's text itself."""
    hedline = first(above, "hedline")
    return text_of(first(hedline, "hl1")) or text_of(hedline)


def _authors(above: Element | None) -> list[str]:
    names = []
    for byline in children(above, "byline"):
        people = [text_of(person) for person in every(byline, "person")]
        names += people or [_BY.sub("", " ".join((byline.text or "").split()) or text_of(byline))]
    return list(dict.fromkeys(filter(None, names)))


def _topics(head: Element | None, docdata: Element | None) -> list[str]:
    names = []
    for subject in every(head, "tobject.subject"):
        names.append(attribute(subject, "tobject.subject.matter", "tobject.subject.type"))
    keys = first(docdata, "key-list")
    names += [attribute(key, "key") for key in children(keys, "keyword")]
    return list(dict.fromkeys(filter(None, names)))


def _last(head: Element | None, name: str) -> Element | None:
    found = list(children(head, name))
    return found[-1] if found else None


def _web(url: str) -> str:
    return url if url.lower().startswith(("http://", "https://")) else ""
