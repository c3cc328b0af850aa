"""A web, a store, outputs and a clock by script, for tests of the crawler's engine."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count

from services.crawler.engine import Crawler
from services.crawler.handling import Render
from services.crawler.ports import UNCONDITIONAL, Answer, Change, Conditions, FetchFailed
from services.crawler.reading import Finding, Reading, read
from services.crawler.settings import CrawlerSettings
from services.crawler.sources import Source
from shared.errors import TransientError
from shared.events import Envelope
from shared.fetching import FetchRequest, host_of
from shared.runtime.stage import Emit, Reject

START = 1_767_225_600.0
"""2026-01-01T00:00Z."""

Reply = Answer | FetchFailed
Script = Callable[[str, Conditions], Reply]


class VirtualClock:
    """Time that stands still while anything can run, then jumps to the next sleeper."""

    def __init__(self, start: float = START) -> None:
        self.now = start
        self._numbers = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + max(0.0, seconds), next(self._numbers), future))
        await future

    async def settle(self) -> None:
        """Let everything run that can."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        idle = 0
        while idle < 3:
            await asyncio.sleep(0)
            idle = idle + 1 if not ready else 0

    async def run_until(self, moment: float, done: Callable[[], bool] = lambda: False) -> bool:
        """Move on until ``moment``, or until ``done``; tells whether it was done."""
        while True:
            await self.settle()
            if done():
                return True
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers or self._sleepers[0][0] > moment:
                self.now = moment
                return done()
            when, _, future = heapq.heappop(self._sleepers)
            self.now = max(self.now, when)
            future.set_result(None)

    async def run_for(self, seconds: float, done: Callable[[], bool] = lambda: False) -> bool:
        return await self.run_until(self.now + seconds, done)


def answer(
    url: str, body: bytes | str = b"", status: int = 200, location: str = "", **headers: str
) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(url, status, named, data if status == 200 else b"", "192.0.2.1", location)


class ScriptedWeb:
    """A client; ``pages`` maps URLs to replies, robots.txt is absent where none is given.

    ``log`` holds the begin and the end of each request with its URL and the conditions sent.
    """

    def __init__(self, clock: VirtualClock, seconds: float = 0.0) -> None:
        self.pages: dict[str, Reply | Script | list[Reply]] = {}
        self.seconds: dict[str, float] = {}
        self.log: list[tuple[float, float, str, Conditions]] = []
        self.open: dict[str, int] = {}
        self.most_open = 0
        self._clock = clock
        self._seconds = seconds

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def get(
        self, url: str, conditions: Conditions = UNCONDITIONAL, *, limit: int | None = None
    ) -> Answer:
        host = host_of(url)
        began = self._clock.now
        self.open[host] = self.open.get(host, 0) + 1
        self.most_open = max(self.most_open, self.open[host])
        place = len(self.log)
        self.log.append((began, -1.0, url, conditions))
        try:
            await self._clock.sleep(self.seconds.get(url, self._seconds))
        finally:
            self.open[host] -= 1
            self.log[place] = (began, self._clock.now, url, conditions)
        reply = self.pages.get(url)
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if reply is None:
            reply = answer(url, status=404)
        if callable(reply):
            reply = reply(url, conditions)
        if isinstance(reply, FetchFailed):
            raise reply
        if reply.header("etag") and reply.header("etag") == conditions.etag:
            return answer(url, status=304, ETag=conditions.etag)
        return reply

    def urls(self) -> list[str]:
        """What was asked for, without robots.txt."""
        return [entry[2] for entry in self.log if not entry[2].endswith("/robots.txt")]


class World:
    """What outlives a crash: the store and what was put out. ``crash_at`` counts its calls."""

    def __init__(self) -> None:
        self.state: dict[int, dict[bytes, bytes]] = {}
        self.delivered: list[Emit] = []
        self.requested: list[Emit] = []
        self.refused: list[tuple[Emit, Reject]] = []
        self.writes = 0
        self.calls = 0
        self.crash_at: int | None = None
        self.crash_after = False
        self.reject: Callable[[Emit], Reject | None] = lambda _: None

    def _call(self, act: Callable[[], None]) -> None:
        self.calls += 1
        crash = self.crash_at is not None and self.calls >= self.crash_at
        if not crash or self.crash_after:
            act()
        if crash:
            raise TransientError(f"crash at call {self.calls}")

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def load(self, partition: int) -> AsyncIterator[Sequence[tuple[bytes, bytes]]]:
        for pair in list(self.state.get(partition, {}).items()):
            yield [pair]

    async def write(self, partition: int, changes: Sequence[Change]) -> None:
        await asyncio.sleep(0)
        kept = self.state.setdefault(partition, {})

        def act() -> None:
            self.writes += 1
            for key, value in changes:
                if value is None:
                    kept.pop(key, None)
                else:
                    kept[key] = value

        self._call(act)

    async def deliver(self, messages: Sequence[Emit]) -> list[Reject | None]:
        await asyncio.sleep(0)
        results = [self.reject(message) for message in messages]
        good = [m for m, result in zip(messages, results, strict=True) if result is None]
        self._call(lambda: self.delivered.extend(good))
        return results

    async def request(self, messages: Sequence[Emit]) -> None:
        await asyncio.sleep(0)
        self._call(lambda: self.requested.extend(messages))

    async def refuse(self, refused: Sequence[tuple[Emit, Reject]]) -> None:
        await asyncio.sleep(0)
        self._call(lambda: self.refused.extend(refused))

    def pages(self) -> list[str]:
        """URLs of what was delivered."""
        return [Envelope.parse(message.headers).url for message in self.delivered]

    def requests(self) -> list[FetchRequest]:
        return [FetchRequest.read(message.value) for message in self.requested]

    def reasons(self) -> dict[str, str]:
        """URL to reason of what was refused."""
        return {FetchRequest.read(e.value).url: reject.reason for e, reject in self.refused}


async def read_here(reading: Reading) -> Finding:
    return read(reading)


def crawler_of(
    world: World,
    web: ScriptedWeb,
    clock: VirtualClock,
    partitions: int = 1,
    render: Render | None = None,
    **settings: object,
) -> Crawler:
    return Crawler(
        CrawlerSettings(**settings),  # type: ignore[arg-type]
        web,
        world,
        world,
        clock,
        read_here,
        partitions=partitions,
        render=render,
    )


@asynccontextmanager
async def running(
    crawler: Crawler,
    clock: VirtualClock,
    sources: Sequence[Source] | None = None,
    partitions: Sequence[int] = (0,),
) -> AsyncIterator[asyncio.Task[None]]:
    """The crawler at work, until the end of the block."""
    if sources is not None:
        crawler.set_sources(sources)
    for partition in partitions:
        await crawler.assign(partition)
    stop = asyncio.Event()
    task = asyncio.create_task(crawler.run(stop))
    await clock.settle()
    try:
        yield task
    finally:
        stop.set()
        await clock.settle()
        if not task.done():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
