"""``wireroom watch``."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from watchfiles import awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from services.cli.dropfolder import SETTLE, Disposal, Notices, Watcher
from services.cli.files import Problem
from services.cli.options import (
    KAFKA,
    refuse_store_with_kafka,
    store_option,
    to_option,
    workers_option,
)
from services.cli.report import condensed, plain, show_problem, summarize
from services.cli.sinks import KafkaSink, Sink, StoreSink
from services.cli.taken import FILE_NAME, TakenFile
from shared.errors import StoreError, TransientError

T = TypeVar("T")

RESCAN = 60.0
"""Seconds between looks at the whole folder: the kernel's queue of events can overflow, and what
appears in a new sub-folder before it is watched has no event."""

_RETRY_SECONDS = 5.0
_GRACE_SECONDS = 5.0  # for what is being published when a signal comes


class ConsoleNotices:
    """Notices on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def took(self, path: str) -> None:
        """Print the file's name."""
        self._console.print(f"taken: {plain(path)}", markup=False, soft_wrap=True)

    def refused(self, problem: Problem) -> None:
        """Print the problem."""
        show_problem(problem, self._console)


@click.command("watch")
@click.argument(
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
)
@store_option
@to_option
@workers_option
@click.option(
    "--settle",
    type=click.FloatRange(min=0, min_open=True),
    default=SETTLE,
    show_default=True,
    help="Seconds without a change after which a file is whole.",
)
@click.option(
    "--move-to",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="Move files that were taken into this folder.",
)
@click.option("--delete", is_flag=True, help="Delete files that were taken.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, resolve_path=True, path_type=Path),
    help=f"File that remembers what was taken.  [default: DIR/{FILE_NAME}]",
)
@click.pass_context
def watch_command(
    context: click.Context,
    folder: Path,
    store: Path,
    to: str | None,
    workers: int | None,
    settle: float,
    move_to: Path | None,
    delete: bool,
    state: Path | None,
) -> None:
    """Take in what is dropped into a folder, until it is stopped.

    Files that are there already are taken too; each is taken once, when it has stopped growing,
    and again when it changes. Hidden and temporary names (.part, .tmp, ~) are left alone, and so
    are the originals, unless --move-to or --delete is given.
    """
    refuse_store_with_kafka(context, to)
    if move_to is not None and delete:
        raise click.UsageError("--move-to and --delete exclude each other.", context)
    if move_to == folder:
        raise click.UsageError("--move-to names the watched folder itself.", context)
    console = Console(highlight=False)
    notices = ConsoleNotices(console)
    disposal = Disposal(move_to, delete)

    async def run() -> None:
        async with KafkaSink() if to == KAFKA else StoreSink(store, workers) as sink:
            with TakenFile(state or folder / FILE_NAME, sink.name) as taken:
                watcher = Watcher(folder, sink, taken, notices, disposal=disposal, settle=settle)
                console.print(
                    f"watching {plain(str(folder))} for {sink.name}", markup=False, soft_wrap=True
                )
                await watch(watcher, sink, folder, settle, notices)
        console.print("stopped")

    asyncio.run(run())


async def changes(root: Path, tick: float, stop: asyncio.Event) -> AsyncIterator[list[str] | None]:
    """Paths that changed under ``root``, at least every ``tick`` seconds (then none).

    ``None``: look at everything, at first and every :data:`RESCAN` seconds. The first comes when
    the folder is watched already, so that nothing falls between the look and the watching.
    Raises :class:`StoreError` where the kernel refuses to watch so many folders.
    """
    milliseconds = max(int(tick * 1000), 10)
    while not stop.is_set():
        rescanned = -RESCAN
        told = awatch(
            root,
            watch_filter=None,
            debounce=milliseconds,
            step=min(50, milliseconds),
            stop_event=stop,
            rust_timeout=milliseconds,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        try:
            async for batch in told:
                if time.monotonic() - rescanned >= RESCAN:
                    rescanned = time.monotonic()
                    yield None
                yield sorted({path for _, path in batch})
        except* WatchfilesRustInternalError as errors:
            # It ends at a name that is no UTF-8: begun again, it looks at everything.
            if "decode path" not in str(errors.exceptions[0]):
                raise
        except* OSError as errors:  # the kernel's limit of watched folders
            raise StoreError(
                f"{root} cannot be watched: {errors.exceptions[0]}; raise "
                "fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=1"
            ) from errors


async def watch(watcher: Watcher, sink: Sink, root: Path, settle: float, notices: Notices) -> None:
    """Watch until SIGTERM or SIGINT; what is under way is finished or goes on at the next start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await unless(stop, _work(sink, notices))  # what an earlier run left over
        async for paths in changes(root, settle / 4, stop):
            watcher.look(paths)
            try:
                if await unless(stop, watcher.take(), _GRACE_SECONDS):
                    await unless(stop, _work(sink, notices))
            except TransientError as error:
                notices.refused(Problem(str(root), "waiting", f"{error}; trying again"))
                await unless(stop, asyncio.sleep(_RETRY_SECONDS))
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _work(sink: Sink, notices: Notices) -> None:
    report = await sink.work()
    if report is not None:
        for problem in condensed(summarize(report.items, []).rejected, hint=""):
            notices.refused(problem)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T], grace: float = 0.0) -> T | None:
    """The result of ``work``, or ``None`` when it took ``grace`` seconds after ``stop``."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait({task}, timeout=grace)
    finally:
        stopped.cancel()
        task.cancel()
    try:
        return await task
    except asyncio.CancelledError:
        return None
