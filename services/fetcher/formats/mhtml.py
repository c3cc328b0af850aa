"""Saved pages (MHTML, RFC 2557): the page of its many parts."""

from __future__ import annotations

from collections.abc import Iterator

from services.fetcher.formats.base import NO, STRUCTURE, Document, Found, Refused, Skipped
from services.fetcher.formats.mime import Entity, fields_at
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared import charset

_SUFFIXES = (".mht", ".mhtml")
_TYPES = ("multipart/related", "application/x-mimearchive", "message/mhtml")
_SAVED = ("<saved by", "saved by")
_SENT = ("received", "message-id", "return-path", "delivered-to", "to")
_PAGES = ("text/html", "application/xhtml+xml")
_FRAMES = b"<frameset"
_FRAMES_LOOK = 65_536


class Mhtml:
    """A page that a browser saved with its images in one file; only the page is given."""

    name = "mhtml"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By the headers of related parts or of one page, that were saved and not sent."""
        fields = fields_at(sample.head, sample.complete and len(sample.data) <= len(sample.head))
        if fields is None:
            return NO
        kind = fields.get("content-type", "").partition(";")[0].strip().lower()
        named = sample.suffix in _SUFFIXES or sample.media_type in _TYPES
        if kind in _PAGES:
            saved = named and ("content-location" in fields or "mime-version" in fields)
        else:
            saved = kind == "multipart/related" and (
                named
                or "snapshot-content-location" in fields
                or fields.get("from", "").lower().lstrip('"').startswith(_SAVED)
                or ("mime-version" in fields and not any(name in fields for name in _SENT))
            )
        return STRUCTURE + 15 if saved else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The root page with its address; what belongs to it is skipped."""
        saved = Entity.of(source.data)
        parts = list(_leaves(saved))
        root = _root(saved, parts)
        if root is None:
            yield Refused("no_text", "a saved page without a page in it", whole=True)
            return
        pages = [root]
        if _FRAMES in root.content()[:_FRAMES_LOOK].lower():
            pages += [part for part in parts if part.type in _PAGES and part is not root]
        for number, page in enumerate(pages):
            data = page.content()
            name = charset.detect(data, page.parameter("charset") or None, True)
            url = _address(page) or (_address(saved) if page is root else "")
            step = f"frame {number}" if number else ""
            yield Document(data, f"{page.type}; charset={name}", step, url)
        for part in parts:
            if not any(part is page for page in pages):
                yield Skipped("embedded")


def _leaves(entity: Entity) -> Iterator[Entity]:
    parts = list(entity.parts())
    if not parts:
        yield entity
    for part in parts:
        yield from _leaves(part)


def _root(saved: Entity, parts: list[Entity]) -> Entity | None:
    """The part that ``start`` names, the page saved under the address, else the first page."""
    pages = [part for part in parts if part.type in _PAGES and part.content().strip()]
    start = saved.parameter("start").strip("<> ")
    address = saved.raw("snapshot-content-location").strip()
    for page in pages:
        if start and page.raw("content-id").strip("<> ") == start:
            return page
    for page in pages:
        if address and page.raw("content-location").strip() == address:
            return page
    return pages[0] if pages else None


def _address(part: Entity) -> str:
    for name in ("snapshot-content-location", "content-location"):
        address = "".join(part.raw(name).split())
        if address.lower().startswith(("http://", "https://")):
            return address
    return ""
