"""How much of an article stands in its fingerprint: numbers that several modules agree on."""

from __future__ import annotations

from typing import Final

ANCHORS: Final = 40
"""Names, numbers and quoted words in their order, 16 bits each."""

SPUN_KEYS: Final = 8
"""Keys that spun copies are looked up by."""

DIMENSIONS: Final = 128
"""Of the embedding, 8 bits each."""

TERMS: Final = 24
"""What the article is about, 32 bits each."""
