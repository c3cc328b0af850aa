"""From names to entities: who is meant, how that was found, and what nobody knows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tagger.knowledge.base import KnowledgeBase, open_base
from services.tagger.linking.resolver import Resolver
from services.tagger.spans import Span
from shared.events import Entity, EntityType
from tests.unit.marked import marked


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return open_base()


def linked(base: KnowledgeBase, text: str, title: str = "") -> dict[str, Entity]:
    """The entities of a marked text by id."""
    head, head_spans = marked(title)
    body, body_spans = marked(text)
    entities = Resolver(base).entities(head, body, [head_spans, body_spans])
    for entity in entities:
        for mention in entity.mentions:
            field = head if mention.field == "title" else body
            assert field[mention.start : mention.end] == mention.text
    return {entity.entity_id: entity for entity in entities}


def test_all_spellings_of_one_person_are_one_entity(base: KnowledgeBase) -> None:
    text = "[PER|Volodymyr Zelensky], [PER|Zelenskyy], [PER|Володимира Зеленського]."
    found = linked(base, text, "[PER|ZELENSKY] speaks")
    assert list(found) == ["Q3874799"]
    entity = found["Q3874799"]
    assert (entity.name, entity.type, entity.linked_by) == (
        "Volodymyr Zelenskyy",
        "PER",
        "alias",
    )
    assert entity.confidence > 0.9
    assert [m.text for m in entity.mentions] == [
        "ZELENSKY",
        "Volodymyr Zelensky",
        "Zelenskyy",
        "Володимира Зеленського",
    ]


def test_a_place_has_coordinates_and_a_country(base: KnowledgeBase) -> None:
    (entity,) = linked(base, "in [LOC|Kyiv]").values()
    assert entity.entity_id == "Q1899"
    assert entity.country == "UA"
    assert entity.location == pytest.approx((50.45, 30.52), abs=0.05)


def test_a_people_is_an_entity_beside_its_country(base: KnowledgeBase) -> None:
    text, spans = marked("[NORP|Ukrainian] troops in [LOC|Ukraine]")
    entities = Resolver(base).entities("", text, [[], spans])
    assert {(e.entity_id, e.type, e.linked_by) for e in entities} == {
        ("Q212", "NORP", "demonym"),
        ("Q212", "LOC", "alias"),
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[LOC|Atlanta], [LOC|Georgia], and [LOC|Savannah]", "Q1428"),
        ("[LOC|Tbilisi], the capital of [LOC|Georgia]", "Q230"),
        ("in [LOC|Paris], [LOC|Texas]", "geonames:4717560"),
        ("in [LOC|Paris]", "Q90"),
    ],
)
def test_neighbours_tell_which_place_is_meant(base: KnowledgeBase, text: str, wanted: str) -> None:
    assert wanted in linked(base, text)


def test_what_nobody_knows_has_an_id_of_its_own_in_every_article(base: KnowledgeBase) -> None:
    first = linked(base, "[PER|Zebulon Qwertz] of the [ORG|Qwertz Grain Board] ([ORG|QGB]) said")
    second = linked(base, "Then [PER|Qwertz] came.", "[PER|ZEBULON QWERTZ]")
    assert set(first) == {"wireroom:per-zebulon-qwertz", "wireroom:org-qwertz-grain-board"}
    assert set(second) == {"wireroom:per-zebulon-qwertz"}
    person = first["wireroom:per-zebulon-qwertz"]
    assert (person.linked_by, person.confidence, person.name) == ("nil", 0.5, "Zebulon Qwertz")


def test_a_lesser_namesake_of_an_office_holder_is_not_taken_for_another_type(
    base: KnowledgeBase,
) -> None:
    (entity,) = linked(base, "[PER|Kent] said no").values()
    assert entity.type == "PER"


def test_an_initial_does_not_end_a_name(base: KnowledgeBase) -> None:
    text = "Lawyer Zed Q. Qwertz and St. Petersburg"
    spans = [
        Span(7, 12, "PER", 0.9),
        Span(14, 20, "PER", 0.9),
        Span(25, 28, "LOC", 0.9),
        Span(29, 39, "LOC", 0.9),
    ]
    entities = Resolver(base).entities("", text, [[], spans])
    assert {m.text for e in entities for m in e.mentions} == {"Zed Q. Qwertz", "St. Petersburg"}


def test_joined_places_are_two(base: KnowledgeBase) -> None:
    assert set(linked(base, "the [LOC|Ukraine-Belarus] border")) == {"Q212", "Q184"}
    assert set(linked(base, "in the [LOC|Donbas’ Donetsk] province")) >= {"wireroom:donbas"}
    assert set(linked(base, "in [LOC|Ivano-Frankivsk]")) == {"Q156726"}


def test_what_has_no_capital_and_no_entry_is_no_name(base: KnowledgeBase) -> None:
    assert linked(base, "the [LOC|beleaguered] town of [LOC|qwertzburg]") == {}


def test_the_title_and_the_first_lines_make_salience(base: KnowledgeBase) -> None:
    text = "[LOC|Kyiv] fell silent. " + "Nothing. " * 100 + "[LOC|Oslo] did not."
    found = list(linked(base, text, "[LOC|Kyiv]").values())
    assert [entity.name for entity in found] == ["Kyiv", "Oslo"]
    assert found[0].salience > 0.9 > 0.4 > found[1].salience


def test_the_order_of_articles_changes_nothing(base: KnowledgeBase) -> None:
    texts = [
        "[PER|Biden] met [PER|Hunter Biden] in [LOC|Washington]",
        "[ORG|UN] and [ORG|United Nations] in [LOC|Georgia]",
        "[LOC|Atlanta], [LOC|Georgia]",
    ]
    alone = [linked(open_base(), text) for text in texts]
    together = Resolver(base)
    for text, wanted in reversed(list(zip(texts, alone, strict=True))):
        body, spans = marked(text)
        entities = together.entities("", body, [[], spans])
        assert {e.entity_id: e for e in entities} == wanted


def test_many_thousand_names_are_linked_in_the_end(base: KnowledgeBase) -> None:
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefgh", k=6)).title() for _ in range(20_000)]
    text = " ".join(words)
    spans, start = [], 0
    for number, word in enumerate(words):
        kind: EntityType = ("PER", "ORG", "LOC")[number % 3]
        spans.append(Span(start, start + len(word), kind, 0.9))
        start += len(word) + 1
    entities = Resolver(base).entities("", text, [[], spans])
    assert sum(len(entity.mentions) for entity in entities) == len(words)


_NAME = st.sampled_from(
    [
        "Kyiv",
        "Joe Biden",
        "Biden",
        "UN",
        "U.N.",
        "Georgia",
        "the US",
        "Żółć",
        "أحمد",
        "王",
        "e\u0301A",
    ]
)
_KIND: st.SearchStrategy[EntityType] = st.sampled_from(["PER", "ORG", "LOC", "NORP", "MISC"])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([" ", "\n", "\r\n", ", ", " (", "😀", "‮"]), _NAME, _KIND))
)
def test_whatever_the_names_mentions_are_exact_and_the_same_twice(
    parts: list[tuple[str, str, EntityType]],
) -> None:
    base = open_base()
    text, spans = "", []
    for gap, name, kind in parts:
        text += gap
        spans.append(Span(len(text), len(text) + len(name), kind, 0.6))
        text += name
    entities = Resolver(base).entities("", text, [[], spans])
    assert entities == Resolver(base).entities("", text, [[], spans])
    taken: set[int] = set()
    for entity in entities:
        assert 0 <= entity.confidence <= 1
        for mention in entity.mentions:
            assert text[mention.start : mention.end] == mention.text
            places = set(range(mention.start, mention.end))
            assert taken.isdisjoint(places)
            taken |= places
    assert len({(e.entity_id, e.type) for e in entities}) == len(entities)
