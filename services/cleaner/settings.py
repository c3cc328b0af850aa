"""The cleaner's settings."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from shared.settings import settings_config


class CleanerSettings(BaseSettings):
    """Variables ``WIREROOM_CLEANER_…``."""

    model_config = settings_config("CLEANER_")

    max_characters: int = Field(1_000_000, ge=1_000)
    """Longest article text, in characters; a longer one is refused, never cut."""
