"""A page's text cut into blocks, each with the elements that it stands in.

A block is the text between two boundaries that a reader sees: the edges of paragraphs, items,
cells, headings, boxes, and empty lines made of line breaks. One walk over the tree, in reading
order, gives all that the body and the metadata are judged by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element
SKIPPED: Final = frozenset({
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "applet",
    "canvas", "audio", "video", "map", "head", "title", "meta", "link", "base", "select", "option",
    "optgroup", "datalist", "input", "textarea", "button", "progress", "meter", "frameset", "frame",
    "noframes", "dialog",
})  # fmt: skip
"""Elements whose text is no part of what a page says."""
INLINE: Final = frozenset({
    "a", "abbr", "acronym", "amp-img", "amp-link", "b", "bdi", "bdo", "big", "blink", "cite",
    "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "label", "mark", "nobr",
    "picture", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "small", "source", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
"""Elements that do not part a text."""
_BLOCK, _PLAIN, _NAMED, _LINK, _STRONG, _MARK, _BREAK, _SKIP = range(8)
_KINDS: Final = {
    **dict.fromkeys(INLINE, _PLAIN),
    **dict.fromkeys(("span", "time", "cite", "label", "abbr", "small"), _NAMED),
    "a": _LINK,
    **dict.fromkeys(("strong", "em"), _STRONG),
    **dict.fromkeys(("b", "i"), _MARK),
    "br": _BREAK,
    **dict.fromkeys((*SKIPPED, "img", "source", "wbr"), _SKIP),
}
"""What an element does to the text around it; one that is not named parts it. The labels of the
third to the fifth kind are read."""
_BLANK: Final = (" ", "\n")
"""What stands for white space among the parts of a block."""
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
# Chinese and Japanese part no words: a source's line end between two of their characters is none.
_UNSPACED: Final = re.compile(
    r"(?<=[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60])[ \t\r]*\n\s*"
    r"(?=[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60])"
)
_LONGEST: Final = 8_000
"""Characters of a label that are read; those of the evaluation pages have up to some 5,000."""
_MAX_DEPTH: Final = 300
"""Elements within elements that are walked into; what stands deeper is taken as one text."""


@dataclass(slots=True)
class Node:
    """An element that is not inline."""

    element: Element
    parent: int
    """Its place in the list of nodes; -1 for the root."""
    tag: str
    label: str
    """Class, id, role and itemprop, lower case, parted by blanks."""
    hidden: bool
    """Whether it or an element around it is not shown at first."""
    first: int
    """The place of the first block in it, in the list of blocks."""
    last: int = 0
    """The place behind its last block."""


@dataclass(slots=True)
class Block:
    """A piece of text. White space is collapsed; single line breaks are ``\\n``."""

    text: str
    node: int
    """The place of its element in the list of nodes."""
    heading: int
    """1 to 6 in a heading, else 0."""
    links: int
    """Characters of ``text`` that are links."""
    emphasised: int
    """Characters in bold or italics."""
    times: tuple[str, ...] = ()
    """``datetime`` attributes of the ``time`` elements in it."""
    labels: str = ""
    """Class, rel and itemprop of the inline elements in it, lower case."""


def segment(tree: Element) -> tuple[list[Block], list[Node]]:
    """The blocks of ``tree`` in reading order, and the nodes that they stand in."""
    body = tree if tree.tag == "body" else tree.find("body")
    blocks: list[Block] = []
    nodes: list[Node] = []
    # What has been gathered of the block that is being read.
    parts: list[str] = []
    times: list[str] = []
    labels: list[str] = []
    links = emphasised = 0
    # With no text yet: 1 after white space, 2 after a line break behind that.
    blanks = 0
    # Where the walk is, and for each element around what it comes back to at the end of that.
    node, heading, linked, strong = -1, 0, False, False
    around: list[tuple[int, int, int, bool, bool]] = []
    kind_of = _KINDS.get
    walk = etree.iterwalk(tree if body is None else body, events=("start", "end"))
    # One loop, and hardly a call for each element: the tree is what costs most of a page.
    for event, element in walk:
        if event == "end":
            kind, above, level, within, marked = around.pop()
            if kind == _BLOCK:
                if parts:
                    _flush(blocks, node, heading, parts, links, emphasised, times, labels)
                    links = emphasised = blanks = 0
                elif blanks:
                    times.clear()
                    labels.clear()
                    blanks = 0
                nodes[node].last = len(blocks)
            node, heading, linked, strong = above, level, within, marked
            text = element.tail
        else:
            tag = element.tag
            kind = kind_of(tag, _BLOCK)
            # Elements of a site's own are inline unless its style says otherwise: one that stands
            # in a sentence is part of it.
            if kind == _BLOCK and "-" in tag and parts and parts[-1] not in _BLANK:
                kind = _PLAIN
            if kind >= _BREAK:
                walk.skip_subtree()
                next(walk)  # its end
                text = element.tail
                # Two breaks with nothing between them are an empty line: a paragraph ends.
                if kind == _SKIP:
                    pass
                elif not parts:
                    if blanks > 1:
                        times.clear()
                        labels.clear()
                        blanks = 0
                    elif blanks:
                        blanks = 2
                elif parts[-1].isspace() and "\n" in "".join(parts[-2:]):
                    _flush(blocks, node, heading, parts, links, emphasised, times, labels)
                    links = emphasised = blanks = 0
                else:
                    parts.append("\n")
            elif len(around) > _MAX_DEPTH:
                walk.skip_subtree()
                around.append((_SKIP, node, heading, linked, strong))
                text = " ".join(element.itertext())
            elif kind == _BLOCK:
                around.append((kind, node, heading, linked, strong))
                if parts:
                    _flush(blocks, node, heading, parts, links, emphasised, times, labels)
                    links = emphasised = blanks = 0
                elif blanks:
                    times.clear()
                    labels.clear()
                    blanks = 0
                label, hidden = "", node >= 0 and nodes[node].hidden
                if attributes := element.items():
                    # Most have a class and nothing else.
                    if len(attributes) == 1 and attributes[0][0] == "class":
                        label = attributes[0][1][:_LONGEST].lower()
                    else:
                        label, hidden = _described(dict(attributes), hidden)
                nodes.append(Node(element, node, tag, label, hidden, len(blocks)))
                node = len(nodes) - 1
                heading = _HEADINGS.get(tag, heading)
                # A link around boxes, as those of other articles are, is one for all their text.
                strong = False
                text = element.text
            else:
                around.append((kind, node, heading, linked, strong))
                if kind >= _STRONG:
                    strong = True
                if kind <= _STRONG and kind != _PLAIN and (attributes := element.items()):
                    get = dict(attributes).get
                    label = " ".join(filter(None, (get("class"), get("rel"), get("itemprop"))))
                    if label:
                        labels.append(label[:_LONGEST].lower())
                    if kind == _LINK:
                        linked = get("href") is not None  # or it is a place to lead to
                    elif tag == "time" and (moment := get("datetime")):
                        times.append(moment)
                text = element.text
        if not text:
            continue
        if text.isspace():
            if parts:
                parts.append(" ")
            elif not blanks:
                blanks = 1
            continue
        # Line ends of the source are blanks.
        if "\n" in text:
            if not text.isascii():
                text = _UNSPACED.sub("", text)
            text = text.replace("\n", " ")
        parts.append(text)
        if linked or strong:
            size = len(text.strip())
            links += size * linked
            emphasised += size * strong
    return blocks, nodes


def _described(attributes: dict[str, str], hidden: bool) -> tuple[str, bool]:
    """The label of an element and whether it is hidden, where what is around it is ``hidden``."""
    get = attributes.get
    names = (get("class"), get("id"), get("role"), get("itemprop"), get("data-component"))
    if not hidden:
        style = get("style")
        hidden = (
            "hidden" in attributes
            or get("aria-hidden") == "true"
            or (style is not None and "display:none" in style.replace(" ", "").lower())
        )
    return " ".join(filter(None, names))[:_LONGEST].lower(), hidden


def _flush(
    blocks: list[Block], node: int, heading: int, parts: list[str],
    links: int, emphasised: int, times: list[str], labels: list[str],
) -> None:  # fmt: skip
    """Make a block of what was gathered, and begin anew."""
    text = parts[0] if len(parts) == 1 else "".join(parts)
    parts.clear()
    if "\n" in text:
        text = "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))
    else:
        text = " ".join(text.split())
    size = len(text)
    blocks.append(
        Block(
            text, node, heading, links if links < size else size,
            emphasised if emphasised < size else size, tuple(times), " ".join(labels),
        )
    )  # fmt: skip
    times.clear()
    labels.clear()
