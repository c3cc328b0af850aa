"""The language of a text, where it can be told."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

MINIMUM_LETTERS = 40
"""Below this many letters identification is a guess."""
MINIMUM_CONFIDENCE = 0.9
_SAMPLE = 1_000  # characters; 3,000 tell none of 343 texts of three collections otherwise
_CODE = re.compile(r"^([a-zA-Z]{2})(?:[-_].*)?$")


@cache
def _model() -> Any:
    """The model, loaded once in a process."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def identify(text: str) -> str | None:
    """ISO 639-1 code of ``text``'s language, or ``None`` when it is short or uncertain."""
    sample = text[:_SAMPLE]
    if sum(map(str.isalpha, sample)) < MINIMUM_LETTERS:
        return None
    code, confidence = _model().classify(sample)
    return str(code) if confidence >= MINIMUM_CONFIDENCE else None


def declared(tag: str) -> str | None:
    """The ISO 639-1 code of a language tag (``en-GB``), or ``None``."""
    match = _CODE.match(tag.strip())
    return match[1].lower() if match else None
