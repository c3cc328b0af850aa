"""The broker in a file: durable, one process at a time, whole batches or none."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.errors import MessageTooLarge, StoreError
from shared.events import Message
from shared.runtime.local_broker import BrokerPublisher, SqliteBroker
from shared.runtime.local_driver import LocalDriver
from shared.runtime.local_log import BrokerLog
from shared.runtime.rejected import RejectionCaps, read_rejection
from shared.runtime.retry import RetryPolicy
from shared.runtime.runner import Runner
from shared.runtime.stage import Drop, Emit, Outcomes, TransformStage
from shared.testing.clock import ManualClock
from shared.topics import Topic
from tests.shared_data import ROOT

IN = Topic("in", 1, 100_000, 60_000)
OUT = Topic("out", 1, 100_000, 60_000)
KEPT = Topic("kept", 4, 100_000, 60_000)


def emits(*values: bytes) -> list[Emit]:
    return [Emit(value, b"k%d" % n, (("n", b"\xff%d" % n),)) for n, value in enumerate(values)]


def open_broker(path: Path, clock: Callable[[], float] = lambda: 1000.0) -> SqliteBroker:
    return SqliteBroker(path, keep=frozenset({"kept"}), clock=clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "store.db"


@pytest.fixture
def broker(path: Path) -> Iterator[SqliteBroker]:
    broker = open_broker(path)
    yield broker
    broker.close()


def test_records_and_offsets_survive_reopening(path: Path) -> None:
    broker = open_broker(path)
    assert broker.append(IN, emits(b"a", b"", b"\x00\xff")) == [0, 1, 2]
    broker.commit(IN, 1)
    broker.close()
    broker = open_broker(path)
    assert broker.committed(IN) == 1
    assert broker.end(IN) == 3
    assert broker.append(IN, emits(b"d")) == [3]
    assert broker.read(IN, 1, 2) == [
        Message(b"", b"k1", (("n", b"\xff1"),), "in", 0, 1, 1_000_000),
        Message(b"\x00\xff", b"k2", (("n", b"\xff2"),), "in", 0, 2, 1_000_000),
    ]
    broker.close()


def test_what_is_committed_is_deleted_unless_its_topic_is_kept(broker: SqliteBroker) -> None:
    for topic in (IN, KEPT):
        broker.append(topic, emits(b"a", b"b", b"c"))
        broker.commit(topic, 2)
    assert [m.value for m in broker.read(IN, 0, 10)] == [b"c"]
    assert [m.value for m in broker.read(KEPT, 0, 10)] == [b"a", b"b", b"c"]
    broker.commit(IN, 3)
    assert broker.append(IN, emits(b"d")) == [3], "positions are never used again"


def test_trimming_deletes_what_is_older_than_the_retention(path: Path) -> None:
    now = 1000.0
    broker = open_broker(path, lambda: now)
    broker.append(KEPT, emits(b"old"))
    now += 50
    broker.append(KEPT, emits(b"young"))
    now += 11  # the first is 61 s old, the retention 60
    broker.trim(KEPT)
    assert [m.value for m in broker.read(KEPT, 0, 10)] == [b"young"]
    broker.close()


def test_a_second_opener_is_told_what_to_do(path: Path, broker: SqliteBroker) -> None:
    with pytest.raises(StoreError, match=r"store\.db is in use by another .*wait for it, or end"):
        open_broker(path)
    broker.append(IN, emits(b"still works"))


def test_closing_gives_the_lock_back(path: Path) -> None:
    open_broker(path).close()
    open_broker(path).close()


def test_a_file_that_is_no_store_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"these are my notes, not a database" * 100)
    for _ in range(2):  # the lock was given back
        with pytest.raises(StoreError, match=r"notes\.txt: file is not a database"):
            open_broker(path)
    assert path.read_bytes() == b"these are my notes, not a database" * 100


def test_a_folder_in_the_store_s_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    with pytest.raises(StoreError, match=r"store\.db"):
        open_broker(tmp_path / "store.db")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        open_broker(tmp_path / "file" / "store.db")


@pytest.mark.parametrize("version", ["1", "3", "x"])
def test_another_version_is_refused(path: Path, version: str) -> None:
    broker = open_broker(path)
    broker.connection.execute("UPDATE broker_meta SET value = ?", (version,))
    broker.close()
    for _ in range(2):
        with pytest.raises(StoreError, match=f"is of store version {version}, not 2"):
            open_broker(path)


def test_damage_that_shows_while_working_is_a_store_error(broker: SqliteBroker) -> None:
    broker.connection.execute("DROP TABLE broker_records")
    broker.connection.execute("DROP TABLE broker_ends")
    broker.connection.execute("DROP TABLE broker_offsets")
    attempts: list[Callable[[], object]] = [
        lambda: broker.read(IN, 0, 1),
        lambda: broker.append(IN, emits(b"a")),
        lambda: broker.commit(IN, 1),
        lambda: broker.committed(IN),
        lambda: broker.end(IN),
        lambda: broker.trim(IN),
    ]
    for attempt in attempts:
        with pytest.raises(StoreError, match="in: no such table"):
            attempt()


def fill_up(broker: SqliteBroker) -> None:
    """Let the database grow by hardly anything more: what a full disk is to SQLite."""
    (pages,) = broker.connection.execute("PRAGMA page_count").fetchone()
    broker.connection.execute(f"PRAGMA max_page_count = {pages + 2}")


def test_on_a_full_disk_nothing_is_half_written(path: Path) -> None:
    broker = open_broker(path)
    broker.append(IN, emits(b"before"))
    fill_up(broker)
    with pytest.raises(StoreError, match="in: database or disk is full"):
        broker.append(IN, emits(*(os.urandom(4000) for _ in range(50))))
    assert broker.end(IN) == 1
    assert [m.value for m in broker.read(IN, 0, 100)] == [b"before"]
    broker.connection.execute("PRAGMA max_page_count = 100000")
    assert broker.append(IN, emits(b"after")) == [1], "it goes on when there is room"
    broker.close()


# -- the driver on it


def driver(
    broker: SqliteBroker, transform: Callable[[Message], Outcomes], wake: asyncio.Event
) -> LocalDriver:
    runner = Runner(
        stage=TransformStage("s", transform),
        outputs=BrokerPublisher(broker, OUT),
        rejected=BrokerPublisher(broker, KEPT),
        clock=ManualClock(),
        policy=RetryPolicy(),
        caps=RejectionCaps(1000, 1, 1000),
    )
    return LocalDriver(runner, broker, IN, wake=wake, batch_size=10)


def copy(message: Message) -> Outcomes:
    return [Emit((message.value or b"") * 100, message.key or b"")]


async def test_the_driver_works_off_what_waits_and_what_comes(broker: SqliteBroker) -> None:
    broker.append(IN, emits(*[b"%d" % n for n in range(25)]))
    wake, stop = asyncio.Event(), asyncio.Event()
    local = driver(broker, copy, wake)
    assert local.lag() == 25
    task = asyncio.create_task(local.run(stop))
    async with asyncio.timeout(20):
        while local.lag():  # noqa: ASYNC110 - a number, no event
            await asyncio.sleep(0)
        broker.append(IN, emits(b"later"))
        wake.set()
        while local.lag():  # noqa: ASYNC110 - a number, no event
            await asyncio.sleep(0)
        stop.set()
        await task
    assert broker.end(OUT) == 26
    assert broker.read(IN, 0, 10) == []


async def test_a_full_disk_ends_the_driver_and_the_messages_stay(broker: SqliteBroker) -> None:
    broker.append(IN, emits(*[b"0123456789" * 4] * 20))
    fill_up(broker)

    def grow(message: Message) -> Outcomes:
        return [Emit(os.urandom(4000), message.key or b"")]

    local = driver(broker, grow, asyncio.Event())
    with pytest.raises(StoreError, match="full"):
        await asyncio.wait_for(local.run(asyncio.Event()), 20)
    assert local.lag() == 20
    assert broker.end(OUT) == 0
    broker.connection.execute("PRAGMA max_page_count = 100000")
    while await local.step():
        pass
    assert (local.lag(), broker.end(OUT)) == (0, 20)


async def test_a_bug_ends_the_driver_and_the_batch_stays(broker: SqliteBroker) -> None:
    def bug(message: Message) -> Outcomes:
        raise ZeroDivisionError

    broker.append(IN, emits(b"a"))
    local = driver(broker, bug, asyncio.Event())
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(local.run(asyncio.Event()), 20)
    assert local.lag() == 1


async def test_a_record_too_large_for_its_topic_is_refused(broker: SqliteBroker) -> None:
    publisher = BrokerPublisher(broker, IN)
    large = Emit(b"x" * IN.max_record, b"k")
    over = Emit(b"x" * IN.max_record, b"k", (("h", b""),))
    answers = await publisher.publish([large, over])
    assert answers[0] is None
    assert isinstance(answers[1], MessageTooLarge)
    assert broker.end(IN) == 1


async def test_a_drop_is_committed_too(broker: SqliteBroker) -> None:
    broker.append(IN, emits(b"a"))
    local = driver(broker, lambda message: [Drop("x")], asyncio.Event())
    assert await local.step()
    assert not await local.step()
    assert local.lag() == 0


# -- the shared log on it


async def test_the_log_is_read_from_its_beginning_and_follows(path: Path) -> None:
    broker = open_broker(path)
    log = BrokerLog(broker, KEPT)
    assert await log.append([(1, b"a", b"1"), (3, b"b", b"2")]) == [(1, 0), (3, 1)]
    broker.close()
    broker = open_broker(path)
    log = BrokerLog(broker, KEPT)
    assert await log.end() == {0: 0, 1: 1, 2: 0, 3: 2}
    reader = log.read()
    async with asyncio.timeout(20):
        first = await anext(reader)
        assert [(e.partition, e.offset, e.key, e.value) for e in first] == [
            (1, 0, b"a", b"1"),
            (3, 1, b"b", b"2"),
        ]
        assert {e.timestamp_ms for e in first} == {1_000_000}
        following = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0)
        assert await log.append([(1, b"c", b"3")]) == [(1, 2)]
        assert [(e.partition, e.offset) for e in await following] == [(1, 2)]
    broker.close()


# -- kill -9

APPENDING = """
import sys
from pathlib import Path
from shared.runtime.local_broker import SqliteBroker
from shared.runtime.stage import Emit
from shared.topics import Topic
broker = SqliteBroker(Path(sys.argv[1]), keep=frozenset())
topic = Topic("in", 1, 100_000, 60_000)
while True:
    positions = broker.append(topic, [Emit(b"x" * 3000, b"k")] * 20)
    print(positions[-1], flush=True)
