"""One batch from messages to acknowledged results: the heart that all drivers share.

When :meth:`Runner.run` returns, everything made of the batch is safe and its offsets may be
committed. When it raises, nothing may be committed: the process ends and the batch comes again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shared import metrics
from shared.errors import MessageTooLarge, PermanentError
from shared.events import Message
from shared.runtime.ports import Clock, Publisher
from shared.runtime.rejected import RejectionCaps, rejection_message
from shared.runtime.retry import RetryPolicy, retry
from shared.runtime.stage import Drop, Emit, Outcome, Outcomes, Reject, Stage

log = logging.getLogger(__name__)

Observer = Callable[[Message, Outcome], None]


@dataclass(frozen=True, slots=True)
class Processed:
    """A batch with its outcomes, not yet written. ``started`` is the clock's, in seconds."""

    batch: Sequence[Message]
    outcomes: list[Outcomes]
    started: float


@dataclass(slots=True)
class Runner:
    """Runs a stage's batches: process, publish, reject.

    ``outputs`` takes what the stage emits, ``rejected`` what is refused. ``observer`` is told each
    final outcome after it is safe and before the batch is committed.
    """

    stage: Stage
    outputs: Publisher
    rejected: Publisher
    clock: Clock
    policy: RetryPolicy
    caps: RejectionCaps
    observer: Observer | None = None

    async def start(self) -> None:
        """Start publishers, then the stage."""
        await self.rejected.start()
        await self.outputs.start()
        await retry(self.stage.start, self.policy, self.clock, what=f"{self.stage.name}: starting")

    async def stop(self) -> None:
        """Stop the stage, then the publishers; each is stopped even when another fails."""
        errors: list[Exception] = []
        for part in (self.stage, self.outputs, self.rejected):
            try:
                await part.stop()
            except Exception as error:
                log.exception("stopping %s failed", type(part).__name__)
                errors.append(error)
        if errors:
            raise errors[0]

    async def run(self, batch: Sequence[Message]) -> None:
        """Process ``batch`` and make its results safe.

        Raises :class:`~shared.errors.TransientError` when retries ran out,
        :class:`~shared.errors.RejectionCapReached`, or whatever a bug raises.
        """
        if batch:
            await self.finish(await self.process(batch))

    async def process(self, batch: Sequence[Message]) -> Processed:
        """What the stage makes of ``batch``; nothing is written yet. Raises as :meth:`run`."""
        name = self.stage.name
        started = self.clock.monotonic()
        metrics.CONSUMED.labels(name).inc(len(batch))
        metrics.CONSUMED_BYTES.labels(name).inc(sum(len(m.value or b"") for m in batch))
        metrics.BATCH_SIZE.labels(name).observe(len(batch))
        return Processed(batch, await self._process(batch), started)

    async def finish(self, processed: Processed) -> None:
        """Make results safe; batches must be finished in their order. Raises as :meth:`run`."""
        name = self.stage.name
        final = await self._publish(processed.batch, processed.outcomes)
        await self._reject(processed.batch, final)
        self._count(processed.batch, final)
        metrics.BATCH_SECONDS.labels(name).observe(self.clock.monotonic() - processed.started)
        metrics.LAST_PROGRESS.labels(name).set(self.clock.time())

    async def _process(self, batch: Sequence[Message]) -> list[Outcomes]:
        try:
            outcomes = await retry(
                lambda: self.stage.process(batch),
                self.policy,
                self.clock,
                what=f"{self.stage.name}: processing",
                on_retry=metrics.RETRIES.labels(self.stage.name, "process").inc,
            )
        except PermanentError as error:
            if len(batch) == 1:
                return [[Reject(error.reason, error.detail)]]
            # The stage did not say which message it was: find it, one by one.
            return [(await self._process([message]))[0] for message in batch]
        if len(outcomes) != len(batch) or not all(outcomes):
            raise AssertionError(
                f"{self.stage.name} returned outcomes for {len([o for o in outcomes if o])} "
                f"of {len(batch)} messages"
            )
        return outcomes

    async def _publish(
        self, batch: Sequence[Message], outcomes: list[Outcomes]
    ) -> list[list[Outcome]]:
        """Publish what is emitted; an output that can never be written becomes a rejection."""
        emits = [
            (index, place, outcome)
            for index, some in enumerate(outcomes)
            for place, outcome in enumerate(some)
            if isinstance(outcome, Emit)
        ]
        final: list[list[Outcome]] = [list(some) for some in outcomes]
        if not emits:
            return final
        errors = await self._write(self.outputs, [emit for _, _, emit in emits])
        for (index, place, emit), error in zip(emits, errors, strict=True):
            if error is not None:
                log.error("%s: %s: %s", self.stage.name, batch[index].place, error)
                sole = len(outcomes[index]) == 1
                final[index][place] = Reject(
                    error.reason,
                    error.detail,
                    # Of a message with many outputs only the one that failed is refused.
                    data=None if sole else emit.value,
                    member="" if sole else emit.key.decode("utf-8", "replace"),
                )
        return final

    async def _reject(self, batch: Sequence[Message], final: list[list[Outcome]]) -> None:
        self.caps.add([all(isinstance(o, Reject) for o in some) for some in final])
        refused = [
            (message, outcome)
            for message, some in zip(batch, final, strict=True)
            for outcome in some
            if isinstance(outcome, Reject)
        ]
        if not refused:
            return
        errors = await self._write_rejections(refused)
        # A part may be larger than any message (it was unpacked); what it came in is not.
        parts = [
            (message, replace(reject, data=None))
            for (message, reject), error in zip(refused, errors, strict=True)
            if isinstance(error, MessageTooLarge) and reject.data is not None
        ]
        failed = [
            error
            for (_, reject), error in zip(refused, errors, strict=True)
            if error is not None
            and not (isinstance(error, MessageTooLarge) and reject.data is not None)
        ]
        if parts:
            failed += filter(None, await self._write_rejections(parts))
        if failed:
            # The dead letters are the last resort: what they do not take must not be lost.
            raise AssertionError(f"a rejection could not be written: {failed[0]}")

    async def _write_rejections(
        self, refused: Sequence[tuple[Message, Reject]]
    ) -> list[PermanentError | None]:
        name, clock = self.stage.name, self.clock
        messages = [rejection_message(name, message, reject, clock) for message, reject in refused]
        return await self._write(self.rejected, messages)

    async def _write(
        self, publisher: Publisher, messages: Sequence[Emit]
    ) -> list[PermanentError | None]:
        return await retry(
            lambda: publisher.publish(messages),
            self.policy,
            self.clock,
            what=f"{self.stage.name}: publishing",
            on_retry=metrics.RETRIES.labels(self.stage.name, "publish").inc,
        )

    def _count(self, batch: Sequence[Message], final: list[list[Outcome]]) -> None:
        name = self.stage.name
        for message, some in zip(batch, final, strict=True):
            for outcome in some:
                if isinstance(outcome, Emit):
                    metrics.EMITTED.labels(name).inc()
                elif isinstance(outcome, Drop):
                    metrics.DROPPED.labels(name, outcome.reason).inc()
                else:
                    metrics.REJECTED.labels(name, outcome.reason).inc()
                    log.warning(
                        "%s refused %s: %s: %s",
                        name,
                        message.place,
                        outcome.reason,
                        outcome.detail[:500],
                    )
                if self.observer is not None:
                    self.observer(message, outcome)
