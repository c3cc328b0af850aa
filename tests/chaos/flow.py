"""The services of the flow as processes on real servers, with the means to hurt them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from elasticsearch import AsyncElasticsearch

from services.indexer.setup import set_up
from shared.runtime.driver import group_id
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.rejected import Rejection, read_rejection
from shared.runtime.stage import Emit
from shared.runtime.topics_admin import ensure_topics
from shared.search.elastic_client import connect
from shared.search.names import IndexNames
from shared.settings import RuntimeSettings
from shared.text import stable_id
from shared.topics import Topic, topology
from tests.kafka import read_topic, uncommitted
from tests.servers import service_environment
from tests.shared_data import ROOT

SERVICES = ("fetcher", "cleaner", "tagger", "deduplicator", "indexer")
DRAIN_SECONDS = 240.0


class Flow:
    """An async context manager: topics, templates and one instance of each service.

    ``scale`` tells other numbers, and may name services beside those of :data:`SERVICES`.
    ``environment`` holds variables for the services that go before those of the chaos tests.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        folder: Path,
        *,
        scale: dict[str, int] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.topology = topology(settings.namespace)
        self._scale = dict.fromkeys(SERVICES, 1) | (scale or {})
        self.instances: dict[str, list[subprocess.Popen[bytes]]] = {s: [] for s in self._scale}
        self.restarts = 0
        self._environment = service_environment(settings) | {
            "WIREROOM_KAFKA_SESSION_TIMEOUT": "6",
            "WIREROOM_LOG_FORMAT": "text",
            "WIREROOM_BATCH_SIZE": "16",
            **(environment or {}),
        }
        self._elastic: AsyncElasticsearch | None = None

    async def __aenter__(self) -> Flow:
        await ensure_topics(self.settings.kafka_bootstrap, self.topology)
        await set_up(self.settings)
        for service, count in self._scale.items():
            for _ in range(count):
                self.start(service)
        return self

    async def __aexit__(self, *_: object) -> None:
        for processes in self.instances.values():
            for process in processes:
                process.terminate()
        for processes in self.instances.values():
            for process in processes:
                try:
                    await asyncio.to_thread(process.wait, 30)
                except subprocess.TimeoutExpired:
                    process.kill()
        await self.forget_client()

    def start(self, service: str) -> None:
        """One more instance."""
        number = sum(map(len, self.instances.values())) + self.restarts
        with (self.folder / f"{service}-{number}.log").open("wb") as log:
            self.instances[service].append(
                subprocess.Popen(
                    [sys.executable, "-m", f"services.{service}"],
                    env=self._environment,
                    cwd=ROOT,
                    stdout=log,
                    stderr=log,
                )
            )

    def supervise(self) -> None:
        """Start what died again, as compose and ``wireroom up`` do."""
        for service, processes in self.instances.items():
            for process in [p for p in processes if p.poll() is not None]:
                processes.remove(process)
                self.restarts += 1
                self.start(service)

    def kill(self, service: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to the first instance."""
        os.kill(self.instances[service][0].pid, number)

    def scale(self, service: str, count: int) -> None:
        """Start or end instances until there are ``count``."""
        while len(self.instances[service]) < count:
            self.start(service)
        while len(self.instances[service]) > count:
            process = self.instances[service].pop()
            process.terminate()
            process.wait(30)

    async def drop(self, files: Sequence[bytes], topic: Topic | None = None) -> None:
        """Send files to the ingest topic, as a plain producer does: without headers."""
        publisher = KafkaPublisher(self.settings, topic or self.topology.services["fetcher"].reads)
        emits = [Emit(value, stable_id(value).encode()) for value in files]
        assert await publisher.publish(emits) == [None] * len(emits)
        await publisher.stop()

    async def drained(self, articles: int, rejections: int = 0) -> None:
        """Supervise until the index holds ``articles`` and nothing waits anywhere."""
        deadline = time.monotonic() + DRAIN_SECONDS
        found: tuple[object, ...] = ()
        while time.monotonic() < deadline:
            self.supervise()
            try:
                found = (
                    len(await self.ids()),
                    len({r.id for r in await self.rejected()}),
                    await self.lag(),
                )
                if found == (articles, rejections, dict.fromkeys(self._scale, 0)):
                    return
            except Exception as error:  # a server is away: that is what some tests do
                found = (error,)
            await asyncio.sleep(1)
        raise AssertionError(f"{articles=} {rejections=} {found=}, logs in {self.folder}")

    async def documents(self) -> list[dict[str, object]]:
        """Every document of every monthly index."""
        if self._elastic is None:
            self._elastic = connect(self.settings)
        pattern = IndexNames(self.settings.namespace).articles + "-v1-*"
        await self._elastic.indices.refresh(index=pattern, allow_no_indices=True)
        answer = await self._elastic.search(
            index=pattern, size=10_000, version=True, allow_no_indices=True
        )
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    async def ids(self) -> list[str]:
        """Article ids in the index; fails when one stands in it twice."""
        ids = [str(document["article_id"]) for document in await self.documents()]
        twice = [name for name, count in Counter(ids).items() if count > 1]
        assert not twice, f"articles in two indices: {twice}"
        return ids

    async def rejected(self) -> list[Rejection]:
        """What was refused."""
        return [
            read_rejection(message)
            for message in await read_topic(self.settings.kafka_bootstrap, self.topology.rejected)
        ]

    async def lag(self) -> dict[str, int]:
        """For each service, messages between its committed offsets and the ends."""
        return {
            service: await uncommitted(
                self.settings.kafka_bootstrap,
                self.topology.services[service].reads,
                group_id(service, self.settings.namespace),
            )
            for service in self._scale
        }

    async def forget_client(self) -> None:
        """Close the connection to the index, which a restarted server has lost."""
        if self._elastic is not None:
            await self._elastic.close()
            self._elastic = None

    async def groups(self) -> dict[str, str]:
        """URL to the smallest URL of its group: comparable between runs."""
        members: dict[str, list[str]] = {}
        for document in await self.documents():
            duplicate = document["duplicate"]
            assert isinstance(duplicate, dict)
            members.setdefault(str(duplicate["group_id"]), []).append(str(document["url"]))
        return {url: min(urls) for urls in members.values() for url in urls}
