"""What processes take: memory at its peak, CPU seconds, and the size of an installation."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
_BLOCK = 512  # bytes that st_blocks counts, on every system that Python runs on


class Usage:
    """A context manager that looks once a second at processes and all that they started.

    ``roots`` names process ids; several of one name are added up. Memory is resident memory, so
    that pages which processes share count in each of them.
    """

    def __init__(self, roots: Mapping[str, Sequence[int]], *, every: float = 1.0) -> None:
        self.peaks = dict.fromkeys(roots, 0)
        """Most resident memory of each name at one moment, bytes."""
        self.largest = dict.fromkeys(roots, 0)
        """Most resident memory of one process of it, bytes."""
        self._roots = dict(roots)
        self._every = every
        self._first: dict[tuple[str, int, float], float] = {}
        self._last: dict[tuple[str, int, float], float] = {}
        self._stop = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._look()
        self._first = dict(self._last)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._look()
        self.seconds = time.monotonic() - self._began

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time of each name since the start; of a process that ended, up to the last look."""
        self._look()
        used = dict.fromkeys(self._roots, 0.0)
        for key, seconds in self._last.items():
            used[key[0]] += seconds - self._first.get(key, 0.0)
        return used

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            self._look()

    def _look(self) -> None:
        with self._looking:
            self._look_once()

    def _look_once(self) -> None:
        for name, pids in self._roots.items():
            total = 0
            for process in _trees(pids):
                try:
                    with process.oneshot():
                        size, cpu = process.memory_info().rss, process.cpu_times()
                        started = process.create_time()
                except psutil.Error:
                    continue  # it ended just now
                total += size
                self.largest[name] = max(self.largest[name], size)
                self._last[name, process.pid, started] = cpu.user + cpu.system
            self.peaks[name] = max(self.peaks[name], total)


def _trees(pids: Sequence[int]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for pid in pids:
        try:
            root = psutil.Process(pid)
            found += [root, *root.children(recursive=True)]
        except psutil.Error:
            continue
    return found


def requirement_names(text: str) -> list[str]:
    """The packages that a requirements file names, without versions, markers and hashes."""
    return _REQUIREMENT.findall(text)


def installed_bytes(requirements: Path) -> tuple[int, list[str]]:
    """Bytes on disk of the packages of ``requirements``, and those that are not installed here.

    Their files and the bytecode of their modules, which pip writes and other installers leave to
    the first run; packages for other systems are not installed.
    """
    files: set[Path] = set()
    absent: list[str] = []
    for name in requirement_names(requirements.read_text(encoding="utf-8")):
        try:
            recorded = distribution(name).files or []
        except PackageNotFoundError:
            absent.append(name)
            continue
        found = [Path(str(file.locate())).resolve() for file in recorded]
        files.update(found)
        files.update(Path(cache_from_source(f)) for f in found if f.suffix == ".py")
    return sum(file.stat().st_blocks * _BLOCK for file in files if file.is_file()), absent
