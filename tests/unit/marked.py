"""Texts with marked names, for tests: ``[PER|Jane Roe] of the [ORG|Board]``."""

from __future__ import annotations

import re
from typing import cast

from services.tagger.spans import Span
from shared.events import EntityType

_MARK = re.compile(r"\[([A-Z]+)\|([^\]]+)\]")


def marked(written: str, confidence: float = 0.9) -> tuple[str, list[Span]]:
    """The text without marks, and its names."""
    text, spans, end = "", [], 0
    for mark in _MARK.finditer(written):
        text += written[end : mark.start()]
        kind = cast("EntityType", mark[1])
        spans.append(Span(len(text), len(text) + len(mark[2]), kind, confidence))
        text += mark[2]
        end = mark.end()
    return text + written[end:], spans
