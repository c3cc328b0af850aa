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
    asking = _Boxes(nodes, before, _ASKING, _SHARE * before[-1])
    consent = _Boxes(nodes, before, _CONSENT, before[-1] - _LEFT)
    for place, (block, kept) in enumerate(zip(blocks, keep, strict=True)):
        if not kept or place in found or not _SHORTEST <= len(block.text) <= _LONGEST:
            continue
        if asks_for_money(block.text):
            box = asking.around(block.node)
            if box is not None:
                found.update(dict.fromkeys(_in(box, keep), "appeal"))
            elif len(block.text) < _ALONE * before[-1]:
                found[place] = "appeal"
        elif any(map(block.text.lower().__contains__, _COOKIES)):
            box = consent.around(block.node)
            if box is not None:
                found.update(dict.fromkeys(_in(box, keep), "consent"))
    return found


def _in(box: Node, keep: Sequence[bool]) -> list[int]:
    return [place for place in range(box.first, box.last) if keep[place]]


class _Boxes:
    """The largest boxes around elements that have one of the ``names`` and no more than ``most``
    characters of kept text; ``before`` are those before each block."""

    def __init__(
        self, nodes: Sequence[Node], before: Sequence[int], names: re.Pattern[str], most: float
    ) -> None:
        self._nodes, self._before, self._names, self._most = nodes, before, names, most
        # Each element is looked at once, however many paragraphs stand in it.
        self._known: dict[int, Node | None] = {0: None}

    def around(self, number: int) -> Node | None:
        """That around or at an element."""
        path = []
        while number not in self._known:
            path.append(number)
            number = self._nodes[number].parent
        box = self._known[number]
        for number in reversed(path):
            node = self._nodes[number]
            small = self._before[node.last] - self._before[node.first] <= self._most
            if box is None and small and self._names.search(node.label):
                box = node
            self._known[number] = box
        return box
