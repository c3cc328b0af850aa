"""A broker in one SQLite file, for the embedded default: durable topics and offsets.

One partition a topic. A record that its only reader has committed is deleted, except on topics
that are kept (the fingerprint log, the rejections): the file does not grow with what was done.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

import cramjam

from shared.errors import MessageTooLarge, PermanentError, StoreError
from shared.events import Headers, Message
from shared.runtime.batcher import MAX_BYTES
from shared.runtime.stage import Emit
from shared.topics import Topic

_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS broker_records (
    topic TEXT NOT NULL, position INTEGER NOT NULL, key BLOB, value BLOB, headers TEXT NOT NULL,
    timestamp_ms INTEGER NOT NULL, PRIMARY KEY (topic, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broker_ends (topic TEXT PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS broker_offsets (topic TEXT PRIMARY KEY, committed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS broker_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Broker(Protocol):
    """What the local driver needs: topics with one reader each, and committed offsets."""

    def append(self, topic: Topic, messages: Sequence[Emit]) -> list[int]:
        """Append durably; returns positions."""
        ...

    def read(self, topic: Topic, start: int, limit: int) -> list[Message]:
        """Up to ``limit`` records from position ``start`` on.

        Fewer where they are large: see :data:`~shared.runtime.batcher.MAX_BYTES`.
        """
        ...

    def committed(self, topic: Topic) -> int:
        """The position that the topic's reader goes on from."""
        ...

    def commit(self, topic: Topic, position: int) -> None:
        """All before ``position`` is done."""
        ...

    def end(self, topic: Topic) -> int:
        """The position after the last record."""
        ...


