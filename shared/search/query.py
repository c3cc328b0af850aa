"""The query language: what people type, as a tree that each index compiles for itself.

::

    flood warning            both words
    "flood warning"          the phrase, unstemmed
    flood OR drought         either; AND binds closer, brackets group
    -sport  NOT sport        without it
    title:flood              in the title; also person: org: place: entity: source: language:
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from shared.errors import QueryError
from shared.text import searchable

Field = Literal["title", "person", "org", "place", "entity", "source", "language"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)

MAX_LENGTH: Final = 4_096
MAX_TERMS: Final = 100
MAX_DEPTH: Final = 20
"""Limits in characters, words and brackets: far below those of SQLite and Elasticsearch."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or a phrase when ``phrase``; anywhere, or in ``field``."""

    text: str
    field: Field | None = None
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match ``node``."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """What matches all of at least two ``nodes``."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What matches any of at least two ``nodes``."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Everything:
    """Every article: the empty query."""


Node = Term | Not | And | Or | Everything


def parse(query: str) -> Node:
    """The tree of ``query``; raises :class:`~shared.errors.QueryError` naming the place."""
    if len(query) > MAX_LENGTH:
        raise QueryError(f"the query is longer than {MAX_LENGTH:,} characters", MAX_LENGTH)
    if not query.strip():
        return Everything()
    return _Parser(query).parse()


def conjunction(*nodes: Node) -> Node:
    """All of ``nodes`` together."""
    parts = tuple(node for node in nodes if not isinstance(node, Everything))
    if not parts:
        return Everything()
    return parts[0] if len(parts) == 1 else And(parts)


def positive_terms(node: Node) -> Iterator[Term]:
    """The terms that a match may contain: what is ranked and highlighted."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, And | Or):
        for child in node.nodes:
            yield from positive_terms(child)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # the name of a group below
    text: str
    at: int


_QUOTE: Final = '"“”„‟«»＂'
_TOKENS: Final = re.compile(
    rf"""(?P<space>[\s\0]+)
    | (?P<open>\() | (?P<close>\))
    | (?P<phrase>[{_QUOTE}][^{_QUOTE}]*[{_QUOTE}])
    | (?P<unclosed>[{_QUOTE}])
    | (?P<not>-(?=[^\s\0)])|NOT(?=[\s\0(]))
    | (?P<or>OR(?=[\s\0(]|$)) | (?P<and>AND(?=[\s\0(]|$))
    | (?P<field>[A-Za-z_]+:)
    | (?P<word>[^\s\0(){_QUOTE}]+)""",
    re.VERBOSE,
)


class _Parser:
    """Recursive descent: or = and (OR and)*; and = unary (AND? unary)*."""

    def __init__(self, query: str) -> None:
        self._end = len(query)
        self._tokens = [
            _Token(match.lastgroup or "", match[0], match.start())
            for match in _TOKENS.finditer(query)
            if match.lastgroup != "space"
        ]
        self._next = 0
        self._terms = 0

    def parse(self) -> Node:
        node = self._or(0)
        token = self._peek()
        if token is not None:
            raise QueryError("this bracket closes none", token.at)
        return node

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, *kinds: str) -> _Token | None:
        token = self._peek()
        if token is None or token.kind not in kinds:
            return None
        self._next += 1
        return token

    def _or(self, depth: int) -> Node:
        nodes = [self._and(depth)]
        while self._take("or"):
            nodes.append(self._and(depth))
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _and(self, depth: int) -> Node:
        nodes: list[Node] = []
        joined: _Token | None = None
        while True:
            token = self._peek()
            if token is None or token.kind in ("close", "or"):
                break
            if token.kind == "and":
                if not nodes or joined:
                    raise QueryError("AND needs a word on either side", token.at)
                joined = self._take("and")
                continue
            node = self._unary(depth)
            if node is not None:
                nodes.append(node)
                joined = None
        if joined:
            raise QueryError("AND needs a word on either side", joined.at)
        if not nodes:
            token = self._peek()
            at = self._end if token is None else token.at
            raise QueryError("a word to search for is missing here", at)
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _unary(self, depth: int) -> Node | None:
        """One operand; ``None`` for punctuation standing alone, as in ``Marks & Spencer``."""
        if depth > MAX_DEPTH:
            token = self._peek()
            raise QueryError("too many brackets", token.at if token else self._end)
        if token := self._take("not"):
            node = self._unary(depth + 1) if self._peek() else None
            if node is None:
                raise QueryError("a word must follow the minus sign", token.at)
            return Not(node)
        if token := self._take("open"):
            node = self._or(depth + 1)
            if not self._take("close"):
                raise QueryError("this bracket is never closed", token.at)
            return node
        if token := self._take("field"):
            return self._field(token)
        if token := self._take("phrase"):
            return self._term(token, None)
        if token := self._take("word"):
            return self._term(token, None) if _has_letters(token.text) else None
        token = self._tokens[self._next]
        if token.kind == "unclosed":
            raise QueryError("this quotation mark is never closed", token.at)
        raise QueryError("a word to search for is missing here", token.at)

    def _field(self, token: _Token) -> Term:
        name = token.text[:-1].lower()
        if name not in FIELDS:
            raise QueryError(
                f'there is no field "{name}", only {", ".join(FIELDS)}; '
                "put it in quotes to search for it as text",
                token.at,
            )
        value = self._peek()
        if value is None or value.at != token.at + len(token.text):
            raise QueryError(f"a value must follow {token.text}", token.at)
        if value.kind == "unclosed":
            raise QueryError("this quotation mark is never closed", value.at)
        if value.kind not in ("word", "phrase", "and", "or", "field"):
            raise QueryError(f"a word or a phrase in quotes must follow {token.text}", value.at)
        self._next += 1
        if value.kind == "field":  # entity:geonames:703448
            rest = self._take("word")
            value = _Token("word", value.text + (rest.text if rest else ""), value.at)
        return self._term(value, name)

    def _term(self, token: _Token, field: Field | None) -> Term:
        phrase = token.kind == "phrase"
        text = token.text[1:-1] if phrase else token.text
        # A lone surrogate can be typed, but neither stored nor sent.
        text = searchable(text.encode("utf-8", "replace").decode()).replace("\0", " ").strip()
        if not _has_letters(text):
            raise QueryError("this has no letter or digit to search for", token.at)
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise QueryError(f"more than {MAX_TERMS} words", token.at)
        return Term(text, field, phrase)


def _has_letters(text: str) -> bool:
    return any(char.isalnum() for char in searchable(text))
