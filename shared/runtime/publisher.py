"""The publisher for Kafka: every message's acknowledgement is waited for.

It is used by all services, whatever drives them: Faust's own producer resolves its futures only
when somebody asks, and a failed one is easily lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.structs import RecordMetadata

from shared.errors import MessageTooLarge, PermanentError, TransientError
from shared.runtime.stage import Emit
from shared.settings import RuntimeSettings
from shared.topics import Topic

log = logging.getLogger(__name__)

_REFUSED = (
    ClusterAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
REQUEST_TIMEOUT_MS = 20_000
LINGER_MS = 5


class KafkaProducer:
    """An idempotent producer that is made anew after an error that may have broken it.

    An idempotent producer whose batch expired refuses everything after it, so it is not kept.
    """

    def __init__(self, settings: RuntimeSettings, max_record: int) -> None:
        self._settings = settings
        self._max_record = max_record
        self._producer: AIOKafkaProducer | None = None

    async def get(self) -> AIOKafkaProducer:
        """The connected producer; raises :class:`TransientError` when no broker answers."""
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka_bootstrap,
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=LINGER_MS,
                max_request_size=self._max_record,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
            )
            try:
                await producer.start()
            except (KafkaError, OSError) as error:
                await producer.stop()
                raise TransientError(
                    f"no broker at {self._settings.kafka_bootstrap}: {error}"
                ) from error
            self._producer = producer
        return self._producer

    async def send(
        self,
        topic: str,
        messages: Sequence[tuple[Emit, int | None]],
    ) -> list[RecordMetadata | BaseException]:
        """Send ``(message, partition)``; waits for all and returns metadata or error of each."""
        producer = await self.get()
        results: list[RecordMetadata | BaseException | None] = [None] * len(messages)
        futures: dict[int, asyncio.Future[RecordMetadata]] = {}
        for index, (message, partition) in enumerate(messages):
            try:
                futures[index] = await producer.send(
                    topic,
                    value=message.value,
                    key=message.key,
                    headers=list(message.headers),
                    partition=partition,
                )
            except KafkaError as error:
                results[index] = error
        done = await asyncio.gather(*futures.values(), return_exceptions=True)
        for index, result in zip(futures, done, strict=True):
            results[index] = result
        return [result for result in results if result is not None]

    async def discard(self) -> None:
        """Give the producer up without waiting for what it still holds."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            try:
                await asyncio.wait_for(producer.stop(), timeout=5)
            except (KafkaError, OSError, TimeoutError) as error:
                log.info("the producer did not stop cleanly: %s", error)

    async def stop(self) -> None:
        """Flush and disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()


class KafkaPublisher:
    """:class:`~shared.runtime.ports.Publisher` for one topic."""

    def __init__(self, settings: RuntimeSettings, topic: Topic) -> None:
        self._topic = topic
        self._producer = KafkaProducer(settings, topic.max_record)

    async def start(self) -> None:
        """Nothing: the first message connects, under the runner's retries."""

    async def stop(self) -> None:
        """Flush and disconnect."""
        await self._producer.stop()

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Write ``messages``; see :class:`~shared.runtime.ports.Publisher`."""
        results = await self._producer.send(self._topic.name, [(m, None) for m in messages])
        errors: list[PermanentError | None] = []
        for message, result in zip(messages, results, strict=True):
            if isinstance(result, _TOO_LARGE):
                errors.append(self._too_large(message))
            elif isinstance(result, BaseException):
                await self._failed(result)
            else:
                errors.append(None)
        return errors

    def _too_large(self, message: Emit) -> MessageTooLarge:
        size = len(message.value) + sum(len(n) + len(v) for n, v in message.headers)
        return MessageTooLarge(
            "message_too_large",
            f"{size} bytes; {self._topic.name} takes records of up to "
            f"{self._topic.max_record} bytes",
        )

    async def _failed(self, error: BaseException) -> None:
        if isinstance(error, _REFUSED) or not isinstance(error, KafkaError):
            raise error
        await self._producer.discard()
        kind = "broker" if isinstance(error, BrokerResponseError) else "client"
        raise TransientError(
            f"{self._topic.name}: {kind}: {type(error).__name__}: {error}"
        ) from error
