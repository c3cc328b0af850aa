"""``wireroom show``."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.options import store_option
from services.cli.search import elastic_option, open_index, printable
from shared.errors import WireroomError
from shared.events import Precision
from shared.search.document import Document
from shared.search.index import SearchIndex

CANDIDATES = 5


@click.command("show")
@click.argument("article_id", metavar="ID")
@click.option(
    "--revision", type=click.IntRange(1), metavar="N", help="An earlier revision of its text."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@store_option
@elastic_option
def show_command(
    article_id: str, revision: int | None, as_json: bool, store: Path, elastic: bool
) -> None:
    """Show one article: its fields and where each was found, its entities, its duplicates.

    The beginning of an ID is enough where it is the only one.
    """

    async def read() -> tuple[Document, list[Document]]:
        index = open_index(store, elastic)
        try:
            document = await find(index, article_id)
            if revision is not None:
                document = await numbered(index, document, revision)
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


async def numbered(index: SearchIndex, document: Document, number: int) -> Document:
    """Revision ``number`` of the article that ``document`` is."""
    found = await index.revision(document.article_id, number)
    if found is None:
        known = ", ".join(str(one.number) for one in await index.revisions(document.article_id))
        raise click.ClickException(f"there is no revision {number} of it, only {known}")
    return found


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
    rows: list[tuple[str, str, str | None]] = [
        ("id", document.article_id, None),
        ("authors", ", ".join(document.authors), "authors"),
        ("agencies", ", ".join(document.agencies), "agencies"),
        ("published", _moment(document.published_at, document.published_precision), "published_at"),
        ("modified", _moment(document.modified_at, document.modified_precision), "modified_at"),
        ("site", document.site_name or "", "site_name"),
        ("address", document.canonical_url or document.url or "", "canonical_url"),
        ("file", " › ".join(filter(None, (document.filename, document.member))), None),
        ("language", document.language or "", "language"),
        ("also in", ", ".join(sorted({part.language for part in document.passages})), "passages"),
        ("section", document.section or "", "section"),
        ("topics", ", ".join(document.topics), "topics"),
        ("description", document.description, "description"),
        ("title", document.title, "title"),
        ("image", document.image or "", "image"),
        ("licence", document.licence or "", "licence"),
        ("paywall", _paywall(document.paywalled), "paywalled"),
        ("first seen", f"{document.first_seen_at:%Y-%m-%d %H:%M:%S %Z}", None),
        ("revision", _revision(document), None),
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


def _moment(moment: datetime | None, precision: Precision | None) -> str:
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d %H:%M %Z} (to the {precision or 'second'})"


def _paywall(paywalled: bool | None) -> str:
    if paywalled is None:
        return ""
    return "the whole text is for subscribers" if paywalled else "free to read"


def _revision(document: Document) -> str:
    told = document.changes
    if told is None:
        return str(document.revision)
    words = f"{told.words_added} words added, {told.words_removed} removed"
    return f"{document.revision}: {words} since {told.from_revision}"


def _found_in(document: Document, field: str | None) -> str:
    """Where a field was found and how sure it is: ``from json-ld, 97 % sure``."""
    name = field or ""
    # The cleaner's own names of the dates have no "_at".
    short = name.removesuffix("_at")
    place = document.provenance.get(name) or document.provenance.get(short)
    if place is None and field == "published_at":
        place = document.published_from
    sure = document.confidence.get(name, document.confidence.get(short))
    told = [f"from {printable(place)}"] if place else []
    if sure is not None:
        told.append(f"{sure:.0%} sure".replace("%", " %"))
    return ", ".join(told)


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
