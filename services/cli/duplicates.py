"""``wireroom duplicates``: the copies of an article, and what differs, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.options import store_option
from services.cli.search import elastic_option, open_index, printable
from services.cli.show import find
from shared.difference import Paragraph, PieceKind, difference
from shared.errors import WireroomError
from shared.events import format_time
from shared.search.document import Document
from shared.search.index import SearchIndex

_MOST_SHOWN = 5
"""Copies whose differences are shown unless one is named."""
_STYLES: dict[PieceKind, str] = {"same": "", "added": "green", "removed": "red"}
# As wdiff marks words where there are no colours.
_MARKS: dict[PieceKind, str] = {"same": "{}", "added": "{{+{}+}}", "removed": "[-{}-]"}


@click.command("duplicates")
@click.argument("article_id", metavar="ID")
@click.option("--with", "other", metavar="ID", help="Compare with this copy alone.")
@click.option("--width", type=click.IntRange(40, 1000), help="Columns; by default the terminal's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@store_option
@elastic_option
def duplicates_command(
    article_id: str,
    other: str | None,
    width: int | None,
    as_json: bool,
    store: Path,
    elastic: bool,
) -> None:
    """Show the copies of an article: the original, why each is a copy, and what differs.

    The original stands on the left, each copy on the right. The beginning of an ID is enough
    where it is the only one.
    """

    async def read() -> tuple[list[Document], Document | None]:
        index = open_index(store, elastic)
        try:
            document = await find(index, article_id)
            return await group_of(index, document), await find(index, other) if other else None
        finally:
            await index.close()

    try:
        group, named = asyncio.run(read())
    except WireroomError as error:
        raise click.ClickException(str(error)) from error
    original, *copies = group
    if named is not None:
        ids = [document.article_id for document in group]
        if named.article_id not in ids:
            raise click.ClickException(f"{other!r} is not of the same group: {ids[0]} has no copy "
                                       f"{named.article_id}")  # fmt: skip
        if named.article_id == original.article_id:
            raise click.ClickException(f"{other!r} is the original itself")
    if as_json:
        data = as_dict(original, copies if named is None else [named])
        click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2))
        return
    console = Console(highlight=False, width=width)
    show_group(original, copies, console)
    for copy in [named] if named is not None else copies[:_MOST_SHOWN]:
        show_pair(original, copy, console)
    if named is None and len(copies) > _MOST_SHOWN:
        console.print()
        more = f"… {len(copies) - _MOST_SHOWN} more: compare one with --with ID"
        console.print(Text(more, "dim"))


async def group_of(index: SearchIndex, document: Document) -> list[Document]:
    """The group of ``document``, the original first, then in the order of their coming."""
    group = await index.duplicates(document.duplicate.group_id) or [document]
    return sorted(group, key=lambda one: one.duplicate.kind != "none")


def show_group(original: Document, copies: Sequence[Document], console: Console) -> None:
    """Print the original and its copies for people."""
    console.print(Text(printable(original.title) or "(no title)", "bold"))
    if not copies:
        console.print(Text(f"{original.article_id}  there is no copy of it", "dim"))
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("article", "", "published", "source", "why"):
        table.add_column(heading, overflow="fold")
    for document in (original, *copies):
        kind = document.duplicate.kind
        table.add_row(
            Text(document.article_id, "dim"),
            Text("original" if kind == "none" else kind, "yellow" if kind != "none" else "green"),
            published(document),
            Text(printable(source(document))),
            Text(printable("; ".join(document.duplicate.evidence))),
        )
    console.print(table)


def show_pair(original: Document, copy: Document, console: Console) -> None:
    """Print two texts beside each other; what is the same in both is shortened."""
    coloured = console.is_terminal and not console.no_color
    table = Table(box=None, expand=True, padding=(0, 1), header_style="dim")
    for document in (original, copy):
        heading = f"{document.article_id} {printable(source(document))}"
        table.add_column(Text(heading), ratio=1, overflow="fold")
    if original.title != copy.title:
        table.add_row(Text(printable(original.title), "bold"), Text(printable(copy.title), "bold"))
    same = 0
    found = difference(original.text, copy.text)
    for paragraph in found:
        if paragraph.kind == "same":
            same += 1
            continue
        _add_same(table, same)
        same = 0
        table.add_row(*(_side(paragraph, kind, coloured) for kind in ("added", "removed")))
        table.add_row("", "")
    _add_same(table, same)
    console.print()
    console.print(table)


def _add_same(table: Table, number: int) -> None:
    if number:
        told = Text(f"… {number} paragraph{'s' * (number > 1)} the same", "dim")
        table.add_row(told, told)
        table.add_row("", "")


def _side(paragraph: Paragraph, without: PieceKind, coloured: bool) -> Text:
    """One side of a paragraph: what is ``without`` is on the other."""
    line = Text()
    for piece in paragraph.pieces:
        if piece.kind == without:
            continue
        text = printable(piece.text)
        if not coloured and paragraph.kind == "changed":
            words = text.rstrip()
            text = _MARKS[piece.kind].format(words) + text[len(words) :]
        line.append(text, _STYLES[piece.kind])
    return line


def published(document: Document) -> str:
    """The day, and the minute where it is known, that it was published; else when it came."""
    if document.published_at is None:
        return f"came {document.first_seen_at:%Y-%m-%d %H:%M}"
    if document.published_precision in ("day", "month", "year"):
        return f"{document.published_at:%Y-%m-%d}"
    return f"{document.published_at:%Y-%m-%d %H:%M}"


def source(document: Document) -> str:
    """The site's name, its host, or the file that it came in."""
    return next(iter(document.source), None) or document.filename or ""


def as_dict(original: Document, copies: Sequence[Document]) -> dict[str, Any]:
    """The group for JSON, with what differs."""
    return {
        "group_id": original.duplicate.group_id,
        "original": member_as_dict(original),
        "copies": [
            {
                **member_as_dict(copy),
                "paragraphs": [
                    {
                        "kind": paragraph.kind,
                        "pieces": [{"kind": p.kind, "text": p.text} for p in paragraph.pieces],
                    }
                    for paragraph in difference(original.text, copy.text)
                ],
            }
            for copy in copies
        ],
    }


def member_as_dict(document: Document) -> dict[str, Any]:
    """An article of a group or a story for JSON."""
    moment = document.published_at
    return {
        "article_id": document.article_id,
        "title": document.title,
        "source": source(document),
        "published_at": format_time(moment) if moment else None,
        "first_seen_at": format_time(document.first_seen_at),
        "duplicate": document.duplicate.model_dump(exclude_none=True),
    }
