"""Title, authors, dates, topics and site of an HTML page, from what it says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from urllib.parse import urljoin, urlsplit

from htmldate import find_date
from lxml.html import HtmlElement

from services.cleaner.characters import one_line
from services.cleaner.dates import EARLIEST, believable, on_day_of, read_date, url_date
from services.cleaner.extracted import Dated, Extracted
from services.cleaner.jsonld import LinkedData
from services.cleaner.language import declared
from services.cleaner.marks import (
    bylines,
    dated_by_class,
    marked_dates,
    near_heading,
    text_of,
    written_by,
)
from services.cleaner.names import people
from services.cleaner.titles import choose, without_site
from shared.text import canonical_url

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
_AUTHOR = (
    "author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator",
    "dcterms.creator", "citation_author", "og:article:author", "article:author_name", "byline",
    "article.author", "cxenseparse:author", "twitter:creator:name", "dc.contributor",
)  # fmt: skip
_DESCRIPTION = ("og:description", "description", "twitter:description", "dc.description")
_SITE = ("og:site_name", "application-name", "dc.publisher", "copyright")

_SEARCHED = 100_000
"""Characters of HTML up to which the text is searched for dates when nothing marks one: that took
2 to 62 ms on such pages of the evaluation sets, and up to 2 s on larger ones."""


class Page:
    """What a page says about itself, read once from its tree."""

    def __init__(self, tree: HtmlElement, url: str | None, now: datetime, *, size: int) -> None:
        """``size`` is the page's, in characters: on a large one no search of its text is made."""
        self._tree = tree
        self._url = url
        self._now = now
        self._size = size
        self._linked = LinkedData(tree)
        self._texts: list[str] | None = None
        self._meta: dict[str, list[str]] = {}
        for element in tree.iter("meta"):
            content = one_line(element.get("content") or "")
            if content:
                for attribute in ("property", "name", "itemprop", "http-equiv"):
                    key = (element.get(attribute) or "").strip().lower()
                    if key:
                        self._meta.setdefault(key, []).append(content)

    def describe(self, found: Extracted) -> None:
        """Fill ``found`` with everything but the text."""
        self._site(found)
        self._canonical(found)
        self._title(found)
        self._authors(found)
        self._dates(found)
        self._topics(found)
        for name in _DESCRIPTION:
            if name in self._meta:
                found.put("description", self._meta[name][0], "meta")
                break
        root = self._tree.getroottree().getroot()
        tag = root.get("lang") or root.get("xml:lang") or self._first("og:locale")
        found.put("language", declared(tag), "html")

    def _first(self, *names: str) -> str:
        return next((self._meta[name][0] for name in names if name in self._meta), "")

    def _site(self, found: Extracted) -> None:
        name = self._first("og:site_name")
        found.put("site_name", name, "meta")
        if not name:
            publisher = self._linked.texts("publisher") or self._linked.texts(
                "publisher", of_page=True
            )
            if publisher:
                found.put("site_name", one_line(publisher[0]), "json-ld")
            else:
                found.put("site_name", self._first(*_SITE[1:3]), "meta")

    def _canonical(self, found: Extracted) -> None:
        base = self._url or ""
        candidates = [
            (element.get("href") or "", "link")
            for element in self._tree.iter("link")
            if (element.get("rel") or "").lower() == "canonical"
        ]
        candidates.append((self._first("og:url"), "meta"))
        for address, place in candidates:
            try:
                absolute = urljoin(base, address.strip()) if address.strip() else ""
                home = urlsplit(absolute).path in ("", "/") and urlsplit(base).path not in ("", "/")
            except ValueError:
                continue
            canonical = canonical_url(absolute)
            # A canonical link to the front page, from a page that is not it, is a template's error.
            if canonical and not (base and home):
                found.put("canonical_url", canonical, place)
                return

    def _title(self, found: Extracted) -> None:
        headings = [text for text in map(text_of, self._tree.iter("h1")) if 3 <= len(text) <= 400][
            :6
        ]
        document_title = next((text_of(e) for e in self._tree.iter("title")), "")
        raw = [
            *((one_line(text), "json-ld") for text in self._linked.texts("headline")[:1]),
            (self._first("og:title"), "meta"),
            (
                self._first(
                    "twitter:title", "parsely-title", "sailthru.title", "dc.title", "citation_title"
                ),
                "meta",
            ),
            *((heading, "h1") for heading in headings[:1] if len(headings) == 1),
            (document_title, "title"),
            *((heading, "h1") for heading in headings[:1]),
        ]
        host = urlsplit(found.canonical_url or self._url or "").hostname or ""
        candidates = [
            (without_site(text, site=found.site_name or "", host=host, headings=headings), place)
            for text, place in raw
        ]
        title, place = choose(candidates, headings, document_title)
        found.put("title", title, place)

    def _authors(self, found: Extracted) -> None:
        site = found.site_name or ""
        for texts, place in (
            (self._linked.authors(), "json-ld"),
            ([t for name in _AUTHOR for t in self._meta.get(name, ())], "meta"),
            (bylines(self._tree), "byline"),
            (written_by(self._near()), "byline"),
        ):
            names = people(texts, site=site)
            if names:
                found.put("authors", names, place)
                return

    def _near(self) -> list[str]:
        if self._texts is None:
            self._texts = near_heading(self._tree)
        return self._texts

    def _dates(self, found: Extracted) -> None:
        published = self._first_date(self._published())
        if published is None:
            published = self._guessed()
        if published is not None:
            published = on_day_of(published, url_date(self._url or found.canonical_url or ""))
            found.put("published", published, published.found_in)
        modified = self._first_date(
            [
                *((text, "json-ld") for text in self._linked.texts("dateModified")),
                *((text, "meta") for name in _MODIFIED for text in self._meta.get(name, ())),
            ]
        )
        if modified is not None and (published is None or modified.moment >= published.moment):
            found.put("modified", modified, modified.found_in)

    def _first_date(self, candidates: Iterable[tuple[str, str]]) -> Dated | None:
        for text, place in candidates:
            dated = believable(read_date(text), self._now)
            if dated is not None and dated.precision not in ("month", "year"):
                return dated.found(place)
        return None

    def _published(self) -> Iterator[tuple[str, str]]:
        for name in ("datePublished", "uploadDate", "dateCreated"):
            for text in self._linked.texts(name):
                yield text, "json-ld"
        for name in _PUBLISHED[:10]:
            for text in self._meta.get(name, ()):
                yield text, "meta"
        for text in self._linked.texts("datePublished", of_page=True):
            yield text, "json-ld"
        for name in _PUBLISHED[10:]:
            for text in self._meta.get(name, ()):
                yield text, "meta"
        yield from marked_dates(self._tree)

    def _guessed(self) -> Dated | None:
        if self._url:
            dated = believable(url_date(self._url), self._now)
            if dated is not None:
                return dated.found("url")
        texts = [text for text in self._near() if len(text) <= 80]
        for text in chain(dated_by_class(self._tree), texts):
            dated = believable(read_date(text), self._now)
            if dated is not None and dated.precision != "month":
                return dated.found("byline")
        dated = self._search(extensive=False)
        if dated is None and self._size <= _SEARCHED:
            dated = self._search(extensive=True)
            if dated is not None and dated.moment.day == 1:
                return None  # most often only a month or a year was written
        return dated.found("htmldate") if dated else None

    def _search(self, *, extensive: bool) -> Dated | None:
        """What htmldate finds; extensively, it weighs all dates in the text."""
        try:
            guess: str | None = find_date(
                self._tree,
                original_date=True,
                extensive_search=extensive,
                url=self._url,
                min_date=EARLIEST.strftime("%Y-%m-%d"),
                max_date=(self._now + timedelta(days=1)).strftime("%Y-%m-%d"),
            )
        except (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError):
            return None  # a page it cannot take has no date that it can find
        return believable(read_date(guess), self._now) if guess else None

    def _topics(self, found: Extracted) -> None:
        for texts, place in (
            (self._linked.texts("keywords"), "json-ld"),
            (self._meta.get("article:tag", []), "meta"),
            (self._meta.get("news_keywords", []), "meta"),
            (self._meta.get("keywords", []), "meta"),
        ):
            split = (
                texts if len(texts) > 1 else [t for text in texts for t in re.split(r"[,;|]", text)]
            )
            topics = list(dict.fromkeys(t for t in map(one_line, split) if 1 < len(t) <= 60))
            if topics:
                found.put("topics", topics[:30], place)
                return
