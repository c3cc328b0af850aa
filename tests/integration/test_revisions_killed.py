"""The indexer is killed while revisions of the same articles arrive, and started again.

Afterwards each article has its newest revision in the index, every earlier one is kept once, and
each tells what it changed of the one before it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from services.local.flow import LocalFlow
from shared.events import EnrichedArticle, Message
from shared.runtime.local_broker import connect
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.stage import Emit
from shared.search.names import IndexNames
from shared.search.sqlite_index import SqliteIndex
from shared.settings import RuntimeSettings
from tests.chaos import articles
from tests.chaos.flow import Flow
from tests.search_contract import article, article_id
from tests.shared_data import ROOT

DEATHS = 2


# -- Kafka and Elasticsearch

ARTICLES = 120
REVISIONS = 5
SERVICES = ("fetcher", "cleaner", "tagger", "deduplicator")


def _text(name: str, number: int) -> str:
    return f"The ferry {name} leaves at {number}.\n\nTickets are sold at the pier of {name}."


def _enriched(name: str, number: int) -> EnrichedArticle:
    return article(
        name,
        _text(name, number),
        title=f"{name}, take {number}",
        version=number * 10,
        revision=number,
    )


def _portions(chance: random.Random) -> list[list[EnrichedArticle]]:
    """All revisions, those of an article in order, in as many parts as there are deaths and one."""
    order = [f"boat{n}" for n in range(ARTICLES) for _ in range(REVISIONS)]
    chance.shuffle(order)
    seen = dict.fromkeys(order, 0)
    messages: list[EnrichedArticle] = []
    for name in order:
        seen[name] += 1
        messages.append(_enriched(name, seen[name]))
    size = -(-len(messages) // (DEATHS + 1))
    return [messages[at : at + size] for at in range(0, len(messages), size)]


async def _until_waiting_are(flow: Flow, most: int) -> None:
    while (await flow.lag())["indexer"] > most:
        flow.supervise()
        await asyncio.sleep(0.02)


@pytest.mark.servers
@pytest.mark.parametrize(("seed", "indexers"), [(1, 1), (2, 2)], ids=["one", "two at work"])
async def test_an_indexer_that_is_killed_keeps_every_revision_once(
    seed: int,
    indexers: int,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
    tmp_path: Path,
) -> None:
    chance = random.Random(seed)
    scale = dict.fromkeys(SERVICES, 0) | {"indexer": indexers}
    async with Flow(runtime_settings, tmp_path, scale=scale) as flow:
        topic = flow.topology.services["indexer"].reads
        producer = KafkaPublisher(runtime_settings, topic)
        for number, portion in enumerate(_portions(chance)):
            emits = [Emit(one.encode(), one.article_id.encode()) for one in portion]
            assert await producer.publish(emits) == [None] * len(emits)
            if number < DEATHS:
                # In the middle of the work: some of it is committed, some has been read.
                await _until_waiting_are(flow, chance.randrange(20, len(portion) - 20))
                await asyncio.sleep(chance.random() / 10)
                flow.kill("indexer")
                await asyncio.sleep(0.1)
                flow.supervise()
        await producer.stop()
        await flow.drained(ARTICLES)
        assert flow.restarts == DEATHS
    names = IndexNames(runtime_settings.namespace)
    await client.indices.refresh(index=names.named("news-*"))
    expected = {article_id(f"boat{n}"): f"boat{n}" for n in range(ARTICLES)}
    newest = await _found(client, f"{names.articles}-v1-*")
    assert sorted(newest) == sorted(expected), "each article once"
    for identifier, document in newest.items():
        assert document["revision"] == REVISIONS
        assert document["text"] == _text(expected[identifier], REVISIONS)
        assert document["changes"]["from_revision"] == REVISIONS - 1
    kept = await _found(client, f"{names.revisions}-v1-*")
    assert sorted(kept) == sorted(
        f"{identifier}.r{number}" for identifier in expected for number in range(1, REVISIONS)
    )
    for identifier, row in kept.items():
        document, number = row["document"], row["revision"]
        assert identifier == f"{document['article_id']}.r{number}"
        assert document["text"] == _text(expected[document["article_id"]], number)
        told = document.get("changes")
        assert (told["from_revision"] if told else None) == (number - 1 or None)


async def _found(client: AsyncElasticsearch, pattern: str) -> dict[str, dict[str, Any]]:
    """Every document of ``pattern`` by its id; fails where an id is in two indices."""
    hits = (await client.search(index=pattern, size=10_000))["hits"]["hits"]
    found = {hit["_id"]: hit["_source"] for hit in hits}
    assert len(found) == len(hits)
    return found


# -- Embedded

STORIES = 5
TAKES = 4
WRITES = STORIES * TAKES

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from typing import Any
from services.local.flow import LocalFlow
from shared.search import sqlite_publisher
from tests.integration.test_revisions_killed import takes

name, left = sys.argv[2], int(sys.argv[3])
real = getattr(sqlite_publisher, name)

def dying(*arguments):
    global left
    done = real(*arguments)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

setattr(sqlite_publisher, name, dying)

async def main():
    async with LocalFlow(Path(sys.argv[1]), workers=1) as flow:
        await flow.submit(takes())
        await flow.drain(lambda progress: None)

asyncio.run(main())
"""


