"""Retry, batches, rejections and the watchdog: the runtime's small parts."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError, TransientError
from shared.events import Message
from shared.runtime.batcher import Batcher
from shared.runtime.rejected import (
    Rejection,
    read_rejection,
    rejection_key,
    rejection_message,
)
from shared.runtime.retry import RetryPolicy, retry
from shared.runtime.stage import Reject
from shared.runtime.watchdog import EXIT_STALLED, Watchdog
from shared.settings import RuntimeSettings
from shared.testing.clock import ManualClock

# -- retry


def test_the_ceiling_doubles_up_to_the_maximum() -> None:
    policy = RetryPolicy(attempts=10, initial=0.5, maximum=3.0)
    assert [policy.ceiling(n) for n in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert policy.ceiling(100_000) == 3.0


def test_the_policy_is_what_the_settings_say() -> None:
    settings = RuntimeSettings.model_validate(
        {"retry_attempts": 3, "retry_initial": 0.25, "retry_max": 9}
    )
    assert RetryPolicy.of(settings) == RetryPolicy(3, 0.25, 9.0)


async def test_waits_are_spread_by_full_jitter() -> None:
    clock = ManualClock()

    async def away() -> None:
        raise TransientError("away")

    for seed in range(50):
        with pytest.raises(TransientError):
            await retry(away, RetryPolicy(2, 1.0, 1.0), clock, what="x", jitter=random.Random(seed))
    assert min(clock.slept) < 0.2
    assert max(clock.slept) > 0.8
    assert max(clock.slept) <= 1.0


@pytest.mark.parametrize("error", [PermanentError("no"), ValueError("bug"), OSError("bug")])
async def test_other_errors_are_not_retried(error: Exception) -> None:
    calls = 0

    async def fail() -> None:
        nonlocal calls
        calls += 1
        raise error

    with pytest.raises(type(error)):
        await retry(fail, RetryPolicy(), ManualClock(), what="x")
    assert calls == 1


# -- batcher


class Handler:
    """Collects batches; may be held up, may fail."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None

    async def __call__(self, batch: list[int]) -> None:
        self.entered.set()
        await self.open.wait()
        if self.error:
            raise self.error
        self.batches.append(batch)


@asynccontextmanager
async def running(batcher: Batcher[int]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(batcher.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ValueError):
            await task


async def until(batcher: Batcher[int], pending: int) -> None:
    async with asyncio.timeout(10):
        while batcher.pending != pending:  # noqa: ASYNC110 - a number, no event
            await asyncio.sleep(0)


async def test_a_batch_is_closed_by_its_size() -> None:
    handler = Handler()
    batcher = Batcher(handler, size=3, seconds=3600)
    async with running(batcher):
        for n in range(6):
            await batcher.put(n)
        await until(batcher, 0)
    assert handler.batches == [[0, 1, 2], [3, 4, 5]]


async def test_a_batch_is_closed_by_its_age() -> None:
    handler = Handler()
    batcher = Batcher(handler, size=1000, seconds=0.01)
    async with running(batcher):
        await batcher.put(1)
        await until(batcher, 0)
    assert handler.batches == [[1]]


async def test_a_full_queue_holds_the_source_up_and_pending_counts_all() -> None:
    handler = Handler()
    handler.open.clear()
    batcher = Batcher(handler, size=2, seconds=3600)
    async with running(batcher):
        for n in range(4):
            await asyncio.wait_for(batcher.put(n), 10)
            if n == 1:
                await asyncio.wait_for(handler.entered.wait(), 10)
        assert batcher.pending == 4
        fifth = asyncio.create_task(batcher.put(4))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not fifth.done(), "one batch in work and one waiting is all that is held"
        handler.open.set()
        await asyncio.wait_for(fifth, 10)
    assert handler.batches[:2] == [[0, 1], [2, 3]]


async def test_the_handler_s_failure_surfaces_and_its_items_stay_pending() -> None:
    handler = Handler()
    handler.error = ValueError("a bug")
    batcher = Batcher(handler, size=2, seconds=3600)
    async with running(batcher) as task:
        await batcher.put(1)
        await batcher.put(2)
        with pytest.raises(ValueError, match="a bug"):
            await asyncio.wait_for(asyncio.shield(task), 10)
    assert batcher.pending == 2


# -- rejections

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.binary(max_size=50) | st.none(),
    st.lists(st.tuples(st.sampled_from(["ce_id", "a", "ü"]), st.binary(max_size=9)), max_size=4),
    texts,
    texts,
)
def test_a_rejection_keeps_bytes_headers_place_and_reason(
    value: bytes | None, headers: list[tuple[str, bytes]], detail: str, member: str
) -> None:
    message = Message(value, b"k", tuple(headers), "news.ingest", 3, 41)
    emit = rejection_message("fetcher", message, Reject("bad", detail, None, member), ManualClock())
    read = read_rejection(Message(emit.value, emit.key, emit.headers))
    assert read == Rejection(
        id=emit.key.decode(),
        stage="fetcher",
        reason="bad",
        detail=detail,
        place="news.ingest/3/41",
        member=member,
        time="2026-01-01T00:00:00.000Z",
        value=value or b"",
        headers=tuple(headers),
    )


