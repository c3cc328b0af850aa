"""From the blocks that belong to an article to its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from services.cleaner.characters import storable
from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.page import Page
from services.cleaner.markup.repeated import folded, repeated
from services.cleaner.markup.sections import byline
from services.cleaner.plain.furniture import Kind, kind_of

_HEAD: Final = 4
"""First blocks that may be no text yet."""
_FOOT: Final = 6
"""Last blocks that may be no text any more."""
_SHORT: Final = 160
"""Characters of a block that may be furniture."""
_LINE: Final = 250
"""Characters of a paragraph that may be an invitation or a pointer."""
_PROSE: Final = 80
"""Characters of a line that is a paragraph of its own, and of no poem or address."""
_AT_HEAD: Final = frozenset({Kind.MENU, Kind.ADVERT, Kind.CREDIT, Kind.TOPICS, Kind.LINK, Kind.URL})
_AT_FOOT: Final = frozenset(
    {Kind.MENU, Kind.ADVERT, Kind.CREDIT, Kind.TOPICS, Kind.LINK, Kind.END, Kind.COMMENTS}
)
_LISTED: Final = 10
"""Links under one label."""
_LINKED: Final = 0.9
"""Share of a block's characters that are links where it is nothing else."""
_LABEL: Final = 60
_CELLS: Final = ("td", "th")
_EVERYWHERE: Final = frozenset({Kind.ADVERT, Kind.APPEAL, Kind.END, Kind.LINK, Kind.MENU})
"""What is no paragraph wherever it stands: each kind is better left out on aed and wcxb."""
_CREDIT: Final = re.compile(
    r"^\W{0,3}(?:(?:photo(?:graph)?s?|image|picture|illustration|foto(?:s|graf[íi]?a)?|bild|"
    r"imagen|immagine|imagem|zdjęcie|kuva|фото|изображение|写真|图|圖|사진|صورة)\b.{0,30}?"
    r"(?:[:：©]|\bcredit|\bby\b|\bcourtesy)|©|\(c\)|credit\s?:|bildquelle|crédits? photo|"
    r"fotocredit|getty images\b).{0,110}$",
    re.IGNORECASE,
)
_CAPTIONS: Final = re.compile(r"capti|credit|figure|image|photo|media|gallery|legend")
_EMPTY: Final = re.compile(r"\n{3,}")
_SENTENCE_END: Final = (".", "!", "?", "…", "”", "»", '"', ":", "。", "！", "？", "」", "।", "؟")


def dropped(
    page: Page, keep: Sequence[bool], title: str, authors: Sequence[str] = ()
) -> dict[int, str]:
    """The places of blocks that are kept but do not belong into the text, each with the reason:
    what is said twice, the headline, the byline, credits of pictures, invitations and pointers to
    other articles between the paragraphs, and furniture before and after."""
    blocks, nodes = page.blocks, page.nodes
    kept = [place for place, wanted in enumerate(keep) if wanted]
    kinds: dict[int, Kind | None] = {}
    found = repeated(blocks, nodes, kept)
    headline = folded(title)
    for place in [place for place in kept[:_HEAD] if headline]:
        if len(blocks[place].text) < 400 and folded(blocks[place].text) == headline:
            found.setdefault(place, "headline")
    signed = byline(blocks, kept[:_HEAD], authors)
    if signed is not None:
        found.setdefault(signed, "byline")
    for place in kept:
        block = blocks[place]
        if len(block.text) > _LINE or place in found:
            continue
        if len(block.text) <= _SHORT and _is_credit(block, nodes):
            found[place] = "credit"
            continue
        kind = kinds[place] = kind_of(block.text)
        # A cell may hold any word.
        if kind in _EVERYWHERE and not (kind is Kind.MENU and nodes[block.node].tag in _CELLS):
            found[place] = kind.value
    for place in kept:
        if place not in found and _is_pointed_at(blocks, place):
            found[place] = "other articles"
    _trim(blocks, kept[:_HEAD], _AT_HEAD, found, kinds)
    # A page of which this would leave little is one of a kind unknown here.
    if len(kept) > 2 * _FOOT:
        _trim(blocks, kept[: -_FOOT - 1 : -1], _AT_FOOT, found, kinds)
    return found if len(found) < len(kept) else {}


