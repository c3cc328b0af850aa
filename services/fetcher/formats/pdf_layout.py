"""The reading order of a PDF page: its columns found, its pieces brought into lines.

A page is a sequence of bands from top to bottom. In a band of columns a gutter, a strip that no
text crosses, parts text on both sides, and each side is ordered in its turn; elsewhere lines
follow from top to bottom. This is the recursive X-Y cut of Nagy and Seth (1984), with bands
grown row by row, so that the aligned lines of two columns are not taken for rows. Pages of Arabic
and Hebrew are mirrored first: everywhere else, text runs to the right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from services.fetcher.formats.pdf_text import Piece

_SAME_BASE = 0.35
"""Ems that baselines of one row may differ by."""
_GUTTER = 0.9
"""Ems of a gutter's least width."""
_ROWS = 3
"""Rows on either side of a gutter that prove it."""
_CELL = 14
"""Median characters of a line under which sides of a gutter are a table's, to be read by rows."""
_MOST_STEPS = 1_000_000
"""Comparisons of rows with strips in a document, some seconds of work; columns are not looked for
when they are spent. A broadsheet page takes 20,000."""
_MOST_CUTS = 6
"""Columns within columns."""
_TOUCHING = 0.12
"""Ems between pieces under which they are one word, set in two fonts."""
_INITIAL = 2.0
"""Ratio of a large initial's size to the body's."""
_MOST_INITIALS = 100
"""Large pieces of a page above which they are no initials."""
_APART = 1.6
"""Leadings between rows that part a band's last rows from it, when they stand on one side."""


@dataclass(slots=True)
class Line:
    """A line of a column: ``column_left`` to ``column_right`` are its column's edges."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: float = 0.0
    """Share of its characters that are bold."""
    page: int = 0
    column: int = 0
    """Numbers the columns of a page in reading order."""
    column_left: float = 0.0
    column_right: float = 0.0


@dataclass(slots=True)
class Row:
    """Pieces on one baseline, from left to right."""

    pieces: list[Piece]

    @property
    def base(self) -> float:
        """The baseline of its first piece."""
        return self.pieces[0].base

    @property
    def size(self) -> float:
        """The size of its largest type."""
        return max(piece.size for piece in self.pieces)

    @property
    def text(self) -> str:
        """Its pieces, parted by blanks."""
        return " ".join(piece.text for piece in self.pieces)


class Order:
    """Finds the reading order of a document's pages, within bounded work."""

    def __init__(self) -> None:
        self._steps = _MOST_STEPS

    def lines(self, pieces: list[Piece], page: int) -> list[Line]:
        """The lines of a page in the order in which they are read."""
        if not pieces:
            return []
        pieces = _with_initials(pieces)
        lines: list[Line] = []
        if _is_leftwards(pieces):
            pieces = [replace(piece, left=-piece.right, right=-piece.left) for piece in pieces]
        gap = _GUTTER * median(piece.size for piece in pieces)
        for column, rows in enumerate(self._columns(rows_of(pieces), gap, 0)):
            left = min(row.pieces[0].left for row in rows)
            right = max(piece.right for row in rows for piece in row.pieces)
            for row in rows:
                line = _line(row)
                line.page, line.column = page, column
                line.column_left, line.column_right = left, right
                lines.append(line)
        return lines

    def _columns(self, rows: list[Row], gap: float, depth: int) -> Iterator[list[Row]]:
        """Rows of each column in reading order."""
        plain: list[Row] = []
        edges = (
            min(row.pieces[0].left for row in rows),
            max(piece.right for row in rows for piece in row.pieces),
        )
        start = 0
        while start < len(rows):
            end, middle = start + 1, None
            if depth < _MOST_CUTS:
                end, middle = self._band(rows, start, gap, _Strip(*edges))
            if middle is None:
                plain += rows[start:end]
                start = end
                continue
            if plain:
                yield plain
                plain = []
            for side in _cut(rows[start:end], middle):
                yield from self._columns(side, gap, depth + 1)
            start = end
        if plain:
            yield plain

    def _band(
        self, rows: list[Row], start: int, gap: float, whole: _Strip
    ) -> tuple[int, float | None]:
        """Where the band that begins at ``start`` ends, and the middle of its gutter.

        The middle is ``None`` for a single row, and for a table.
        """
        strips = [whole]
        proven: list[_Strip] = []
        end = start
        while end < len(rows) and self._steps > 0:
            self._steps -= len(strips) * len(rows[end].pieces)
            strips = [part for strip in strips for part in strip.beside(rows[end], gap)]
            now = [strip for strip in strips if strip.before >= _ROWS and strip.after >= _ROWS]
            if (proven and not now) or not strips:
                break
            proven, end = now, end + 1
        for gutter in sorted(proven, key=lambda strip: strip.left - strip.right)[:_MOST_CUTS]:
            middle = (gutter.left + gutter.right) / 2
            cut = _without_tail(rows, start, end, middle) if end < len(rows) else end
            self._steps -= cut - start
            if not any(_is_cells(side) for side in _cut(rows[start:cut], middle)):
                return cut, middle
        return (end if proven else start + 1), None


