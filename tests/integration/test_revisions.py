"""Revisions in a real Elasticsearch, whatever fails in between, and in the embedded flow."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch
from pydantic import SecretStr

from services.indexer.publisher import ElasticPublisher
from services.indexer.setup import definition, set_up
from services.local.flow import LocalFlow
from shared.errors import SettingsError, TransientError
from shared.events import Message
from shared.runtime.stage import Emit
from shared.search.elastic_client import connect
from shared.search.elastic_index import ElasticIndex
from shared.search.names import IndexNames
from shared.search.sqlite_index import SqliteIndex
from shared.settings import RuntimeSettings
from tests.revisions_contract import RevisionsContract, revision
from tests.search_contract import START, article_id, emit


@pytest.fixture
def contract(
    publisher: ElasticPublisher,
    index: ElasticIndex,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
) -> RevisionsContract:
    names = IndexNames(runtime_settings.namespace)

    async def refresh() -> None:
        await client.indices.refresh(index=names.named("news-*"))

    return RevisionsContract(publisher, index, refresh, runtime_settings.namespace)


@pytest.mark.servers
async def test_every_case(contract: RevisionsContract) -> None:
    await contract.every_case()


@pytest.mark.servers
async def test_a_month_of_its_own_for_the_revisions_of_each(
    contract: RevisionsContract, client: AsyncElasticsearch, runtime_settings: RuntimeSettings
) -> None:
    for number in (1, 2):
        await contract.write(
            revision(number), revision(number, "later", first_seen_at=START.replace(month=12))
        )
    found = await client.indices.get(index=IndexNames(runtime_settings.namespace).revisions)
    space = runtime_settings.namespace
    assert sorted(found) == [f"{space}-news-revisions-v1-2026.{month}" for month in (11, 12)]
    for name in ("ferry", "later"):
        await contract.assert_readable(name, 1, 2)


class _Dying:
    """A client whose process dies with the request of a given number, sent or not."""

    def __init__(self, client: AsyncElasticsearch, last: int, sent: bool) -> None:
        self._client = client
        self._left = last
        self._sent = sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def bulk(self, **arguments: Any) -> Any:
        self._left -= 1
        if self._left < 0 and not self._sent:
            raise KeyboardInterrupt
        response = await self._client.bulk(**arguments)
        if self._left < 0:
            raise KeyboardInterrupt
        return response


@pytest.mark.servers
@pytest.mark.parametrize("sent", [False, True], ids=["before a write", "after a write"])
async def test_killed_between_any_two_writes(
    sent: bool,
    contract: RevisionsContract,
    publisher: ElasticPublisher,
    runtime_settings: RuntimeSettings,
) -> None:
    deaths = 0
    for last in range(20):
        name = f"ferry {last}"
        batch = [revision(number, name) for number in (1, 2, 3)]
        dying = ElasticPublisher(runtime_settings)
        await dying.start()
        alive = dying._client
        assert alive is not None
        dying._client = _Dying(alive, last, sent)  # type: ignore[assignment]
        try:
            await dying.publish([emit(one, runtime_settings.namespace) for one in batch])
        except KeyboardInterrupt:
            deaths += 1
        else:
            break
        finally:
            dying._client = alive
            await dying.stop()
        await contract.write(*batch)  # delivered again
        await contract.assert_readable(name, 1, 2, 3)
        assert await contract.changes_of(name) == [None, (1, 1, 1), (2, 3, 6)]
    # Three articles, two earlier revisions; each index is made after a request that failed.
    assert deaths >= 5
    assert publisher.outcomes["rejected"] == 0


@pytest.mark.servers
async def test_what_cannot_be_kept_is_not_written_over(
    contract: RevisionsContract,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
    publisher: ElasticPublisher,
) -> None:
    names = IndexNames(runtime_settings.namespace)
    await contract.write(revision(1))
    month = names.revisions_month(START)
    await client.indices.create(index=month)
    await client.indices.put_settings(index=month, settings={"index.blocks.read_only": True})
    message = emit(revision(2), runtime_settings.namespace)
    with pytest.raises((TransientError, SettingsError), match="read-only"):
        await publisher.publish([message])
    await contract.assert_readable("ferry", 1)
    await client.indices.put_settings(index=month, settings={"index.blocks.read_only": False})
    assert await publisher.publish([message]) == [None]
    await contract.assert_readable("ferry", 1, 2)


@pytest.mark.servers
async def test_a_stored_document_that_cannot_be_read_is_not_written_over(
    client: AsyncElasticsearch, publisher: ElasticPublisher, runtime_settings: RuntimeSettings
) -> None:
    space = runtime_settings.namespace
    message = emit(revision(2), space)
    index, nobody = IndexNames(space).month(START), {"title": "of nobody"}
    await client.indices.create(index=index)
    await client.index(
        index=index, id=article_id("ferry"), document=nobody, version=1, version_type="external"
    )
    (refused,) = await publisher.publish([message])
    assert refused is not None
    assert refused.reason == "stored_unreadable"
    assert (await client.get(index=index, id=article_id("ferry")))["_source"] == nobody


@pytest.mark.servers
async def test_several_indexers_with_the_same_messages(
    contract: RevisionsContract, runtime_settings: RuntimeSettings
) -> None:
    names = [f"ferry {number}" for number in range(20)]
    batch = [
        emit(revision(number, name), runtime_settings.namespace)
        for number in (1, 2, 3)
        for name in names
    ]
    publishers = [ElasticPublisher(runtime_settings) for _ in range(3)]
    for publisher in publishers:
        await publisher.start()
    results = await asyncio.gather(*(publisher.publish(batch) for publisher in publishers))
    assert results == [[None] * len(batch)] * 3
    for publisher in publishers:
        await publisher.stop()
    for name in names:
        await contract.assert_readable(name, 1, 2, 3)


@pytest.mark.servers
async def test_an_index_and_a_key_made_before_revisions_were_kept(
    contract: RevisionsContract,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
    tmp_path: Path,
) -> None:
    space = runtime_settings.namespace
    names = IndexNames(space)
    mapping = definition("component-news-articles.json")["template"]
    old = dict(mapping["mappings"]["properties"])
    del old["changes"]
    await client.cluster.put_component_template(
        name=names.named("news-articles"),
        template={**mapping, "mappings": {**mapping["mappings"], "properties": old}},
    )
    await contract.write(revision(1))
    path = tmp_path / "key"
    created = await client.security.create_api_key(
        name="old",
        role_descriptors={
            "old": {
                "cluster": ["monitor"],
                "indices": [
                    {
                        "names": [names.named("news-*")],
                        "privileges": ["index", "create_index", "view_index_metadata"],
                    }
                ],
            }
        },
    )
    key = str(created["encoded"])
    path.write_text(key)
    message = emit(revision(2), space)
    with pytest.raises(SettingsError, match=r"may not read: run .*setup --api-key-file"):
        await _publish_with(runtime_settings, key, message)
    await set_up(runtime_settings, api_key_file=path)
    await _publish_with(runtime_settings, path.read_text().strip(), message)
    await contract.assert_readable("ferry", 1, 2)


async def _publish_with(settings: RuntimeSettings, key: str, message: Emit) -> None:
    own = settings.model_copy(update={"elastic_api_key": SecretStr(key)})
    publisher = ElasticPublisher(own)
    await publisher.start()
    try:
        assert await publisher.publish([message]) == [None]
    finally:
        await publisher.stop()


@pytest.mark.servers
async def test_what_was_removed_can_be_searched(
    contract: RevisionsContract, client: AsyncElasticsearch, runtime_settings: RuntimeSettings
) -> None:
    for number in (1, 2, 3):
        await contract.write(revision(number))
    await contract.assert_readable("ferry", 1, 2, 3)
    reader = connect(runtime_settings)
    found = await reader.search(
        index=IndexNames(runtime_settings.namespace).articles,
        query={
            "bool": {
                "filter": [
                    {"match_phrase": {"changes.removed": "sold at the pier"}},
                    {"range": {"changes.share": {"gt": 0.1}}},
                ]
            }
        },
    )
    await reader.close()
    assert [hit["_id"] for hit in found["hits"]["hits"]] == [article_id("ferry")]


PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>
<link rel="canonical" href="https://news.example.org/harbour"></head><body><article>
<h1>{title}</h1><p>{lead}</p>
<p>The harbour council of Veldmark has met three times since the storm broke the old pier, and each
time it asked the engineers for another report on what the repair would cost.</p>
<p>Fishermen want the basin to be deeper, while people of the old town fear the noise of the works
and the lorries that are to bring stone from the quarry behind the hill.</p></article></body></html>
"""


