"""The headline of a plain text, chosen among the lines above it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from typing import Protocol

from services.cleaner.metadata.titles import squeezed
from services.cleaner.plain.furniture import Kind
from services.cleaner.plain.lines import WIDE

_WORD = re.compile(r"\w+")
_SUBJECT = re.compile(
    r"^(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|temat|тема|ämne|konu|件名|主题|主題)\s?[:：]\s*"
    r"(?:(?:re|fwd?|aw|wg)\s?:\s*)*(?=\S)",
    re.IGNORECASE,
)
"""A mail's header before its headline."""
_SAID = 20  # lines of the article whose words its headline uses
# Weights of the signs, by coordinate ascent on exact titles of plain pages of aed and wcxb.
_PER_WORD = 0.35
_PER_LINE = 0.05
_REPEATED = 2.0
_BYLINE_FOLLOWS = 1.0
_GAP = 5.0
_BULLET = 3
_FULL_STOP = 2
_SAID_IN_TEXT = 3.0
_LONG = 30
_SUMMARY_FOLLOWS = 1.5
_IS_SUMMARY = 1.7
_BELOW = 1


class HeadLine(Protocol):
    """What is read of a line of the page."""

    text: str
    bullet: bool
    kind: Kind | None
    gap: bool

    @property
    def prose(self) -> bool: ...


def headline(lines: Sequence[HeadLine], first: int, start: int, end: int, taken: Set[str]) -> str:
    """The likeliest headline among ``lines`` from ``first`` on, or an empty string.

    Headlines stand near the text, are repeated, and use its words; summaries follow them.
    """
    below = max(end, start + 3)
    above = [
        line
        for index, line in enumerate(lines[first:below], first)
        if index < end or _opens(lines, index)
    ]
    candidates = [
        (place, line)
        for place, line in enumerate(above)
        if line.text not in taken and line.kind is None and _could_be_title(line.text)
    ]
    keys = {place: squeezed(line.text) for place, line in candidates}
    said = Counter(word for line in lines[start : start + _SAID] for word in set(_words(line.text)))
    shares = {
        place: sum(said[word] > (place + first >= start) for word in words) / max(3, len(words))
        for place, line in candidates
        for words in [set(_words(line.text))]
    }
    distance_to = start - first

    def weight(item: tuple[int, HeadLine]) -> float:
        place, line = item
        key = keys[place]
        score = min(len(line.text.split()), 9) * _PER_WORD - _PER_LINE * max(0, distance_to - place)
        # Repeated, or the end of a trail of breadcrumbs.
        score += _REPEATED * any(other != place and keys[other].endswith(key) for other in keys)
        score += _BYLINE_FOLLOWS * any(near.text in taken for near in above[place + 1 : place + 5])
        score += _GAP * line.gap - _BULLET * line.bullet - _FULL_STOP * line.text.endswith(".")
        score += _SAID_IN_TEXT * shares[place]
        following = above[place + 1] if place + 1 < len(above) else None
        if following is not None and len(following.text) > 1.3 * len(line.text) > _LONG:
            score += _SUMMARY_FOLLOWS  # a summary follows its headline
        if place - 1 in keys and shares[place - 1] >= 0.4 and len(above[place - 1].text) > 20:
            score -= _IS_SUMMARY
        score -= _BELOW * (place >= distance_to)
        return score

    if not candidates:
        return ""
    text = max(candidates, key=weight)[1].text
    subject = _SUBJECT.match(text)
    return text[subject.end() :] if subject else text


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.casefold()) if len(word) >= 4]


def _could_be_title(text: str) -> bool:
    wide = len(WIDE.findall(text)) if not text.isascii() else 0
    words = len(text.split()) + wide / 2
    return 2 <= words <= 35 and 8 <= len(text) + wide <= 250 and not text.endswith((",", ";", "。"))


def _opens(lines: Sequence[HeadLine], index: int) -> bool:
    """Whether a line that was taken for text may be a headline: a question, say, over prose."""
    line = lines[index]
    return (
        line.kind is None
        and not line.prose
        and not line.text.endswith(".")
        and any(near.prose for near in lines[index + 1 : index + 6])
    )
