"""The crawler: what is asked for is fetched, politely, once, and survives a crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from services.crawler.admission import Admission
from services.crawler.frontier import Frontier, Host
from services.crawler.handling import Handling, Reader, Render
from services.crawler.hops import next_hop
from services.crawler.ledger import Ledger, Outcome
from services.crawler.pace import Pace
from services.crawler.partition import Partition
from services.crawler.ports import Change, Client, Outputs, StateStore
from services.crawler.quiet import alarm
from services.crawler.settings import CrawlerSettings
from services.crawler.slots import Slots
from services.crawler.source_state import SourceState
from services.crawler.sources import Source
from services.crawler.sourcing import Sourcing
from services.crawler.task import Task
from services.crawler.visit import Redirect, Turn, Visits, Wait
from shared import metrics
from shared.fetching import FetchRequest
from shared.runtime.ports import Clock

log = logging.getLogger(__name__)

_COUNT_SECONDS: Final = 1.0
_MEASURE_SECONDS: Final = 300.0
_LONGEST_SLEEP: Final = 300.0


class Crawler:
    """Fetches what is asked for, and the sources, of the partitions it is assigned.

    It knows neither Kafka nor HTTP nor the store's form. All its methods are for one event loop;
    :meth:`pending` alone may be called from another thread. Whatever the store or the outputs
    raise ends :meth:`run` with it: the process has to end, and nothing is lost by that.
    """

    def __init__(
        self,
        settings: CrawlerSettings,
        client: Client,
        store: StateStore,
        outputs: Outputs,
        clock: Clock,
        read: Reader,
        *,
        partitions: int,
        render: Render | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._outputs = outputs
        self._clock = clock
        self._markers = settings.remembered_pages // partitions
        self._partitions: dict[int, Partition] = {}
        self._frontier = Frontier(lambda: Pace(settings.delay, settings.max_delay))
        self._sourcing = Sourcing(clock, partitions)
        self._admission = Admission(settings, self._frontier, self._sourcing)
        self._visits = Visits(settings, client, clock, self._frontier, partitions)
        self._handling = Handling(settings, read, clock, self._queue, self._sourcing, render)
        self._ledger = Ledger(outputs, store, clock)
        self._ledger.written = self._woken
        self._wake = asyncio.Event()
        self._slots = Slots(settings.concurrency)
        self._failure: BaseException | None = None
        self._pending = 0
        self._ready = 0
        self._counted = 0.0
        self._measured = 0.0

    async def assign(self, partition: int) -> None:
        """Load the state of ``partition`` and begin to work on it."""
        if partition in self._partitions:
            return
        loaded = Partition(partition, self._markers)
        now = self._clock.time()
        dropped = await loaded.load(self._store, now)
        self._partitions[partition] = loaded
        _, removed = self._sourcing.plan(loaded)
        for task in (*loaded.tasks.values(), *loaded.polls.values()):
            self._enqueue(loaded, task)
        self._write(loaded, [*dropped, *removed])
        self._woken()

    def _enqueue(self, partition: Partition, task: Task) -> None:
        host = self._frontier.add(task)
        if host.name in partition.slowed and not host.pace.slowed:
            host.pace.restore(*partition.slowed[host.name])
            self._frontier.offer(host)

    async def revoke(self, partition: int) -> None:
        """Stop work on ``partition``; when it returns nothing more is written for it."""
        revoked = self._partitions.pop(partition, None)
        if revoked is None:
            return
        revoked.closed = True
        for task in (*revoked.tasks.values(), *revoked.polls.values()):
            task.gone = True
        jobs = list(revoked.jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._ledger.settled()
        async with revoked.writing:
            pass

    async def take(self, partition: int, requests: Sequence[FetchRequest]) -> None:
        """Take requests of an assigned partition; they are durable when this returns.

        A page that waits, or was fetched lately, is left out unless it is forced. One that a
        source names is refused where too many wait for its host.
        """
        owner = self._partitions[partition]
        async with owner.writing:
            admitted = self._admission.admit(owner, requests, self._clock.time())
            if admitted.refused:
                await self._outputs.refuse(admitted.refused)
            if admitted.changes:
                await self._store.write(partition, list(admitted.changes.items()))
            if owner.closed:
                return
            for key, task in admitted.fresh.items():
                owner.tasks[key] = task
                self._enqueue(owner, task)
            for key, request_bytes in admitted.again.items():
                task = owner.tasks[key]
                task.request = request_bytes
                task.again = task.running
            for key, state in admitted.found.items():
                for poll in self._sourcing.subscribe(owner, key, state):
                    self._enqueue(owner, poll)
        self._woken()

    def fetched_lately(self, partition: int, request: FetchRequest) -> bool:
        """Whether :meth:`take` leaves ``request`` out, since it was fetched lately."""
        return self._admission.lately(self._partitions[partition], request, self._clock.time())

    def set_sources(self, sources: Sequence[Source]) -> None:
        """The declared sources, all of them; those gone are forgotten with their state."""
        self._sourcing.declare(sources)
        for partition in self._partitions.values():
            polls, removed = self._sourcing.plan(partition)
            for poll in polls:
                self._enqueue(partition, poll)
            self._write(partition, removed)
        self._woken()

    def _write(self, partition: Partition, changes: list[Change]) -> None:
        if changes:
            self._ledger.add(Outcome(partition, lambda: changes))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; what is under way then is fetched again later.

        Raises :class:`~shared.errors.TransientError` when state or results cannot be written.
        """
        works = [
            asyncio.create_task(self._ledger.run()),
            asyncio.create_task(self._dispatch()),
        ]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait({*works, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await self._end_jobs()
            await self._ledger.flush()
        finally:
            for task in (*works, stopping):
                task.cancel()
            await self._end_jobs()
            await asyncio.gather(*works, stopping, return_exceptions=True)

    async def _end_jobs(self) -> None:
        jobs = [job for partition in self._partitions.values() for job in partition.jobs]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def _dispatch(self) -> None:
        while True:
            if self._failure is not None:
                raise self._failure
            self._wake.clear()
            now = self._clock.time()
            while room := self._slots.free(now) and self._ledger.has_room:
                found = self._frontier.pop(now)
                if found is None:
                    break
                self._begin(*found, now)
            self._measure(now, room)
            await self._sleep(self._next(now, room) - now)

    def _next(self, now: float, room: bool) -> float:
        later = self._frontier.next_time() if room else self._slots.next_time()
        return max(now, min(now + _LONGEST_SLEEP, now + _LONGEST_SLEEP if later is None else later))

    async def _sleep(self, seconds: float) -> None:
        waiting = asyncio.ensure_future(self._wake.wait())
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            sleeping.cancel()

    def _begin(self, host: Host, task: Task, now: float) -> None:
        partition = self._partitions.get(task.partition)
        if partition is None:  # cannot be: revoked tasks are gone
            return
        task.running = True
        self._slots.begin(host, now)
        job = asyncio.create_task(self._turn(host, task, partition))
        partition.jobs.add(job)
        job.add_done_callback(lambda done: self._ended(done, host, partition))

    def _ended(self, job: asyncio.Task[None], host: Host, partition: Partition) -> None:
        partition.jobs.discard(job)
        self._slots.end(host)
        self._frontier.release(host)
        if not job.cancelled() and (error := job.exception()) is not None:
            self._failure = error
        self._woken()

    async def _turn(self, host: Host, task: Task, partition: Partition) -> None:
        turn = await self._visits.visit(
            host, task, partition, self._handling.conditions(task, partition)
        )
        if isinstance(turn.result, Redirect):
            failure = next_hop(task, turn.result, self._settings.max_redirects)
            if failure is not None:
                turn = Turn(failure, turn.changes)
        followed = isinstance(turn.result, Redirect) and task.url == turn.result.url
        if isinstance(turn.result, Wait) or followed:
            # The next request of this task is the next one of the host.
            task.running, task.due, host.ahead = False, 0.0, task
            self._write(partition, turn.changes)
            return
        # What is read and written from here on does not hold the host.
        handling = asyncio.create_task(self._handle(task, partition, turn))
        partition.jobs.add(handling)
        handling.add_done_callback(lambda done: self._handled(done, partition))

    async def _handle(self, task: Task, partition: Partition, turn: Turn) -> None:
        self._ledger.add(await self._handling.handle(task, partition, turn))

    def _handled(self, done: asyncio.Task[None], partition: Partition) -> None:
        partition.jobs.discard(done)
        if not done.cancelled() and (error := done.exception()) is not None:
            self._failure = error
            self._woken()

    def _queue(self, task: Task) -> None:
        """Put a task back that is not done."""
        task.running = False
        self._frontier.add(task)

    def _woken(self) -> None:
        self._wake.set()

    def _measure(self, now: float, room: bool) -> None:
        if room:  # whatever was ready has begun
            self._ready = 0
        elif not 0 <= now - self._counted < _COUNT_SECONDS:
            self._counted = now
            self._ready = self._frontier.waiting(now)
        jobs = sum(len(partition.jobs) for partition in self._partitions.values())
        self._pending = jobs + len(self._ledger) + self._ready
        metrics.HOSTS_ACTIVE.set(len(self._slots))
        metrics.FETCHES_WAITING.set(self._waiting())
        if not 0 <= now - self._measured < _MEASURE_SECONDS:
            self._measured = now
            states = self.source_states()
            metrics.SOURCES.labels("all").set(len(states))
            metrics.SOURCES.labels("failing").set(sum(state.errors > 0 for state in states))
            metrics.SOURCES.labels("quiet").set(sum(alarm(state) is not None for state in states))

    def _waiting(self) -> int:
        return sum(len(partition.tasks) for partition in self._partitions.values())

    def full(self) -> bool:
        """Whether so much waits that no more should be taken now."""
        return self._waiting() >= self._settings.max_waiting

    def pending(self) -> int:
        """Hosts that could be asked now, requests under way, outcomes not yet written.

        Not what waits for its time: a retry, a host's patience, a source's interval.
        """
        return self._pending

    def idle(self) -> bool:
        """Whether nothing that was asked for once is left."""
        return not self._waiting()

    def settled(self, until: float, polls_until: float) -> bool:
        """Whether nothing is under way, no page is due before ``until``, Unix seconds, and no
        source before ``polls_until``."""
        return not self._ledger and not any(
            partition.jobs
            or any(task.due < until for task in partition.tasks.values())
            or any(task.due < polls_until for task in partition.polls.values())
            for partition in self._partitions.values()
        )

    def source_states(self) -> list[SourceState]:
        """The states of the sources in the assigned partitions."""
        return [state for each in self._partitions.values() for state in each.states.values()]
