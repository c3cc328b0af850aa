"""What the indexer writes fits the mapping that it is written under."""

from __future__ import annotations

import typing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import AwareDatetime, BaseModel

from services.indexer.aliases import known_aliases
from services.indexer.setup import definition, index_template, role
from services.indexer.stage import IndexDocument
from shared.errors import PermanentError
from shared.events import Duplicate, Entity, Message
from shared.revisions import Changes
from shared.runtime.stage import Emit
from shared.search.document import Document
from shared.search.elastic_query import WEIGHTS, compile_elastic
from shared.search.names import IndexNames
from shared.search.query import FIELDS, Term
from shared.search.revising import encode_kept, kept_id
from shared.search.sqlite_index import SqliteIndex
from shared.search.sqlite_publisher import SqlitePublisher
from shared.search.sqlite_query import COLUMNS
from shared.search.sqlite_query import WEIGHTS as COLUMN_WEIGHTS
from shared.text import comparable
from tests.search_contract import article, articles, emit, entity

TEMPLATE = definition("component-news-articles.json")["template"]
PROPERTIES: dict[str, Any] = TEMPLATE["mappings"]["properties"]


def test_one_whole_document_for_an_article() -> None:
    original = articles()[0]
    message = emit(original, "ns")
    assert message.key == original.article_id.encode()
    assert dict(message.headers) == {
        "index": b"ns-news-articles-v1-2026.11",
        "version": b"1",
        "revision": b"1",
        "kept-in": b"ns-news-revisions-v1-2026.11",
    }
    document = Document.decode(message.value)
    assert document.model_dump(include=set(type(original).model_fields)) == original.model_dump()


def test_every_name_of_an_entity_is_searchable() -> None:
    document = Document.of(articles()[0])
    assert document.people == ["Volodymyr Zelensky"]
    assert document.people_text == ["Volodymyr Zelensky", "Zelenskyy"]
    assert document.organizations_text == ["European Union", "EU"]
    assert document.entities_text == [
        "Volodymyr Zelensky",
        "Zelenskyy",
        "Kyiv",
        "European Union",
        "EU",
    ]


async def test_one_spelling_finds_the_other_though_no_article_has_it(tmp_path: Path) -> None:
    writes_one = article(
        "talks",
        "Zelenskyy spoke. He thanked the US.",
        entities=[
            entity("Volodymyr Zelenskyy", "PER", "Q3874799", "Zelenskyy"),
            entity("Kyiv", "LOC", "Q1899", "Kyiv"),
            entity("United States", "LOC", "Q30", "US"),
        ],
    )
    (outcome,) = IndexDocument()(Message(writes_one.encode()))
    assert isinstance(outcome, Emit)
    publisher = SqlitePublisher(tmp_path / "store.db")
    await publisher.start()
    await publisher.publish([outcome])
    await publisher.stop()
    index = SqliteIndex(tmp_path / "store.db")
    for query in ("zelensky", "Зеленского", "person:zelensky", "kiev", "place:kiev", "zelenskyy"):
        assert (await index.search(query)).total == 1, query
    assert (await index.search("title:zelensky")).total == 0
    assert (await index.search("person:kiev")).total == 0
    await index.close()
    document = Document.decode(outcome.value)
    # Short names are common words; facets have the canonical name alone.
    assert "us" not in document.entities_text
    assert document.people == ["Volodymyr Zelenskyy"]


def test_an_unknown_entity_has_its_own_names() -> None:
    unknown = entity("Nobody Known", "PER", "wireroom:nobody-known", "Known")
    assert known_aliases(unknown) == ()


