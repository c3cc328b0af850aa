"""Settings of the tagger; their variables begin with ``WIREROOM_TAGGER_``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from shared.settings import settings_config


class TaggerSettings(BaseSettings):
    """What the tagger looks names up in, and how much it says."""

    model_config = settings_config("TAGGER_")

    gazetteer: Path | None = None
    """A gazetteer made by ``python -m services.tagger.build``; the shipped one by default."""

    min_salience: float = Field(0.0, ge=0, le=1)
    """Entities below this salience are left out."""
