"""The deduplicator as a stage: append the fingerprints, read them back, emit what was decided."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.deduplicator.decider import Decider, Decision
from services.deduplicator.fingerprint import Fingerprint
from services.deduplicator.fingerprinting import (
    Fingerprinted,
    Fingerprinting,
    fingerprint_here,
)
from services.deduplicator.groups import GROUPS
from services.deduplicator.settings import DeduplicatorSettings
from shared.errors import PermanentError, SettingsError, TransientError
from shared.events import Duplicate, EnrichedArticle, Envelope, Message, from_milliseconds
from shared.runtime.ports import LogEntry, SharedLog
from shared.runtime.stage import Emit, Outcomes, Reject, Stage

_CHUNK = 64  # entries decided before other tasks of the event loop run: some 20 ms

_Key = tuple[str, bytes]
_Wanted = dict[_Key, Decision | None]


class DeduplicateStage(Stage):
    """Reads :class:`TaggedArticle`, emits :class:`EnrichedArticle`.

    ``run`` does the heavy part for a batch (:data:`Fingerprinting`), e.g. in a pool, which
    ``stop_run`` ends. ``process`` raises :class:`TransientError` when own entries do not come back
    in ``settings.decision_timeout`` seconds; it is safe to process the batch again. When reading
    the log fails, the error is raised by every call of ``process`` from then on.
    """

    name = "deduplicator"

    def __init__(
        self,
        settings: DeduplicatorSettings,
        log: SharedLog,
        run: Fingerprinting = fingerprint_here,
        stop_run: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._run = run
        self._stop_run = stop_run
        self._deciders = [Decider(settings.window_ms, settings.rule) for _ in range(GROUPS)]
        self._next = dict.fromkeys(range(GROUPS), 0)
        self._goal: dict[int, int] = {}
        self._wanted: list[_Wanted] = []
        self._progress = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    @property
    def skipped(self) -> int:
        """Log entries that could not be read."""
        return sum(decider.skipped for decider in self._deciders)

    @property
    def remembered(self) -> int:
        """Texts in the window, of all language groups."""
        return sum(len(decider) for decider in self._deciders)

    async def start(self) -> None:
        """Connect and begin to catch up; raises :class:`SettingsError` for too few partitions."""
        await self._log.start()
        self._goal = await self._log.end()
        missing = sorted(set(range(GROUPS)) - set(self._goal))
        if missing:
            raise SettingsError(
                f"the fingerprint log has {len(self._goal)} partitions, {GROUPS} are needed"
            )
        self._reader = asyncio.create_task(self._read(), name="deduplicator-log-reader")

    async def stop(self) -> None:
        """End the reader and disconnect."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._log.stop()
        if self._stop_run is not None:
            await self._stop_run()

    async def wait_ready(self) -> None:
        """Wait until the log is read; raises :class:`TransientError` when nothing comes from it."""
        await self._caught_up()

    def ready(self) -> bool:
        """Whether everything that stood in the log at the start is decided."""
        return self._reader is not None and not self._reader.done() and self._passed(self._goal)

    async def process(self, batch: Sequence[Message]) -> list[Outcomes]:
        """Decide a batch; messages that are no articles are rejected, each by itself."""
        await self._caught_up()
        results = [_raise_others(result) for result in await self._run(batch)]
        entries: dict[_Key, Fingerprint] = {}
        for result in results:
            if isinstance(result, Fingerprinted):
                entries.setdefault(_key(result.fingerprint), result.fingerprint)
        decisions = await self._decide(entries) if entries else {}
        return [
            _outcome(message, result, decisions)
            for message, result in zip(batch, results, strict=True)
        ]

    async def _decide(self, entries: dict[_Key, Fingerprint]) -> dict[_Key, Decision]:
        # Registered before the append: own entries may be read back before it returns.
        wanted: _Wanted = dict.fromkeys(entries)
        self._wanted.append(wanted)
        try:
            positions = await self._log.append([self._entry(item) for item in entries.values()])
            goal: dict[int, int] = {}
            for partition, offset in positions:
                goal[partition] = max(goal.get(partition, 0), offset + 1)
            timeout = self._settings.decision_timeout
            try:
                async with asyncio.timeout(timeout):
                    await self._wait(lambda: self._passed(goal))
            except TimeoutError:
                raise TransientError(
                    f"own entries did not come back from the fingerprint log in {timeout} s"
                ) from None
        finally:
            # By identity: two calls may want equal entries.
            self._wanted = [item for item in self._wanted if item is not wanted]
        decisions = {key: decision for key, decision in wanted.items() if decision is not None}
        if len(decisions) != len(entries):
            raise RuntimeError("an own entry was read from the fingerprint log, but not decided")
        return decisions

    def _entry(self, fingerprint: Fingerprint) -> tuple[int, bytes, bytes]:
        partition = fingerprint.sketch.group
        known = self._deciders[partition].known(fingerprint.article_id, fingerprint.content_hash)
        return partition, fingerprint.article_id.encode(), fingerprint.with_known(known).encode()

    async def _caught_up(self) -> None:
        """Wait while the log is read; an entry at least must come in each time-out."""
        while True:
            before = dict(self._next)
            timeout = self._settings.decision_timeout
            try:
                async with asyncio.timeout(timeout):
                    await self._wait(
                        lambda before=before: (  # type: ignore[misc]
                            self._passed(self._goal) or self._next != before
                        )
                    )
            except TimeoutError:
                raise TransientError(
                    f"catching up: nothing came from the fingerprint log in {timeout} s"
                ) from None
            if self._passed(self._goal):
                return

    async def _wait(self, condition: Callable[[], bool]) -> None:
        async with self._progress:
            while True:
                self._raise_failure()
                if condition():
                    return
                await self._progress.wait()

    def _raise_failure(self) -> None:
        if self._reader is None:
            raise RuntimeError("the stage was not started")
        if not self._reader.done():
            return
        if not self._reader.cancelled() and (error := self._reader.exception()) is not None:
            raise error
        raise RuntimeError("the reader of the fingerprint log has ended")

    def _passed(self, goal: dict[int, int]) -> bool:
        return all(self._next.get(partition, end) >= end for partition, end in goal.items())

    async def _read(self) -> None:
        try:
            async for entries in self._log.read():
                for start in range(0, len(entries), _CHUNK):
                    for entry in entries[start : start + _CHUNK]:
                        self._observe(entry)
                    async with self._progress:
                        self._progress.notify_all()
                    await asyncio.sleep(0)
        finally:
            # Whoever waits is to see that this task has ended, which is a step after this one.
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self._waking = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    def _observe(self, entry: LogEntry) -> None:
        following = self._next.get(entry.partition)
        if following is None or entry.offset < following:
            return  # of a partition that no language group uses, or read again
        self._next[entry.partition] = entry.offset + 1
        decider = self._deciders[entry.partition]
        decision = decider.observe(entry)
        if decision is None or not self._wanted:
            return
        key = decider.last_key
        for wanted in self._wanted:
            if key in wanted:
                wanted[key] = decision


