"""Dates that a page shows its readers, with all that tells whether they are the article's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from services.cleaner.dates.in_text import dateline
from services.cleaner.dates.reading import EARLIEST, Order, believable, on_day_of, read_date
from services.cleaner.extracted import Dated
from services.cleaner.markup.blocks import Block
from services.cleaner.markup.page import Page
from services.cleaner.metadata.datewords import (
    ASIDE_LABEL,
    ASIDE_TAGS,
    DATE_LABEL,
    PUBLISHED_LABEL,
    UPDATED_LABEL,
    Kind,
    kinds,
)

_BEFORE: Final = 20
_AFTER: Final = 40
"""Blocks before and after the headline in which a bare date may be the article's."""
_LONGEST: Final = 300
"""Characters of a block that may be a line with a date."""
_SAMPLED: Final = 1_000
_MOST: Final = 60
_LOOKED: Final = 500
"""Blocks with numbers like those of dates that are read, and dates that are weighed."""
_PROSE: Final = 160
"""Characters from which a block is taken for a paragraph."""
_HINT: Final = re.compile(r"(?:19|20|25|1[34])\d\d|\d[./-]\d{1,2}[./-]\d\d\b|[年٠-٩۰-۹०-९০-৯๐-๙]")
_BRACKETED: Final = re.compile(r"\W{0,2}[(\[](?:[^\W\d_]{2,12},\s)?[^()\[\]\n]{6,25}[)\]]")
_LEAD: Final = 120
"""Characters in which a paragraph's dateline stands."""
_NUMBERS: Final = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(?:20)?\d\d(?!\d)")
_NOT_DATED: Final = re.compile(r"©|\(c\)|copyright|all rights reserved|://", re.IGNORECASE)
_MONTH_FIRST_HOSTS: Final = (".us", ".gov", ".mil", ".edu", ".ph")
_DAY_FIRST_HOSTS: Final = (
    ".uk", ".au", ".nz", ".ie", ".in", ".za", ".ng", ".ke", ".sg", ".my", ".pk", ".lk", ".bd",
    ".hk", ".mt", ".gh", ".eu",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A date in a block."""

    dated: Dated
    at: int
    """The place of the block."""
    distance: int
    """Blocks behind the headline; negative before it."""
    kind: Kind
    """What the words and labels say."""
    marked: bool
    """Whether it stands in a ``time`` element or in one labelled as a date."""
    timed: bool
    """Whether it stands in a ``time`` element."""
    aside: bool
    """Whether it stands in what is no part of the article."""
    listed: bool
    """Whether elements labelled like its own bear three days or more: a list of articles."""
    rest: int
    """Characters around it in its line."""
    linked: bool
    """Whether the line is a link."""
    label: str
    """The class names of its element."""


def order_of(page: Page) -> Order | None:
    """What the first number of a date such as ``03/04/2022`` is on this page, where it tells.

    Told by the declared language and country, the host's country, or a date of the page that can
    be read in one way only. Languages other than English write the day first.
    """
    tag = page.language_tag.replace("_", "-").lower()
    language, _, country = tag.partition("-")
    if (language in ("en", "fil", "tl", "es") and country == "us") or language in ("fil", "tl"):
        return "mdy"
    if language and language != "en":
        return "dmy"
    if country and country not in ("us", "ca"):
        return "dmy"
    host = page.host
    if host.endswith(_MONTH_FIRST_HOSTS):
        return "mdy"
    if host.endswith(_DAY_FIRST_HOSTS):
        return "dmy"
    return None


def order_shown(blocks: list[Block]) -> Order | None:
    """The order that a date among ``blocks`` proves, such as ``31/12/2021``."""
    for block in blocks[:_SAMPLED]:
        if "/" in block.text and len(block.text) <= _LONGEST:
            for first, second in _NUMBERS.findall(block.text):
                if int(first) > 12 >= int(second):
                    return "dmy"
                if int(second) > 12 >= int(first):
                    return "mdy"
    return None


def headline_at(page: Page) -> int:
    """The place of the block that is the article's headline; -1 without one.

    Logos are headings too: of several the one is taken that shares most words with the title.
    """
    title = set(page.document_title.lower().split())
    best, place = 0, -1
    for level in (1, 2):
        for at, block in enumerate(page.blocks):
            if block.heading == level and len(block.text) <= _LONGEST:
                shared = len(title.intersection(block.text.lower().split()))
                if shared > best or (place < 0 and level == 1):
                    best, place = shared, at
        if place >= 0:
            return place
    return place


def shown_dates(
    page: Page,
    order: Order | None,
    language: str,
    *,
    everywhere: bool = False,
    opening: bool = False,
    earliest: datetime = EARLIEST,
) -> list[Shown]:
    """The dates in the page's short blocks, those near the headline or in ``time`` elements.

    ``everywhere`` takes all short blocks, ``opening`` what stands before the first paragraph.
    """
    blocks, nodes = page.blocks, page.nodes
    headline = headline_at(page)
    centre = headline if headline >= 0 else _first_prose(blocks)
    asides = _around(page, headline)
    found: list[Shown] = []
    days: dict[str, set[date]] = {}
    looked = 0
    for at, block in enumerate(blocks):
        text = block.text
        near = everywhere or -_BEFORE <= at - centre <= _AFTER
        if opening and len(text) > _PROSE and at > headline:
            opening = False
            line = _opening(text)
            if line:
                text = line
                block = replace(block, text=text)
        if len(text) > _LONGEST or not (block.times or (near and _HINT.search(text))):
            continue
        looked += 1
        if looked > _LOOKED:
            break
        if _NOT_DATED.search(text):
            continue
        label = f"{block.labels} {nodes[block.node].label}"
        before = blocks[at - 1].text if at else ""
        for dated, kind, rest in _dates_in(block, before, label, order, language):
            if believable(dated, page.now, earliest) is None or dated.precision in (
                "month",
                "year",
            ):
                continue
            found.append(
                Shown(
                    dated, at, at - centre, kind,
                    bool(block.times) or DATE_LABEL.search(label) is not None, bool(block.times),
                    _in_aside(page, block, asides), False, rest,
                    block.links > 0.8 * len(text), label,
                )
            )  # fmt: skip
            days.setdefault(label, set()).add(dated.moment.date())
        if len(found) > _MOST:
            break
    crowded = {label for label, there in days.items() if len(there) > 2}
    return [replace(mark, listed=mark.label in crowded) for mark in found] if crowded else found


def _opening(text: str) -> str:
    """What stands before the first sentence of a paragraph that begins with its date, as
    "(18.01.2022) Farmers" and "LONDON, March 3, 2022 – Farmers" do; empty for others."""
    if _HINT.search(text[:_LEAD]) is None:
        return ""
    match = _BRACKETED.match(text)
    if match is not None and _HINT.search(match[0]):
        return match[0]
    line = dateline(text)
    return line[0] if line is not None and line["year"] else ""


def _first_prose(blocks: list[Block]) -> int:
    return next((at for at, block in enumerate(blocks) if len(block.text) > _PROSE), 0)


def _dates_in(
    block: Block, before: str, label: str, order: Order | None, language: str
) -> Iterator[tuple[Dated, Kind, int]]:
    """Each date of the block, what kind it is, and how many characters stand around it."""
    read = [dated for text in block.times[:4] if (dated := _machine(text)) is not None]
    days = {dated.moment.date() for dated in read}
    if len(days) > 1 and len(block.text) <= _PROSE:
        # Published and modified in one line: nothing is modified before it is published.
        first = min(read, key=lambda dated: dated.moment.date())
        for dated in read:
            yield dated, "published" if dated is first else "updated", len(block.text) - 20
        return
    parts = _parts(block.text)
    for text, kind in parts:
        dated = read_date(text, order, language)
        if dated is None:
            continue
        if not kind and len(parts) == 1:
            kind = _kind_of(before if len(before) <= 30 and not _HINT.search(before) else "", label)
        if len(read) == 1 and len(parts) == 1:
            dated = _seen(dated, read[0])
        yield dated, kind, max(0, len(text) - 20)
        read = []
    if read:
        words = _kind_of(block.text[:60], label)
        yield read[0], words, max(0, len(block.text) - 20)


@lru_cache(maxsize=256)
def _machine(text: str) -> Dated | None:
    return read_date(text)


def _seen(written: Dated, machine: Dated) -> Dated:
    """The moment of a ``time`` element on the day that its text tells."""
    if written.moment.date() == machine.moment.date():
        return machine if machine.precision != "day" else written
    local = on_day_of(machine, written)
    return local if local.moment.date() == written.moment.date() else written


def _parts(text: str) -> list[tuple[str, Kind]]:
    """``text`` cut before words such as "Updated": each part with its kind."""
    marks = kinds(text)
    if not marks:
        return [(text, "")]
    parts: list[tuple[str, Kind]] = [(text[: marks[0][0]], "")] if marks[0][0] > 8 else []
    ends = [*(start for start, _ in marks[1:]), len(text)]
    for (start, kind), end in zip(marks, ends, strict=True):
        parts.append((text[start:end], kind))
    dated = [part for part in parts if _HINT.search(part[0])]
    if len(dated) == 1 and not dated[0][1]:
        # "4 March 2022 (updated)", "2022年3月4日 公開": the word follows.
        return [(text, marks[0][1])]
    return dated or [(text, marks[0][1])]


def _kind_of(text: str, label: str) -> Kind:
    marks = kinds(text)
    if marks:
        return marks[0][1]
    if PUBLISHED_LABEL.search(label):
        return "published"
    return "updated" if UPDATED_LABEL.search(label) else ""


def _in_aside(page: Page, block: Block, known: dict[int, bool]) -> bool:
    """Whether the block or one of the six elements around it is no part of the article."""
    if ASIDE_LABEL.search(block.labels):
        return True
    if block.node in known:
        return known[block.node]
    place = block.node
    answer = False
    for _ in range(7):
        node = page.nodes[place]
        if node.tag in ("article", "main", "body"):
            break
        if node.tag in ASIDE_TAGS or ASIDE_LABEL.search(node.label):
            answer = True
            break
        place = node.parent
        if place < 0:
            break
        if place in known:
            answer = known[place]
            break
    known[block.node] = answer
    return answer


def _around(page: Page, headline: int) -> dict[int, bool]:
    """The nodes around the headline, which are never asides."""
    around: dict[int, bool] = {}
    place = page.blocks[headline].node if headline >= 0 else -1
    while place >= 0:
        around[place] = False
        place = page.nodes[place].parent
    return around
