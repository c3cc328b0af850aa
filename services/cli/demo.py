"""``wireroom demo``: the shipped samples through the embedded flow."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from services.cli import files
from services.cli.ingest import Meter
from services.cli.options import DEMO_STORE, workers_option
from services.cli.report import Item, Outcome, Report, plain, show_summary, summarize
from services.cli.search import open_index
from services.cli.sinks import StoreSink
from shared.resources import deploy_path
from shared.search.document import Document

EXPECTED = "expected.json"
ENTITIES_SHOWN = 3
WHOLE = 90
"""Columns that titles, sites, entities and relations need for a line to tell something."""

SHORT = 60
"""Columns that titles and relations alone need for that."""

RELATION = 33
"""Columns of the relation where it stands below the date."""

BETWEEN = 3  # blanks and rule of the box between two columns

PLAIN_WIDTH = 170
"""Columns of the table where it does not go to a terminal."""

Expected = dict[str, Any]


@dataclass(slots=True)
class Result:
    """The report of a run with the articles it tells of, by id."""

    report: Report
    documents: dict[str, Document] = field(default_factory=dict)

    def original(self, outcome: Outcome, name: str) -> str:
        """Where the text that ``outcome``, of the file ``name``, repeats came from."""
        for item in self.report.items:
            for other in item.outcomes:
                if other.article_id and other.article_id == outcome.of:
                    return other.member if item.filename == name else item.filename
        return outcome.of or ""


@click.command("demo")
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=DEMO_STORE,
    show_default=True,
    help="The store that is filled.",
)
@workers_option
def demo_command(store: Path, workers: int | None) -> None:
    """Run the shipped samples through the whole flow and show what came of each.

    Nothing but a folder on this machine is needed. Running it again adds nothing twice.
    """
    folder = deploy_path("samples")
    expected: dict[str, Expected] = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    with Meter(Console(stderr=True)) as meter:
        step = meter.step("working")
        sink = StoreSink(store, workers, lambda progress: step(progress.done, progress.total))
        result = asyncio.run(run(folder, sorted(expected["files"]), sink, store))
    console.print(table(result, console.width))
    show_summary(summarize(result.report.items, []), console)
    wrong = [
        line
        for item in result.report.items
        if item.filename in expected["files"]
        for line in differences(item, expected["files"][item.filename], result)
    ]
    console.print(
        f"{EXPECTED} says the same of every file."
        if not wrong
        else f"Different from {EXPECTED}:\n" + "\n".join(f"  {line}" for line in wrong),
        markup=False,
    )
    console.print("\nNow try:", *examples(result, store), sep="\n  ", markup=False, soft_wrap=True)


async def run(folder: Path, names: Iterable[str], sink: StoreSink, store: Path) -> Result:
    """Take the samples in and read back the articles that came of them."""
    async with sink:
        await sink.deliver([files.read(folder / name, name=name) for name in names])
        report = await sink.work()
    assert report is not None
    result = Result(report)
    index = open_index(store, elastic=False)
    try:
        for item in report.items:
            for outcome in item.outcomes:
                if outcome.article_id:
                    document = await index.get(outcome.article_id)
                    if document is not None:
                        result.documents[outcome.article_id] = document
    finally:
        await index.close()
    return result


def table(result: Result, width: int) -> Table:
    """A row for each article; what was rejected follows in the summary.

    ``width`` columns are shared out so that a row is a line: file names, dates and languages stay
    whole. Where they do not suffice, sites and entities are left out; where they still do not,
    the title stands below the file and the relation below the date.
    """
    rows = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    items = sorted(result.report.items, key=lambda item: item.filename)
    names = max((len(item.filename) for item in items), default=0)
    left = width - names - len("2026-01-31") - len("en") - BETWEEN * 5
    shares = {"title": 33, "site": 13, "entities": 20, "is": 34}
    if left - BETWEEN * 2 >= WHOLE:
        left -= BETWEEN * 2
        headings = ["file", "title", "site", "date", "", "entities", "is"]
    else:
        headings = ["file", "title", "date", "", "is"]
        shares = {"title": 50, "is": 50}
    stacked = left < SHORT
    if stacked:
        rows.add_column("file, title", no_wrap=True, width=max(1, width - RELATION - BETWEEN - 2))
        rows.add_column("date, language, what it is", no_wrap=True, width=RELATION)
    else:
        for heading in headings:
            share = shares.get(heading)
            rows.add_column(heading, no_wrap=True, width=left * share // 100 if share else None)
    for item in items:
        name = item.filename
        for outcome in item.outcomes:
            document = result.documents.get(outcome.article_id)
            if outcome.status == "rejected" or document is None:
                continue
            cells = _cells(outcome, document) | {
                "file": plain(name),
                "is": _relation(outcome, result, item.filename),
            }
            if stacked:
                rows.add_row(
                    "\n  ".join([cells["file"], cells["title"]]).strip("\n"),
                    "\n".join([f"{cells['date']:10}  {cells['']}", cells["is"]]).strip("\n"),
                )
            else:
                rows.add_row(*(cells[heading] for heading in headings))
            name = ""
    return rows


def _cells(outcome: Outcome, document: Document) -> dict[str, str]:
    """What an article itself shows, by heading."""
    entities = sorted(document.entities, key=lambda entity: -entity.salience)
    return {
        "title": plain(outcome.title),
        "site": plain(document.site_name or ""),
        "date": f"{document.published_at:%Y-%m-%d}" if document.published_at else "",
        "": document.language or "",
        "entities": ", ".join(plain(entity.name) for entity in entities[:ENTITIES_SHOWN]),
    }


def _relation(outcome: Outcome, result: Result, name: str) -> str:
    if outcome.kind != "none":
        return f"[yellow]{outcome.kind} copy[/] of {plain(result.original(outcome, name))}"
    return "" if outcome.status == "accepted" else outcome.status


def differences(item: Item, expected: Expected, result: Result) -> list[str]:
    """How what came of a sample differs from what should: empty where it does not."""
    articles = [outcome for outcome in item.outcomes if outcome.status != "rejected"]
    rejected = [outcome for outcome in item.outcomes if outcome.status == "rejected"]
    lines = []
    for what, number, due in (
        ("articles", len(articles), len(expected["articles"])),
        ("rejections", len(rejected), len(expected["rejected"])),
    ):
        if number != due:
            lines.append(f"{item.filename}: {number} {what}, not {due}")
    if not lines:
        by_title = sorted(articles, key=lambda outcome: outcome.title)
        wanted_by_title = sorted(expected["articles"], key=lambda article: str(article["title"]))
        for outcome, article in zip(by_title, wanted_by_title, strict=True):
            facts = [("title", outcome.title, article["title"])]
            document = result.documents.get(outcome.article_id)
            # What the index holds may be a later revision, which another sample brought.
            if document is not None and document.title == outcome.title:
                day = f"{document.published_at:%Y-%m-%d}" if document.published_at else ""
                facts.append(("date", day, article["published"]))
                facts.append(("language", document.language or "", article["language"]))
            lines.extend(
                f"{item.filename}: {what} {found!r}, not {wanted!r}"
                for what, found, wanted in facts
                if found != wanted
            )
        kinds = sorted(outcome.kind for outcome in articles)
        allowed = [article["duplicate"]["kinds"] for article in expected["articles"]]
        if not _matches(kinds, allowed):
            lines.append(f"{item.filename}: copies {kinds}, not one of {allowed}")
    return lines


def _matches(kinds: Sequence[str], allowed: list[list[str]]) -> bool:
    """Whether each kind can be given to another one of the lists that allow it."""
    if not kinds:
        return not allowed
    return any(
        kinds[0] in options and _matches(kinds[1:], allowed[:i] + allowed[i + 1 :])
        for i, options in enumerate(allowed)
    )


def examples(result: Result, store: Path) -> list[str]:
    """Commands to go on with, the last with the id of an article that has a copy."""
    outcomes = [outcome for item in result.report.items for outcome in item.outcomes]
    ids = [outcome.of for outcome in outcomes if outcome.of] + [
        outcome.article_id for outcome in outcomes if outcome.article_id
    ]
    command, at = invocation(), f"--store {shlex.quote(str(store))}"
    lines = [f"{command} search earthquake {at}", f"{command} search entity:Lisbon {at}"]
    return [*lines, *(f"{command} show {ids[0]} {at}" for _ in ids[:1])]


def invocation() -> str:
    """How this command can be called again from here."""
    found = shutil.which("wireroom")
    if found is not None:
        return "wireroom"
    called = Path(sys.argv[0]).absolute()
    if called.name != "wireroom":
        return f"{shlex.quote(sys.executable)} -m services.cli"
    here = Path.cwd()
    return shlex.quote(str(called.relative_to(here) if called.is_relative_to(here) else called))
