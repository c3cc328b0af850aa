"""What a block is judged by: numbers for its text, its place in the tree and its surroundings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.blocks import Block, Node
from services.cleaner.markup.characters import Characters, count
from services.cleaner.markup.labels import Part
from services.cleaner.markup.outline import LEVELS, Outline
from services.cleaner.markup.vocabulary import MIDDLE_CHARACTERS, SHORT, Vocabulary, words_of

Floats = NDArray[np.float32]
Columns = dict[str, NDArray[Any] | list[float]]


class Read(Protocol):
    """What of a page the features are made of."""

    @property
    def blocks(self) -> list[Block]: ...
    @property
    def nodes(self) -> list[Node]: ...
    @property
    def document_title(self) -> str: ...
    @property
    def summary(self) -> str: ...


_NEIGHBOURS: Final = {
    "chars": (-3, -2, -1, 1, 2, 3), "linked": (-2, -1, 1, 2, 3), "words": (-2, -1, 1, 2),
    "own": (-2, -1, 1, 2), "end": (1,),
}  # fmt: skip
"""How many blocks further on each is looked at."""
_NEAR: Final = (
    Part.COMMENTS, Part.CAPTION, Part.LIST, Part.OFFER, Part.NOTICE, Part.CONTENT, Part.FACTS,
    Part.CARDS, Part.SUMMARY, Part.TABLE,
)  # fmt: skip
_ABOVE: Final = (
    Part.COMMENTS, Part.ARTICLE, Part.LIST, Part.SUMMARY, Part.TABLE, Part.CARDS, Part.FACTS,
    Part.CAPTION, Part.FRAME, Part.QUOTE, Part.OFFER, Part.SOCIAL,
)  # fmt: skip
"""The parts that a block may be near to or in: forests hardly ask for the others."""


def shifted(column: Floats, by: int) -> Floats:
    """The value ``by`` blocks further on; -1 beyond the ends."""
    moved = np.full_like(column, -1)
    if by > 0:
        moved[:-by] = column[by:]
    else:
        moved[-by:] = column[:by]
    return moved


_OF_PARENTS: Final = ("in.blocks", "in.proses", "in.density")
"""Facts that say nothing of a block's own element."""


@dataclass(slots=True)
class Table:
    """The features of a page's blocks."""

    matrix: Floats
    """A row for each feature, a column for each block."""
    names: list[str]
    """Of the rows."""
    outline: Outline
    chars: Floats
    """Characters of each block."""
    heading: Floats
    """Its heading's level, or 0."""


def table_of(columns: Columns, size: int) -> Floats:
    """The columns as the rows of a matrix."""
    matrix = np.empty((len(columns), size), np.float32)
    for place, column in enumerate(columns.values()):
        matrix[place] = column
    return matrix


def features(page: Read, vocabulary: Vocabulary, confirmed: list[float] | None) -> Table:
    """The features of the blocks of ``page``, of which there is at least one.

    ``confirmed`` is the share of each block's words that the page's structured data has as the
    article's, ``None`` where it has no article.
    """
    blocks = page.blocks
    size = len(blocks)
    columns: Columns = {}
    text = count([block.text for block in blocks])
    links = np.array([block.links for block in blocks], np.float32)
    chars = text.chars
    plain = np.maximum(chars - links, 0)
    linked = links / np.maximum(chars, 1)
    heading = np.array([block.heading for block in blocks], np.float32)
    prose = (plain >= 80) & (text.sentences > 0)
    outline = Outline(page.nodes, blocks, vocabulary, chars, plain, prose)

    _texts(columns, text, chars, plain, linked)
    columns["heading"] = heading
    columns["emphasis"] = [block.emphasised for block in blocks] / np.maximum(chars, 1)
    columns["confirmed"] = [-1.0] * size if confirmed is None else confirmed
    _words(columns, page, blocks, text, vocabulary)
    extremes = np.asarray(columns["words.extreme"])
    inner = [vocabulary.label("", block.labels) if block.labels else (0, 0, 0) for block in blocks]
    columns["inline.mean"] = [facts[1] for facts in inner]
    columns["inline.extreme"] = [facts[2] for facts in inner]
    _repeats(columns, blocks)
    _tree(columns, outline)
    _places(columns, outline, plain, prose, heading)

    # What stands before and after.
    base = {
        "chars": np.log1p(chars), "linked": linked, "words": extremes,
        "own": outline.label_own[outline.owner], "end": text.ends,
    }  # fmt: skip
    for name, reach in _NEIGHBOURS.items():
        column = np.asarray(base[name], np.float32)
        for by in reach:
            columns[f"{name}{by:+d}"] = shifted(column, by)
    columns["alike+1"] = shifted(outline.group.astype(np.float32), 1) == outline.group
    # The heading above.
    index = np.arange(size)
    above = np.maximum.accumulate(np.where(heading > 0, index, -1))
    known = above >= 0
    columns["above.distance"] = np.where(known, np.minimum(index - above, 30), 40)
    columns["above.words"] = np.where(known, extremes[above], 0)
    columns["above.level"] = np.where(known, heading[above], 0)
    # The line before the list, the table or the box.
    box = outline.parent_of(outline.owner, 1)
    for level in (1, 2):
        before = outline.first[box] - 1
        columns[f"lead.end.{level}"] = np.where(before >= 0, text.ends[before], -1)
        columns[f"lead.chars.{level}"] = np.where(before >= 0, np.log1p(plain[before]), -1)
        columns[f"lead.linked.{level}"] = np.where(before >= 0, linked[before], -1)
        box = outline.parent[box]
    return Table(table_of(columns, size), list(columns), outline, chars, heading)


