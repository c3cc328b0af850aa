"""For how long an instance may be sure that its partitions are its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.crawler.ports import UNCONDITIONAL, Answer, Client, Conditions
from shared.runtime.ports import Clock


class Lease:
    """Membership of a consumer group as seen from here.

    A group gives a member's partitions away when it has not heard of it for its session's time,
    and the member itself may not know: it was stopped, or cut off. So it asks, and may count on
    the answer for ``seconds`` from when it asked (Gray and Cheriton, "Leases", SOSP 1989).
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._end = clock.monotonic()
        self._renewed = asyncio.Event()

    def now(self) -> float:
        """The time to note before the group is asked."""
        return self._clock.monotonic()

    def renew(self, asked: float) -> None:
        """The group confirmed what it was asked at ``asked``."""
        self._end = max(self._end, asked + self._seconds)
        self._renewed.set()

    async def held(self) -> None:
        """Return while the lease lasts; once it ended, wait until it is renewed."""
        while self._clock.monotonic() >= self._end:
            self._renewed.clear()
            await self._renewed.wait()


class HeldClient:
    """:class:`~services.crawler.ports.Client` that begins nothing while the lease is not held.

    ``progress`` is called at every end of a request, good or bad. What was begun before the lease
    ended is not cut off.
    """

    def __init__(self, client: Client, lease: Lease, progress: Callable[[], None]) -> None:
        self._client = client
        self._lease = lease
        self._progress = progress
        self.start = client.start
        self.stop = client.stop

    async def get(
        self, url: str, conditions: Conditions = UNCONDITIONAL, *, limit: int | None = None
    ) -> Answer:
        """See :class:`~services.crawler.ports.Client`."""
        await self._lease.held()
        try:
            return await self._client.get(url, conditions, limit=limit)
        finally:
            self._progress()
