"""Parts of an article in another language than the rest: a page in two languages, a statement
that is quoted as it was given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from services.cleaner.language.identify import CLOSE, identify
from services.cleaner.language.scripts import LANGUAGES, script
from shared.events import Passage

MINIMUM: Final = 200
"""Characters of a passage."""
MINIMUM_OF_SCRIPT: Final = 40
"""Characters of a passage in a script that the article's language is not written in."""
MINIMUM_SURE: Final = 0.95

_WORD: Final = re.compile(r"[^\W\d_]{1,12}")
_COMMON: Final = 12
"""Words that stand in most of a text's paragraphs: articles and prepositions, in any language."""
_COMMON_SHARE: Final = 0.08
"""Share of a paragraph's words that are among the commonest of its text. Prose of one language has
a fifth to a third; that of another hardly any."""
_FEWEST_WORDS: Final = 60
"""Words from which a text's commonest are those of its language."""
_ASKED: Final = 20
"""Runs of paragraphs that are looked at more closely, so that a long text costs little more."""
_SAMPLE: Final = 3_000
_SHORTEST: Final = 60
"""Characters of a paragraph that common words can be missed in."""
_OTHER_SCRIPT: Final = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u2e80-\ud7ff\uf900-\U0010ffff]")
_SEEN: Final = 3
"""Common words that, seen in a paragraph's beginning, settle that it is in the text's language."""


def passages(text: str, language: str | None) -> list[Passage]:
    """Where ``text``, whose paragraphs are parted by blank lines, is in another language than
    ``language`` (ISO 639-1).

    Neighbouring paragraphs of one language are one passage. Most paragraphs are passed over
    because they have the words that are common in the text, whichever language that is; the
    others are told as a text of their own. Close languages are no passages.
    """
    if language is None or len(text) < 2 * MINIMUM_OF_SCRIPT:
        return []
    own = script(text[:_SAMPLE])
    common = _commonest(text[:_SAMPLE])
    if own == "Latin" and not common and _OTHER_SCRIPT.search(text) is None:
        return []
    found: list[Passage] = []
    for asked, (start, end) in enumerate(_foreign_runs(text, own, common)):
        if asked >= _ASKED:
            break
        told = identify(text[start:end])
        if told is None or told.sure < MINIMUM_SURE or told.language == language:
            continue
        if any(told.language in group and language in group for group in CLOSE):
            continue
        found.append(Passage(start=start, end=end, language=told.language))
    return found


def _commonest(text: str) -> list[str]:
    """The words that stand in most of the paragraphs of a text, if it has enough of them."""
    within: Counter[str] = Counter()
    paragraphs = total = 0
    for start, end in _paragraphs(text):
        if end - start >= _SHORTEST:
            words = _WORD.findall(text[start:end].lower())
            within.update(set(words))
            total += len(words)
            paragraphs += 1
    if total < _FEWEST_WORDS:
        return []
    return [word for word, count in within.most_common(_COMMON) if count * 3 >= paragraphs]


def _foreign_runs(text: str, own: str, common: list[str]) -> Iterator[tuple[int, int]]:
    """Runs of neighbouring paragraphs that may be foreign, long enough to be told."""
    run: tuple[int, int, str] | None = None
    padded = [f" {word} " for word in common]
    mixed = own != "Latin" or _OTHER_SCRIPT.search(text) is not None
    for start, end in _paragraphs(text):
        sample = text[start : min(end, start + 400)]
        kind = script(sample) if mixed and not sample.isascii() else "Latin"
        if kind == own:
            if not common or own in LANGUAGES or _has_common(sample, padded):
                kind = ""
        elif sum(map(str.isalpha, sample)) * 3 <= len(sample):
            kind = ""
        if run is not None and kind == run[2]:
            run = (run[0], end, kind)
            continue
        if run is not None and _is_long_enough(run, own):
            yield run[:2]
        run = (start, end, kind) if kind else None
    if run is not None and _is_long_enough(run, own):
        yield run[:2]


def _has_common(sample: str, padded: list[str]) -> bool:
    """Whether a paragraph that begins so has the common words of its text, or is too short to."""
    if len(sample) < _SHORTEST:
        return True
    lower = sample.lower()
    seen = 0
    for word in padded:
        if word in lower:
            seen += 1
            if seen == _SEEN:
                return True
    words = lower.split()
    if len(words) < 6:
        return True
    return sum(f" {word} " in padded for word in words) >= _COMMON_SHARE * len(words)


def _is_long_enough(run: tuple[int, int, str], own: str) -> bool:
    start, end, kind = run
    return end - start >= (MINIMUM if kind == own else MINIMUM_OF_SCRIPT)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            yield start, end
        start = end + 2