def _texts(
    columns: Columns,
    text: Characters, chars: Floats, plain: Floats, linked: NDArray[Any],
) -> None:  # fmt: skip
    letters = np.maximum(text.letters, 1)
    words = text.words
    columns["chars"] = np.log1p(chars)
    columns["plain"] = np.log1p(plain)
    columns["words"] = np.log1p(words)
    columns["linked"] = linked
    columns["word length"] = chars / np.maximum(words, 1)
    columns["sentences"] = text.sentences
    columns["sentence length"] = chars / np.maximum(text.sentences, 1)
    columns["end"] = text.ends
    columns["begin"] = text.begins
    columns["commas"] = text.commas / np.maximum(words, 1)
    columns["digits"] = text.digits / np.maximum(chars, 1)
    columns["capitals"] = text.capitals / letters
    columns["capital words"] = text.titled / np.maximum(words, 1)
    columns["quotes"] = text.quotes
    columns["signs"] = text.signs / np.maximum(chars, 1)
    columns["lines"] = text.lines


def _words(
    columns: Columns, page: Read, blocks: list[Block], text: Characters, vocabulary: Vocabulary
) -> None:
    """The values of a block's words, and how many of them the page's title and summary have."""
    title = set(words_of(page.document_title[:300]))
    summary = set(words_of(page.summary[:600]))
    rows = [(0.0, 0.0, 0.0, 0.0, 0.0)] * len(blocks)
    short = (text.words <= SHORT).tolist()
    for place, block in enumerate(blocks):
        # Of what is nothing but a link, most of a page's menus, the words tell hardly anything.
        if len(block.text) > MIDDLE_CHARACTERS or block.links >= len(block.text):
            continue
        words = words_of(block.text)
        mean, extreme = vocabulary.text(words, short[place])
        share = of_title = of_summary = 0.0
        if words and block.links < len(block.text):
            different = set(words)
            if title:
                shared = len(different & title)
                share, of_title = shared / len(different), shared / len(title)
            if summary:
                of_summary = len(different & summary) / max(len(different), len(summary))
        rows[place] = (mean, extreme, share, of_title, of_summary)
    names = ("words.mean", "words.extreme", "title share", "of title", "summary")
    columns.update(zip(names, np.array(rows, np.float32).T, strict=True))


def _repeats(columns: Columns, blocks: list[Block]) -> None:
    begins = [block.text[:80] for block in blocks]
    number = Counter(begins)
    columns["copies"] = [float(number[begin]) for begin in begins]


def _tree(columns: Columns, outline: Outline) -> None:
    owner = outline.owner
    columns["depth"] = outline.depth[owner]
    columns["hidden"] = outline.hidden[owner]
    columns["tag"] = outline.tag[owner]
    columns["tag.parent"] = outline.tag[outline.parent[owner]]
    # The own element or the one around it; anywhere above.
    parent = outline.parent_of(owner, 1)
    near = outline.flags[owner] | outline.flags[parent]
    above = outline.above[owner]
    for parts, flags, where in ((_NEAR, near, "near"), (_ABOVE, above, "above")):
        for part in parts:
            columns[f"{part.name}.{where}".lower()] = (flags & int(part)) > 0
    for name, column in (
        ("own", outline.label_own), ("lowest", outline.label_low),
        ("highest", outline.label_high), ("sum", outline.label_sum),
    ):  # fmt: skip
        columns[f"label.{name}"] = column[owner]
    columns["label.parent"] = outline.label_own[parent]
    columns["label.grand"] = outline.label_own[outline.parent[parent]]
    node = owner
    for level in range(LEVELS):
        facts = outline.facts(node)
        for name, column in facts.items():
            if level or name not in _OF_PARENTS:
                columns[f"{name}.{level}"] = column
        node = outline.parent[node]
    columns.update(outline.groups())


def _places(
    columns: Columns, outline: Outline,
    plain: Floats, prose: NDArray[np.bool_], heading: Floats,
) -> None:  # fmt: skip
    size = len(plain)
    index = np.arange(size, dtype=np.float32)
    columns["place"] = index / max(size, 1)
    columns["blocks"] = np.full(size, np.log1p(size))
    total = max(float(plain.sum()), 1.0)
    columns["page"] = np.full(size, np.log1p(total))
    columns["before"] = (np.cumsum(plain) - plain) / total
    columns["prose page"] = np.full(size, np.log1p(float(prose.sum())))
    for name, found in (("h1", heading == 1), ("prose", prose)):
        places = np.flatnonzero(found)
        first = float(places[0]) if len(places) else -1.0
        last = float(places[-1]) if len(places) else -1.0
        columns[f"{name}.first"] = np.clip(index - first, -50, 50)
        columns[f"{name}.last"] = np.clip(index - last, -50, 50)
    columns.update(outline.container(plain, prose))
