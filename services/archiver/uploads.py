"""Moving finished files from the spool to where they are kept."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs

from services.archiver.spool import Spool
from shared import metrics
from shared.errors import SettingsError, TransientError, WireroomError

log = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_LOOK_SECONDS = 5.0
"""Seconds between looks at the age of the file that is written."""


class Target:
    """A folder or a URL of fsspec. Raises :class:`SettingsError` where it cannot be used at all."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._fs, self._root = url_to_fs(url)
        except (ImportError, ValueError, TypeError, OSError) as error:
            raise SettingsError(f"WIREROOM_ARCHIVER_URL={url}: {error}") from error

    def put(self, path: Path) -> None:
        """Copy the file at ``path`` to its own name here; returns when it is there as a whole.

        Raises :class:`TransientError`. Doing it again replaces what an earlier try left.
        """
        try:
            if "file" in _protocols(self._fs):
                self._copy(path, Path(self._root))
            else:
                self._send(path, f"{self._root.rstrip('/')}/{path.name}")
        except Exception as error:  # file systems of fsspec raise what their libraries raise
            raise TransientError(f"{self.url}: {type(error).__name__}: {error}") from error

    def _copy(self, path: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{path.name}.part"
        with path.open("rb") as source, part.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1024 * 1024)
            copy.flush()
            os.fsync(copy.fileno())
        part.replace(folder / path.name)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _send(self, path: Path, place: str) -> None:
        self._fs.makedirs(self._root, exist_ok=True)
        self._fs.put_file(str(path), place)
        self._fs.invalidate_cache()
        size, wanted = self._fs.info(place)["size"], path.stat().st_size
        if size != wanted:
            raise OSError(f"{place} has {size} bytes there, not {wanted}")


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def move_finished(spool: Spool, target: Target) -> int:
    """Move all that is finished, the oldest first; returns how many files.

    A file leaves the spool when it is there. Raises :class:`TransientError` at the first failure.
    """
    moved = 0
    for path in spool.finished():
        with spool.taking(path) as mine:
            if mine:
                target.put(path)
                path.unlink()
                moved += 1
                log.info("archived %s to %s", path.name, target.url)
    return moved


class Mover:
    """A thread that finishes files in time and moves them, trying again for ever."""

    def __init__(self, spool: Spool, target: Target) -> None:
        self._spool = spool
        self._target = target
        self._stop = threading.Event()
        # A daemon: an upload that hangs must not hold up the end of the process; what it was
        # moving is still in the spool.
        self._thread = threading.Thread(target=self._run, name="archive-mover", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Finish the file that is written, and move what can be moved within ``seconds``."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            stopping = self._stop.is_set()
            try:
                self._spool.rotate(now=stopping)
                move_finished(self._spool, self._target)
                pause, wait = _FIRST_PAUSE, _LOOK_SECONDS
            except (WireroomError, OSError) as error:
                level = logging.ERROR if stopping else logging.WARNING
                log.log(level, "files of the archive wait in the spool: %s", error)
                wait, pause = pause, min(2 * pause, _LONGEST_PAUSE)
            metrics.ARCHIVE_WAITING.set(self._spool.waiting())
            if stopping:
                return
            self._stop.wait(wait)
