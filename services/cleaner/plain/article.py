"""Plain text of scraped pages: finding the article among menus, lists and forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from services.cleaner.characters import one_line, storable
from services.cleaner.dates.in_text import date_in_text
from services.cleaner.dates.reading import MONTH
from services.cleaner.extracted import Extracted, Trace
from services.cleaner.metadata.titles import squeezed
from services.cleaner.plain.appeals import appeal_start
from services.cleaner.plain.furniture import (
    Kind,
    is_small_print,
    kind_of,
    may_be_comment,
    source_of,
    topics_of,
)
from services.cleaner.plain.head import Head, read_head
from services.cleaner.plain.wrapping import unwrap
from shared.errors import PermanentError

_BULLET = re.compile(r"^(?:[•·▪◦‣○●■□►▸*+–—-]|\d{1,3}[.)])\s+")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]{0,3}(?:\s?\[?\d{0,3}\]?)$")
_INNER_END = re.compile(r"[.!?][\"'”’)]{0,2}\s+[\"'“‘(]?[A-ZÀ-ÞА-Я]")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_STAMP = re.compile(
    rf"^(?:on )?(?:{MONTH}\s\d{{1,2}},\s\d{{4}}|\d{{1,2}}\s{MONTH}\s\d{{4}}),?(?:\s(?:at|@|-))?\s"
    r"\d{1,2}:\d\d.{0,12}$",
    re.IGNORECASE,
)
_ENOUGH = 80  # words of sentences that prove that an article has been read
_END_COST = -25.0
_GAP_COST = -40.0
_PROVEN = 60.0  # the score of some eight paragraphs: few teasers on a page have it
_OF_PAGES = (Kind.MENU, Kind.ADVERT, Kind.END, Kind.COMMENTS)
_THREAD = 8  # lines from one comment's head to the next
_BARE_HEAD = 8  # lines: headline, summary, byline, date, place


@dataclass(slots=True)
class Line:
    """One paragraph or line of the page, and how it looks."""

    text: str
    bullet: bool
    kind: Kind | None
    gap: bool
    """Whether a blank line stands before it."""
    score: float = 0.0

    @property
    def prose(self) -> bool:
        """Whether it reads like a paragraph of sentences."""
        return self.score >= 4


def extract_text(
    text: str,
    *,
    url: str | None,
    now: datetime,
    name: str,
    trace: list[Trace] | None = None,
) -> Extracted:
    """The article in ``text``, the text of a page or of an article alone.

    ``name`` stands in errors; what becomes of its lines is noted in ``trace``, where there is one.
    Raises :class:`PermanentError` ``no_text`` where nothing is left.
    """
    lines = _lines(storable(text))
    bare = _is_bare(lines)
    start, end = _bare_article(lines) if bare else _article(lines)
    if start == end:
        raise PermanentError("no_text", f"{name}: no article text in it")
    found = Extracted(trace=trace)
    head = read_head(lines, start, end)
    first = 0 if bare else head.end
    keep = (None, Kind.VALUE) if bare else (None,)
    body = _body(lines[first:end], head, keep)
    if not body:
        raise PermanentError("no_text", f"{name}: no article text in it")
    for paragraph in body:
        found.note(paragraph, True, "article")
    found.text = "\n\n".join(body)
    found.put("title", head.title, "headline")
    if not found.title:
        found.put("title", _first_sentence(body[0]), "first-sentence")
    found.put("authors", head.authors, "byline")
    for line in lines[max(0, start - 30) :]:
        if line.kind is Kind.TOPICS and not found.topics:
            found.put("topics", topics_of(line.text), "text")
        elif line.kind is Kind.SOURCE and not found.site_name:
            found.put("site_name", source_of(line.text), "source-line")
    whole = "\n".join(line.text for line in lines[max(0, start - 40) : end])
    published = date_in_text(head.dates, found.text, whole, url, now)
    if published is not None:
        found.put("published", published, published.found_in)
    return found


def _lines(text: str) -> list[Line]:
    lines: list[Line] = []
    gap = True
    for raw in unwrap(text.split("\n")):
        stripped = raw.strip()
        if not stripped:
            gap = True
            continue
        bullet = _BULLET.match(stripped)
        content = stripped[bullet.end() :].strip() if bullet else stripped
        if any(map(str.isalnum, content)):
            line = Line(content, bullet is not None, kind_of(content), gap)
            line.score = _score(line)
            lines.append(line)
            gap = False
    _confirm_comments(lines)
    return lines


def _confirm_comments(lines: list[Line]) -> None:
    """Make of lines that may be comments' what they are: two near each other are a thread."""
    doubtful = [
        i for i, line in enumerate(lines) if line.kind is None and may_be_comment(line.text)
    ]
    for index, following in pairwise(doubtful):
        if following - index <= _THREAD:
            lines[index].kind = Kind.COMMENTS
            lines[index].score = _score(lines[index])


