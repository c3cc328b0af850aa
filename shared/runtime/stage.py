"""The stage contract: what a service computes, apart from how messages reach it.

A stage takes a batch of messages and returns, for each one, its outcomes: what to emit, what was
dropped on purpose, what is refused. It imports no Kafka, no Elasticsearch and no Faust; the same
object runs under every driver. Outcomes of a message must depend on the message (and, for the
deduplicator, on the shared log) alone, so that a message that is delivered again gives the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.events import Headers, Message


@dataclass(frozen=True, slots=True)
class Emit:
    """A message to publish; it is acknowledged before its source is."""

    value: bytes
    key: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Drop:
    """Nothing to do for this message, on purpose. ``reason`` is counted by name."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Refused: goes to ``news.rejected``.

    ``reason`` is a short stable code (``invalid_json``), ``detail`` tells a person what is wrong.
    ``data`` is what is refused when that is a part of the message (one bad line of a file) and
    ``member`` names that part; without them the whole message is refused.
    """

    reason: str
    detail: str = ""
    data: bytes | None = None
    member: str = ""


Outcome = Emit | Drop | Reject
Outcomes = Sequence[Outcome]


class Transform(Protocol):
    """A pure function of one message, picklable: what the pool runs.

    Raises :class:`~shared.errors.PermanentError` for a message that can never succeed (the
    runner makes a :class:`Reject` of it), :class:`~shared.errors.TransientError` for one to try
    again. At least one outcome is returned. Heavy state is loaded on first use, in the worker.
    """

    def __call__(self, message: Message, /) -> Outcomes:
        """The outcomes of ``message``."""
        ...


class Stage(ABC):
    """One step of the flow. ``name`` stands in metrics, logs, rejections and consumer groups."""

    name: str

    batches_ahead: int = 0
    """Batches that may be processed while the one before them is being written.

    More than 0 only where outcomes depend on nothing that processing changes.
    """

    async def start(self) -> None:
        """Take what is needed, before the first batch.

        Called again when it raised :class:`~shared.errors.TransientError`.
        """

    async def stop(self) -> None:
        """Give back what was taken; called once, after the last batch, also after a failure."""

    async def wait_ready(self) -> None:
        """Wait until batches can be processed at once; raises what makes that impossible."""

    def ready(self) -> bool:
        """Whether batches can be processed without waiting; shown by ``/healthz``."""
        return True

    @abstractmethod
    async def process(self, batch: Sequence[Message]) -> list[Outcomes]:
        """Outcomes for each message, in the order of ``batch``, one entry each.

        Raises :class:`~shared.errors.TransientError` when the batch as a whole may be tried
        again; :class:`~shared.errors.PermanentError` makes the runner try its messages one by one.
        """


class TransformStage(Stage):
    """A stage that applies a transform in the calling thread: for tests and cheap work."""

    def __init__(self, name: str, transform: Transform) -> None:
        self.name = name
        self._transform = transform

    async def process(self, batch: Sequence[Message]) -> list[Outcomes]:
        """Apply the transform to each message in turn."""
        return [self._transform(message) for message in batch]
