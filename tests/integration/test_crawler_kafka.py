"""The crawler's state, outputs and partitions on a real broker."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from services.cli.cluster.servers import Kafka
from services.crawler.kafka_driver import CrawlerDriver
from services.crawler.kafka_store import KafkaStateStore
from services.crawler.lease import Lease
from services.crawler.outputs import KafkaOutputs
from shared.errors import ClusterError, MessageTooLarge, RejectionCapReached, TransientError
from shared.fetching import FetchRequest, partition_of
from shared.runtime.clock import SystemClock
from shared.runtime.driver import group_id
from shared.runtime.rejected import read_rejection
from shared.runtime.stage import Emit, Reject
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings
from shared.topics import Topology, Wiring, topology
from tests.kafka import read_topic, uncommitted
from tests.servers import delete_topics

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest_asyncio.fixture
async def settings(kafka: Kafka) -> AsyncIterator[RuntimeSettings]:
    """Settings for topics of the test's own."""
    namespace = f"t{secrets.token_hex(4)}"
    await ensure_topics(kafka.bootstrap, topology(namespace))
    yield RuntimeSettings(namespace=namespace, kafka_bootstrap=kafka.bootstrap)
    await delete_topics(kafka.bootstrap, topology(namespace))


@pytest.fixture
def topics(settings: RuntimeSettings) -> Topology:
    return topology(settings.namespace)


@pytest.fixture
def wiring(topics: Topology) -> Wiring:
    return topics.services["crawler"]


@pytest_asyncio.fixture
async def store(settings: RuntimeSettings, wiring: Wiring) -> AsyncIterator[KafkaStateStore]:
    assert wiring.log is not None
    store = KafkaStateStore(settings, wiring.log)
    await store.start()
    yield store
    await store.stop()


@pytest_asyncio.fixture
async def outputs(settings: RuntimeSettings, wiring: Wiring) -> AsyncIterator[KafkaOutputs]:
    outputs = KafkaOutputs(settings, wiring)
    await outputs.start()
    yield outputs
    await outputs.stop()


async def state(store: KafkaStateStore, partition: int) -> list[tuple[bytes, bytes]]:
    return sorted([pair async for piece in store.load(partition) for pair in piece])


async def test_each_key_comes_once_with_its_newest_value(store: KafkaStateStore) -> None:
    assert await state(store, 0) == []
    await store.write(0, [(b"a", b"1"), (b"b", b"1"), (b"c", b"1"), (b"a", b"2")])
    await store.write(1, [(b"a", b"elsewhere")])
    await store.write(0, [(b"b", None), (b"c", b"2"), (b"c", None), (b"c", b"3")])
    assert await state(store, 0) == [(b"a", b"2"), (b"c", b"3")]
    assert await state(store, 1) == [(b"a", b"elsewhere")]
    await store.write(0, [(b"a", None), (b"c", None)])
    assert await state(store, 0) == []


async def test_of_many_writers_at_once_the_last_one_counts(store: KafkaStateStore) -> None:
    await asyncio.gather(
        *(store.write(3, [(b"k%d" % (n % 5), b"%d" % n)]) for n in range(500)),
        *(store.write(4, [(b"other", b"%d" % n)]) for n in range(50)),
    )
    assert await state(store, 3) == [(b"k%d" % n, b"%d" % (495 + n)) for n in range(5)]
    assert await state(store, 4) == [(b"other", b"49")]


async def test_a_state_too_large_names_its_key_and_harms_no_other(store: KafkaStateStore) -> None:
    with pytest.raises(MessageTooLarge, match=r"b'big' has 5000000 bytes; .*news\.frontier takes"):
        await store.write(0, [(b"good", b"1"), (b"big", bytes(5_000_000))])
    await store.write(0, [(b"good", b"2")])
    assert await state(store, 0) == [(b"good", b"2")]


