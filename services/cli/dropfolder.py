"""A drop folder: what of it is ready to be taken, and taking it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from services.cli import files
from services.cli.delivery import deliver
from services.cli.files import Problem
from services.cli.intake import Intake
from services.cli.report import condensed
from services.cli.sinks import BATCH_BYTES, BATCH_MESSAGES, Sink
from services.cli.taken import Stamp, Taken, TakenFile
from shared.errors import PermanentError, StoreError
from shared.events import Message

SETTLE = 1.0
"""Seconds without a change after which a file counts as whole."""


class Notices(Protocol):
    """Is told what happens to files."""

    def took(self, path: str) -> None:
        """A file was taken."""
        ...

    def refused(self, problem: Problem) -> None:
        """A file was not."""
        ...


@dataclass(frozen=True, slots=True)
class Disposal:
    """What is done with a file that was taken: nothing, moving it into a folder, deleting it."""

    move_to: Path | None = None
    delete: bool = False

    def __call__(self, path: Path, root: Path) -> None:
        """Dispose of ``path``, which stands under ``root``; a name that is taken is numbered."""
        if self.delete:
            path.unlink(missing_ok=True)
        elif self.move_to is not None:
            target = self.move_to / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            number = 1
            while os.path.lexists(target):
                target = target.with_name(f"{path.stem}-{number}{path.suffix}")
                number += 1
            shutil.move(path, target)


@dataclass(slots=True)
class _Pending:
    stamp: Stamp
    since: float


@dataclass(frozen=True, slots=True)
class _Read:
    path: str
    stamp: Stamp
    sha256: str
    message: Message


def _taken(path: str, stamp: Stamp, sha256: str) -> Taken:
    return Taken(path, stamp.size, stamp.mtime_ns, sha256, stamp.inode)


def _state(path: Path, *, read: bool) -> tuple[Stamp, str]:
    """A file's stamp and, where it is to be read, its SHA-256, else nothing."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest() if read else ""
        return Stamp.of(os.fstat(file.fileno())), digest


