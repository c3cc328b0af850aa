"""The crawler's state in a SQLite file: the embedded default."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from services.crawler.ports import Change
from shared.errors import StoreError, TransientError

T = TypeVar("T")

_PIECE: Final = 2_000
_BUSY_SECONDS: Final = 30.0
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS crawler_state (
    partition INTEGER NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (partition, key)
) WITHOUT ROWID
"""


class SqliteStateStore:
    """:class:`~services.crawler.ports.StateStore` in the file at ``path``, made where it is not.

    One crawler at a time uses a file: a second one's :meth:`start` raises
    :class:`~shared.errors.StoreError`, and so does a file that is none or of another version.
    What :meth:`write` returned from survives a killed process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._owner: BinaryIO | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Open the file and become its owner."""
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._owner = self._path.with_name(self._path.name + ".lock").open("ab")
            fcntl.flock(self._owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._connection = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            # In WAL mode NORMAL keeps every transaction through a killed process.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise StoreError(f"{self._path}: of version {version}, this program has {_VERSION}")
            self._connection.execute(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")
        except BlockingIOError as error:
            self._close()
            raise StoreError(f"{self._path}: another crawler uses it") from error
        except OSError as error:
            self._close()
            raise StoreError(f"{self._path}: {error.strerror}") from error
        except sqlite3.Error as error:
            self._close()
            raise StoreError(f"{self._path}: {error}") from error
        except StoreError:
            self._close()
            raise

    async def stop(self) -> None:
        """Close the file."""
        async with self._lock:
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    async def load(self, partition: int) -> AsyncIterator[Sequence[tuple[bytes, bytes]]]:
        """All keys of a partition with their values, in pieces."""
        after = b""
        while True:
            place = after

            def piece(
                connection: sqlite3.Connection, place: bytes = place
            ) -> list[tuple[bytes, bytes]]:
                return connection.execute(
                    "SELECT key, value FROM crawler_state WHERE partition = ? AND key > ?"
                    " ORDER BY key LIMIT ?",
                    (partition, place, _PIECE),
                ).fetchall()

            rows = await self._run(piece)
            if not rows:
                return
            after = rows[-1][0]
            yield rows

    async def write(self, partition: int, changes: Sequence[Change]) -> None:
        """Make ``changes`` durable in one transaction; see the port."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for key, value in changes:
                    if value is None:
                        connection.execute(
                            "DELETE FROM crawler_state WHERE partition = ? AND key = ?",
                            (partition, key),
                        )
                    else:
                        connection.execute(
                            "INSERT OR REPLACE INTO crawler_state VALUES (?, ?, ?)",
                            (partition, key, value),
                        )
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                raise

        await self._run(work)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self._lock:
            connection = self._connection
            if connection is None:
                raise StoreError(f"{self._path}: it is not open")

            def guarded() -> T:
                try:
                    return work(connection)
                except sqlite3.OperationalError as error:  # full, locked: may pass
                    raise TransientError(f"{self._path}: {error}") from error
                except sqlite3.DatabaseError as error:
                    raise StoreError(f"{self._path}: {error}") from error

            task = asyncio.ensure_future(asyncio.to_thread(guarded))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                # The thread cannot be stopped: the connection is free only when it has ended.
                await asyncio.wait([task])
                raise


def read_keys(path: Path, prefix: bytes) -> list[tuple[bytes, bytes]]:
    """The keys that begin with ``prefix`` and their values, also while a crawler uses the file.

    None where there is no file; raises :class:`~shared.errors.StoreError` where it is another.
    """
    if not path.exists():
        return []
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
            return connection.execute(
                "SELECT key, value FROM crawler_state WHERE substr(key, 1, ?) = ?",
                (len(prefix), prefix),
            ).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
