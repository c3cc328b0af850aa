"""The lines of a plain text, each with how it looks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from services.cleaner.plain.furniture import (
    Kind,
    is_small_print,
    kind_of,
    may_be_comment,
    page_number,
)
from services.cleaner.plain.wrapping import unwrap

_BULLET = re.compile(r"^(?:[•·▪◦‣○●■□►▸*+–—-]|\d{1,3}[.)])\s+")
SENTENCE_END: Final = re.compile(r"[.!?…。！？؟۔।][\"'”’»)\]」』]{0,3}(?:\s?\[?\d{0,3}\]?)$")
_INNER_END = re.compile(r"[.!?][\"'”’)]{0,2}\s+[\"'“‘(]?[A-ZÀ-ÞА-Я]")
WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
END_COST: Final = -25.0
_SIGNATURE = "--"  # RFC 3676, 4.3
_SIGNATURE_LINES = 8
_SIGNATURE_WIDTH = 80
_THREAD = 8  # lines from one comment's head to the next


@dataclass(slots=True)
class Line:
    """One paragraph or line of the page, and how it looks."""

    text: str
    bullet: bool
    kind: Kind | None
    gap: bool
    """Whether a blank line stands before it."""
    score: float = 0.0
    number: int = 0
    """Where it stands in the text, from 1."""

    @property
    def prose(self) -> bool:
        """Whether it reads like a paragraph of sentences."""
        return self.score >= 4


def lines_of(text: str) -> list[Line]:
    """The lines of ``text`` that say something, hard-wrapped ones joined to paragraphs."""
    lines: list[Line] = []
    gap = True
    signature = 0
    for number, raw in unwrap(text.split("\n")):
        stripped = raw.strip()
        if stripped == _SIGNATURE:
            signature = _SIGNATURE_LINES
        if not stripped:
            gap = True
            continue
        bullet = _BULLET.match(stripped)
        numbered = bullet is not None and stripped[0].isdigit()
        content = stripped[bullet.end() :].strip() if bullet and not numbered else stripped
        if any(map(str.isalnum, content)):
            line = Line(content, bullet is not None, kind_of(content), gap, number=number + 1)
            signature -= 1
            if signature >= 0 and line.kind is None and len(content) <= _SIGNATURE_WIDTH:
                line.kind = Kind.MAIL
            line.score = _score(line)
            lines.append(line)
            gap = False
    _confirm_comments(lines)
    _confirm_pages(lines)
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


def _confirm_pages(lines: list[Line]) -> None:
    """Make page numbers of numbers alone on their lines that count up by one, lines apart."""
    run: list[tuple[int, int]] = []
    for index, line in enumerate([*lines, Line("", False, None, True)]):
        number = page_number(line.text) if index < len(lines) and not line.bullet else None
        if number is None and index < len(lines):
            continue
        if run and number == run[-1][1] + 1 and index - run[-1][0] >= 2:
            run.append((index, number))
            continue
        named = any(not lines[place].text.isdigit() for place, _ in run)
        if (named and len(run) >= 2) or (len(run) >= 3 and run[0][1] <= 3):
            _number(lines, run)
        run = [] if number is None else [(index, number)]


def _number(lines: list[Line], run: list[tuple[int, int]]) -> None:
    for index, _ in run:
        lines[index].kind = Kind.PAGE
        lines[index].score = _score(lines[index])


def _score(line: Line) -> float:
    """How much a line looks like an article's: above 0 for prose, below for anything else."""
    text = line.text
    if line.kind in (Kind.COMMENTS, Kind.END):
        return END_COST
    if line.kind is not None:
        return -1.5
    words = len(text.split()) + len(WIDE.findall(text)) / 2
    ends = bool(SENTENCE_END.search(text))
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
