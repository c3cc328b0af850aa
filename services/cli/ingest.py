"""``wireroom ingest``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from services.cli import files
from services.cli.delivery import Advance, Item, Sent, deliver
from services.cli.files import Problem
from services.cli.intake import Intake
from services.cli.options import (
    KAFKA,
    refuse_store_with_kafka,
    store_option,
    to_option,
    workers_option,
)
from services.cli.report import (
    Progress,
    Report,
    Summary,
    as_json,
    show_problems,
    show_summary,
    summarize,
)
from services.cli.sinks import KafkaSink, Sink, StoreSink


class Meter:
    """Progress bars on standard error, where that is a terminal."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Meter:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, name: str) -> Advance:
        """A bar of its own for one step of the work."""
        task = self._bar.add_task(name, total=None)
        return lambda done, total: self._bar.update(task, completed=done, total=total)


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@store_option
@to_option
@workers_option
@click.option("--json", "json_", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def ingest_command(
    context: click.Context,
    paths: tuple[str, ...],
    store: Path,
    to: str | None,
    workers: int | None,
    json_: bool,
) -> None:
    """Take in files and folders; - reads standard input.

    Folders are read with all that is in them but hidden files. What a file is, is recognised by
    its bytes; archives are opened. Running it again adds nothing twice; an interrupted run is
    gone on with.
    """
    refuse_store_with_kafka(context, to)
    with Meter(Console(stderr=True, highlight=False)) as meter:
        sink = open_sink(store, to, workers, meter)
        sent, report = asyncio.run(ingest(paths, sink, meter.step("reading")))
    context.exit(finish(sent, report, sink.name, json_))


def open_sink(store: Path, to: str | None, workers: int | None, meter: Meter) -> Sink:
    """The destination that the options name; the embedded one shows how far its work is."""
    if to == KAFKA:
        return KafkaSink()
    step: list[Advance] = []

    def worked(progress: Progress) -> None:
        if not step:
            step.append(meter.step("working"))
        step[0](progress.done, progress.total)

    return StoreSink(store, workers, worked)


def finish(sent: Sent, report: Report | None, destination: str, json_: bool) -> int:
    """Print what came of it; returns the exit code."""
    items = report.items if report else []
    summary = summarize(items, sent.problems)
    if report is None:
        summary = Summary(
            inputs=sent.units + len(sent.problems), accepted=sent.units, rejected=sent.problems
        )
    if json_:
        click.echo(as_json(items, summary))
    elif report is None:
        _show_sent(sent, destination)
    else:
        show_summary(summary, Console(highlight=False))
    return 1 if summary.failed else 0


def _show_sent(sent: Sent, destination: str) -> None:
    console = Console(highlight=False)
    show_problems(sent.problems, console)
    archives = f"{sent.unpacked} archive" + ("s" if sent.unpacked != 1 else "")
    members = f" ({sent.members} of them from {archives})" if sent.members else ""
    console.print(
        f"[bold]{sent.units}[/] sent to {destination}{members}, "
        f"[bold]{len(sent.problems)}[/] failed",
        soft_wrap=True,
    )


async def ingest(paths: Sequence[str], sink: Sink, advance: Advance) -> tuple[Sent, Report | None]:
    """Deliver all files under ``paths`` and work; the report is ``None`` where services do that."""
    async with sink:
        sent = await deliver(_items(paths, sink), sink, advance)
        return sent, await sink.work()


def _items(paths: Sequence[str], sink: Sink) -> Iterator[Item]:
    intake = Intake(sink.name, archives=not sink.knows_inputs)
    for found in files.find(paths):
        if isinstance(found, Problem):
            yield found
        else:
            yield from intake.items(found)
