"""The whole flow through a real Kafka and a real Elasticsearch, all of it on this machine."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from elasticsearch import AsyncElasticsearch

from services.cli.cluster import jdk
from services.cli.cluster.server import Server
from services.cli.cluster.servers import Elastic, Kafka
from shared.errors import TransientError
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.stage import Emit
from shared.search.elastic_client import connect, elastic_errors
from shared.search.names import IndexNames
from shared.settings import RuntimeSettings
from tests.bench.corpus import Page
from tests.bench.measures import due_times
from tests.bench.resources import Usage
from tests.chaos.flow import SERVICES as SERVICES
from tests.chaos.flow import Flow
from tests.servers import settings_for

_POLL_SECONDS = 0.1
_BURST_POLL_SECONDS = 0.3  # asking for hundreds of articles takes CPU time from indexing them
_TIMEOUT = 420.0
_SETTLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """What :func:`measure` found. Times in seconds, memory in bytes."""

    burst: int
    burst_seconds: float
    """From the first file dropped to all of them searchable."""
    paced: int
    paced_rate: float
    """Files dropped in a second."""
    waits: list[float]
    """Of each file dropped at that pace, from when it was due to when a search finds it."""
    peaks: dict[str, int]
    """Resident memory of each service and server with all their processes, at its peak."""
    largest: dict[str, int]
    """Of the largest process of each."""
    burst_cpu: dict[str, float]
    """CPU seconds of each while the burst was worked off."""
    paced_cpu: dict[str, float]
    """The same from the first file dropped at that pace to the last one found."""

    @property
    def rate(self) -> float:
        """Articles a second, all dropped at once."""
        return self.burst / self.burst_seconds

    @property
    def cores(self) -> float:
        """How many cores all of it had on average while the burst was worked off."""
        return sum(self.burst_cpu.values()) / self.burst_seconds


async def measure(
    burst: Sequence[Page], paced: Sequence[Page], rate: float | None = None
) -> ClusterFigures:
    """Drop ``burst`` at once, then ``paced`` at ``rate`` a second (by default half of the rate of
    the burst), on servers and services that start for this and are stopped after it.

    Raises :class:`~shared.errors.ClusterError` where the servers cannot run, and
    :class:`TimeoutError` when an article is not searchable in seven minutes.
    """
    with _folder() as folder:
        kafka, elastic = Kafka(folder), Elastic(folder)
        with _started(kafka), _started(elastic):
            settings = settings_for(kafka, elastic)
            flow = Flow(settings, folder, environment={"WIREROOM_BATCH_SIZE": "64"})
            servers = {"Kafka": _pids(kafka), "Elasticsearch": _pids(elastic)}
            async with flow:
                return await _measure(flow, settings, servers, burst, paced, rate)


async def _measure(
    flow: Flow,
    settings: RuntimeSettings,
    servers: dict[str, list[int]],
    burst: Sequence[Page],
    paced: Sequence[Page],
    rate: float | None,
) -> ClusterFigures:
    first, burst = burst[:1], burst[1:]
    publisher = KafkaPublisher(settings, flow.topology.services["fetcher"].reads)
    index = _Index(settings)
    services = {name: [p.pid for p in flow.instances[name]] for name in SERVICES}
    try:
        # One article through everything: every service is up, its pool started.
        await _drop(publisher, first)
        await index.wait([page.article_id for page in first])
        with Usage(services | servers) as usage:
            began = time.monotonic()
            await _drop(publisher, burst)
            await index.wait([page.article_id for page in burst], _BURST_POLL_SECONDS)
            burst_seconds = time.monotonic() - began
            burst_cpu = usage.cpu_seconds()
            await asyncio.sleep(_SETTLE_SECONDS)
            rate = rate or len(burst) / burst_seconds / 2
            before = usage.cpu_seconds()
            waits = await _pace(publisher, index, paced, rate)
            paced_cpu = {name: all_ - before[name] for name, all_ in usage.cpu_seconds().items()}
    finally:
        await index.close()
        await publisher.stop()
    return ClusterFigures(
        burst=len(burst),
        burst_seconds=burst_seconds,
        paced=len(paced),
        paced_rate=rate,
        waits=waits,
        peaks=usage.peaks,
        largest=usage.largest,
        burst_cpu=burst_cpu,
        paced_cpu=paced_cpu,
    )


async def _pace(
    publisher: KafkaPublisher, index: _Index, pages: Sequence[Page], rate: float
) -> list[float]:
    start = time.monotonic() + 0.5
    due = [start + seconds for seconds in due_times(len(pages), rate)]

    async def drop_all() -> None:
        for moment, page in zip(due, pages, strict=True):
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            await _drop(publisher, [page])

    dropping = asyncio.create_task(drop_all())
    try:
        found = await index.wait([page.article_id for page in pages])
        await dropping
    finally:
        dropping.cancel()
        with suppress(asyncio.CancelledError):
            await dropping
    return [found[page.article_id] - moment for moment, page in zip(due, pages, strict=True)]


async def _drop(publisher: KafkaPublisher, pages: Sequence[Page]) -> None:
    emits = [
        Emit(page.message.value or b"", page.article_id.encode(), page.message.headers)
        for page in pages
    ]
    refused = [error for error in await publisher.publish(emits) if error is not None]
    if refused:
        raise refused[0]


class _Index:
    """Asks for articles by id, as a search does: what it finds is searchable."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._alias = IndexNames(settings.namespace).articles
        self._client: AsyncElasticsearch = connect(settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def wait(self, ids: Sequence[str], every: float = _POLL_SECONDS) -> dict[str, float]:
        """The moment at which each was first found, asked for ``every`` so many seconds."""
        waiting = set(ids)
        found: dict[str, float] = {}
        end = time.monotonic() + _TIMEOUT
        while waiting:
            looked = time.monotonic()
            try:
                hits = await self._find(waiting)
            except TransientError:  # the month's index is being made
                hits = set()
            now = time.monotonic()
            found.update(dict.fromkeys(hits, now))
            waiting -= hits
            if now > end:
                raise TimeoutError(f"{len(waiting)} of {len(ids)} articles are not searchable yet")
            if waiting:
                await asyncio.sleep(max(0.01, every - (now - looked)))
        return found

    async def _find(self, ids: set[str]) -> set[str]:
        with elastic_errors(self._settings):
            answer = await self._client.search(
                index=self._alias,
                query={"terms": {"article_id": list(ids)}},
                size=len(ids),
                source=False,
                track_total_hits=False,
                allow_no_indices=True,
                ignore_unavailable=True,
            )
        return {hit["_id"] for hit in answer["hits"]["hits"]}


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wireroom-bench-"))
    folder.chmod(0o711)  # the servers may run as another user, which passes through
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(server: Server) -> Iterator[None]:
    jdk.find_jdk()
    server.install()
    try:
        server.start()
        yield
    finally:
        server.stop()


def _pids(server: Server) -> list[int]:
    process = server.process
    return [process.pid] if process is not None else []
