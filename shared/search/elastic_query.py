"""A query tree as Elasticsearch's query DSL, over the mapping in ``deploy/elasticsearch``."""

from __future__ import annotations

from typing import Any, Final

from shared.search.query import And, Everything, Field, Node, Not, Or, Term, positive_terms

Dsl = dict[str, Any]

WEIGHTS: Final = {"title": 3.0, "description": 1.5, "text": 1.0, "entities_text": 1.0}
"""What a match in each field that is searched by default counts."""

_BY_FIELD: Final[dict[Field, str]] = {
    "person": "people_text",
    "org": "organizations_text",
    "place": "places_text",
    "source": "source.text",
}


def compile_elastic(node: Node) -> Dsl:
    """``node`` for Elasticsearch. Every tree that the parser makes compiles."""
    if isinstance(node, Everything):
        return {"match_all": {}}
    if isinstance(node, Term):
        return _term(node)
    if isinstance(node, Not):
        return {"bool": {"must_not": [compile_elastic(node.node)]}}
    if isinstance(node, Or):
        return _any([compile_elastic(child) for child in node.nodes])
    assert isinstance(node, And)
    must = [compile_elastic(child) for child in node.nodes if not isinstance(child, Not)]
    must_not = [compile_elastic(child.node) for child in node.nodes if isinstance(child, Not)]
    return {"bool": {"must": must, "must_not": must_not}}


def highlight_query(node: Node) -> Dsl | None:
    """What is marked in ``text``: every positive term, stemmed; ``None`` where there is none."""
    terms = [term.text for term in positive_terms(node) if term.field is None]
    if not terms:
        return None
    return _any([{"match_phrase": {"text": text}} for text in dict.fromkeys(terms)])


def _any(queries: list[Dsl]) -> Dsl:
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _term(term: Term) -> Dsl:
    suffix = ".exact" if term.phrase else ""
    if term.field is None:
        # A word with punctuation inside ("U.S.-led") may be several tokens: these stay together.
        fields = [f"{name}{suffix}^{weight}" for name, weight in WEIGHTS.items()]
        return {"multi_match": {"query": term.text, "type": "phrase", "fields": fields}}
    if term.field == "title":
        return {"match_phrase": {f"title{suffix}": term.text}}
    if term.field == "language":
        return {"term": {"language": {"value": term.text.lower()}}}
    if term.field == "entity":
        return _any(
            [
                {"match_phrase": {"entities_text.exact": term.text}},
                {"term": {"entity_ids": {"value": term.text, "case_insensitive": True}}},
            ]
        )
    return {"match_phrase": {_BY_FIELD[term.field]: term.text}}
