"""From the lines of a PDF's pages to paragraphs: running heads left out, words made whole."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from services.fetcher.formats.pdf_layout import Line, Row, rows_of
from services.fetcher.formats.pdf_text import PageText

_EDGE_ROWS = 4
"""Rows at the top and at the foot of a page that may be running ones."""
_EDGE_SHARE = 0.17
"""Share of the page's height in which they stand."""
_SHIFT = 6.0
"""Points that a running head may move from page to page."""
_SMALL = 16.0
"""Points above which a number by itself is no page's."""
_OTHER_SIZE = 1.12
"""Ratio of sizes that parts a heading from its text."""
_BOLD = 0.7
"""Share of bold characters above which a line is bold as a whole, and its rest not at all."""
_GAP = 1.3
"""Leadings between lines that part paragraphs."""
_INDENT = 0.7
"""Ems that a paragraph's first line is set in or out."""
_NEAR = 4
"""Lines around one that tell the width it could have had."""
_NOTES = 6
"""Notes under a column, and the paragraph that they interrupt."""
_LONGEST_WORD = 60
_LONGEST_CLOSE = 8
"""Characters at the end of a line that are looked at."""
_LEAST_TITLE = 1.15
"""Ratio of a title's size to the body's."""
_TITLE_LENGTH = range(3, 300)

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:(?:page|seite|pagina|página|strona|sida|side|p\.|s\.|стр\.)\s*)?[-–—|\s]*"
    r"(?:\d{1,4}|[ivxl]{1,7})[-–—|.\s]*(?:(?:of|von|de|di|z|av|из|/)\s*\d{1,4}[-–—\s]*)?",
    re.IGNORECASE,
)
_ENDS_SENTENCE = re.compile(r"[.!?:…。！？][\"'”’»)\]]*$")
_COMPOUND = re.compile(r"(?<![\w-])[^\W\d_]+-[^\W\d_]+(?![\w-])")
_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = re.compile(r"(?P<before>[\w-]*[^\W_])[-\u2010\u00ad]$")
_BULLET = re.compile(r"(?:[•·▪◦‣●○■□►▸–—*]|\(?\d{1,2}[.)]|\(?[a-z]\))\s")
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
# First parts of compounds that keep their hyphen wherever the line breaks.
_KEEP_AFTER = frozenset(("self", "well", "half", "ex", "all", "so", "vice", "cross"))
# Words before which a hyphen stands for a part left out: "Vor- und Nachteile".
_SUSPENDED = frozenset(("und", "oder", "bzw", "and", "or", "en", "of", "och", "og", "eller"))


@dataclass(slots=True)
class Paragraph:
    """A paragraph with the size of its type in points, and where it begins: pages from 0."""

    text: str
    size: float
    page: int
    column: int


def drop_running(pages: list[PageText]) -> None:
    """Take running heads and feet and page numbers from the pages' pieces.

    A row near the edge is a running one when, digits aside, it stands at the same place on
    several pages, and every row between it and the edge is one too. Pages that would have
    nothing left, all of them, keep theirs.
    """
    found = _running(pages)
    if all(len(page.pieces) == len(ids) for page, ids in zip(pages, found, strict=True)):
        return
    for page, ids in zip(pages, found, strict=True):
        page.pieces = [piece for piece in page.pieces if id(piece) not in ids]


def _running(pages: list[PageText]) -> list[set[int]]:
    edges = [(_edge(page, foot=False), _edge(page, foot=True)) for page in pages]
    seen: Counter[tuple[int, str, int]] = Counter()
    for sides in edges:
        for foot, rows in enumerate(sides):
            seen.update({(foot, _pattern(row), round(row.base / _SHIFT)) for row in rows})
    # Heads of chapters change, and those of left and right pages differ.
    least = 2 if len(pages) < 6 else 3
    found: list[set[int]] = []
    for sides in edges:
        running: set[int] = set()
        for foot, rows in enumerate(sides):
            for row in rows:
                pattern, place = _pattern(row), round(row.base / _SHIFT)
                times = sum(seen[foot, pattern, place + by] for by in (-1, 0, 1))
                repeated = times >= least and any(map(str.isalpha, pattern))
                if not (repeated or _is_number(row)):
                    break
                running.update(map(id, row.pieces))
        found.append(running)
    return found