def test_the_month_is_that_of_utc() -> None:
    seen = datetime(2026, 12, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert IndexNames().month(seen) == "news-articles-v1-2026.11"


def test_a_deleted_article_is_written_as_one() -> None:
    message = emit(article("gone", "text", deleted=True))
    assert orjson.loads(message.value)["deleted"] is True


def test_an_article_that_cannot_be_read_is_refused() -> None:
    for value in (None, b"", b"{}", b"\xff"):
        with pytest.raises(PermanentError, match="invalid_message"):
            IndexDocument()(Message(value))


def test_the_strict_mapping_has_every_field_and_no_other() -> None:
    assert set(PROPERTIES) == set(Document.model_fields)
    models: dict[str, type[BaseModel]] = {
        "entities": Entity,
        "duplicate": Duplicate,
        "changes": Changes,
    }
    for name, model in models.items():
        assert set(PROPERTIES[name]["properties"]) == set(model.model_fields)
    # Mentions are kept, not searched.
    assert PROPERTIES["entities"]["properties"]["mentions"] == {"type": "object", "enabled": False}
    assert TEMPLATE["mappings"]["dynamic"] == "strict"


def test_how_sure_a_link_is_can_be_searched() -> None:
    mapped = PROPERTIES["entities"]["properties"]["confidence"]
    # Indexed and aggregated, as all numbers are that are not told otherwise.
    assert mapped == {"type": "float"}
    sure = entity("Kyiv", "LOC", "Q1899", "Kyiv").model_copy(update={"confidence": 0.25})
    written = orjson.loads(emit(article("sure", "Kyiv", entities=[sure])).value)
    assert [each["confidence"] for each in written["entities"]] == [0.25]


def test_places_are_points_with_the_latitude_first() -> None:
    kyiv = entity("Kyiv", "LOC", "Q1899", "Kyiv", at=(50.45, 30.52))
    lima = entity("Lima", "LOC", "Q2868", "Lima", at=(-12.05, -77.04))
    written = orjson.loads(emit(article("p", "Kyiv, Lima", entities=[kyiv, lima])).value)
    assert PROPERTIES["locations"] == {"type": "geo_point"}
    # The server reads a string as latitude, longitude and a list the other way round: so the
    # entities' own lists are kept with them and are no points.
    assert written["locations"] == ["50.45,30.52", "-12.05,-77.04"]
    assert [each["location"] for each in written["entities"]] == [[50.45, 30.52], [-12.05, -77.04]]
    own = PROPERTIES["entities"]["properties"]["location"]
    assert own == {"type": "float", "index": False, "doc_values": False}


def test_an_earlier_revision_has_the_fields_of_its_mapping() -> None:
    template = index_template("news-revisions", IndexNames("x"))["template"]
    mapping = template["mappings"]
    document = Document.of(article("r", "text \ud800", title="\udfff", revision=3, version=7))
    kept = orjson.loads(encode_kept(document))
    assert set(mapping["properties"]) == set(kept)
    assert mapping["dynamic"] == "strict"
    assert mapping["properties"]["document"] == {"type": "object", "enabled": False}
    assert template["aliases"] == {"x-news-revisions": {}}
    assert kept_id(document.article_id, 3) == f"{document.article_id}.r3"
    assert Document.model_validate(kept["document"]).revision == 3
    assert (kept["revision"], kept["version"], kept["deleted"]) == (3, 7, False)


def test_moments_are_mapped_as_dates() -> None:
    def is_moment(name: str) -> bool:
        hint = Document.model_fields[name].annotation
        return AwareDatetime in (hint, *typing.get_args(hint))

    moments = {name for name in PROPERTIES if is_moment(name)}
    dates = {name for name, spec in PROPERTIES.items() if spec.get("type") == "date"}
    assert dates == moments
    assert "published_at" in dates


def test_the_server_folds_the_quotes_and_dashes_that_we_fold() -> None:
    rules = TEMPLATE["settings"]["analysis"]["char_filter"]["fold"]["mappings"]
    mapped = {}
    for rule in rules:
        source, _, target = rule.partition("=>")
        mapped[source.strip().encode().decode("unicode_escape")] = target.strip()
    for char, target in mapped.items():
        assert comparable(f"a{char}b") == f"a{target}b"
    for number in (*range(0x20, 0x100), *range(0x2010, 0x2040), *range(0xFF00, 0xFF20)):
        char = chr(number)
        folded = comparable(f"a{char}b")[1:-1]
        if folded in ("'", '"', "-") and char != folded:
            assert mapped.get(char) == folded, f"U+{number:04X}"


def test_the_fields_that_queries_name_are_mapped() -> None:
    def fields(dsl: Any) -> set[str]:
        if isinstance(dsl, list):
            return {name for part in dsl for name in fields(part)}
        (kind, body), *_ = dsl.items()
        if kind == "bool":
            clauses = ("must", "must_not", "should")
            return {name for clause in clauses for name in fields(body.get(clause, []))}
        if kind == "multi_match":
            return {name.partition("^")[0] for name in body["fields"]}
        return set(body)

    for phrase in (False, True):
        for field in (None, *FIELDS):
            for path in fields(compile_elastic(Term("x", field, phrase))):
                name, _, inner = path.partition(".")
                assert name in PROPERTIES, path
                assert not inner or inner in PROPERTIES[name]["fields"], path
    assert TEMPLATE["settings"]["index"]["query.default_field"] == list(WEIGHTS)
    assert list(WEIGHTS.items()) == list(zip(COLUMNS, COLUMN_WEIGHTS, strict=True))[: len(WEIGHTS)]


def test_analyzers_and_normalizers_are_defined_beside_the_mapping() -> None:
    analysis = TEMPLATE["settings"]["analysis"]
    used: dict[str, set[str]] = {"analyzer": set(), "normalizer": set()}

    def walk(properties: dict[str, Any]) -> None:
        for spec in properties.values():
            for kind, names in used.items():
                if kind in spec:
                    names.add(spec[kind])
            walk(spec.get("fields", {}))
            walk(spec.get("properties", {}))

    walk(PROPERTIES)
    for kind, names in used.items():
        assert names == set(analysis[kind])
    # The small test distribution refuses anything but this in a normalizer.
    assert analysis["normalizer"]["folded"]["filter"] == ["lowercase"]


def test_definitions_are_put_under_the_namespace() -> None:
    names = IndexNames("x")
    template = index_template("news-articles", names)
    assert template["index_patterns"] == ["x-news-articles-v1-*"]
    assert template["composed_of"] == ["x-news-articles", "x-news-articles-lifecycle"]
    assert template["template"]["aliases"] == {"x-news-articles": {}}
    assert role("wireroom-indexer", names) == {
        "cluster": ["monitor"],
        "indices": [
            {"names": ["x-news-*"], "privileges": ["index", "create_index", "view_index_metadata"]},
            {
                "names": ["x-news-articles-v1-*", "x-news-revisions-v1-*"],
                "privileges": ["read"],
            },
        ],
    }
    assert index_template("news-articles", IndexNames())["index_patterns"] == ["news-articles-v1-*"]


def test_only_the_production_layer_needs_lifecycle_management() -> None:
    assert "lifecycle" not in orjson.dumps(TEMPLATE).decode()
    body = index_template("news-articles", IndexNames())
    assert body["ignore_missing_component_templates"] == ["news-articles-lifecycle"]
    layer = definition("production", "component-news-articles-lifecycle.json")
    assert layer["template"]["settings"]["index"] == {"lifecycle": {"name": "news-articles"}}
