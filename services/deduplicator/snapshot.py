"""What an instance remembers, on disk, so that it need not read the whole log at each start.

A folder for each instance, and in it one for each log partition: a file for each segment of rows
and a manifest that names them, replaced as one. Only segments that changed are written again. A
snapshot is never more than a shortcut: one that is damaged, of another version or not of this log
is put aside, and the log is read from its beginning.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from services.deduplicator.entry import VERSION as ENTRY_VERSION
from services.deduplicator.entry import Entries
from services.deduplicator.follower import Follower, Mark
from services.deduplicator.index import FullRun, Run, SegmentIndex
from services.deduplicator.pages import moved
from services.deduplicator.rows import ROW, SEGMENT, Segment
from services.deduplicator.storyterms import FEATURES

log = logging.getLogger(__name__)

VERSION: Final = 1
_MANIFEST: Final = "manifest.json"
_SLOTS: Final = 1000
_DAMAGED: Final = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


def own_folder(parent: Path) -> tuple[Path, IO[str]]:
    """The first folder under ``parent`` that no other instance holds, and its lock.

    Instances of one machine may be given one ``parent``. Raises :class:`OSError`.
    """
    for number in range(_SLOTS):
        folder = parent / f"instance-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return folder, lock
    raise OSError(f"{parent}: {_SLOTS} instances hold a folder here")


@dataclass(slots=True)
class Snapshot:
    """The snapshot of one log partition in ``folder``."""

    folder: Path
    files: dict[int, str]
    """Segment's first row to the file that has it."""
    stories: str = ""
    generation: int = 0

    @classmethod
    def at(cls, folder: Path) -> Snapshot:
        """The snapshot in ``folder``, which may have none yet."""
        return cls(folder, {})

    def load(self, follower: Follower) -> bool:
        """Give ``follower``, which is new, what was saved; whether there was anything."""
        try:
            found = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        except _DAMAGED as error:
            return self._aside(error)
        try:
            if (found["version"], found["entries"]) != (VERSION, ENTRY_VERSION):
                return self._aside(f"version {found['version']}/{found['entries']}")
            self.files = {int(first): str(name) for first, name in found["segments"].items()}
            self.generation = int(found["generation"])
            mark = Mark(*map(int, found["mark"]))
            self.stories = str(found["stories"])
            parts = [self._read(name) for name in self.files.values()]
            stories = self._read_stories()
        except _DAMAGED as error:
            return self._aside(error)
        follower.restore(
            [segment for segment, _ in parts],
            [index for _, index in parts],
            int(found["first"]),
            stories,
            mark,
        )
        return True

    def save(self, follower: Follower) -> None:
        """Write what changed since the last time; raises :class:`OSError` (a full disk), leaving
        the last snapshot as it was. A follower that is behind is not saved."""
        if follower.mark is None or not follower.settled:
            return
        rows, index = follower.decider.rows, follower.decider.index
        self.folder.mkdir(parents=True, exist_ok=True)
        self.generation += 1
        written: list[Path] = []
        names = {}
        try:
            for segment, keys in zip(rows.segments, index.segments, strict=True):
                name = self.files.get(segment.first)
                if name is None or segment.changed:
                    name = f"rows-{segment.first}-{self.generation}.npz"
                    written.append(self.folder / name)
                    _write(self.folder / name, dict(_arrays(segment, keys)))
                names[segment.first] = name
            stories = self.folder / f"rows-of-stories-{self.generation}.npz"
            written.append(stories)
            first, features = follower.decider.stories.saved()
            _write(stories, {"first": first, "features": features})
            manifest = {
                "version": VERSION,
                "entries": ENTRY_VERSION,
                "generation": self.generation,
                "first": rows.first,
                "mark": [follower.mark.offset, follower.mark.time_ms, follower.mark.digest],
                "segments": names,
                "stories": stories.name,
            }
            _replace(self.folder / _MANIFEST, json.dumps(manifest).encode())
        except OSError:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        for segment in rows.segments:
            segment.changed = False
        self.files, self.stories = names, stories.name
        self._clean()

    def discard(self) -> None:
        """Forget what was saved."""
        (self.folder / _MANIFEST).unlink(missing_ok=True)
        self.files, self.stories = {}, ""
        self._clean()

    def _aside(self, reason: object) -> bool:
        log.warning("%s: not a snapshot that can be used, reading the log instead: %s",
                    self.folder, reason)  # fmt: skip
        self.discard()
        return False

    def _clean(self) -> None:
        kept = {self.stories, *self.files.values()}
        for path in self.folder.glob("rows-*"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _read(self, name: str) -> tuple[Segment, SegmentIndex]:
        path = self.folder / name
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            segment = Segment(int(data["first"]))
            segment.count = len(data["offsets"])
            segment.rows[: segment.count] = _typed(data["rows"], ROW)
            segment.offsets[: segment.count] = data["offsets"]
            segment.changed = False
            tail, held = data["tail"], data["held"]
            index = SegmentIndex(segment.first, int(data["columns"]))
            index.count, index.waiting = segment.count, len(tail)
            if segment.count == SEGMENT:
                index.runs = [FullRun(*(moved(data[name]) for name in ("starts", "lower", "run")))]
                index.tail, index.held = tail, held
            else:
                index.tail[: len(tail)], index.held[: len(tail)] = tail, held
                index.runs = [
                    Run(data[f"keys{n}"], data[f"rows{n}"], int(level))
                    for n, level in enumerate(data["levels"])
                ]
            return segment, index

    def _read_stories(self) -> tuple[int, Entries]:
        path = self.folder / self.stories
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            return int(data["first"]), _typed(data["features"], FEATURES)


def _arrays(segment: Segment, index: SegmentIndex) -> Iterator[tuple[str, Any]]:
    yield "first", segment.first
    yield "rows", segment.rows[: segment.count]
    yield "offsets", segment.offsets[: segment.count]
    yield "columns", index.columns
    yield "tail", index.tail[: index.waiting]
    yield "held", index.held[: index.waiting]
    levels = []
    for number, run in enumerate(index.runs):
        if isinstance(run, FullRun):
            yield from (("starts", run.starts), ("lower", run.lower), ("run", run.rows))
        else:
            yield f"keys{number}", run.keys
            yield f"rows{number}", run.rows
            levels.append(run.level)
    yield "levels", np.array(levels, dtype=np.int64)


def _typed(data: np.ndarray[Any, Any], kind: np.dtype[np.void]) -> np.ndarray[Any, Any]:
    if data.dtype != kind:
        raise ValueError("rows of another form")
    return data


def _write(path: Path, arrays: dict[str, Any]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # with a checksum of each, which reading verifies
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, data: bytes) -> None:
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
