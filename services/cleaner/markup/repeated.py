"""Text that an article has twice: pull quotes, copies for narrow screens, a headline again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from services.cleaner.markup.blocks import Block, Node

_LONG: Final = 150
"""Characters of a text that is not said twice on purpose: below it are labels of a list's items,
which stand under each of them."""
_TIMES: Final = 3
"""How often a text stands there at most to be a copy; what comes more often is a refrain, as the
question that is put to everybody."""
_RUN: Final = 4
_RUN_CHARACTERS: Final = 300
"""Short blocks in the same order again, so many at least, are a copy for another screen."""
_QUOTE: Final = (60, 400)
"""Characters of a pull quote. Shorter ones may be names, longer ones are quotations."""
_SET_OFF: Final = re.compile(r"quote|pull|callout|highlight|tweet|standout")
_SET_OFF_TAGS: Final = frozenset({"blockquote", "aside", "figure"})
_WORDS: Final = 7
"""Blanks between the words of either, at least."""
_MOST: Final = 50
"""Texts of a page that are looked for in it."""
_LEAD: Final = 3
"""First blocks of which one may be the beginning of another, cut."""
_NOT_LETTERS: Final = re.compile(r"[\W_]+")
_CUT: Final = ("…", "...", "[…]", "[...]")


def folded(text: str) -> str:
    """The letters and digits of ``text`` in lower case, its words parted by one blank."""
    return _NOT_LETTERS.sub(" ", text.lower()).strip()


def repeated(blocks: Sequence[Block], nodes: Sequence[Node], kept: Sequence[int]) -> dict[int, str]:
    """Of the blocks at the places ``kept``, those that say again what another says, each with the
    reason. Of two alike the first stays."""
    found: dict[int, str] = {}
    _copies(blocks, nodes, kept, found)
    everything = ""
    quoted: set[str] = set()
    looked_for = 0
    for index, place in enumerate(kept):
        text = blocks[place].text
        size = len(text)
        if place in found or size > _QUOTE[1]:
            continue
        cut = index < _LEAD and text.endswith(_CUT)
        if not cut and not (size >= _QUOTE[0] and _is_set_off(blocks[place], nodes)):
            continue
        looked_for += 1
        if looked_for > _MOST:
            break
        if not everything:
            everything = f" {folded(' '.join(blocks[p].text for p in kept if p not in found))} "
        own = folded(text)
        # Once is where it stands itself.
        if own.count(" ") < _WORDS or everything.count(f" {own}{'' if cut else ' '}") < 2:
            continue
        if own not in quoted:
            found[place] = "beginning repeated" if cut else "pull quote"
        quoted.add(own)
    return found


def _copies(
    blocks: Sequence[Block], nodes: Sequence[Node], kept: Sequence[int], found: dict[int, str]
) -> None:
    """Long blocks that stand there already, and runs of short ones."""
    texts = [blocks[place].text for place in kept]
    counts = Counter(texts)
    if len(counts) == len(texts):
        return
    first: dict[str, int] = {}
    index = 0
    while index < len(texts):
        before = first.setdefault(texts[index], index)
        length = 1
        if before < index and counts[texts[index]] <= _TIMES:
            while (
                before + length < index
                and index + length < len(texts)
                and texts[before + length] == texts[index + length]
                and counts[texts[index + length]] <= _TIMES
            ):
                length += 1
            run = texts[index : index + length]
            if max(map(len, run)) >= _LONG or (
                length >= _RUN and sum(map(len, run)) >= _RUN_CHARACTERS
            ):
                for place in kept[index : index + length]:
                    if nodes[blocks[place].node].tag not in ("td", "th"):
                        found[place] = "repeated"
            else:
                length = 1
        index += length


def _is_set_off(block: Block, nodes: Sequence[Node]) -> bool:
    """Whether it stands out of the text around it, as a pull quote does."""
    if block.heading:
        return False
    number = block.node
    for _ in range(3):
        node = nodes[number]
        if node.tag in _SET_OFF_TAGS or _SET_OFF.search(node.label[:300]):
            return True
        number = node.parent
        if number < 0:
            break
    return False