def rows_of(pieces: list[Piece]) -> list[Row]:
    """Rows from top to bottom: pieces whose baselines agree."""
    rows: list[Row] = []
    for piece in sorted(pieces, key=lambda piece: (piece.base, piece.left)):
        last = rows[-1].pieces if rows else []
        if last and piece.base - last[0].base <= _SAME_BASE * min(piece.size, last[0].size):
            last.append(piece)
        else:
            rows.append(Row([piece]))
    for row in rows:
        row.pieces.sort(key=lambda piece: piece.left)
    return rows


def _line(row: Row) -> Line:
    pieces = row.pieces
    text = pieces[0].text
    for near, far in pairwise(pieces):
        touching = far.left - near.right < _TOUCHING * min(near.size, far.size)
        text += far.text if touching else " " + far.text
    widest = max(pieces, key=lambda piece: len(piece.text))
    right = max(piece.right for piece in pieces)
    bold = sum(piece.bold for piece in pieces) / sum(len(piece.text) for piece in pieces)
    return Line(text, row.pieces[0].left, right, widest.base, widest.size, bold)


@dataclass(frozen=True, slots=True)
class _Strip:
    """A strip that no text of a band crosses, with the rows that have text before and after it."""

    left: float
    right: float
    before: int = 0
    after: int = 0

    def beside(self, row: Row, gap: float) -> Iterator[_Strip]:
        """What ``row`` leaves of it. A strip with nothing on one side is kept while it can be."""
        edges = [self.left]
        for piece in row.pieces:
            if piece.right > self.left and piece.left < self.right:
                edges += (max(piece.left, self.left), min(piece.right, self.right))
        edges.append(self.right)
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            before = self.before + (row.pieces[0].left < left)
            after = self.after + (row.pieces[-1].right > right)
            if right - left >= gap:
                yield _Strip(left, right, before, after)


def _cut(rows: list[Row], middle: float) -> list[list[Row]]:
    """The rows left and right of a gutter."""
    sides: list[list[Row]] = [[], []]
    for row in rows:
        parts: list[list[Piece]] = [[], []]
        for piece in row.pieces:
            parts[piece.left > middle].append(piece)
        for side, part in zip(sides, parts, strict=True):
            if part:
                side.append(Row(part))
    return sides


def _is_cells(rows: list[Row]) -> bool:
    """Whether one side of a gutter is too short of text for prose: a table's column, bullets."""
    return not rows or median(max(len(p.text) for p in row.pieces) for row in rows) < _CELL


def _without_tail(rows: list[Row], start: int, end: int, middle: float) -> int:
    """``end`` without last rows on the left, set apart: the heading of what follows the band."""
    cut = end
    for index in range(end - 1, start, -1):
        if rows[index].pieces[-1].right > middle:
            break
        if rows[index].base - rows[index - 1].base > _APART * 1.2 * rows[index].size:
            cut = index
    return cut


def _with_initials(pieces: list[Piece]) -> list[Piece]:
    """The pieces with large initials, which hang beside several lines, put before the first."""
    kept = [piece for piece in pieces if len(piece.text) > 2]
    if len(kept) == len(pieces) or not kept:
        return pieces
    body = median(piece.size for piece in kept)
    if sum(piece.size >= _INITIAL * body for piece in pieces) > _MOST_INITIALS:
        return pieces
    for piece in pieces:
        if len(piece.text) > 2:
            continue
        first = None
        if piece.size >= _INITIAL * body and piece.text[-1:].isupper():
            beside = (
                other
                for other in kept
                if abs(other.top - piece.top) < other.size
                and -body < other.left - piece.right < 1.5 * body
                and other.size < piece.size / 1.8
            )
            first = min(beside, key=lambda other: other.base, default=None)
        if first is None:
            kept.append(piece)
        else:
            first.text = piece.text + first.text
    return kept


def _is_leftwards(pieces: list[Piece]) -> bool:
    """Whether most text is Arabic or Hebrew, whose columns begin at the right."""
    sample = "".join(piece.text for piece in pieces[:200])
    leftwards = sum(1 for char in sample if "\u0590" <= char <= "\u08ff")
    return 2 * leftwards > sum(1 for char in sample if char.isalpha())
