"""``wireroom ingest``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from services.cli import files
from services.cli.files import Problem
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
    show_problem,
    show_summary,
    summarize,
)
from services.cli.sinks import BATCH_BYTES, BATCH_MESSAGES, KafkaSink, Sink, StoreSink
from shared.errors import PermanentError
from shared.events import Message

Advance = Callable[[int, int | None], None]
"""Tells a progress bar what is done, of how many (``None``: not known yet)."""


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

    Folders are read with all that is in them but hidden files. Text, HTML, JSON, JSON Lines and
    gzip or zip archives of these are recognised by their bytes. Running it again adds nothing
    twice; an interrupted run is gone on with.
    """
    refuse_store_with_kafka(context, to)
    console = Console(stderr=True, highlight=False)
    with Meter(console) as meter:
        if to == KAFKA:
            sink: Sink = KafkaSink()
        else:
            step: list[Advance] = []

            def worked(progress: Progress) -> None:
                if not step:
                    step.append(meter.step("working"))
                step[0](progress.done, progress.total)

            sink = StoreSink(store, workers, worked)
        sent, problems, report = asyncio.run(ingest(paths, sink, meter.step("reading")))
    items = report.items if report else []
    summary = summarize(items, problems)
    if report is None:
        summary = Summary(inputs=sent + len(problems), accepted=sent, rejected=problems)
    if json_:
        click.echo(as_json(items, summary))
    elif report is None:
        _show_sent(summary, sink.name)
    else:
        show_summary(summary, Console(highlight=False))
    context.exit(1 if summary.failed else 0)


def _show_sent(summary: Summary, destination: str) -> None:
    console = Console(highlight=False)
    for problem in summary.rejected:
        show_problem(problem, console)
    console.print(
        f"[bold]{summary.accepted}[/] sent to {destination}, "
        f"[bold]{len(summary.rejected)}[/] failed",
        soft_wrap=True,
    )


async def ingest(
    paths: Sequence[str], sink: Sink, advance: Advance
) -> tuple[int, list[Problem], Report | None]:
    """Deliver all files under ``paths`` and work; returns how many were safely delivered,
    what could not be, and the flow's report (``None`` where the services do the work).
    """
    problems: list[Problem] = []
    sent = 0
    async with sink:
        async for batch in _batches(paths, problems):
            results = await sink.deliver([message for _, message in batch])
            for (name, _), error in zip(batch, results, strict=True):
                if error is None:
                    sent += 1
                else:
                    problems.append(Problem(name, error.reason, error.detail))
            advance(sent + len(problems), None)
        advance(sent + len(problems), sent + len(problems))
        return sent, problems, await sink.work()


async def _batches(
    paths: Sequence[str], problems: list[Problem]
) -> AsyncIterator[list[tuple[str, Message]]]:
    """Read files into batches that are bounded in number and bytes."""
    batch: list[tuple[str, Message]] = []
    size = 0
    for found in files.find(paths):
        if isinstance(found, Problem):
            problems.append(found)
            continue
        try:
            message = await asyncio.to_thread(files.read, found)
        except PermanentError as error:
            problems.append(Problem(str(found), error.reason, error.detail))
            continue
        length = len(message.value or b"")
        if batch and (size + length > BATCH_BYTES or len(batch) == BATCH_MESSAGES):
            yield batch
            batch, size = [], 0
        batch.append((str(found), message))
        size += length
    if batch:
        yield batch
