"""The crawler: what is asked for is fetched, politely, once, and survives a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.crawler.ports import Client, Outputs, StateStore
from services.crawler.reading import Finding, Reading
from services.crawler.settings import CrawlerSettings
from services.crawler.source_state import SourceState
from services.crawler.sources import Source
from shared.fetching import FetchRequest
from shared.runtime.ports import Clock

Reader = Callable[[Reading], Awaitable[Finding]]


class Crawler:
    """Signatures only, to build on; see below."""

    def __init__(
        self,
        settings: CrawlerSettings,
        client: Client,
        store: StateStore,
        outputs: Outputs,
        clock: Clock,
        read: Reader,
        *,
        partitions: int,
    ) -> None:
        raise NotImplementedError

    async def assign(self, partition: int) -> None:
        """Load the state of ``partition`` and begin to work on it."""
        raise NotImplementedError

    async def revoke(self, partition: int) -> None:
        """Stop work on ``partition``; when it returns nothing more is written for it."""
        raise NotImplementedError

    async def take(self, partition: int, requests: Sequence[FetchRequest]) -> None:
        """Take requests; they are durable when this returns."""
        raise NotImplementedError

    def set_sources(self, sources: Sequence[Source]) -> None:
        """The declared sources, all of them."""
        raise NotImplementedError

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set."""
        raise NotImplementedError

    def full(self) -> bool:
        """Whether so much waits that no more should be taken now."""
        raise NotImplementedError

    def pending(self) -> int:
        """What is due or under way."""
        raise NotImplementedError

    def idle(self) -> bool:
        """Whether nothing that was asked for once is left."""
        raise NotImplementedError

    def source_states(self) -> list[SourceState]:
        """The states of the sources in the assigned partitions."""
        raise NotImplementedError
