"""A real Elasticsearch that is set up, one for writing and one for reading."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from elasticsearch import AsyncElasticsearch

from services.indexer.publisher import ElasticPublisher
from services.indexer.setup import set_up
from shared.search.elastic_client import connect
from shared.search.elastic_index import ElasticIndex
from shared.search.names import IndexNames
from shared.settings import RuntimeSettings


@pytest_asyncio.fixture
async def client(runtime_settings: RuntimeSettings) -> AsyncIterator[AsyncElasticsearch]:
    """The administrator's client, in a cluster that is set up; cleans up after the test."""
    await set_up(runtime_settings)
    client = connect(runtime_settings)
    yield client
    names = IndexNames(runtime_settings.namespace)
    found = await client.indices.get(index=names.named("news-*"))
    for index in found:
        await client.indices.delete(index=index)
    for name in ("news-articles", "news-revisions", "news-rejected"):
        await client.indices.delete_index_template(name=names.named(name))
    await client.cluster.delete_component_template(name=names.named("news-articles"))
    for name in ("wireroom-indexer", "wireroom-reader"):
        await client.security.delete_role(name=names.named(name))
    await client.close()


@pytest_asyncio.fixture
async def publisher(
    client: AsyncElasticsearch, runtime_settings: RuntimeSettings
) -> AsyncIterator[ElasticPublisher]:
    publisher = ElasticPublisher(runtime_settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


@pytest_asyncio.fixture
async def index(
    publisher: ElasticPublisher, runtime_settings: RuntimeSettings
) -> AsyncIterator[ElasticIndex]:
    index = ElasticIndex(runtime_settings)
    yield index
    await index.close()