async def test_the_same_address_three_times_is_three_revisions(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    leads = [
        "The council of Veldmark will vote on the new pier on Monday evening at seven.",
        "The council of Veldmark voted for the new pier on Monday evening, nine to four.",
        "The council of Veldmark voted for the new pier on Monday evening, ten to three.",
    ]
    for number, lead in enumerate(leads):
        page = PAGE.format(title=f"Pier, take {number + 1}", lead=lead)
        headers = (("filename", b"harbour-%d.html" % number), ("content-type", b"text/html"))
        async with LocalFlow(store, workers=1) as flow:
            await flow.submit([Message(page.encode(), None, headers)])
            report = await flow.drain(lambda progress: None)
        (outcome,) = report.items[0].outcomes
        assert outcome.status == ("revision" if number else "accepted")
    index = SqliteIndex(store)
    assert await index.count() == 1
    revisions = await index.revisions(outcome.article_id)
    assert [one.number for one in revisions] == [1, 2, 3]
    for one, lead in zip(revisions, leads, strict=True):
        document = await index.revision(outcome.article_id, one.number)
        assert document is not None
        assert lead in document.text
        assert document.url == document.canonical_url or document.canonical_url
    assert revisions[2].changes is not None
    assert (revisions[2].changes.words_added, revisions[2].changes.words_removed) == (2, 2)
    await index.close()
