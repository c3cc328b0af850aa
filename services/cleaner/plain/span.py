"""Where an article begins and ends among the lines of a page, by rules alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.cleaner.dates.reading import MONTH
from services.cleaner.plain.furniture import Kind
from services.cleaner.plain.lines import SENTENCE_END, Line

_STAMP = re.compile(
    rf"^(?:on )?(?:{MONTH}\s\d{{1,2}},\s\d{{4}}|\d{{1,2}}\s{MONTH}\s\d{{4}}),?(?:\s(?:at|@|-))?\s"
    r"\d{1,2}:\d\d.{0,12}$",
    re.IGNORECASE,
)
_DATE_LINE: Final = 40
_DATE_ALONE = re.compile(
    rf"^(?:\w{{3,10}},?\s)?(?:{MONTH}\s\d{{1,2}}|\d{{1,2}}\.?\s(?:de\s)?{MONTH}),?\s(?:de\s)?\d{{4}}$|"
    r"^\d{1,4}[./年-]\d{1,2}[./月-]\d{1,4}日?$",
    re.IGNORECASE,
)
_ENOUGH = 80  # words of sentences that prove that an article has been read
_GAP_COST = -40.0
_PROVEN = 60.0  # the score of some eight paragraphs: few teasers on a page have it
_OF_PAGES = (Kind.MENU, Kind.ADVERT, Kind.END, Kind.COMMENTS)
_BARE_HEAD: Final = 8  # lines: headline, summary, byline, date, place


def comments_start(lines: Sequence[Line]) -> int:
    """Where the readers' comments begin: nothing after it is the article's."""
    words = 0
    stamps: list[int] = []
    for index, line in enumerate(lines):
        if words >= _ENOUGH:
            if line.kind is Kind.COMMENTS:
                return index
            if _STAMP.match(line.text):
                stamps.append(index)
                if len(stamps) == 3 and index - stamps[0] <= 30:
                    return stamps[0]
                stamps = stamps[-2:]
        if line.prose and not line.bullet and SENTENCE_END.search(line.text):
            words += len(line.text.split())
    return len(lines)


def is_bare(lines: Sequence[Line]) -> bool:
    """Whether this is an article alone, with nothing of a page around it.

    Pages show themselves by menus, buttons, advertisements, forms and lists of other articles,
    and have many short lines before the first paragraph.
    """
    signs = sum(line.kind in _OF_PAGES for line in lines)
    dated = sum(len(line.text) <= _DATE_LINE and _DATE_ALONE.match(line.text) is not None
                for line in lines)  # fmt: skip
    signs += max(0, dated - 2)  # teasers of other articles
    above = next((index for index, line in enumerate(lines) if line.prose), len(lines))
    return signs <= max(1, len(lines) / 100) and above <= _BARE_HEAD


def bare_span(lines: Sequence[Line]) -> tuple[int, int]:
    """From the first sentence of an article alone to its end."""
    start = next((index for index, line in enumerate(lines) if line.score > 0), 0)
    end = comments_start(lines)
    prose = [index for index, line in enumerate(lines[:end]) if line.prose]
    last = prose[-1] if prose else end
    tail = range(max(last, end * 3 // 4), end)
    ends = (index for index in tail if lines[index].kind in (Kind.END, Kind.MAIL))
    return start, next(ends, end)


def page_span(lines: Sequence[Line]) -> tuple[int, int]:
    """The run of lines with the largest sum of scores.

    That is Kadane's algorithm, but for one thing: what stands between two paragraphs, say a long
    list or table, costs only so much, so that the article goes on after it.
    """
    best = (0.0, 0, 0)
    total, start, gap, height = 0.0, 0, 0.0, 0.0
    for index, line in enumerate(lines[: comments_start(lines)]):
        if total <= 0:
            total, start = 0.0, index
        gap = 0.0 if line.prose else gap + min(0.0, line.score) * (line.kind is not Kind.END)
        height = total if line.prose else height
        within = gap >= _GAP_COST or height < _PROVEN
        if within or line.score > 0 or line.kind is Kind.END:
            total += line.score
        if total > best[0]:
            best = (total, start, index + 1)
    if best[0] > 0:
        end = best[2]
        while end < len(lines) and lines[end].kind is Kind.APPEAL:
            end += 1  # goes later, and shows what the paragraphs before it are
        return best[1], end
    kept = [index for index, line in enumerate(lines) if line.kind is None]
    return (kept[0], kept[-1] + 1) if kept else (0, 0)
