"""What comes in by the thousands: a WARC of many pages, many feeds with their state."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from services.cli.unpacking import Member, Opener
from shared.text import document_id
from tests.bench.corpus import Page
from tests.shared_data import ROOT

_FEEDS_DAYS = 0.1


@dataclass(frozen=True, slots=True)
class WarcFigures:
    """One WARC, each record compressed by itself, opened on the sender's side."""

    pages: int
    packed_bytes: int
    seconds: float
    peak_bytes: int
    """Resident memory of the process that opened it, at its peak."""
    grown_bytes: int
    """What it grew by, from a tenth of the pages to the last one."""


def open_warc(pages: Sequence[Page], count: int) -> WarcFigures:
    """Write a WARC of ``count`` pages and open it, in a process whose memory is looked at.

    Raises :class:`RuntimeError` when a page is missing.
    """
    mine, theirs = get_context("spawn").Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="wireroom-bench-") as folder:
        path = Path(folder) / "pages.warc.gz"
        _write(path, pages, count)
        process = get_context("spawn").Process(target=_open, args=(path, count, theirs))
        process.start()
        theirs.close()
        found, seconds, peak, grown = mine.recv()
        process.join()
        if found != count:
            raise RuntimeError(f"{found} pages of {count} came out of the WARC")
        return WarcFigures(count, path.stat().st_size, seconds, peak, grown)


def _write(path: Path, pages: Sequence[Page], count: int) -> None:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
        for number in range(count):
            page = pages[number % len(pages)]
            body = page.html.encode("utf-8", "replace")
            headers = StatusAndHeaders(
                "200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1"
            )
            record = writer.create_warc_record(
                f"{page.url}#{number}", "response", payload=io.BytesIO(body), http_headers=headers
            )
            writer.write_record(record)


def _open(path: Path, count: int, pipe: Connection) -> None:
    process = psutil.Process()
    began = time.monotonic()
    found = peak = tenth = 0
    with path.open("rb") as file:
        for item in Opener().members(file, path.name, document_id(b"bench")):
            found += isinstance(item, Member)
            if found % 50 == 0:
                peak = max(peak, process.memory_info().rss)
            if found == count // 10:
                tenth = process.memory_info().rss
    seconds = time.monotonic() - began
    pipe.send((found, seconds, peak, process.memory_info().rss - tenth))


@dataclass(frozen=True, slots=True)
class FeedFigures:
    """Feeds with their state, each with a hundred entries that were taken before."""

    feeds: int
    peak_bytes: int
    """Resident memory of the process, the store of the test in it."""
    late_99: float
    """Seconds, by the simulated clock, that 99 of 100 polls are late at most."""


def keep_feeds(count: int) -> FeedFigures:
    """A tenth of a day, by a simulated clock, of a crawler that polls ``count`` feeds."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.unit.crawler_scale", str(count), str(_FEEDS_DAYS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ended.stdout)
    return FeedFigures(found["feeds"], found["rss_mb"] * 2**20, found["late_99"])
