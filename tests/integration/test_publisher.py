"""The Kafka publisher on a real broker: every message is acknowledged, or told why not."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.cli.cluster.servers import Kafka
from shared.errors import MessageTooLarge, TransientError
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.stage import Emit
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings
from shared.topics import Topic, Topology, topology

EARLY = os.urandom(300_000)
pytestmark = pytest.mark.servers


async def records(settings: RuntimeSettings, topic: Topic) -> list[bytes]:
    """The values of a topic, in order of partition and offset."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, max_partition_fetch_bytes=32 * 1024 * 1024
    )
    await consumer.start()
    try:
        parts = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        found: dict[TopicPartition, list[bytes]] = {part: [] for part in parts}
        async with asyncio.timeout(60):
            while sum(map(len, found.values())) < sum(ends.values()):
                for part, some in (await consumer.getmany(timeout_ms=200)).items():
                    found[part].extend(record.value for record in some)
        return [value for part in parts for value in found[part]]
    finally:
        await consumer.stop()


async def limit(settings: RuntimeSettings, topic: Topic, size: int) -> None:
    """Let the broker take less than the topology says."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        config = {**topic.config(), "max.message.bytes": str(size)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, config)])
    finally:
        await admin.close()


def good(count: int, key: bytes = b"k") -> list[Emit]:
    return [Emit(b"good %d" % n, key, (("h", b"\xff"),)) for n in range(count)]


async def test_all_are_acknowledged_and_stand_in_order(
    runtime_settings: RuntimeSettings, topics: Topology
) -> None:
    topic = topics.topics["news.articles"]
    publisher = KafkaPublisher(runtime_settings, topic)
    assert await publisher.publish(good(500)) == [None] * 500
    assert await publisher.publish([]) == []
    # Before the publisher stops: acknowledged means written.
    assert await records(runtime_settings, topic) == [m.value for m in good(500)]
    await publisher.stop()


async def test_too_large_for_the_client_beside_good_ones(
    runtime_settings: RuntimeSettings, topics: Topology
) -> None:
    topic = topics.topics["news.articles"]
    publisher = KafkaPublisher(runtime_settings, topic)
    large = Emit(b"x" * (topic.max_record + 1), b"k")
    first, *others = await publisher.publish([large, *good(3)])
    assert isinstance(first, MessageTooLarge)
    assert str(topic.max_record) in str(first)
    assert others == [None, None, None]
    assert await records(runtime_settings, topic) == [b"good 0", b"good 1", b"good 2"]
    await publisher.stop()


async def test_too_large_for_the_broker_beside_good_ones(
    runtime_settings: RuntimeSettings, topics: Topology
) -> None:
    topic = topics.topics["news.articles"]
    await limit(runtime_settings, topic, 100_000)
    publisher = KafkaPublisher(runtime_settings, topic)
    async with asyncio.timeout(60):  # until the broker has heard of it
        while await publisher.publish([Emit(EARLY, b"early")]) == [None]:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.1)
    large = Emit(os.urandom(200_000), b"k")
    messages = [*good(3), large, *good(3), large, *good(2)]
    results = await publisher.publish(messages)
    assert [type(result) for result in results] == [
        MessageTooLarge if message is large else type(None) for message in messages
    ]
    # A retry may repeat some; none of the good ones is missing and no large one is there.
    assert set(await records(runtime_settings, topic)) - {EARLY} == {m.value for m in good(3)}
    assert await publisher.publish(good(2)) == [None, None], "the producer is fit for more"
    await publisher.stop()


async def test_what_cannot_be_compressed_fits_every_topic_up_to_its_limit(
    runtime_settings: RuntimeSettings, topics: Topology
) -> None:
    for topic in topics.topics.values():
        publisher = KafkaPublisher(runtime_settings, topic)
        headers = (("ce_id", b"i" * 26), ("reason", b"r" * 4000))
        # What a record holds beside its value: lengths, key, headers.
        overhead = 26 + sum(len(name) + len(value) for name, value in headers) + 128
        value = os.urandom(topic.max_record - overhead)
        assert await publisher.publish([Emit(value, b"k" * 26, headers)]) == [None], topic.name
        assert await records(runtime_settings, topic) == [value], topic.name
        await publisher.stop()


@pytest.fixture
def own_kafka(kafka: Kafka) -> Iterator[Kafka]:
    """A broker that a test may stop; it shares nothing but the installation."""
    folder = Path(tempfile.mkdtemp(prefix="wireroom-own-kafka-"))
    folder.chmod(0o711)  # the broker may run as another user, which passes through
    server = Kafka(folder, heap_mb=256)
    server.install()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(240)
async def test_a_broker_away_is_transient_and_the_producer_recovers(own_kafka: Kafka) -> None:
    settings = RuntimeSettings.model_validate(
        {"namespace": "own", "kafka_bootstrap": own_kafka.bootstrap}
    )
    topics = topology("own")
    await ensure_topics(own_kafka.bootstrap, topics)
    topic = topics.topics["news.articles"]
    publisher = KafkaPublisher(settings, topic)
    assert await publisher.publish(good(2)) == [None, None]
    tasks = asyncio.all_tasks()
    await asyncio.to_thread(own_kafka.kill)
    for _ in range(2):  # with the producer that was connected, then with none
        with pytest.raises(TransientError):
            await asyncio.wait_for(publisher.publish(good(2)), 120)
    left = {task for task in asyncio.all_tasks() - tasks if not task.done()}
    assert left == set(), "the producer that was given up leaves nothing behind"
    await asyncio.to_thread(own_kafka.start)
    async with asyncio.timeout(60):
        while True:
            try:
                assert await publisher.publish([Emit(b"after", b"k")]) == [None]
                break
            except TransientError:
                await asyncio.sleep(0.5)
    assert set(await records(settings, topic)) >= {b"good 0", b"good 1", b"after"}
    await publisher.stop()
