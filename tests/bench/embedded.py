"""The whole flow without a server: one process with its pool, on one file."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from services.local.flow import LocalFlow
from tests.bench.corpus import Page
from tests.bench.resources import Usage

_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class EmbeddedFigures:
    """``seconds`` from the first page handed over to the last one searchable, the start of the
    pool's processes included."""

    articles: int
    seconds: float
    peak_bytes: int
    """Resident memory of the process and its pool together."""
    largest_bytes: int
    """Of the largest process."""
    cpu_seconds: float
    """Of all processes, their start and what they import included."""

    @property
    def rate(self) -> float:
        """Articles a second."""
        return self.articles / self.seconds

    @property
    def cores(self) -> float:
        """How many cores all of it had on average."""
        return self.cpu_seconds / self.seconds


def measure(pages: Sequence[Page]) -> EmbeddedFigures:
    """Ingest ``pages`` into a fresh store; in a process of its own, whose memory is looked at.

    Raises :class:`RuntimeError` when not every page became an article, or none did in ten minutes.
    """
    mine, theirs = get_context("spawn").Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="wireroom-bench-") as folder:
        process = get_context("spawn").Process(
            target=_ingest, args=(Path(folder) / "store.db", list(pages), theirs)
        )
        process.start()
        theirs.close()
        assert process.pid is not None
        try:
            with Usage({"embedded": [process.pid]}, every=0.5) as usage:
                if not mine.poll(_TIMEOUT):
                    raise RuntimeError(f"the embedded flow took more than {_TIMEOUT:.0f} s")
                try:
                    articles, seconds = mine.recv()
                except EOFError:
                    raise RuntimeError("the embedded flow ended before it was done") from None
                cpu_seconds = usage.cpu_seconds()["embedded"]
        finally:
            process.join(30)
            if process.is_alive():
                process.kill()
                process.join()
    if articles != len(pages):
        raise RuntimeError(f"{articles} articles came of {len(pages)} pages")
    return EmbeddedFigures(
        articles, seconds, usage.peaks["embedded"], usage.largest["embedded"], cpu_seconds
    )


def _ingest(store: Path, pages: Sequence[Page], result: Connection) -> None:
    result.send(asyncio.run(_run(store, pages)))


async def _run(store: Path, pages: Sequence[Page]) -> tuple[int, float]:
    async with LocalFlow(store, workers=os.cpu_count()) as flow:
        began = time.monotonic()
        await flow.submit(page.message for page in pages)
        report = await flow.drain(lambda _: None)
        seconds = time.monotonic() - began
    outcomes = [outcome for item in report.items for outcome in item.outcomes]
    return sum(outcome.status == "accepted" for outcome in outcomes), seconds
