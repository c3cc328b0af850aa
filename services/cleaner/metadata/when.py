"""When an HTML page was published and modified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain

from htmldate import find_date

from services.cleaner.dates.reading import EARLIEST, believable, on_day_of, read_date, url_date
from services.cleaner.extracted import Dated, Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.marks import dated_by_class, marked_dates, near_heading

_PUBLISHED = (
    "article:published_time", "og:published_time", "og:article:published_time",
    "article:published", "datepublished", "parsely-pub-date", "sailthru.date", "publish-date",
    "publish_date", "publishdate", "pubdate", "published_time", "publication_date",
    "article.published", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created",
    "citation_publication_date", "citation_date", "dc.date", "dcterms.date", "dc.terms.date",
    "date.issued", "originalpublicationdate", "article_date_original", "og:pubdate",
    "cxenseparse:recs:publishtime",
    "bt:pubdate", "rbpubdate", "date", "created", "release_date",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:updated_time", "datemodified", "last-modified",
    "article:modified", "dcterms.modified", "lastmod",
)  # fmt: skip
_SEARCHED = 100_000
"""Characters of HTML up to which the text is searched for dates when nothing marks one: that took
2 to 62 ms on such pages of the evaluation sets, and up to 2 s on larger ones."""


def dates(page: Page, found: Extracted) -> None:
    """Fill when it was published and modified."""
    published = _first_date(page, _published(page))
    if published is None:
        published = _guessed(page)
    if published is not None:
        published = on_day_of(published, url_date(page.url or found.canonical_url or ""))
        found.put("published", published, published.found_in)
    modified = _first_date(
        page,
        [
            *((text, "json-ld") for text in page.linked.texts("dateModified")),
            *((text, "meta") for name in _MODIFIED for text in page.meta.get(name, ())),
        ],
    )
    if modified is not None and (published is None or modified.moment >= published.moment):
        found.put("modified", modified, modified.found_in)


def _first_date(page: Page, candidates: Iterable[tuple[str, str]]) -> Dated | None:
    for text, place in candidates:
        dated = believable(read_date(text), page.now)
        if dated is not None and dated.precision not in ("month", "year"):
            return dated.found(place)
    return None


def _published(page: Page) -> Iterator[tuple[str, str]]:
    for name in ("datePublished", "uploadDate", "dateCreated"):
        for text in page.linked.texts(name):
            yield text, "json-ld"
    for name in _PUBLISHED[:10]:
        for text in page.meta.get(name, ()):
            yield text, "meta"
    for text in page.linked.texts("datePublished", of_page=True):
        yield text, "json-ld"
    for name in _PUBLISHED[10:]:
        for text in page.meta.get(name, ()):
            yield text, "meta"
    yield from marked_dates(page.tree)


def _guessed(page: Page) -> Dated | None:
    if page.url:
        dated = believable(url_date(page.url), page.now)
        if dated is not None:
            return dated.found("url")
    texts = [text for text in near_heading(page.tree) if len(text) <= 80]
    for text in chain(dated_by_class(page.tree), texts):
        dated = believable(read_date(text), page.now)
        if dated is not None and dated.precision != "month":
            return dated.found("byline")
    dated = _search(page, extensive=False)
    if dated is None and page.size <= _SEARCHED:
        dated = _search(page, extensive=True)
        if dated is not None and dated.moment.day == 1:
            return None  # most often only a month or a year was written
    return dated.found("htmldate") if dated else None


def _search(page: Page, *, extensive: bool) -> Dated | None:
    """What htmldate finds; extensively, it weighs all dates in the text."""
    try:
        guess: str | None = find_date(
            page.tree,
            original_date=True,
            extensive_search=extensive,
            url=page.url,
            min_date=EARLIEST.strftime("%Y-%m-%d"),
            max_date=(page.now + timedelta(days=1)).strftime("%Y-%m-%d"),
        )
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError):
        return None  # a page it cannot take has no date that it can find
    return believable(read_date(guess), page.now) if guess else None
