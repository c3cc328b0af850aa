"""Follows one partition of the fingerprint log: fingerprints and verdicts, in log order.

A fingerprint is decided here, or taken over where its verdict has been read already. An instance
that catches up reads ahead for verdicts, so that it takes over nearly everything; one that is up to
date decides nearly everything, before the verdicts come. Both end in the same state.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import xxhash

from services.deduplicator import verdicts
from services.deduplicator.decider import Decider, Outcome
from services.deduplicator.entry import ENTRY, ID_BYTES, Entries, entries, is_entry
from services.deduplicator.index import SegmentIndex
from services.deduplicator.rows import Segment
from shared.errors import WireroomError
from shared.runtime.ports import LogEntry

log = logging.getLogger(__name__)

LOOKAHEAD: Final = 10_000
"""Fingerprints held back while catching up until their verdict is read. One whose instance died
before it wrote the verdict has none: it is decided when so many stand behind it."""

_TAKEN: Final = 1000
_ARTICLE: Final = int(ENTRY.fields["article"][1]) if ENTRY.fields else 0
_CONTENT: Final = int(ENTRY.fields["content"][1]) if ENTRY.fields else 0

Key = bytes
"""Article and content of an entry."""


def key_of(value: bytes) -> Key:
    """The key of an entry's value."""
    return value[_ARTICLE : _ARTICLE + ID_BYTES] + value[_CONTENT : _CONTENT + 16]


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry of the log, to know the log by."""

    offset: int
    time_ms: int
    digest: int
    """XXH3 of its value. A CRC-32 would be the same for all: they end with their own."""

    @classmethod
    def of(cls, entry: LogEntry) -> Self:
        """The mark of an entry."""
        return cls(entry.offset, entry.timestamp_ms, xxhash.xxh3_64_intdigest(entry.value))


@dataclass(frozen=True, slots=True)
class _Waiting:
    offset: int
    time_ms: int
    value: bytes


class ForeignLogError(WireroomError):
    """The log is not the one that a snapshot was made of."""


class Follower:
    """``decided`` is told the key, the offset and the outcome of entries that ``wanted`` asks for.

    ``next``: the offset that is read next. ``skipped``: entries that cannot be read.
    """

    def __init__(
        self,
        decider: Decider,
        wanted: Callable[[Key], bool] = lambda _: False,
        decided: Callable[[Key, int, Outcome], None] = lambda *_: None,
    ) -> None:
        self.decider = decider
        self.next = 0
        self.skipped = 0
        self._expected: Mark | None = None
        self._last: LogEntry | None = None
        self._wanted = wanted
        self._decided = decided
        self._waiting: deque[_Waiting] = deque()
        self._verdicts: dict[int, verdicts.Verdicts] = {}

    @property
    def done(self) -> int:
        """The offset up to which everything is decided."""
        return self._waiting[0].offset if self._waiting else self.next

    @property
    def mark(self) -> Mark | None:
        """The last entry that was read."""
        return Mark.of(self._last) if self._last is not None else None

    @property
    def start(self) -> int | None:
        """The offset to read from after a restoration, to see that the log is the same."""
        return self._expected.offset if self._expected is not None else None

    @property
    def settled(self) -> bool:
        """Whether all that was read is decided."""
        return not self._waiting and self._expected is None

    def restore(
        self,
        segments: list[Segment],
        index: list[SegmentIndex],
        first: int,
        stories: tuple[int, Entries],
        mark: Mark,
    ) -> None:
        """Go on where another follower was, behind the entry of ``mark``.

        That entry is to be read again: where another stands there, :meth:`read` raises
        :class:`ForeignLogError`.
        """
        self.decider.restore(segments, index, first, stories)
        self.next = mark.offset + 1
        self._expected = mark

    def read(self, entry: LogEntry) -> None:
        """Take the next entry of the log.

        Raises :class:`~shared.errors.SettingsError` for one of a newer release and
        :class:`ForeignLogError` where it is not the log that was restored from.
        """
        if self._expected is not None and entry.offset >= self._expected.offset:
            if Mark.of(entry) != self._expected:
                raise ForeignLogError(f"another log: no {self._expected} in it")
            self._expected = None
        if entry.offset < self.next:
            return  # read again
        self.next = entry.offset + 1
        self._last = entry
        if is_entry(entry.value):
            self._waiting.append(_Waiting(entry.offset, entry.timestamp_ms, entry.value))
            return
        told = verdicts.decode(entry.value)
        if told is None:
            self.skipped += 1
            return
        # All verdicts of one cause stand together.
        causes = told["cause"]
        starts = np.nonzero(np.diff(causes, prepend=causes[:1] - 1))[0].tolist()
        for start, end in zip(starts, [*starts[1:], len(told)], strict=True):
            part = told[start:end]
            cause = int(causes[start])
            if cause < self.done:
                self.decider.confirm(part)
            else:
                self._verdicts.setdefault(cause, part)

    def advance(self, live: bool, most: int) -> bool:
        """Decide or take over up to ``most`` entries; whether any was.

        ``live``: do not wait for verdicts.
        """
        if not self._waiting:
            return False
        run: list[_Waiting] = []
        for waiting in self._waiting:
            if waiting.offset not in self._verdicts or len(run) == _TAKEN:
                break
            run.append(waiting)
        if run:
            self._take(run)
            return True
        if not live and len(self._waiting) < LOOKAHEAD:
            return False
        for _ in range(most):
            head = self._waiting.popleft()
            outcome = self.decider.decide(
                np.frombuffer(head.value, ENTRY)[0], head.offset, head.time_ms
            )
            key = key_of(head.value)
            if self._wanted(key):
                self._decided(key, head.offset, outcome)
            if not self._waiting or self._waiting[0].offset in self._verdicts:
                break
        return True

    def _take(self, run: list[_Waiting]) -> None:
        told = [self._verdicts.pop(waiting.offset) for waiting in run]
        self.decider.take(
            entries([waiting.value for waiting in run]),
            np.array([waiting.offset for waiting in run], dtype=np.int64),
            np.array([waiting.time_ms for waiting in run], dtype=np.int64),
            told,
        )
        for waiting, part in zip(run, told, strict=True):
            self._waiting.popleft()
            key = key_of(waiting.value)
            if self._wanted(key):
                number = self.decider.rows.at_offset(int(part[0]["row"]))
                if number is not None:
                    self._decided(key, waiting.offset, self.decider.again(number))
