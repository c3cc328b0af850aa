"""The publisher for Kafka: every message's acknowledgement is waited for.

It is used by all services, whatever drives them: Faust's own producer resolves its futures only
when somebody asks, and a failed one is easily lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    ClusterAuthorizationFailedError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.structs import RecordMetadata

from shared.errors import MessageTooLarge, PermanentError, TransientError
from shared.events import Headers
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
ACKNOWLEDGE_SECONDS = 40.0
"""How long a batch may wait for its acknowledgements: two requests that time out."""
LINGER_MS = 5


class Record(Protocol):
    """What is sent: an :class:`~shared.runtime.stage.Emit`, or one that removes its key."""

    @property
    def value(self) -> bytes | None:
        """``None`` removes the key from a compacted topic."""
        ...

    @property
    def key(self) -> bytes:
        """The key."""
        ...

    @property
    def headers(self) -> Headers:
        """The headers."""
        ...


class KafkaProducer:
    """An idempotent producer that is made anew after an error that may have broken it.

    An idempotent producer whose batch expired refuses everything after it, so it is not kept.
    """

    def __init__(self, settings: RuntimeSettings, max_record: int) -> None:
        self._settings = settings
        self._max_record = max_record
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def get(self) -> AIOKafkaProducer:
        """The connected producer; raises :class:`TransientError` when no broker answers."""
        async with self._connecting:  # of two callers at once, one connects
            if self._producer is None:
                self._producer = await self._connect()
            return self._producer

    async def _connect(self) -> AIOKafkaProducer:
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
        return producer

    async def send(
        self,
        topic: str,
        messages: Sequence[tuple[Record, int | None]],
    ) -> list[RecordMetadata | BaseException]:
        """Send ``(message, partition)``; waits for all and returns metadata or error of each.

        What is not acknowledged in ``ACKNOWLEDGE_SECONDS`` has a :class:`KafkaTimeoutError`, and
        the producer is given up: an idempotent one would go on trying for ever.
        """
        producer = await self.get()
        errors: dict[int, BaseException] = {}
        futures: dict[int, asyncio.Future[RecordMetadata]] = {}
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
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
                        errors[index] = error
                if futures:
                    await asyncio.wait(futures.values())
        except TimeoutError:
            await self.discard()
        results: list[RecordMetadata | BaseException] = []
        for index in range(len(messages)):
            future = futures.get(index)
            if future is not None and future.done() and not future.cancelled():
                results.append(future.exception() or future.result())
            else:
                late = KafkaTimeoutError(f"no acknowledgement in {ACKNOWLEDGE_SECONDS:g} s")
                results.append(errors.get(index, late))
        return results

    async def discard(self) -> None:
        """Give the producer up; what it still holds is never sent."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            # Its own stop() waits until everything is sent, which may be never.
            producer._closed = True
            try:
                await producer._sender.close()
                await producer.client.close()
            except (KafkaError, OSError) as error:
                log.info("the producer did not stop cleanly: %s", error)

    async def stop(self) -> None:
        """Flush and disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()


class KafkaPublisher:
    """:class:`~shared.runtime.ports.Publisher` for one topic.

    ``partition`` tells where a message goes; without it, and for ``None``, its key does.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        topic: Topic,
        partition: Callable[[Emit], int | None] = lambda _: None,
    ) -> None:
        self._topic = topic
        self._partition = partition
        self._producer = KafkaProducer(settings, topic.max_record)

    async def start(self) -> None:
        """Nothing: the first message connects, under the runner's retries."""

    async def stop(self) -> None:
        """Flush and disconnect."""
        await self._producer.stop()

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Write ``messages``; see :class:`~shared.runtime.ports.Publisher`."""
        errors: list[PermanentError | None] = [None] * len(messages)
        left = list(range(len(messages)))
        while left:
            results = await self._producer.send(
                self._topic.name,
                [(messages[index], self._partition(messages[index])) for index in left],
            )
            failed: dict[int, BaseException] = {}
            large = False
            for index, result in zip(left, results, strict=True):
                if isinstance(result, _TOO_LARGE):
                    errors[index] = self._too_large(messages[index])
                    large = True
                elif isinstance(result, BaseException):
                    failed[index] = result
            if failed and not large:
                await self._failed(next(iter(failed.values())))
            if failed:
                # A batch that the broker refused leaves a gap in the sequence of an idempotent
                # producer, for which the ones behind it are refused: these are sent anew.
                await self._producer.discard()
            left = list(failed)
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
