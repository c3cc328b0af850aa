"""Which requests are taken: not what waits or was fetched lately, nor too many of one host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.crawler import messages, source_state
from services.crawler.frontier import Frontier
from services.crawler.partition import Partition
from services.crawler.settings import CrawlerSettings
from services.crawler.source_state import SourceState
from services.crawler.sourcing import Sourcing
from services.crawler.step import read_name
from services.crawler.task import Task, key_of, task_of
from shared.fetching import FetchRequest
from shared.runtime.stage import Emit, Reject


@dataclass(slots=True)
class Admitted:
    """What becomes of requests, by the keys of the state; nothing of it is written yet."""

    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    fresh: dict[bytes, Task] = field(default_factory=dict)
    """Tasks that were not there."""
    again: dict[bytes, bytes] = field(default_factory=dict)
    """Requests, encoded, for tasks that are there and are asked for by force."""
    found: dict[bytes, SourceState] = field(default_factory=dict)
    """Feeds and sitemaps that were found through a source, to be polled from now on."""
    refused: list[tuple[Emit, Reject]] = field(default_factory=list)


class Admission:
    """Sorts requests; changes nothing."""

    def __init__(self, settings: CrawlerSettings, frontier: Frontier, sourcing: Sourcing) -> None:
        self._settings = settings
        self._frontier = frontier
        self._sourcing = sourcing

    def admit(self, owner: Partition, requests: Sequence[FetchRequest], now: float) -> Admitted:
        """What becomes of ``requests`` of the partition ``owner``."""
        admitted = Admitted()
        coming: Counter[str] = Counter()
        for request in requests:
            if request.recur and request.source:
                state = self._sourcing.found(owner, request)
                if state is not None:
                    key = source_state.key(state.name, state.url)
                    admitted.found[key] = state
                    admitted.changes[key] = source_state.encode(state)
                continue
            key = key_of(request.url)
            task = admitted.fresh.get(key) or owner.tasks.get(key)
            if task is not None and not request.force:
                continue
            if task is None and self.lately(owner, request, now):
                continue
            new = task_of(request, owner.number, now)
            if task is None:
                overfull = self._overfull(new, coming) if request.source else None
                if overfull is not None:
                    admitted.refused.append((messages.asked(request, now), overfull))
                    continue
                coming[new.host] += 1
                admitted.fresh[key] = new
            else:
                admitted.again[key] = new.request
            admitted.changes[key] = new.encode()
        return admitted

    def lately(self, owner: Partition, request: FetchRequest, now: float) -> bool:
        """Whether what ``request`` asks for was fetched lately, and is left out."""
        if request.force:
            return False
        if request.kind in ("auto", "page"):
            name = request.url
        elif request.referrer and not request.source:
            name = read_name(request)  # sitemaps may name one another in a circle
        else:
            return False
        at = owner.markers.fetched_at(name)
        return bool(at) and 0 <= now - at < self._settings.refetch_after

    def _overfull(self, task: Task, coming: Counter[str]) -> Reject | None:
        waiting = self._frontier.waiting_at(task.host) + coming[task.host]
        if waiting < self._settings.max_waiting_per_host:
            return None
        return Reject("host_overfull", f"{task.url}: {waiting} pages of {task.host} wait already")
