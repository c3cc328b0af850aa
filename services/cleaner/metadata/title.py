"""The title of an HTML page."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.titles import (
    LONGEST,
    choose,
    site_names,
    slug_words,
    squeezed,
    without_label,
    without_site,
    written,
)

_OTHER_META: Final = (
    "twitter:title", "parsely-title", "sailthru.title", "dc.title", "citation_title", "headline",
)  # fmt: skip
_LOGO = re.compile(r"\blogo\b", re.IGNORECASE)
_MAX_HEADINGS: Final = 8


def title(page: Page, found: Extracted) -> None:
    """Fill the title; ``found`` has the site's name and the canonical URL already."""
    names = site_names(found.site_name or "", page.host, *page.linked.texts("publisher")[:2])
    headings = [
        text for text in _headings(page) if squeezed(text) not in names and not _LOGO.search(text)
    ]
    places = (
        *((text, "json-ld") for text in page.linked.texts("headline")[:1]),
        (page.first_meta("og:title"), "meta"),
        (page.first_meta(*_OTHER_META), "meta"),
        (page.document_title, "title"),
    )
    raw = [(written(text), place) for text, place in places if text]
    machine = [
        (without_label(without_site(text, names=names, headings=headings)), place)
        for text, place in raw
    ]
    slug = slug_words(found.canonical_url or page.url or "")
    lesser = (block.text[:LONGEST] for block in page.blocks if block.heading in (2, 3))
    chosen = choose(machine, list(map(without_label, headings)), slug, islice(lesser, 100))
    if chosen is not None:
        found.put("title", chosen.text, chosen.place, chosen.sure)


def _headings(page: Page) -> list[str]:
    """The texts of the first ``h1`` elements; those that are shown before those that are hidden."""
    nodes = page.nodes
    texts: dict[int, list[str]] = {}
    for block in page.headings[:50]:
        place = block.node
        while place > 0 and nodes[place].tag != "h1":
            place = nodes[place].parent
        texts.setdefault(place, []).append(block.text)
    order = sorted(texts, key=lambda place: nodes[place].hidden)
    lines = (written(" ".join(texts[place])) for place in order[:_MAX_HEADINGS])
    return [line for line in lines if 3 <= len(line) <= 400]
