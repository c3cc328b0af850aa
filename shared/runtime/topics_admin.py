"""Create and check the topics of a topology.

``python -m shared.runtime.topics_admin`` does so with the settings of the environment: the
one-shot of docker-compose.yml. It can be repeated at will.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from pydantic import Field

from shared.errors import ClusterError, WireroomError
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Topic, Topology, topology

_BATCH_OVERHEAD = 1024 * 1024  # bytes; headers and framing of a batch are far below it
_REQUEST_MS = 30_000
_VISIBLE_SECONDS = 30.0
_DYNAMIC_TOPIC_CONFIG = 1  # DescribeConfigs' config_source: set on the topic itself


class TopicsSettings(RuntimeSettings):
    """The runtime's settings and what only the creation of topics needs."""

    kafka_replication: int = Field(1, ge=1)
    """Replicas of each partition; not more than there are brokers."""

    kafka_connect_seconds: float = Field(60.0, ge=0)
    """How long to go on trying while no broker answers."""


def broker_message_limit(topics: Topology) -> int:
    """``message.max.bytes`` and ``replica.fetch.max.bytes`` that brokers need, in bytes.

    A limit counts a whole batch with its framing; the slack leaves room for that.
    """
    return topics.largest_message + _BATCH_OVERHEAD


@dataclass(frozen=True, slots=True)
class TopicChanges:
    """What :func:`ensure_topics` did, by topic name; all empty when nothing was to do."""

    created: list[str] = field(default_factory=list)
    grown: list[str] = field(default_factory=list)
    configured: list[str] = field(default_factory=list)


async def ensure_topics(
    bootstrap: str, topics: Topology, *, replication: int = 1, connect_seconds: float = 60.0
) -> TopicChanges:
    """Make the broker's topics what ``topics`` says; returns once every partition has a leader.

    Missing topics are created, missing partitions added, differing configuration is set; other
    configuration that someone gave a topic is kept. Added partitions change which partition a
    key goes to, so they are best added when the topic is drained. To a compacted topic none are
    added: what its keys hold would be looked for in other partitions than it is in.

    Raises :class:`ClusterError` when the broker has more partitions than the file (they cannot
    be removed) or fewer of a compacted topic, when it refuses something, or when none answers for
    ``connect_seconds``.
    """
    wanted = {topic.name: topic for topic in topics.topics.values()}
    changes = TopicChanges()
    async with _admin(bootstrap, connect_seconds) as admin:
        try:
            counts = await _partition_counts(admin, wanted)
            missing = [topic for name, topic in wanted.items() if name not in counts]
            if missing:
                changes.created.extend(await _create(admin, missing, replication))
                counts |= await _await_leaders(admin, [topic.name for topic in missing])
            changes.grown.extend(await _grow(admin, wanted.values(), counts))
            changes.configured.extend(await _configure(admin, wanted.values()))
            found = await _await_leaders(admin, list(wanted))
        except KafkaError as error:
            raise ClusterError(f"{bootstrap}: {type(error).__name__}: {error}") from error
    wrong = [
        f"{name} has {found[name]}"
        for name, topic in wanted.items()
        if found[name] != topic.partitions
    ]
    if wrong:
        raise ClusterError(f"partitions differ from the file after the set-up: {', '.join(wrong)}")
    return changes


@asynccontextmanager
async def _admin(bootstrap: str, connect_seconds: float) -> AsyncIterator[AIOKafkaAdminClient]:
    end = time.monotonic() + connect_seconds
    while True:
        client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_MS)
        try:
            await client.start()
            break
        except KafkaError as error:
            await client.close()
            if time.monotonic() > end:
                raise ClusterError(
                    f"no Kafka broker answers at {bootstrap} (WIREROOM_KAFKA_BOOTSTRAP): {error}"
                ) from error
            await asyncio.sleep(1)
    try:
        yield client
    finally:
        await client.close()


async def _partition_counts(admin: AIOKafkaAdminClient, wanted: dict[str, Topic]) -> dict[str, int]:
    # All topics are listed: asking for a missing one by name may create it.
    return {
        entry["topic"]: len(entry["partitions"])
        for entry in await admin.describe_topics()
        if entry["topic"] in wanted
    }


