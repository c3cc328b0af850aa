"""``wireroom sources run``: the sources polled in this process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from services.cli.files import Problem
from services.cli.journal import ListRead, explained
from services.cli.options import store_option, workers_option
from services.cli.report import Report, plain, show_problem, summarize
from services.cli.sources_file import file_option
from services.cli.watch import unless
from services.crawler.source_state import SourceState
from services.crawler.sources import Source, load_sources
from shared.runtime.clock import SystemClock
from shared.runtime.stage import Reject
from shared.settings import load_settings

if TYPE_CHECKING:
    from services.crawler.reading import Finding
    from services.local.crawling import EmbeddedCrawler

_GRACE_SECONDS = 5.0  # for what is under way when a signal comes
_LOOK_SECONDS = 2.0
_SOON = 5.0
"""Seconds: with --once, what is due later is left to the next run."""


class ConsoleNotices:
    """:class:`~services.local.crawling.Notices` on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.articles = 0
        self._failing: set[tuple[str, str]] = set()

    def fetched(self, requested: str, url: str) -> None:
        """Nothing: its article is printed when there is one."""

    def read(self, url: str, finding: Finding) -> None:
        """Print what a feed brought, if anything."""
        if finding.entries or finding.kind == "home":
            self._print("· ", "dim", url, f": {ListRead(url, finding).told}")

    def refused(self, requested: str, reject: Reject) -> None:
        """Print the refusal."""
        self.problem(explained(requested, reject.reason, reject.detail))

    def worked(self, report: Report) -> None:
        """Print articles and refusals."""
        for item in report.items:
            for outcome in item.outcomes:
                if outcome.status != "rejected":
                    self.articles += outcome.status != "unchanged"
                    self._print("✓ ", "green", outcome.title or "(no title)", f"  {item.filename}")
        for problem in summarize(report.items, []).rejected:
            self.problem(problem)

    def states(self, states: Sequence[SourceState]) -> None:
        """Print which sources began to fail, or work again, since the last call."""
        for state in states:
            key = (state.name, state.url)
            if state.errors and key not in self._failing:
                self._failing.add(key)
                reason, _, detail = state.error.partition(": ")
                told = explained(state.url, reason, detail)
                self.problem(Problem(f"{state.name}  {state.url}", told.reason, told.detail))
            elif not state.errors and key in self._failing:
                self._failing.discard(key)
                self._print("· ", "dim", f"{state.name}  {state.url}", ": works again")

    def problem(self, problem: Problem) -> None:
        """Print a problem."""
        show_problem(problem, self._console)

    def _print(self, sign: str, style: str, text: str, rest: str) -> None:
        line = Text(sign, style).append(plain(text), "default").append(plain(rest), "dim")
        self._console.print(line, soft_wrap=True)


@click.command("run")
@file_option
@store_option
@workers_option
@click.option("--once", is_flag=True, help="Poll what is due, fetch what is new, and end.")
@click.pass_context
def run_command(
    context: click.Context, file: Path, store: Path, workers: int | None, once: bool
) -> None:
    """Poll the sources into the embedded store, until it is stopped.

    What is new goes through the flow as files do. The list is read again when it changes. State
    survives: a killed run goes on where it stopped, and takes no entry twice.
    """
    load_sources(file)  # a mistake ends it at once
    console = Console(highlight=False)
    read = asyncio.run(run(file, store, workers, once=once, console=console))
    context.exit(0 if read else 1)


async def run(
    file: Path, store: Path, workers: int | None, *, once: bool, console: Console
) -> bool:
    """Crawl the sources of ``file`` until SIGTERM or SIGINT, or once.

    Returns whether any source could be read, where there are some.
    """
    from services.crawler.settings import CrawlerSettings  # all of these are slow to load
    from services.local.crawling import EmbeddedCrawler
    from services.local.flow import LocalFlow

    notices = ConsoleNotices(console)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with (
            LocalFlow(store, workers) as flow,
            EmbeddedCrawler(store, flow, load_settings(CrawlerSettings), notices) as crawler,
        ):
            telling = asyncio.create_task(_tell(crawler, notices))
            try:
                if once:
                    crawler.set_sources(load_sources(file))
                    work = crawler.work(lambda: stop.is_set() or crawler.done(_SOON))
                    await unless(stop, work, _GRACE_SECONDS)
                else:
                    await _follow(file, crawler, stop, console)
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
            states = crawler.states()
            notices.states(states)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    if stop.is_set():
        console.print("stopped")
        return True
    console.print(f"{notices.articles} new articles")
    return not states or any(not state.errors for state in states)


async def _tell(crawler: EmbeddedCrawler, notices: ConsoleNotices) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        notices.states(crawler.states())


async def _follow(
    file: Path, crawler: EmbeddedCrawler, stop: asyncio.Event, console: Console
) -> None:
    from services.crawler.sources_file import SourcesFile

    def use(sources: Sequence[Source]) -> None:
        crawler.set_sources(sources)
        console.print(f"polling {len(sources)} sources of {plain(str(file))}", markup=False)

    following = asyncio.create_task(SourcesFile(file, use, SystemClock()).watch())
    try:
        await unless(stop, crawler.work(stop.is_set), _GRACE_SECONDS)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
