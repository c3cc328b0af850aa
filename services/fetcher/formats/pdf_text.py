"""The characters of a PDF page, joined to pieces of lines with their places.

A piece is what stands on one baseline without a wide gap. Coordinates are in points, turned so
that the page's prevailing direction of writing runs to the right: ``x`` grows to the right,
``y`` grows downwards.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from ctypes import addressof, byref, c_double, c_int, create_string_buffer
from dataclasses import dataclass, replace

import pypdfium2 as pdfium
from pypdfium2 import raw

WIDE_GAP = 1.0
"""Ems between two words that part them into two pieces; justified text stays under it."""
_BACKWARDS = 0.8
"""Ems that a character may begin left of the end of the one before: kerning, accents."""
_RAISED = 0.55
"""Ems off the baseline that a character may stand: indices and exponents."""
_TURNED = math.radians(10)
_DROP = 2.2
"""How many times larger a character may be than its neighbour: an initial stands by itself."""
_CHARACTERS = {
    "\xa0": " ", "\u2007": " ", "\u202f": " ", "\t": " ",
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
    "\ufb05": "st", "\ufb06": "st", "\u0132": "IJ", "\u0133": "ij",
}  # fmt: skip
"""Ligatures and blanks as they are typed."""
_LEFTWARDS = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_FONT_NAME = 128
"""Bytes of a font's name that are looked at."""
_BOLD = re.compile(rb"bold|black|heavy|demi|fett|gras", re.IGNORECASE)
_FORCE_BOLD = 1 << 18
"""ForceBold among the flags of a font (ISO 32000-1, table 123)."""
_HYPHEN_MARKS = (0x02, 0xFFFE)
"""What PDFium puts in the place of a hyphen that it takes for one of hyphenation."""


@dataclass(slots=True)
class Piece:
    """Text on one baseline: ``left`` to ``right``, ``base`` its baseline, ``size`` its em."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: int = 0
    """Its bold characters."""

    @property
    def top(self) -> float:
        """The height of its capitals, about."""
        return self.base - 0.75 * self.size


@dataclass(slots=True)
class PageText:
    """The pieces of a page in the order of its content stream, and the page's size."""

    pieces: list[Piece]
    width: float
    height: float
    characters: int


class TooMuchText(Exception):
    """A page holds more characters than are allowed."""


@dataclass(slots=True)
class _Style:
    """How a text object is set."""

    turn: int
    """Quarter turns of the writing, counter-clockwise; -1 for what is aslant."""
    size: float
    bold: bool = False


_Box = tuple[float, float, float, float]


@dataclass(slots=True)
class _Glyph:
    """A character, its origin and its box: left, bottom, right, top, ``y`` upwards."""

    text: str
    x: float
    y: float
    box: _Box
    style: _Style


def read_page(page: pdfium.PdfPage, limit: int) -> PageText:
    """The pieces of ``page``; raises :class:`TooMuchText` above ``limit`` characters."""
    textpage = page.get_textpage()
    try:
        count = textpage.count_chars()
        if count > limit:
            raise TooMuchText(count)
        glyphs = list(_glyphs(textpage.raw, count))
    finally:
        textpage.close()
    turns = Counter(glyph.style.turn for glyph in glyphs if glyph.style.turn >= 0)
    turn = turns.most_common(1)[0][0] if turns else 0
    left, top, right, bottom = _turned(page.get_bbox(), turn)
    pieces = [
        replace(piece, left=piece.left - left, right=piece.right - left, base=piece.base - top)
        for piece in _pieces(glyphs, turn)
        if left < piece.right and piece.left < right and top < piece.base < bottom + piece.size
    ]
    return PageText(pieces, right - left, bottom - top, count)


def _glyphs(textpage: object, count: int) -> Iterator[_Glyph]:
    rectangle, x, y = raw.FS_RECTF(), c_double(), c_double()
    a_rectangle, an_x, a_y = byref(rectangle), byref(x), byref(y)
    style, last = _Style(0, 10.0), 0
    space = _Glyph(" ", 0.0, 0.0, (0.0, 0.0, 0.0, 0.0), style)
    for index in range(count):
        code = raw.FPDFText_GetUnicode(textpage, index)
        if code in (0x0D, 0x0A, 0):
            continue  # PDFium's own guess at lines
        if code == 0x20:
            yield space
            continue
        if not raw.FPDFText_GetLooseCharBox(textpage, index, a_rectangle):
            continue
        if not raw.FPDFText_GetCharOrigin(textpage, index, an_x, a_y):
            continue
        owner = raw.FPDFText_GetTextObject(textpage, index)
        address = addressof(owner.contents) if owner else 0
        if address != last:
            last, style = address, _style(textpage, index)
        box = rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
        if math.isfinite(sum(box) + x.value + y.value):
            yield _Glyph(_character(code), x.value, y.value, box, style)


