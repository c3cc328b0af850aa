"""``make bench``: how fast the stages and the whole flow are, beside a peer, in the same run.

``python -m tests.bench [--quick] [PART ...]``; ``docs/figures.md`` tells
how to read it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import ClusterError
from tests.bench import cluster, corpus, embedded, intake, press, resources, stages, web
from tests.bench.cluster import ClusterFigures
from tests.bench.corpus import Corpus
from tests.bench.measures import MEGABYTE, Figure, percentile
from tests.quality.table import markdown
from tests.shared_data import ROOT

PARTS = ("stages", "web", "intake", "press", "embedded", "cluster", "install")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Pages of each part."""

    stages: int
    embedded: int
    burst: int
    paced: int
    hosts: int
    """Of the loopback web."""
    warc: int
    feeds: int

    @property
    def most(self) -> int:
        """Pages that are needed: the burst and the paced ones must not be the same."""
        return max(self.stages, self.embedded, self.burst + self.paced)


FULL = Sizes(stages=150, embedded=300, burst=301, paced=300, hosts=1_000, warc=5_000, feeds=10_000)
QUICK = Sizes(stages=12, embedded=30, burst=31, paced=20, hosts=40, warc=200, feeds=200)
# Goals of the whole flow, everything on two cores.
EMBEDDED_RATE = 15.0
CLUSTER_RATE = 10.0
WAIT_SECONDS = 3.0
SERVICE_MB = 600.0
INSTALL_MB = 400.0
FETCH_RATE = 300.0
FEEDS_MB = 500.0
# Goals of the deduplicator, with a window of a million articles.
REMEMBERED_BYTES = 600.0
DECISIONS = 300.0
CATCH_UP = 20_000.0
SNAPSHOT_SECONDS = 20.0
PAGES_EACH = 8
"""Pages of each host: with a pause of a second between them, so many seconds at least."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables. 1 where CI cannot run the servers; goals that are missed fail nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="few pages: whether it runs at all")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    parts = options.parts or PARTS
    sizes = QUICK if options.quick else FULL
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    figures: list[Figure] = []
    status = 0
    if set(parts) - {"install", "web", "press"}:
        pages = corpus.load(sizes.most if "cluster" in parts else max(sizes.stages, sizes.embedded))
        print(f"{len(pages.pages)} {pages.name}, {pages.kilobytes:.0f} kB each")
    if "stages" in parts:
        _stages(pages, sizes)
    if "web" in parts:
        figures += _web(sizes)
    if "intake" in parts:
        figures += _intake(pages, sizes)
    if "press" in parts:
        figures += _press(press.QUICK if options.quick else press.SIZES)
    if "embedded" in parts:
        figures += _embedded(pages, sizes)
    if "cluster" in parts:
        try:
            figures += _cluster(pages, sizes)
        except ClusterError as error:
            print(f"\nThrough Kafka and Elasticsearch: cannot run here: {error}")
            status = 1 if os.environ.get("CI") else 0
    if "install" in parts:
        figures += _install()
    if figures:
        print("\nThe whole\n")
        header = ("what", "value", "goal", "reached")
        print(markdown(header, [figure.cells() for figure in figures], numbers=(1, 2)))
    return status


def _stages(pages: Corpus, sizes: Sizes) -> None:
    times = asyncio.run(stages.measure(pages.pages[: sizes.stages]))
    print("\nStage by stage, one process, CPU time\n")
    print(times.table(), flush=True)


def _web(sizes: Sizes) -> list[Figure]:
    alone = web.measure(sizes.hosts, PAGES_EACH)
    beside = web.measure(sizes.hosts, PAGES_EACH, sizes.hosts // 20)
    hosts = f"{alone.hosts} hosts"
    return [
        Figure(f"fetched from {hosts}", alone.rate, "pages/s", FETCH_RATE),
        Figure(f"the same beside {beside.slow_hosts} slow hosts", beside.rate, "pages/s"),
        Figure("crawler, CPU a page", 1000 * alone.cpu_seconds / alone.pages, "ms"),
        Figure("requests to one host at once", max(alone.together, beside.together), "", 1, "most"),
    ]


def _intake(pages: Corpus, sizes: Sizes) -> list[Figure]:
    warc = intake.open_warc(pages.pages, sizes.warc)
    feeds = intake.keep_feeds(sizes.feeds)
    return [
        Figure(f"WARC of {warc.pages} pages, opened", warc.pages / warc.seconds, "pages/s"),
        Figure("its size", warc.packed_bytes / MEGABYTE, "MB"),
        Figure("memory of who opens it", warc.peak_bytes / MEGABYTE, "MB"),
        Figure("grown since a tenth of it", warc.grown_bytes / MEGABYTE, "MB", 20, "most"),
        Figure(
            f"{feeds.feeds} feeds with their state",
            feeds.peak_bytes / MEGABYTE,
            "MB",
            FEEDS_MB,
            "most",
        ),
        Figure("polls late, 99 of 100", feeds.late_99, "s"),
    ]


def _press(sizes: tuple[int, ...]) -> list[Figure]:
    taken = press.run(sizes)
    lines = [
        (
            f"{each.articles:,}",
            f"{each.bytes_each:.0f}",
            f"{each.log_bytes:.0f}",
            f"{each.caught_up:.0f}",
            f"{each.decided:.0f}",
            f"{each.found:.3f}",
            str(each.wrong),
            f"{each.saved_seconds:.1f}",
            f"{each.loaded_seconds:.1f}",
        )
        for each in taken
    ]
    header = (
        "articles in 30 days", "bytes each in memory", "bytes each in the log", "caught up/s",
        "decided/s", "planted copies found", "wrong ones", "snapshot written, s", "read, s",
    )  # fmt: skip
    print("\nA simulated press, one instance, one process\n")
    print(markdown(header, lines, numbers=range(9)))
    print(f"\n{press.carried_on(taken[-1])}", flush=True)
    last = taken[-2] if len(taken) > 2 else taken[-1]
    of = f"of {last.articles:,} remembered articles"
    return [
        Figure(f"memory of each {of}", last.bytes_each, "bytes", REMEMBERED_BYTES, "most"),
        Figure(f"decisions, {of}", last.decided, "/s", DECISIONS),
        Figure(f"catch-up from the log, {of}", last.caught_up, "/s", CATCH_UP),
        Figure(f"start from a snapshot {of}", last.loaded_seconds, "s", SNAPSHOT_SECONDS, "most"),
    ]


def _embedded(pages: Corpus, sizes: Sizes) -> list[Figure]:
    found = embedded.measure(pages.pages[: sizes.embedded])
    return [
        Figure(f"embedded, {found.articles} pages", found.rate, "articles/s", EMBEDDED_RATE),
        Figure("embedded, CPU an article", 1000 * found.cpu_seconds / found.articles, "ms"),
        Figure("embedded, cores that it had", found.cores, "cores"),
        Figure("embedded, memory with its pool", found.peak_bytes / MEGABYTE, "MB"),
        Figure("embedded, largest process", found.largest_bytes / MEGABYTE, "MB"),
    ]


def _cluster(pages: Corpus, sizes: Sizes) -> list[Figure]:
    # What the data has, split as the sizes are, where it has fewer pages.
    count = min(sizes.burst, len(pages.pages) * sizes.burst // (sizes.burst + sizes.paced))
    burst, paced = pages.pages[:count], pages.pages[count : count + sizes.paced]
    found = asyncio.run(cluster.measure(burst, paced, CLUSTER_RATE / 2))
    _processes(found)
    services = [found.peaks[name] for name in cluster.SERVICES]
    at = f"{found.paced_rate:.1f}/s"
    return [
        Figure(
            f"Kafka and Elasticsearch, {found.burst} pages at once",
            found.rate,
            "articles/s",
            CLUSTER_RATE,
        ),
        Figure(
            "Kafka and Elasticsearch, CPU an article",
            1000 * sum(found.burst_cpu.values()) / found.burst,
            "ms",
        ),
        Figure("Kafka and Elasticsearch, cores that all had", found.cores, "cores"),
        Figure(f"drop to searchable at {at}, p50", percentile(found.waits, 0.5), "s"),
        Figure(
            f"drop to searchable at {at}, p95",
            percentile(found.waits, 0.95),
            "s",
            WAIT_SECONDS,
            "most",
        ),
        Figure(f"drop to searchable at {at}, longest", max(found.waits), "s"),
        Figure("largest service", max(services) / MEGABYTE, "MB", SERVICE_MB, "most"),
    ]


def _processes(found: ClusterFigures) -> None:
    total = sum(found.burst_cpu.values())
    lines = [
        (
            name,
            f"{peak / MEGABYTE:.0f}",
            f"{found.largest[name] / MEGABYTE:.0f}",
            f"{1000 * found.burst_cpu[name] / found.burst:.1f}",
            f"{found.burst_cpu[name] / max(total, 1e-9):.1%}",
            f"{1000 * found.paced_cpu[name] / found.paced:.1f}",
        )
        for name, peak in found.peaks.items()
    ]
    header = (
        "process",
        "peak memory with its pool, MB",
        "largest of them, MB",
        "CPU ms an article",
        "share of CPU",
        "CPU ms, paced",
    )
    print("\nThrough Kafka and Elasticsearch\n")
    print(markdown(header, lines, numbers=(1, 2, 3, 4, 5)), flush=True)


def _install() -> list[Figure]:
    size, absent = resources.installed_bytes(ROOT / "requirements.txt")
    if absent:
        print(f"\nnot installed, of other systems or missing: {', '.join(absent)}")
    return [Figure("installed packages", size / MEGABYTE, "MB", INSTALL_MB, "most")]


if __name__ == "__main__":
    sys.exit(main())
