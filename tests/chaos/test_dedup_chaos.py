"""However many deduplicators there are and whatever happens to them, they say what one would.

The one is a decider of the test, which reads the fingerprints of the same log and no verdicts.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.cli.cluster.servers import Kafka
from services.deduplicator.decider import Decider
from services.deduplicator.enriched import emitted
from services.deduplicator.entry import is_entry, unpacked_id
from services.deduplicator.follower import Follower
from services.deduplicator.groups import GROUPS
from services.deduplicator.settings import DeduplicatorSettings
from shared.events import EnrichedArticle, Message, TaggedArticle
from shared.runtime.driver import group_id
from shared.runtime.ports import LogEntry
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.stage import Emit
from shared.settings import RuntimeSettings
from shared.testing.builders import build, message_of_article
from shared.topics import Topology
from tests.chaos.flow import Flow
from tests.kafka import read_topic, uncommitted
from tests.unit.dedup_texts import article_text, with_edits

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

_PATIENCE = 240.0
_PLACES = ("Haverness", "Orrmouth", "Sandoval Bay", "Port Meliara", "Brenlow", "Castelvero",
           "Villamora", "Kalanoro", "Jezerany", "Valmorel")  # fmt: skip
_PEOPLE = ("Moira Tansley", "Gerhard Polt", "Loredana Vasile", "Teo Brandl", "Ebbe Krogh",
           "Ines Carvalho", "Jaan Tamm", "Rosa Quilley", "Piet Verhoef", "Nadia Sorel")  # fmt: skip
_EVENTS = (
    "A warehouse in {place} burned down on {day} March. {person} of the fire brigade counted {n} "
    "firefighters on the site.",
    "{n} firefighters could not save the old warehouse of {place}, said {person}. The fire of "
    "{day} March left nothing of the building.",
    "Smoke stood over {place} on {day} March: the warehouse by the river is gone. {person} thanked "
    "{n} firefighters for their work.",
)


def articles() -> list[TaggedArticle]:
    """Originals, copies, edited copies, revisions, reports of events, short and empty texts."""
    made = []
    day = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for number in range(24):
        text = article_text(number, 120)
        versions = (text, text, with_edits(text, 3), with_edits(text, 6))
        for copy, version in enumerate(versions[: 2 + number % 3]):
            # The later the copy's number, the earlier it was published, where that is known.
            dated = {
                "published_at": day - timedelta(days=copy),
                "published_precision": "minute",
                "published_from": "json-ld",
            }
            fields: dict[str, Any] = dated if number % 2 else {}
            made.append(build(TaggedArticle, version, name=f"{number}-{copy}", **fields))
        if number % 4 == 0:
            made.append(build(TaggedArticle, with_edits(text, 9), name=f"{number}-0"))
    for number, (place, person) in enumerate(zip(_PLACES, _PEOPLE, strict=True)):
        for report, form in enumerate(_EVENTS):
            told = form.format(place=place, person=person, day=number + 3, n=20 + number * 7)
            title = f"Warehouse of {place} burns down"
            made.append(build(TaggedArticle, told, name=f"event {number}-{report}", title=title))
    for number in range(6):
        made.append(build(TaggedArticle, "Read more", name=f"short {number}"))
        made.append(build(TaggedArticle, "", name=f"empty {number}"))
    return made


async def send(settings: RuntimeSettings, topics: Topology, messages: list[Message]) -> None:
    publisher = KafkaPublisher(settings, topics.services["deduplicator"].reads)
    emits = [Emit(m.value or b"", m.key or b"", m.headers) for m in messages]
    assert await publisher.publish(emits) == [None] * len(emits)
    await publisher.stop()


class Deduplicators(Flow):
    """Deduplicators alone, in a flow without its other services."""

    async def __aenter__(self) -> Deduplicators:
        return self

    async def done(self, topics: Topology) -> bool:
        """Whether everything is committed."""
        group = group_id("deduplicator", self.settings.namespace)
        reads = topics.services["deduplicator"].reads
        return await uncommitted(self.settings.kafka_bootstrap, reads, group) == 0


async def newest(settings: RuntimeSettings, topics: Topology) -> dict[str, EnrichedArticle]:
    """What the index would have: of each article the highest version, which is always the same."""
    versions: dict[tuple[str, int], bytes] = {}
    found: dict[str, EnrichedArticle] = {}
    for message in await read_topic(settings.kafka_bootstrap, topics.topics["news.enriched"]):
        article = EnrichedArticle.decode(message.value)
        key = article.article_id, article.version
        assert versions.setdefault(key, message.value or b"") == message.value, key
        known = found.get(article.article_id)
        if known is None or article.version > known.version:
            found[article.article_id] = article
    return found


async def said_by_one(
    settings: RuntimeSettings, topics: Topology, told: list[TaggedArticle]
) -> dict[str, EnrichedArticle]:
    """What a decider says that reads the fingerprints of the log by itself, from its beginning."""
    rules = DeduplicatorSettings()
    followers = [Follower(Decider(rules.window_ms, rules.rule)) for _ in range(GROUPS)]
    log = topics.services["deduplicator"].log
    assert log is not None
    for m in await read_topic(settings.kafka_bootstrap, log):
        if is_entry(m.value or b""):
            follower = followers[m.partition]
            follower.read(LogEntry(m.partition, m.offset, m.timestamp_ms, b"", m.value or b""))
            follower.advance(live=True, most=1)
    texts = {(article.article_id, article.content_hash[:32]): article for article in told}
    found: dict[str, EnrichedArticle] = {}
    for follower in followers:
        rows = follower.decider.rows
        for number in range(rows.first, rows.end):  # the newest row of an article comes last
            row = rows[number]
            name = unpacked_id(row["article"].tobytes())
            article = texts[name, row["content"].tobytes().hex()]
            found[name] = EnrichedArticle.decode(emitted(article, row, ()).value)
    return found


@pytest.mark.parametrize(("order", "instances"), [(1, 1), (2, 2), (3, 5)])
async def test_any_number_of_instances_says_what_one_would(
    runtime_settings: RuntimeSettings,
    topics: Topology,
    kafka: Kafka,
    tmp_path: Path,
    order: int,
    instances: int,
) -> None:
    random_ = random.Random(order)
    told = articles()
    messages = [message_of_article(article) for article in told]
    random_.shuffle(messages)
    environment = {
        "WIREROOM_DEDUPLICATOR_SNAPSHOTS": str(tmp_path / "snapshots"),
        "WIREROOM_DEDUPLICATOR_SNAPSHOT_MINUTES": "0.02",
        "WIREROOM_BATCH_SIZE": "4",
    }
    async with Deduplicators(
        runtime_settings, tmp_path, scale={}, environment=environment
    ) as running:
        running.scale("deduplicator", instances)
        portions = [messages[n::4] for n in range(4)]
        for number, portion in enumerate(portions):
            await send(runtime_settings, topics, portion)
            await asyncio.sleep(random_.uniform(1, 4))
            if instances > 1:
                victims = running.instances["deduplicator"]
                random_.shuffle(victims)
                running.kill("deduplicator", signal.SIGKILL if number % 3 else signal.SIGTERM)
                await asyncio.sleep(0.5)
                running.supervise()
            if number == 1 and instances == 5:
                await asyncio.to_thread(kafka.restart)
        deadline = time.monotonic() + _PATIENCE
        while not await running.done(topics):
            assert time.monotonic() < deadline, f"not done, logs in {tmp_path}"
            running.supervise()
            await asyncio.sleep(1)
        first = await newest(runtime_settings, topics)
        assert set(first) == {article.article_id for article in told}
        alone = await said_by_one(runtime_settings, topics, told)
        assert first == alone
        sizes: dict[str | None, int] = {}
        for article in first.values():
            sizes[article.story_id] = sizes.get(article.story_id, 0) + 1
        assert max(size for story, size in sizes.items() if story is not None) > 1
        assert {article.duplicate.kind for article in first.values()} >= {"none", "exact", "near"}
        # The same in again, taken by one that has no memory: nothing changes.
        running.scale("deduplicator", 0)
        running._environment.pop("WIREROOM_DEDUPLICATOR_SNAPSHOTS")
        running.scale("deduplicator", 1)
        await send(runtime_settings, topics, messages)
        deadline = time.monotonic() + _PATIENCE
        while not await running.done(topics):
            assert time.monotonic() < deadline, f"not done again, logs in {tmp_path}"
            running.supervise()
            await asyncio.sleep(1)
        assert await newest(runtime_settings, topics) == first