def _score(line: Line) -> float:
    """How much a line looks like an article's: above 0 for prose, below for anything else."""
    text = line.text
    if line.kind in (Kind.COMMENTS, Kind.END):
        return _END_COST
    if line.kind is not None:
        return -1.5
    words = len(text.split()) + len(_WIDE.findall(text)) / 2
    ends = bool(_SENTENCE_END.search(text))
    if words >= 12 and (ends or (_INNER_END.search(text) and words >= 25)):
        score = min(words, 80) / 4 + 2
        if is_small_print(text):
            score = -2.0
    elif words >= 6 and ends:
        score = 2.5
    elif words >= 40:
        score = 3.0
    elif text.endswith(":") and words >= 3:
        score = 0.5
    elif words >= 9:
        score = -2.0
    else:
        score = -2.0
    if line.bullet:
        score = score * 0.6 - 0.6
    return score


def _comments_start(lines: list[Line]) -> int:
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
        if line.prose and not line.bullet and _SENTENCE_END.search(line.text):
            words += len(line.text.split())
    return len(lines)


def _is_bare(lines: list[Line]) -> bool:
    """Whether this is an article alone, with nothing of a page around it.

    Pages show themselves by menus, buttons, advertisements, forms and lists of other articles,
    and have many short lines before the first paragraph.
    """
    signs = sum(line.kind in _OF_PAGES for line in lines)
    above = next((index for index, line in enumerate(lines) if line.prose), len(lines))
    return signs <= max(1, len(lines) / 100) and above <= _BARE_HEAD


def _bare_article(lines: list[Line]) -> tuple[int, int]:
    """From the first sentence of an article alone to its end."""
    start = next((index for index, line in enumerate(lines) if line.score > 0), 0)
    end = _comments_start(lines)
    prose = [index for index, line in enumerate(lines[:end]) if line.prose]
    last = prose[-1] if prose else end
    tail = range(max(last, end * 3 // 4), end)
    ends = (index for index in tail if lines[index].kind is Kind.END)
    return start, next(ends, end)


def _article(lines: list[Line]) -> tuple[int, int]:
    """The run of lines with the largest sum of scores.

    That is Kadane's algorithm, but for one thing: what stands between two paragraphs, say a long
    list or table, costs only so much, so that the article goes on after it.
    """
    best = (0.0, 0, 0)
    total, start, gap, height = 0.0, 0, 0.0, 0.0
    for index, line in enumerate(lines[: _comments_start(lines)]):
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


def _body(lines: list[Line], head: Head, keep: tuple[Kind | None, ...]) -> list[str]:
    """The paragraphs of the kinds to ``keep``, without head and without an appeal at the end."""
    key = squeezed(head.title)
    kept: list[Line] = []
    prose = False
    for line in lines:
        if line.kind not in (*keep, Kind.APPEAL) or line.text in head.taken:
            continue
        if key and not prose and squeezed(line.text).endswith(key):
            continue  # the title, its repetition, or breadcrumbs that end with it
        prose = prose or line.prose
        kept.append(line)
    end = appeal_start([line.text for line in kept])
    return [_without_sources(line.text) for line in kept[:end] if line.kind in keep]


_SOURCES_TAIL = re.compile(
    r"\s(?:Sources? include|Sources)\s?:\s[^.!?]{0,20}\S{0,60}(?:\s\S{1,60}){0,12}$"
)


def _without_sources(paragraph: str) -> str:
    """``paragraph`` without the list of sources that ends it."""
    match = _SOURCES_TAIL.search(paragraph[-500:])
    if not match:
        return paragraph
    return paragraph[: max(0, len(paragraph) - 500) + match.start()].rstrip()


def _first_sentence(paragraph: str) -> str:
    match = re.search(r"(?<=[^A-Z\s].)[.!?][\"'”’)]{0,2}(?=\s|$)", paragraph[:400])
    return one_line(paragraph[: match.end()] if match else paragraph[:200])
