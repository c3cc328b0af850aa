"""Markdown (CommonMark with tables), with the front matter that site builders put before it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache
from typing import Any

import yaml
from markdown_it import MarkdownIt

from services.fetcher.formats.base import HINTED, NO, STRUCTURE, Document, Found
from services.fetcher.formats.mapping import JsonObject, Mapping
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

_SUFFIXES = (".md", ".markdown", ".mdown", ".mkdn", ".mkd")
_TYPES = ("text/markdown", "text/x-markdown")
_MAX = 512 * 1024  # characters that are read as Markdown; more is handed on as text
_MAX_BRACKETS = 20_000  # each costs some 50 µs where none is closed
_MAX_FRONT = 8_192  # characters of front matter
_FENCED = re.compile(r"(---|\+\+\+)[ \t]*\r?\n(.*?)\r?\n(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S)
_FRONT_NAME = re.compile(r"^(?:title|date|author|tags|layout|categories|draft)\s*[:=]", re.M | re.I)
_HEADING = re.compile(r"^ {0,3}#{1,6} +\S", re.M)
_TITLE = re.compile(r"\s*(?:# +(.+?)(?: +#+)?|(\S.*)\r?\n=+)[ \t]*(?:\r?\n|\Z)")
_LINK = re.compile(r"\[[^\[\]\n]{1,300}\]\(https?://[^()\s]{1,2000}\)")
_MARKS = re.compile(r"[*_`]+|\[([^\[\]]*)\]\([^()]*\)")


class Markdown:
    """Named as Markdown, or with front matter, or with headings and links as only it has."""

    name = "markdown"
    container = False
    streams = False

    def __init__(self, settings: FetcherSettings) -> None:
        self._mapping = Mapping(settings)

    def recognise(self, sample: Sample) -> int:
        """By the name; by structure only where text would hardly have it by chance."""
        text = sample.text_head
        named = sample.suffix in _SUFFIXES or sample.media_type in _TYPES
        if not text or (text.startswith("<") and not named) or not sample.is_text:
            return NO  # markup, which HTML tells of
        if named:
            return STRUCTURE + 2
        front = _FENCED.match(text[: _MAX_FRONT + 100])
        if front is not None and _FRONT_NAME.search(front[2]):
            return STRUCTURE + 2
        headings = sum(1 for _ in zip(range(2), _HEADING.finditer(text), strict=False))
        return HINTED if headings == 2 and _LINK.search(text) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record; what is too large to be read as Markdown, or blank, is text."""
        data, sample = source.data, source.sample
        text = sample.text
        front, body = _front(text)
        readable = len(body) <= _MAX and body.count("[") <= _MAX_BRACKETS
        page = _renderer().render(body) if readable else ""
        record = self._record(front, page, body)
        if record is None:
            yield Document(data, f"text/plain; charset={sample.charset}")
            return
        url = record.url or ""
        yield Document(record.encode(), Record.CONTENT_TYPE, url=url)

    def _record(self, front: JsonObject, page: str, body: str) -> Record | None:
        """The page with what its front matter tells, by the names that records have."""
        facts = {k: v for k, v in front.items() if not self._mapping.is_record({k: v})}
        try:
            record = self._mapping.record({**facts, "html": page})
        except PartRefused:
            return None
        title = record.title or _title(body)
        web = (record.url or "").lower().startswith(("http://", "https://"))
        return record.model_copy(update={"title": title, "url": record.url if web else None})


def _title(body: str) -> str | None:
    """The first heading, where the text begins with it."""
    match = _TITLE.match(body[:2_000])
    title = _MARKS.sub(r"\1", match[1] or match[2] or "").strip() if match else ""
    return title or None


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _front(text: str) -> tuple[JsonObject, str]:
    """Front matter in YAML, TOML or JSON, and the text after it."""
    match = _FENCED.match(text[: _MAX_FRONT + 100])
    try:
        if match is not None:
            toml = match[1] == "+++"
            value = tomllib.loads(match[2]) if toml else yaml.load(match[2], _Loader)  # noqa: S506
            end = match.end()
        elif text.startswith("{"):
            value, end = json.JSONDecoder().raw_decode(text[:_MAX_FRONT])
        else:
            return {}, text
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    return (_plain(value), text[end:]) if isinstance(value, dict) else ({}, text)


class _Loader(yaml.BaseLoader):
    """Strings, lists and maps only; no aliases, which multiply."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("an alias")
        return super().compose_node(parent, index)


def _plain(value: Any) -> Any:
    """TOML's dates as they are written."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value
