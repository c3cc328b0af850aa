"""JSON and JSON Lines of records."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from services.fetcher.formats.base import (
    HINTED,
    MAGIC,
    NO,
    STRUCTURE,
    Document,
    Found,
    Refused,
)
from services.fetcher.formats.mapping import Mapping
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.errors import PermanentError
from shared.records import Record

# How JSON of records begins, and "[Reuters] Paris", "{{ template }}" or '{"Rain," he said}' do not.
_OBJECT = r"""\{\s*(?:"(?:[^"\\]|\\.){0,200}(?:"\s*:|\Z)|\}|"?\Z)"""
_BEGINS = re.compile(rf"""\s*(?:(?:\[\s*)?{_OBJECT}|\[\s*(?:\]|["\[\d-]))""")
_NAMED = re.compile(r"""\s*(?:\[\s*)?\{\s*(?:["']|\})|\s*\[\s*(?:\]|["\[{\d-])""")  # broken or not
_JSON_NAMES = (".json", ".geojson", ".jsonld")
_JSON_TYPES = ("application/json", "application/ld+json", "text/json")
_LINES_NAMES = (".jsonl", ".ndjson", ".jsonlines", ".ldjson")
_LINES_TYPES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines",
                "application/jsonlines")  # fmt: skip
_HEAD = 4_096  # characters within which the first object begins
_LOOK = 20  # lines that tell JSON Lines from a JSON file over several lines


class RecordJson:
    """A record that was mapped already: what a sender unpacked of a larger file."""

    name = "record"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By its media type, which is our own."""
        return MAGIC if sample.media_type == Record.CONTENT_TYPE else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The record as it came."""
        try:
            record = Record.decode(source.data)
        except PermanentError as error:
            yield Refused(error.reason, error.detail, whole=True)
        else:
            yield Document(record.encode(), Record.CONTENT_TYPE, url=record.url or "")


class InvalidJson(Exception):
    """What is wrong, for a person."""


class Json:
    """One JSON text: a record, an array of records, or an object around such an array."""

    name = "json"
    container = False
    streams = False

    def __init__(self, settings: FetcherSettings) -> None:
        self._mapping = Mapping(settings)

    def recognise(self, sample: Sample) -> int:
        """By its first characters; what looks a little like text must parse or be named so."""
        text = sample.text_head
        named = sample.suffix in _JSON_NAMES or sample.media_type in _JSON_TYPES
        if text[:1] not in ("{", "[") or not sample.is_text:
            return NO
        if not _BEGINS.match(text):
            return HINTED if named and _NAMED.match(text) else NO
        if text.startswith("{") or re.match(r"\[\s*\{", text):
            return STRUCTURE
        if named:
            return HINTED
        # A numbered list or a quotation in brackets also begins so.
        return HINTED if len(sample.data) <= len(sample.head) and _parses(sample) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record for each object; positions count from 1."""
        sample = source.sample
        limit = budget.settings.max_json_bytes
        if len(sample.data) > limit:
            detail = f"{len(sample.data)} bytes of JSON, max_json_bytes={limit}; use JSON Lines"
            yield Refused("too_large", detail, whole=True)
            return
        values = sample.data.count(b"{") + sample.data.count(b"[")
        most = budget.settings.max_json_values
        if values > most:
            detail = f"about {values} objects and arrays, max_json_values={most}; use JSON Lines"
            yield Refused("too_large", detail, whole=True)
            return
        try:
            value = parse(sample.text)
        except InvalidJson as error:
            yield Refused("invalid_json", str(error), sample.data, whole=True)
            return
        if isinstance(value, dict):
            inner = None if self._mapping.is_record(value) else self._mapping.records(value)
            if inner is None:
                yield _mapped(self._mapping, value, sample.data, "", whole=True)
                return
            value = inner
        if not isinstance(value, list) or not any(isinstance(item, dict) for item in value):
            yield Refused("no_records", "the JSON holds no objects", sample.data, whole=True)
            return
        for number, item in enumerate(value, 1):
            yield _mapped(self._mapping, item, None, f"item {number}")


class JsonLines:
    """One JSON object a line; a bad line is refused by itself."""

    name = "jsonl"
    container = False
    streams = True

    def __init__(self, settings: FetcherSettings) -> None:
        self._mapping = Mapping(settings)

    def recognise(self, sample: Sample) -> int:
        """By whole objects in at least half of the first lines, or by one and the name."""
        text = sample.text_head
        named = sample.suffix in _LINES_NAMES or sample.media_type in _LINES_TYPES
        if text.startswith("<") or "{" not in text[:_HEAD] or not sample.is_text:
            return NO
        lines = [line for line in text.split("\n", 3 * _LOOK) if line.strip()][:_LOOK]
        if len(lines) < (1 if named else 2):
            return NO
        objects = sum(1 for line in lines if _is_object(line))
        if named:
            return STRUCTURE + 2 if objects or lines[0].startswith("{") else NO
        return STRUCTURE + 1 if objects and 2 * objects >= len(lines) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record for each line; blank lines are nothing."""
        limit = budget.settings.max_document_bytes
        for number, line, size in _lines(source, max(limit, budget.settings.max_rejected_bytes)):
            line = line.strip("\r\n\ufeff \t\x00")
            if not line:
                continue
            raw = line.encode("utf-8", "replace")
            place = f"line {number}"
            if max(size, len(raw)) > limit:
                detail = f"{max(size, len(raw))} bytes in one line, max_document_bytes={limit}"
                yield Refused("too_large", detail, raw, place)
                continue
            try:
                value = parse(line)
            except InvalidJson as error:
                yield Refused("invalid_json", str(error), raw, place)
                continue
            yield _mapped(self._mapping, value, raw, place)


def _lines(source: Source, limit: int) -> Iterator[tuple[int, str, int]]:
    """Number, beginning and size of each line, which is cut at ``limit`` characters.

    Lines end by line feeds alone: other breaks may stand in JSON strings.
    """
    text = io.TextIOWrapper(source.stream, source.sample.charset, "replace", newline="\n")
    number = 0
    while line := text.readline(limit + 1):
        number += 1
        if line == "\n":  # of which there can be millions
            continue
        size, piece = len(line), line
        while not piece.endswith("\n") and (piece := text.readline(limit + 1)):
            size += len(piece)
        yield number, line, size - piece.endswith("\n")
    text.detach()  # the stream is its owner's to close


def _mapped(
    mapping: Mapping, value: Any, raw: bytes | None, place: str, *, whole: bool = False
) -> Found:
    if not isinstance(value, dict):
        kept = _kept(value) if raw is None else raw
        return Refused("not_a_record", f"{type(value).__name__}, not an object", kept, place, whole)
    try:
        record = mapping.record(value)
    except PartRefused as refusal:
        kept = _kept(value) if raw is None else raw
        return Refused(refusal.reason, refusal.detail, kept, place, whole)
    return Document(record.encode(), Record.CONTENT_TYPE, place, record.url or "")


def _kept(value: Any) -> bytes:
    """An item of an array as bytes of its own, for the rejection."""
    try:
        return json.dumps(value).encode("ascii")
    except (RecursionError, ValueError):
        return b""


def parse(text: str) -> Any:
    """The value of a JSON text; raises :class:`InvalidJson`.

    orjson reads nearly all. What it refuses and people still write is read by the standard
    library: numbers of any length (kept as their digits), lone surrogates, raw control
    characters in strings, NaN. Of repeated keys the last counts.
    """
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    try:
        return json.loads(text, strict=False, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        # A line of JSON Lines is numbered by its place in the file already.
        line = f"line {error.lineno}, " if "\n" in text else ""
        at = error.msg if error.msg.endswith(" at") else f"{error.msg} at"
        raise InvalidJson(f"{at} {line}column {error.colno}") from None
    except RecursionError:
        raise InvalidJson("nested too deep to be read") from None


def _is_object(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(parse(line), dict)
    except InvalidJson:
        return False


def _parses(sample: Sample) -> bool:
    try:
        parse(sample.text_head)
    except InvalidJson:
        return False
    return True
