"""Settings of the tagger; their variables begin with ``WIREROOM_TAGGER_``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

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

    languages: Annotated[frozenset[str] | None, NoDecode] = None
    """Languages of the model where it does not tell them, as `en,de` (ISO 639-1); in others the
    knowledge base alone finds names."""

    threshold: float = Field(0.5, ge=0, le=1)
    """The confidence from which GLiNER tells of a name."""

    knowledge: Path | None = None
    """A folder with a knowledge base made by `python -m services.tagger.build`; the shipped one by
    default."""

    entities: Path | None = None
    """A file of entities and names of your own (`entities.yml`), read again when it changes."""

    min_salience: float = Field(0.0, ge=0, le=1)
    """Entities below this salience are left out."""

    @field_validator("languages", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        codes = value.replace(",", " ").lower().split()
        wrong = [code for code in codes if not re.fullmatch(r"[a-z]{2,3}", code)]
        if wrong or not codes:
            raise ValueError(f"{' '.join(wrong) or 'nothing'} is no list of codes, as en,de")
        return frozenset(codes)

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
