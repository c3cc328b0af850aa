"""Stand-ins for the embedded flow and for Kafka, as the commands see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from services.cli.report import Status
from shared.errors import MessageTooLarge, PermanentError, TransientError
from shared.events import DuplicateKind, Envelope, Message
from shared.runtime.stage import Emit


@dataclass(frozen=True)
class FakeOutcome:
    """What came of one document."""

    status: Status
    article_id: str = ""
    title: str = ""
    kind: DuplicateKind = "none"
    of: str | None = None
    member: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class FakeItem:
    """One input."""

    filename: str
    outcomes: list[FakeOutcome]


@dataclass(frozen=True)
class FakeProgress:
    """How far it is."""

    done: int
    total: int


@dataclass
class FakeReport:
    """All inputs."""

    items: list[FakeItem]


@dataclass
class FakeFlow:
    """Remembers what was submitted; ``outcome`` tells what comes of each."""

    outcome: Callable[[str, bytes], FakeOutcome]
    submitted: list[tuple[str, bytes]] = field(default_factory=list)
    store: Path | None = None
    drained: int = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def submit(self, items: AsyncIterator[Message] | Iterable[Message]) -> None:
        assert not isinstance(items, AsyncIterator)
        for message in items:
            name = Envelope.parse(message.headers).filename
            self.submitted.append((name, message.value or b""))

    async def drain(self, progress: Callable[[Any], None]) -> FakeReport:
        fresh = self.submitted[self.drained :]
        self.drained = len(self.submitted)
        progress(FakeProgress(len(fresh), len(fresh)))
        return FakeReport([FakeItem(name, [self.outcome(name, data)]) for name, data in fresh])


@dataclass
class FakePublisher:
    """Keeps what is published. ``away``: how many calls fail first; ``limit`` in bytes."""

    limit: int = 1 << 30
    away: int = 0
    published: list[Emit] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        self.calls.append(len(messages))
        if self.away:
            self.away -= 1
            raise TransientError("no broker")
        results: list[PermanentError | None] = []
        for message in messages:
            if len(message.value) > self.limit:
                results.append(MessageTooLarge("message_too_large", f"{len(message.value)} bytes"))
            else:
                self.published.append(message)
                results.append(None)
        return results
