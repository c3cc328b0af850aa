"""One HTML page, parsed once: what the body and the metadata are read from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from lxml import etree

from services.cleaner.characters import one_line
from services.cleaner.markup.blocks import Block, Element, Node, segment
from services.cleaner.metadata.jsonld import LinkedData
from shared.errors import PermanentError
from shared.text import canonical_url

MAX_ELEMENTS = 100_000
"""Elements of a page, which are read in 2 s and 300 MB at most; the longest of the evaluation pages
has a twentieth of that."""

_BOXES = re.compile(
    r"(?:</?(?:a|article|b|big|blockquote|center|dd|div|dl|dt|em|fieldset|font|form|i|ins|label|li|"
    r"main|ol|s|section|small|span|strike|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul)"
    r"(?:\s[^<>]*)?>\s*)+",
    re.IGNORECASE,
)
"""Tags that pages nest without end. Where they do, each run of them is a paragraph's edge."""
_ROOT = re.compile(r"<(?:!doctype|html)\b", re.IGNORECASE)


class Page:
    """A parsed page. Everything but the tree is worked out when it is first asked for."""

    def __init__(self, html: str, url: str | None, now: datetime, name: str = "") -> None:
        """``now`` is when it was received: no date after it is believed; ``name`` is for errors.

        Raises :class:`PermanentError`: ``no_text`` without elements, ``too_many_elements``,
        ``extraction_failed`` where the parser fails.
        """
        self.name = name
        # What is no address tells nothing.
        self.url = url if url and canonical_url(url) else None
        self.now = now
        self.size = len(html)
        """Characters of HTML."""
        with parsing(name):
            tree = _parse(html)
        if tree is None:
            raise PermanentError("no_text", f"{name}: no HTML elements")
        self.tree: Element = tree
        # Counted by lxml, in a fraction of a second.
        self.elements = int(self.tree.xpath("count(//*)"))
        if self.elements > MAX_ELEMENTS:
            raise PermanentError(
                "too_many_elements",
                f"{name}: {self.elements} elements, {MAX_ELEMENTS} are read at most",
            )

    @cached_property
    def linked(self) -> LinkedData:
        """The page's JSON-LD."""
        return LinkedData(self.tree)

    @cached_property
    def meta(self) -> dict[str, list[str]]:
        """Contents of ``meta`` elements by property, name, itemprop and http-equiv, lower case."""
        found: dict[str, list[str]] = {}
        for element in self.tree.iter("meta"):
            content = one_line(element.get("content") or "")
            if content:
                for attribute in ("property", "name", "itemprop", "http-equiv"):
                    key = (element.get(attribute) or "").strip().lower()
                    if key:
                        found.setdefault(key, []).append(content)
        return found

    def first_meta(self, *names: str) -> str:
        """The content of the first ``meta`` element that bears the first of ``names`` found."""
        return next((self.meta[name][0] for name in names if name in self.meta), "")

    @cached_property
    def _segmented(self) -> tuple[list[Block], list[Node]]:
        return segment(self.tree)

    @property
    def blocks(self) -> list[Block]:
        """The page's text in reading order."""
        return self._segmented[0]

    @property
    def nodes(self) -> list[Node]:
        """The elements that the blocks stand in; a node's parent comes before it."""
        return self._segmented[1]

    @cached_property
    def headings(self) -> list[Block]:
        """The blocks that are or stand in an ``h1``."""
        return [block for block in self.blocks if block.heading == 1]

    @cached_property
    def document_title(self) -> str:
        """The text of ``<title>`` in one line."""
        return next((one_line("".join(e.itertext())) for e in self.tree.iter("title")), "")

    @cached_property
    def summary(self) -> str:
        """What its ``meta`` elements say that it is about."""
        return self.first_meta("og:description", "description", "twitter:description")

    @cached_property
    def host(self) -> str:
        """The host of its address without ``www.``; empty without one."""
        return (urlsplit(self.url or "").hostname or "").removeprefix("www.")

    @cached_property
    def language_tag(self) -> str:
        """The language that the page declares (``en-GB``), or an empty string."""
        declared = self.tree.get("lang") or self.tree.get("xml:lang")
        return str(declared or self.first_meta("og:locale"))


@contextmanager
def parsing(name: str) -> Iterator[None]:
    """Turns whatever a library raises on hostile input into a rejection of that input.

    Our own code stands outside: its errors are bugs, and those stop the process.
    """
    try:
        yield
    except (RecursionError, MemoryError):
        raise
    except Exception as error:
        detail = f"{name}: {type(error).__name__}: {error}"
        raise PermanentError("extraction_failed", detail[:500]) from error


def _parse(html: str) -> Element | None:
    """The root element, or ``None`` where there is none. A fragment is put into a page."""
    html = html.replace("\x00", "")
    if not _ROOT.search(html[:5_000]):
        html = f"<!DOCTYPE html><html><body>{html}</body></html>"
    tree, whole = _tree(html)
    if not whole:
        tree, _ = _tree(_BOXES.sub("<p>", html))
    return tree


def _tree(html: str) -> tuple[Element | None, bool]:
    """The root element, ``None`` where there is none, and whether the parser read to the end."""
    # Without huge_tree, libxml2 stops at the 256th element within elements, with it at the 2,048th.
    # The elements of lxml.html would cost three times as much to go through.
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=True
    )
    tree = etree.fromstring(html.encode("utf-8", "replace"), parser)
    log = parser.error_log
    return tree, not (len(log) and log[len(log) - 1].type == etree.ErrorTypes.ERR_RESOURCE_LIMIT)
