"""``wireroom search``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_args

import click
import orjson
from rich.console import Console
from rich.text import Text

from services.cli.options import store_option
from shared.errors import QueryError, WireroomError
from shared.events import DuplicateKind, format_time
from shared.search.index import Filters, Hit, Results, SearchIndex, Snippet
from shared.search.sqlite_index import SqliteIndex

HELP = """Search the articles.

\b
  flood warning      both words           flood OR drought   either
  "flood warning"    the phrase           flood -sport       one without the other
  title:flood        in the title; also person: org: place: entity: source: language:
"""

elastic_option = click.option(
    "--elastic",
    is_flag=True,
    help="Search in Elasticsearch: where WIREROOM_ELASTIC_* say, or in that of `wireroom up`.",
)


def open_index(store: Path, elastic: bool) -> SearchIndex:
    """The index that the options name; raises :class:`~shared.errors.WireroomError`."""
    if elastic:
        # Loads the clients only when asked.
        from services.cli.cluster.state import client_settings
        from shared.search.elastic_index import ElasticIndex

        return ElasticIndex(client_settings())
    return SqliteIndex(store)


class Day(click.ParamType):
    """A day (``2026-11-22``) or a moment in ISO 8601; UTC when no zone is given."""

    name = "date"

    def __init__(self, end: bool = False) -> None:
        self._end = end

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The moment; with ``end`` a day means the beginning of the next."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date such as 2026-11-22", param, ctx)
        if self._end and len(str(value)) <= len("2026-11-22"):
            with suppress(OverflowError):  # nothing comes after the calendar's last day
                moment += timedelta(days=1)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class QueryCommand(click.Command):
    """A command that tells how to give a query that looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        words = [word for word in args if len(word) > 2 and word[0] == "-" != word[1]]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if words:
                error.message += f". A query with a minus first goes last, after --: -- {words[0]}"
            raise


@click.command("search", cls=QueryCommand, help=HELP)
@click.argument("query")
@click.option("--source", help="Only articles of this site (its name or host).")
@click.option("--entity", help="Only articles that name this (a name or an id).")
@click.option("--language", help="Only articles in this language (en, uk).")
@click.option("--since", type=Day(), help="Only from this day on.")
@click.option("--until", type=Day(end=True), help="Only up to this day, inclusive.")
@click.option(
    "--kind", type=click.Choice(get_args(DuplicateKind)), help="Only duplicates of this kind."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=10, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@store_option
@elastic_option
def search_command(
    query: str,
    source: str | None,
    entity: str | None,
    language: str | None,
    since: datetime | None,
    until: datetime | None,
    kind: str | None,
    limit: int,
    as_json: bool,
    store: Path,
    elastic: bool,
) -> None:
    """Search the articles."""
    filters = Filters(source, entity, language, since, until, cast(DuplicateKind | None, kind))

    async def find() -> Results:
        index = open_index(store, elastic)
        try:
            return await index.search(query, filters, limit)
        finally:
            await index.close()

    try:
        results = asyncio.run(find())
    except QueryError as error:
        raise click.ClickException(pointed(error, query)) from error
    except WireroomError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(orjson.dumps(as_dict(results), option=orjson.OPT_INDENT_2))
    else:
        show_results(results, Console(highlight=False, soft_wrap=False))


def pointed(error: QueryError, query: str) -> str:
    """The message with the query and a caret under the place."""
    if error.position is None:
        return str(error)
    # A tab or a line break would move the caret away.
    line = "".join(char if char.isprintable() else " " for char in query)
    start = max(0, error.position - 60)
    return f"{error}\n  {line[start : start + 76]}\n  {' ' * (error.position - start)}^"


def as_dict(results: Results) -> dict[str, Any]:
    """``results`` for JSON; ``matches`` are code points of ``snippet``, from and to."""
    return {
        "total": results.total,
        "hits": [
            {
                "article_id": hit.article_id,
                "score": hit.score,
                "title": hit.title,
                "site_name": hit.site_name,
                "language": hit.language,
                "url": hit.url,
                "published_at": format_time(hit.published_at) if hit.published_at else None,
                "first_seen_at": format_time(hit.first_seen_at),
                "snippet": hit.snippet.text,
                "matches": hit.snippet.matches,
                "duplicate": {"kind": hit.kind, "group_id": hit.group_id},
            }
            for hit in results.hits
        ],
    }


def show_results(results: Results, console: Console) -> None:
    """Print hits, the duplicates among them folded under the best of their group."""
    if not results.hits:
        console.print("nothing found")
        return
    groups: dict[str, list[Hit]] = {}
    for hit in results.hits:
        groups.setdefault(hit.group_id, []).append(hit)
    for hits in groups.values():
        first, *others = sorted(hits, key=lambda hit: hit.kind != "none")
        console.print(headline(first))
        console.print(highlighted(first.snippet))
        for other in others:
            console.print(Text("  ↳ ", "dim") + headline(other))
        console.print()
    shown = len(results.hits)
    more = f", the first {shown} shown" if shown < results.total else ""
    console.print(f"{results.total} found{more}", style="dim")


def headline(hit: Hit) -> Text:
    """Title, site, day, kind of duplicate and id in one line."""
    line = Text(printable(hit.title) or "(no title)", "bold")
    day = f"{hit.published_at:%Y-%m-%d}" if hit.published_at else None
    facts: Sequence[str] = [printable(fact) for fact in (hit.site_name, day) if fact]
    if facts:
        line.append("  " + ", ".join(facts), "cyan not bold")
    if hit.kind != "none":
        line.append(f"  {hit.kind} copy", "yellow not bold")
    line.append(f"  {hit.article_id}", "dim not bold")
    return line


def highlighted(snippet: Snippet) -> Text:
    """The snippet with its matches marked."""
    text = Text(printable(snippet.text))
    for start, end in snippet.matches:
        text.stylize("bold green", start, end)
    return text


def printable(text: str) -> str:
    """``text`` without what could steer a terminal; its length stays."""
    return "".join(char if char.isprintable() or char in "\n" else "\ufffd" for char in text)
