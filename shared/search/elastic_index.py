"""The production index: articles in Elasticsearch, read through their alias."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import elasticsearch
from pydantic import TypeAdapter

from shared.errors import QueryError, StoreError
from shared.events import DuplicateKind, format_time
from shared.revisions import Changes
from shared.search.document import Document
from shared.search.elastic_client import connect, elastic_errors, reason_of, who
from shared.search.elastic_query import compile_elastic, highlight_query
from shared.search.index import (
    MARK_END,
    MARK_START,
    MAX_WINDOW,
    Filters,
    Hit,
    Results,
    Snippet,
    check_window,
    full_query,
)
from shared.search.names import IndexNames
from shared.search.revising import Revision, merge
from shared.settings import RuntimeSettings

SNIPPET_LENGTH: Final = 240
"""Characters of a snippet."""
_SHOWN: Final = [
    "article_id",
    "title",
    "site_name",
    "language",
    "published_at",
    "first_seen_at",
    "duplicate",
    "url",
    "canonical_url",
]
_LISTED: Final = [
    "revision",
    "version",
    "received_at",
    "title",
    "document.language",
    "document.changes",
]
"""What a list of earlier revisions needs."""
_DELETED: Final[dict[str, Any]] = {"term": {"deleted": True}}
_moment: Final = TypeAdapter(datetime)


class ElasticIndex:
    """:class:`~shared.search.index.SearchIndex` over Elasticsearch."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        names = IndexNames(settings.namespace)
        self._alias, self._kept_alias = names.articles, names.revisions
        self._client = connect(settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def search(
        self, query: str, filters: Filters | None = None, limit: int = 10, offset: int = 0
    ) -> Results:
        """See :meth:`shared.search.index.SearchIndex.search`."""
        filters = filters or Filters()
        check_window(limit, offset)
        node = full_query(query, filters)
        conditions: list[dict[str, Any]] = []
        dates = {
            name: format_time(moment)
            for name, moment in (("gte", filters.since), ("lt", filters.until))
            if moment is not None
        }
        if dates:
            conditions.append({"range": {"dated_at": dates}})
        if filters.kind is not None:
            conditions.append({"term": {"duplicate.kind": filters.kind}})
        body = await self._search(
            query={
                "bool": {
                    "must": [compile_elastic(node)],
                    "filter": conditions,
                    "must_not": [_DELETED],
                }
            },
            size=limit,
            from_=offset,
            track_total_hits=True,
            source=_SHOWN,
            sort=[{"_score": "desc"}, {"dated_at": "desc"}, {"article_id": "asc"}],
            highlight={
                "pre_tags": [MARK_START],
                "post_tags": [MARK_END],
                "fields": {
                    "text": {
                        "type": "unified",
                        "number_of_fragments": 1,
                        "fragment_size": SNIPPET_LENGTH,
                        # Without a match the beginning is shown.
                        "no_match_size": SNIPPET_LENGTH,
                        "highlight_query": highlight_query(node) or {"match_none": {}},
                    }
                },
            },
        )
        return Results(
            body["hits"]["total"]["value"], tuple(_hit(hit) for hit in body["hits"]["hits"])
        )

    async def get(self, article_id: str) -> Document | None:
        """See :meth:`shared.search.index.SearchIndex.get`."""
        found = await self._documents({"term": {"article_id": article_id}}, 1)
        return found[0] if found else None

    async def matching_ids(self, prefix: str, limit: int = 10) -> list[str]:
        """See :meth:`shared.search.index.SearchIndex.matching_ids`."""
        body = await self._search(
            query=_existing({"prefix": {"article_id": prefix}}),
            size=limit,
            source=["article_id"],
            sort=[{"article_id": "asc"}],
        )
        return [hit["_source"]["article_id"] for hit in body["hits"]["hits"]]

    async def duplicates(self, group_id: str) -> list[Document]:
        """See :meth:`shared.search.index.SearchIndex.duplicates`; at most ``MAX_WINDOW``."""
        return await self._documents({"term": {"duplicate.group_id": group_id}}, MAX_WINDOW)

    async def story(self, story_id: str) -> list[Document]:
        """See :meth:`shared.search.index.SearchIndex.story`; at most ``MAX_WINDOW``."""
        return await self._documents({"term": {"story_id": story_id}}, MAX_WINDOW)

    async def revisions(self, article_id: str) -> list[Revision]:
        """See :meth:`shared.search.index.SearchIndex.revisions`; at most ``MAX_WINDOW``."""
        newest = await self.get(article_id)
        if newest is None:
            return []
        kept = await self._kept([{"term": {"article_id": article_id}}], _LISTED)
        return merge([_revision(hit) for hit in kept], newest)

    async def revision(self, article_id: str, number: int) -> Document | None:
        """See :meth:`shared.search.index.SearchIndex.revision`."""
        newest = await self.get(article_id)
        if newest is None or newest.revision == number:
            return newest
        terms: list[dict[str, Any]] = [
            {"term": {"article_id": article_id}},
            {"term": {"revision": number}},
        ]
        kept = await self._kept(terms, ["document"])
        return _document(kept[0], kept[0]["_source"]["document"]) if kept else None

    async def count(self) -> int:
        """See :meth:`shared.search.index.SearchIndex.count`."""
        body = await self._search(query=_existing({"match_all": {}}), size=0, track_total_hits=True)
        return int(body["hits"]["total"]["value"])

    async def _documents(self, query: dict[str, Any], size: int) -> list[Document]:
        body = await self._search(
            query=_existing(query),
            size=size,
            sort=[{"first_seen_at": "asc"}, {"article_id": "asc"}],
        )
        return [_document(hit, hit["_source"]) for hit in body["hits"]["hits"]]

    async def _kept(self, terms: list[dict[str, Any]], fields: list[str]) -> list[dict[str, Any]]:
        """Earlier revisions that match ``terms``, but for those that were taken down."""
        body = await self._search(
            index=self._kept_alias,
            # The alias comes with the first revision that is kept.
            ignore_unavailable=True,
            query={"bool": {"filter": terms, "must_not": [_DELETED]}},
            size=MAX_WINDOW,
            source=fields,
            sort=[{"revision": "asc"}],
        )
        return list(body["hits"]["hits"])

    async def _search(self, index: str = "", **body: Any) -> dict[str, Any]:
        try:
            with elastic_errors(self._settings):
                response = await self._client.search(index=index or self._alias, **body)
        except elasticsearch.NotFoundError as error:
            # The alias comes with the first month's index.
            raise StoreError(
                f"{who(self._settings)}: nothing is indexed yet: {reason_of(error)}"
            ) from error
        except elasticsearch.BadRequestError as error:
            raise QueryError(f"Elasticsearch refused the query: {reason_of(error)}") from error
        except elasticsearch.ApiError as error:
            raise StoreError(f"{who(self._settings)}: {reason_of(error)}") from error
        return dict(response.body)


def _existing(query: dict[str, Any]) -> dict[str, Any]:
    return {"bool": {"filter": [query], "must_not": [_DELETED]}}


def _document(hit: dict[str, Any], source: dict[str, Any]) -> Document:
    try:
        return Document.model_validate(source)
    except ValueError as error:
        raise StoreError(f"{hit['_index']}/{hit['_id']} cannot be read: {error}") from error


def _revision(hit: dict[str, Any]) -> Revision:
    source = hit["_source"]
    document = source.get("document", {})  # the server leaves it out where nothing asked for is in
    told = document.get("changes")
    return Revision(
        number=source["revision"],
        version=source["version"],
        received_at=_moment.validate_python(source["received_at"]),
        title=source["title"],
        language=document.get("language"),
        changes=Changes.model_validate(told) if told else None,
    )


def _hit(hit: dict[str, Any]) -> Hit:
    source = hit["_source"]
    published = source.get("published_at")
    kind: DuplicateKind = source["duplicate"]["kind"]
    marked = hit.get("highlight", {}).get("text", [""])[0]
    return Hit(
        article_id=source["article_id"],
        score=hit["_score"] or 0.0,
        title=source["title"],
        site_name=source.get("site_name"),
        language=source.get("language"),
        published_at=_moment.validate_python(published) if published else None,
        first_seen_at=_moment.validate_python(source["first_seen_at"]),
        snippet=Snippet.parse(marked),
        kind=kind,
        group_id=source["duplicate"]["group_id"],
        url=source.get("canonical_url") or source.get("url"),
    )
