"""The tagger by itself, on JSON Lines: ``wireroom stage tag``."""

from __future__ import annotations

from typing import Any

from services.tagger.recognizer import check, recognizer
from services.tagger.settings import TaggerSettings
from shared.errors import PermanentError
from shared.settings import load_settings


class TagLine:
    """One record in, the same record with ``entities`` and ``tagger`` out. Picklable."""

    def __init__(self, settings: TaggerSettings | None = None) -> None:
        """Raises :class:`~shared.errors.SettingsError` for what is not there or is wrong."""
        self._settings = settings or load_settings(TaggerSettings)
        check(self._settings)

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Tag ``record``: reads ``id``, ``text``, ``title``?, ``language``?; keeps every field.

        Raises :class:`PermanentError` ``invalid_record`` naming the field that is wrong.
        """
        if "id" not in record:
            raise PermanentError("invalid_record", "id is missing")
        text = _string(record, "text", required=True)
        title = _string(record, "title")
        language = _string(record, "language") or None
        tagging = recognizer(self._settings).tag(text, title, language)
        return {
            **record,
            "entities": [
                entity.model_dump(mode="json", exclude_none=True)
                for entity in tagging.entities
                if entity.salience >= self._settings.min_salience
            ],
            "tagger": tagging.tagger,
        }


def _string(record: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = record.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        found = "missing" if name not in record else type(value).__name__
        raise PermanentError("invalid_record", f"{name} must be a string, not {found}")
    return value
