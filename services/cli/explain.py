"""``wireroom explain``."""

from __future__ import annotations

import asyncio
import re
import signal
import stat
import sys
import time
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from services.cli import files
from services.cli.delivery import Unit
from services.cli.explain_page import write_page
from services.cli.explain_text import Only, lines, show, summary
from services.cli.explanation import Explainer, Explanation
from services.cli.files import STDIN, Problem
from services.cli.intake import Intake
from services.cli.journal import explained
from services.cli.report import PART, plain, shown
from shared.errors import PermanentError
from shared.events import Envelope, Message
from shared.fetching import FetchRequest, url_problem
from shared.settings import load_settings

_ID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.IGNORECASE)
_NAMED_PARTS: Final = 12
_ABSENT: Final = files.describe(FileNotFoundError())[1]


@dataclass(frozen=True, slots=True)
class Told:
    """What the options tell of the document; empty where they do not."""

    url: str = ""
    content_type: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks for."""

    input: str
    told: Told
    only: Only
    json: bool
    page: Path | None
    open: bool


@click.command("explain")
@click.argument("input_", metavar="FILE|URL")
@click.option("--part", default="", metavar="PATH", help="Of an archive: this document alone.")
@click.option("--url", default="", help="The address that a file came from.")
@click.option("--content-type", default="", help="Its media type, where its bytes mislead.")
@click.option("--kept", "only", flag_value="kept", help="Show only blocks that are kept.")
@click.option("--dropped", "only", flag_value="dropped", help="Show only those that are dropped.")
@click.option("--json", "json_", is_flag=True, help="Print JSON Lines: blocks, fields, document.")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it as a page of its own, to be looked at in a browser.",
)
@click.option("--open", "open_", is_flag=True, help="Open that page in the browser.")
@click.pass_context
def explain_command(
    context: click.Context,
    input_: str,
    part: str,
    url: str,
    content_type: str,
    only: Only,
    json_: bool,
    page: Path | None,
    open_: bool,
) -> None:
    """Show what the cleaner keeps of a document, what it drops and why, block by block.

    FILE is anything that can be ingested, an archive too; - is standard input. A URL is fetched
    by the rules, and nothing is stored. Fails where no article comes of it.
    """
    if not input_:
        raise click.UsageError("FILE|URL is empty.", context)
    if open_ and page is None:
        raise click.UsageError("--open needs --html, which names the page.", context)
    if url and (problem := url_problem(url)):
        raise click.UsageError(f"--url: {problem}.", context)
    asked = _Asked(input_, Told(url, content_type, part), only, json_, page, open_)
    try:
        good = _explain(asked, context)
    except BrokenPipeError:  # the reader of the output went away: `main` knows what to do
        raise
    except OSError as error:
        place = error.filename or "standard output"
        raise click.ClickException(f"{plain(str(place))}: {error.strerror or error}") from error
    except KeyboardInterrupt:
        click.echo(f"wireroom: {plain(shown(input_))}: interrupted", err=True)
        context.exit(128 + signal.SIGINT)
    context.exit(0 if good else 1)


def _explain(asked: _Asked, context: click.Context) -> bool:
    """Print or write what is asked for; whether an article came of it."""
    kept: list[Explanation] = []
    console = Console(highlight=False)
    good = False
    for number, explanation in enumerate(explanations(asked.input, asked.told, context)):
        good = good or explanation.refusal is None
        if asked.page is not None:
            kept.append(explanation)
        if asked.json:
            for line in lines(explanation, asked.only):
                click.echo(line)
        elif asked.page is None:
            if number and console.is_terminal:
                console.rule(style="dim")
            elif number:
                console.print()
            show(explanation, asked.only, console)
    if asked.page is not None:
        _write(asked.page, kept, asked.only, console=None if asked.json else console)
        if asked.open and not webbrowser.open(asked.page.absolute().as_uri()):
            raise click.ClickException(f"no browser could be started; the page is {asked.page}")
    return good


def _write(page: Path, kept: list[Explanation], only: Only, console: Console | None) -> None:
    try:
        write_page(page, kept, only)
    except OSError as error:
        raise click.ClickException(f"{page}: {error.strerror or error}") from error
    if console is not None:
        text = summary(kept[0]) if len(kept) == 1 else f"{len(kept)} documents"
        console.print(f"{plain(str(page))}: {text}", markup=False, soft_wrap=True)


def explanations(input_: str, told: Told, context: click.Context) -> Iterator[Explanation]:
    """Each document, or the part that is asked for.

    Raises :class:`click.ClickException` where nothing can be read, or there is no such part.
    """
    explain = Explainer()
    parts: list[str] = []
    number = 0
    for message in _messages(input_, told, context):
        for explanation in explain(message):
            number += 1
            if not told.part or _is_part(explanation.name, told.part):
                yield explanation
                if told.part:
                    return
            elif len(parts) < _NAMED_PARTS:
                parts.append(explanation.name.partition(PART)[2])
    if told.part:
        _no_part(told.part, [part for part in parts if part], number)
    if not number:
        raise click.ClickException(f"{plain(shown(input_))}: there is no document in it")


def _is_part(name: str, part: str) -> bool:
    return name.partition(PART)[2] == part


def _no_part(part: str, parts: list[str], number: int) -> None:
    if not parts:
        raise click.ClickException(f"there is no part {part!r}: the file is one document")
    more = f"\n  and {number - len(parts)} more" if number > len(parts) else ""
    named = "".join(f"\n  {plain(name)}" for name in parts)
    raise click.ClickException(f"there is no part {part!r}; there are{named}{more}")


def _messages(input_: str, told: Told, context: click.Context) -> Iterator[Message]:
    """What is to be unwrapped, as the fetcher would read it from its topic."""
    path = STDIN if input_ == str(STDIN) else Path(input_)
    problem = _problem(path)
    if input_.startswith(("http://", "https://")) or ("://" in input_ and problem == _ABSENT):
        if told.url:
            raise click.UsageError("--url is for files.", context)
        yield _with_facts(_fetched(input_), told)
        return
    if problem and problem != _ABSENT:
        raise click.ClickException(f"{plain(shown('' if path is STDIN else input_))}: {problem}")
    for item in Intake("", archives=False).items(path):
        if isinstance(item, Problem):
            raise click.ClickException(f"{plain(item.filename)}: {_hinted(item, input_)}")
        if isinstance(item, Unit):
            yield _with_facts(item.message, told)


def _problem(path: Path) -> str:
    """Why nothing can be read at ``path``, seen without opening it; empty where there is nothing
    against it. A pipe may be read, as ``<(command)`` is one."""
    if path is STDIN:
        return "it is closed" if sys.stdin is None else ""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return files.describe(error)[1]
    if stat.S_ISDIR(mode):
        return "it is a folder; name a file in it"
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
        return ""
    return "it is a device or socket, which may have no end; - is standard input"


def _hinted(problem: Problem, input_: str) -> str:
    if problem.detail != _ABSENT:
        return problem.detail
    if _ID.fullmatch(input_):
        return (
            "of an indexed article the original is not stored: `wireroom show` tells its file or "
            "address, and these can be explained"
        )
    if "." in input_ and input_.isprintable() and not url_problem(f"https://{input_}"):
        return f"{problem.detail}; for a page, write https://{input_}"
    return problem.detail


def _with_facts(message: Message, told: Told) -> Message:
    if not told.url and not told.content_type:
        return message
    envelope = Envelope.parse(message.headers)
    envelope = envelope.derive(
        url=told.url or envelope.url, content_type=told.content_type or envelope.content_type
    )
    return Message(message.value, headers=envelope.headers())


def _fetched(url: str) -> Message:
    """What is at ``url``, fetched as the crawler does. Raises :class:`click.ClickException`."""
    from services.crawler.checking import Checker  # aiohttp is slow to load
    from services.crawler.client import HttpClient
    from services.crawler.messages import fetched
    from services.crawler.ports import FetchFailed
    from services.crawler.settings import CrawlerSettings

    problem = url_problem(url)
    if problem:
        raise click.ClickException(f"{plain(url[:500])}: {problem}")
    settings = load_settings(CrawlerSettings)

    async def run() -> Message:
        client = HttpClient(settings)
        await client.start()
        try:
            answer = await Checker(settings, client).get(url)
        finally:
            await client.stop()
        chain = [url] if answer.url == url else [url, answer.url]
        emit = fetched(FetchRequest(url=url), answer, chain, time.time())
        return Message(emit.value, emit.key, emit.headers)

    try:
        with Console(stderr=True).status("fetching"):
            return asyncio.run(run())
    except (FetchFailed, PermanentError) as failed:
        told = explained(url, failed.reason, failed.detail)
        why = "; ".join(filter(None, (told.reason.replace("_", " "), told.detail)))
        raise click.ClickException(f"{plain(url)}: {why}") from failed
