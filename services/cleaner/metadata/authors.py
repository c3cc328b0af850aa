"""Who wrote an HTML page."""

from __future__ import annotations

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.marks import bylines, near_heading, written_by
from services.cleaner.metadata.names import people

_AUTHOR = (
    "author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator",
    "dcterms.creator", "citation_author", "og:article:author", "article:author_name", "byline",
    "article.author", "cxenseparse:author", "twitter:creator:name", "dc.contributor",
)  # fmt: skip


def authors(page: Page, found: Extracted) -> None:
    """Fill the authors; ``found`` has the site's name already."""
    site = found.site_name or ""
    for texts, place in (
        (page.linked.authors(), "json-ld"),
        ([t for name in _AUTHOR for t in page.meta.get(name, ())], "meta"),
        (bylines(page.tree), "byline"),
        (written_by(near_heading(page.tree)), "byline"),
    ):
        names = people(texts, site=site)
        if names:
            found.put("authors", names, place)
            return
