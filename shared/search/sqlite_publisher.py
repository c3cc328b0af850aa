"""Writes articles into the embedded index; see :mod:`shared.search.sqlite_index`.

An article's earlier revision is kept in ``search_revisions``, in the transaction that writes the
later one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.errors import PermanentError, StoreError
from shared.runtime.stage import Emit
from shared.search.document import Document
from shared.search.revising import supersede, taken_down
from shared.search.sqlite_query import COLUMNS
from shared.search.sqlite_store import COLUMN_LIST, TABLES, Store, create, milliseconds
from shared.text import searchable


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
        results, counts = await self._store.run(lambda connection: _write(connection, messages))
        for outcome, number in counts.items():
            self.outcomes[outcome] += number
            if self._on_outcome is not None:
                self._on_outcome(outcome, number)
        return results


def _write(
    connection: sqlite3.Connection, messages: Sequence[Emit]
) -> tuple[list[PermanentError | None], Counter[str]]:
    counts: Counter[str] = Counter()
    results: list[PermanentError | None] = []
    connection.execute("BEGIN IMMEDIATE")
    try:
        for message in messages:
            try:
                outcome = _put(connection, Document.decode(message.value), message.value)
                results.append(None)
            except PermanentError as error:
                outcome = "rejected"
                results.append(error)
            counts[outcome] += 1
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return results, counts


def _put(connection: sqlite3.Connection, document: Document, value: bytes) -> str:
    """Write one document unless it is stale; the outcome.

    Raises :class:`~shared.errors.PermanentError`, before it writes over it, where the stored one
    cannot be read: what cannot be kept is not written over.
    """
    row = connection.execute(
        "SELECT rowid, version, document FROM search_articles WHERE article_id = ?",
        (document.article_id,),
    ).fetchone()
    if row is not None:
        rowid, version, before = row
        if version == document.version:
            return "stale"
        try:
            stored = Document.decode(before)
        except PermanentError as error:
            place = f"{document.article_id}, as stored"
            raise PermanentError("stored_unreadable", f"{place}: {error.detail}") from error
        step = supersede(stored, document)
        if step.keep is not None:
            _keep(connection, step.keep)
        if version > document.version:
            return "stale"
        if document.deleted:
            _hide(connection, document)
        if step.write.changes is not None:
            document, value = step.write, step.write.encode()
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
        "dated_at": milliseconds(document.dated_at),
        "first_seen_at": milliseconds(document.first_seen_at),
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
    return "indexed"


def _keep(connection: sqlite3.Connection, document: Document) -> None:
    """Keep an earlier revision, unless it is kept in this version or a later one."""
    connection.execute(
        "INSERT INTO search_revisions VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (article_id, revision) DO UPDATE SET version = ?3, document = ?4 "
        "WHERE version < ?3",
        (document.article_id, document.revision, document.version, document.encode()),
    )


def _hide(connection: sqlite3.Connection, document: Document) -> None:
    """Take down, with an article, the revisions of it that are kept."""
    rows = connection.execute(
        "SELECT document FROM search_revisions WHERE article_id = ?", (document.article_id,)
    ).fetchall()
    for (kept,) in rows:
        _keep(connection, taken_down(Document.decode(kept), document.version))


def _column(document: Document, name: str) -> str:
    value: str | list[str] | None = getattr(document, name)
    joined = "\n".join(value) if isinstance(value, list) else value or ""
    # The tokeniser ends at a NUL.
    return searchable(joined.replace("\0", " "))
