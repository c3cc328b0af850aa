"""The folder where WARC files are written and wait to be moved away.

A file that is being written is called ``*.open`` and is locked. A crash leaves it there: what is
whole of it is kept, which is found by reading it, since each record is a gzip member of its own.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from services.archiver.warc_reader import whole_length
from services.archiver.warc_writer import file_info
from shared.errors import TransientError

log = logging.getLogger(__name__)

SUFFIX = ".warc.gz"
_OPEN = ".open"


class Spool:
    """Writes records into files of bounded size and age; several instances can share a folder.

    Methods may be called from any thread. Names begin with the time in UTC, so that they sort by
    it, and hold a random id of the instance, so that two never write the same.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        max_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._clock = clock
        self._instance = uuid.uuid4().hex[:12]
        self._serial = 0
        self._lock = Lock()
        self._file: FileIO | None = None
        self._path = folder
        self._size = 0
        self._born = 0.0

    def recover(self) -> None:
        """Finish what instances that are gone left open, cut after its last whole record."""
        with _told(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(self._folder.glob(f"*{SUFFIX}{_OPEN}")):
                with _locked(path, "r+b") as file:
                    if file is not None:
                        self._repair(path, file)

    def _repair(self, path: Path, file: BinaryIO) -> None:
        length, members = whole_length(file)
        if members < 2:  # nothing but what tells of the file itself
            path.unlink()
            return
        lost = file.seek(0, os.SEEK_END) - length
        file.truncate(length)
        os.fsync(file.fileno())
        self._finish(path)
        log.warning("%s: kept %d records, cut %d bytes off", path, members - 1, lost)

    def append(self, records: Sequence[bytes]) -> None:
        """Write gzip members; returns when all are on the disk.

        Raises :class:`TransientError` when they cannot be, a full disk; nothing of them is left.
        """
        with self._lock, _told(self._folder):
            self._rotate()
            if self._file is None:
                self._create()
            file = self._file
            assert file is not None
            try:
                written = _write(file, b"".join(records))
                os.fsync(file.fileno())
            except OSError:
                self._abandon(file)
                raise
            self._size += written

    def _create(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._serial += 1
        self._born = self._clock()
        stamp = f"{datetime.fromtimestamp(self._born, UTC):%Y%m%d%H%M%S%f}"[:17]
        name = f"wireroom-{stamp}-{self._instance}-{self._serial:05}{SUFFIX}"
        path = self._folder / (name + _OPEN)
        file = path.open("xb", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._size = _write(file, file_info(name))
            _sync_folder(self._folder)
        except OSError:
            file.close()
            raise
        self._file, self._path = file, path

    def _abandon(self, file: FileIO) -> None:
        """After a failed write: what was whole before it stays, in a file that is finished."""
        self._file = None
        with file:
            try:
                os.ftruncate(file.fileno(), self._size)
                self._finish(self._path)
            except OSError as error:
                log.warning("%s: left for the next start: %s", self._path, error)

    def rotate(self, *, now: bool = False) -> None:
        """Finish the file that is written when it is large or old enough, or ``now``."""
        with self._lock, _told(self._folder):
            self._rotate(now=now)

    def _rotate(self, *, now: bool = False) -> None:
        if self._file is None:
            return
        old = self._clock() - self._born >= self._max_seconds
        if now or old or self._size >= self._max_bytes:
            file, self._file = self._file, None
            self._finish(self._path)
            file.close()

    def _finish(self, path: Path) -> None:
        path.rename(path.with_suffix(""))
        _sync_folder(self._folder)

    @contextmanager
    def taking(self, path: Path) -> Iterator[bool]:
        """Hold a finished file; ``False`` where another instance holds it or had it."""
        with _locked(path, "rb") as file:
            yield file is not None

    def finished(self) -> list[Path]:
        """Files that wait to be moved away, the oldest first."""
        with _told(self._folder):
            return sorted(self._folder.glob(f"*{SUFFIX}"))

    def waiting(self) -> int:
        """How many files wait to be moved away."""
        return sum(1 for _ in self._folder.glob(f"*{SUFFIX}"))


def _write(file: FileIO, data: bytes) -> int:
    """Write all of ``data``, which a raw file may take in pieces; returns how much that was."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    return len(data)


@contextmanager
def _locked(path: Path, mode: str) -> Iterator[BinaryIO | None]:
    """The file, locked; ``None`` where it is gone or somebody else's."""
    try:
        file: BinaryIO = path.open(mode)  # type: ignore[assignment]
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.path.samestat(os.fstat(file.fileno()), path.stat())
        except (BlockingIOError, FileNotFoundError):
            mine = False
        yield file if mine else None


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TransientError(f"{error.filename or folder}: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
