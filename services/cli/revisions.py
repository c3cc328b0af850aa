"""``wireroom revisions``: the revisions of an article, and what changed between two."""

from __future__ import annotations

import asyncio
import re
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
from services.cli.show import find, numbered
from shared.difference import Paragraph, PieceKind, difference
from shared.errors import WireroomError
from shared.events import format_time
from shared.revisions import changes
from shared.search.document import Document
from shared.search.revising import Revision

NEWEST = ".."
_RANGE = re.compile(r"(\d{1,9})?\.\.(\d{1,9})?")
_STYLES: dict[PieceKind, str] = {"same": "", "added": "green", "removed": "red strike"}
# As wdiff marks words where there are no colours.
_MARKS: dict[PieceKind, str] = {"same": "{}", "added": "{{+{}+}}", "removed": "[-{}-]"}
_SIGNS = {"same": "  ", "changed": "~ ", "added": "+ ", "removed": "- "}

Pair = tuple[Document, Document]


class Range(click.ParamType):
    """Two numbers of revisions, as in ``1..3``; either may be left out."""

    name = "A..B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int | None, int | None]:
        """The numbers: ``None`` for the newest, and for the one before the other."""
        if isinstance(value, tuple):
            return value
        match = _RANGE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no range such as 1..3", param, ctx)
        first, second = match.groups()
        return int(first) if first else None, int(second) if second else None


@click.command("revisions")
@click.argument("article_id", metavar="ID")
@click.option(
    "--diff",
    "span",
    type=Range(),
    is_flag=False,
    flag_value=NEWEST,
    metavar="[A..B]",
    help="Show what changed from revision A to B; the last change when they are left out.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@store_option
@elastic_option
def revisions_command(
    article_id: str,
    span: tuple[int | None, int | None] | None,
    as_json: bool,
    store: Path,
    elastic: bool,
) -> None:
    """List the revisions of an article, or show what changed between two.

    The beginning of an ID is enough where it is the only one.
    """

    async def read() -> tuple[Document, list[Revision], Pair | None]:
        index = open_index(store, elastic)
        try:
            document = await find(index, article_id)
            revisions = await index.revisions(document.article_id)
            if span is None:
                return document, revisions, None
            first, second = chosen(revisions, *span)
            before = await numbered(index, document, first)
            return document, revisions, (before, await numbered(index, document, second))
        finally:
            await index.close()

    try:
        document, revisions, pair = asyncio.run(read())
    except WireroomError as error:
        raise click.ClickException(str(error)) from error
    console = Console(highlight=False)
    if pair is not None and as_json:
        click.echo(orjson.dumps(diff_as_dict(pair), option=orjson.OPT_INDENT_2))
    elif pair is not None:
        show_diff(pair, console)
    elif as_json:
        data = list_as_dict(document, revisions)
        click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2))
    else:
        show_list(document, revisions, console)


def chosen(revisions: Sequence[Revision], first: int | None, second: int | None) -> tuple[int, int]:
    """The numbers to compare; raises :class:`click.ClickException` where there are no two."""
    numbers = [revision.number for revision in revisions]
    if len(numbers) < 2:
        raise click.ClickException("there is one revision of it: nothing changed yet")
    if second is None:
        second = numbers[-1]
    if first is None:
        earlier = [number for number in numbers if number < second]
        first = earlier[-1] if earlier else numbers[0]
    return first, second


def show_list(document: Document, revisions: Sequence[Revision], console: Console) -> None:
    """Print the revisions for people."""
    console.print(Text(printable(document.title) or "(no title)", "bold"))
    console.print(Text(document.article_id, "dim"))
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading, justify in (("revision", "right"), ("received", "left"), ("words", "right")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("title")
    before = 0
    for revision in revisions:
        table.add_row(
            str(revision.number),
            f"{revision.received_at:%Y-%m-%d %H:%M %Z}",
            _words(revision, before),
            Text(printable(revision.title)),
        )
        before = revision.number
    console.print(table)


def _words(revision: Revision, before: int) -> Text:
    told = revision.changes
    if told is None:
        return Text("")
    text = Text.assemble((f"+{told.words_added}", "green"), " ", (f"−{told.words_removed}", "red"))
    if told.from_revision != before:  # the one before came later than this
        text.append(f" since {told.from_revision}", "dim")
    return text


def show_diff(pair: Pair, console: Console) -> None:
    """Print what changed: in colours on a terminal, with marks where there are none."""
    before, after = pair
    for sign, document, style in (("---", before, "red"), ("+++", after, "green")):
        line = f"{sign} revision {document.revision}, {document.received_at:%Y-%m-%d %H:%M %Z}"
        console.print(Text(line, style))
    coloured = console.is_terminal and not console.no_color
    _show_title(before.title, after.title, console)
    same: list[Paragraph] = []
    for paragraph in difference(before.text, after.text):
        if paragraph.kind == "same":
            same.append(paragraph)
            continue
        _show_same(same, console)
        same = []
        console.print()
        console.print(_line(paragraph, coloured), soft_wrap=not coloured)
    _show_same(same, console)


def _show_title(before: str, after: str, console: Console) -> None:
    if before == after:
        return
    console.print()
    console.print(Text(f"- title: {printable(before)}", "red"))
    console.print(Text(f"+ title: {printable(after)}", "green"))


def _show_same(paragraphs: Sequence[Paragraph], console: Console) -> None:
    if paragraphs:
        number = len(paragraphs)
        console.print()
        console.print(Text(f"  … {number} paragraph{'s' * (number > 1)} as before", "dim"))


def _line(paragraph: Paragraph, coloured: bool) -> Text:
    line = Text(_SIGNS[paragraph.kind], "dim")
    whole = paragraph.kind in ("added", "removed")
    for piece in paragraph.pieces:
        text = printable(piece.text)
        if not coloured and not whole:
            words = text.rstrip()
            text = _MARKS[piece.kind].format(words) + text[len(words) :]
        line.append(text, f"not dim {_STYLES[piece.kind]}")
    return line


def list_as_dict(document: Document, revisions: Sequence[Revision]) -> dict[str, Any]:
    """The revisions for JSON."""
    return {
        "article_id": document.article_id,
        "revisions": [
            {
                "revision": revision.number,
                "version": revision.version,
                "received_at": format_time(revision.received_at),
                "title": revision.title,
                "language": revision.language,
                "changes": revision.changes.model_dump() if revision.changes else None,
            }
            for revision in revisions
        ],
    }


def diff_as_dict(pair: Pair) -> dict[str, Any]:
    """What changed for JSON: the counts, and every paragraph with its pieces."""
    before, after = pair
    return {
        "article_id": after.article_id,
        "from": before.revision,
        "to": after.revision,
        "changes": changes(before, after, before.revision).model_dump(),
        "paragraphs": [
            {
                "kind": paragraph.kind,
                "pieces": [{"kind": piece.kind, "text": piece.text} for piece in paragraph.pieces],
            }
            for paragraph in difference(before.text, after.text)
        ],
    }