def _edge(page: PageText, *, foot: bool) -> list[Row]:
    """The page's outermost rows, from the edge inwards."""
    depth = _EDGE_SHARE * page.height
    if foot:
        near = [piece for piece in page.pieces if piece.base > page.height - depth]
        return rows_of(near)[::-1][:_EDGE_ROWS]
    return rows_of([piece for piece in page.pieces if piece.base < depth])[:_EDGE_ROWS]


def _pattern(row: Row) -> str:
    return _DIGITS.sub("0", row.text).casefold()


def _is_number(row: Row) -> bool:
    return row.size <= _SMALL and _PAGE_NUMBER.fullmatch(row.text) is not None


def paragraphs(lines: list[Line]) -> list[Paragraph]:
    """The paragraphs of all pages' lines, which stand in reading order."""
    if not lines:
        return []
    breaks = _Breaks(lines)
    known = _Vocabulary(lines)
    starts = [0, *(n for n in range(1, len(lines)) if breaks.before(n))]
    found: list[Paragraph] = []
    for start, end in pairwise([*starts, len(lines)]):
        parts = [known.ended(lines[n].text, lines[n + 1].text) for n in range(start, end - 1)]
        text = "".join([*parts, lines[end - 1].text])
        text = " ".join(text.replace("\u00ad", "").split())
        if text:
            first = lines[start]
            found.append(Paragraph(text, first.size, first.page, first.column))
    return _over_notes(found, known)


def _over_notes(found: list[Paragraph], known: _Vocabulary) -> list[Paragraph]:
    """Put paragraphs together that go on in the next column, behind notes in smaller type."""
    joined: list[Paragraph] = []
    for paragraph in found:
        before = next(
            (p for p in reversed(joined[-_NOTES:]) if p.size * _OTHER_SIZE > paragraph.size), None
        )
        if (
            before is not None
            and before is not joined[-1]
            and paragraph.size * _OTHER_SIZE > before.size
            and (paragraph.page, paragraph.column) != (before.page, before.column)
            and paragraph.text[0].islower()
            and not _ends_sentence(before.text)
        ):
            before.text = known.ended(before.text, paragraph.text) + paragraph.text
        else:
            joined.append(paragraph)
    return joined


def largest(found: list[Paragraph]) -> str:
    """The title as the first page shows it, by its size; empty where nothing stands out."""
    weights: Counter[float] = Counter()
    for paragraph in found:
        weights[round(paragraph.size, 1)] += len(paragraph.text)
    body = weights.most_common(1)[0][0] if weights else 0.0
    first = [p for p in found if p.page == found[0].page and _may_be_title(p.text)]
    best = max(first, key=lambda paragraph: paragraph.size, default=None)
    if best is None or best.size < _LEAST_TITLE * body:
        return ""
    return best.text


def _may_be_title(text: str) -> bool:
    return len(text) in _TITLE_LENGTH and sum(map(str.isalpha, text)) >= 0.5 * len(text)


