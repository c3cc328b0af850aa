"""The site's own words amid an article's: newsrooms that ask for money, and for consent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from services.cleaner.markup.blocks import Block, Node
from services.cleaner.plain.appeals import asks_for_money

_ASKING: Final = re.compile(
    r"(?:^|[-_ ])(?:support|donat\w*|contribut(?:e|ions?)|membership|appeal|fundrais\w*)(?:$|[-_ ])"
)
"""Names of boxes that ask for money."""
_CONSENT: Final = re.compile(
    r"(?:^|[-_ ])(?:privacy|cookies?|consent|gdpr|ccpa|onetrust)(?:$|[-_ ])"
)
"""Names of boxes that ask for consent."""
_COOKIES: Final = (
    "cookie",
    "personal data",
    "personal information",
    "privacy policy",
    "privacy notice",
)
_SHARE: Final = 0.8
"""Of the text that is kept: a box with more is no appeal. Some are longer than the article."""
_ALONE: Final = 0.2
"""The same for a paragraph that stands in no such box."""
_LEFT: Final = 200
"""Characters that must be left where a box that asks for consent is taken out."""
_SHORTEST: Final = 40
_LONGEST: Final = 1_500
"""Characters of a paragraph that may be an appeal."""


def asides(blocks: Sequence[Block], nodes: Sequence[Node], keep: Sequence[bool]) -> dict[int, str]:
    """The places of kept blocks in which the site speaks for itself, each with the reason:
    paragraphs that ask for money, and all of the boxes around them that are named so; boxes that
    are named after consent and talk of cookies."""
    found: dict[int, str] = {}
    before = list(accumulate(
        (len(block.text) * kept for block, kept in zip(blocks, keep, strict=True)), initial=0
    ))  # fmt: skip
    for place, (block, kept) in enumerate(zip(blocks, keep, strict=True)):
        if not kept or place in found or not _SHORTEST <= len(block.text) <= _LONGEST:
            continue
        if asks_for_money(block.text):
            box = _box(nodes, block.node, _ASKING, before, _SHARE * before[-1])
            if box is not None:
                found.update(dict.fromkeys(_in(box, keep), "appeal"))
            elif len(block.text) < _ALONE * before[-1]:
                found[place] = "appeal"
        elif any(map(block.text.lower().__contains__, _COOKIES)):
            box = _box(nodes, block.node, _CONSENT, before, before[-1] - _LEFT)
            if box is not None:
                found.update(dict.fromkeys(_in(box, keep), "consent"))
    return found


def _in(box: Node, keep: Sequence[bool]) -> list[int]:
    return [place for place in range(box.first, box.last) if keep[place]]


def _box(
    nodes: Sequence[Node], number: int, names: re.Pattern[str], before: Sequence[int], most: float
) -> Node | None:
    """The largest box around an element that has one of the ``names`` and no more than ``most``
    characters of kept text; ``before`` are those before each block."""
    box: Node | None = None
    while number > 0:
        node = nodes[number]
        if before[node.last] - before[node.first] > most:
            break
        if names.search(node.label):
            box = node
        number = node.parent
    return box
