"""``wireroom sources check``: what the sources are, found out now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson
from rich.console import Console

from services.cli.files import Problem
from services.cli.journal import explained
from services.cli.report import show_problem
from services.cli.sources_file import choose, file_option
from services.cli.sources_table import show_checked
from services.crawler.names import name_for, same_url
from services.crawler.settings import CrawlerSettings
from services.crawler.sources import Source, load_sources
from shared.fetching import url_problem
from shared.settings import load_settings

if TYPE_CHECKING:
    from services.crawler.checking import Checked


def check_now(sources: Sequence[Source]) -> list[Checked]:
    """What each is now, :class:`~services.crawler.checking.Checked`, in their order."""
    from services.crawler.checking import Checker  # aiohttp is slow to load
    from services.crawler.client import HttpClient

    settings = load_settings(CrawlerSettings)

    async def run() -> list[Checked]:
        client = HttpClient(settings)
        await client.start()
        try:
            checker = Checker(settings, client)
            return await checker.check_all([(source.url, source.kind) for source in sources])
        finally:
            await client.stop()

    with Console(stderr=True).status("checking"):
        return asyncio.run(run())


@click.command("check")
@click.argument("wanted", nargs=-1, metavar="[NAME|URL...]")
@file_option
@click.option("--json", "json_", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def check_command(context: click.Context, wanted: tuple[str, ...], file: Path, json_: bool) -> None:
    """Fetch sources now and tell what they are; all of them, where none is named.

    A URL that is not in the list is checked too. robots.txt and the limits are kept, and nothing
    is stored. Fails when one of them is no source.
    """
    sources = load_sources(file) if file.exists() or not wanted else []
    known = {same_url(source.url) for source in sources}
    others = [
        Source(name=name_for(text), url=text)
        for text in wanted
        if not url_problem(text) and same_url(text) not in known
    ]
    urls = {source.url for source in others}
    chosen = [
        *(choose(sources, [t for t in wanted if t not in urls]) if wanted else sources),
        *others,
    ]
    chosen = [source for source in chosen if wanted or not source.paused]
    console = Console(highlight=False)
    results = check_now(chosen)
    if json_:
        click.echo(
            orjson.dumps(
                [
                    {"name": source.name, **{k: getattr(found, k) for k in found.__slots__}}
                    for source, found in zip(chosen, results, strict=True)
                ],
                option=orjson.OPT_INDENT_2,
            )
        )
    else:
        for source, found in zip(chosen, results, strict=True):
            if found.reason:
                problem = explained(source.url, found.reason, found.detail)
                named = Problem(f"{source.name}  {source.url}", problem.reason, problem.detail)
                show_problem(named, console)
            else:
                show_checked(source, found, console)
        if not chosen:
            console.print("no sources to check")
    context.exit(1 if any(found.reason for found in results) else 0)
