"""Mapped records: structured news (JSON, JSON Lines) brought to one form by the fetcher."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from shared.events import WireModel


class Record(WireModel):
    """One mapped record, carried on ``news.documents`` as JSON with ``CONTENT_TYPE``.

    Fields given here win over what the cleaner finds in the text. Times are strings as the
    source wrote them; the cleaner reads, and where they make no sense disbelieves, them.
    """

    CONTENT_TYPE: ClassVar[str] = "application/vnd.wireroom.record+json"

    text: str | None = None
    """Plain text of the article; cleaned like a plain-text document."""
    html: str | None = None
    """HTML of the article, a page or a fragment; used where there is no ``text``."""
    title: str | None = None
    authors: list[str] = Field(default_factory=list)
    published_at: str | None = None
    modified_at: str | None = None
    description: str | None = None
    topics: list[str] = Field(default_factory=list)
    site_name: str | None = None
    language: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _has_content(self) -> Record:
        if not (self.text or self.html):
            raise ValueError("one of text and html is needed")
        return self
