"""The stories of a log partition by name, over its rows.

A story is called by the article that began it. Inside, it has a number made of that name, which is
the same on every instance.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.entry import ID_BYTES, Entries
from services.deduplicator.rows import SUPERSEDED, Rows
from services.deduplicator.stories import Stories
from services.deduplicator.storyterms import FEATURES
from services.deduplicator.storywindow import NO_STORY as NO_NUMBER
from services.deduplicator.verdicts import NO_STORY

_FIRST_BITS: Final = 0x03
"""An article id has 130 bits: two in its first byte."""


class StoryBook:
    """Stories over ``rows``, as far back as ``window_ms``; nothing is held before the first row."""

    def __init__(self, rows: Rows, window_ms: int) -> None:
        self._rows = rows
        self._window_ms = window_ms
        self._made: Stories | None = None
        self._first = 0

    def place(self, number: int, entry: Any, time_ms: int) -> tuple[bytes, list[tuple[int, bytes]]]:
        """The story of the newest row, and the corrections of others: (row, new story)."""
        name = entry["article"].tobytes()
        if len(self._stories.members(_number(name))):
            # It began a story, has changed, and left that to others.
            name = _other_name(name, self._rows.offset(number))
        placed = self._stories.place(number, entry, time_ms, name=_number(name))
        names = {_number(name): name, NO_NUMBER: NO_STORY}
        return (
            self._name(placed.story, names),
            [(moved, self._name(story, names)) for moved, story in placed.moves],
        )

    def assign(
        self,
        first: int,
        entries: npt.NDArray[np.void],
        times: npt.NDArray[np.int64],
        stories: npt.NDArray[np.void],
    ) -> None:
        """Take over the next rows, from ``first`` on, with the stories that were decided."""
        self._stories.assign_all(first, entries, times, _numbers(stories))

    def holds(self, number: int) -> bool:
        """Whether a row is in the window."""
        return self._made is not None and number >= self._first

    def move(self, number: int, story: bytes) -> None:
        """A row has another story now."""
        if self._made is not None:
            superseded = self._rows[number]["flags"] & SUPERSEDED
            self._made.move(number, NO_NUMBER if superseded else _number(story))

    def leave(self, number: int) -> None:
        """A row is no longer one of its story: its article has changed."""
        if self._made is not None:
            self._made.move(number, NO_NUMBER)

    def forget(self, time_ms: int) -> None:
        """Forget what is older than the window at ``time_ms``."""
        if self._made is None:
            return
        rows, cutoff = self._rows, time_ms - self._window_ms
        first = max(self._first, rows.first)
        while first < rows.end and rows[first]["time"] <= cutoff:
            first += 1
        if first > self._first:
            self._first = first
            self._made.forget(first)

    def meaning(self, number: int, entry: Any) -> int | None:
        """Cosine of the embeddings of a row and an entry in thousandths, ``None`` where one has
        none: it is forgotten with the window, or the text could not be read."""
        return None if self._made is None else self._made.meaning(number, entry["embedding"])

    def saved(self) -> tuple[int, Entries]:
        """The first row of the window and what was remembered of each from there on."""
        if self._made is None:
            return self._first, np.empty(0, dtype=FEATURES)
        return self._made.features(self._first, self._rows.end)

    def restore(self, first: int, features: Entries) -> None:
        """Take over what :meth:`saved` gave, with the rows restored before."""
        self._first = first
        if not len(features):
            return
        numbers = np.arange(first, first + len(features))
        stories = self._rows.take(numbers, "story")
        times = self._rows.take(numbers, "time")
        self.assign(first, features, times, stories)
        superseded = self._rows.take(numbers, "flags") & SUPERSEDED
        for number in numbers[superseded > 0].tolist():
            self.leave(number)

    @property
    def _stories(self) -> Stories:
        if self._made is None:
            self._made = Stories(self._window_ms)
        return self._made

    def _name(self, story: int, names: dict[int, bytes]) -> bytes:
        """The name of a story: that which those of its rows have that were in it before."""
        if story not in names:
            for member in self._stories.members(story):
                name: bytes = self._rows[member]["story"].tobytes()
                if _number(name) == story:
                    names[story] = name
                    break
        return names[story]


def _number(name: bytes) -> int:
    return int.from_bytes(name[-8:], "big") >> 1 if name != NO_STORY else NO_NUMBER


def _numbers(names: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    data = np.ascontiguousarray(names).view(np.uint8).reshape(len(names), ID_BYTES)
    numbers = np.ascontiguousarray(data[:, -8:]).view(">u8").reshape(len(names)) >> np.uint64(1)
    return np.where(data.any(axis=1), numbers.astype(np.int64), NO_NUMBER)


def _other_name(article: bytes, offset: int) -> bytes:
    digest = hashlib.sha256(article + offset.to_bytes(8, "big")).digest()[:ID_BYTES]
    return bytes([digest[0] & _FIRST_BITS]) + digest[1:]
