"""The embedded index: SQLite with FTS5, in the one file of the embedded store.

Articles stand in ``search_articles``; two FTS5 tables refer to its columns, one stemmed by
Porter's algorithm for words, one exact for phrases, names and codes. Both fold case and
diacritics. Every batch is one transaction, so that a killed writer leaves whole batches, and in
WAL mode readers go on while it writes.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from shared.errors import PermanentError, StoreError
from shared.runtime.stage import Emit
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
from shared.search.sqlite_query import COLUMNS, WEIGHTS, compile_sqlite
from shared.search.sqlite_store import COLUMN_LIST, TABLES, Store, check_version, create
from shared.text import searchable

T = TypeVar("T")


class SqlitePublisher:
    """Writes documents into the embedded store, as ``ElasticPublisher`` does into Elasticsearch.

    A document whose version is not above the stored one is stale: done, and counted.
    """

    def __init__(self, path: Path, on_outcome: Callable[[str, int], None] | None = None) -> None:
        self._path = path
        self._on_outcome = on_outcome
        self._store: Store | None = None
        self.outcomes: Counter[str] = Counter()

    async def start(self) -> None:
        """Open the store, making what it lacks; raises :class:`~shared.errors.StoreError`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._path.parent}: {error.strerror}") from error
        store = Store(self._path, f"{self._path.absolute().as_uri()}?mode=rwc")
        try:
            await store.run(create)
        except BaseException:
            store.close()
            raise
        self._store = store

    async def stop(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Write ``messages`` in one transaction; see :class:`~shared.runtime.ports.Publisher`."""
        if self._store is None:
            raise StoreError(f"{self._path}: the publisher is not started")
        results: list[PermanentError | None] = []
        documents: list[tuple[Document, bytes]] = []
        for message in messages:
            try:
                documents.append((Document.decode(message.value), message.value))
                results.append(None)
            except PermanentError as error:
                results.append(error)
        counts = await self._store.run(lambda connection: _write(connection, documents))
        counts["rejected"] += len(messages) - len(documents)
        for outcome, number in counts.items():
            if number:
                self.outcomes[outcome] += number
                if self._on_outcome is not None:
                    self._on_outcome(outcome, number)
        return results


def _write(
    connection: sqlite3.Connection, documents: Sequence[tuple[Document, bytes]]
) -> Counter[str]:
    counts: Counter[str] = Counter()
    connection.execute("BEGIN IMMEDIATE")
    try:
        for document, value in documents:
            counts["indexed" if _put(connection, document, value) else "stale"] += 1
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return counts


def _put(connection: sqlite3.Connection, document: Document, value: bytes) -> bool:
    """Write one document unless it is stale; whether it was written."""
    row = connection.execute(
        "SELECT rowid, version FROM search_articles WHERE article_id = ?", (document.article_id,)
    ).fetchone()
    if row is not None:
        rowid, version = row
        if version >= document.version:
            return False
        for table in TABLES:
            # An FTS5 table with external content is told what it forgets.
            connection.execute(
                f"INSERT INTO {table} ({table}, rowid, {COLUMN_LIST}) "  # noqa: S608
                f"SELECT 'delete', rowid, {COLUMN_LIST} FROM search_articles WHERE rowid = ?",
                (rowid,),
            )
        connection.execute("DELETE FROM search_articles WHERE rowid = ?", (rowid,))
    values = {
        "article_id": document.article_id,
        "version": document.version,
        "deleted": document.deleted,
        "kind": document.duplicate.kind,
        "group_id": document.duplicate.group_id,
        "dated_at": _milliseconds(document.dated_at),
        "first_seen_at": _milliseconds(document.first_seen_at),
        "document": value,
        **{name: _column(document, name) for name in COLUMNS},
    }
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    rowid = connection.execute(
        f"INSERT INTO search_articles ({names}) VALUES ({marks})",  # noqa: S608
        tuple(values.values()),
    ).lastrowid
    for table in TABLES:
        connection.execute(
            f"INSERT INTO {table} (rowid, {COLUMN_LIST}) "  # noqa: S608
            f"SELECT rowid, {COLUMN_LIST} FROM search_articles WHERE rowid = ?",
            (rowid,),
        )
    return True


def _column(document: Document, name: str) -> str:
    value: str | list[str] | None = getattr(document, name)
    joined = "\n".join(value) if isinstance(value, list) else value or ""
    # The tokeniser ends at a NUL.
    return searchable(joined.replace("\0", " "))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


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
            ("a.dated_at >= ?", filters.since and _milliseconds(filters.since)),
            ("a.dated_at < ?", filters.until and _milliseconds(filters.until)),
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

    async def duplicates(self, group_id: str) -> list[Document]:
        """See :meth:`shared.search.index.SearchIndex.duplicates`."""
        return await self._documents("group_id = ?", group_id)

    async def count(self) -> int:
        """See :meth:`shared.search.index.SearchIndex.count`."""
        return await self._read(
            lambda connection: int(
                connection.execute(
                    "SELECT count(*) FROM search_articles WHERE deleted = 0"
                ).fetchone()[0]
            )
        )

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
                table = connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'search_schema'"
                ).fetchone()
                if table is None:
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
