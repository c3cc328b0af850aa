"""How far an input was sent, in a small file, so that a run that was killed is gone on with."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from pathlib import Path

import orjson

from services.cli.cluster.places import state_dir
from shared.text import stable_id

log = logging.getLogger(__name__)

_FORGET_SECONDS = 30 * 86_400.0
"""Age of a file that nobody went on with, or whose input has changed since."""


class Resume:
    """A position in one input on its way to one destination; what it counts is its user's.

    ``stamp`` tells the input from a changed one of the same name. Where the file cannot be
    written, a killed run begins anew, which costs time and does no harm: ids are the same.
    """

    def __init__(self, name: str, stamp: str, destination: str, folder: Path | None = None) -> None:
        self._name = name
        self._folder = folder or state_dir() / "progress"
        key = stable_id("progress", name, stamp, destination)
        self._path = self._folder / f"{key}.json"

    def position(self) -> int:
        """Where to go on; 0 where nothing is known."""
        self._forget_old()
        try:
            done = orjson.loads(self._path.read_bytes())["done"]
        except (OSError, ValueError, TypeError, KeyError):
            return 0
        return done if isinstance(done, int) and done > 0 else 0

    def reached(self, position: int) -> None:
        """All before ``position`` is safe at the destination."""
        fresh = self._path.with_suffix(f".{os.getpid()}.new")
        facts = {"name": self._name.encode("utf-8", "replace").decode(), "done": position}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(orjson.dumps(facts))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("%s: %s: a run that is killed will begin anew", self._path, error)

    def finished(self) -> None:
        """Nothing is left to go on with."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _forget_old(self) -> None:
        oldest = time.time() - _FORGET_SECONDS
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.json"):
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < oldest:
                        path.unlink()
