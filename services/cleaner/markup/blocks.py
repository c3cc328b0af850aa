"""A page's text cut into blocks, each with the elements that it stands in.

A block is the text between two boundaries that a reader sees: the edges of paragraphs, items,
cells, headings, boxes, and empty lines made of line breaks. One walk over the tree, in reading
order, gives all that the body and the metadata are judged by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lxml.html import HtmlElement

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
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
# Chinese and Japanese part no words: a source's line end between two of their characters is none.
_UNSPACED: Final = re.compile(
    r"(?<=[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60])[ \t\r]*\n\s*"
    r"(?=[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60])"
)
_MAX_DEPTH: Final = 300
"""Elements within elements that are walked into; what stands deeper is taken as one text."""


@dataclass(slots=True)
class Node:
    """An element that is not inline."""

    element: HtmlElement
    parent: int
    """Its place in the list of nodes; -1 for the root."""
    tag: str
    label: str
    """Class, id, role and itemprop, lower case, parted by blanks."""
    depth: int
    hidden: bool
    """Whether it or an element around it is not shown at first."""


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


class _Walk:
    """The state of one walk: what has been gathered of the block that is being read."""

    __slots__ = (
        "blocks", "emphasised", "heading", "labels", "links", "node", "nodes", "parts", "times",
    )  # fmt: skip

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.nodes: list[Node] = []
        self.node = -1
        self.heading = 0
        self.parts: list[str] = []
        self.links = self.emphasised = 0
        self.times: list[str] = []
        self.labels: list[str] = []

    def flush(self) -> None:
        """End the block."""
        parts = self.parts
        if not parts:
            return
        text = "".join(parts)
        parts.clear()
        if "\n" in text:
            text = "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))
        else:
            text = " ".join(text.split())
        if text:
            self.blocks.append(
                Block(
                    text, self.node, self.heading, min(self.links, len(text)),
                    min(self.emphasised, len(text)), tuple(self.times), " ".join(self.labels),
                )
            )  # fmt: skip
        self.links = self.emphasised = 0
        if self.times:
            self.times = []
        if self.labels:
            self.labels = []

    def add(self, text: str, linked: bool, strong: bool) -> None:
        """Take a text of the tree into the block; its line ends are blanks."""
        if "\n" in text:
            if not text.isascii():
                text = _UNSPACED.sub("", text)
            text = text.replace("\n", " ")
        self.parts.append(text)
        if linked or strong:
            size = len(text.strip())
            self.links += size * linked
            self.emphasised += size * strong

    def element(self, element: HtmlElement, depth: int) -> None:
        """A block element and all in it."""
        parent, heading = self.node, self.heading
        self.flush()
        get = element.get
        tag = element.tag
        # The element's own attributes, by the names that pages give their parts.
        names = (get("class"), get("id"), get("role"), get("itemprop"), get("data-component"))
        label = " ".join(filter(None, names)).lower()
        hidden = self.nodes[parent].hidden if parent >= 0 else False
        if not hidden:
            style = get("style")
            hidden = (
                get("hidden") is not None
                or get("aria-hidden") == "true"
                or (style is not None and "display:none" in style.replace(" ", "").lower())
            )
        self.nodes.append(Node(element, parent, tag, label, depth, hidden))
        self.node = len(self.nodes) - 1
        self.heading = _HEADINGS.get(tag, heading)
        if element.text:
            self.add(element.text, False, False)
        self.children(element, depth, False, False)
        self.flush()
        self.node, self.heading = parent, heading

    def children(self, element: HtmlElement, depth: int, linked: bool, strong: bool) -> None:
        """The children of an element, each with the text behind it."""
        for child in element:
            tag = child.tag
            if tag == "br":
                # Two breaks with nothing between them are an empty line: a paragraph ends.
                if self.parts and self.parts[-1].isspace() and "\n" in "".join(self.parts[-2:]):
                    self.flush()
                elif self.parts:
                    self.parts.append("\n")
            elif tag in SKIPPED or not isinstance(tag, str):
                pass
            elif depth >= _MAX_DEPTH:
                self.add(" ".join(child.itertext()), linked, strong)
            elif tag in INLINE:
                self.inline(child, tag, depth, linked, strong)
            else:
                self.element(child, depth + 1)
            if child.tail:
                self.add(child.tail, linked, strong)

    def inline(self, child: HtmlElement, tag: str, depth: int, linked: bool, strong: bool) -> None:
        """An inline element: its text goes on in the block around it."""
        linked = linked or tag == "a"
        strong = strong or tag in ("b", "strong", "em", "i")
        if tag in ("a", "span", "time", "cite", "strong", "em", "label", "abbr", "small"):
            names = (child.get("class"), child.get("rel"), child.get("itemprop"))
            label = " ".join(filter(None, names))
            if label:
                self.labels.append(label.lower())
            if tag == "time":
                moment = child.get("datetime")
                if moment:
                    self.times.append(moment)
        if child.text:
            self.add(child.text, linked, strong)
        if len(child):
            self.children(child, depth + 1, linked, strong)


def segment(tree: HtmlElement) -> tuple[list[Block], list[Node]]:
    """The blocks of ``tree`` in reading order, and the nodes that they stand in."""
    body = tree if tree.tag == "body" else tree.find("body")
    walk = _Walk()
    walk.element(tree if body is None else body, 0)
    return walk.blocks, walk.nodes
