"""Reading topics and offsets in tests."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events import Message
from shared.runtime.driver import message_of
from shared.topics import Topic


async def read_topic(bootstrap: str, topic: Topic) -> list[Message]:
    """A topic from its beginning to its present end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        parts = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        messages: list[Message] = []
        left = {tp for tp in parts if ends[tp] > 0}
        while left:
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                messages.extend(map(message_of, records))
                if records[-1].offset + 1 >= ends[tp]:
                    left.discard(tp)
        return messages
    finally:
        await consumer.stop()


async def uncommitted(bootstrap: str, topic: Topic, group: str) -> int:
    """Messages between a group's committed offsets and the ends of a topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        parts = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
        ends = await consumer.end_offsets(parts)
        return sum([ends[tp] - (await consumer.committed(tp) or 0) for tp in parts])
    finally:
        await consumer.stop()
