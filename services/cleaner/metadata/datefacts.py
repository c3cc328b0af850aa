"""Dates that a page tells machines: JSON-LD, ``meta`` elements, microdata, state in scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from services.cleaner.dates.reading import Order, believable, read_date
from services.cleaner.extracted import Dated
from services.cleaner.markup.page import Page

STATED: Final = (
    "article:published_time", "og:published_time", "og:article:published_time",
    "article:published", "parsely-pub-date", "sailthru.date", "publish-date",
)  # fmt: skip
"""``meta`` elements that systems fill by themselves."""
_PUBLISHED: Final = (
    "datepublished", "publish_date", "publishdate", "pubdate", "published_time",
    "publication_date", "article.published", "dc.date.issued", "dcterms.issued", "dcterms.created",
    "dc.date.created", "citation_publication_date", "citation_date", "date.issued",
    "originalpublicationdate", "article_date_original", "og:pubdate",
    "cxenseparse:recs:publishtime", "bt:pubdate", "rbpubdate", "datecreated", "release_date",
    "dc.date", "dcterms.date", "dc.terms.date", "date", "created",
)  # fmt: skip
_OTHER: Final = re.compile(
    r"(?:^|[\W_])(?:first|original)?[\W_]?publi\w{0,9}(?:[\W_]?(?:date|time|on|at)\w{0,4})?$"
)
"""Names that no system shares but that say the same: ``w-published-date``."""
_MODIFIED: Final = (
    "article:modified_time", "og:updated_time", "datemodified", "og:article:modified_time",
    "article:modified", "dcterms.modified", "last-modified", "lastmod", "revised", "updated",
)  # fmt: skip
_MICRODATA = etree.XPath(
    "//*[@itemprop][not(self::meta)]"
    "[contains(@itemprop, 'datePublished') or contains(@itemprop, 'dateCreated')]"
)
_STATE: Final = re.compile(
    r"(?:\"|&quot;)(?P<name>datePublished|(?:first_?)?publish(?:ed)?_?(?:at|date|time|on)|pub_?date|"
    r"publication_?date|date_?posted|post_?date|created_?(?:at|date|on)?|date_?created|date)"
    r"\\?(?:\"|&quot;)\s{0,3}:\s{0,3}\\?(?:\"|&quot;)"
    r"(?P<date>\d{4}[^\"&\\<>]{4,30}|\w{3,9}\.? \d[^\"&\\<>]{6,30})",
    re.IGNORECASE,
)
_STATE_READ: Final = 3_000_000
"""Characters of a page that are searched for state."""
_STATES: Final = 50


def facts(page: Page, order: Order | None) -> list[Dated]:
    """When the page says that it was published, the most trusted statement first."""
    return list(_read(_published(page), page, order))


def modified_facts(page: Page, order: Order | None) -> list[Dated]:
    """When the page says that it was changed."""
    return list(_read(_modified(page), page, order))


def state(page: Page) -> Dated | None:
    """The date of publication in the state of scripts or in attributes, where no more is told.

    The first of the best name is taken; the next ones are of other articles. The page is written
    out for it, which takes milliseconds.
    """
    whole = etree.tostring(page.tree, encoding="unicode")[:_STATE_READ]
    best: tuple[int, Dated] | None = None
    for count, match in enumerate(_STATE.finditer(whole)):
        name = match["name"].lower()
        rank = 0 if name == "datepublished" else 1 if "pub" in name else 2 if "post" in name else 3
        if best is None or rank < best[0]:
            dated = believable(read_date(match["date"]), page.now)
            if dated is not None:
                best = (rank, dated.found("script"))
        if count == _STATES or (best is not None and best[0] == 0):
            break
    return best[1] if best is not None else None


def _read(
    statements: Iterable[tuple[str, str]], page: Page, order: Order | None
) -> Iterator[Dated]:
    for text, place in statements:
        dated = believable(read_date(text, order), page.now)
        if dated is not None and dated.precision not in ("month", "year"):
            yield dated.found(place)


def _published(page: Page) -> Iterator[tuple[str, str]]:
    for name in ("datePublished", "uploadDate", "dateCreated"):
        for text in page.linked.texts(name):
            yield text, "json-ld"
    meta = page.meta
    for name in STATED:
        for text in meta.get(name, ()):
            yield text, "meta"
    for text in page.linked.texts("datePublished", of_page=True):
        yield text, "json-ld"
    for name in _PUBLISHED:
        for text in meta.get(name, ()):
            yield text, "meta"
    for element in _MICRODATA(page.tree)[:3]:
        text = element.get("content") or element.get("datetime") or element.get("title")
        yield text or "".join(element.itertext())[:200], "microdata"
    for name, texts in meta.items():
        if name not in STATED and name not in _PUBLISHED and _OTHER.search(name[-40:]):
            yield texts[0], "meta"


def _modified(page: Page) -> Iterator[tuple[str, str]]:
    for of_page in (False, True):
        for text in page.linked.texts("dateModified", of_page=of_page):
            yield text, "json-ld"
    for name in _MODIFIED:
        for text in page.meta.get(name, ()):
            yield text, "meta"
