"""Invented texts for the deduplicator's tests: repeatable, and alike only where asked."""

from __future__ import annotations

import random

_SYLLABLES = ("ba", "co", "di", "fe", "gu", "la", "me", "no", "pi", "ra", "so", "tu", "va", "zel")


def article_text(seed: int, words: int = 150) -> str:
    """A text of invented words; two seeds share no run of five of them."""
    random_ = random.Random(seed)
    made = ("".join(random_.choices(_SYLLABLES, k=random_.randint(1, 4))) for _ in range(words))
    return " ".join(made) + "."


def with_edits(text: str, edits: int) -> str:
    """``text`` with ``edits`` words replaced, spread evenly; the same edits each time."""
    parts = text.split()
    for number in range(edits):
        parts[(number * 2 + 1) * len(parts) // (2 * edits)] = f"edit{number}of{edits}"
    return " ".join(parts)
