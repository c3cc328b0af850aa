"""``wireroom show``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.options import store_option
from services.cli.search import elastic_option, open_index, printable
from shared.errors import WireroomError
from shared.search.document import Document
from shared.search.index import SearchIndex

CANDIDATES = 5


@click.command("show")
@click.argument("article_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@store_option
@elastic_option
def show_command(article_id: str, as_json: bool, store: Path, elastic: bool) -> None:
    """Show one article: its fields and where each was found, its entities, its duplicates.

    The beginning of an ID is enough where it is the only one.
    """

    async def read() -> tuple[Document, list[Document]]:
        index = open_index(store, elastic)
        try:
            document = await find(index, article_id)
            group = await index.duplicates(document.duplicate.group_id)
        finally:
            await index.close()
        return document, [other for other in group if other.article_id != document.article_id]

    try:
        document, duplicates = asyncio.run(read())
    except WireroomError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        data = orjson.loads(document.encode())
        data["duplicates"] = [
            {"article_id": other.article_id, "title": other.title, "kind": other.duplicate.kind}
            for other in duplicates
        ]
        click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2))
    else:
        show(document, duplicates, Console(highlight=False))


async def find(index: SearchIndex, given: str) -> Document:
    """The article whose id is or begins with ``given``."""
    prefix = given.strip().upper()
    ids = await index.matching_ids(prefix, CANDIDATES + 1) if prefix.isascii() and prefix else []
    if not ids:
        raise click.ClickException(f"there is no article {given!r}")
    if len(ids) > 1 and ids[0] != prefix:
        shown = "\n".join(f"  {name}" for name in ids[:CANDIDATES])
        more = "\n  …" if len(ids) > CANDIDATES else ""
        raise click.ClickException(f"{given!r} is the beginning of several ids:\n{shown}{more}")
    document = await index.get(ids[0])
    if document is None:
        raise click.ClickException(f"there is no article {given!r}")
    return document


def show(document: Document, duplicates: list[Document], console: Console) -> None:
    """Print one article for people."""
    console.print(Text(printable(document.title) or "(no title)", "bold"))
    console.print(_facts(document))
    console.print()
    console.print(Text(printable(document.text)))
    if document.entities:
        console.print()
        console.print(_entities(document))
    if duplicates:
        console.print()
        console.print(Text("the same story text in", "bold"))
        for other in duplicates:
            kind = "original" if other.duplicate.kind == "none" else other.duplicate.kind
            line = Text(f"  {other.article_id}  ", "dim")
            line.append(f"{kind}  ", "yellow not dim").append(printable(other.title), "not dim")
            console.print(line)


def _facts(document: Document) -> Table:
    table = Table.grid(padding=(0, 2))
    duplicate = document.duplicate
    published = document.published_at
    rows: list[tuple[str, str, str | None]] = [
        ("id", document.article_id, None),
        ("authors", ", ".join(document.authors), "authors"),
        (
            "published",
            f"{published:%Y-%m-%d %H:%M %Z} (to the {document.published_precision or 'second'})"
            if published
            else "",
            "published_at",
        ),
        ("site", document.site_name or "", "site_name"),
        ("address", document.canonical_url or document.url or "", "canonical_url"),
        ("file", " › ".join(filter(None, (document.filename, document.member))), None),
        ("language", document.language or "", "language"),
        ("topics", ", ".join(document.topics), "topics"),
        ("description", document.description, "description"),
        ("title", document.title, "title"),
        ("first seen", f"{document.first_seen_at:%Y-%m-%d %H:%M:%S %Z}", None),
        ("revision", str(document.revision), None),
        (
            "duplicate",
            f"{duplicate.kind} of {duplicate.of}"
            + (f", similarity {duplicate.similarity:.2f}" if duplicate.similarity else "")
            if duplicate.of
            else "",
            None,
        ),
    ]
    for name, value, field in rows:
        if value:
            table.add_row(
                Text(name, "dim"),
                Text(printable(value)),
                Text(_found_in(document, field), "dim"),
            )
    return table


def _found_in(document: Document, field: str | None) -> str:
    place = document.provenance.get(field or "")
    if place is None and field == "published_at":
        place = document.published_from
    return f"from {printable(place)}" if place else ""


def _entities(document: Document) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("entity", "type", "id", "mentions", "salience"):
        table.add_column(heading, justify="left")
    for entity in sorted(document.entities, key=lambda entity: -entity.salience):
        table.add_row(
            Text(printable(entity.name)),
            entity.type,
            Text(printable(entity.entity_id)),
            str(len(entity.mentions)),
            f"{entity.salience:.2f}",
        )
    return table
