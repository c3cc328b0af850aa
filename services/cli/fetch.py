"""``wireroom fetch``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click
import orjson
from rich.console import Console
from rich.text import Text

from services.cli.files import Problem
from services.cli.journal import Journal, explained, lines_of
from services.cli.options import KAFKA, refuse_store_with_kafka, store_option, workers_option
from services.cli.report import Item, as_json, plain, show_problem, show_summary, summarize
from shared.errors import PermanentError
from shared.fetching import FetchRequest, Kind, host_of, partition_of, url_problem
from shared.runtime.stage import Emit
from shared.settings import load_settings

LIMIT = 50
_SOON = 5.0
"""Seconds: what is due later (another run's retries) is not waited for."""


@click.command("fetch")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@store_option
@click.option(
    "--to",
    type=click.Choice([KAFKA]),
    help="Ask the crawler of the servers for it (topic news.fetch) instead of fetching it here.",
)
@workers_option
@click.option(
    "--kind",
    type=click.Choice(get_args(Kind)),
    default="auto",
    show_default=True,
    help="What it is; by default what is fetched tells. home: look for the feeds of the site.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 50_000),
    default=LIMIT,
    show_default=True,
    help="Most pages that are fetched of one feed or sitemap, where it is fetched here.",
)
@click.option("--force", is_flag=True, help="Fetch it although it was fetched lately.")
@click.option("--json", "json_", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def fetch_command(
    context: click.Context,
    urls: tuple[str, ...],
    store: Path,
    to: str | None,
    workers: int | None,
    kind: Kind,
    limit: int,
    force: bool,
    json_: bool,
) -> None:
    """Fetch pages, and what feeds and sitemaps name.

    URLs are read from standard input for -, and from a file for @FILE, one in a line. robots.txt,
    the pace of each host and the limits of the settings are kept. What is fetched goes through the
    flow as files do. A page that was fetched in the last two days is left, unless --force is
    given; one that an interrupted run left over is gone on with.
    """
    refuse_store_with_kafka(context, to)
    wanted, problems = requests_of(urls, kind, force=force)
    journal = Journal(problems=problems)
    if to == KAFKA:
        sent = asyncio.run(publish(wanted, journal)) if wanted else 0
        _show_sent(sent, journal, json_)
        context.exit(0 if sent or not journal.problems else 1)
    console = Console(stderr=True, highlight=False)
    lately: list[str] = []
    if wanted:
        with console.status("fetching"):
            lately = asyncio.run(fetch(wanted, store, workers, limit, journal))
    unchanged = _unchanged(wanted, lately, journal)
    summary = summarize(journal.items, journal.problems)
    if json_:
        report = orjson.loads(as_json(journal.items, summary))
        report["lists"] = [
            {"url": one.url, "kind": one.finding.kind, "entries": len(one.finding.entries)}
            for one in journal.lists
        ]
        report |= {"fetched_lately": lately, "not_modified": unchanged}
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        out = Console(highlight=False)
        show_lists(journal, out)
        for url in lately:
            _note(out, url, "fetched lately; --force fetches it again")
        for url in unchanged:
            _note(out, url, "not changed since it was fetched")
        show_articles(journal.items, out)
        if summary.inputs or not (lately or unchanged or journal.lists):
            show_summary(summary, out)
    context.exit(1 if summary.failed and not (lately or unchanged) else 0)


def requests_of(
    given: Sequence[str], kind: Kind, *, force: bool = False
) -> tuple[list[FetchRequest], list[Problem]]:
    """What is asked for by arguments, each URL once, and those that are none.

    Raises :class:`click.ClickException` for a file that cannot be read.
    """
    wanted: dict[str, FetchRequest] = {}
    problems: list[Problem] = []
    for name in given:
        for url in _expanded(name):
            problem = url_problem(url)
            if not problem:
                wanted.setdefault(url, FetchRequest(url=url, kind=kind, force=force))
                continue
            if not url_problem(f"https://{url}") and "://" not in url:
                problem += f"; did you mean https://{url}?"
            problems.append(Problem(url[:500], "invalid_url", problem))
    return list(wanted.values()), problems


def _expanded(name: str) -> Sequence[str]:
    if name != "-" and not name.startswith("@"):
        return [name]
    try:
        data = (
            click.get_binary_stream("stdin").read()
            if name == "-"
            else Path(name.removeprefix("@")).read_bytes()
        )
        return lines_of(data.decode("utf-8-sig"))
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{name}: it is not text in UTF-8") from error


async def fetch(
    wanted: Sequence[FetchRequest], store: Path, workers: int | None, limit: int, journal: Journal
) -> list[str]:
    """Fetch all in this process; returns the URLs that were left, being fetched lately."""
    from services.crawler.settings import CrawlerSettings  # loaded only where it crawls itself
    from services.local.crawling import EmbeddedCrawler
    from services.local.flow import LocalFlow

    # A person waits: what fails is told at once, with its reason.
    settings = load_settings(CrawlerSettings, attempts=1)
    async with (
        LocalFlow(store, workers) as flow,
        EmbeddedCrawler(store, flow, settings, journal, most=limit) as crawler,
    ):
        lately = [request.url for request in wanted if crawler.fetched_lately(request)]
        await crawler.take(wanted)
        await crawler.work(lambda: crawler.done(_SOON))
    return lately


def _unchanged(wanted: Sequence[FetchRequest], lately: list[str], journal: Journal) -> list[str]:
    """What was asked for and answered with 304: it is neither there nor refused nor a list."""
    told = {problem.filename for problem in journal.problems} | journal.requested | {*lately}
    # A list may be at another address of its host, after a redirect.
    hosts = {host_of(one.url) for one in journal.lists}
    return [r.url for r in wanted if r.url not in told and r.host not in hosts]


async def publish(wanted: Sequence[FetchRequest], journal: Journal) -> int:
    """Send requests to the crawler of the servers; returns how many are safely there."""
    from services.cli.cluster.state import client_settings  # loaded only where Kafka is
    from shared.runtime.clock import SystemClock
    from shared.runtime.publisher import KafkaPublisher
    from shared.runtime.retry import RetryPolicy, retry
    from shared.topics import topology

    settings = client_settings()
    topic = topology(settings.namespace).services["crawler"].reads
    publisher = KafkaPublisher(
        settings, topic, lambda emit: partition_of(emit.key.decode(), topic.partitions)
    )
    emits = [Emit(request.encode(), request.host.encode()) for request in wanted]
    try:
        errors: list[PermanentError | None] = await retry(
            lambda: publisher.publish(emits),
            RetryPolicy.of(settings),
            SystemClock(),
            what="sending",
        )
    finally:
        await publisher.stop()
    for request, error in zip(wanted, errors, strict=True):
        if error is not None:
            journal.problems.append(explained(request.url, error.reason, error.detail))
    return errors.count(None)


def _show_sent(sent: int, journal: Journal, json_: bool) -> None:
    summary = summarize([], journal.problems)
    if json_:
        report = {"sent": sent, "rejected": orjson.loads(as_json([], summary))["rejected"]}
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        return
    console = Console(highlight=False)
    for problem in journal.problems:
        show_problem(problem, console)
    console.print(f"[bold]{sent}[/] asked for, [bold]{len(journal.problems)}[/] refused")


def show_lists(journal: Journal, console: Console) -> None:
    """Print what was read to find pages."""
    for one in journal.lists:
        _note(console, one.url, one.told)


def show_articles(items: Sequence[Item], console: Console) -> None:
    """Print a line for each article that came of it."""
    for item in items:
        for outcome in item.outcomes:
            if outcome.status == "rejected":
                continue
            line = Text("✓ ", "green").append(plain(outcome.title) or "(no title)", "default")
            if outcome.status != "accepted":
                line.append(f" ({outcome.status})", "dim")
            console.print(line.append(f"  {plain(item.filename)}", "dim"), soft_wrap=True)


def _note(console: Console, url: str, told: str) -> None:
    line = Text("· ", "dim").append(plain(url), "default").append(f": {told}", "dim")
    console.print(line, soft_wrap=True)
