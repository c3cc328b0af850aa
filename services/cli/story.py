"""``wireroom story``: the reports of one event."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.duplicates import member_as_dict, published, source
from services.cli.options import store_option
from services.cli.search import elastic_option, open_index, printable
from services.cli.show import find
from shared.errors import WireroomError
from shared.events import Entity, format_time
from shared.search.document import Document
from shared.search.index import SearchIndex

_ENTITIES = 8


@dataclass(frozen=True, slots=True)
class Story:
    """The articles of a story, earliest first, and what they tell together."""

    story_id: str
    articles: Sequence[Document]

    @property
    def headline(self) -> str:
        """The title of the report that is most central: that names most of what the others name,
        each entity counted by the groups of copies that name it; the earliest of equals."""
        weights = Counter({entity.entity_id: count for entity, count in self.entities})
        titled = [one for one in self.originals if one.title] or list(self.articles)
        return max(titled, key=lambda one: sum(weights[id_] for id_ in one.entity_ids)).title

    @property
    def originals(self) -> list[Document]:
        """One article of each group of copies: its original, where that is in the story."""
        groups: dict[str, Document] = {}
        for article in self.articles:
            known = groups.get(article.duplicate.group_id)
            if known is None or (known.duplicate.kind != "none" == article.duplicate.kind):
                groups[article.duplicate.group_id] = article
        return list(groups.values())

    @property
    def span(self) -> tuple[datetime, datetime]:
        """When the first and the last report was published; where that is unknown, when it came."""
        moments = [article.dated_at for article in self.articles]
        return min(moments), max(moments)

    @property
    def sources(self) -> list[tuple[str, int]]:
        """The sources, each with its articles; most first."""
        return Counter(source(one) or "(unknown)" for one in self.articles).most_common()

    @property
    def entities(self) -> list[tuple[Entity, int]]:
        """Whom and what most of the groups name, with their number; then by salience."""
        held: dict[str, list[Entity]] = defaultdict(list)
        for article in self.originals:
            for entity in {one.entity_id: one for one in article.entities}.values():
                held[entity.entity_id].append(entity)
        ranked = sorted(
            held.values(),
            key=lambda same: (-len(same), -sum(one.salience for one in same), same[0].entity_id),
        )
        return [(same[0], len(same)) for same in ranked]


@click.command("story")
@click.argument("story_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@store_option
@elastic_option
def story_command(story_id: str, as_json: bool, store: Path, elastic: bool) -> None:
    """Show a story: its headline, time, sources, main entities, and its reports.

    ID is a story's or that of an article in it, whose beginning is enough where it is the only one.
    """

    async def read() -> Story:
        index = open_index(store, elastic)
        try:
            return await story_of(index, story_id)
        finally:
            await index.close()

    try:
        story = asyncio.run(read())
    except WireroomError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(orjson.dumps(as_dict(story), option=orjson.OPT_INDENT_2))
    else:
        show_story(story, Console(highlight=False))


async def story_of(index: SearchIndex, given: str) -> Story:
    """The story called ``given``, or that the article of this id, or beginning of one, is in."""
    name = given.strip().upper()
    articles = await index.story(name) if name else []
    if not articles:
        document = await find(index, given)
        if document.story_id is None:
            raise click.ClickException(f"the article {given!r} is in no story: too short to tell")
        name = document.story_id
        articles = await index.story(name) or [document]
    return Story(name, articles)


def show_story(story: Story, console: Console) -> None:
    """Print a story for people."""
    console.print(Text(printable(story.headline) or "(no title)", "bold"))
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in story.span)
    groups, count = len(story.originals), len(story.articles)
    size = f"{count} article{'s' * (count > 1)}"
    if groups < count:
        size += f", {groups} without copies"
    facts = Table.grid(padding=(0, 2))
    for heading, told in (
        ("story", story.story_id),
        ("time", first if first == last else f"{first} to {last}"),
        ("size", size),
        ("sources", ", ".join(f"{name} ({n})" if n > 1 else name for name, n in story.sources)),
        ("about", ", ".join(entity.name for entity, _ in story.entities[:_ENTITIES])),
    ):
        if told:
            facts.add_row(Text(heading, "dim"), Text(printable(told)))
    console.print(facts)
    console.print()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=27)  # an id is there to be copied
    for _ in range(3):
        table.add_column()
    for original in story.originals:
        table.add_row(
            Text(original.article_id, "dim"),
            published(original),
            Text(printable(source(original))),
            Text(printable(original.title)),
        )
        for copy in story.articles:
            group = copy.duplicate.group_id == original.duplicate.group_id
            if group and copy.article_id != original.article_id:
                table.add_row(
                    Text(f" {copy.article_id}", "dim"),
                    published(copy),
                    Text(printable(source(copy))),
                    Text(f"{copy.duplicate.kind} copy", "yellow"),
                )
    console.print(table)


def as_dict(story: Story) -> dict[str, Any]:
    """A story for JSON."""
    first, last = story.span
    return {
        "story_id": story.story_id,
        "headline": story.headline,
        "from": format_time(first),
        "to": format_time(last),
        "size": len(story.articles),
        "size_without_copies": len(story.originals),
        "sources": [{"source": name, "articles": count} for name, count in story.sources],
        "entities": [
            {"entity_id": one.entity_id, "name": one.name, "type": one.type, "articles": count}
            for one, count in story.entities[:_ENTITIES]
        ],
        "articles": [member_as_dict(article) for article in story.articles],
    }
