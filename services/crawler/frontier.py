"""Which host may be asked next: hosts by when they are ready, tasks by when they are due."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from services.crawler.pace import Pace
from services.crawler.task import Task

_Queue = list[tuple[float, int, Task]]


class Host:
    """One host with its tasks. Polls go before pages: a long queue must not delay a source."""

    __slots__ = ("_pages", "_polls", "ahead", "name", "pace", "partition", "taken", "ticket")

    def __init__(self, name: str, partition: int, pace: Pace) -> None:
        self.name = name
        self.partition = partition
        self.pace = pace
        self.ticket = -1
        """Number of its valid entry among the ready ones; -1 without one."""
        self.taken = False
        """Whether it has its turn; nobody else begins anything there."""
        self.ahead: Task | None = None
        """Goes first: the next step of what was begun (a redirect on the host)."""
        self._polls: _Queue = []
        self._pages: _Queue = []

    def push(self, task: Task, number: int) -> None:
        """Add a task; ``number`` orders those of the same time."""
        heapq.heappush(self._polls if task.poll else self._pages, (task.due, number, task))

    def waiting(self) -> int:
        """Pages that wait here, and some that are not wanted any more."""
        return len(self._pages)

    def due(self) -> float | None:
        """When its first task is due; ``None`` without one."""
        if self.ahead is not None:
            return self.ahead.due
        times = [queue[0][0] for queue in (self._polls, self._pages) if _trimmed(queue)]
        return min(times) if times else None

    def pop(self, now: float) -> Task | None:
        """Take the first task that is due."""
        if self.ahead is not None and self.ahead.due <= now:
            task, self.ahead = self.ahead, None
            if not task.gone:
                return task
        for queue in (self._polls, self._pages):
            if _trimmed(queue) and queue[0][0] <= now:
                return heapq.heappop(queue)[2]
        return None


def _trimmed(queue: _Queue) -> _Queue:
    while queue and queue[0][2].gone:
        heapq.heappop(queue)
    return queue


class Frontier:
    """All hosts. Each operation costs the logarithm of what waits; nothing is ever scanned."""

    def __init__(self, pace: Callable[[], Pace]) -> None:
        self._pace = pace
        self._hosts: dict[str, Host] = {}
        self._ready: list[tuple[float, int, Host]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._hosts)

    def host(self, name: str, partition: int) -> Host:
        """The host of this name, made when it is new."""
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = Host(name, partition, self._pace())
        return host

    def waiting_at(self, name: str) -> int:
        """How many pages wait at the host of this name."""
        host = self._hosts.get(name)
        return host.waiting() if host is not None else 0

    def add(self, task: Task) -> Host:
        """Queue ``task`` at its host."""
        host = self.host(task.host, task.partition)
        host.push(task, next(self._numbers))
        self.offer(host)
        return host

    def offer(self, host: Host) -> None:
        """Put ``host`` at its place among the ready ones; call it when anything in it changed."""
        if host.pace.busy or host.taken:
            return
        due = host.due()
        when = host.pace.ready_at if due is None else max(due, host.pace.ready_at)
        host.ticket = next(self._numbers)
        heapq.heappush(self._ready, (when, host.ticket, host))
        if len(self._ready) > 2 * len(self._hosts) + 1024:
            self._ready = [entry for entry in self._ready if entry[2].ticket == entry[1]]
            heapq.heapify(self._ready)

    def pop(self, now: float) -> tuple[Host, Task] | None:
        """A host that may be asked now, with its task; it is taken until it is released."""
        while self._ready and self._ready[0][0] <= now:
            _, ticket, host = heapq.heappop(self._ready)
            if host.ticket != ticket or host.pace.busy:
                continue
            if host.pace.ready_at > now:  # it was put off since
                self.offer(host)
                continue
            host.ticket = -1
            task = host.pop(now)
            if task is not None:
                host.taken = True
                return host, task
            if host.due() is not None:
                self.offer(host)
            elif host.pace.slowed:
                host.pace.fine()  # nothing to do there: it rests, and its pace recovers
                host.pace.wait_until(now + host.pace.delay)
                self.offer(host)
            else:
                self._forget(host)
        return None

    def release(self, host: Host) -> None:
        """The turn of ``host`` is over."""
        host.taken = False
        self.offer(host)

    def next_time(self) -> float | None:
        """When the next host may be ready."""
        while self._ready and self._ready[0][2].ticket != self._ready[0][1]:
            heapq.heappop(self._ready)
        return self._ready[0][0] if self._ready else None

    def waiting(self, now: float, most: int = 10_000) -> int:
        """How many hosts could be asked now, counted up to ``most``."""
        found, places = 0, [0]
        while places and found < most:
            place = places.pop()
            if place < len(self._ready) and self._ready[place][0] <= now:
                _, ticket, host = self._ready[place]
                found += host.ticket == ticket and host.due() is not None
                places += (2 * place + 1, 2 * place + 2)
        return found

    def _forget(self, host: Host) -> None:
        host.ticket = -1
        if self._hosts.get(host.name) is host:
            del self._hosts[host.name]
