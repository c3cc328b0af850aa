"""What the crawler holds of one partition: the state of its hosts, as it stands in the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from services.crawler import pace, source_state, taken, task
from services.crawler.markers import PREFIX as MARKER
from services.crawler.markers import Markers
from services.crawler.ports import Change, StateStore
from services.crawler.robots import Robots
from services.crawler.source_state import SourceState
from services.crawler.taken import Memory
from services.crawler.task import Task

log = logging.getLogger(__name__)

ROBOTS: Final = b"r:"
"""Keys of robots.txt files, followed by scheme, host and port."""

_DAY: Final = 86_400.0
_KEPT: Final = 7 * _DAY
"""Seconds for which a host's rules are kept after they stopped to count."""


class Partition:
    """State of a partition, with what is under way in it."""

    def __init__(self, number: int, most_markers: int) -> None:
        self.number = number
        self.tasks: dict[bytes, Task] = {}
        """What was asked for once, by key."""
        self.polls: dict[bytes, Task] = {}
        """Polls of sources, by the key of the source's state."""
        self.states: dict[bytes, SourceState] = {}
        self.memories: dict[bytes, Memory] = {}
        self.markers = Markers(most_markers)
        self.robots: dict[str, Robots] = {}
        self.slowed: dict[str, tuple[float, float]] = {}
        """Hosts that asked for patience: delay and next time, as stored."""
        self.jobs: set[asyncio.Task[None]] = set()
        self.writing = asyncio.Lock()
        """Held while changes are decided and written, so that they are written in their order."""
        self.closed = False
        self.opened = 0.0
        """When it was taken over from someone who may just have asked its hosts; 0 for nobody."""

    async def load(self, store: StateStore, now: float) -> list[Change]:
        """Read all of it; returns what is of no use any more, to be removed.

        What cannot be read (of another version, or broken) is told and left alone in the store.
        """
        unreadable = 0
        async for pairs in store.load(self.number):
            self.opened = now
            for key, value in pairs:
                try:
                    self._take_over(key, value)
                except (ValueError, TypeError) as error:
                    unreadable += 1
                    if unreadable <= 10:
                        log.error(
                            "partition %d: state %r cannot be read and is left out: %s",
                            self.number, key[:60], " ".join(str(error).split())[:300],
                        )  # fmt: skip
        if unreadable > 10:
            log.error("partition %d: %d unreadable in all", self.number, unreadable)
        self._not_too_late(now)
        return [*self.markers.sort(), *self._outdated(now)]

    def _not_too_late(self, now: float) -> None:
        """Bring near what a clock that was wrong had put off for years."""
        for waiting in self.tasks.values():
            waiting.due = min(waiting.due, now + pace.LONGEST_WAIT)
        for state in self.states.values():
            state.next_due = min(state.next_due, now + 2 * max(state.interval, _DAY))
        for host, (delay, ready_at) in self.slowed.items():
            self.slowed[host] = delay, min(ready_at, now + pace.LONGEST_WAIT)
        for origin, robots in self.robots.items():
            if robots.expires_at > now + _KEPT:
                self.robots[origin] = replace(robots, expires_at=now)

    def _outdated(self, now: float) -> Iterator[Change]:
        for host, (_, ready_at) in list(self.slowed.items()):
            if ready_at < now - _KEPT:
                del self.slowed[host]
                yield pace.key(host), None
        for origin, robots in list(self.robots.items()):
            if robots.expires_at < now - _KEPT:
                del self.robots[origin]
                yield ROBOTS + origin.encode(), None
            elif robots.unreachable:
                # What was in the way may be gone: a setting was changed, the network is back.
                self.robots[origin] = replace(robots, expires_at=min(robots.expires_at, now))

    def _take_over(self, key: bytes, value: bytes) -> None:
        load = self._loaders.get(key[:2])
        if load is None:
            raise ValueError("an unknown kind of key")
        load(self, key, value)

    def _task(self, key: bytes, value: bytes) -> None:
        self.tasks[key] = task.decode(key, value, self.number)

    def _state(self, key: bytes, value: bytes) -> None:
        state = source_state.decode(value)
        if source_state.key(state.name, state.url) != key:
            raise ValueError(f"the state of another source: {state.name[:60]!r}")
        self.states[key] = state

    def _memory(self, key: bytes, value: bytes) -> None:
        self.memories[key] = taken.decode(value)

    def _marker(self, key: bytes, value: bytes) -> None:
        self.markers.load(key, value)

    def _robots(self, key: bytes, value: bytes) -> None:
        self.robots[key[len(ROBOTS) :].decode("utf-8")] = Robots.decode(value)

    def _slowed(self, key: bytes, value: bytes) -> None:
        self.slowed[key[len(pace.PREFIX) :].decode("utf-8")] = pace.decode(value)

    _loaders: Final[dict[bytes, Callable[[Partition, bytes, bytes], None]]] = {
        task.PREFIX: _task,
        source_state.PREFIX: _state,
        taken.PREFIX: _memory,
        MARKER: _marker,
        ROBOTS: _robots,
        pace.PREFIX: _slowed,
    }
