"""Topic creation against a real broker."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.cli.cluster.servers import Kafka
from shared.errors import ClusterError
from shared.runtime.topics_admin import TopicChanges, ensure_topics
from shared.topics import Topic, Topology, topology
from tests.servers import delete_topics

pytestmark = pytest.mark.servers


async def _describe(kafka: Kafka, topics: Topology) -> dict[str, tuple[int, dict[str, str]]]:
    """Partitions and configuration of each topic as the broker has them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        counts = {e["topic"]: len(e["partitions"]) for e in await admin.describe_topics()}
        names = [topic.name for topic in topics.topics.values() if topic.name in counts]
        answers = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        )
        return {
            name: (counts[name], {entry[0]: entry[1] for entry in entries})
            for answer in answers
            for _, _, _, name, entries in answer.resources
        }
    finally:
        await admin.close()


def _one_topic(**facts: object) -> Topology:
    values: dict[str, object] = {
        "name": f"t{secrets.token_hex(4)}.news.ingest",
        "partitions": 2,
        "max_message": 1_000_000,
        "retention_ms": 3_600_000,
    }
    topic = Topic(**(values | facts))  # type: ignore[arg-type]
    return Topology({"news.ingest": topic}, {}, topic)


async def test_the_shipped_topology_is_made_and_a_repetition_changes_nothing(kafka: Kafka) -> None:
    topics = topology(f"t{secrets.token_hex(4)}")
    first = await ensure_topics(kafka.bootstrap, topics)
    second = await ensure_topics(kafka.bootstrap, topics)
    found = await _describe(kafka, topics)
    await delete_topics(kafka.bootstrap, topics)

    assert sorted(first.created) == sorted(t.name for t in topics.topics.values())
    assert second == TopicChanges()
    for topic in topics.topics.values():
        partitions, config = found[topic.name]
        assert partitions == topic.partitions
        for key, value in topic.config().items():
            assert config[key] == value


async def test_set_ups_at_the_same_moment_agree(kafka: Kafka) -> None:
    topics = topology(f"t{secrets.token_hex(4)}")
    results = await asyncio.gather(*(ensure_topics(kafka.bootstrap, topics) for _ in range(3)))
    await delete_topics(kafka.bootstrap, topics)
    created = [name for changes in results for name in changes.created]
    assert sorted(created) == sorted(t.name for t in topics.topics.values())


async def test_partitions_grow_and_configuration_follows_the_file(kafka: Kafka) -> None:
    topics = _one_topic()
    await ensure_topics(kafka.bootstrap, topics)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    topic = topics.rejected
    own = {**topic.config(), "min.cleanable.dirty.ratio": "0.25"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, own)])
    await admin.close()

    larger = dataclasses.replace(topic, partitions=5, max_message=2_000_000)
    changed = Topology({"news.ingest": larger}, {}, larger)
    changes = await ensure_topics(kafka.bootstrap, changed)
    found = await _describe(kafka, changed)
    await delete_topics(kafka.bootstrap, changed)

    assert changes.grown == changes.configured == [topic.name]
    partitions, config = found[topic.name]
    assert partitions == 5
    assert config["max.message.bytes"] == "2000000"
    assert config["min.cleanable.dirty.ratio"] == "0.25"  # what an operator set is kept


async def test_fewer_partitions_than_the_broker_has_are_refused(kafka: Kafka) -> None:
    topics = _one_topic(partitions=3)
    await ensure_topics(kafka.bootstrap, topics)
    fewer = dataclasses.replace(topics.rejected, partitions=2)
    with pytest.raises(ClusterError, match=r"has 3 partitions on the broker, 2 in topics\.yml"):
        await ensure_topics(kafka.bootstrap, Topology({"news.ingest": fewer}, {}, fewer))
    await delete_topics(kafka.bootstrap, topics)


async def test_to_a_compacted_topic_no_partitions_are_added_and_to_no_other_with_it(
    kafka: Kafka,
) -> None:
    topics = _one_topic(compacted=True, retention_ms=-1)
    plain = _one_topic().rejected
    both = Topology({"plain": plain, "state": topics.rejected}, {}, plain)
    await ensure_topics(kafka.bootstrap, both)
    grown = {key: dataclasses.replace(t, partitions=4) for key, t in both.topics.items()}
    with pytest.raises(ClusterError, match=r"has 2 partitions on the broker, 4 .*is compacted"):
        await ensure_topics(kafka.bootstrap, Topology(grown, {}, grown["plain"]))
    found = await _describe(kafka, both)
    await delete_topics(kafka.bootstrap, both)
    assert [count for count, _ in found.values()] == [2, 2]
    assert found[topics.rejected.name][1]["cleanup.policy"] == "compact"


async def test_a_setting_that_the_broker_refuses_is_named(kafka: Kafka) -> None:
    topics = _one_topic(max_message=-5)
    with pytest.raises(ClusterError, match=topics.rejected.name):
        await ensure_topics(kafka.bootstrap, topics)


async def test_no_broker_is_told_by_address() -> None:
    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:1 .*WIREROOM_KAFKA_BOOTSTRAP"):
        await ensure_topics("127.0.0.1:1", topology(), connect_seconds=0)