def _is_pointed_at(blocks: Sequence[Block], place: int) -> bool:
    """Whether a block is nothing but a link, and above it and links like it stands a label as
    "Read also" is."""
    for before in range(place, max(-1, place - _LISTED), -1):
        block = blocks[before]
        if block.links < _LINKED * len(block.text):
            return (
                before < place
                and len(block.text) <= _LABEL
                and kind_of(block.text.rstrip(" :")) in (Kind.END, Kind.LINK)
            )
    return False


def _trim(
    blocks: Sequence[Block], kept: list[int], wanted: Collection[Kind], found: dict[int, str],
    kinds: dict[int, Kind | None],
) -> None:  # fmt: skip
    """Furniture of the ``wanted`` kinds from one end up to the first block that is none; ``kinds``
    are those that are known."""
    for place in kept:
        if place in found:
            continue
        text = blocks[place].text
        if len(text) > _SHORT:
            return
        kind = kinds[place] if place in kinds else kind_of(text)
        if kind is None or kind not in wanted:
            return
        found[place] = kind.value


def _is_credit(block: Block, nodes: Sequence[Node]) -> bool:
    """Whether it only says who took a picture."""
    if _CREDIT.match(block.text) is None:
        return False
    if len(block.text) < _SHORT // 2:
        return True
    node = nodes[block.node]
    labels = f"{node.tag} {node.label[:300]} {block.labels[:300]}"
    return _CAPTIONS.search(labels) is not None


def assemble(page: Page, keep: Sequence[bool], without: Collection[int] = ()) -> str:
    """The text of the kept blocks but those at the places ``without``; paragraphs are parted by
    blank lines.

    The items of a list and the rows of a table are one paragraph with a line for each; cells are
    parted by `` | ``. Line breaks stay within a block, as in verses and addresses, unless its
    lines are paragraphs themselves.
    """
    nodes = page.nodes
    paragraphs: list[str] = []
    before: tuple[str, int, int] = ("", -1, -1)
    for place, (block, wanted) in enumerate(zip(page.blocks, keep, strict=True)):
        if not wanted or place in without:
            continue
        text = block.text
        own = _line_of(nodes, block.node)
        if own[0] and own == before:
            paragraphs[-1] += (" | " if own[0] == "row" else "\n") + text.replace("\n", " ")
        elif own[0] and own[:2] == before[:2]:
            paragraphs[-1] += "\n" + text.replace("\n", " ")
        elif "\n" in text and _are_paragraphs(text.split("\n")):
            paragraphs.extend(text.split("\n"))
        else:
            paragraphs.append(text)
        before = own
    text = storable("\n\n".join(paragraphs))
    return _EMPTY.sub("\n\n", text).strip()


def _line_of(nodes: Sequence[Node], number: int) -> tuple[str, int, int]:
    """``item`` or ``row`` and the places of the list or table and of the item or row in it; an
    empty string for a block that stands in neither, or whose item is a text of its own."""
    tag = nodes[number].tag
    parent = nodes[number].parent
    if tag == "li":
        return "item", parent, number
    if tag in ("td", "th") and parent >= 0:
        above = nodes[parent].parent
        if above >= 0 and nodes[above].tag in ("tbody", "thead", "tfoot"):
            above = nodes[above].parent
        return "row", above, parent
    if tag in ("dt", "dd"):
        return "item", parent, number
    return "", -1, -1


def _are_paragraphs(lines: list[str]) -> bool:
    """Whether line breaks part paragraphs, as on pages that have no better way."""
    prose = sum(len(line) >= _PROSE and line.endswith(_SENTENCE_END) for line in lines)
    return prose >= 2 or (prose == 1 and any(len(line) >= 4 * _PROSE for line in lines))