class Watcher:
    """Takes the files of ``root`` that have stopped growing into ``sink``.

    The order is: publish, have it acknowledged, remember, dispose of the file. A crash between
    two of these repeats a step and skips none. Time comes from ``clock`` (monotonic seconds).
    """

    def __init__(
        self,
        root: Path,
        sink: Sink,
        taken: TakenFile,
        notices: Notices,
        *,
        disposal: Disposal | None = None,
        settle: float = SETTLE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._sink = sink
        self._taken = taken
        self._notices = notices
        self._disposal = disposal or Disposal()
        self._settle = settle
        self._clock = clock
        self._pending: dict[str, _Pending] = {}
        self._complained: dict[str, Stamp | None] = {}
        self._new_folders: dict[str, float] = {}
        self._archives: list[str] = []
        self._touched: list[Taken] = []
        self._intake = Intake(sink.name, archives=not sink.knows_inputs)

    def look(self, paths: Iterable[str] | None = None) -> None:
        """Note files at ``paths`` (folders with all in them), or in the whole drop folder.

        Raises :class:`StoreError` when the drop folder itself is gone.
        """
        if paths is None and not self._root.is_dir():
            raise StoreError(f"{self._root}: the drop folder is gone")
        for found in files.find([str(self._root)] if paths is None else self._places(paths)):
            if isinstance(found, Problem):
                self._complain(found, None)
            elif self._is_candidate(found):
                try:
                    self._note(found)
                except OSError as error:
                    if os.path.lexists(found):  # a link to nothing; what is gone is no problem
                        self._complain(Problem(str(found), *files.describe(error)), None)

    def _places(self, paths: Iterable[str]) -> list[str]:
        """Where to look for what is told to have changed."""
        now = self._clock()
        places: dict[str, None] = {}
        for path in paths:
            if os.path.isdir(path):  # noqa: PTH112 - there may be many thousands
                self._new_folders[path] = now
            places[path] = None
        # What was put into a new folder before it was watched had no event.
        for folder, since in list(self._new_folders.items()):
            if now - since >= self._settle:
                del self._new_folders[folder]
                places[folder] = None
        return [path for path in places if os.path.dirname(path) not in places]  # noqa: PTH120

    def _is_candidate(self, path: Path) -> bool:
        try:
            parts = path.relative_to(self._root).parts
        except ValueError:
            return False
        moved = self._disposal.move_to
        inside = moved is not None and path.is_relative_to(moved)
        hidden = any(map(files.is_hidden, parts)) or not parts
        return not (hidden or inside or files.is_temporary(parts[-1]))

    def _note(self, path: Path) -> None:
        name, status = str(path), path.stat()
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would be to wait for its writer
            self._complain(Problem(name, *files.NO_FILE), None)
            return
        stamp = Stamp.of(status)
        known = self._taken.get(name)
        if known is not None and known.stamp == stamp:
            if known.sha256:  # a crash may have come between remembering and disposing
                self._dispose(path)
        elif name not in self._pending:
            self._pending[name] = _Pending(stamp, self._clock())

    def _ready(self) -> list[str]:
        """Pending files that have not changed for the settle time."""
        now, ready = self._clock(), []
        for name, pending in list(self._pending.items()):
            try:
                stamp = Stamp.of(os.stat(name))  # noqa: PTH116 - there may be many thousands
            except OSError:
                del self._pending[name]  # gone; or it comes again with an event
                continue
            if stamp != pending.stamp:
                self._pending[name] = _Pending(stamp, now)
            elif now - pending.since >= self._settle:
                ready.append(name)
        return ready

    async def take(self) -> int:
        """Take what is ready; returns how many files were taken.

        Raises :class:`TransientError` when the destination is away: all stay pending.
        """
        count = 0
        self._archives, self._touched = [], []
        for batch in self._batches(self._ready()):
            results = await self._sink.deliver([item.message for item in batch])
            self._taken.add(
                _taken(item.path, item.stamp, "" if e else item.sha256)
                for item, e in zip(batch, results, strict=True)
            )
            for item, error in zip(batch, results, strict=True):
                self._pending.pop(item.path, None)
                if error is None:
                    count += 1
                    self._notices.took(item.path)
                    self._dispose(Path(item.path))
                else:
                    self._notices.refused(Problem(item.path, error.reason, error.detail))
        if self._touched:
            self._taken.add(self._touched)
        for known in self._touched:
            del self._pending[known.path]
            self._dispose(Path(known.path))
        for name in self._archives:
            count += await self._take_by_parts(name)
        return count

    async def _take_by_parts(self, name: str) -> int:
        """Take what no message holds, or what the destination wants opened; 1 when it was taken."""
        path, stamp = Path(name), self._pending[name].stamp
        items = self._intake.items(path, str(path.relative_to(self._root)))
        sent = await deliver(items, self._sink, lambda done, total: None)
        # Where a part was refused the original stays, for it is all there is of that part.
        whole = bool(sent.units) and not sent.problems
        try:
            after, digest = await asyncio.to_thread(_state, path, read=whole)
        except OSError:
            del self._pending[name]
            return 0
        if after != stamp:
            self._pending[name] = _Pending(after, self._clock())
            return 0
        del self._pending[name]
        self._taken.add([_taken(name, stamp, digest)])
        for problem in condensed(sent.problems, hint=""):
            self._notices.refused(replace(problem, filename=f"{self._root}/{problem.filename}"))
        if sent.units:
            self._notices.took(name)
        if whole:
            self._dispose(path)
        return int(sent.units > 0)

    def _batches(self, names: Iterable[str]) -> Iterator[list[_Read]]:
        batch: list[_Read] = []
        size = 0
        for name in names:
            item = self._read(name)
            if item is None:
                continue
            if batch and (size + item.stamp.size > BATCH_BYTES or len(batch) == BATCH_MESSAGES):
                yield batch
                batch, size = [], 0
            batch.append(item)
            size += item.stamp.size
        if batch:
            yield batch

    def _read(self, name: str) -> _Read | None:
        path, stamp = Path(name), self._pending[name].stamp
        if stamp.size > files.limit():
            self._archives.append(name)
            return None
        try:
            message = files.read(path, name=str(path.relative_to(self._root)))
            after = Stamp.of(path.stat())
        except PermanentError as error:
            del self._pending[name]
            self._complain(Problem(name, error.reason, error.detail), stamp)
            return None
        except OSError:
            del self._pending[name]
            return None
        value = message.value or b""
        if after != stamp or len(value) != stamp.size:
            self._pending[name] = _Pending(after, self._clock())  # it went on growing
            return None
        digest = hashlib.sha256(value).hexdigest()
        known = self._taken.get(name)
        if known is not None and known.sha256 == digest:  # touched, not changed
            self._touched.append(_taken(name, stamp, digest))
            return None
        if self._intake.opens(value, name):
            self._archives.append(name)
            return None
        return _Read(name, stamp, digest, message)

    def _dispose(self, path: Path) -> None:
        try:
            self._disposal(path, self._root)
        except OSError as error:
            reason, detail = files.describe(error)
            self._complain(Problem(str(path), "taken_but_left", f"{reason}: {detail}"), None)

    def _complain(self, problem: Problem, stamp: Stamp | None) -> None:
        """Tell of a problem once, not at every look."""
        if self._complained.get(problem.filename, False) != stamp:
            self._complained[problem.filename] = stamp
            self._notices.refused(problem)
