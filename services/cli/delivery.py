"""From inputs, one by one, to a sink, in batches that are bounded in number and bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from services.cli.files import Problem
from services.cli.resume import Resume
from services.cli.sinks import BATCH_BYTES, BATCH_MESSAGES, Sink
from shared.events import Message

Advance = Callable[[int, int | None], None]
"""Tells a progress bar what is done, of how many (``None``: not known yet)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A message to deliver. ``name`` is what people know it by.

    ``reached`` is how far its input is done when this and all before it are.
    """

    name: str
    message: Message
    member: bool = False
    """Whether it is a part of an input that was unpacked."""
    reached: tuple[Resume, int] | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """All of an input stands before this."""

    resume: Resume | None = None
    unpacked: bool = False


Item = Unit | Problem | Finished


@dataclass(slots=True)
class Sent:
    """What was delivered: messages, those among them that are members, and of how many inputs."""

    units: int = 0
    members: int = 0
    unpacked: int = 0
    problems: list[Problem] = field(default_factory=list)


async def deliver(items: Iterator[Item], sink: Sink, advance: Advance) -> Sent:
    """Deliver all; ``items`` is read in a thread, a batch ahead of what is being sent.

    Raises :class:`~shared.errors.TransientError` when the destination is away: what was delivered
    until then is remembered where an input has a :class:`Resume`.
    """
    sent = Sent()
    batches = _batches(items)
    ahead = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await ahead) is not None:
            ahead = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
            await _send(batch, sink, sent)
            advance(sent.units + len(sent.problems), None)
    finally:
        ahead.cancel()
    advance(sent.units + len(sent.problems), sent.units + len(sent.problems))
    return sent


async def _send(batch: list[Item], sink: Sink, sent: Sent) -> None:
    units = [item for item in batch if isinstance(item, Unit)]
    results = await sink.deliver([unit.message for unit in units]) if units else []
    reached: dict[int, tuple[Resume, int]] = {}
    for unit, error in zip(units, results, strict=True):
        if error is None:
            sent.units += 1
            sent.members += unit.member
        else:
            sent.problems.append(Problem(unit.name, error.reason, error.detail))
        if unit.reached is not None:
            reached[id(unit.reached[0])] = unit.reached
    for resume, position in reached.values():
        resume.reached(position)
    for item in batch:
        if isinstance(item, Problem):
            sent.problems.append(item)
        elif isinstance(item, Finished):
            sent.unpacked += item.unpacked
            if item.resume is not None:
                item.resume.finished()


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        length = len(item.message.value or b"") if isinstance(item, Unit) else 0
        if batch and (size + length > BATCH_BYTES or len(batch) >= BATCH_MESSAGES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch
