"""CSV and its kin: a header that names fields, then a record a row."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from services.fetcher.formats.base import NO, STRUCTURE, Document, Found, Refused
from services.fetcher.formats.mapping import Mapping
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

_DELIMITERS = ",\t;|"
_NAMES = (".csv", ".tsv", ".tab")
_TYPES = ("text/csv", "text/tab-separated-values", "application/csv")
_MAX_NAME = 60  # characters of a column's name
_MAX_COLUMNS = 1_000
_LOOK = 20  # rows that tell whether the columns are consistent
_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.I)  # Excel's own first line
_MAX_UNCLOSED = 5  # quotes without an end, each of which costs a re-reading
_WEB = re.compile(r"https?://\S+$", re.I)


@dataclass(frozen=True, slots=True)
class _Layout:
    delimiter: str
    columns: tuple[str, ...]
    skip: int
    """Lines before the header."""
    plain: bool
    """Whether its names differ, are no numbers, and no blanks follow its separators as in prose."""
    rows: tuple[tuple[str, ...], ...]
    """The first ones."""


class Delimited:
    """Rows separated by commas, tabs, semicolons or bars, below a row of known names."""

    name = "csv"
    container = False
    streams = True

    def __init__(self, settings: FetcherSettings) -> None:
        self._mapping = Mapping(settings)

    def recognise(self, sample: Sample) -> int:
        """By a header with a text among its fields and rows as long as it."""
        text = sample.text_head
        named = sample.suffix in _NAMES or sample.media_type in _TYPES
        if text[:1] in ("", "<", "{", "[") or not sample.is_text:
            return NO
        layout = _layout(text, sample.complete and len(sample.data) <= len(sample.head))
        if layout is None or not (named or (layout.rows and layout.plain)):
            return NO
        consistent = [row for row in layout.rows if len(row) == len(layout.columns)]
        if 2 * len(consistent) < len(layout.rows):
            return NO
        if self._has_text(layout) and (named or len(layout.columns) > 1):
            return STRUCTURE + 3
        links = _of_links(layout, consistent) and (len(layout.columns) > 1 or self._of_urls(layout))
        return STRUCTURE + 3 if named or links else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record for each row; those of another length are refused by their line."""
        sample = source.sample
        layout = _layout(sample.text_head, True)
        if layout is None:
            yield Refused("no_text_field", "no row of names is at its beginning", whole=True)
            return
        if not self._has_text(layout):
            names = ", ".join(layout.columns[:30])
            hint = "; URLs are for `wireroom fetch`" if _of_links(layout, layout.rows) else ""
            detail = f"WIREROOM_FETCHER_FIELDS maps no column of it to a text; it has: {names}"
            yield Refused("no_text_field", detail + hint, whole=True)
            return
        limit = budget.settings.max_document_bytes
        csv.field_size_limit(max(csv.field_size_limit(), limit))
        text = io.TextIOWrapper(source.stream, sample.charset, "replace", newline="")
        try:
            for row in _Rows(text, layout, limit):
                yield self._found(row, layout, limit)
        finally:
            text.detach()  # the stream is its owner's to close

    def _has_text(self, layout: _Layout) -> bool:
        return self._mapping.is_record(dict.fromkeys(layout.columns, "x"))

    def _of_urls(self, layout: _Layout) -> bool:
        """Whether the first column is named as one of URLs, or is a list of them without a name."""
        name = layout.columns[0]
        record = self._mapping.record({name: "x", "html": "x"}) if not _WEB.match(name) else None
        return record is None or record.url is not None

    def _found(self, row: _Row, layout: _Layout, limit: int) -> Found:
        raw, place = row.raw.encode("utf-8", "replace"), f"line {row.line}"
        if row.problem:
            return Refused(row.problem, row.detail, raw, place)
        width = len(layout.columns)
        values = row.values[:width] if not any(row.values[width:]) else row.values
        if len(values) != width:
            detail = f"{len(row.values)} fields where the header has {width}"
            return Refused("wrong_columns", detail, raw, place)
        if len(raw) > limit:
            detail = f"{len(raw)} bytes in one row, max_document_bytes={limit}"
            return Refused("too_large", detail, raw, place)
        fields: dict[str, str] = {}
        for name, value in zip(layout.columns, values, strict=True):
            fields[name] = fields.get(name) or value  # of columns of one name, the first filled
        try:
            record = self._mapping.record(fields)
        except PartRefused:
            return Refused("no_text", "the row has no text", raw, place)
        return Document(record.encode(), Record.CONTENT_TYPE, place, record.url or "")


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    values: list[str]
    raw: str
    problem: str = ""
    detail: str = ""


class _Rows:
    """The rows below the header, each with its line; no quotation holds more than the limit."""

    def __init__(self, text: io.TextIOWrapper, layout: _Layout, limit: int) -> None:
        self._text, self._layout, self._limit = text, layout, limit
        self._again: deque[str] = deque()  # lines that a quotation without end had swallowed
        self._line = 0
        self._held: list[str] = []
        self._size = 0
        self._ended = self._cut = False

    def __iter__(self) -> Iterator[_Row]:
        header = self._layout.skip
        unclosed = 0
        while True:
            self._skip_blanks()
            start = self._line + 1
            self._held, self._size, self._ended, self._cut = [], 0, False, False
            reader = csv.reader(self._lines(), delimiter=self._layout.delimiter)
            try:
                values = next(reader, None)
            except csv.Error as error:
                values, problem = [], ("invalid_csv", str(error))
            else:
                problem = ("", "")
            if not self._held:
                return
            if (self._ended or self._cut) and self._held:
                unclosed += 1
                problem = ("unclosed_quote", "a quotation in it has no end")
                raw = self._held[0]
                if len(self._held) == 1 and self._cut:
                    problem = ("too_large", f"a line of more than {self._limit} characters")
                elif unclosed <= _MAX_UNCLOSED:
                    self._again.extendleft(reversed(self._held[1:]))
                    self._line = start
                else:
                    problem = ("unclosed_quote", "a quotation in it has no end; no more is read")
                    yield _Row(start, [], raw, *problem)
                    return
                yield _Row(start, [], raw, *problem)
                continue
            if header >= 0:
                header -= 1  # lines before it, and the header itself
                continue
            values = values or []
            if not problem[0] and not any(value.strip() for value in values):
                continue
            yield _Row(start, values, "".join(self._held), *problem)

    def _skip_blanks(self) -> None:
        """Go over lines without a value, which are no rows and can be millions."""
        blank, most = " \t\r\n\x00\ufeff" + self._layout.delimiter, self._limit + 1
        while line := self._again.popleft() if self._again else self._text.readline(most):
            if line.strip(blank):
                self._again.appendleft(line)
                return
            self._line += line.endswith(("\n", "\r"))

    def _lines(self) -> Iterator[str]:
        """Lines for one row. That a second is asked for after the last one shows an open quote."""
        while True:
            if self._size > self._limit:
                self._cut = True
                return
            line = self._again.popleft() if self._again else self._text.readline(self._limit + 1)
            if not line:
                self._ended = bool(self._held)
                return
            self._line += 1
            self._size += len(line)
            self._held.append(line)
            if len(line) > self._limit:
                while not line.endswith(("\n", "\r")) and line:
                    line = self._text.readline(self._limit + 1)
                self._cut = True
                return
            line = line.replace("\x00", "")
            yield line.removeprefix("\ufeff") if self._line == 1 else line


def _layout(text: str, complete: bool) -> _Layout | None:
    """How text that begins with ``text`` is laid out; ``None`` when it has no header."""
    skip = 0
    separator = _SEPARATOR.match(text)
    if separator is not None:
        text, skip = text[separator.end() :], 1
    first = text.partition("\n")[0]
    choices = separator[1] if separator is not None else _DELIMITERS
    delimiter = max(choices, key=first.count)
    if not complete:
        text = text[: text.rfind("\n") + 1] or text
    rows: list[tuple[str, ...]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(value.strip() for value in row):
                rows.append(tuple(row))
            if len(rows) > _LOOK:
                break
    except csv.Error:
        pass
    if not rows:
        return None
    columns = tuple(name.strip() for name in rows[0])
    named = [name for name in columns if name]
    if len(columns) > _MAX_COLUMNS or (len(columns) == 1 and " " in columns[0]):
        return None
    if not named or any(len(name) > _MAX_NAME or "\n" in name for name in columns):
        return None
    plain = len(set(named)) == len(named) and not any(
        name[:1] == " " or name.strip()[:1].isdigit() for name in rows[0]
    )
    return _Layout(delimiter, columns, skip, plain, tuple(rows[1:]))


def _of_links(layout: _Layout, rows: tuple[tuple[str, ...], ...] | list[tuple[str, ...]]) -> bool:
    """Whether a column of it holds nothing but links."""
    return any(
        rows and all(at < len(row) and _WEB.match(row[at].strip()) for row in rows)
        for at in range(len(layout.columns))
    )
