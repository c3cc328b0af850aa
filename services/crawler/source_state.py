"""What is remembered of a source between its polls, and what people are told of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

PREFIX: Final = b"s:"
"""All keys of source states in the store begin so."""

DAYS: Final = 28
"""Days whose new entries are counted: four whole weeks, so that weekends do not matter."""

_DAY: Final = 86_400.0
_VERSION: Final = 1


@dataclass(slots=True)
class SourceState:
    """One address that is polled. Times are Unix seconds, 0 for never; intervals are seconds.

    A source has a state for its own ``url``, and one more for each feed or sitemap that was found
    through it (``found_by`` is then the URL that named it).
    """

    name: str
    url: str
    kind: str = "auto"
    """As declared; what ``auto`` turned out to be once that is known."""
    found_by: str = ""
    renewed: float = 0.0
    """When ``found_by`` last named it; what is no longer named is forgotten."""
    last_success: float = 0.0
    last_error: float = 0.0
    error: str = ""
    """Reason and detail of the last error: ``http_503: …``; empty after a success."""
    errors: int = 0
    """Errors in a row."""
    interval: float = 0.0
    next_due: float = 0.0
    moved_to: str = ""
    """Where its server says that it now is, for good (301, 308)."""
    rate: float = 0.0
    """New entries a second, the recent past counting most."""
    last_new: float = 0.0
    """When something new was last found."""
    day: int = 0
    """Day of the last count of ``found``, in days since 1970-01-01 UTC."""
    found: list[int] = field(default_factory=list)
    """New entries of each day, UTC, until the last that had any; at most :data:`DAYS`."""
    total: int = 0
    """New entries ever."""

    def succeeded(self, now: float, new: int) -> None:
        """Note a poll that was answered and found ``new`` entries."""
        self.last_success, self.error, self.errors = now, "", 0
        if new or not self.found:  # days of a silence must not push out what it is compared with
            self._turn_to(int(now // _DAY))
            self.found[-1] += new
            self.total += new
        if new:
            self.last_new = now

    def failed(self, now: float, error: str) -> None:
        """Note a poll without a usable answer."""
        self.last_error, self.error = now, error[:500]
        self.errors += 1

    def counts(self, now: float) -> list[int]:
        """New entries of each day until today, the newest last; as many as were watched."""
        missed = max(0, int(now // _DAY) - self.day) if self.found else 0
        return (self.found + [0] * min(missed, DAYS))[-DAYS:]

    def per_day(self, now: float) -> float | None:
        """New entries a day until yesterday; ``None`` before a whole day was watched.

        The day of the first poll does not count: what it found then had gathered for weeks.
        """
        counts = self.counts(now)[:-1]
        if sum(self.found) == self.total and len(counts) < DAYS - 1:
            counts = counts[1:]
        return sum(counts) / len(counts) if counts else None

    def _turn_to(self, day: int) -> None:
        if not self.found:
            self.found = [0]
        elif day > self.day:
            self.found = (self.found + [0] * min(day - self.day, DAYS))[-DAYS:]
        self.day = max(self.day, day)


_CHECKED: Final = TypeAdapter(SourceState)


def key(name: str, url: str) -> bytes:
    """The key under which the state of this source and address stands in the store."""
    text = f"{name}\n{url}".encode("utf-8", "surrogatepass")
    return PREFIX + hashlib.sha256(text).digest()[:16]


def encode(state: SourceState) -> bytes:
    """The value for the store: JSON with its version."""
    return orjson.dumps({"v": _VERSION, "state": state})


def decode(value: bytes) -> SourceState:
    """The state in ``value``; raises :class:`ValueError` for what this program cannot read."""
    data: Any = orjson.loads(value)
    if not isinstance(data, dict) or data.get("v") != _VERSION:
        raise ValueError("not a source's state of version 1")
    # Strictly as JSON; a ValidationError is a ValueError.
    return _CHECKED.validate_json(orjson.dumps(data.get("state")), strict=True)


def states_in(pairs: Iterable[tuple[bytes, bytes]]) -> list[SourceState]:
    """The readable source states among keys and values of a store."""
    states = []
    for name, value in pairs:
        if name.startswith(PREFIX):
            try:
                states.append(decode(value))
            except ValueError:
                continue
    return states
