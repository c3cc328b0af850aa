"""What the crawler writes, on Kafka: bytes to ``news.ingest``, requests, refusals."""

from __future__ import annotations

from collections.abc import Sequence

from shared import metrics
from shared.errors import PermanentError, SettingsError
from shared.events import Envelope, Message
from shared.fetching import partition_of
from shared.runtime.clock import SystemClock
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.rejected import rejection_message
from shared.runtime.retry import RetryPolicy, retry
from shared.runtime.stage import Emit, Reject
from shared.runtime.together import Together
from shared.settings import RuntimeSettings
from shared.text import stable_id
from shared.topics import Wiring

Refusal = tuple[Message, Reject]


class KafkaOutputs:
    """:class:`~services.crawler.ports.Outputs` on Kafka.

    All raise :class:`~shared.errors.TransientError` once retries ran out.
    """

    def __init__(self, settings: RuntimeSettings, wiring: Wiring) -> None:
        if wiring.writes is None:
            raise SettingsError(f"topics.yml: {wiring.service} has no topic to write")
        self._service = wiring.service
        self._requests = wiring.reads
        self._clock = SystemClock()
        self._policy = RetryPolicy.of(settings)
        self._publishers: list[KafkaPublisher] = []
        self._writers: list[Together[Emit, PermanentError | None]] = []
        self._ingest = self._writer(KafkaPublisher(settings, wiring.writes))
        self._fetch = self._writer(KafkaPublisher(settings, wiring.reads, self._partition))
        self._rejected = self._writer(KafkaPublisher(settings, wiring.rejected))

    async def start(self) -> None:
        """Nothing: the first message connects."""

    async def stop(self) -> None:
        """End the writes under way and disconnect."""
        for writer in self._writers:
            await writer.flush()
        for publisher in self._publishers:
            await publisher.stop()

    async def deliver(self, messages: Sequence[Emit]) -> list[Reject | None]:
        """Write fetched bytes; see :class:`~services.crawler.ports.Outputs`."""
        errors = await self._ingest(messages)
        metrics.EMITTED.labels(self._service).inc(errors.count(None))
        return [Reject(error.reason, error.detail) if error else None for error in errors]

    async def request(self, messages: Sequence[Emit]) -> None:
        """Write requests, each to the partition of its host; one too large is refused."""
        errors = await self._fetch(messages)
        await self.refuse(
            [
                (message, Reject(error.reason, error.detail))
                for message, error in zip(messages, errors, strict=True)
                if error is not None
            ]
        )

    async def refuse(self, refused: Sequence[tuple[Emit, Reject]]) -> None:
        """Write refusals of requests that are no longer, or never were, records of a topic."""
        await self.reject([(self._as_message(emit), reject) for emit, reject in refused])

    async def reject(self, refused: Sequence[Refusal]) -> None:
        """Write refusals of records."""
        errors = await self._rejected(
            [rejection_message(self._service, *refusal, self._clock) for refusal in refused]
        )
        for refusal, error in zip(refused, errors, strict=True):
            if error is not None:
                # The dead letters are the last resort: what they do not take must not be lost.
                raise AssertionError(f"{refusal[0].place}: a refusal cannot be written: {error}")
            metrics.REJECTED.labels(self._service, refusal[1].reason).inc()

    def _as_message(self, emit: Emit) -> Message:
        headers = emit.headers
        if not Envelope.parse(headers).id:
            # A refusal is known by its message's id or place, and this one has no place; its time
            # is when it was written, which is another one when it is written again.
            identity = stable_id(self._requests.name, emit.value).encode()
            kept = (pair for pair in headers if pair[0] != "ce_time")
            headers = (*kept, ("ce_id", identity))
        return Message(emit.value, emit.key, headers, self._requests.name, self._partition(emit))

    def _partition(self, message: Emit) -> int:
        return partition_of(message.key.decode("utf-8", "replace"), self._requests.partitions)

    def _writer(self, publisher: KafkaPublisher) -> Together[Emit, PermanentError | None]:
        async def publish(messages: list[Emit]) -> list[PermanentError | None]:
            return await retry(
                lambda: publisher.publish(messages),
                self._policy,
                self._clock,
                what=f"{self._service}: publishing",
                on_retry=metrics.RETRIES.labels(self._service, "publish").inc,
            )

        writer = Together(publish, weigh=lambda emit: len(emit.key) + len(emit.value))
        self._publishers.append(publisher)
        self._writers.append(writer)
        return writer
