"""A log partition in memory with a decider that is up to date, for the deduplicator's tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from services.deduplicator import verdicts
from services.deduplicator.decider import Decider, Outcome
from services.deduplicator.entry import sealed
from services.deduplicator.follower import Follower, key_of
from services.deduplicator.lines import packed_name, sketch_of
from services.deduplicator.verdicts import KINDS, NO_STORY
from shared.runtime.ports import LogEntry

DAY = 86_400_000
WINDOW = 30 * DAY
BEGIN = 1_700_000_000_000


def made(name: str, text: str, title: str = "", **more: Any) -> Any:
    """The fingerprint of a text."""
    entry = _made(text, title, *sorted(more.items())).copy()
    entry["article"] = np.void(packed_name(name))
    return entry


@cache
def _made(text: str, title: str, *more: tuple[str, Any]) -> Any:
    return sketch_of({"id": "x", "text": text, "title": title, **dict(more)})


@dataclass(frozen=True)
class Decided:
    """A row, with names in the place of packed ids."""

    kind: str
    of: str | None
    group: str
    similarity: int
    first_seen: int
    version: int
    revision: int
    story: str


class Names:
    """Packed ids to the names they were made of."""

    def __init__(self) -> None:
        self._names = {NO_STORY: ""}

    def add(self, name: str) -> None:
        self._names[packed_name(name)] = name

    def decided(self, row: Any) -> Decided:
        of, group, story = (self._names[row[field].tobytes()] for field in ("of", "group", "story"))
        return Decided(
            KINDS[row["kind"]],
            of or None,
            group,
            int(row["similarity"]),
            int(row["first_seen"]),
            int(row["version"]),
            int(row["revision"]),
            story,
        )


class Log:
    """Feeds one follower, a minute between entries unless told; writes its verdicts behind."""

    def __init__(self, window_ms: int = WINDOW) -> None:
        self.decider = Decider(window_ms)
        self.follower = Follower(self.decider, lambda _: True, self._note)
        self.entries: list[LogEntry] = []
        self.names = Names()
        self.outcome: Outcome | None = None

    def _note(self, key: bytes, offset: int, outcome: Outcome) -> None:
        del key, offset
        self.outcome = outcome

    def put(self, value: bytes, at: int | None = None, key: bytes = b"") -> LogEntry:
        """Append a value, ``at`` milliseconds after the beginning."""
        offset = len(self.entries)
        moment = BEGIN + (offset * 60_000 if at is None else at)
        entry = LogEntry(0, offset, moment, key, value)
        self.entries.append(entry)
        self.follower.read(entry)
        return entry

    def add(self, name: str, text: str, at: int | None = None, **more: Any) -> Decided:
        """Append a fingerprint and its verdict; what was decided."""
        self.names.add(name)
        self.outcome = None
        entry = self.put(sealed(made(name, text, **more)), at)
        assert self.follower.advance(live=True, most=1)
        assert self.outcome is not None
        told = self.decider.verdicts(self.outcome, entry.offset)
        row = self.decider.rows[self.outcome.number].copy()
        self.put(verdicts.encode(told), entry.timestamp_ms - BEGIN)
        return self.names.decided(row)

    def now(self, name: str) -> Decided:
        """What the newest row of an article says."""
        numbers = self.decider.of_article(packed_name(name))
        return self.names.decided(self.decider.rows[numbers[0]])

    def __len__(self) -> int:
        return len(self.decider)


def follow(entries: list[LogEntry], *, live: bool = False, batch: int = 1000) -> Follower:
    """A follower that has read all of ``entries``, ``batch`` at a time."""
    follower = Follower(Decider(WINDOW))
    for start in range(0, len(entries), batch):
        for entry in entries[start : start + batch]:
            follower.read(entry)
        while follower.advance(live=live, most=50):
            pass
    while follower.advance(live=True, most=50):
        pass
    return follower


__all__ = ["BEGIN", "DAY", "WINDOW", "Decided", "Log", "Names", "follow", "key_of", "made"]
