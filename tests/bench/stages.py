"""Each stage by itself, in one process, with trafilatura alone on the same pages in between."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from trafilatura import bare_extraction

from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.stage import DeduplicateStage
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from services.indexer.stage import IndexDocument
from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.events import Message
from shared.runtime.stage import Emit, Outcomes, Stage, TransformStage
from shared.testing.log import MemoryLog, MemoryRecall
from tests.bench.corpus import Page
from tests.quality.table import markdown

PEER = "trafilatura 2.3.1 alone"
_WARM_UP = 3


@dataclass(slots=True)
class Timed:
    """CPU seconds of one stage, and the messages that they were spent on."""

    name: str
    seconds: float = 0.0
    items: int = 0

    @property
    def rate(self) -> float:
        """Items a second of one core."""
        return self.items / max(self.seconds, 1e-9)

    @property
    def milliseconds(self) -> float:
        """Of one item."""
        return 1000 * self.seconds / max(self.items, 1)


@dataclass(slots=True)
class StageTimes:
    """What :func:`measure` found, stages in the order of the flow."""

    stages: list[Timed]
    peer: Timed = field(default_factory=lambda: Timed(PEER))

    @property
    def whole(self) -> Timed:
        """All stages of one page together."""
        return Timed("all stages", sum(s.seconds for s in self.stages), self.stages[0].items)

    def table(self) -> str:
        """A Markdown table; shares are of all stages, ratios by the peer's rate."""
        whole = self.whole
        lines = [
            (
                timed.name,
                f"{timed.rate:.1f}",
                f"{timed.milliseconds:.2f}",
                f"{timed.seconds / max(whole.seconds, 1e-9):.1%}" if timed is not self.peer else "",
                f"{timed.rate / self.peer.rate:.2f}",
                str(timed.items),
            )
            for timed in (*self.stages, whole, self.peer)
        ]
        header = ("stage", "items/s of a core", "ms an item", "share", "times the peer", "n")
        return markdown(header, lines, numbers=(1, 2, 3, 4, 5))


async def measure(pages: Sequence[Page]) -> StageTimes:
    """Run ``pages`` through all stages one by one, the peer before or after by turns.

    CPU time of this process counts, so that what else runs on the machine hardly does. The first
    pages are not counted: they load what is loaded on first use.
    """
    stages: list[Stage] = [
        TransformStage("fetcher", Fetch(FetcherSettings())),
        TransformStage("cleaner", Clean(CleanerSettings())),
        TransformStage("tagger", Tag(TaggerSettings())),
        DeduplicateStage(DeduplicatorSettings(), MemoryLog(), MemoryRecall()),
        TransformStage("indexer", IndexDocument()),
    ]
    for stage in stages:
        await stage.start()
    times = StageTimes([Timed(stage.name) for stage in stages])
    try:
        for page in pages[:_WARM_UP]:
            await _flow(page, stages, StageTimes([Timed(stage.name) for stage in stages]))
            _alone(page)
        for number, page in enumerate(pages):
            turns: list[Callable[[], Awaitable[None]]] = [
                lambda page=page: _flow(page, stages, times),  # type: ignore[misc]
                lambda page=page: _peer(page, times.peer),  # type: ignore[misc]
            ]
            for turn in turns if number % 2 else reversed(turns):
                await turn()
    finally:
        for stage in stages:
            await stage.stop()
    return times


async def _flow(page: Page, stages: Sequence[Stage], times: StageTimes) -> None:
    messages = [page.message]
    for stage, timed in zip(stages, times.stages, strict=True):
        began = time.process_time()
        outcomes = await stage.process(messages)
        timed.seconds += time.process_time() - began
        timed.items += len(messages)
        messages = _emitted(outcomes, messages[0].timestamp_ms)


def _emitted(outcomes: Sequence[Outcomes], timestamp_ms: int) -> list[Message]:
    found = [outcome for each in outcomes for outcome in each]
    refused = [outcome for outcome in found if not isinstance(outcome, Emit)]
    if refused:
        raise ValueError(f"a page of the bench became no article: {refused[0]}")
    return [
        Message(emit.value, emit.key, emit.headers, timestamp_ms=timestamp_ms)
        for emit in found
        if isinstance(emit, Emit)
    ]


async def _peer(page: Page, timed: Timed) -> None:
    began = time.process_time()
    _alone(page)
    timed.seconds += time.process_time() - began
    timed.items += 1


def _alone(page: Page) -> None:
    bare_extraction(page.html, url=page.url, with_metadata=True, include_comments=False)
