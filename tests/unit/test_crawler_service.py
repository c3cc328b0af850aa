"""What surrounds the crawler: its lease, the file of its sources."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.crawler.lease import HeldClient, Lease
from services.crawler.ports import UNCONDITIONAL, Answer, Conditions, FetchFailed
from services.crawler.sources import Source
from services.crawler.sources_file import SourcesFile


class HandClock:
    """A clock that is set by hand; :meth:`pass_` returns when who slept sleeps again."""

    def __init__(self) -> None:
        self.now = 100.0
        self._asleep = asyncio.Event()
        self._turn = asyncio.Event()

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self._asleep.set()
        await self._turn.wait()

    async def pass_(self, seconds: float) -> None:
        await self._asleep.wait()
        self._asleep.clear()
        self.now += seconds
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
        await self._asleep.wait()


async def test_nobody_is_asked_before_the_group_has_confirmed_nor_after() -> None:
    clock = HandClock()
    lease = Lease(30, clock)
    waiting = asyncio.create_task(lease.held())
    await asyncio.sleep(0)
    assert not waiting.done()
    lease.renew(clock.now)
    await asyncio.wait_for(waiting, 1)
    clock.now += 29
    await asyncio.wait_for(lease.held(), 1)
    clock.now += 1
    waiting = asyncio.create_task(lease.held())
    # An answer that comes late counts from when it was asked for.
    lease.renew(clock.now - 30)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    lease.renew(clock.now - 10)
    await asyncio.wait_for(waiting, 1)
    # Answers may come in another order than they were asked for.
    lease.renew(clock.now - 25)
    clock.now += 19
    await asyncio.wait_for(lease.held(), 1)


ONE = "- name: one\n  url: https://one.example/feed\n"
TWO = ONE + "- name: two\n  url: https://two.example/feed\n"


class Watching:
    """A sources file that is watched, and what came of it."""

    def __init__(self, path: Path | None) -> None:
        self.clock = HandClock()
        self.used: list[list[str]] = []
        self.file = SourcesFile(path, self.use, self.clock)

    def use(self, sources: Sequence[Source]) -> None:
        self.used.append([source.name for source in sources])

    @contextmanager
    def __call__(self) -> Iterator[None]:
        task = asyncio.create_task(self.file.watch())
        try:
            yield
        finally:
            task.cancel()
        assert not task.done() or task.exception() is None

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            await self.clock.pass_(2)


async def test_without_a_file_there_are_no_sources() -> None:
    watching = Watching(None)
    with watching():
        await asyncio.sleep(0)
    assert watching.used == [[]]


async def test_a_changed_file_is_read_again_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(ONE)
    watching = Watching(path)
    with watching():
        await watching.look(3)
        assert watching.used == [["one"]]
        path.write_text(TWO)
        await watching.look(3)
        assert watching.used == [["one"], ["one", "two"]]
        # As editors save: a new file in the old one's place, of the same size and time.
        before = path.stat()
        other = tmp_path / "new"
        other.write_text(TWO.replace("two", "tow"))
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.replace(path)
        await watching.look(3)
        assert watching.used[2:] == [["one", "tow"]]
    assert watching.file.count == 2


async def test_a_file_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(TWO)
    watching = Watching(path)
    with watching():
        await watching.look()
        for size in range(3):
            path.write_text(ONE + "#" * size)
            await watching.look()
        assert watching.used == [["one", "two"]]
        await watching.look()
        assert watching.used == [["one", "two"], ["one"]]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("- name: [", "line"),
        ("- nam: x\n", "nam"),
        (None, "no such file"),
    ],
)
async def test_a_broken_file_changes_nothing_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str | None, reason: str
) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(TWO)
    watching = Watching(path)
    with watching(), caplog.at_level(logging.ERROR):
        await watching.look()
        if broken is None:
            path.unlink()
        else:
            path.write_text(broken)
        await watching.look(4)
        assert watching.used == [["one", "two"]]
        assert watching.file.count == 2
        (record,) = caplog.records  # not at every look
        assert str(path) in record.getMessage()
        assert reason in record.getMessage()
        assert watching.file.problem in record.getMessage()
        path.write_text(ONE)
        await watching.look(2)
        assert watching.used == [["one", "two"], ["one"]]
        assert watching.file.problem == ""


async def test_a_file_that_is_not_there_yet_removes_no_source(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sources.yml"
    watching = Watching(path)
    with watching():
        await watching.look(2)
        assert watching.used == []
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "no such file" in watching.file.problem
        path.write_text(ONE)
        await watching.look(2)
        assert watching.used == [["one"]]


class Slow:
    """A client that answers, or fails, when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: asyncio.Queue[Answer | FetchFailed] = asyncio.Queue()

    async def start(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    async def get(
        self, url: str, conditions: Conditions = UNCONDITIONAL, *, limit: int | None = None
    ) -> Answer:
        self.asked.append(url)
        answer = await self.answers.get()
        if isinstance(answer, FetchFailed):
            raise answer
        return answer


async def test_each_end_of_a_fetch_is_progress_and_none_begins_without_the_lease() -> None:
    clock, slow, ends = HandClock(), Slow(), [0]
    lease = Lease(30, clock)

    def progress() -> None:
        ends[0] += 1

    client = HeldClient(slow, lease, progress)
    first = asyncio.create_task(client.get("http://a.example/", limit=5))
    await asyncio.sleep(0.01)
    assert slow.asked == []
    lease.renew(clock.now)
    answer = Answer("http://a.example/", 200, (), b"", "192.0.2.1")
    slow.answers.put_nowait(answer)
    assert await asyncio.wait_for(first, 1) == answer
    assert ends == [1]
    slow.answers.put_nowait(FetchFailed("timed_out", "too slow", again=True))
    with pytest.raises(FetchFailed):
        await client.get("http://b.example/")
    assert ends == [2]
    clock.now += 30
    last = asyncio.create_task(client.get("http://c.example/"))
    await asyncio.sleep(0.01)
    assert slow.asked == ["http://a.example/", "http://b.example/"]
    last.cancel()
    await asyncio.gather(last, return_exceptions=True)
    assert ends == [2]  # it never began