def _style(textpage: object, index: int) -> _Style:
    matrix = raw.FS_MATRIX()
    bold = _is_bold(textpage, index)
    size = raw.FPDFText_GetFontSize(textpage, index)
    if not raw.FPDFText_GetMatrix(textpage, index, byref(matrix)):
        return _Style(0, size or 10.0, bold)
    size *= math.hypot(matrix.c, matrix.d)
    angle = math.atan2(matrix.b, matrix.a)
    quarter = round(angle / (math.pi / 2))
    turn = quarter % 4 if abs(angle - quarter * math.pi / 2) < _TURNED else -1
    return _Style(turn, size if math.isfinite(size) and size > 0.1 else 10.0, bold)


def _is_bold(textpage: object, index: int) -> bool:
    name, flags = create_string_buffer(_FONT_NAME), c_int()
    if not raw.FPDFText_GetFontInfo(textpage, index, name, _FONT_NAME, byref(flags)):
        return False
    return bool(flags.value & _FORCE_BOLD) or _BOLD.search(name.value) is not None


def _character(code: int) -> str:
    if code in _HYPHEN_MARKS:
        return "-"
    if 0x80 <= code < 0xA0:  # bytes of Windows-1252 in a font without a map to Unicode
        return bytes((code,)).decode("cp1252", "replace").replace("\ufffd", "")
    if code < 0x20 or 0xD800 <= code < 0xE000 or code in (0x7F, 0xFFFF) or code > 0x10FFFF:
        return ""
    return _CHARACTERS.get(char := chr(code), char)


def _turned(box: _Box, turn: int) -> _Box:
    """(left, bottom, right, top) as (left, top, right, bottom) with ``y`` downwards."""
    left, bottom, right, top = box
    if turn == 0:
        return left, -top, right, -bottom
    if turn == 1:
        return bottom, left, top, right
    if turn == 2:
        return -right, bottom, -left, top
    return -top, -right, -bottom, -left


def _pieces(glyphs: list[_Glyph], turn: int) -> Iterator[Piece]:
    """Pieces of the text that runs in direction ``turn``; the rest (stamps, axes) is left out."""
    text: list[str] = []
    piece: Piece | None = None
    blank = False
    for glyph in glyphs:
        if glyph.text == " ":
            blank = True
            continue
        if glyph.style.turn != turn:
            continue
        left, _, right, _ = _turned(glyph.box, turn)
        _, base, _, _ = _turned((glyph.x, glyph.y, glyph.x, glyph.y), turn)
        size = glyph.style.size
        if piece is not None and _follows(piece, glyph, left, right, base):
            if blank:
                text.append(" ")
            if size > piece.size:  # an index before its word, an initial's line
                piece.size, piece.base = size, base
        else:
            if piece is not None and (done := _finished(piece, text)):
                yield done
            piece, text = Piece("", left, right, base, size), []
        text.append(glyph.text)
        piece.bold += glyph.style.bold
        piece.left, piece.right = min(piece.left, left), max(piece.right, right)
        blank = False
    if piece is not None and (done := _finished(piece, text)):
        yield done


def _follows(piece: Piece, glyph: _Glyph, left: float, right: float, base: float) -> bool:
    size = glyph.style.size
    em = max(piece.size, size)
    # PDFium gives Arabic and Hebrew in the order in which they are read.
    gap = piece.left - right if _LEFTWARDS.match(glyph.text) else left - piece.right
    return (
        abs(base - piece.base) <= _RAISED * em
        and -_BACKWARDS * em <= gap <= WIDE_GAP * em
        and em <= _DROP * min(piece.size, size)
    )


def _finished(piece: Piece, text: list[str]) -> Piece | None:
    piece.text = "".join(text).strip()
    return piece if piece.text else None
