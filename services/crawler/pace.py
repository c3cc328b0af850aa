"""How fast one host is talked to."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

PREFIX: Final = b"h:"
"""Keys of the state of hosts that asked for patience."""

LONGEST_WAIT: Final = 86_400.0
"""The longest Retry-After that is obeyed, seconds."""

_FIRST_SLOW: Final = 1.0
"""What a host is slowed to, in seconds, when it had no delay at all."""
_RECOVERY: Final = 0.8
_LEAST_SLOW: Final = 0.1
_VERSION: Final = 1


class Pace:
    """At most one request at a time, the next one at least a delay after the end of the last.

    The delay counts from the end, so that the requests cannot reach the host closer together than
    they were sent. It doubles when the host is overloaded and recovers by a fifth with each good
    answer. Times are Unix seconds.
    """

    __slots__ = ("_base", "_delay", "_max", "busy", "ready_at")

    def __init__(self, delay: float, max_delay: float) -> None:
        self._base = min(delay, max_delay)
        self._delay = self._base
        self._max = max_delay
        self.ready_at = 0.0
        """When the next request may begin."""
        self.busy = False

    @property
    def delay(self) -> float:
        """Seconds between two requests now."""
        return self._delay

    @property
    def slowed(self) -> bool:
        """Whether the host is spared more than its rules ask for."""
        return self._delay > self._base

    def ask(self, delay: float) -> None:
        """Keep ``delay`` seconds apart: the larger one of the settings and robots.txt."""
        before, self._base = self._base, min(delay, self._max)
        if self._delay == before or self._delay < self._base:
            self._delay = self._base

    def begin(self, now: float) -> None:
        """A request begins; raises :class:`RuntimeError` when it must not."""
        if self.busy or now < self.ready_at:
            raise RuntimeError("a request before the host's pace allows it")
        self.busy = True

    def end(self, now: float) -> None:
        """The request is over, whatever came of it."""
        self.busy = False
        self.ready_at = max(self.ready_at, now + self._delay)

    def overloaded(self, now: float, retry_after: float = 0.0) -> None:
        """It answered 429 or 503 or not in time; wait at least ``retry_after`` seconds."""
        self._delay = min(self._max, max(_FIRST_SLOW, self._delay * 2))
        self.wait_until(now + max(self._delay, min(retry_after, LONGEST_WAIT)))

    def fine(self) -> None:
        """It answered well."""
        if self._delay > self._base:
            less = self._delay * _RECOVERY
            self._delay = max(self._base, less) if less >= _LEAST_SLOW else self._base

    def wait_until(self, moment: float) -> None:
        """No request before ``moment``."""
        self.ready_at = max(self.ready_at, moment)

    def encode(self) -> bytes | None:
        """What of it must survive a restart, or ``None`` for nothing."""
        if not self.slowed:
            return None
        return orjson.dumps({"v": _VERSION, "delay": self._delay, "ready_at": self.ready_at})

    def restore(self, delay: float, ready_at: float) -> None:
        """Take over what :func:`decode` read."""
        self._delay = min(self._max, max(self._base, delay))
        self.wait_until(ready_at)


def decode(value: bytes) -> tuple[float, float]:
    """Delay and next time of :meth:`Pace.encode`; raises :class:`ValueError` for anything else."""
    data: Any = orjson.loads(value)
    if not isinstance(data, dict) or data.get("v") != _VERSION:
        raise ValueError("not a host's state of version 1")
    delay, ready_at = data.get("delay"), data.get("ready_at")
    if not isinstance(delay, float | int) or not isinstance(ready_at, float | int):
        raise ValueError("a host's state without its times")
    return float(delay), float(ready_at)


def key(host: str) -> bytes:
    """The key of a host's state."""
    return PREFIX + host.encode("utf-8", "surrogatepass")


def retry_after(value: str, now: float) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3), at most a day; 0 for none."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(0.0, moment.timestamp() - now), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
