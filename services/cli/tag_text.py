"""A text with its entities in the terminal, or with marks where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.explanation import safe
from services.tagger.recognizer import Tagging
from shared.events import Entity, EntityType

STYLES: Final[dict[EntityType, str]] = {
    "PER": "bold cyan",
    "ORG": "bold magenta",
    "LOC": "bold green",
    "FACILITY": "green",
    "NORP": "yellow",
    "EVENT": "bold blue",
    "PRODUCT": "blue",
    "MISC": "bold",
}


class _Place(NamedTuple):
    start: int
    end: int
    entity: Entity


def show(name: str, title: str, text: str, tagging: Tagging, console: Console) -> None:
    """Print title and text with the names marked, then a table of the entities, and what tagged.

    In colour in a terminal; else, and where colour is off, names are written ``[Kyiv|LOC Q1899]``.
    """
    if name:
        console.print(Text(_line(name), "dim"), soft_wrap=True)
    colour = console.is_terminal and not console.no_color
    if title:
        line = _marked(title, "title", tagging.entities, colour=colour)
        line.stylize("bold")
        console.print(line, soft_wrap=not console.is_terminal)
        console.print()
    console.print(
        _marked(text, "text", tagging.entities, colour=colour), soft_wrap=not console.is_terminal
    )
    console.print()
    if tagging.entities:
        if console.is_terminal:
            console.print(_table(tagging.entities))
        else:
            for row in _rows(tagging.entities):
                console.file.write("\t".join(row) + "\n")  # which rich would make blanks of
        console.print()
    else:
        console.print("no names found")
    console.print(Text(f"tagged by {tagging.tagger}", "dim"), soft_wrap=True)


def _places(entities: list[Entity], field: Literal["title", "text"]) -> list[_Place]:
    return sorted(
        (
            _Place(mention.start, mention.end, entity)
            for entity in entities
            for mention in entity.mentions
            if mention.field == field
        ),
        key=lambda place: place[:2],
    )


def _marked(
    text: str, field: Literal["title", "text"], entities: list[Entity], *, colour: bool
) -> Text:
    """``text`` with its names in colour or in marks; controls are made harmless."""
    line = Text()
    end = 0
    for place in _places(entities, field):
        if place.start < end:
            continue
        line.append(_harmless(text[end : place.start]))
        name = _harmless(text[place.start : place.end])
        if colour:
            line.append(name, STYLES[place.entity.type])
        else:
            line.append(f"[{name}|{place.entity.type} {_line(place.entity.entity_id)}]")
        end = place.end
    return line.append(_harmless(text[end:]))


def _harmless(text: str) -> str:
    """As :func:`safe`, which ends a line twice at CRLF; what joins emoji stays."""
    return safe(text.replace("\r\n", "\n"))


def _line(text: str) -> str:
    return _harmless(text).replace("\n", " ")


_HEADINGS: Final = ("entity", "type", "id", "linked by", "sure", "salience", "mentions")


def _rows(entities: list[Entity]) -> Iterator[tuple[str, ...]]:
    for entity in entities:
        yield (
            _line(entity.name),
            entity.type,
            _line(entity.entity_id),
            entity.linked_by,
            f"{entity.confidence:.0%}",
            f"{entity.salience:.2f}",
            str(len(entity.mentions)),
        )


def _table(entities: list[Entity]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in _HEADINGS:
        right = heading in ("sure", "salience", "mentions")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for entity, row in zip(entities, _rows(entities), strict=True):
        table.add_row(Text(row[0], STYLES[entity.type]), *map(Text, row[1:]))
    return table
