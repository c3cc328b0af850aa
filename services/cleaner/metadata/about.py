"""What an HTML page says of itself, its site and its place there."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from services.cleaner.characters import one_line
from services.cleaner.extracted import Extracted
from services.cleaner.language.tags import declared
from services.cleaner.markup.page import Page
from shared.text import canonical_url

_DESCRIPTION = ("og:description", "description", "twitter:description", "dc.description")
_SITE = ("og:site_name", "application-name", "dc.publisher", "copyright")


def about(page: Page, found: Extracted) -> None:
    """Fill the site, the canonical URL, the topics, the description and the declared language."""
    _site(page, found)
    _canonical(page, found)
    _topics(page, found)
    for name in _DESCRIPTION:
        if name in page.meta:
            found.put("description", page.meta[name][0], "meta")
            break
    found.put("language", declared(page.language_tag), "html")


def _site(page: Page, found: Extracted) -> None:
    name = page.first_meta("og:site_name")
    found.put("site_name", name, "meta")
    if not name:
        publisher = page.linked.texts("publisher") or page.linked.texts("publisher", of_page=True)
        if publisher:
            found.put("site_name", one_line(publisher[0]), "json-ld")
        else:
            found.put("site_name", page.first_meta(*_SITE[1:3]), "meta")


def _canonical(page: Page, found: Extracted) -> None:
    base = page.url or ""
    candidates = [
        (element.get("href") or "", "link")
        for element in page.tree.iter("link")
        if (element.get("rel") or "").lower() == "canonical"
    ]
    candidates.append((page.first_meta("og:url"), "meta"))
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


def _topics(page: Page, found: Extracted) -> None:
    for texts, place in (
        (page.linked.texts("keywords"), "json-ld"),
        (page.meta.get("article:tag", []), "meta"),
        (page.meta.get("news_keywords", []), "meta"),
        (page.meta.get("keywords", []), "meta"),
    ):
        split = texts if len(texts) > 1 else [t for text in texts for t in re.split(r"[,;|]", text)]
        topics = list(dict.fromkeys(t for t in map(one_line, split) if 1 < len(t) <= 60))
        if topics:
            found.put("topics", topics[:30], place)
            return
