"""Where messages go: Kafka's ingest topic or the embedded store, behind one interface."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, cast

from services.cli.report import LocalFlow, Report
from shared.errors import PermanentError
from shared.events import Message
from shared.runtime.clock import SystemClock
from shared.runtime.ports import Publisher
from shared.runtime.retry import RetryPolicy, retry
from shared.runtime.stage import Emit
from shared.settings import RuntimeSettings
from shared.text import document_id
from shared.topics import topology

BATCH_BYTES = 8 * 1024 * 1024
BATCH_MESSAGES = 256


class Sink(Protocol):
    """Takes messages and returns when they are safe. ``name`` tells destinations apart.

    ``knows_inputs``: whether it knows what it was given before, and opens archives itself, in
    parallel. For one that does not, archives are opened and it is remembered how far they came.
    """

    name: str
    knows_inputs: bool

    async def __aenter__(self) -> Self:
        """Connect."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Disconnect."""
        ...

    async def deliver(self, messages: Sequence[Message]) -> list[PermanentError | None]:
        """Make ``messages`` safe; for each, ``None`` or why it can never be taken.

        Raises :class:`~shared.errors.TransientError` when they could not be delivered now.
        """
        ...

    async def work(self) -> Report | None:
        """Do what is left to do with what was delivered; may be cancelled and called again."""
        ...


def open_flow(store: Path, workers: int | None) -> LocalFlow:
    """The embedded flow on ``store``."""
    module = importlib.import_module("services.local.flow")
    return cast(LocalFlow, module.LocalFlow(store, workers))


def open_publisher(settings: RuntimeSettings) -> Publisher:
    """A publisher to the ingest topic."""
    from shared.runtime.publisher import KafkaPublisher  # loads the client only when asked

    return KafkaPublisher(settings, topology(settings.namespace).services["fetcher"].reads)


class KafkaSink:
    """Publishes to the ingest topic under the settings' bounded retries."""

    knows_inputs = False

    def __init__(self, settings: RuntimeSettings | None = None) -> None:
        from services.cli.cluster.state import client_settings  # loaded only when asked

        self._settings = settings or client_settings()
        topic = topology(self._settings.namespace).services["fetcher"].reads
        self.name = f"kafka:{self._settings.kafka_bootstrap}/{topic.name}"
        self._publisher = open_publisher(self._settings)
        self._policy = RetryPolicy.of(self._settings)

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._publisher.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Flush and disconnect."""
        await self._publisher.stop()

    async def deliver(self, messages: Sequence[Message]) -> list[PermanentError | None]:
        """Publish and wait for every acknowledgement."""
        emits = [Emit(message.value or b"", _key(message), message.headers) for message in messages]
        return await retry(
            lambda: self._publisher.publish(emits), self._policy, SystemClock(), what="sending"
        )

    async def work(self) -> Report | None:
        """Nothing: the services do it."""
        return None


def _key(message: Message) -> bytes:
    """Its own, or one that spreads files over partitions, the same bytes always to the same."""
    return message.key if message.key is not None else document_id(message.value or b"").encode()


class StoreSink:
    """Appends to the embedded store and runs its flow."""

    knows_inputs = True

    def __init__(
        self, store: Path, workers: int | None, progress: Callable[[Any], None] = lambda _: None
    ) -> None:
        self.name = f"store:{store.absolute()}"
        self._flow = open_flow(store, workers)
        self._progress = progress

    async def __aenter__(self) -> Self:
        """Open the store."""
        await self._flow.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close the store."""
        await self._flow.__aexit__(kind, error, trace)

    async def deliver(self, messages: Sequence[Message]) -> list[PermanentError | None]:
        """Append to the durable ingest queue."""
        await self._flow.submit(messages)
        return [None] * len(messages)

    async def work(self) -> Report | None:
        """Run the flow until nothing is left."""
        return await self._flow.drain(self._progress)
