"""schema.org facts in a page's JSON-LD (https://schema.org/Article)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
from lxml.etree import _Element as Element

_ARTICLE = re.compile(
    r"(?:Article|BlogPosting|Report|Review|SocialMediaPosting|Posting|NewsStory)$"
)
_PAGE = re.compile(r"(?:WebPage|ItemPage|AboutPage|Recipe|HowTo|VideoObject|PodcastEpisode|Event)$")
_ORGANIZATION = re.compile(r"(?:Organization|Brand|Corporation)$")
_JUNK = re.compile(r"^\s*(?:<!--|//<!\[CDATA\[|/\*.*?\*/|<!\[CDATA\[)|(?:-->|//\]\]>|\]\]>|;)\s*$")
_CONTROLS = re.compile(r"[\x00-\x1f]+")
_MAX_NODES = 2_000
_MAX_DEPTH = 12
_MAX_VALUES = 2_000
"""Values looked at for one property: nodes that point to lists of nodes multiply without end."""

Node = dict[str, Any]


class LinkedData:
    """The JSON-LD of one page, with its article node chosen."""

    def __init__(self, tree: Element) -> None:
        nodes = self.nodes = list(_nodes(tree))
        """All nodes, in the page's order."""
        self._by_id: dict[str, Node] = {}
        for node in nodes:
            name = node.get("@id")
            # A bare {"@id": …} points to the node that has the facts.
            if isinstance(name, str) and len(node) > len(self._by_id.get(name, ())):
                self._by_id[name] = node
        articles = [node for node in nodes if _is(node, _ARTICLE)]
        pages = [node for node in nodes if _is(node, _PAGE)]
        self.article = max(articles, key=_richness, default=None)
        """The node of the article itself, or ``None``."""
        self.page = max(pages, key=_richness, default=None)
        """The node of the page that holds it, or ``None``."""

    def texts(self, name: str, *, of_page: bool = False) -> list[str]:
        """The values of a property as strings: of the article or, if asked for, of the page."""
        node = self.page if of_page else self.article
        return [] if node is None else list(self._strings(node.get(name)))

    def addresses(self, name: str) -> list[str]:
        """The values of a property of the article (or else of the page) that are addresses: as
        strings, or as the ``url``, ``contentUrl`` or ``@id`` of what stands there."""
        found: list[str] = []
        for node in (self.article, self.page):
            value = None if node is None else node.get(name)
            for item in value[:20] if isinstance(value, list) else [value]:
                resolved = self._resolve(item)
                if isinstance(resolved, dict):
                    keys = ("url", "contentUrl", "@id")
                    resolved = next((resolved[key] for key in keys if resolved.get(key)), None)
                if isinstance(resolved, list):
                    resolved = next(iter(resolved), None)
                if isinstance(resolved, str) and resolved.strip():
                    found.append(resolved.strip())
        return found

    def of_kind(self, kind: str) -> list[Node]:
        """The nodes whose ``@type`` is ``kind``."""
        return [
            node
            for node in self.nodes
            if (types := node.get("@type")) == kind or (isinstance(types, list) and kind in types)
        ]

    def authors(self, *, organizations: bool = False) -> list[str]:
        """Names of those who wrote the article: the people, or the ``organizations`` instead."""
        node = self.article or self.page
        if node is None:
            return []
        values = node.get("author") or node.get("creator") or []
        every = values[:_MAX_VALUES] if isinstance(values, list) else [values]
        wanted = [
            value
            for value in map(self._resolve, every)
            if (isinstance(value, dict) and _is(value, _ORGANIZATION)) == organizations
        ]
        return list(self._strings(wanted))

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, dict) and "name" not in value and isinstance(value.get("@id"), str):
            return self._by_id.get(value["@id"], value)
        return value

    def _strings(self, value: Any) -> Iterator[str]:
        stack = [(value, 0)]
        for _ in range(_MAX_VALUES):
            if not stack:
                return
            value, depth = stack.pop()
            value = self._resolve(value)
            if isinstance(value, str):
                if value.strip():
                    yield value.strip()
            elif isinstance(value, list) and depth < _MAX_DEPTH:
                stack.extend((item, depth + 1) for item in reversed(value[:_MAX_VALUES]))
            elif isinstance(value, dict) and depth < _MAX_DEPTH:
                for key in ("name", "@value", "headline"):
                    if value.get(key):
                        stack.append((value[key], depth + 1))
                        break


def _nodes(tree: Element) -> Iterator[Node]:
    count = 0
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        stack: list[tuple[Any, int]] = [(_parse(script.text or ""), 0)]
        while stack and count < _MAX_NODES:
            value, depth = stack.pop()
            if depth > _MAX_DEPTH:
                continue
            if isinstance(value, list):
                stack.extend((item, depth + 1) for item in reversed(value))
            elif isinstance(value, dict):
                count += 1
                yield value
                stack.extend(
                    (item, depth + 1)
                    for key, item in value.items()
                    if isinstance(item, dict | list) and key not in ("itemListElement", "comment")
                )


def _parse(text: str) -> Any:
    """The JSON of a script, forgiving what pages often get wrong; ``None`` when there is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    text = _CONTROLS.sub(" ", text)
    for _ in range(3):
        text = _JUNK.sub("", text.strip())
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _is(node: Node, pattern: re.Pattern[str]) -> bool:
    kinds = node.get("@type")
    return any(
        isinstance(kind, str) and pattern.search(kind)
        for kind in (kinds if isinstance(kinds, list) else [kinds])
    )


def _richness(node: Node) -> int:
    """How much a node says; the first of equals is taken (``max`` keeps it)."""
    wanted = ("headline", "datePublished", "author", "articleBody", "mainEntityOfPage", "image")
    return sum(bool(node.get(name)) for name in wanted)
