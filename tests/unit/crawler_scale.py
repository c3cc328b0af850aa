"""10,000 feeds with their state for a simulated day, in a process of its own; prints JSON."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from pathlib import Path

import psutil

from services.crawler import source_state, taken
from services.crawler.ports import UNCONDITIONAL, Answer, Conditions
from services.crawler.reading import Finding, Reading
from services.crawler.schedule import aligned
from services.crawler.source_state import SourceState
from services.crawler.sources import Source
from tests.unit.crawler_fakes import START, VirtualClock, World, answer, crawler_of

DAY = 86_400.0
ENTRIES = 100
_NUMBER = re.compile(r"//f(\d+)\.")


def feed_url(number: int) -> str:
    return f"https://f{number}.feeds.test/section/news.xml?format=rss"


def rate(number: int) -> int:
    """New entries a day: 1 to 8."""
    return 1 + number % 8


class Feeds:
    """A client: each answer is a feed of 100 entries; robots.txt allows all."""

    def __init__(self, clock: VirtualClock) -> None:
        self.polls = 0
        self.shown: dict[int, int] = {}
        """Entries of each feed that were not there at the start."""
        self._clock = clock

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def get(
        self, url: str, conditions: Conditions = UNCONDITIONAL, *, limit: int | None = None
    ) -> Answer:
        await self._clock.sleep(0.3)
        if url.endswith("/robots.txt"):
            return answer(url, "User-agent: *\nDisallow: /private\nDisallow: /search\n")
        self.polls += 1
        number = int(_NUMBER.search(url)[1])  # type: ignore[index]
        days = (self._clock.now - START) / DAY
        newest = ENTRIES + int(days * rate(number) + number % 97 / 97)
        self.shown[number] = newest - ENTRIES
        if conditions.etag == str(newest):
            return answer(url, status=304)
        return answer(url, f"{number} {newest}", ETag=str(newest), Content_Type="text/xml")


def marks(number: int, newest: int) -> list[tuple[bytes, ...]]:
    return [
        (taken.mark(f"f{number} id {n}"), taken.mark(f"f{number} link {n}"))
        for n in range(newest, newest - ENTRIES, -1)
    ]


async def read(reading: Reading) -> Finding:
    """Stands for the parser: the real one runs in other processes, whose memory is their own."""
    number, newest = map(int, reading.body.split())
    new, seen, _ = taken.sift(marks(number, newest), reading.seen, most=1000)
    return Finding("feed", new=len(new), seen=seen)


async def main(feeds: int, days: float) -> None:
    clock = VirtualClock()
    world, web = World(), Feeds(clock)
    state = world.state.setdefault(0, {})
    sources = []
    for number in range(feeds):
        url = feed_url(number)
        source = Source(name=f"A feed of a newspaper, number {number}", url=url, kind="feed")
        sources.append(source)
        memory = taken.Memory(source.name, str(ENTRIES), "Thu, 01 Jan 2026 00:00:00 GMT", "0" * 16)
        memory.seen = b"".join(m for entry in marks(number, ENTRIES) for m in entry)
        state[taken.key(source.name, url)] = memory.encode()
        known = SourceState(source.name, url, "feed", last_success=START - 1000, total=5000)
        known.rate, known.last_new = rate(number) / DAY, START - 1000
        known.interval = max(120.0, min(DAY, 0.75 / known.rate))
        known.day, known.found = int(START // DAY) - 1, [rate(number)] * 28
        # A tenth is overdue, as after a pause; the others come evenly over their intervals.
        known.next_due = aligned(url, START, known.interval) if number % 10 else START - 1.0
        state[source_state.key(source.name, url)] = source_state.encode(known)
    process = psutil.Process()
    before = process.memory_info().rss
    crawler = crawler_of(world, web, clock, concurrency=128)  # type: ignore[arg-type]
    crawler._handling._read = read
    crawler.set_sources(sources)
    await crawler.assign(0)
    stop = asyncio.Event()
    run = asyncio.create_task(crawler.run(stop))
    due: dict[str, float] = {}
    late: list[float] = []

    def look() -> bool:
        for one in crawler.source_states():
            was = due.get(one.url)
            if was is not None and one.next_due != was and was > START:
                late.append(one.last_success - was)
            due[one.url] = one.next_due
        return run.done()

    began = time.process_time()
    while clock.now < START + days * DAY and not look():
        await clock.run_for(100)
    used = time.process_time() - began
    states = crawler.source_states()
    late.sort()
    print(
        json.dumps(
            {
                "feeds": len(states),
                "failing": sum(one.errors for one in states),
                "polls": web.polls,
                "rss_mb": round(process.memory_info().rss / 2**20),
                "state_mb": round((process.memory_info().rss - before) / 2**20),
                "late_median": round(late[len(late) // 2], 2),
                "late_99": round(late[len(late) * 99 // 100], 2),
                "late_most": round(late[-1], 2),
                "watched": len(late),
                "found": sum(one.total - 5000 for one in states),
                "new": sum(web.shown.values()),
                "cpu_seconds": round(used, 1),
                "written": world.writes,
            }
        )
    )
    stop.set()
    await clock.settle()
    await run


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
