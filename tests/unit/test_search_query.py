"""The query language: its trees, its errors and the places they name."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import QueryError
from shared.search.elastic_query import compile_elastic, highlight_query
from shared.search.query import (
    FIELDS,
    MAX_LENGTH,
    And,
    Everything,
    Node,
    Not,
    Or,
    Term,
    parse,
    positive_terms,
)
from shared.search.sqlite_query import compile_sqlite
from shared.search.sqlite_store import SCHEMA


def _phrase(text: str) -> Term:
    return Term(text, phrase=True)


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", Everything()),
        (" \t\n", Everything()),
        ("word", Term("word")),
        ("two words", And((Term("two"), Term("words")))),
        ("two AND words", And((Term("two"), Term("words")))),
        ('"a phrase"', _phrase("a phrase")),
        ("“a phrase”", _phrase("a phrase")),
        ("«a phrase»", _phrase("a phrase")),
        ("a OR b c", Or((Term("a"), And((Term("b"), Term("c")))))),
        ("(a OR b) c", And((Or((Term("a"), Term("b"))), Term("c")))),
        ("a or b", And((Term("a"), Term("or"), Term("b")))),
        ("-a", Not(Term("a"))),
        ("a -b", And((Term("a"), Not(Term("b"))))),
        ("a NOT b", And((Term("a"), Not(Term("b"))))),
        ("NOT (a b)", Not(And((Term("a"), Term("b"))))),
        ("--a", Not(Not(Term("a")))),
        ("climate-change", Term("climate-change")),
        ("title:a", Term("a", "title")),
        ("TITLE:a", Term("a", "title")),
        ('person:"a b" c', And((Term("a b", "person", phrase=True), Term("c")))),
        ("-source:a", Not(Term("a", "source"))),
        ("entity:geonames:703448", Term("geonames:703448", "entity")),
        ("title:OR", Term("OR", "title")),
        ("10:30", Term("10:30")),
        ("Marks & Spencer", And((Term("Marks"), Term("Spencer")))),
        ("a - b", And((Term("a"), Term("b")))),
        ("ORDER ANDES NOTES", And((Term("ORDER"), Term("ANDES"), Term("NOTES")))),
        ("gov\u00adernment", Term("government")),
        ("ﬁnal", Term("final")),
    ],
)
def test_trees(query: str, tree: Node) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "message", "position"),
    [
        ('say "never closed', "never closed", 4),
        ("a (b c", "never closed", 2),
        ("a) b", "closes none", 1),
        ("()", "missing", 1),
        ("a OR", "missing", 4),
        ("OR a", "missing", 0),
        ("a OR OR b", "missing", 5),
        ("a AND", "either side", 2),
        ("AND a", "either side", 0),
        ("a AND OR b", "either side", 2),
        ("colour:red", 'no field "colour"', 0),
        ("see https://example.org", "in quotes", 4),
        ("title: a", "value must follow", 0),
        ("title:(a b)", "word or a phrase", 6),
        ('title:"a', "never closed", 6),
        ('""', "no letter or digit", 0),
        ('a "…"', "no letter or digit", 2),
        ("&", "missing", 1),
        ("-&", "must follow the minus", 0),
        ("(" * 30 + "a" + ")" * 30, "too many brackets", 21),
        (" ".join(["a"] * 101), "more than 100 words", 200),
        ("a" * (MAX_LENGTH + 1), "longer than", MAX_LENGTH),
    ],
)
def test_errors_name_the_place(query: str, message: str, position: int) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        parse(query)
    assert caught.value.position == position
    assert f"(at character {position + 1})" in str(caught.value)


def test_what_is_ranked_leaves_out_what_is_excluded() -> None:
    terms = list(positive_terms(parse('a -b (c OR "d e") -(f g) title:h')))
    assert terms == [Term("a"), Term("c"), _phrase("d e"), Term("h", "title")]


_pieces = st.sampled_from(
    [*(f"{name}:" for name in FIELDS), "AND", "OR", "NOT", "-", "(", ")", '"', "“", " ", "\0", "'"]
)
_queries = st.lists(st.one_of(_pieces, st.text(max_size=6))).map("".join)


@pytest.fixture(scope="module")
def tables() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    return connection


@example(query="title:title:language:title:")
@given(query=st.one_of(_queries, st.text(st.characters(categories=("L", "P", "S", "Z", "C")))))
def test_any_input_gives_a_tree_that_both_compile_or_a_query_error(
    tables: sqlite3.Connection, query: str
) -> None:
    tree: Node | None
    try:
        tree = parse(query)
    except QueryError as error:
        position = error.position
        tree = None
    if tree is None:
        assert position is not None
        assert 0 <= position <= len(query)
        return
    compiled = compile_sqlite(tree)
    tables.execute(
        f"SELECT 1 FROM search_articles a WHERE {compiled.where}", compiled.params
    ).fetchall()
    if compiled.ranking is not None:
        tables.execute(
            "SELECT bm25(search_stemmed) FROM search_stemmed WHERE search_stemmed MATCH ?",
            (compiled.ranking,),
        ).fetchall()
    dsl = compile_elastic(tree)
    assert _leaves(dsl) == _terms(tree)
    assert (highlight_query(tree) is None) == (
        not any(term.field is None for term in positive_terms(tree))
    )


def _leaves(dsl: dict[str, Any]) -> list[str]:
    """The texts searched for anywhere in a query, sorted."""
    (kind, body), *others = dsl.items()
    assert not others
    if kind == "match_all":
        return []
    if kind == "bool":
        clauses = [*body.get("must", []), *body.get("must_not", []), *body.get("should", [])]
        either = [next(iter(clause)) for clause in body.get("should", [])]
        if either == ["match_phrase", "term"]:
            clauses = clauses[:1]  # entity: a name or an id
        return sorted(text for clause in clauses for text in _leaves(clause))
    if kind == "multi_match":
        return [body["query"]]
    (value,) = body.values()
    return [value["value"] if isinstance(value, dict) else value]


def _terms(node: Node) -> list[str]:
    if isinstance(node, Term):
        return [node.text.lower() if node.field == "language" else node.text]
    if isinstance(node, Not):
        return _terms(node.node)
    if isinstance(node, And | Or):
        return sorted(text for child in node.nodes for text in _terms(child))
    return []
