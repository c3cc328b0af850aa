"""Messages of a real topic read a second time, by their place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.cli.cluster.servers import Kafka
from shared.errors import TransientError
from shared.runtime.kafka_recall import KafkaRecall
from shared.settings import RuntimeSettings
from shared.topics import Topic, Topology

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


@pytest.fixture
def topic(topics: Topology) -> Topic:
    return topics.services["deduplicator"].reads


@pytest_asyncio.fixture
async def recall(runtime_settings: RuntimeSettings, topic: Topic) -> AsyncIterator[KafkaRecall]:
    recall = KafkaRecall(runtime_settings, topic)
    yield recall
    await recall.stop()


async def produce(settings: RuntimeSettings, topic: Topic, partition: int, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    await producer.start()
    for number in range(count):
        await producer.send_and_wait(
            topic.name,
            b"value %d/%d" % (partition, number),
            b"key",
            partition=partition,
            headers=[("ce_id", b"%d" % number)],
        )
    await producer.stop()


async def test_messages_are_read_where_they_stand(
    runtime_settings: RuntimeSettings, topic: Topic, recall: KafkaRecall
) -> None:
    await produce(runtime_settings, topic, 0, 5)
    await produce(runtime_settings, topic, 3, 2)
    places = [(3, 1), (0, 4), (0, 0), (3, 1), (0, 5), (1, 0), (99, 0)]
    found = await recall.read(places)
    assert [message and message.value for message in found] == [
        b"value 3/1", b"value 0/4", b"value 0/0", b"value 3/1", None, None, None,
    ]  # fmt: skip
    message = found[0]
    assert message is not None
    assert (message.partition, message.offset, message.key) == (3, 1, b"key")
    assert message.headers == (("ce_id", b"1"),)
    assert message.topic == topic.name
    assert await recall.read([]) == []


async def test_what_was_deleted_is_gone(
    runtime_settings: RuntimeSettings, topic: Topic, recall: KafkaRecall
) -> None:
    await produce(runtime_settings, topic, 2, 4)
    admin = AIOKafkaAdminClient(bootstrap_servers=runtime_settings.kafka_bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic.name, 2): RecordsToDelete(before_offset=3)})
    await admin.close()
    found = await recall.read([(2, 2), (2, 3)])
    assert [message and message.value for message in found] == [None, b"value 2/3"]


async def test_it_goes_on_after_the_broker_was_away(
    runtime_settings: RuntimeSettings, topic: Topic, recall: KafkaRecall, kafka: Kafka
) -> None:
    await produce(runtime_settings, topic, 0, 1)
    assert (await recall.read([(0, 0)]))[0] is not None
    await asyncio.to_thread(kafka.restart)
    for _ in range(5):
        try:
            (found,) = await recall.read([(0, 0)])
            break
        except TransientError:
            continue
    assert found is not None
    assert found.value == b"value 0/0"


async def test_without_a_broker_it_says_so(runtime_settings: RuntimeSettings, topic: Topic) -> None:
    settings = runtime_settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with pytest.raises(TransientError, match=r"news\.tagged"):
        await asyncio.wait_for(KafkaRecall(settings, topic).read([(0, 0)]), 60)
