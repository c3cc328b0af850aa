"""How many hosts are talked to at once, without slow ones holding up the others."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from services.crawler.frontier import Host

SLOW_SECONDS: Final = 2.0
"""A request that takes longer makes room for another host's."""
_TIMES: Final = 4
"""So many times as many hosts may be slow at once."""


class Slots:
    """Hosts under way. ``most`` of them may be quick, four times as many slow."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._quick: OrderedDict[Host, float] = OrderedDict()
        self._slow: set[Host] = set()

    def __len__(self) -> int:
        return len(self._quick) + len(self._slow)

    def free(self, now: float) -> bool:
        """Whether another host may begin."""
        while self._quick and len(self._slow) < _TIMES * self._most:
            host, began = next(iter(self._quick.items()))
            if now < began + SLOW_SECONDS:
                break
            del self._quick[host]
            self._slow.add(host)
        return len(self._quick) < self._most

    def begin(self, host: Host, now: float) -> None:
        """A host begins."""
        self._quick[host] = now

    def end(self, host: Host) -> None:
        """It is done."""
        self._quick.pop(host, None)
        self._slow.discard(host)

    def next_time(self) -> float:
        """When one may come free because a host proves slow; infinite when none can."""
        if len(self._slow) >= _TIMES * self._most or not self._quick:
            return float("inf")
        return next(iter(self._quick.values())) + SLOW_SECONDS
