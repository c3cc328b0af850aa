"""What changed from one revision of an article to a later one, as it is stored with the later."""

from __future__ import annotations

from typing import Final

from pydantic import AwareDatetime, Field

from shared.difference import Paragraph, count_words, difference, paragraphs
from shared.events import Article, WireModel

MOST_PARAGRAPHS: Final = 30
LONGEST_PARAGRAPH: Final = 2_000
"""Bounds of what is stored of each side, in paragraphs and characters; the counts are of all."""


class Changes(WireModel):
    """What a revision changed. Both texts stay readable: this is what lists and searches show."""

    from_revision: int = Field(ge=1)
    """The revision before it that is known: not always the one numbered before."""
    at: AwareDatetime
    """When the new text was received."""
    title_before: str | None = None
    """Where the title changed."""
    added: list[str] = Field([])
    """Paragraphs that are new, or new as they stand now; at most ``MOST_PARAGRAPHS``."""
    removed: list[str] = Field([])
    """Paragraphs that are no more, or stood otherwise; at most ``MOST_PARAGRAPHS``."""
    words_added: int = Field(0, ge=0)
    words_removed: int = Field(0, ge=0)
    share: float = Field(0.0, ge=0, le=1)
    """Words added and removed, of all words of both texts."""
    shortened: bool = False
    """Whether ``added`` or ``removed`` leave something out."""


def changes(before: Article, after: Article, from_revision: int = 1) -> Changes:
    """What ``after`` changed of ``before``, which is revision ``from_revision``.

    White space makes no difference. Takes a second or two at most for texts of a megabyte.
    """
    found = difference(before.text, after.text)
    added = [part.text("removed") for part in found if part.kind in ("added", "changed")]
    removed = [part.text("added") for part in found if part.kind in ("removed", "changed")]
    words_added, words_removed = _words(found, "added"), _words(found, "removed")
    total = sum(count_words(text) for text in (before.text, after.text))
    return Changes(
        from_revision=from_revision,
        at=after.received_at,
        title_before=before.title if _other(before.title, after.title) else None,
        added=_shortened(added),
        removed=_shortened(removed),
        words_added=words_added,
        words_removed=words_removed,
        share=round(min(1.0, (words_added + words_removed) / total), 4) if total else 0.0,
        shortened=any(
            len(side) > MOST_PARAGRAPHS or any(len(text) > LONGEST_PARAGRAPH for text in side)
            for side in (added, removed)
        ),
    )


def _words(found: list[Paragraph], kind: str) -> int:
    return sum(
        count_words(piece.text) for part in found for piece in part.pieces if piece.kind == kind
    )


def _shortened(side: list[str]) -> list[str]:
    return [
        text if len(text) <= LONGEST_PARAGRAPH else text[: LONGEST_PARAGRAPH - 1] + "…"
        for text in side[:MOST_PARAGRAPHS]
    ]


def _other(before: str, after: str) -> bool:
    return paragraphs(before) != paragraphs(after)
