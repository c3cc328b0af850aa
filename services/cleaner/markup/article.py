"""HTML pages: body by trafilatura, metadata by our own reading of the same tree."""

from __future__ import annotations

import logging
from datetime import datetime

from lxml.html import HtmlElement
from trafilatura import bare_extraction

from services.cleaner.characters import storable
from services.cleaner.extracted import Extracted, Trace
from services.cleaner.markup.page import Page, parsing
from services.cleaner.metadata.describe import describe
from shared.errors import PermanentError

# What goes wrong with a page is told by its rejection; the libraries' own lines name no document.
for _library in ("trafilatura", "htmldate"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

_KEPT = 0.7
_SHORT = 250
_SENTENCE = 80
"""Where default mode is tried after fast mode: a share, and characters. Chosen for body F1 against
time on pages of the aed and wcxb collections, where all shares from 0.2 to 1 differ little."""


def extract_html(
    html: str,
    *,
    url: str | None,
    now: datetime,
    name: str,
    trace: list[Trace] | None = None,
) -> Extracted:
    """The article in ``html``, a page or a fragment; ``name`` stands in errors.
    What becomes of its blocks is noted in ``trace``, where there is one.

    Raises :class:`PermanentError`: ``no_text`` where there is no markup or no article in it,
    ``extraction_failed`` where a parser fails on the page, ``too_many_elements``.
    """
    page = Page(html, url, now, name)
    found = Extracted(trace=trace)
    describe(page, found)
    with parsing(name):
        text = _body(page.tree, page.url)
    lines = (line.strip() for line in storable(text).split("\n"))
    kept = [line for line in lines if line]
    for line in kept:
        found.note(line, True, "article")
    found.text = "\n\n".join(kept)
    if not found.text:
        raise PermanentError("no_text", f"{name}: no article text in the page")
    return found


def _body(tree: HtmlElement, url: str | None) -> str:
    """The article's text; paragraphs are lines.

    trafilatura's fast mode, which is right on most pages at two thirds of the time; its default
    mode, which compares two more extractors, where the fast one kept too little of the page's
    paragraphs.
    """
    text = _run(tree, url, fast=True)
    if len(text) < max(_SHORT, _KEPT * _prose(tree)):
        text = _run(tree, url, fast=False) or text
    return text


def _run(tree: HtmlElement, url: str | None, *, fast: bool) -> str:
    document = bare_extraction(tree, url=url, include_comments=False, fast=fast)
    if document is None or isinstance(document, dict):
        return ""
    return document.text or ""


def _prose(tree: HtmlElement) -> int:
    """Characters in the page's paragraphs of a sentence and more."""
    sizes = (sum(map(len, element.itertext())) for element in tree.iter("p"))
    return sum(size for size in sizes if size >= _SENTENCE)