async def test_a_state_of_many_keys_comes_in_pieces(store: KafkaStateStore) -> None:
    pairs = [(b"%06d" % n, b"x" * 2_000) for n in range(5_000)]
    for start in range(0, len(pairs), 500):
        await store.write(2, pairs[start : start + 500])
    sizes = [len(piece) async for piece in store.load(2)]
    assert len(sizes) > 1
    assert sum(sizes) == 5_000
    assert await state(store, 2) == pairs


async def test_a_write_that_was_given_up_is_not_undone_by_an_older_one(
    store: KafkaStateStore,
) -> None:
    first = asyncio.create_task(store.write(0, [(b"k", b"old")]))
    await asyncio.sleep(0)
    first.cancel()
    await store.write(0, [(b"k", b"new")])
    assert await state(store, 0) == [(b"k", b"new")]


async def test_without_a_broker_it_says_so(settings: RuntimeSettings, wiring: Wiring) -> None:
    assert wiring.log is not None
    nowhere = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1", "retry_attempts": 1})
    store = KafkaStateStore(nowhere, wiring.log)
    with pytest.raises(TransientError, match=r"news\.frontier/5 at 127\.0\.0\.1:1"):
        await state(store, 5)
    with pytest.raises(TransientError, match="no broker at 127"):
        await store.write(5, [(b"k", b"v")])
    await store.stop()


def _request(url: str) -> Emit:
    request = FetchRequest(url=url)
    return Emit(request.encode(), request.host.encode())


async def test_a_hosts_requests_go_where_every_producer_puts_its_key(
    outputs: KafkaOutputs, settings: RuntimeSettings, wiring: Wiring
) -> None:
    urls = [f"http://host{n}.example/" for n in range(100)] + ["http://[::1]:81/", "http://ü.de/"]
    await outputs.request([_request(url) for url in urls])
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    await producer.start()
    for url in urls:
        emit = _request(url)
        await producer.send(wiring.reads.name, emit.value, emit.key)
    await producer.stop()
    messages = await read_topic(settings.kafka_bootstrap, wiring.reads)
    assert len(messages) == 2 * len(urls)
    for message in messages:
        host = FetchRequest.read(message.value).host
        assert message.key == host.encode()
        assert message.partition == partition_of(host, wiring.reads.partitions)
    assert len({message.partition for message in messages}) == wiring.reads.partitions


async def test_what_a_topic_does_not_take_is_told_and_the_rest_arrives(
    outputs: KafkaOutputs, settings: RuntimeSettings, wiring: Wiring, topics: Topology
) -> None:
    assert wiring.writes is not None
    headers = (("ce_url", b"http://a.example/"),)
    large = Emit(secrets.token_bytes(17_000_000), b"large", headers)
    results = await outputs.deliver([Emit(b"one", b"1", headers), large, Emit(b"two", b"2")])
    assert [result and result.reason for result in results] == [None, "message_too_large", None]
    found = await read_topic(settings.kafka_bootstrap, wiring.writes)
    assert sorted(message.value or b"" for message in found) == [b"one", b"two"]

    long = FetchRequest(url="http://a.example/", redirects=["http://a.example/" + "x" * 2_000_000])
    await outputs.request([Emit(long.encode(), b"a.example"), _request("http://b.example/")])
    (left,) = await read_topic(settings.kafka_bootstrap, wiring.reads)
    assert left.key == b"b.example"
    (refused,) = map(read_rejection, await read_topic(settings.kafka_bootstrap, topics.rejected))
    assert (refused.stage, refused.reason) == ("crawler", "message_too_large")
    assert refused.value == long.encode()


async def test_refusals_look_like_all_rejections(
    outputs: KafkaOutputs, settings: RuntimeSettings, topics: Topology
) -> None:
    reject = Reject("http_404", "the page is not there")
    gone, other = _request("http://a.example/gone"), _request("http://a.example/other")
    await outputs.refuse([(gone, reject), (other, reject)])
    later = dataclasses.replace(gone, headers=(("ce_time", b"2026-01-01T00:00:00Z"),))
    await outputs.refuse([(later, reject)])
    read = [read_rejection(m) for m in await read_topic(settings.kafka_bootstrap, topics.rejected)]
    assert {(r.stage, r.reason, r.detail) for r in read} == {
        ("crawler", "http_404", "the page is not there")
    }
    # The same refusal has the same id, another one another.
    assert len(read) == 3
    assert len({r.id for r in read}) == 2
    assert {r.value for r in read} == {gone.value, other.value}
    name = topics.services["crawler"].reads.name
    assert {r.place for r in read} == {f"{name}/{partition_of('a.example', 8)}/-1"}


