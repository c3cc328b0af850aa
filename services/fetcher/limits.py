"""What one message may cost: a budget that all its unwrapping draws on."""

from __future__ import annotations

from services.fetcher.settings import FetcherSettings

RATIO_FLOOR = 1024 * 1024
"""Bytes below which no ratio is suspicious: a small file of blanks compresses by hundreds."""


class Exhausted(Exception):
    """A limit on the message as a whole is reached; nothing more of it is unwrapped."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class PartRefused(Exception):
    """A limit on a single part is passed, or the part is broken; its siblings go on."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Budget:
    """Counts what a message has cost so far; raises :class:`Exhausted` when it is too much."""

    def __init__(self, settings: FetcherSettings) -> None:
        self.settings = settings
        self._unpacked = 0
        self._given = 0
        self._members = 0

    def unpacked(self, size: int) -> None:
        """``size`` more bytes were decompressed."""
        self._unpacked += size
        if self._unpacked > self.settings.max_total_bytes:
            raise Exhausted(
                "zip_bomb",
                f"decompresses to more than max_total_bytes={self.settings.max_total_bytes}",
            )

    def member(self) -> None:
        """One more member, document or rejection."""
        self._members += 1
        if self._members > self.settings.max_members:
            raise Exhausted(
                "too_many_members", f"holds more than max_members={self.settings.max_members}"
            )

    def given(self, size: int) -> None:
        """``size`` more bytes are handed on."""
        self._given += size
        if self._given > self.settings.max_total_bytes:
            raise Exhausted(
                "too_large",
                f"gives more than max_total_bytes={self.settings.max_total_bytes} of documents",
            )

    def ratio(self, produced: int, consumed: int) -> None:
        """Check one stream's ratio so far; raises :class:`PartRefused` ``zip_bomb``."""
        if produced > RATIO_FLOOR and produced > self.settings.max_ratio * max(1, consumed):
            raise PartRefused(
                "zip_bomb",
                f"decompresses more than max_ratio={self.settings.max_ratio:g} times",
            )

    def size(self, produced: int) -> None:
        """Check one stream's size so far; raises :class:`PartRefused` ``too_large``."""
        limit = self.settings.max_container_bytes
        if produced > limit:
            raise PartRefused("too_large", f"decompresses to more than max_container_bytes={limit}")
