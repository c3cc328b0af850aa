"""HTML pages: the blocks of the article are told by the body model, the rest is metadata."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Final

from lxml.etree import tostring
from trafilatura import bare_extraction

from services.cleaner.characters import storable
from services.cleaner.extracted import Extracted, Trace
from services.cleaner.markup.asides import asides
from services.cleaner.markup.assemble import assemble, dropped
from services.cleaner.markup.evidence import confirmed, hidden_body
from services.cleaner.markup.labels import Part
from services.cleaner.markup.model import Weights
from services.cleaner.markup.outline import parts_around
from services.cleaner.markup.page import Page, parsing
from services.cleaner.markup.paywall import paywall
from services.cleaner.markup.sections import settled
from services.cleaner.markup.weighing import Weighed, weigh
from services.cleaner.markup.wholes import wholes
from services.cleaner.metadata.describe import describe
from services.cleaner.plain.furniture import kind_of
from shared.errors import PermanentError

# What goes wrong with a page is told by its rejection; the libraries' own lines name no document.
for _library in ("trafilatura", "htmldate"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

_SLOW: Final = 10_000
"""Elements from which trafilatura may take a second and more: its time grows with their square."""
_PATH: Final = 5
"""Elements of a block's path that are shown."""
_REASONS: Final = (
    (Part.COMMENTS, "comments"),
    (Part.CARDS, "other articles"),
    (Part.NOTICE, "notice"),
    (Part.OFFER, "offer"),
    (Part.SOCIAL, "share buttons"),
    (Part.FRAME, "menu or frame"),
    (Part.FACTS, "about the article"),
    (Part.CAPTION, "caption"),
)


def extract_html(
    html: str,
    *,
    url: str | None,
    now: datetime,
    name: str,
    trace: list[Trace] | None = None,
    weights: Weights | None = None,
) -> Extracted:
    """The article in ``html``, a page or a fragment; ``name`` stands in errors.
    What becomes of its blocks is noted in ``trace``, where there is one. ``weights`` are the body
    model's, the shipped ones unless others are given.

    Raises :class:`PermanentError`: ``no_text`` where there is no markup or no article in it,
    ``extraction_failed`` where a parser fails on the page, ``too_many_elements``.
    """
    page = Page(html, url, now, name)
    found = Extracted(trace=trace)
    describe(page, found)
    weighed = weigh(page, confirmed(page), weights)
    keep = weighed.keep
    changed = settled(page, weighed)
    for place, (wanted, _) in changed.items():
        keep[place] = wanted
    for place, change in wholes(page.blocks, page.nodes, weighed.probabilities, keep).items():
        keep[place], changed[place] = change[0], change
    for place, reason in asides(page.blocks, page.nodes, keep).items():
        keep[place], changed[place] = False, (False, reason)
    without = dropped(page, keep, found.title, found.authors)
    text, source = _body(page, keep, without)
    found.put("text", text, source)
    paywall(page, found)
    if trace is not None:
        reasons = {place: reason for place, (_, reason) in changed.items()} | without
        _note(page, weighed, keep, reasons, without, found)
    if not found.text:
        raise PermanentError("no_text", f"{name}: no article text in the page")
    return found


def _body(page: Page, keep: list[bool], without: dict[int, str]) -> tuple[str, str]:
    """The article's text, its paragraphs parted by blank lines, and what gave it."""
    text = assemble(page, keep, without)
    shipped = hidden_body(page, text)
    if shipped is not None:
        return _paragraphs(shipped), "shipped text"
    return (text, "blocks") if text else (_paragraphs(_fallback(page)), "trafilatura")


def _fallback(page: Page) -> str:
    """What trafilatura's fast mode takes of a page of which the model takes nothing."""
    if page.elements > _SLOW:
        return ""
    with parsing(page.name):
        markup = tostring(page.tree, method="html", encoding="unicode")
        document = bare_extraction(markup, url=page.url, include_comments=False, fast=True)
    if document is None or isinstance(document, dict):
        return ""
    return document.text or ""


def _paragraphs(text: str) -> str:
    lines = (line.strip() for line in storable(text).split("\n"))
    return "\n\n".join(line for line in lines if line)


def _note(
    page: Page,
    weighed: Weighed,
    keep: list[bool],
    reasons: dict[int, str],
    without: Collection[int],
    found: Extracted,
) -> None:
    """Tell of every block what became of it and what speaks most for that."""
    around = parts_around(page.nodes)
    scores = weighed.probabilities.tolist()
    for number, (block, kept) in enumerate(zip(page.blocks, keep, strict=True)):
        reason = reasons.get(number, "model")
        if not kept and number not in reasons:
            kind = kind_of(block.text)
            flags = around[block.node]
            reason = (
                kind.value
                if kind is not None
                else next((words for part, words in _REASONS if flags & part), reason)
            )
        kept = kept and number not in without
        found.note(block.text, kept, reason, _place(page, block.node), round(scores[number], 3))


def _place(page: Page, number: int) -> str:
    """Where an element stands, as ``article > div.entry > p``."""
    steps: list[str] = []
    while number >= 0 and len(steps) < _PATH:
        node = page.nodes[number]
        label = node.label.split()
        steps.append(f"{node.tag}.{label[0][:40]}" if label else node.tag)
        number = node.parent
    return " > ".join(reversed(steps))