class Recorder:
    """In the crawler's place: notes what it is given, and checks that it is given what it owns."""

    def __init__(self) -> None:
        self.owned: set[int] = set()
        self.taken: list[tuple[int, str]] = []
        self.is_full = False
        self.on_assign: Callable[[int], Awaitable[None]] | None = None
        self.on_revoke: Callable[[int], Awaitable[None]] | None = None

    async def assign(self, partition: int) -> None:
        assert partition not in self.owned
        if self.on_assign is not None:
            await self.on_assign(partition)
        self.owned.add(partition)

    async def revoke(self, partition: int) -> None:
        if self.on_revoke is not None:
            await self.on_revoke(partition)
        self.owned.remove(partition)

    async def take(self, partition: int, requests: Sequence[FetchRequest]) -> None:
        assert partition in self.owned
        self.taken.extend((partition, request.url) for request in requests)

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()

    def full(self) -> bool:
        return self.is_full


@asynccontextmanager
async def driving(
    crawler: Recorder, settings: RuntimeSettings, wiring: Wiring, **options: object
) -> AsyncIterator[tuple[CrawlerDriver, asyncio.Task[None]]]:
    """A driver at work; whatever ended it is raised."""
    settings = settings.model_copy(update={"kafka_session_timeout": 6.0})
    outputs = KafkaOutputs(settings, wiring)
    lease = Lease(settings.kafka_session_timeout, SystemClock())
    driver = CrawlerDriver(crawler, outputs, lease, wiring, settings, **options)  # type: ignore[arg-type]
    stop = asyncio.Event()
    task = asyncio.create_task(driver.run(stop))
    try:
        yield driver, task
    finally:
        stop.set()
        await asyncio.gather(task, outputs.stop(), return_exceptions=True)
    task.result()


async def until(done: Callable[[], bool], *tasks: asyncio.Task[None]) -> None:
    """Wait for it; a task that ends meanwhile raises what ended it."""
    async with asyncio.timeout(60):
        while not done():
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.05)


async def test_requests_reach_the_owner_of_their_host_however_they_are_keyed(
    settings: RuntimeSettings, wiring: Wiring, topics: Topology
) -> None:
    urls = [f"http://host{n}.example/" for n in range(40)]
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    await producer.start()
    name = wiring.reads.name
    for n, url in enumerate(urls):
        # As kcat does: no key, or partitions chosen in another way; a URL alone, or JSON.
        value = url.encode() if n % 2 else FetchRequest(url=url, source="s").encode()
        await producer.send(name, value, f"host{n}.example".encode(), partition=n % 8)
    await producer.send(name, b"", None)
    await producer.send(name, b"ftp://a.example/", None, headers=[("ce_id", b"x")])
    await producer.send(name, b'{"url": 1}', b"k")
    await producer.send(name, None, b"k")
    await producer.stop()
    crawler = Recorder()
    async with driving(crawler, settings, wiring) as (driver, task):
        await until(lambda: len(crawler.taken) == len(urls), task)
        assert driver.owned() == list(range(8))
        await until(lambda: driver.lag() == 0, task)
    assert crawler.owned == set()
    assert sorted(crawler.taken) == sorted(
        (partition_of(url[7:-1], wiring.reads.partitions), url) for url in urls
    )
    rejections = [
        read_rejection(m) for m in await read_topic(settings.kafka_bootstrap, topics.rejected)
    ]
    assert sorted((r.stage, r.reason, r.value) for r in rejections) == [
        ("crawler", "invalid_message", b'{"url": 1}'),
        ("crawler", "invalid_url", b""),
        ("crawler", "invalid_url", b""),
        ("crawler", "invalid_url", b"ftp://a.example/"),
    ]
    group = group_id("crawler", settings.namespace)
    assert await uncommitted(settings.kafka_bootstrap, wiring.reads, group) == 0


