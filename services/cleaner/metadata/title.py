"""The title of an HTML page."""

from __future__ import annotations

from urllib.parse import urlsplit

from services.cleaner.characters import one_line
from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.marks import text_of
from services.cleaner.metadata.titles import choose, without_site


def title(page: Page, found: Extracted) -> None:
    """Fill the title; ``found`` has the site's name and the canonical URL already."""
    headings = [text for text in map(text_of, page.tree.iter("h1")) if 3 <= len(text) <= 400][:6]
    document_title = page.document_title
    raw = [
        *((one_line(text), "json-ld") for text in page.linked.texts("headline")[:1]),
        (page.first_meta("og:title"), "meta"),
        (
            page.first_meta(
                "twitter:title", "parsely-title", "sailthru.title", "dc.title", "citation_title"
            ),
            "meta",
        ),
        *((heading, "h1") for heading in headings[:1] if len(headings) == 1),
        (document_title, "title"),
        *((heading, "h1") for heading in headings[:1]),
    ]
    host = urlsplit(found.canonical_url or page.url or "").hostname or ""
    candidates = [
        (without_site(text, site=found.site_name or "", host=host, headings=headings), place)
        for text, place in raw
    ]
    title, place = choose(candidates, headings, document_title)
    found.put("title", title, place)
