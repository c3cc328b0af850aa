"""Plain text of scraped pages: finding the article among menus, lists and forms."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from services.cleaner.characters import one_line, storable
from services.cleaner.dates.in_text import date_in_text
from services.cleaner.extracted import Extracted, Trace
from services.cleaner.markup.model import Weights
from services.cleaner.metadata.titles import squeezed
from services.cleaner.plain.appeals import appeal_start
from services.cleaner.plain.bylines import wire
from services.cleaner.plain.choice import MODEL, Verdict, choose
from services.cleaner.plain.furniture import Kind, source_of, topics_of
from services.cleaner.plain.head import Head, read_head
from services.cleaner.plain.lines import Line, lines_of
from shared.errors import PermanentError

_HEAD = 40  # lines above an article in which its headline is
# The share right of what was found so in scraped texts of aed and wcxb, by weights that had not
# seen the site: 290 of 340 titles, the names of 153 bylines and of 77 lines that are names alone
# (of boxes about the author there were too few, 7), 233 of 264 days.
_SURE_TITLE = 0.85
_SURE_AUTHORS: Final = {"byline": 0.95, "name-line": 0.87}
_SURE_DAY = 0.88


def extract_text(
    text: str,
    *,
    url: str | None,
    now: datetime,
    name: str,
    trace: list[Trace] | None = None,
    weights: Weights | None = None,
) -> Extracted:
    """The article in ``text``, the text of a page or of an article alone.

    ``name`` stands in errors; what becomes of its lines is noted in ``trace``, where there is one.
    ``weights`` are those of the line model, the shipped ones unless others are given. Raises
    :class:`PermanentError` ``no_text`` where nothing is left.
    """
    found = Extracted(trace=trace)
    lines = lines_of(storable(text))
    verdict = choose(lines, weights)
    kept = verdict.kept
    if not kept:
        _note(found, lines, verdict)
        raise PermanentError("no_text", f"{name}: no article text in it")
    start, end = verdict.start, kept[-1] + 1
    head = read_head(lines, start, end)
    if verdict.judged:
        _drop_above(lines, verdict, head.title)
    _drop_head(lines, verdict, head)
    _drop_appeal(lines, verdict)
    body = [
        _without_sources(line.text)
        for line, reason in zip(lines, verdict.dropped, strict=True)
        if not reason
    ]
    _note(found, lines, verdict)
    if not body:
        raise PermanentError("no_text", f"{name}: no article text in it")
    found.put("text", "\n\n".join(body), "lines")
    found.put("title", head.title, "headline", _SURE_TITLE)
    if not found.title:
        found.put("title", _first_sentence(body[0]), "first-sentence")
    found.put("authors", head.authors, head.signed, _SURE_AUTHORS.get(head.signed))
    found.put("agencies", list(dict.fromkeys([*head.agencies, *wire(body)])), "byline")
    for line in lines[max(0, start - 30) :]:
        if line.kind is Kind.TOPICS and not found.topics:
            found.put("topics", topics_of(line.text), "text")
        elif line.kind is Kind.SOURCE and not found.site_name:
            found.put("site_name", source_of(line.text), "source-line")
    whole = "\n".join(line.text for line in lines[max(0, start - 40) : end])
    passage = "\n".join(line.text for line in lines[start:end])
    published = date_in_text(head.dates, passage, whole, url, now)
    if published is not None:
        sure = _SURE_DAY if published.found_in == "byline" else None
        found.put("published", published, published.found_in, sure)
    return found


def _drop_above(lines: list[Line], verdict: Verdict, title: str) -> None:
    """Take away what stands above the headline, teasers of other articles say, if it is little."""
    kept = verdict.kept
    place = next((index for index in reversed(kept) if lines[index].text == title), -1)
    if place < 0:
        above = range(max(0, kept[0] - _HEAD), min(len(lines), kept[-1]))
        place = next((index for index in reversed(above) if lines[index].text == title), -1)
    over = [index for index in kept if index < place]
    if sum(len(lines[index].text) for index in over) * 4 < sum(
        len(lines[index].text) for index in kept
    ):
        for index in over:
            verdict.dropped[index] = "above the headline"


def _drop_head(lines: list[Line], verdict: Verdict, head: Head) -> None:
    """Take away byline, date, and the title with its repetitions above the first paragraph.

    Where that would leave nothing, the head is the text.
    """
    before = list(verdict.dropped)
    key = squeezed(head.title)
    prose = False
    for index, line in enumerate(lines):
        if verdict.dropped[index] in ("", MODEL) and line.text in head.taken:
            verdict.dropped[index] = "byline or date"
        elif verdict.dropped[index]:
            continue
        elif key and not prose and squeezed(line.text).endswith(key):
            verdict.dropped[index] = "title"
        elif index < head.end and not verdict.bare and not verdict.judged:
            verdict.dropped[index] = "head"
        else:
            prose = prose or line.prose
    if not verdict.kept:
        verdict.dropped[:] = before


def _drop_appeal(lines: list[Line], verdict: Verdict) -> None:
    """Take away the block of paragraphs at the end that asks for money."""
    left = [
        index
        for index, reason in enumerate(verdict.dropped)
        if not reason or reason == Kind.APPEAL.value
    ]
    for index in left[appeal_start([lines[index].text for index in left]) :]:
        verdict.dropped[index] = Kind.APPEAL.value


def _note(found: Extracted, lines: list[Line], verdict: Verdict) -> None:
    """Tell the trace what became of each line."""
    if found.trace is None:
        return
    for index, (line, reason) in enumerate(zip(lines, verdict.dropped, strict=True)):
        sure = float(verdict.sure[index]) if verdict.sure is not None else None
        place = f"line {line.number}"
        found.note(line.text, not reason, reason or "article", place, sure)


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