async def _create(
    admin: AIOKafkaAdminClient, missing: Sequence[Topic], replication: int
) -> list[str]:
    answer = await admin.create_topics(
        [
            NewTopic(
                name=topic.name,
                num_partitions=topic.partitions,
                replication_factor=replication,
                topic_configs=topic.config(),
            )
            for topic in missing
        ]
    )
    created = []
    for name, code, *detail in answer.topic_errors:
        if code == 0:
            created.append(name)
        elif code != TopicAlreadyExistsError.errno:  # another set-up was quicker
            reason = detail[0] if detail and detail[0] else for_code(code).__name__
            raise ClusterError(f"topic {name} cannot be created: {reason}")
    return created


async def _grow(
    admin: AIOKafkaAdminClient, wanted: Iterable[Topic], counts: dict[str, int]
) -> list[str]:
    short: dict[str, NewPartitions] = {}
    for topic in wanted:
        if counts[topic.name] > topic.partitions:
            raise ClusterError(
                f"topic {topic.name} has {counts[topic.name]} partitions on the broker, "
                f"{topic.partitions} in topics.yml; partitions cannot be removed: correct the file"
            )
        if counts[topic.name] < topic.partitions:
            if topic.compacted:
                raise ClusterError(
                    f"topic {topic.name} has {counts[topic.name]} partitions on the broker, "
                    f"{topic.partitions} in topics.yml; it is compacted, and its keys would be "
                    "looked for in other partitions than they are in: correct the file"
                )
            short[topic.name] = NewPartitions(total_count=topic.partitions)
    if short:
        await admin.create_partitions(short)
    return list(short)


async def _configure(admin: AIOKafkaAdminClient, wanted: Iterable[Topic]) -> list[str]:
    by_name = {topic.name: topic for topic in wanted}
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in by_name]
    )
    changed: list[ConfigResource] = []
    for answer in answers:
        for code, message, _, name, entries in answer.resources:
            if code:
                raise ClusterError(f"topic {name}: {message or for_code(code).__name__}")
            present = {entry[0]: entry[1] for entry in entries}
            config = by_name[name].config()
            if any(present.get(key) != value for key, value in config.items()):
                # Altering replaces all of a topic's own configuration.
                own = {e[0]: e[1] for e in entries if e[3] == _DYNAMIC_TOPIC_CONFIG}
                changed.append(ConfigResource(ConfigResourceType.TOPIC, name, {**own, **config}))
    if changed:
        for answer in await admin.alter_configs(changed):
            for code, message, _, name in answer.resources:
                if code:
                    raise ClusterError(f"topic {name}: {message or for_code(code).__name__}")
    return [resource.name for resource in changed]


async def _await_leaders(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """Partition counts of ``names``, once each partition has a leader and none is missing."""
    end = time.monotonic() + _VISIBLE_SECONDS
    while True:
        entries: list[dict[str, Any]] = await admin.describe_topics()
        ready = {
            entry["topic"]: len(entry["partitions"])
            for entry in entries
            if entry["partitions"] and all(p["leader"] >= 0 for p in entry["partitions"])
        }
        missing = [name for name in names if name not in ready]
        if not missing:
            return {name: ready[name] for name in names}
        if time.monotonic() > end:
            raise ClusterError(f"topics without a leader: {', '.join(missing)}")
        await asyncio.sleep(0.1)


async def setup(settings: TopicsSettings) -> TopicChanges:
    """:func:`ensure_topics` for the shipped topology under the settings' namespace."""
    return await ensure_topics(
        settings.kafka_bootstrap,
        topology(settings.namespace),
        replication=settings.kafka_replication,
        connect_seconds=settings.kafka_connect_seconds,
    )


def main() -> int:
    """Create the topics; returns the exit status."""
    try:
        changes = asyncio.run(setup(load_settings(TopicsSettings)))
    except WireroomError as error:
        print(f"topics: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(  # noqa: T201
        f"topics: {len(changes.created)} created, {len(changes.grown)} grown, "
        f"{len(changes.configured)} configured"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
