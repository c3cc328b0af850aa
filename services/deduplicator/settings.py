"""Settings of the deduplicator: ``WIREROOM_DEDUPLICATOR_…``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from services.deduplicator.similarity import CONTAINMENT, SIMILARITY, NearRule
from shared.settings import settings_config

_DAY_MS = 86_400_000


class DeduplicatorSettings(BaseSettings):
    """All instances on one log must have the same threshold, containment and window."""

    model_config = settings_config("DEDUPLICATOR_")

    threshold: float = Field(SIMILARITY / 1000, ge=0.05, le=1)
    """Estimated Jaccard similarity from which two texts are nearly the same."""

    containment: float = Field(CONTAINMENT / 1000, ge=0.1, le=1)
    """Share of the shorter text that must stand in the longer one to be nearly the same."""

    window_days: float = Field(30.0, gt=0)
    """How far back duplicates are looked for. The retention of the log must be at least this and a
    day: see ``services/deduplicator/decider.py``."""

    decision_timeout: float = Field(30.0, gt=0)
    """Seconds to wait for an own entry to come back from the log, and, while catching up, for
    any entry to come, before the batch is tried again."""

    snapshots: Path | None = None
    """Folder in which instances keep what they remember, each in a folder of its own, so that they
    need not read the whole log at each start. Without it they read the log."""

    snapshot_minutes: float = Field(10.0, gt=0)
    """How often a snapshot is written, besides at the end."""

    @property
    def window_ms(self) -> int:
        """The window in milliseconds."""
        return int(self.window_days * _DAY_MS)

    @property
    def rule(self) -> NearRule:
        """The thresholds in integers."""
        return NearRule(
            similarity=round(self.threshold * 1000), containment=round(self.containment * 1000)
        )
