"""What a drop folder's watcher has taken already, in a small file that survives a crash."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import orjson

from shared.errors import StoreError

FILE_NAME = ".wireroom-watch"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells without reading that a file is still the same."""

    size: int
    mtime_ns: int
    inode: int = 0
    """Tells another file that was moved here with an old date; 0: not known."""

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of a file's status."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken; ``sha256`` is hexadecimal, empty for one that was refused unread."""

    path: str
    size: int
    mtime_ns: int
    sha256: str
    inode: int = 0

    @property
    def stamp(self) -> Stamp:
        """Its stamp when it was taken."""
        return Stamp(self.size, self.mtime_ns, self.inode)


class TakenFile:
    """The files taken for one destination, an append-only log of JSON Lines.

    A line is on the disk before :meth:`add` returns. A line that a crash cut off is dropped: its
    file is taken again, which does no harm, since what is made of it has the same ids. The log is
    locked: a second watcher with the same log would take everything twice.
    """

    def __init__(self, path: Path, destination: str) -> None:
        self._path = path
        self._destination = destination
        self._entries: dict[str, Taken] = {}
        self._others: list[bytes] = []
        self._file: BinaryIO | None = None

    def __enter__(self) -> TakenFile:
        """Lock and read; raises :class:`StoreError` when it is in use or cannot be written."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = self._path.with_name(self._path.name + ".lock")
            self._lock = lock.open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read()
            self._compact()
        except BlockingIOError as error:
            self._lock.close()
            raise StoreError(f"{self._path}: another watcher uses it") from error
        except OSError as error:
            raise StoreError(
                f"{self._path}: {error.strerror}; name another with --state"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        self._lock.close()

    def get(self, path: str) -> Taken | None:
        """What is remembered of the file at ``path``."""
        return self._entries.get(path)

    def add(self, entries: Iterable[Taken]) -> None:
        """Remember ``entries``; returns when they are on the disk."""
        assert self._file is not None
        for entry in entries:
            self._entries[entry.path] = entry
            self._file.write(self._line(entry))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _line(self, entry: Taken) -> bytes:
        record = {"to": self._destination, **asdict(entry)}
        # A file's name may be no UTF-8; its bytes are kept by surrogates, which orjson refuses.
        record["path"] = os.fsencode(entry.path).decode("latin-1")
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            for line in file:
                try:
                    record = orjson.loads(line)
                    destination = record.pop("to")
                    entry = Taken(**record)
                    path = os.fsdecode(entry.path.encode("latin-1"))
                except (ValueError, TypeError, KeyError, AttributeError):
                    continue  # cut off by a crash
                if destination != self._destination:
                    self._others.append(line)
                    continue
                self._entries[path] = replace(entry, path=path)

    def _compact(self) -> None:
        """Leave out what is superseded and what was taken from files that are gone."""
        self._entries = {p: e for p, e in self._entries.items() if os.path.lexists(p)}
        fresh = self._path.with_name(self._path.name + ".new")
        with fresh.open("wb") as file:
            file.writelines(self._others)
            file.writelines(map(self._line, self._entries.values()))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._others.clear()
        self._file = self._path.open("ab")
