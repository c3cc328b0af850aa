"""``wireroom sources``: the list of sources, what they are, how they do."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click
from rich.console import Console

from services.cli.crawl import run_command
from services.cli.options import KAFKA, refuse_store_with_kafka, store_option
from services.cli.sources_add import add_command
from services.cli.sources_check import check_command
from services.cli.sources_file import choose, file_option
from services.cli.sources_table import as_json, show_change, show_sources
from services.crawler.opml import write_opml
from services.crawler.overview import overviews
from services.crawler.source_state import SourceState, states_in
from services.crawler.sources import Source, change_sources, load_sources
from shared.settings import RuntimeSettings


@click.group("sources")
def sources_group() -> None:
    """Keep the list of sources (sources.yml), check them, see how they do, crawl them."""


for command in (add_command, check_command, run_command):
    sources_group.add_command(command)


@sources_group.command("remove")
@click.argument("wanted", nargs=-1, required=True, metavar="NAME|URL...")
@file_option
def remove_command(wanted: tuple[str, ...], file: Path) -> None:
    """Remove sources by name or URL."""
    removed: list[Source] = []

    def change(sources: list[Source]) -> list[Source]:
        removed[:] = choose(sources, wanted)
        return [source for source in sources if source not in removed]

    load_sources(file)  # what is not there is told, and not made
    change_sources(file, change)
    console = Console(highlight=False)
    for source in removed:
        show_change(console, "-", "red", f"{source.name}  ", source.url)


@sources_group.command("list")
@file_option
@store_option
@click.option(
    "--from",
    "from_",
    type=click.Choice([KAFKA]),
    help="Tell how they do by the crawler of the servers (topic news.frontier) instead of this "
    "machine's.",
)
@click.option("--json", "json_", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_command(
    context: click.Context, file: Path, store: Path, from_: str | None, json_: bool
) -> None:
    """List the sources and how they do.

    A source that answers but has long had nothing new, against its own past, is quiet.
    """
    refuse_store_with_kafka(context, from_)
    sources = load_sources(file)
    if from_ == KAFKA:
        states = asyncio.run(_kafka_states())
    else:
        from services.local.crawling import stored_states  # the crawler is slow to load

        states = stored_states(store)
    now = time.time()
    listed = overviews(sources, states, now)
    if json_:
        click.echo(as_json(listed))
    else:
        show_sources(listed, Console(highlight=False), now)


async def _kafka_states() -> list[SourceState]:
    from services.cli.cluster.state import client_settings  # loaded only where Kafka is
    from services.crawler.kafka_store import KafkaStateStore
    from shared.topics import topology

    settings: RuntimeSettings = client_settings()
    topic = topology(settings.namespace).services["crawler"].log
    assert topic is not None
    store = KafkaStateStore(settings, topic)
    await store.start()
    try:
        states: list[SourceState] = []
        for partition in range(topic.partitions):
            async for pairs in store.load(partition):
                states += states_in(pairs)
        return states
    finally:
        await store.stop()


@sources_group.command("export")
@click.argument("target", metavar="FILE.opml|-")
@file_option
def export_command(target: str, file: Path) -> None:
    """Write the sources as OPML, for feed readers; - is standard output."""
    data = write_opml(load_sources(file))
    if target == "-":
        click.echo(data, nl=False)
        return
    try:
        Path(target).write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{target}: {error.strerror}") from error
