"""The tables and connections of the embedded index, in the one file of the embedded store."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from shared.errors import StoreError, TransientError
from shared.search.sqlite_query import COLUMNS

T = TypeVar("T")

SCHEMA_VERSION: Final = 2
"""2 keeps earlier revisions. What 1 wrote is read as it is, and made 2 by the first writer: a
program that knows 1 alone would write over revisions."""
READABLE: Final = (1, SCHEMA_VERSION)
BUSY_SECONDS: Final = 30.0
"""How long a connection waits for another's write."""

TABLES: Final = ("search_stemmed", "search_exact")
COLUMN_LIST: Final = ", ".join(COLUMNS)
STORY: Final = "json_extract(CAST(document AS TEXT), '$.story_id')"
"""An article's story, as the index over it is written."""
SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS search_schema (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS search_articles (
    rowid INTEGER PRIMARY KEY,
    article_id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    kind TEXT NOT NULL,
    group_id TEXT NOT NULL,
    dated_at INTEGER NOT NULL,       -- Unix milliseconds
    first_seen_at INTEGER NOT NULL,  -- Unix milliseconds
    document BLOB NOT NULL,          -- JSON, as published
    {", ".join(f"{name} TEXT NOT NULL" for name in COLUMNS)}
);
CREATE TABLE IF NOT EXISTS search_revisions (
    article_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document BLOB NOT NULL,          -- JSON, as it was in search_articles
    PRIMARY KEY (article_id, revision)
);
CREATE INDEX IF NOT EXISTS search_groups ON search_articles (group_id);
CREATE INDEX IF NOT EXISTS search_stories ON search_articles ({STORY});
CREATE INDEX IF NOT EXISTS search_dates ON search_articles (dated_at);
CREATE VIRTUAL TABLE IF NOT EXISTS search_stemmed USING fts5 (
    {COLUMN_LIST}, content='search_articles', content_rowid='rowid',
    tokenize='porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE IF NOT EXISTS search_exact USING fts5 (
    {COLUMN_LIST}, content='search_articles', content_rowid='rowid',
    tokenize='unicode61 remove_diacritics 2'
);
"""


@contextmanager
def _store_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: what waiting may cure is transient."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise TransientError(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: {error}") from error


class Store:
    """One connection, used by one thread at a time, off the event loop."""

    def __init__(self, path: Path, uri: str) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        self._lock = asyncio.Lock()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` returns, run in a thread; SQLite's errors are raised as ours."""

        def guarded() -> T:
            with _store_errors(self.path):
                return work(self._connection)

        async with self._lock:
            task = asyncio.ensure_future(asyncio.to_thread(guarded))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                # The thread cannot be stopped: the connection is free only when it has ended.
                await asyncio.wait([task])
                raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def create(connection: sqlite3.Connection) -> None:
    """Make the tables that are not there, in WAL mode.

    Raises :class:`~shared.errors.StoreError` for those of a version that is not known.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL keeps every transaction through a killed process; a power cut may take
    # the last ones, together with all later marks of progress in the same file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        row = connection.execute("SELECT version FROM search_schema").fetchone()
        if row is None:
            connection.execute("INSERT INTO search_schema VALUES (?)", (SCHEMA_VERSION,))
        else:
            check_version(row[0])
            connection.execute("UPDATE search_schema SET version = ?", (SCHEMA_VERSION,))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether there is a table of this name."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return found is not None


def check_version(version: int) -> None:
    """Raises :class:`~shared.errors.StoreError` for tables of another program's version."""
    if version not in READABLE:
        raise StoreError(
            f"the store has search tables of version {version}, this program has {SCHEMA_VERSION}"
        )


def milliseconds(moment: datetime) -> int:
    """``moment`` as the tables hold it."""
    return round(moment.timestamp() * 1000)
