"""What an article repeats, decided by the order of the fingerprint log alone.

Every instance feeds every entry of a partition to a :class:`Decider` in log order and comes to the
same decisions: nothing here asks the clock or the machine, and everything is compared in integers.

*The window.* An entry is compared with entries whose time in the log is later than its own time
less ``window_ms``; older ones are forgotten. A decision rests on the rows in the window and on
what was decided of them, on nothing else. An instance that begins later in the log takes the
decisions on rows before it from the verdicts (:mod:`services.deduplicator.verdicts`), so that it
agrees as soon as its rows reach one window back.

*One article.* A second entry of the same article and text (a retry, a message delivered again, a
replay) has the decision of the first. Another text of the same article is its next revision: it
keeps the article's group as long as it has something in common with the earlier one, and is never
compared with itself. An article that is seen again after half a window gets a new row with the old
decision, so that what never changes of it outlives its first row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.candidates import Candidates, Found, Relation
from services.deduplicator.entry import ID_BYTES, NO_DATE, Entries
from services.deduplicator.index import KeyIndex, SegmentIndex
from services.deduplicator.original import Originals
from services.deduplicator.rows import (
    CONFIRMED,
    CORRECTED_OTHERS,
    FROM_ENTRY,
    FROM_VERDICT,
    ROW,
    SUPERSEDED,
    Rows,
    Segment,
)
from services.deduplicator.similarity import NearRule
from services.deduplicator.storybook import StoryBook
from services.deduplicator.verdicts import KINDS, NO_STORY, VERDICT, Verdicts, joined

_OFFSET_BITS: Final = 20
_NONE: Final = KINDS.index("none")
_NEAR: Final = KINDS.index("near")
_COMPARED: Final = ("version", "kind", "of", "group", "story")


STORY_WINDOW_MS: Final = 7 * 86_400_000
"""How far back the reports of one event are looked for, and corrected."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an entry did: ``number`` is its article's row, ``corrected`` are rows of other articles
    that it changed."""

    number: int
    corrected: tuple[int, ...] = ()


class Decider:
    """Decides the entries of one log partition.

    ``disagreed`` counts verdicts of the log that were not what was decided here: never, unless
    instances differ in settings or release.
    """

    def __init__(
        self,
        window_ms: int,
        rule: NearRule | None = None,
        story_window_ms: int = STORY_WINDOW_MS,
    ) -> None:
        self._window_ms = window_ms
        self._corrected_ms = min(story_window_ms, window_ms)
        self.rows = Rows()
        self.stories = StoryBook(self.rows, story_window_ms)
        self._rule = rule or NearRule()
        self._candidates = Candidates(self.rows, self._rule, self.stories.meaning)
        self._originals = Originals(self.rows, self._candidates)
        self.disagreed = 0

    @property
    def index(self) -> KeyIndex:
        """What finds the rows."""
        return self._candidates.index

    def restore(
        self,
        segments: list[Segment],
        index: list[SegmentIndex],
        first: int,
        stories: tuple[int, Entries],
    ) -> None:
        """Take over what another decider had, which this new one has nothing of yet.

        ``stories``: what :meth:`StoryBook.saved` gave.
        """
        self.rows.segments, self.index.segments = segments, index
        self.rows.first = first
        self.rows.end = segments[-1].first + segments[-1].count if segments else first
        for segment in segments:
            rows = segment.rows[: segment.count]
            self._originals.note(segment.first, rows)
        self.stories.restore(*stories)

    def __len__(self) -> int:
        """Remembered texts."""
        return len(self.rows)

    def decide(self, entry: Any, offset: int, time_ms: int) -> Outcome:
        """Decide the next entry, a record of :data:`~services.deduplicator.entry.ENTRY`."""
        cutoff = time_ms - self._window_ms
        self._forget(time_ms)
        found = self._candidates.find(entry, cutoff)
        for number in found.own:
            if self.rows[number]["content"] == entry["content"]:
                fresh = self.rows[number]["time"] > time_ms - self._window_ms // 2
                if fresh or number != found.own[0]:
                    return self.again(number)
                return self._renewed(entry, offset, time_ms, found.own)
        return self._new(entry, offset, time_ms, found)

    def of_article(self, article: bytes) -> list[int]:
        """The remembered rows of an article, by its packed id, the newest first."""
        return self._candidates.of_article(article, NO_DATE)

    def verdicts(self, outcome: Outcome, offset: int) -> Verdicts:
        """What to write to the log of the outcome of the entry at ``offset``."""
        new = self.rows.offset(outcome.number) == offset
        # A repeated entry tells its row alone: the first told what it had corrected.
        numbers = (outcome.number, *(outcome.corrected if new else ()))
        written = np.zeros(len(numbers), dtype=VERDICT)
        for verdict, number in zip(written, numbers, strict=True):
            row = self.rows[number]
            for name in FROM_VERDICT:
                verdict[name] = row[name]
            verdict["cause"] = offset
            verdict["row"] = self.rows.offset(number)
        return written

    def take(
        self,
        entries: Entries,
        offsets: npt.NDArray[np.int64],
        times: npt.NDArray[np.int64],
        verdicts: Sequence[Verdicts],
    ) -> None:
        """Take the next entries over as the log tells, without deciding them.

        ``verdicts``: for each entry those that it caused, its own first.
        """
        own = joined([part[:1] for part in verdicts])
        new = own["row"] == offsets
        if new.any():
            rows = np.zeros(int(new.sum()), dtype=ROW)
            for name in FROM_VERDICT:
                rows[name] = own[name][new]
            self._remember(rows, entries[new], offsets[new], times[new])
        for part in verdicts:
            for verdict in part[1:]:
                self._adopt(verdict)
        self._forget(int(times[-1]))

    def confirm(self, verdicts: Verdicts) -> None:
        """Compare the log's verdicts with what was decided here; where they differ the log's
        count."""
        for verdict in verdicts:
            number = self.rows.at_offset(int(verdict["row"]))
            if number is None:
                continue
            row = self.rows[number]
            if row["cause"] > verdict["cause"]:
                continue  # changed again since
            if any(row[name] != verdict[name] for name in _COMPARED):
                self.disagreed += 1
                self._adopt(verdict)
            self.rows.touch(number)["flags"] |= CONFIRMED

    def _forget(self, time_ms: int) -> None:
        before = self.rows.first
        self.rows.forget(time_ms - self._window_ms)
        self.stories.forget(time_ms)
        if self.rows.first == before:
            return
        self._candidates.forget(self.rows.first)
        self._originals.forget(before)

    def again(self, number: int) -> Outcome:
        """The outcome of a row that was decided before, as things stand now."""
        row = self.rows[number]
        if not row["flags"] & CORRECTED_OTHERS:
            return Outcome(number)
        offset = self.rows.offset(number)
        corrected = {
            first + int(place)
            for first, rows in self.rows.since(int(row["time"]) - self._window_ms)
            for place in np.nonzero(rows["cause"] == offset)[0]
        }
        return Outcome(number, tuple(sorted(corrected - {number})))

    def _renewed(self, entry: Any, offset: int, time_ms: int, own: list[int]) -> Outcome:
        """A new row with what was decided of the article's last one."""
        row = np.zeros(1, dtype=ROW)
        for name in FROM_VERDICT:
            row[name] = self.rows[own[0]][name]
        row["cause"] = offset
        moment = _one(offset, time_ms)
        renewed = self._remember(row, entry.reshape(1), *moment, own=own)
        self.stories.assign(renewed, entry.reshape(1), moment[1], row["story"])
        return Outcome(renewed)

    def _new(self, entry: Any, offset: int, time_ms: int, found: Found) -> Outcome:
        row = self._first_row(entry, offset, time_ms, found)
        number = self._remember(row, entry.reshape(1), *_one(offset, time_ms), own=found.own)
        corrected = []
        if row["kind"] != _NONE:
            corrected += self._originals.corrected(number, time_ms - self._corrected_ms)
        moment = np.array([time_ms], dtype=np.int64)
        story = self._story_of_copied(row[0], found)
        moves: list[tuple[int, bytes]] = []
        if story == NO_STORY:
            story, moves = self.stories.place(number, entry, time_ms)
        else:
            self.stories.assign(number, entry.reshape(1), moment, _name(story))
        self.rows.touch(number)["story"] = np.void(story)
        for moved, name in moves:
            self.rows.touch(moved)["story"] = np.void(name)
            corrected.append(moved)
        corrected = list(dict.fromkeys(corrected))
        for other in corrected:
            changed = self.rows.touch(other)
            changed["version"] = max(_version(offset, time_ms), int(changed["version"]) + 1)
            changed["cause"] = offset
        if corrected:
            self.rows.touch(number)["flags"] |= CORRECTED_OTHERS
        return Outcome(number, tuple(corrected))

    def _story_of_copied(self, row: Any, found: Found) -> bytes:
        """The story of what ``row`` is a copy of, as a whole; of another it may be a part alone."""
        copied = found.repeats
        whole = copied is not None and (
            copied.kind != _NEAR or copied.similarity >= self._rule.similarity
        )
        if copied is None or not whole or row["kind"] == _NONE:
            return NO_STORY
        if not self.stories.holds(copied.number):
            return NO_STORY
        story: bytes = self.rows[copied.number]["story"].tobytes()
        return story

    def _first_row(self, entry: Any, offset: int, time_ms: int, found: Found) -> Any:
        """What is decided of a text that its article did not have before; shape (1,)."""
        article = entry["article"].tobytes()
        row = np.zeros(1, dtype=ROW)
        row["version"], row["first_seen"], row["revision"] = _version(offset, time_ms), time_ms, 1
        row["cause"] = offset
        group: bytes | None = None
        best: Relation | None = found.repeats
        if found.own:
            latest = self.rows[found.own[0]]
            row["version"] = max(_version(offset, time_ms), int(latest["version"]) + 1)
            row["first_seen"] = min(time_ms, int(latest["first_seen"]))
            row["revision"] = int(latest["revision"]) + 1
            if self._candidates.continues(entry, found.own):
                group = latest["group"].tobytes()
                if latest["kind"] == _NONE:
                    best = None
        if best is not None and group is None:
            group = self.rows[best.number]["group"].tobytes()
            if group == article:
                best = None  # it repeats an earlier text of its own
        if best is not None:
            row["kind"], row["similarity"] = best.kind, best.similarity
            row["evidence"] = best.evidence
            row["of"] = self.rows[best.number]["article"]
        row["group"] = np.void(group or article)
        return row

    def _remember(
        self,
        rows: npt.NDArray[np.void],
        entries: Entries,
        offsets: npt.NDArray[np.int64],
        times: npt.NDArray[np.int64],
        own: list[int] | None = None,
    ) -> int:
        """Add rows of which the decisions are known; returns the first's number.

        ``own``: the earlier rows of the one article, where they are known.
        """
        for name in FROM_ENTRY:
            rows[name] = entries[name]
        rows["time"] = times
        if own is None:
            rows["flags"] |= CONFIRMED
        start = self.rows.add(rows, offsets)
        self._candidates.add(start, entries)
        self._originals.note(start, rows)
        if own is not None:
            self._supersede(own)
            return start
        self.stories.assign(start, entries, times, rows["story"])
        # Only what was seen before can have earlier rows.
        seen = (rows["revision"] > 1) | (rows["first_seen"] < rows["time"])
        for place in np.nonzero(seen)[0].tolist():
            number = start + place
            article = rows[place]["article"].tobytes()
            earlier = self._candidates.of_article(article, int(times[0]) - self._window_ms)
            self._supersede([n for n in earlier if n < number])
        return start

    def _supersede(self, numbers: list[int]) -> None:
        for number in numbers:
            if not self.rows[number]["flags"] & SUPERSEDED:
                self.rows.touch(number)["flags"] |= SUPERSEDED
                self.stories.leave(number)

    def _adopt(self, verdict: Any) -> None:
        """Give a row what the log's verdict tells."""
        number = self.rows.at_offset(int(verdict["row"]))
        if number is None or self.rows[number]["cause"] > verdict["cause"]:
            return
        row = self.rows.touch(number)
        moved = row["story"] != verdict["story"]
        for name in FROM_VERDICT:
            row[name] = verdict[name]
        self._originals.note(number, row.reshape(1))
        if moved:
            self.stories.move(number, verdict["story"].tobytes())
        cause = self.rows.at_offset(int(verdict["cause"]))
        if cause is not None and cause != number:
            self.rows.touch(cause)["flags"] |= CORRECTED_OTHERS


def _version(offset: int, time_ms: int) -> int:
    """Grows with the log; 1 at least."""
    return max((time_ms << _OFFSET_BITS) + offset % (1 << _OFFSET_BITS), 1)


def _name(story: bytes) -> npt.NDArray[np.void]:
    return np.frombuffer(story, f"V{ID_BYTES}")


def _one(offset: int, time_ms: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return np.array([offset], dtype=np.int64), np.array([time_ms], dtype=np.int64)
