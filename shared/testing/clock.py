"""A clock that tests move by hand."""

from __future__ import annotations


class ManualClock:
    """:class:`~shared.runtime.ports.Clock`: sleeping moves it at once; ``slept`` records waits."""

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start
        self.slept: list[float] = []

    def time(self) -> float:
        """Unix seconds."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self._now += seconds
