"""The shared log on a real broker: one order, one clock, whoever reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from shared.errors import TransientError
from shared.runtime.kafka_log import KafkaLog
from shared.runtime.ports import LogEntry
from shared.settings import RuntimeSettings
from shared.topics import Topic, Topology

pytestmark = pytest.mark.servers


@pytest.fixture
def topic(topics: Topology) -> Topic:
    return topics.topics["news.fingerprints"]


@pytest_asyncio.fixture
async def logs(runtime_settings: RuntimeSettings, topic: Topic) -> AsyncIterator[list[KafkaLog]]:
    """Two instances on one log."""
    logs = [KafkaLog(runtime_settings, topic) for _ in range(2)]
    for log in logs:
        await log.start()
    yield logs
    for log in logs:
        await log.stop()


async def collect(log: KafkaLog, count: int) -> list[LogEntry]:
    found: list[LogEntry] = []
    async with asyncio.timeout(60):
        async for entries in log.read():
            found.extend(entries)
            if len(found) >= count:
                break
    return found


def entries(count: int, name: str = "e") -> list[tuple[int, bytes, bytes]]:
    return [(n % 4, f"{name}{n}".encode(), b"value %d" % n) for n in range(count)]


def by_partition(found: list[LogEntry]) -> dict[int, list[tuple[int, bytes]]]:
    return {
        part: [(entry.offset, entry.key) for entry in found if entry.partition == part]
        for part in range(4)
    }


async def test_positions_are_where_the_entries_stand(logs: list[KafkaLog]) -> None:
    written = entries(40)
    positions = await logs[0].append(written)
    found = {(e.partition, e.offset): e for e in await collect(logs[1], 40)}
    assert [(found[at].key, found[at].value) for at in positions] == [
        (key, value) for _, key, value in written
    ]
    assert [part for part, _ in positions] == [part for part, _, _ in written]


async def test_it_is_read_from_the_beginning_in_order_by_whoever_comes_late(
    logs: list[KafkaLog], runtime_settings: RuntimeSettings, topic: Topic
) -> None:
    for start in range(5):
        await logs[start % 2].append(entries(20, f"batch{start}-"))
    late = KafkaLog(runtime_settings, topic)
    await late.start()
    found = by_partition(await collect(late, 100))
    for some in found.values():
        assert [offset for offset, _ in some] == list(range(25))
    await late.stop()


async def test_two_instances_that_write_at_once_see_the_same(logs: list[KafkaLog]) -> None:
    first, second = logs
    await asyncio.gather(
        *(first.append(entries(8, f"a{n}-")) for n in range(10)),
        *(second.append(entries(8, f"b{n}-")) for n in range(10)),
    )
    seen = await asyncio.gather(collect(first, 160), collect(second, 160))
    assert by_partition(seen[0]) == by_partition(seen[1])
    assert len({entry.key for entry in seen[0]}) == 160


async def test_a_reader_follows(logs: list[KafkaLog]) -> None:
    reading = asyncio.create_task(collect(logs[0], 2))
    await logs[1].append([(2, b"first", b"1")])
    await logs[1].append([(2, b"second", b"2")])
    assert [entry.key for entry in await reading] == [b"first", b"second"]


async def test_the_end_is_after_the_last_entry(logs: list[KafkaLog]) -> None:
    assert await logs[0].end() == {0: 0, 1: 0, 2: 0, 3: 0}
    await logs[1].append([(1, b"k", b"v"), (1, b"k", b"v"), (3, b"k", b"v")])
    assert await logs[0].end() == {0: 0, 1: 2, 2: 0, 3: 1}


async def test_time_is_the_broker_s_and_grows_with_the_offset(logs: list[KafkaLog]) -> None:
    for n in range(10):
        await logs[n % 2].append([(0, b"k", b"%d" % n)])
    found = await collect(logs[0], 10)
    times = [entry.timestamp_ms for entry in found]
    assert times == sorted(times)
    # Read again, by the other: the time is a fact of the entry and not of who reads it.
    assert [entry.timestamp_ms for entry in await collect(logs[1], 10)] == times


async def test_a_producer_s_own_time_counts_for_nothing(
    logs: list[KafkaLog], runtime_settings: RuntimeSettings, topic: Topic
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=runtime_settings.kafka_bootstrap)
    await producer.start()
    await producer.send_and_wait(topic.name, b"v", b"k", partition=0, timestamp_ms=1)
    await producer.stop()
    await logs[0].append([(0, b"k", b"v")])
    foreign, own = await collect(logs[1], 2)
    assert abs(own.timestamp_ms - foreign.timestamp_ms) < 3_600_000


async def test_without_a_broker_it_says_so(runtime_settings: RuntimeSettings, topic: Topic) -> None:
    settings = runtime_settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with pytest.raises(TransientError, match=r"news\.fingerprints"):
        await asyncio.wait_for(KafkaLog(settings, topic).start(), 60)
