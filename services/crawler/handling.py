"""What an answer means for the task that it answers: what goes out, and what is remembered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Final

from services.crawler import messages, schedule, taken
from services.crawler.answers import max_age, validators
from services.crawler.discovery import places_to_read
from services.crawler.ledger import Outcome
from services.crawler.partition import Partition
from services.crawler.ports import UNCONDITIONAL, Answer, Change, Conditions, FetchFailed
from services.crawler.reading import Finding, Readable, Reading, kind_of
from services.crawler.settings import CrawlerSettings
from services.crawler.sourcing import Sourcing
from services.crawler.step import Step, forget_poll, memory_key, read_name
from services.crawler.task import Poll, Task
from services.crawler.visit import Failure, Redirect, Turn, origin_of
from shared.errors import PermanentError
from shared.fetching import FetchRequest, Kind
from shared.runtime.ports import Clock
from shared.runtime.stage import Emit, Reject

Reader = Callable[[Reading], Awaitable[Finding]]
Render = Callable[[Answer], Awaitable[Answer]]
"""Makes of a page what its scripts make of it; raises :class:`FetchFailed`."""

_HTML = re.compile(rb"<(?:!doctype html|html|head|body)\b", re.I)
_HARDLY_BACK: Final = frozenset(("http_401", "http_403", "http_404", "http_410", "http_451"))
_MOST_ONCE: Final = 50_000


class Handling:
    """Makes an :class:`Outcome` of each answer. ``queue`` puts a task back at its host."""

    def __init__(
        self,
        settings: CrawlerSettings,
        read: Reader,
        clock: Clock,
        queue: Callable[[Task], None],
        sourcing: Sourcing,
        render: Render | None,
    ) -> None:
        self._settings = settings
        self._read = read
        self._clock = clock
        self._queue = queue
        self._sourcing = sourcing
        self._render = render
        self._schedule = schedule.Schedule.of(settings)

    def conditions(self, task: Task, partition: Partition) -> Conditions:
        """Validators of what was answered before."""
        request = task.read()
        if request.force:
            return UNCONDITIONAL
        memory = partition.memories.get(memory_key(request))
        if memory is not None:
            return Conditions(memory.etag, memory.last_modified)
        return UNCONDITIONAL if task.poll else partition.markers.conditions(task.url)

    async def handle(self, task: Task, partition: Partition, turn: Turn) -> Outcome:
        """The outcome of ``turn``; its changes are written with it."""
        result = turn.result
        step = Step(task, task.read(), partition, turn.changes, self._clock.time())
        if isinstance(result, Redirect):
            outcome = self._redirected(step, result)
        elif isinstance(result, Answer):
            try:
                outcome = await self._answered(step, result)
            except PermanentError as error:
                outcome = self._failed(step, Failure(error.reason, error.detail, again=False))
        else:
            assert isinstance(result, Failure)
            outcome = self._failed(step, result)
        return outcome

    def _failed(self, step: Step, failure: Failure) -> Outcome:
        task, detail = step.task, f"{step.task.url}: {failure.detail}"
        if task.poll is not None:
            return self._poll_failed(step, task.poll, failure)
        if failure.again and task.tries + 1 < self._settings.attempts:

            def later() -> list[Change]:
                task.tries += 1
                task.restart(max(failure.until, schedule.retry_at(task.url, step.now, task.tries)))
                self._queue(task)
                return [*step.changes, (task.key, task.encode())]

            return Outcome(step.partition, later)
        refused = (messages.asked(step.request, step.now), Reject(failure.reason, detail))
        return Outcome(step.partition, lambda: self._forget(step), refuse=[refused])

    def _forget(self, step: Step, *fetched: Change) -> list[Change]:
        """The task is done."""
        task = step.task
        if task.again:
            task.again, task.tries = False, 0
            task.restart(step.now)
            self._queue(task)
            return [*step.changes, *fetched]
        step.partition.tasks.pop(task.key, None)
        task.gone = True
        return [*step.changes, *fetched, (task.key, None)]

    def _poll_failed(self, step: Step, poll: Poll, failure: Failure) -> Outcome:
        task, state = step.task, poll.state

        def settle() -> list[Change]:
            if task.gone:
                return step.changes
            guessed = state.found_by and not state.last_success
            if guessed and not failure.again:
                return [*step.changes, *forget_poll(step.partition, task)]
            state.failed(step.now, f"{failure.reason}: {failure.detail}")
            gone = failure.denied or failure.reason in _HARDLY_BACK
            self._schedule.after_failure(state, step.now, fixed=poll.source.interval, gone=gone)
            state.next_due = max(state.next_due, failure.until)
            return [*step.changes, *self._polled(task, poll)]

        return Outcome(step.partition, settle)

    def _polled(self, task: Task, poll: Poll) -> list[Change]:
        task.restart(poll.state.next_due)
        self._queue(task)
        return [poll.change()]

    def _redirected(self, step: Step, redirect: Redirect) -> Outcome:
        """A redirect to another host (one on the same host is followed without an outcome)."""
        task, request = step.task, step.request
        asked = FetchRequest(
            url=redirect.url,
            kind=request.kind,
            source=request.source,
            referrer=request.referrer,
            redirects=step.chain,
            hints=request.hints,
            force=request.force,
            recur=request.recur,
        )
        if task.poll is None:
            marks = self._mark(step, request.url) if request.kind in ("auto", "page") else []
            return Outcome(
                step.partition,
                lambda: self._forget(step, *marks),
                request=[messages.asked(asked, step.now)],
            )
        poll, state = task.poll, task.poll.state
        # Its state at the other host is kept there, where that host's requests are made.
        asked = asked.model_copy(update={"recur": True, "referrer": state.url})

        def settle() -> list[Change]:
            if task.gone:
                return step.changes
            state.moved_to = redirect.url if redirect.permanent and task.permanent else ""
            self._note_success(step, poll, 0, fixed=self._settings.max_interval)
            return [*step.changes, *self._polled(task, poll)]

        return Outcome(step.partition, settle, request=[messages.asked(asked, step.now)])

    async def _answered(self, step: Step, answer: Answer) -> Outcome:
        task, request = step.task, step.request
        if answer.status == 304:
            return self._unchanged(step, answer)
        kind = self._kind(step, answer)
        if kind is None:
            if self._render is not None and self._sourcing.renders(request.source):
                try:
                    answer = await self._render(answer)
                except FetchFailed as failed:
                    return self._failed(step, Failure(failed.reason, failed.detail, failed.again))
            return self._page(step, answer)
        memory = step.partition.memories.get(memory_key(request))
        body = hashlib.blake2b(answer.body, digest_size=8).hexdigest()
        if memory is not None and memory.body == body and not request.force and kind != "home":
            return self._unchanged(step, answer)
        lasting = request.source is not None
        finding = await self._read(
            Reading(
                kind=kind,
                url=answer.url,
                content_type=answer.header("content-type"),
                body=answer.body,
                now=step.now,
                seen=memory.seen if memory is not None else b"",
                since=step.now - self._settings.sitemap_age if lasting else 0.0,
                most=1_000 if lasting else _MOST_ONCE,
            )
        )
        outcome = Outcome(step.partition, list)
        self._hand_out(step, answer, finding, outcome)

        def settle() -> list[Change]:
            if task.gone:
                return step.changes
            if lasting:
                key = memory_key(request)
                # Where something was left for the next time, that one must not be told "unchanged".
                etag, modified = ("", "") if finding.more else validators(answer)
                known = "" if finding.more else body
                fresh = taken.Memory(
                    request.source or "", etag, modified, known, finding.seen, step.now
                )
                step.partition.memories[key] = fresh
                step.changes.append((key, fresh.encode()))
            if task.poll is None:
                marks = [] if lasting else step.partition.markers.add(read_name(request), step.now)
                return self._forget(step, *marks)
            return self._poll_succeeded(step, task.poll, answer, finding)

        outcome.settle = settle
        return outcome

    def _poll_succeeded(
        self, step: Step, poll: Poll, answer: Answer, finding: Finding
    ) -> list[Change]:
        task, state = step.task, poll.state
        if not state.found_by:
            state.kind = finding.kind
        state.moved_to = task.url if task.hops and task.permanent else ""
        if finding.kind == "home":
            self._note_success(step, poll, 0, fixed=self._settings.max_interval)
        else:
            wish = max(finding.ttl, max_age(answer))
            self._note_success(step, poll, finding.new, wish=wish, fixed=poll.source.interval)
        return [*step.changes, *self._polled(task, poll)]

    def _note_success(
        self, step: Step, poll: Poll, new: int, *, wish: float = 0.0, fixed: float | None
    ) -> None:
        self._schedule.after_success(poll.state, step.now, new, wish=wish, fixed=fixed)
        poll.state.succeeded(step.now, new)

    def _unchanged(self, step: Step, answer: Answer) -> Outcome:
        task, poll = step.task, step.task.poll

        def settle() -> list[Change]:
            if task.gone:
                return step.changes
            if poll is None:
                if step.request.kind in ("auto", "page"):
                    return self._forget(step, *self._mark(step, task.url, answer))
                return self._forget(step)
            home = (poll.state.kind if poll.state.found_by else poll.source.kind) == "home"
            fixed = self._settings.max_interval if home else poll.source.interval
            self._note_success(step, poll, 0, wish=max_age(answer), fixed=fixed)
            return [*step.changes, *self._polled(task, poll)]

        return Outcome(step.partition, settle)

    def _page(self, step: Step, answer: Answer) -> Outcome:
        task, request = step.task, step.request
        emit = messages.fetched(request, answer, step.chain, step.now)

        def settle() -> list[Change]:
            marks = self._mark(step, task.url, answer)
            if task.url != request.url:
                marks += self._mark(step, request.url)
            return self._forget(step, *marks)

        return Outcome(step.partition, settle, deliver=[(emit, messages.asked(request, step.now))])

    def _mark(self, step: Step, url: str, answer: Answer | None = None) -> list[Change]:
        etag, modified = validators(answer) if answer is not None else ("", "")
        if answer is not None and answer.status == 304 and not (etag or modified):
            before = step.partition.markers.conditions(url)
            etag, modified = before.etag, before.last_modified
        return step.partition.markers.add(url, step.now, etag, modified)

    def _kind(self, step: Step, answer: Answer) -> Readable | None:
        """How the answer is read; ``None`` for a page, which is delivered as it is."""
        asked = step.request.kind
        if asked in ("feed", "sitemap"):
            return asked
        if asked == "page":
            return None
        found = kind_of(answer.body)
        if found != "page":
            return found
        if asked == "home" or (step.task.poll and _HTML.search(answer.body[:4096])):
            return "home"
        if step.task.poll:
            raise PermanentError("not_a_source", "neither a feed nor a sitemap nor a page in HTML")
        return None

    def _hand_out(self, step: Step, answer: Answer, finding: Finding, outcome: Outcome) -> None:
        request, poll = step.request, step.task.poll
        emits = outcome.request
        if poll is not None and poll.source.take == "entries" and finding.kind == "feed":
            if finding.new:
                emit = messages.fetched(request, answer, step.chain, step.now)
                outcome.deliver.append((emit, messages.asked(request, step.now)))
        else:
            for entry in finding.entries:
                emits.append(self._found(step, entry.url, "page", hints=entry.hints))
        for url in finding.children:
            emits.append(self._found(step, url, "sitemap"))
        if finding.kind == "home":
            robots = step.partition.robots.get(origin_of(step.task.url))
            named = tuple(robots.sitemaps) if robots is not None else ()
            feeds, sitemaps = places_to_read(finding.feeds, named, answer.url)
            places: list[tuple[str, Kind]] = [(url, "feed") for url in feeds]
            places += [(url, "sitemap") for url in sitemaps]
            for url, kind in places:
                if not (poll and self._sourcing.is_declared(url)):
                    emits.append(self._found(step, url, kind, recur=poll is not None))

    def _found(self, step: Step, url: str, kind: Kind, **more: object) -> Emit:
        found = FetchRequest(
            url=url, kind=kind, source=step.request.source, referrer=step.task.url
        ).model_copy(update=more)
        return messages.asked(found, step.now)
