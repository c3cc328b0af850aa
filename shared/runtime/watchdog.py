"""Ends a process that has work and finishes none of it.

Faust's own livelock detector only logs. A supervisor (compose, Kubernetes, ``wireroom up``)
starts the process again, and its messages are delivered again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from shared.runtime.ports import Clock

log = logging.getLogger(__name__)

EXIT_STALLED = 75  # EX_TEMPFAIL of sysexits.h
_TELL_SECONDS = 5.0


class Watchdog:
    """Watches from a thread, so that a blocked event loop is seen too.

    ``work`` tells how many messages wait. :meth:`progress` is called for each finished batch and
    whenever there is nothing to do.
    """

    def __init__(
        self,
        work: Callable[[], int],
        clock: Clock,
        stall_seconds: float,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._work = work
        self._clock = clock
        self._stall = stall_seconds
        self._end = end
        self._last = clock.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="watchdog")

    def progress(self) -> None:
        """Something was finished."""
        self._last = self._clock.monotonic()

    @property
    def stalled_for(self) -> float:
        """Seconds since the last progress while there is work; 0 when there is none."""
        return self._clock.monotonic() - self._last if self._work() else 0.0

    def check(self) -> None:
        """End the process when it is stalled."""
        if not self._work():
            self._last = self._clock.monotonic()
            return
        seconds = self._clock.monotonic() - self._last
        if seconds > self._stall:
            # In a thread: a log that nobody reads may be what the process hangs at.
            telling = threading.Thread(target=_tell, args=(seconds, self._work()), daemon=True)
            telling.start()
            telling.join(_TELL_SECONDS)
            self._end(EXIT_STALLED)

    def start(self) -> None:
        """Begin to watch."""
        self._last = self._clock.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _watch(self) -> None:
        interval = min(5.0, self._stall / 4)
        while not self._stop.wait(interval):
            self.check()


def _tell(seconds: float, waiting: int) -> None:
    log.critical(
        "no progress for %.0f s with %d messages waiting: ending the process", seconds, waiting
    )
    logging.shutdown()