async def test_while_it_is_full_nothing_is_taken(
    settings: RuntimeSettings, wiring: Wiring, outputs: KafkaOutputs
) -> None:
    crawler = Recorder()
    crawler.is_full = True
    async with driving(crawler, settings, wiring) as (driver, task):
        await until(lambda: len(driver.owned()) == 8, task)
        await outputs.request([_request(f"http://host{n}.example/") for n in range(20)])
        await asyncio.sleep(2)
        assert crawler.taken == []
        assert driver.lag() == 0  # it is not what the watchdog should wait for
        crawler.is_full = False
        await until(lambda: len(crawler.taken) == 20, task)


async def test_a_partition_has_one_owner_whatever_comes_and_goes(
    settings: RuntimeSettings, wiring: Wiring, outputs: KafkaOutputs
) -> None:
    first, second = Recorder(), Recorder()

    def alone(other: Recorder) -> Callable[[int], Awaitable[None]]:
        async def check(partition: int) -> None:
            assert partition not in other.owned
            await asyncio.sleep(0.05)

        return check

    first.on_assign, second.on_assign = alone(second), alone(first)
    urls = [f"http://host{n}.example/" for n in range(200)]
    async with driving(first, settings, wiring) as (_, one):
        await until(lambda: len(first.owned) == 8, one)
        await outputs.request([_request(url) for url in urls[:100]])
        async with driving(second, settings, wiring) as (_, two):
            await until(lambda: len(first.owned) == len(second.owned) == 4, one, two)
            await outputs.request([_request(url) for url in urls[100:]])
            await until(lambda: len(second.taken) > 10, one, two)
        assert second.owned == set()
        await until(lambda: len(first.owned) == 8, one)
        await until(lambda: {url for _, url in first.taken + second.taken} == set(urls), one)


async def test_what_cannot_let_go_in_time_ends_the_process(
    settings: RuntimeSettings, wiring: Wiring
) -> None:
    async def broken(_: int) -> None:
        raise ZeroDivisionError

    first, second = Recorder(), Recorder()
    first.on_revoke = broken
    failed: list[BaseException] = []

    async def scene() -> None:
        async with driving(first, settings, wiring, fail=failed.append) as (_, one):
            await until(lambda: len(first.owned) == 8, one)
            async with driving(second, settings, wiring) as (_, two):
                await until(lambda: bool(failed), one, two)
            one.cancel()

    with pytest.raises((asyncio.CancelledError, AssertionError)):  # it went on, unlike a process
        await scene()
    assert [type(error) for error in failed] == [ZeroDivisionError]


async def test_a_topic_of_another_size_is_refused(
    settings: RuntimeSettings, wiring: Wiring
) -> None:
    other = dataclasses.replace(wiring, reads=dataclasses.replace(wiring.reads, partitions=12))
    with pytest.raises(ClusterError, match=r"news\.fetch has 8 partitions, 12 in topics\.yml"):
        async with driving(Recorder(), settings, other) as (driver, task):
            await until(lambda: bool(driver.owned()), task)


async def test_a_topic_of_rubbish_stops_the_crawler_before_it_is_emptied(
    settings: RuntimeSettings, wiring: Wiring, topics: Topology
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    await producer.start()
    for n in range(300):
        await producer.send(wiring.reads.name, b"{%d" % n, b"k")
    await producer.stop()
    with pytest.raises(RejectionCapReached, match="200 messages were refused in a row"):
        async with driving(Recorder(), settings, wiring) as (_, task):
            await until(task.done, task)
    refused = await read_topic(settings.kafka_bootstrap, topics.rejected)
    assert len(refused) < 200