def takes() -> list[Message]:
    """Every story in every take, all first ones first."""
    return [
        Message(
            articles.record(story, _address(story), edit=take),
            None,
            (("filename", b"story-%d-%d.json" % (story, take)),),
        )
        for take in range(TAKES)
        for story in range(STORIES)
    ]


def _address(story: int) -> str:
    return f"https://news.example.org/{story}"


def _die(store: Path, chance: random.Random) -> int:
    """Work on ``store`` until a write of some number: inside its transaction (``_put``), or when
    it is committed and the queue has not been told (``_write``). The exit status."""
    moment = chance.choice((("_put", WRITES // 4), ("_write", WRITES // 8)))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(store), moment[0], str(chance.randint(1, moment[1]))],
        cwd=ROOT,
        env={**os.environ, "WIREROOM_BATCH_SIZE": "3"},
        check=False,
        timeout=80,
    )
    return killed.returncode


@pytest.mark.parametrize("seed", [3, 4])
async def test_an_embedded_flow_that_is_killed_keeps_every_revision_once(
    seed: int, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    chance = random.Random(seed)
    for _ in range(DEATHS):
        assert await asyncio.to_thread(_die, store, chance) == -signal.SIGKILL
    async with LocalFlow(store, workers=1) as flow:
        await flow.submit(takes())
        await flow.drain(lambda progress: None)
    index = SqliteIndex(store)
    assert await index.count() == STORIES
    rows = _rows(store)
    identifiers = {str(row[0]) for row in rows}
    assert len(identifiers) == STORIES
    assert sorted(rows) == [(name, n + 1) for name in sorted(identifiers) for n in range(TAKES)]
    for identifier in identifiers:
        listed = await index.revisions(identifier)
        assert [one.changes and one.changes.from_revision for one in listed] == [None, 1, 2, 3]
        for take, one in enumerate(listed):
            document = await index.revision(identifier, one.number)
            assert document is not None
            assert document.url is not None
            story = int(document.url.rpartition("/")[2])
            assert document.text == json.loads(articles.record(story, "", edit=take))["text"]
    await index.close()


def _rows(store: Path) -> list[tuple[str, int]]:
    """Article and number of everything that is stored: shown, or kept as an earlier revision."""
    connection = connect(store)
    try:
        return connection.execute(
            "SELECT article_id, json_extract(document, '$.revision') FROM search_articles "
            "UNION ALL SELECT article_id, revision FROM search_revisions"
        ).fetchall()
    finally:
        connection.close()
