"""The deduplicator as a stage: append the fingerprints, read them back, emit what was decided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from services.deduplicator import verdicts
from services.deduplicator.decider import Decider, Outcome
from services.deduplicator.enriched import emitted
from services.deduplicator.evidence import article_name
from services.deduplicator.fingerprinting import (
    Fingerprinted,
    Fingerprinting,
    fingerprint_here,
)
from services.deduplicator.follower import Follower, ForeignLogError, Key, key_of
from services.deduplicator.groups import GROUPS
from services.deduplicator.saving import Saving
from services.deduplicator.settings import DeduplicatorSettings
from shared.errors import PermanentError, SettingsError, TransientError
from shared.events import Message, TaggedArticle
from shared.metrics import CORRECTIONS
from shared.runtime.ports import Recall, SharedLog
from shared.runtime.stage import Emit, Outcomes, Reject, Stage

log = logging.getLogger(__name__)

_CHUNK: Final = 16
"""Entries decided before other tasks of the event loop run: some 30 ms."""

_VERDICT_BYTES: Final = 500_000
"""Verdicts in one entry of the log, which takes a megabyte."""


@dataclass(slots=True)
class _Decided:
    """What an own entry did, as it stood when that was decided. ``rows``: copies of the article's
    row and of those that were corrected, records of :data:`~services.deduplicator.rows.ROW`."""

    rows: list[Any]
    verdicts: verdicts.Verdicts


@dataclass(slots=True, eq=False)
class _Wanted:
    """Own entries that a batch waits for."""

    decisions: dict[Key, _Decided | None] = field(default_factory=dict)


class DeduplicateStage(Stage):
    """Reads :class:`TaggedArticle`, emits :class:`~shared.events.EnrichedArticle`.

    ``run`` does the heavy part for a batch (:data:`Fingerprinting`), e.g. in a pool, which
    ``stop_run`` ends; ``recall`` reads tagged articles again that must be corrected. ``process``
    raises :class:`TransientError` when own entries do not come back in
    ``settings.decision_timeout`` seconds; it is safe to process the batch again. When reading the
    log fails, the error is raised by every call of ``process`` from then on.
    """

    name = "deduplicator"

    def __init__(
        self,
        settings: DeduplicatorSettings,
        log: SharedLog,
        recall: Recall,
        run: Fingerprinting = fingerprint_here,
        stop_run: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._recall = recall
        self._run = run
        self._stop_run = stop_run
        self._followers = [self._follower(group) for group in range(GROUPS)]
        self._saving = Saving(settings)
        self._goal: dict[int, int] = {}
        self._wanted: list[_Wanted] = []
        self._progress = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    @property
    def skipped(self) -> int:
        """Log entries that could not be read."""
        return sum(follower.skipped for follower in self._followers)

    @property
    def disagreed(self) -> int:
        """Verdicts of other instances that were not what was decided here."""
        return sum(follower.decider.disagreed for follower in self._followers)

    @property
    def remembered(self) -> int:
        """Texts in the window, of all language groups."""
        return sum(len(follower.decider) for follower in self._followers)

    async def start(self) -> None:
        """Connect and begin to catch up; raises :class:`SettingsError` for too few partitions."""
        await self._log.start()
        self._goal = await self._log.end()
        await self._restore()
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
        self._saving.close(self._followers)
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
        entries: dict[Key, Fingerprinted] = {}
        for result in results:
            if isinstance(result, Fingerprinted):
                entries.setdefault(key_of(result.value), result)
        decisions = await self._decide(entries) if entries else {}
        outcomes: list[Outcomes] = []
        for message, result in zip(batch, results, strict=True):
            if isinstance(result, PermanentError):
                outcomes.append([Reject(result.reason, result.detail)])
                continue
            own, *others = decisions[key_of(result.value)].rows
            corrected = await self._corrected(others)
            outcomes.append([emitted(result.article, own, message.headers), *corrected])
        return outcomes

    async def _decide(self, entries: dict[Key, Fingerprinted]) -> dict[Key, _Decided]:
        # Registered before the append: own entries may be read back before it returns.
        wanted = _Wanted(dict.fromkeys(entries))
        self._wanted.append(wanted)
        try:
            positions = await self._log.append(
                [(item.group, item.article.article_id.encode(), item.value)
                 for item in entries.values()]
            )  # fmt: skip
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
            self._wanted.remove(wanted)
        decisions = {key: made for key, made in wanted.decisions.items() if made is not None}
        if len(decisions) != len(entries):
            raise RuntimeError("an own entry was read from the fingerprint log, but not decided")
        await self._tell(entries, decisions)
        return decisions

    async def _tell(
        self, entries: dict[Key, Fingerprinted], decisions: dict[Key, _Decided]
    ) -> None:
        """Write the verdicts to the log, before anything is emitted."""
        told: dict[int, list[verdicts.Verdicts]] = {}
        for key, decided in decisions.items():
            told.setdefault(entries[key].group, []).append(decided.verdicts)
        values = [
            (partition, b"verdicts", value)
            for partition, parts in told.items()
            for value in verdicts.encoded(parts, _VERDICT_BYTES)
        ]
        await self._log.append(values)

    async def _corrected(self, rows: Sequence[Any]) -> list[Emit]:
        """The whole articles that a decision corrected, as far as they can be read again."""
        if not rows:
            return []
        places = [(int(row["source"]), int(row["position"])) for row in rows]
        emits = []
        for row, message in zip(rows, await self._recall.read(places), strict=True):
            emit = None if message is None else _emitted_again(row, message)
            CORRECTIONS.labels("lost" if emit is None else "emitted").inc()
            if emit is None:
                log.warning("a correction of an article that is gone from the topic: %s",
                            article_name(row["article"]))  # fmt: skip
            else:
                emits.append(emit)
        return emits

    def _is_wanted(self, key: Key) -> bool:
        return any(key in wanted.decisions for wanted in self._wanted)

    def _note(self, group: int, key: Key, offset: int, outcome: Outcome) -> None:
        decider = self._followers[group].decider
        decided = _Decided(
            [decider.rows[number].copy() for number in (outcome.number, *outcome.corrected)],
            decider.verdicts(outcome, offset),
        )
        for wanted in self._wanted:
            if key in wanted.decisions:
                wanted.decisions[key] = decided

    async def _caught_up(self) -> None:
        """Wait while the log is read; an entry at least must come in each time-out."""
        while True:
            before = self._read_to
            timeout = self._settings.decision_timeout
            try:
                async with asyncio.timeout(timeout):
                    await self._wait(
                        lambda before=before: (  # type: ignore[misc]
                            self._passed(self._goal) or self._read_to != before
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

    @property
    def _read_to(self) -> list[tuple[int, int]]:
        return [(follower.next, follower.done) for follower in self._followers]

    def _passed(self, goal: dict[int, int]) -> bool:
        return all(
            self._followers[partition].done >= end and self._followers[partition].start is None
            for partition, end in goal.items()
            if partition < GROUPS
        )

    def _follower(self, group: int) -> Follower:
        return Follower(
            Decider(self._settings.window_ms, self._settings.rule),
            wanted=self._is_wanted,
            decided=partial(self._note, group),
        )

    async def _restore(self) -> None:
        self._saving.load(self._followers)
        starts = dict.fromkeys(self._goal, 0)
        for group, follower in enumerate(self._followers):
            if follower.start is None:
                continue
            if follower.start < self._goal.get(group, 0):
                starts[group] = follower.start
            else:
                self._begin_anew(group, "the log ends before it")
        if any(starts.values()):
            await self._log.seek(starts)

    def _begin_anew(self, group: int, reason: object) -> None:
        self._saving.discard(group, reason)
        self._followers[group] = self._follower(group)

    async def _read(self) -> None:
        try:
            async for entries in self._log.read():
                for entry in entries:
                    if entry.partition >= GROUPS:
                        continue
                    try:
                        self._followers[entry.partition].read(entry)
                    except ForeignLogError as error:
                        self._begin_anew(entry.partition, error)
                        await self._log.seek({entry.partition: 0})
                        break
                await self._advance()
                self._saving.save_if_due(self._followers)
        finally:
            # Whoever waits is to see that this task has ended, which is a step after this one.
            asyncio.get_running_loop().call_soon(self._wake)

    async def _advance(self) -> None:
        for partition, follower in enumerate(self._followers):
            # Verdicts of what is not at the end of the log are on their way.
            while follower.advance(live=follower.next >= self._goal.get(partition, 0), most=_CHUNK):
                async with self._progress:
                    self._progress.notify_all()
                await asyncio.sleep(0)
        async with self._progress:
            self._progress.notify_all()

    def _wake(self) -> None:
        self._waking = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        async with self._progress:
            self._progress.notify_all()


def _raise_others(result: Fingerprinted | BaseException) -> Fingerprinted | PermanentError:
    if isinstance(result, Fingerprinted | PermanentError):
        return result
    raise result


def _emitted_again(row: Any, message: Message) -> Emit | None:
    """The corrected article, or ``None`` where ``message`` is not the one that was decided."""
    try:
        article = TaggedArticle.decode(message.value)
    except PermanentError:
        return None
    same = (
        article.article_id == article_name(row["article"])
        and article.content_hash[:32] == row["content"].tobytes().hex()
    )
    return emitted(article, row, message.headers) if same else None
