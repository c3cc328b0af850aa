"""The embedded index: SQLite with FTS5, in the one file of the embedded store.

Articles stand in ``search_articles``; two FTS5 tables refer to its columns, one stemmed by
Porter's algorithm for words, one exact for phrases, names and codes. Both fold case and
diacritics. Every batch is one transaction, so that a killed writer leaves whole batches, and in
WAL mode readers go on while it writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

from shared.errors import StoreError
from shared.search.document import Document
from shared.search.index import (
    MARK_END,
    MARK_START,
    SNIPPET_WORDS,
    Filters,
    Hit,
    Results,
    Snippet,
    check_window,
    full_query,
)
from shared.search.revising import Revision, merge
from shared.search.sqlite_query import COLUMNS, WEIGHTS, compile_sqlite
from shared.search.sqlite_store import STORY, Store, check_version, has_table, milliseconds

T = TypeVar("T")


class SqliteIndex:
    """:class:`~shared.search.index.SearchIndex` over the embedded store, read-only."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`~shared.errors.StoreError` when there is no store at ``path``."""
        if not path.is_file():
            raise StoreError(f"{path}: nothing ingested yet: run `wireroom ingest PATH`")
        self._path = path
        self._store = Store(path, f"{path.absolute().as_uri()}?mode=ro")
        self._checked = False

    async def close(self) -> None:
        """Close the store."""
        self._store.close()

    async def search(
        self, query: str, filters: Filters | None = None, limit: int = 10, offset: int = 0
    ) -> Results:
        """See :meth:`shared.search.index.SearchIndex.search`."""
        filters = filters or Filters()
        check_window(limit, offset)
        compiled = compile_sqlite(full_query(query, filters))
        conditions, params = ["a.deleted = 0", compiled.where], list[Any](compiled.params)
        for condition, value in (
            ("a.dated_at >= ?", filters.since and milliseconds(filters.since)),
            ("a.dated_at < ?", filters.until and milliseconds(filters.until)),
            ("a.kind = ?", filters.kind),
        ):
            if value is not None:
                conditions.append(condition)
                params.append(value)
        where = " AND ".join(conditions)

        def work(connection: sqlite3.Connection) -> Results:
            total = connection.execute(
                f"SELECT count(*) FROM search_articles a WHERE {where}",  # noqa: S608
                params,
            ).fetchone()[0]
            if compiled.ranking is None:
                ranked, ranking = "SELECT NULL AS rowid, 0.0 AS score", []
            else:
                weights = ", ".join(map(str, WEIGHTS))
                ranked = (
                    f"SELECT rowid, -bm25(search_stemmed, {weights}) AS score "  # noqa: S608
                    "FROM search_stemmed WHERE search_stemmed MATCH ?"
                )
                ranking = [compiled.ranking]
            rows = connection.execute(
                f"SELECT a.rowid, a.document, coalesce(r.score, 0.0) "  # noqa: S608
                f"FROM search_articles a LEFT JOIN ({ranked}) r ON r.rowid = a.rowid "
                f"WHERE {where} ORDER BY 3 DESC, a.dated_at DESC, a.article_id LIMIT ? OFFSET ?",
                [*ranking, *params, limit, offset],
            ).fetchall()
            return Results(
                total,
                tuple(
                    _hit(
                        Document.decode(value),
                        score,
                        _snippet(connection, rowid, compiled.ranking),
                    )
                    for rowid, value, score in rows
                ),
            )

        return await self._read(work)

    async def get(self, article_id: str) -> Document | None:
        """See :meth:`shared.search.index.SearchIndex.get`."""
        found = await self._documents("article_id = ?", article_id)
        return found[0] if found else None

    async def matching_ids(self, prefix: str, limit: int = 10) -> list[str]:
        """See :meth:`shared.search.index.SearchIndex.matching_ids`."""
        return await self._read(
            lambda connection: [
                row[0]
                for row in connection.execute(
                    "SELECT article_id FROM search_articles WHERE deleted = 0 "
                    "AND article_id >= ? AND substr(article_id, 1, ?) = ? "
                    "ORDER BY article_id LIMIT ?",
                    (prefix, len(prefix), prefix, limit),
                )
            ]
        )

    async def revisions(self, article_id: str) -> list[Revision]:
        """See :meth:`shared.search.index.SearchIndex.revisions`."""
        newest = await self.get(article_id)
        if newest is None:
            return []
        kept = await self._kept(article_id)
        return merge([Revision.of(document) for document in kept], newest)

    async def revision(self, article_id: str, number: int) -> Document | None:
        """See :meth:`shared.search.index.SearchIndex.revision`."""
        newest = await self.get(article_id)
        if newest is None or newest.revision == number:
            return newest
        kept = await self._kept(article_id, number)
        return kept[0] if kept else None

    async def duplicates(self, group_id: str) -> list[Document]:
        """See :meth:`shared.search.index.SearchIndex.duplicates`."""
        return await self._documents("group_id = ?", group_id)

    async def story(self, story_id: str) -> list[Document]:
        """See :meth:`shared.search.index.SearchIndex.story`."""
        return await self._documents(f"{STORY} = ?", story_id)

    async def count(self) -> int:
        """See :meth:`shared.search.index.SearchIndex.count`."""
        return await self._read(
            lambda connection: int(
                connection.execute(
                    "SELECT count(*) FROM search_articles WHERE deleted = 0"
                ).fetchone()[0]
            )
        )

    async def _kept(self, article_id: str, number: int | None = None) -> list[Document]:
        def work(connection: sqlite3.Connection) -> list[Document]:
            if not has_table(connection, "search_revisions"):  # nothing was written since version 1
                return []
            found = [
                Document.decode(row[0])
                for row in connection.execute(
                    "SELECT document FROM search_revisions "
                    "WHERE article_id = ?1 AND (?2 IS NULL OR revision = ?2)",
                    (article_id, number),
                )
            ]
            return [document for document in found if not document.deleted]

        return await self._read(work)

    async def _documents(self, condition: str, value: str) -> list[Document]:
        return await self._read(
            lambda connection: [
                Document.decode(row[0])
                for row in connection.execute(
                    "SELECT document FROM search_articles "  # noqa: S608
                    f"WHERE {condition} AND deleted = 0 ORDER BY first_seen_at, article_id",
                    (value,),
                )
            ]
        )

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def checked(connection: sqlite3.Connection) -> T:
            if not self._checked:
                if not has_table(connection, "search_schema"):
                    raise StoreError(
                        f"{self._path}: nothing ingested yet: run `wireroom ingest PATH`"
                    )
                check_version(connection.execute("SELECT version FROM search_schema").fetchone()[0])
                self._checked = True
            return work(connection)

        return await self._store.run(checked)


def _snippet(connection: sqlite3.Connection, rowid: int, ranking: str | None) -> Snippet:
    row = None
    if ranking is not None:
        row = connection.execute(
            "SELECT snippet(search_stemmed, ?, ?, ?, '…', ?) "
            "FROM search_stemmed WHERE search_stemmed MATCH ? AND rowid = ?",
            (COLUMNS.index("text"), MARK_START, MARK_END, SNIPPET_WORDS, ranking, rowid),
        ).fetchone()
    if row is None:
        row = connection.execute(
            "SELECT substr(text, 1, 240) FROM search_articles WHERE rowid = ?", (rowid,)
        ).fetchone()
    return Snippet.parse(row[0])


def _hit(document: Document, score: float, snippet: Snippet) -> Hit:
    return Hit(
        article_id=document.article_id,
        score=score,
        title=document.title,
        site_name=document.site_name,
        language=document.language,
        published_at=document.published_at,
        first_seen_at=document.first_seen_at.astimezone(UTC),
        snippet=snippet,
        kind=document.duplicate.kind,
        group_id=document.duplicate.group_id,
        url=document.canonical_url or document.url,
    )
