"""Reports of one event, gathered as they arrive and corrected as more is known.

An article joins the story whose nearest members it is most similar to (average of the nearest
three: a story's later reports resemble some of its earlier ones, seldom all), when that is above a
threshold; otherwise it begins one. Then its neighbours in other stories are asked again: one that
is nearer to the story of the new article than to the rest of its own moves over, which takes a
story apart when a second event becomes visible in it (late split) and takes single articles in;
and two stories whose members are alike throughout become one (late merge).

A decision rests on the rows of the window and the stories they are in, on nothing else, and is
made in integers. Whoever is told what was decided (:meth:`Stories.assign`, :meth:`Stories.move`)
stands where the one that decided it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.storyscore import Scores, StoryRule
from services.deduplicator.storywindow import NO_STORY, Numbers, StoryWindow

CANDIDATES: Final = 96
"""Rows that an article is compared with: those whose shared words weigh most."""

LARGEST_MOVED: Final = 500
"""A story of more members is never moved whole."""

_CONTENDERS: Final = 4
_COMPARED_MEMBERS: Final = 64
_ASKED_AGAIN: Final = 4
_MERGED: Final = 2
_CROSSED: Final = 12
_FEW: Final = 2
_FAR: Final = 60


@dataclass(frozen=True, slots=True)
class Placement:
    """The story of an article, and the corrections of others that it caused: (row, new story)."""

    story: int
    moves: tuple[tuple[int, int], ...] = ()


class Stories:
    """Stories of one log partition.

    A story has the name that the article that began it was placed with: its row, unless told
    otherwise. ``features`` are records with the fields of
    :data:`~services.deduplicator.storyterms.FEATURES`. Rows are given in ascending order.
    """

    def __init__(self, window_ms: int, rule: StoryRule | None = None) -> None:
        self._window_ms = window_ms
        self._rule = rule or StoryRule()
        self._window = StoryWindow()
        self._scores = Scores(self._window, self._rule)
        self._known: dict[int, Numbers] = {}
        self._told = (NO_STORY, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        """Rows in the window."""
        return len(self._window)

    def story_of(self, row: int) -> int:
        """The story of ``row``; :data:`~services.deduplicator.storywindow.NO_STORY` for none."""
        window = self._window
        return int(window.stories[window.at(row)]) if window.holds(row) else NO_STORY

    def members(self, story: int) -> list[int]:
        """The rows of ``story`` in the window, ascending."""
        found: list[int] = self._window.members(story).tolist()
        return found

    def place(
        self, row: int, features: Any, timestamp_ms: int, name: int | None = None
    ) -> Placement:
        """Decide the story of the next row; ``name`` is that of a story it begins."""
        window = self._window
        window.add(row, features, timestamp_ms)
        if len(window.words(row)) < self._rule.least_words:
            return Placement(NO_STORY)
        near = self._nearest(row)
        scores = self._scores.of(row, near)
        order = np.lexsort((-near, -scores))
        near, scores = near[order], scores[order]
        least = self._least(near, scores)
        self._known.clear()
        near_by = np.argsort(near)
        self._told = (row, near[near_by], scores[near_by])
        near = near[scores >= least]
        story = self._best(row, near, least)
        if story == NO_STORY:
            story = row if name is None else name
        self._put(np.array([row]), story)
        moved: dict[int, int] = {}
        self._ask_again(story, near, least, moved)
        story = self._merge(story, near, least, moved)
        moved.pop(row, None)
        return Placement(story, tuple(sorted(moved.items())))

    def assign(self, row: int, features: Any, timestamp_ms: int, story: int) -> None:
        """Take the next row over as it was decided elsewhere."""
        self._window.add(row, features, timestamp_ms)
        self._window.stories[self._window.at(row)] = story

    def assign_all(
        self,
        first: int,
        features: npt.NDArray[np.void],
        times: Numbers,
        stories: Numbers,
    ) -> None:
        """:meth:`assign` for rows from ``first`` on, at once."""
        self._window.add_all(first, features, times)
        places = self._window.place(np.arange(first, first + len(features)))
        self._window.stories[places] = stories

    def meaning(self, row: int, embedding: npt.NDArray[np.int8]) -> int | None:
        """Cosine of the embeddings of ``row`` and of another article in thousandths."""
        return self._window.meaning(row, embedding)

    def features(self, first: int, end: int) -> tuple[int, npt.NDArray[np.void]]:
        """What :meth:`assign_all` was, or would have been, given for the rows in the window."""
        return self._window.features(first, end)

    def move(self, row: int, story: int) -> None:
        """Take over that ``row`` became one of ``story``, or of none; nothing for a row that is
        forgotten."""
        if self._window.holds(row):
            self._window.stories[self._window.at(row)] = story

    def forget(self, before_row: int) -> None:
        """Forget the rows before ``before_row``."""
        self._window.forget(before_row)

    def _nearest(self, row: int) -> Numbers:
        """The rows in a story that share the weightiest words with ``row``, at most
        :data:`CANDIDATES`."""
        window = self._window
        words = window.words(row)
        which, rows = window.sharing(words)
        there = window.place(rows)
        live = (rows != row) & (window.stories[there] != NO_STORY)
        live &= window.times[there] > window.times[window.at(row)] - self._window_ms
        rows, which = rows[live], which[live]
        found, inverse = np.unique(rows, return_inverse=True)
        shared = np.zeros(len(found), dtype=np.int64)
        np.add.at(shared, inverse, self._scores.weights(words)[which])
        order = np.lexsort((-found, -shared))[:CANDIDATES]
        return found[order]

    def _least(self, near: Numbers, scores: Numbers) -> int:
        """The threshold for an article whose nearest rows are ``near``, in descending order."""
        rule, window = self._rule, self._window
        _, first = np.unique(window.stories[window.place(near)], return_index=True)
        if len(first) < rule.crowd:
            return rule.threshold
        crowd = int(np.sort(scores[first])[-rule.crowd])
        return rule.threshold + max(crowd - rule.crowd_free, 0) * rule.crowd_weight // 1000

    def _best(self, row: int, near: Numbers, least: int) -> int:
        """The story that ``row`` joins, told by its nearest rows in descending order."""
        window, best, best_score = self._window, NO_STORY, least - 1
        for story in _first(window.stories[window.place(near)].tolist(), _CONTENDERS):
            score = self._similarity(row, self._members(story))
            if score > best_score:
                best, best_score = story, score
        return best

    def _similarity(self, row: int, members: Numbers) -> int:
        """Thousandths of similarity of ``row`` to a story of ``members``, itself apart."""
        others = members[members != row][-_COMPARED_MEMBERS:]
        if not len(others):
            return -1
        scores = np.sort(self._compared(row, others))[-self._rule.nearest :]
        return int(scores.sum()) // len(scores)

    def _compared(self, row: int, others: Numbers) -> Numbers:
        """Similarities of ``row`` to ``others``: those of the article being placed were told."""
        placed, rows, scores = self._told
        if len(rows) and (row == placed or others.tolist() == [placed]):
            wanted = others if row == placed else np.array([row])
            places = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
            if (rows[places] == wanted).all():
                return scores[places]
        return self._scores.of(row, others)

    def _ask_again(self, story: int, near: Numbers, least: int, moved: dict[int, int]) -> None:
        """Move those of ``near`` to ``story`` that are nearer to it than to their own."""
        stories = self._window.stories[self._window.place(near)]
        away = stories != story
        asked = np.stack((near[away], stories[away]), axis=1)[:_ASKED_AGAIN]
        for row, own_story in asked.tolist():
            other = self._similarity(row, self._members(story))
            if other < least or other < self._similarity(row, self._members(own_story)):
                continue
            self._put(np.array([row]), story)
            moved[row] = story

    def _merge(self, story: int, near: Numbers, least: int, moved: dict[int, int]) -> int:
        """Join the stories of ``near`` to ``story`` that agree with it; the name that is left:
        that of the story whose first row is earliest."""
        names = self._window.stories[self._window.place(near)].tolist()
        for name in _first([name for name in names if name != story], _MERGED):
            own, other = self._members(story), self._members(name)
            later = max((own, other), key=lambda rows: int(rows[0]))
            if len(later) > LARGEST_MOVED or not self._agree(own, other, least):
                continue
            kept = name if later is own else story
            self._put(later, kept)
            moved.update((row, kept) for row in later.tolist())
            story = kept
        return story

    def _agree(self, own: Numbers, other: Numbers, least: int) -> bool:
        """Whether the newest members of two stories are alike on average."""
        own, other = own[-_CROSSED:], other[-_CROSSED:]
        least = (least + self._rule.agreement) * len(other)
        total = 0
        for place, row in enumerate(own[::-1].tolist(), 1):
            total += int(self._scores.of(row, other).sum())
            # Most pairs of stories are two: what is far off after a few members stays so.
            if place == _FEW and total < (least - _FAR * len(other)) * place:
                return False
        return total >= least * len(own)

    def _members(self, story: int) -> Numbers:
        """As the window tells, once for each placement."""
        if story not in self._known:
            self._known[story] = self._window.members(story)
        return self._known[story]

    def _put(self, rows: Numbers, story: int) -> None:
        """Make ``rows`` members of ``story``."""
        self._window.stories[self._window.place(rows)] = story
        self._known.clear()


def _first(names: list[int], count: int) -> list[int]:
    """The first ``count`` different ``names``."""
    return list(dict.fromkeys(names))[:count]
