"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """:class:`~shared.runtime.ports.Clock` by the operating system."""

    def time(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without holding the event loop."""
        await asyncio.sleep(seconds)
