"""A query tree as SQL over two FTS5 tables, one stemmed and one exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.search.query import And, Everything, Field, Node, Not, Or, Term, positive_terms

COLUMNS: Final = (
    "title",
    "description",
    "text",
    "entities_text",
    "people_text",
    "organizations_text",
    "places_text",
    "entity_ids",
    "source",
    "language",
)
"""The columns of both tables, in order."""
WEIGHTS: Final = (3.0, 1.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
"""What a match in each column counts; the first four as in ``elastic_query.WEIGHTS``."""

_DEFAULT: Final = ("title", "description", "text", "entities_text")
_BY_FIELD: Final[dict[Field, tuple[str, ...]]] = {
    "title": ("title",),
    "person": ("people_text",),
    "org": ("organizations_text",),
    "place": ("places_text",),
    "entity": ("entities_text", "entity_ids"),
    "source": ("source",),
    "language": ("language",),
}


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """``where`` is a condition on ``a.rowid`` with ``params``; ``ranking`` an FTS5 expression on
    the stemmed table, or ``None`` where nothing ranks."""

    where: str
    params: tuple[str, ...]
    ranking: str | None


def compile_sqlite(node: Node) -> SqlQuery:
    """``node`` for SQLite. Every tree that the parser makes compiles."""
    params: list[str] = []
    where = _condition(node, params)
    ranked = " OR ".join(dict.fromkeys(map(_match, positive_terms(node))))
    return SqlQuery(where, tuple(params), ranked or None)


def _condition(node: Node, params: list[str]) -> str:
    if isinstance(node, Everything):
        return "1"
    if isinstance(node, Term):
        params.append(_match(node))
        table = "search_stemmed" if _is_stemmed(node) else "search_exact"
        return f"a.rowid IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)"  # noqa: S608
    if isinstance(node, Not):
        return f"NOT {_condition(node.node, params)}"
    assert isinstance(node, And | Or)
    joint = " AND " if isinstance(node, And) else " OR "
    return f"({joint.join([_condition(child, params) for child in node.nodes])})"


def _is_stemmed(term: Term) -> bool:
    return not term.phrase and term.field in (None, "title")


def _match(term: Term) -> str:
    """The FTS5 expression of one term: a word with punctuation inside becomes a phrase there."""
    columns = _DEFAULT if term.field is None else _BY_FIELD[term.field]
    quoted = term.text.replace('"', '""')
    return f'{{{" ".join(columns)}}} : "{quoted}"'
