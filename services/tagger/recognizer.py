"""What finds entities in an article: the interface that every model stands behind."""

from __future__ import annotations

from typing import Protocol

from shared.events import Entity


class Recognizer(Protocol):
    """Finds entities. ``version`` names it and its data; it is stored with the article."""

    version: str

    def entities(self, text: str, title: str, language: str | None) -> list[Entity]:
        """The entities named in ``title`` and ``text``, the most salient first.

        Offsets count Unicode code points of the field that the mention names. ``language`` is
        ISO 639-1 or ``None``. Never raises, whatever the text.
        """
        ...