def test_a_null_value_is_told_from_an_empty_one() -> None:
    def names(value: bytes | None) -> set[str]:
        emit = rejection_message("s", Message(value), Reject("bad"), ManualClock())
        return {name for name, _ in emit.headers}

    assert names(None) - names(b"") == {"rejected-null"}


def test_a_part_s_own_bytes_are_kept() -> None:
    reject = Reject("bad_line", "no JSON", b"{", "line 7")
    emit = rejection_message("fetcher", Message(b"whole"), reject, ManualClock())
    assert emit.value == b"{"
    assert dict(emit.headers)["rejected-part"] == b"part"


def test_words_of_any_length_stay_within_the_slack_of_the_topic() -> None:
    reject = Reject("bad", "é" * 100_000, None, "名" * 100_000)
    emit = rejection_message("s", Message(b""), reject, ManualClock())
    assert sum(len(name) + len(value) for name, value in emit.headers) < 30_000


IDENTIFIED = Message(b"v", b"k", (("ce_id", b"1"), ("ce_source", b"s")), "news.documents", 0, 5)


def test_the_key_is_the_same_when_a_message_was_written_twice() -> None:
    again = Message(b"v", b"k", IDENTIFIED.headers, "news.documents", 0, 9)
    assert rejection_key("cleaner", IDENTIFIED, Reject("bad")) == rejection_key(
        "cleaner", again, Reject("bad", "told in other words")
    )


@pytest.mark.parametrize(
    ("stage", "message", "reject"),
    [
        ("tagger", IDENTIFIED, Reject("bad")),
        ("cleaner", IDENTIFIED, Reject("other")),
        ("cleaner", IDENTIFIED, Reject("bad", member="line 2")),
        ("cleaner", Message(b"w", b"k", IDENTIFIED.headers), Reject("bad")),
        ("cleaner", Message(b"v", b"k", (("ce_id", b"2"),)), Reject("bad")),
    ],
)
def test_the_key_differs_with(stage: str, message: Message, reject: Reject) -> None:
    same = rejection_key("cleaner", IDENTIFIED, Reject("bad"))
    assert rejection_key(stage, message, reject) != same


def test_messages_without_an_id_are_known_by_their_place() -> None:
    first = Message(b"v", None, (), "news.ingest", 0, 1)
    again = Message(b"v", None, (), "news.ingest", 0, 1)
    other = Message(b"v", None, (), "news.ingest", 0, 2)
    key = rejection_key("fetcher", first, Reject("bad"))
    assert rejection_key("fetcher", again, Reject("bad")) == key
    assert rejection_key("fetcher", other, Reject("bad")) != key


# -- watchdog


class Watched:
    def __init__(self, stall_seconds: float = 60.0) -> None:
        self.clock = ManualClock()
        self.waiting = 0
        self.ended: list[int] = []
        self.dog = Watchdog(lambda: self.waiting, self.clock, stall_seconds, self.ended.append)


def test_work_without_progress_ends_the_process() -> None:
    watched = Watched()
    watched.waiting = 5
    watched.clock.advance(60)
    watched.dog.check()
    assert watched.ended == []
    watched.clock.advance(1)
    assert watched.dog.stalled_for == 61
    watched.dog.check()
    assert watched.ended == [EXIT_STALLED]


def test_progress_puts_the_end_off() -> None:
    watched = Watched()
    watched.waiting = 5
    for _ in range(10):
        watched.clock.advance(50)
        watched.dog.progress()
        watched.dog.check()
    assert watched.ended == []


def test_waiting_for_work_is_not_a_stall() -> None:
    watched = Watched()
    watched.clock.advance(100_000)
    assert watched.dog.stalled_for == 0
    watched.dog.check()
    watched.waiting = 1
    watched.clock.advance(30)
    watched.dog.check()
    assert watched.ended == [], "the time without work does not count"


def test_the_thread_watches_by_itself_and_stops() -> None:
    ended = threading.Event()
    clock = ManualClock()
    dog = Watchdog(lambda: 1, clock, 0.01, lambda code: ended.set())
    dog.start()
    clock.advance(1)
    assert ended.wait(10)
    dog.stop()
    assert not any(thread.name == "watchdog" for thread in threading.enumerate())


async def test_a_batch_ends_when_it_is_heavy_and_a_heavy_queue_holds_back() -> None:
    seen: list[list[int]] = []
    go_on = asyncio.Event()

    async def handler(batch: list[int]) -> None:
        seen.append(batch)
        await go_on.wait()

    batcher = Batcher(handler, size=100, seconds=0.05, weigh=lambda item: item, max_weight=10)
    running = asyncio.create_task(batcher.run())
    for item in (4, 4, 4, 4, 4):
        await batcher.put(item)
    await asyncio.sleep(0.1)
    assert seen == [[4, 4, 4]], "the third makes it heavy"
    await batcher.put(4)
    blocked = asyncio.create_task(batcher.put(1))
    await asyncio.sleep(0.1)
    assert not blocked.done(), "three of four wait: no room"
    go_on.set()
    await asyncio.wait_for(blocked, 5)
    await asyncio.sleep(0.2)
    assert [item for batch in seen for item in batch] == [4] * 6 + [1]
    assert batcher.pending == 0
    running.cancel()
