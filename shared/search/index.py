"""The search index as its users see it, whether SQLite or Elasticsearch stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from shared.errors import QueryError
from shared.events import DuplicateKind
from shared.search.document import Document
from shared.search.query import Node, Term, conjunction, parse
from shared.search.revising import Revision
from shared.text import searchable

MAX_WINDOW: Final = 10_000
"""How far hits can be paged through (Elasticsearch's ``index.max_result_window``)."""

# Noncharacters: no text that is meant for interchange holds them (Unicode 23.7).
MARK_START: Final = "\ufdd0"
MARK_END: Final = "\ufdd1"
SNIPPET_WORDS: Final = 36


@dataclass(frozen=True, slots=True)
class Filters:
    """What hits must satisfy beside the query.

    ``source``, ``entity`` (a name or an id) and ``language`` mean what ``source:`` and the like
    mean in a query. ``since`` is inclusive, ``until`` exclusive; both look at ``dated_at``.
    """

    source: str | None = None
    entity: str | None = None
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: DuplicateKind | None = None


@dataclass(frozen=True, slots=True)
class Snippet:
    """An excerpt; ``matches`` are its places, as code points from and to, that were searched."""

    text: str
    matches: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, marked: str) -> Snippet:
        """Read text in which matches stand between :data:`MARK_START` and :data:`MARK_END`."""
        parts: list[str] = []
        matches: list[tuple[int, int]] = []
        length, start = 0, None
        for part in _split(" ".join(marked.split())):
            if part == MARK_START:
                start = length
            elif part == MARK_END:
                if start is not None and length > start:
                    matches.append((start, length))
                start = None
            else:
                parts.append(part)
                length += len(part)
        return cls("".join(parts), tuple(matches))


def _split(marked: str) -> list[str]:
    spread = marked.replace(MARK_START, f"\0{MARK_START}\0").replace(MARK_END, f"\0{MARK_END}\0")
    return spread.split("\0")


@dataclass(frozen=True, slots=True)
class Hit:
    """A found article. A higher ``score`` is better; scores compare within one result only."""

    article_id: str
    score: float
    title: str
    site_name: str | None
    language: str | None
    published_at: datetime | None
    first_seen_at: datetime
    snippet: Snippet
    kind: DuplicateKind
    group_id: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """``total`` counts all that match; ``hits`` is the page that was asked for, best first."""

    total: int
    hits: Sequence[Hit] = field(default_factory=tuple)


class SearchIndex(Protocol):
    """Reads articles. Deleted ones are never given."""

    async def search(
        self, query: str, filters: Filters = ..., limit: int = ..., offset: int = ...
    ) -> Results:
        """The articles that match; the newest first where nothing ranks them.

        Raises :class:`~shared.errors.QueryError` for a query that cannot be understood,
        :class:`~shared.errors.StoreError` or :class:`~shared.errors.TransientError` when the
        index cannot be read.
        """
        ...

    async def get(self, article_id: str) -> Document | None:
        """The article of exactly this id."""
        ...

    async def matching_ids(self, prefix: str, limit: int = ...) -> list[str]:
        """Ids that begin with ``prefix``, in order, at most ``limit``."""
        ...

    async def revisions(self, article_id: str) -> list[Revision]:
        """The revisions of the article, first to newest; none where there is no such article.

        Those of an article that was taken down are hidden with it.
        """
        ...

    async def revision(self, article_id: str, number: int) -> Document | None:
        """The article as its revision ``number`` was."""
        ...

    async def duplicates(self, group_id: str) -> list[Document]:
        """The articles of a group, its original among them, earliest first."""
        ...

    async def story(self, story_id: str) -> list[Document]:
        """The articles of a story, earliest first."""
        ...

    async def count(self) -> int:
        """How many articles there are."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


def full_query(query: str, filters: Filters) -> Node:
    """The tree of ``query`` with those of ``filters`` that the query language can say."""
    node = parse(query)
    for name, value in (
        ("source", filters.source),
        ("entity", filters.entity),
        ("language", filters.language),
    ):
        if value is None:
            continue
        text = searchable(value.encode("utf-8", "replace").decode()).replace("\0", " ").strip()
        if not any(char.isalnum() for char in text):
            raise QueryError(f"the {name} to filter by has no letter or digit: {value!r}")
        node = conjunction(node, Term(text, name, phrase=True))  # type: ignore[arg-type]
    return node


def check_window(limit: int, offset: int) -> None:
    """Raises :class:`~shared.errors.QueryError` for a page that no index gives."""
    if limit < 0 or offset < 0 or limit + offset > MAX_WINDOW:
        raise QueryError(f"only the first {MAX_WINDOW:,} hits can be paged through; narrow it down")
