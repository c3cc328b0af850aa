"""The entries of a ``sources.yml`` and the lines that they stand on.

YAML is read as events: a list of short mappings needs no more, there is nothing to recurse into,
no alias to multiply and no tag to construct, and each event tells its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where it was built in

MAX_ENTRIES: Final = 200_000

_DASH = re.compile(r"(\s*)-\s+")
_DASH_ALONE = re.compile(r"(\s*)-\s*(#.*)?")
_IGNORED = re.compile(r"\s*(#.*)?")


class Unreadable(Exception):
    """The text is not a list of entries; tells the line."""


@dataclass(slots=True)
class Entry:
    """One entry. ``fields`` are as written, those without a value left out.

    ``first`` to ``last`` are indices of its lines; ``indent`` is the column of its dash, ``None``
    where it shares its lines with something else.
    """

    fields: dict[str, str] = field(default_factory=dict)
    first: int = 0
    last: int = 0
    indent: int | None = None

    @property
    def line(self) -> int:
        """Its first line, counted from 1."""
        return self.first + 1


def read_entries(text: str) -> list[Entry]:
    """The entries of a text, none for an empty one; raises :class:`Unreadable`."""
    try:
        return list(_entries(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise Unreadable(f"{place}it is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:  # characters that YAML has none of
        raise Unreadable(f"it is not YAML: {' '.join(str(error).split())}") from None


def _entries(text: str) -> Iterator[Entry]:
    lines = text.removeprefix("\ufeff").splitlines()
    events = _checked(yaml.parse(text, Loader=LOADER))
    for event in events:  # to the beginning of the list
        if isinstance(event, yaml.SequenceStartEvent):
            break
        if isinstance(event, yaml.ScalarEvent) and not _value(event):
            return  # a file of comments, or none at all
        if isinstance(event, yaml.NodeEvent):
            raise _unreadable(event, "it is not a list; each source begins with a dash")
    else:
        return
    for count, event in enumerate(events, 1):
        if isinstance(event, yaml.SequenceEndEvent):
            break
        if count > MAX_ENTRIES:
            raise _unreadable(event, f"there are more than {MAX_ENTRIES} entries")
        entry = Entry()
        if isinstance(event, yaml.ScalarEvent):
            entry.fields["url"] = _value(event)
            if not entry.fields["url"]:
                raise _unreadable(event, f"entry {count} is empty")
            final: Any = event
        elif isinstance(event, yaml.MappingStartEvent):
            final = _fill(entry.fields, event, events)
        else:
            raise _unreadable(event, f"entry {count} is neither a URL nor fields with values")
        _place(entry, event, final, lines)
        yield entry
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            raise _unreadable(event, "a second document begins here; one list is taken")


def _checked(events: Iterator[Any]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _unreadable(event, "anchors and aliases (& and *) are not taken here")
        if getattr(event, "tag", None) not in (None, "!"):
            raise _unreadable(event, f"tags are not taken here: {event.tag}")
        yield event


def _fill(fields: dict[str, str], start: Any, events: Iterator[Any]) -> Any:
    """Read keys and values to the end of a mapping; returns its last event."""
    final = start
    for key in events:
        if isinstance(key, yaml.MappingEndEvent):
            return key if start.flow_style else final
        value = next(events)
        if not (isinstance(key, yaml.ScalarEvent) and isinstance(value, yaml.ScalarEvent)):
            raise _unreadable(value, f"the value of {getattr(key, 'value', 'a key')!r} is no text")
        if key.value in fields:
            raise _unreadable(key, f"the key {key.value!r} stands twice in one entry")
        if _value(value):
            fields[key.value] = _value(value)
        final = value
    raise AssertionError("a mapping without an end")  # the parser raises first


def _value(event: Any) -> str:
    """The text of a scalar; empty for YAML's null."""
    text: str = event.value
    plain = event.implicit[0]
    return "" if plain and text in ("", "~", "null", "Null", "NULL") else text


def _place(entry: Entry, start: Any, final: Any, lines: list[str]) -> None:
    first: int = start.start_mark.line
    end = final.end_mark
    entry.first = first
    entry.last = max(first, end.line if end.column else end.line - 1)
    before = lines[first][: start.start_mark.column] if first < len(lines) else ""
    dash = _DASH.fullmatch(before)
    while dash is None and not before.strip() and entry.first > 0:
        entry.first -= 1
        line = lines[entry.first]
        dash = _DASH_ALONE.fullmatch(line)
        if not _IGNORED.fullmatch(line):
            break
    after = lines[entry.last][end.column :] if end.column and entry.last < len(lines) else ""
    if dash is None:
        entry.first = first
    elif _IGNORED.fullmatch(after):
        entry.indent = len(dash[1])


def _unreadable(event: Any, problem: str) -> Unreadable:
    return Unreadable(f"line {event.start_mark.line + 1}: {problem}")