class _Breaks:
    """Where a new paragraph begins."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        gaps: dict[tuple[int, int, int], list[float]] = {}
        lefts: dict[tuple[int, int], Counter[int]] = {}
        for line in lines:
            lefts.setdefault((line.page, line.column), Counter())[round(line.left / 2)] += 1
        for above, line in pairwise(lines):
            if (above.page, above.column) == (line.page, line.column) and _alike(above, line):
                gaps.setdefault(_setting(line), []).append(line.base - above.base)
        self._leading = {key: median(values) for key, values in gaps.items()}
        self._left = {key: 2.0 * count.most_common(1)[0][0] for key, count in lefts.items()}

    def before(self, index: int) -> bool:
        """Whether line ``index`` begins a paragraph."""
        above, line = self._lines[index - 1], self._lines[index]
        if not _alike(above, line) or _BULLET.match(line.text):
            return True
        if (above.page, above.column) != (line.page, line.column):
            return not self._goes_on(index)
        leading = self._leading.get(_setting(line), 1.2 * line.size)
        if line.base - above.base > _GAP * min(max(leading, 0.9 * line.size), 1.7 * line.size):
            return True
        usual, set_in = self._left[line.page, line.column], _INDENT * line.size
        if line.left > usual + set_in >= above.left and not _BULLET.match(above.text):
            return True
        if line.left < usual - set_in <= above.left and _ends_sentence(above.text):
            return True
        return self._is_short(index - 1, line.text) and _may_begin(above.text, line.text)

    def _goes_on(self, index: int) -> bool:
        """Whether a paragraph goes on in the next column or on the next page."""
        above, line = self._lines[index - 1], self._lines[index]
        if _BROKEN.search(above.text[-_LONGEST_WORD:]) and line.text[:1].islower():
            return True
        if _ends_sentence(above.text) or self._is_short(index - 1, line.text):
            return False
        return line.left <= self._left[line.page, line.column] + _INDENT * line.size

    def _is_short(self, index: int, following: str) -> bool:
        """Whether the next line's first word would have had room in line ``index``."""
        line = self._lines[index]
        near = self._lines[max(0, index - _NEAR) : index + _NEAR + 1]
        place = line.page, line.column
        right = max(other.right for other in near if (other.page, other.column) == place)
        word = len(following.split(None, 1)[0]) + 1
        width = (line.right - line.left) / len(line.text) * word
        return right - line.right > width + line.size


def _alike(above: Line, line: Line) -> bool:
    """Whether two lines may be of one paragraph by their type: blanks count as not bold."""
    if max(above.size, line.size) >= _OTHER_SIZE * min(above.size, line.size):
        return False
    differ = max(above.bold, line.bold) > _BOLD and min(above.bold, line.bold) < 1 - _BOLD
    return not differ or line.text[:1].islower()


def _ends_sentence(text: str) -> bool:
    return _ENDS_SENTENCE.search(text[-_LONGEST_CLOSE:]) is not None


def _setting(line: Line) -> tuple[int, int, int]:
    return line.page, line.column, round(line.size)


def _may_begin(above: str, text: str) -> bool:
    if _BROKEN.search(above[-_LONGEST_WORD:]):
        return False
    return _ends_sentence(above) or not text[:1].islower()


class _Vocabulary:
    """The document's own words, which tell hyphens of spelling from hyphens of line ends."""

    def __init__(self, lines: list[Line]) -> None:
        self._compounds: set[str] = set()
        self._words: set[str] = set()
        for line in lines:
            self._compounds.update(map(str.lower, _COMPOUND.findall(line.text)))
            self._words.update(map(str.lower, _WORD.findall(line.text)))

    def ended(self, text: str, following: str) -> str:
        """``text`` ended so that ``following`` can be put after it: a broken word made whole."""
        if _WIDE.match(text[-1:]) and _WIDE.match(following):
            return text
        broken = _BROKEN.search(text[-_LONGEST_WORD:])
        if broken is None:
            closed = text.endswith(("\u2014", "/")) and not text[-2:-1].isspace()
            return text if closed else text + " "
        after = _WORD.match(following)
        if after is None or not after[0][0].islower():
            return text if following[:1].isalnum() else text + " "
        if after[0] in _SUSPENDED:
            return text + " "
        return text if self._keeps(text[-1], broken, after[0]) else text[:-1]

    def _keeps(self, hyphen: str, broken: re.Match[str], after: str) -> bool:
        before = broken["before"].lower()
        if hyphen == "\u00ad":
            return False
        if "-" in before or not before[-1:].isalpha():
            return True
        if f"{before}-{after}" in self._compounds:
            return True
        return before + after not in self._words and before in _KEEP_AFTER
