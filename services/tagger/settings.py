"""Settings of the tagger; their variables begin with ``WIREROOM_TAGGER_``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from services.tagger.knowledge.base import SHIPPED
from shared.errors import SettingsError
from shared.settings import settings_config


class TaggerSettings(BaseSettings):
    """What finds names, what they are looked up in, and how much is said of them."""

    model_config = settings_config("TAGGER_")

    engine: str = "wireroom"
    """What finds names: `wireroom`, `spacy`, `gliner` or `transformers`."""

    model: str = "open"
    """The engine's model: `open` or `research` (for non-commercial use) of `wireroom`; for the
    others a name or a folder on this machine."""

    languages: frozenset[str] | None = None
    """Languages of the model (ISO 639-1) where it does not tell them; in others the knowledge base
    alone finds names."""

    threshold: float = Field(0.5, ge=0, le=1)
    """The confidence from which GLiNER tells of a name."""

    knowledge: Path | None = None
    """A folder with a knowledge base made by `python -m services.tagger.build`; the shipped one by
    default."""

    entities: Path | None = None
    """A file of entities and names of your own (`entities.yml`), read again when it changes."""

    min_salience: float = Field(0.0, ge=0, le=1)
    """Entities below this salience are left out."""

    def layers(self) -> tuple[Path, ...]:
        """The files of the knowledge base; raises :class:`~shared.errors.SettingsError` where the
        folder has none."""
        if self.knowledge is None:
            return SHIPPED
        # The main layer is called base.kb and speaks before the others.
        paths = tuple(sorted(self.knowledge.glob("*.kb")))
        if not paths:
            raise SettingsError(f"WIREROOM_TAGGER_KNOWLEDGE: no file *.kb in {self.knowledge}")
        return paths
