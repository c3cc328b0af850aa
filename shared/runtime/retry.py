"""Retry of :class:`~shared.errors.TransientError` with exponential backoff and full jitter.

Full jitter (a random wait between nothing and the backoff) spreads the clients that lost the same
server: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from shared.errors import TransientError
from shared.runtime.ports import Clock
from shared.settings import RuntimeSettings

T = TypeVar("T")
log = logging.getLogger(__name__)


class Uniform(Protocol):
    """The one function of :class:`random.Random` that is needed."""

    def uniform(self, a: float, b: float, /) -> float:
        """A number between ``a`` and ``b``."""
        ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` calls in all; waits of up to ``initial * 2**n``, at most ``maximum`` seconds."""

    attempts: int = 8
    initial: float = 0.2
    maximum: float = 15.0

    @classmethod
    def of(cls, settings: RuntimeSettings) -> Self:
        """The policy that the settings ask for."""
        return cls(settings.retry_attempts, settings.retry_initial, settings.retry_max)

    def ceiling(self, failures: int) -> float:
        """The longest wait after that many failures, in seconds."""
        return min(self.maximum, self.initial * 2.0 ** min(failures - 1, 62))


async def retry(
    call: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    clock: Clock,
    *,
    what: str,
    on_retry: Callable[[], None] = lambda: None,
    jitter: Uniform | None = None,
) -> T:
    """The result of ``call``; raises its last :class:`TransientError` when attempts run out.

    Any other error passes through at once.
    """
    chance = jitter or random
    failures = 0
    while True:
        try:
            return await call()
        except TransientError as error:
            failures += 1
            if failures >= policy.attempts:
                raise
            wait = chance.uniform(0, policy.ceiling(failures))
            log.warning(
                "%s failed (%s), attempt %d of %d; again in %.2f s",
                what,
                error,
                failures,
                policy.attempts,
                wait,
            )
            on_retry()
            await clock.sleep(wait)
