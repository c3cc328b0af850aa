"""When snapshots are read and written: at the start, every few minutes, and at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import IO

from services.deduplicator.follower import Follower
from services.deduplicator.settings import DeduplicatorSettings
from services.deduplicator.snapshot import Snapshot, own_folder
from shared.errors import SettingsError

log = logging.getLogger(__name__)


class Saving:
    """The snapshots of all log partitions, where the settings ask for them.

    A snapshot that cannot be written (a full disk) is told and tried again later; nothing rests on
    it. The time of day decides when one is written, never what is in it.
    """

    def __init__(self, settings: DeduplicatorSettings) -> None:
        self._parent = settings.snapshots
        self._interval = settings.snapshot_minutes * 60
        self._due = 0.0
        self._snapshots: list[Snapshot] = []
        self._lock: IO[str] | None = None

    def load(self, followers: Sequence[Follower]) -> None:
        """Restore ``followers``, which are new.

        Raises :class:`SettingsError` for a folder that cannot be used.
        """
        self._due = time.monotonic() + self._interval
        if self._parent is None or self._lock is not None:
            return
        try:
            folder, self._lock = own_folder(self._parent)
        except OSError as error:
            raise SettingsError(f"WIREROOM_DEDUPLICATOR_SNAPSHOTS: {error}") from error
        self._snapshots = [Snapshot.at(folder / str(group)) for group in range(len(followers))]
        for snapshot, follower in zip(self._snapshots, followers, strict=True):
            if snapshot.load(follower):
                log.info("%s: %d articles remembered", snapshot.folder, len(follower.decider))

    def discard(self, group: int, reason: object) -> None:
        """The snapshot of ``group`` is not of this log."""
        log.warning("%s: put aside, reading the log instead: %s",
                    self._snapshots[group].folder, reason)  # fmt: skip
        self._snapshots[group].discard()

    def save_if_due(self, followers: Sequence[Follower]) -> None:
        """Save, where the last time is long enough ago."""
        if self._snapshots and time.monotonic() >= self._due:
            self._save(followers)

    def close(self, followers: Sequence[Follower]) -> None:
        """Save a last time and give the folder back."""
        if self._lock is None:
            return
        self._save(followers)
        self._lock.close()
        self._lock = None

    def _save(self, followers: Sequence[Follower]) -> None:
        for snapshot, follower in zip(self._snapshots, followers, strict=True):
            try:
                snapshot.save(follower)
            except OSError as error:
                log.warning("%s: no snapshot was written: %s", snapshot.folder, error)
        self._due = time.monotonic() + self._interval
