"""What the crawler asks of the outside world: a web client, a place for its state, outputs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.runtime.stage import Emit, Reject

Change = tuple[bytes, bytes | None]
"""A key of the state with its new value; ``None`` removes it."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Validators of an earlier answer (RFC 9110, 13), sent along so that nothing comes twice."""

    etag: str = ""
    last_modified: str = ""


UNCONDITIONAL = Conditions()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; a redirect is one too, it is not followed.

    ``headers`` are as sent, in order; ``body`` is without its content coding, and empty for a
    status other than 200. ``location`` is the absolute URL of a redirect, or empty.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    address: str
    location: str = ""

    def header(self, name: str) -> str:
        """The first header of this name, in any case of letters; empty without one."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


class FetchFailed(Exception):
    """No answer that can be used.

    ``reason`` is a short stable code: ``private_address``, ``dns_failed``, ``connect_failed``,
    ``tls_failed``, ``timed_out``, ``too_large``, ``decompression_bomb``, ``bad_answer``,
    ``headers_too_large``, ``invalid_url``. ``again`` tells whether trying later may help.
    """

    def __init__(self, reason: str, detail: str, *, again: bool) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.again = again


class Client(Protocol):
    """Gets one URL within the limits of the settings and the rules of safety."""

    async def start(self) -> None:
        """Take what is needed."""
        ...

    async def stop(self) -> None:
        """Close all connections."""
        ...

    async def get(
        self, url: str, conditions: Conditions = UNCONDITIONAL, *, limit: int | None = None
    ) -> Answer:
        """GET ``url``; follows no redirect. ``limit`` bounds the body, in bytes, decompressed.

        Raises :class:`FetchFailed`.
        """
        ...


class StateStore(Protocol):
    """Keys and values that survive, by partition. One owner at a time writes a partition."""

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Disconnect."""
        ...

    def load(self, partition: int) -> AsyncIterator[Sequence[tuple[bytes, bytes]]]:
        """All that is there now, each key once with its newest value, in pieces; then it ends."""
        ...

    async def write(self, partition: int, changes: Sequence[Change]) -> None:
        """Make ``changes`` durable; of a key that comes twice the last counts.

        Raises :class:`~shared.errors.TransientError`; writing the same again does no harm.
        """
        ...


class Outputs(Protocol):
    """Where results go. Each returns when all is safe; retries are behind it."""

    async def deliver(self, messages: Sequence[Emit]) -> list[Reject | None]:
        """Fetched bytes, to ``news.ingest``; for each, why it can never be taken, or ``None``."""
        ...

    async def request(self, messages: Sequence[Emit]) -> None:
        """What was found, to ``news.fetch``: keys are hosts."""
        ...

    async def refuse(self, refused: Sequence[tuple[Emit, Reject]]) -> None:
        """Requests that cannot be fulfilled, to ``news.rejected``."""
        ...