def _key(fingerprint: Fingerprint) -> _Key:
    return fingerprint.article_id, fingerprint.content_hash


def _raise_others(result: Fingerprinted | BaseException) -> Fingerprinted | PermanentError:
    if isinstance(result, Fingerprinted | PermanentError):
        return result
    raise result


def _outcome(
    message: Message,
    result: Fingerprinted | PermanentError,
    decisions: dict[_Key, Decision],
) -> Outcomes:
    if isinstance(result, PermanentError):
        return [Reject(result.reason, result.detail)]
    article = result.article
    decision = decisions[_key(result.fingerprint)]
    # The article is validated: its fields, which are models themselves, are taken over as they are.
    enriched = EnrichedArticle.model_construct(
        **{name: getattr(article, name) for name in type(article).model_fields},
        first_seen_at=from_milliseconds(decision.first_seen_ms),
        version=decision.version,
        revision=decision.revision,
        duplicate=Duplicate(
            kind=decision.kind,
            of=decision.of,
            group_id=decision.group_id,
            similarity=decision.similarity,
        ),
    )
    envelope = Envelope.parse(message.headers).derive(
        id=article.article_id, type=EnrichedArticle.TYPE, source="wireroom/deduplicator"
    )
    return [Emit(enriched.encode(), article.article_id.encode(), envelope.headers())]
