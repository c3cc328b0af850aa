"""What the blocks around a block decide of it, after each has been judged by itself.

A heading goes with what stands under it, a post of a social network that an article quotes goes
with the article around it, and the byline is no paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.page import Page
from services.cleaner.markup.weighing import Weighed
from services.cleaner.metadata.names import without_lead
from services.cleaner.metadata.titles import squeezed

_REACH: Final = 60
"""Blocks under a heading that are looked at."""
_HEADERS: Final = ("header", "hgroup")
"""Boxes that hold the heading of the box around them."""
_SURE: Final = 0.6
"""How likely what stands under a heading belongs to the article where the heading does too."""
_POST: Final = re.compile(
    r"\b(?:twitter-tweet|twitter-video|instagram-media|tiktok-embed|bluesky-embed|"
    r"mastodon-embed|reddit-embed-bq|threads-post)\b"
)
"""Classes that networks' own embedding codes give the blockquote of a post."""
_NEAR: Final = 3
"""Blocks before a post of which one belongs to the article."""
_BYLINE: Final = 160
"""Characters of a byline."""
_JOINS: Final = re.compile(r"\s(?:and|und|et|y|e|и)\s|[,;|&]")


def settled(page: Page, weighed: Weighed) -> dict[int, tuple[bool, str]]:
    """The places of blocks whose judgement changes: whether each is kept now, and why."""
    blocks, nodes = page.blocks, page.nodes
    keep = weighed.keep
    changed: dict[int, tuple[bool, str]] = {}
    first = next((place for place, wanted in enumerate(keep) if wanted), len(keep))
    for place, block in enumerate(blocks):
        # What stands above the first paragraph is the headline, or the site's.
        if not block.heading or place < first:
            continue
        under = _under(blocks, nodes, place)
        if not under:
            continue
        if keep[place] and not any(keep[other] for other in under):
            changed[place] = (False, "heading of what is left out")
        elif not keep[place] and weighed.probabilities[under[0]] >= _SURE:
            changed[place] = (True, "heading of what is kept")
    for place in _posts(blocks, nodes, keep):
        changed[place] = (True, "quoted post")
    return changed


def _under(blocks: Sequence[Block], nodes: Sequence[Node], place: int) -> list[int]:
    """The places of the blocks under the heading at ``place``, up to the next heading or the end
    of the box that it stands in."""
    box = nodes[blocks[place].node].parent
    if box >= 0 and nodes[box].tag in _HEADERS:
        box = nodes[box].parent
    found: list[int] = []
    for other in range(place + 1, min(len(blocks), place + _REACH)):
        block = blocks[other]
        if not _within(nodes, block.node, box):
            break
        if block.heading:
            if found or block.heading <= blocks[place].heading:
                break
            continue
        found.append(other)
    return found


def _within(nodes: Sequence[Node], number: int, box: int) -> bool:
    # An element's place is after that of what it stands in.
    while number > box:
        number = nodes[number].parent
    return number == box


def _posts(blocks: Sequence[Block], nodes: Sequence[Node], keep: Sequence[bool]) -> list[int]:
    """The places of dropped blocks that are quoted posts between paragraphs of the article."""
    found: list[int] = []
    for place, block in enumerate(blocks):
        if not keep[place] and _in_post(nodes, block.node):
            follows = bool(found) and found[-1] == place - 1
            if follows or any(keep[max(0, place - _NEAR) : place]):
                found.append(place)
    return found


def _in_post(nodes: Sequence[Node], number: int) -> bool:
    for _ in range(3):
        if number < 0:
            return False
        node = nodes[number]
        if node.tag == "blockquote":
            return _POST.search(node.label) is not None
        number = node.parent
    return False


def byline(blocks: Sequence[Block], kept: Sequence[int], authors: Sequence[str]) -> int | None:
    """The place of the block among those ``kept`` first that only names the authors."""
    names = squeezed("".join(authors))
    if names:
        for place in kept:
            text = blocks[place].text
            if len(text) <= _BYLINE and _bare(text) == names:
                return place
    return None


def _bare(text: str) -> str:
    """A byline without its lead and what parts its names."""
    return squeezed(_JOINS.sub(" ", without_lead(text)))