"""


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_a_process_killed_in_mid_append_leaves_whole_batches(path: Path, lines: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", APPENDING, str(path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout:
        told = [int(process.stdout.readline()) for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        process.wait()
    broker = open_broker(path)  # the lock went with the process
    end = broker.end(IN)
    assert end > told[-1], "what was acknowledged is there"
    assert end % 20 == 0, "a batch is whole or absent"
    assert [m.offset for m in broker.read(IN, 0, 1_000_000)] == list(range(end))
    assert broker.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    broker.close()


def test_readers_of_the_file_are_not_shut_out(path: Path, broker: SqliteBroker) -> None:
    broker.append(IN, emits(b"a"))
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        assert reader.execute("SELECT count(*) FROM broker_records").fetchone() == (1,)
    finally:
        reader.close()


async def test_a_rejection_can_be_read_back(broker: SqliteBroker) -> None:
    broker.append(IN, emits(b"\xff\x00bytes"))
    large = driver(broker, lambda m: [Emit(b"y" * 200_000, b"k")], asyncio.Event())
    assert await large.step()
    (rejection,) = [read_rejection(m) for m in broker.read(KEPT, 0, 10)]
    assert (rejection.value, rejection.reason) == (b"\xff\x00bytes", "message_too_large")
    assert rejection.headers == (("n", b"\xff0"),)


def test_a_transaction_is_undone_as_a_whole_and_damage_is_told(path: Path) -> None:
    broker = open_broker(path)

    def fails() -> None:
        with broker.transaction():
            broker.append(IN, emits(b"x"))
            raise ZeroDivisionError

    try:
        with pytest.raises(ZeroDivisionError):
            fails()
        assert broker.end(IN) == 0
        broker.append(IN, emits(b"y"))
        broker.connection.execute("UPDATE broker_records SET value = x'00'")
        with pytest.raises(StoreError, match="damaged"):
            broker.read(IN, 0, 1)
    finally:
        broker.close()


def test_large_records_are_read_a_few_at_a_time(broker: SqliteBroker) -> None:
    broker.append(IN, emits(*[b"x" * 9_000_000] * 6))
    assert [m.offset for m in broker.read(IN, 0, 100)] == [0, 1, 2]
    assert [m.offset for m in broker.read(IN, 3, 100)] == [3, 4, 5]