class SqliteBroker:
    """:class:`Broker` on a file. One process at a time: a lock file says so.

    Raises :class:`StoreError` when the file is in use, is damaged, or of a newer version.
    """

    def __init__(self, path: Path, *, keep: frozenset[str], clock: Callable[[], float] = time.time):
        self._keep = keep
        self._clock = clock
        self._lock = _lock(path)
        try:
            with store_errors(str(path)):
                self.connection = connect(path)
        except BaseException:
            self._lock.close()
            raise
        try:
            with store_errors(str(path)):
                self._prepare(path)
        except BaseException:
            self.close()
            raise

    def _prepare(self, path: Path) -> None:
        self.connection.executescript(_SCHEMA)
        row = self.connection.execute(
            "SELECT value FROM broker_meta WHERE name = 'version'"
        ).fetchone()
        if row is None:
            self.connection.execute(
                "INSERT INTO broker_meta VALUES ('version', ?)", (str(_SCHEMA_VERSION),)
            )
        elif row[0] != str(_SCHEMA_VERSION):
            raise StoreError(f"{path} is of store version {row[0]}, not {_SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the file and give the lock back."""
        self.connection.close()
        self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside or nothing of it; one inside another is a part of it."""
        if self.connection.in_transaction:
            yield
            return
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            yield

    def append(self, topic: Topic, messages: Sequence[Emit]) -> list[int]:
        """Append in one transaction; raises :class:`StoreError` (a full disk) writing nothing."""
        now = int(self._clock() * 1000)
        with store_errors(topic.name), self.transaction():
            start = self._end(topic)
            self.connection.executemany(
                "INSERT INTO broker_records VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (topic.name, start + n, m.key, _pack(m.value), _dump(m.headers), now)
                    for n, m in enumerate(messages)
                ],
            )
            self.connection.execute(
                "INSERT INTO broker_ends VALUES (?, ?) "
                "ON CONFLICT (topic) DO UPDATE SET next = excluded.next",
                (topic.name, start + len(messages)),
            )
        return list(range(start, start + len(messages)))

    def read(self, topic: Topic, start: int, limit: int) -> list[Message]:
        """Records in order; see :class:`Broker`."""
        messages: list[Message] = []
        size = 0
        with store_errors(topic.name):
            rows = self.connection.execute(
                "SELECT position, key, value, headers, timestamp_ms FROM broker_records "
                "WHERE topic = ? AND position >= ? ORDER BY position LIMIT ?",
                (topic.name, start, limit),
            )
            for position, key, packed, headers, timestamp in rows:
                value = _unpack(packed)
                messages.append(
                    Message(value, key, _load(headers), topic.name, 0, position, timestamp)
                )
                size += len(value)
                if size >= MAX_BYTES:
                    break
        return messages

    def committed(self, topic: Topic) -> int:
        """See :class:`Broker`."""
        with store_errors(topic.name):
            row = self.connection.execute(
                "SELECT committed FROM broker_offsets WHERE topic = ?", (topic.name,)
            ).fetchone()
        return int(row[0]) if row else 0

    def commit(self, topic: Topic, position: int) -> None:
        """Commit, and delete what is done unless the topic is kept."""
        with store_errors(topic.name), self.transaction():
            self.connection.execute(
                "INSERT INTO broker_offsets VALUES (?, ?) "
                "ON CONFLICT (topic) DO UPDATE SET committed = excluded.committed",
                (topic.name, position),
            )
            if topic.name not in self._keep:
                self.connection.execute(
                    "DELETE FROM broker_records WHERE topic = ? AND position < ?",
                    (topic.name, position),
                )

    def trim(self, topic: Topic) -> None:
        """Delete what is older than the topic's retention."""
        before = int(self._clock() * 1000) - topic.retention_ms
        with store_errors(topic.name):
            self.connection.execute(
                "DELETE FROM broker_records WHERE topic = ? AND timestamp_ms < ?",
                (topic.name, before),
            )

    def end(self, topic: Topic) -> int:
        """See :class:`Broker`."""
        with store_errors(topic.name):
            return self._end(topic)

    def _end(self, topic: Topic) -> int:
        row = self.connection.execute(
            "SELECT next FROM broker_ends WHERE topic = ?", (topic.name,)
        ).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def store_errors(what: str) -> Iterator[None]:
    """SQLite's errors as :class:`StoreError` about ``what``."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{what}: {error}") from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection as all parts of the embedded store use it: WAL, explicit transactions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL survives a killed process; a power cut may undo the last commits,
        # whose input is then processed again.
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class BrokerPublisher:
    """:class:`~shared.runtime.ports.Publisher` into a topic of a :class:`Broker`."""

    def __init__(
        self, broker: Broker, topic: Topic, published: Callable[[], None] = lambda: None
    ) -> None:
        self._broker = broker
        self._topic = topic
        self._published = published

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Append those that fit the topic's limit; see the port."""
        errors = [self._check(message) for message in messages]
        self._broker.append(
            self._topic, [m for m, error in zip(messages, errors, strict=True) if error is None]
        )
        self._published()
        return errors

    def _check(self, message: Emit) -> PermanentError | None:
        size = len(message.value) + sum(len(n) + len(v) for n, v in message.headers)
        if size <= self._topic.max_record:
            return None
        return MessageTooLarge(
            "message_too_large",
            f"{size} bytes; {self._topic.name} takes records of up to "
            f"{self._topic.max_record} bytes",
        )


def _pack(value: bytes) -> bytes:
    """Pages are written twice on their way: a fifth of the bytes is a fifth of the writing."""
    return bytes(cramjam.zstd.compress(value, level=1))


def _unpack(value: bytes) -> bytes:
    try:
        return bytes(cramjam.zstd.decompress(value))
    except cramjam.DecompressionError as error:
        raise StoreError(f"a queued record is damaged: {error}") from error


def _dump(headers: Headers) -> str:
    return json.dumps([[name, b64encode(value).decode()] for name, value in headers])


def _load(text: str) -> Headers:
    return tuple((name, b64decode(value)) for name, value in json.loads(text))


def _lock(path: Path) -> IO[str]:
    with store_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StoreError(
            f"{path} is in use by another `wireroom ingest` or `watch`: wait for it, or end it"
        ) from error
    return file
