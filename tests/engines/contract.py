"""What holds for every finder, whatever its engine and its model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from services.tagger.spans import Finder, Span

NAMES: Final = ("Kwame Mensah", "Kyiv", "Львів", "Port Tema", "Azov Works", "تميم", "東京都")
HARD: Final = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            [*NAMES, "\r\n", "\r\n\r\n", "👩‍👧", "🇺🇦", "e\u0301", "\u0301", "\u202e", "שלום", " "]
        ),
    ),
    max_size=30,
).map("".join)
"""Texts that are hard on offsets: marks, emoji, scripts from right to left, halves of pairs."""

EXTREME: Final = (
    "",
    " \r\n\t ",
    "a" * 100_000,
    "(" * 20_000,
    "\u0301" * 20_000,
    "🇺🇦👩‍👧" * 4_000,
    "東京都" * 7_000,
    "ก" * 20_000,
    "\ud800Kyiv\udfff" * 500,
    "\x00\x01Kyiv\x00" * 500,
    "\n" * 20_000 + "Kyiv",
    "Kyiv, " * 5_000,
)


def check(text: str, spans: Sequence[Span]) -> None:
    """Fails unless ``spans`` are in order, within ``text``, trimmed, and none over another."""
    end = 0
    for span in spans:
        assert end <= span.start < span.end <= len(text)
        written = text[span.start : span.end]
        assert written == written.strip()
        assert 0 <= span.confidence <= 1
        end = span.end


def check_finder(finder: Finder, texts: Sequence[str]) -> None:
    """Fails unless each of ``texts`` gives the same alone, again, and among the others."""
    together = finder.find(texts)
    assert len(together) == len(texts)
    for text, spans in zip(texts, together, strict=True):
        check(text, spans)
        assert finder.find([text]) == [spans]
    assert finder.find(list(reversed(texts))) == together[::-1]
