"""Dates that a page tells machines: JSON-LD, ``meta`` elements, microdata, state in scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from lxml import etree

from services.cleaner.dates.reading import EARLIEST, Order, believable, read_date
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
_KNOWN: Final = frozenset((*STATED, *_PUBLISHED))
_OTHER: Final = re.compile(
    r"(?:^|[\W_])(?:first|original)?[\W_]?publi\w{0,9}(?:[\W_]?(?:date|time|on|at)\w{0,4})?$"
)
"""Names that no system shares but that say the same: ``w-published-date``."""
_MODIFIED: Final = (
    "article:modified_time", "og:updated_time", "datemodified", "og:article:modified_time",
    "article:modified", "dcterms.modified", "last-modified", "lastmod", "revised", "updated",
)  # fmt: skip
_STATE: Final = re.compile(
    r"(?:ublish|ublication)[A-Za-z_]{0,12}\\?(?:\"|&quot;)\s{0,3}:\s{0,3}\\?(?:\"|&quot;)"
    r"(?P<date>\d{4}[^\"&\\<>]{4,30}|\w{3,9}\.? \d[^\"&\\<>]{6,30})",
    re.ASCII,
)
_STATE_DATE: Final = re.compile(
    r"date\\?(?:\"|&quot;)\s{0,3}:\s{0,3}\\?(?:\"|&quot;)(?P<date>\d{4}-[^\"&\\<>]{4,30})"
)
"""What content systems call the date of a post."""
_ITEMS: Final = ("datepublished", "datecreated")
"""Names of schema.org, which ``meta`` elements bear as microdata."""
_ITEM: Final = "datepublished"
_INNER: Final = 50
"""Elements of a block that are looked at for the one that bears the date."""
_TRIES: Final = 5
_STATE_READ: Final = 3_000_000
"""Characters of a page that are searched for state."""


def facts(page: Page, order: Order | None, earliest: datetime = EARLIEST) -> list[Dated]:
    """When the page says that it was published, the most trusted statement first."""
    stated = list(_read(_published(page), page, order, earliest))
    # Microdata of teasers comes after that of the article, where it has any.
    return stated or list(_read(_unusual(page), page, order))


def modified_facts(page: Page, order: Order | None) -> list[Dated]:
    """When the page says that it was changed."""
    return list(_read(_modified(page), page, order))


def state(page: Page) -> Dated | None:
    """The date of publication in the state of scripts or in attributes, where no more is told.

    The first is taken; the next ones are of other articles. The page is written out for it, which
    takes half a millisecond.
    """
    whole = etree.tostring(page.tree, encoding="unicode")[:_STATE_READ]
    for pattern in (_STATE, _STATE_DATE):
        for match in islice(pattern.finditer(whole), _TRIES):
            dated = believable(read_date(match["date"]), page.now)
            if dated is not None:
                return dated.found("script")
    return None


def _read(
    statements: Iterable[tuple[str, str]],
    page: Page,
    order: Order | None,
    earliest: datetime = EARLIEST,
) -> Iterator[Dated]:
    for text, place in statements:
        dated = believable(read_date(text, order), page.now, earliest)
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
            yield text, "microdata" if name in _ITEMS else "meta"


def _unusual(page: Page) -> Iterator[tuple[str, str]]:
    for text in _microdata(page):
        yield text, "microdata"
    for name, texts in page.meta.items():
        if "publi" in name and name not in _KNOWN and _OTHER.search(name[-40:]):
            yield texts[0], "meta"


def _microdata(page: Page) -> Iterator[str]:
    """The values of elements with ``itemprop="datePublished"``, the page's own first."""
    found = 0
    for block in page.blocks:
        node = page.nodes[block.node]
        if _ITEM in block.labels or _ITEM in node.label:
            for element in islice(node.element.iter(), _INNER):
                if _ITEM in (element.get("itemprop") or "").lower():
                    value = element.get("content") or element.get("datetime")
                    yield value or "".join(element.itertext())[:200]
                    found += 1
        if found > 2:
            return


def _modified(page: Page) -> Iterator[tuple[str, str]]:
    for of_page in (False, True):
        for text in page.linked.texts("dateModified", of_page=of_page):
            yield text, "json-ld"
    for name in _MODIFIED:
        for text in page.meta.get(name, ()):
            yield text, "meta"
