"""Which addresses are polled: the declared sources, and feeds that were found through them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.crawler import source_state, taken
from services.crawler.partition import Partition
from services.crawler.ports import Change
from services.crawler.source_state import SourceState
from services.crawler.sources import Source
from services.crawler.step import forget_poll
from services.crawler.task import Task, poll_of
from shared.fetching import FetchRequest, host_of, partition_of
from shared.runtime.ports import Clock

_FORGOTTEN: Final = 60 * 86_400.0
"""Seconds after which a feed is forgotten that the page it was found on no longer names."""
_RENEWED: Final = 3_600.0


class Sourcing:
    """Keeps the polls of partitions in step with the declared sources."""

    def __init__(self, clock: Clock, partitions: int) -> None:
        self._clock = clock
        self._partitions = partitions
        self._declared: dict[str, Source] | None = None
        self._urls: frozenset[str] = frozenset()
        self._by_partition: dict[int, list[Source]] = {}

    def declare(self, sources: Sequence[Source]) -> None:
        """These are all the sources now."""
        self._declared = {source.name: source for source in sources}
        self._urls = frozenset(source.url for source in sources)
        self._by_partition = {}
        for source in self._declared.values():
            number = partition_of(host_of(source.url), self._partitions)
            self._by_partition.setdefault(number, []).append(source)

    def is_declared(self, url: str) -> bool:
        """Whether a source has this very URL."""
        return url in self._urls

    def renders(self, name: str | None) -> bool:
        """Whether the pages of the source of this name need JavaScript."""
        source = (self._declared or {}).get(name or "")
        return source is not None and source.render

    def plan(self, partition: Partition) -> tuple[list[Task], list[Change]]:
        """Bring the polls of ``partition`` up to date.

        Returns polls that are new, to be queued, and what to write: states and memories of
        sources that are gone. Nothing is done before sources were declared.
        """
        if self._declared is None:
            return [], []
        wanted = {
            source_state.key(source.name, source.url): source
            for source in self._by_partition.get(partition.number, ())
        }
        changes = list(self._remove(partition, wanted))
        fresh = []
        for key, source in wanted.items():
            if key not in partition.states:
                partition.states[key] = SourceState(source.name, source.url, source.kind)
            fresh += self._poll(partition, key, source)
        for key, state in partition.states.items():
            if key not in wanted:
                fresh += self._poll(partition, key, self._declared[state.name])
        return fresh, changes

    def _remove(self, partition: Partition, wanted: dict[bytes, Source]) -> Iterator[Change]:
        declared = self._declared or {}
        oldest = self._clock.time() - _FORGOTTEN
        for key, state in list(partition.states.items()):
            found = state.found_by and state.name in declared and state.renewed >= oldest
            if key not in wanted and not found:
                yield from forget(partition, key, state)
        polled = {taken.key(state.name, state.url) for state in partition.states.values()}
        for key, memory in list(partition.memories.items()):
            if key not in polled and (memory.source not in declared or memory.used < oldest):
                del partition.memories[key]
                yield key, None

    def _poll(self, partition: Partition, key: bytes, source: Source) -> list[Task]:
        """The poll of a state, where it must be queued anew."""
        state, task = partition.states[key], partition.polls.get(key)
        if task is not None and task.poll is not None:
            if task.poll.source == source:
                return []
            if task.running and not source.paused:
                fresh = poll_of(source, state, key, partition.number)
                task.poll.source, task.request = source, fresh.request
                return []
            task.gone = True
            del partition.polls[key]
        if source.paused:
            return []
        if source.interval is not None and state.next_due:
            state.next_due = min(state.next_due, self._clock.time() + source.interval)
        partition.polls[key] = poll_of(source, state, key, partition.number)
        return [partition.polls[key]]

    def found(self, partition: Partition, request: FetchRequest) -> SourceState | None:
        """The state to write for a feed that was found through a source; ``None`` for nothing."""
        name = request.source or ""
        if self._declared is not None and (name not in self._declared or request.url in self._urls):
            return None
        now = self._clock.time()
        state = partition.states.get(source_state.key(name, request.url))
        if state is None:
            found_by = request.referrer or request.url
            return SourceState(name, request.url, request.kind, found_by=found_by, renewed=now)
        if not state.found_by or now - state.renewed < _RENEWED:
            return None
        state.renewed = now
        return state

    def subscribe(self, partition: Partition, key: bytes, state: SourceState) -> list[Task]:
        """Poll a feed that was found; returns the poll when it is new."""
        partition.states[key] = state
        source = (self._declared or {}).get(state.name)
        return self._poll(partition, key, source) if source is not None else []


def forget(partition: Partition, key: bytes, state: SourceState) -> list[Change]:
    """Remove a source's state, its poll and its memory."""
    task = partition.polls.get(key)
    if task is not None:
        return forget_poll(partition, task)
    del partition.states[key]
    memory = taken.key(state.name, state.url)
    partition.memories.pop(memory, None)
    return [(key, None), (memory, None)]
