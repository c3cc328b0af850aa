"""RTF: the text with the charsets of its fonts, and title, author and dates of its ``\\info``.

Read here and not by a library: those at hand take the bytes of multi-byte charsets apart, give
lone surrogates, drop notes and raise errors of all kinds over odd files. What control words mean
stands in the Rich Text Format Specification 1.9.1.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.fetcher.formats.base import MAGIC, NO, Document, Found, Refused
from services.fetcher.formats.properties import authors_of, title_of
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

MAX_DEPTH = 1_000
"""Groups in groups; Word nests some twenty."""
MAX_TOKENS = 5_000_000
"""Control words, groups and runs of text in a file, a microsecond each; a novel has 200,000."""

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)"
)
_BREAKS = {
    b"par": "\n\n", b"sect": "\n\n", b"page": "\n\n", b"row": "\n\n", b"line": "\n",
    b"cell": " ", b"nestcell": " ", b"nestrow": "\n\n", b"tab": "\t", b"column": "\n\n",
}  # fmt: skip
_SIGNS = {
    b"emdash": "\u2014", b"endash": "\u2013", b"emspace": "\u2003", b"enspace": "\u2002",
    b"qmspace": "\u2005", b"bullet": "\u2022", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"zwj": "\u200d", b"zwnj": "\u200c",
}  # fmt: skip
_SYMBOLS = {b"~": " ", b"-": "", b"_": "-"}
# Destinations whose content is no running text.
_DROPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict header headerl headerr headerf footer footerl "
    b"footerr footerf fldinst datafield themedata listtable listoverridetable revtbl rsidtbl "
    b"generator xmlnstbl latentstyles filetbl annotation atnid atnauthor atnref bkmkstart bkmkend "
    b"pntext pntxtb pntxta nonshppict objdata sp tc xe template shprslt ftnsep ftnsepc aftnsep "
    b"aftnsepc private password do nesttableprops nonesttables listtext".split()
)
_INFO = frozenset((b"title", b"author", b"creatim", b"revtim"))
_NOTES = frozenset((b"footnote", b"endnote"))
# Starred destinations that are read all the same: shapes hold text boxes.
_STARRED = frozenset((b"shpinst", b"shptxt"))
_CLOCK = (b"yr", b"mo", b"dy", b"hr", b"min")
# \fcharset to Python's name of the charset (specification, "Font Table").
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk",
    136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_DEFAULTS = {b"ansi": "cp1252", b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}


class Rtf:
    """Rich Text Format."""

    name = "rtf"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By its first control word."""
        return MAGIC if sample.head.removeprefix(b"\xef\xbb\xbf").startswith(b"{\\rtf") else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record of the text."""
        reader = _Reader(source.data)
        try:
            written = reader.read()
        except _Unreadable as error:
            yield Refused(error.reason, error.detail, whole=True)
            return
        text = "\n\n".join(filter(None, map(_paragraph, re.split(r"\n{2,}", written))))
        if not any(map(str.isalnum, text)):
            yield Refused("no_text", "the document holds no text", whole=True)
            return
        record = Record(
            text=text,
            title=title_of(reader.field(b"title")),
            authors=authors_of(reader.field(b"author")),
            published_at=reader.time(b"creatim"),
            modified_at=reader.time(b"revtim"),
        )
        yield Document(record.encode(), Record.CONTENT_TYPE)


class _Unreadable(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def _paragraph(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(filter(None, lines))


@dataclass(slots=True)
class _Group:
    """What a group sets, and what counts again as before at its end."""

    dropped: bool = False
    hidden: bool = False
    """Whether its text is hidden, or deleted in a tracked change."""
    charset: str = "cp1252"
    skip: int = 1
    """Characters after ``\\u`` that stand in for it, for readers without Unicode."""
    info: bytes = b""
    """The field of ``\\info`` that is being read; ``info`` outside of the known ones."""
    fonts: bool = False
    """Whether it is in the table of fonts."""
    aside: bool = False
    """Whether it is a note, whose text is put after all other."""


class _Reader:
    """Reads a file once from its beginning, token by token."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._group = _Group()
        self._groups: list[_Group] = []
        self._out: list[str] = []
        self._main: list[str] = []
        self._notes: list[str] = []
        self._bytes = bytearray()
        self._charset = "cp1252"
        self._fonts: dict[bytes, str] = {}
        self._font = self._default_font = b""
        self._starred = False
        self._skip = 0
        self._info: dict[bytes, list[str]] = {}
        self._times: dict[bytes, dict[bytes, int]] = {}

    def read(self) -> str:
        """The text; raises :class:`_Unreadable`."""
        data, place, tokens = self._data, 0, 0
        while found := _TOKEN.search(data, place):
            tokens += 1
            if tokens > MAX_TOKENS:
                raise _Unreadable("too_large", f"more than {MAX_TOKENS} control words and texts")
            place = found.end()
            word, number, code, symbol, brace, run = found.groups()
            if run is not None:
                self._text(run)
            elif code is not None:
                self._text(bytes((int(code, 16),)))
            elif word is not None:
                if word == b"bin":
                    place += max(0, int(number or 0))
                self._word(word, number)
            elif symbol is not None:
                self._symbol(symbol)
            elif brace == b"{":
                self._open()
            elif not self._close():
                break
        else:
            self._flush()
            while self._groups:
                self._close()
        return _characters(self._out + self._notes)

    def field(self, name: bytes) -> str:
        """A field of ``\\info``, or empty."""
        return _characters(self._info.get(name, []))

    def time(self, name: bytes) -> str | None:
        """A time of ``\\info`` in ISO 8601, without a zone as RTF has none."""
        told = self._times.get(name, {})
        try:
            year, month, day, hour, minute = (told.get(part, 0) for part in _CLOCK)
            when = datetime(year, month, day, hour, minute)
        except (ValueError, OverflowError):
            return None
        return when.isoformat(timespec="minutes")

    def _open(self) -> None:
        self._flush()
        if len(self._groups) >= MAX_DEPTH:
            raise _Unreadable("nested_too_deep", f"more than {MAX_DEPTH} groups in groups")
        self._groups.append(self._group)
        self._group = replace(self._group, aside=False)
        self._starred, self._skip = False, 0

    def _close(self) -> bool:
        """End a group; false at the end of the outermost."""
        self._flush()
        if self._group.aside:
            self._notes += ["\n\n", *self._out]
            self._out = self._main
        self._starred, self._skip = False, 0
        if self._groups:
            self._group = self._groups.pop()
        return bool(self._groups)

    def _flush(self) -> None:
        if self._bytes:
            self._put(self._bytes.decode(self._group.charset, "replace"))
            self._bytes.clear()

    def _put(self, text: str) -> None:
        group = self._group
        if group.info:
            self._info.setdefault(group.info, []).append(text)
        elif not group.dropped and not group.hidden:
            self._out.append(text)

    def _text(self, run: bytes) -> None:
        self._starred = False
        if self._skip:
            count = min(self._skip, len(run))
            self._skip -= count
            run = run[count:]
        if not self._group.dropped or self._group.info:
            self._bytes += run

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._starred = True
        elif symbol in (b"\n", b"\r"):
            self._word(b"par", None)
        elif symbol in b"{}\\":
            self._text(symbol)  # it may be the second byte of a character
        elif self._skip:
            self._skip -= 1
        elif sign := _SYMBOLS.get(symbol):
            self._flush()
            self._put(sign)

    def _word(self, word: bytes, number: bytes | None) -> None:
        starred, self._starred = self._starred, False
        sign = _SIGNS.get(word)
        if sign is not None and self._skip:
            self._skip -= 1
            return
        self._flush()
        if word == b"u":
            if number is not None:
                self._put(chr(int(number) & 0xFFFF))
                self._skip = self._group.skip
            return
        self._skip = 0
        if sign is not None:
            self._put(sign)
        elif word in _BREAKS:
            self._put(_BREAKS[word])
        else:
            self._setting(word, number)
            if word in _DROPPED or (starred and word not in _STARRED):
                self._group.dropped = True
            self._destination(word)

    def _destination(self, word: bytes) -> None:
        group = self._group
        if word == b"info" or (group.info and word in _INFO):
            group.info = word
        elif word == b"fonttbl":
            group.fonts = True
        elif word in _NOTES and not any(g.aside for g in (group, *self._groups)):
            group.aside = True
            self._main, self._out = self._out, []

    def _setting(self, word: bytes, number: bytes | None) -> None:
        group = self._group
        if word == b"f":
            self._font = number or b"0"
            if not group.fonts:
                group.charset = self._fonts.get(self._font, self._charset)
        elif word == b"plain":
            group.hidden = False
            group.charset = self._fonts.get(self._default_font, self._charset)
        elif word in (b"v", b"deleted"):
            group.hidden = number != b"0"
        elif word == b"uc":
            group.skip = min(max(0, int(number or 1)), 100)
        elif word == b"fcharset" and group.fonts:
            charset = _CHARSETS.get(int(number or 0))
            self._fonts[self._font] = charset or self._charset
        elif word == b"cpg" and group.fonts:
            self._fonts[self._font] = _code_page(number) or self._charset
        elif word == b"deff":
            self._default_font = number or b"0"
        elif word in _DEFAULTS:
            self._charset = group.charset = _DEFAULTS[word]
        elif word == b"ansicpg":
            self._charset = group.charset = _code_page(number) or self._charset
        elif group.info and word in _CLOCK:
            self._times.setdefault(group.info, {})[word] = int(number or 0)


def _code_page(number: bytes | None) -> str | None:
    """Python's name of a Windows code page; ``None`` of one it does not know."""
    told = int(number or 0)
    name = {65001: "utf-8", 10000: "mac_roman", 10007: "mac_cyrillic", 1361: "johab"}.get(
        told, f"cp{told}"
    )
    try:
        codecs.lookup(name)
    except LookupError:
        return None
    return name


def _characters(parts: list[str]) -> str:
    """The parts as one, with surrogates in pairs made the characters that they stand for."""
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
