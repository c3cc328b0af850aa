"""The templates, the indexer's writes and the searches, on a real Elasticsearch."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import elasticsearch
import pytest
from elasticsearch import AsyncElasticsearch
from pydantic import SecretStr

from services.indexer.publisher import ElasticPublisher
from services.indexer.setup import set_up
from shared.errors import ClusterError, SettingsError, StoreError
from shared.runtime.stage import Emit
from shared.search.elastic_client import connect
from shared.search.elastic_index import ElasticIndex
from shared.search.names import IndexNames
from shared.settings import RuntimeSettings
from tests.search_contract import CASES, DELETED, FILTERS, article, article_id, articles, emit

pytestmark = pytest.mark.servers


async def _refresh(client: AsyncElasticsearch, settings: RuntimeSettings) -> None:
    await client.indices.refresh(index=IndexNames(settings.namespace).articles)


async def test_every_case_of_the_query_language(
    publisher: ElasticPublisher,
    index: ElasticIndex,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
) -> None:
    emits = [emit(one, runtime_settings.namespace) for one in [*articles(), DELETED]]
    assert await publisher.publish(emits) == [None] * 6
    await _refresh(client, runtime_settings)
    for query, expected in CASES:
        results = await index.search(query)
        found = {hit.article_id for hit in results.hits}
        assert found == {article_id(name) for name in expected}, query
        assert results.total == len(expected)
    for query, filters, expected in FILTERS:
        results = await index.search(query, filters)
        found = {hit.article_id for hit in results.hits}
        assert found == {article_id(name) for name in expected}, (query, filters)

    original = articles()[0]
    document = await index.get(original.article_id)
    assert document is not None
    assert document.model_dump(include=set(type(original).model_fields)) == original.model_dump()
    assert await index.count() == 5
    assert await index.get(DELETED.article_id) is None
    assert await index.matching_ids(original.article_id[:8]) == [original.article_id]
    assert await index.matching_ids("", 100) == sorted(one.article_id for one in articles())
    group = await index.duplicates(article_id("talks"))
    assert [one.article_id for one in group] == [article_id("talks"), article_id("copy")]
    assert await index.story(article_id("talks")) == []

    (hit,) = (await index.search("cafe")).hits
    ((start, end),) = hit.snippet.matches
    assert hit.snippet.text[start:end] == "café"
    assert hit.published_at == original.published_at
    pages = [(await index.search("", limit=2, offset=at)).hits for at in (0, 2, 4)]
    assert len({hit.article_id for page in pages for hit in page}) == 5


async def test_writes_are_safe_to_repeat_and_newer_ones_win(
    publisher: ElasticPublisher,
    index: ElasticIndex,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
) -> None:
    space = runtime_settings.namespace
    second = emit(article("a", "second words", version=2), space)
    assert await publisher.publish([second]) == [None]
    assert await publisher.publish([second]) == [None]
    assert await publisher.publish([emit(article("a", "first words", version=1), space)]) == [None]
    assert await publisher.publish([emit(article("a", "third text", version=3), space)]) == [None]
    assert publisher.outcomes == {"indexed": 2, "stale": 2}
    await _refresh(client, runtime_settings)
    assert await index.count() == 1
    assert (await index.search("words")).total == 0
    assert (await index.search("third")).total == 1


async def test_months_are_made_when_they_come(
    publisher: ElasticPublisher,
    index: ElasticIndex,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
) -> None:
    space = runtime_settings.namespace
    months = [datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11)]
    await publisher.publish(
        [emit(article(str(seen), "text", first_seen_at=seen), space) for seen in months]
    )
    alias = IndexNames(space).articles
    found = await client.indices.get(index=alias)
    assert sorted(found) == [
        f"{space}-news-articles-v1-2026.{month}" for month in ("09", "10", "11")
    ]
    for body in found.body.values():
        assert body["mappings"]["dynamic"] == "strict"
    await _refresh(client, runtime_settings)
    assert await index.count() == 3


async def test_what_the_mapping_refuses_is_told_and_the_others_are_written(
    publisher: ElasticPublisher, runtime_settings: RuntimeSettings
) -> None:
    space = runtime_settings.namespace
    good = emit(article("good", "fine"), space)
    template = emit(article("bad", "text"), space)
    unknown = Emit(template.value[:-1] + b',"surprise":1}', template.key, template.headers)
    broken = Emit(b'{"title": ', template.key, template.headers)
    results = await publisher.publish([unknown, good, broken])
    assert results[0] is not None
    assert "strict_dynamic_mapping_exception" in str(results[0])
    assert "surprise" in str(results[0])
    assert results[1] is None
    assert results[2] is not None
    assert results[2].reason == "index_refused"
    assert publisher.outcomes == {"indexed": 1, "rejected": 2}


async def test_eight_megabytes_of_text(
    publisher: ElasticPublisher,
    index: ElasticIndex,
    client: AsyncElasticsearch,
    runtime_settings: RuntimeSettings,
) -> None:
    text = "the quick brown fox jumps over it " * 235_000 + "needle"
    assert await publisher.publish([emit(article("big", text), runtime_settings.namespace)]) == [
        None
    ]
    await _refresh(client, runtime_settings)
    (hit,) = (await index.search("needle")).hits
    assert "needle" in hit.snippet.text
    document = await index.get(article_id("big"))
    assert document is not None
    assert document.text == text


async def test_the_key_can_index_and_nothing_else(
    client: AsyncElasticsearch, runtime_settings: RuntimeSettings, tmp_path: Path
) -> None:
    path = tmp_path / "secrets" / "key"
    await set_up(runtime_settings, api_key_file=path)
    key = path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # Again: templates are put anew, a key that works is kept.
    await set_up(runtime_settings, api_key_file=path)
    assert path.read_text().strip() == key
    path.write_text("bm9uZTpub25l\n")
    await set_up(runtime_settings, api_key_file=path)
    key = path.read_text().strip()
    assert key != "bm9uZTpub25l"

    own = runtime_settings.model_copy(update={"elastic_api_key": SecretStr(key)})
    publisher = ElasticPublisher(own)
    await publisher.start()
    one = emit(article("a", "text"), runtime_settings.namespace)
    assert await publisher.publish([one]) == [None]
    await publisher.stop()
    limited = connect(own)
    alias = IndexNames(runtime_settings.namespace).articles
    with pytest.raises(elasticsearch.AuthorizationException):
        await limited.search(index=alias)
    with pytest.raises(elasticsearch.AuthorizationException):
        await limited.delete(index=dict(one.headers)["index"].decode(), id=one.key.decode())
    with pytest.raises(elasticsearch.AuthorizationException):
        await limited.indices.delete(index=dict(one.headers)["index"].decode())
    with pytest.raises(elasticsearch.AuthorizationException):
        await limited.indices.create(index="other")
    await limited.close()


async def test_wrong_credentials_name_server_and_user(
    client: AsyncElasticsearch, runtime_settings: RuntimeSettings
) -> None:
    wrong = runtime_settings.model_copy(update={"elastic_password": SecretStr("wrong-one")})
    with pytest.raises(SettingsError) as caught:
        await ElasticPublisher(wrong).start()
    assert str(wrong.elastic_url) in str(caught.value)
    assert "as user elastic" in str(caught.value)
    assert "wrong-one" not in str(caught.value)
    with pytest.raises(SettingsError, match="as user elastic"):
        await set_up(wrong)


async def test_nothing_is_indexed_yet(index: ElasticIndex) -> None:
    with pytest.raises(StoreError, match="nothing is indexed yet"):
        await index.search("word")


async def test_a_cluster_that_does_not_answer(runtime_settings: RuntimeSettings) -> None:
    away = runtime_settings.model_copy(update={"elastic_url": "http://127.0.0.1:9"})
    with pytest.raises(ClusterError, match=r"http://127\.0\.0\.1:9 as user elastic: not ready"):
        await set_up(away, wait_seconds=0)
