"""The files of the knowledge base that are shipped."""

from __future__ import annotations

import pytest

from services.tagger.knowledge.base import SHIPPED, KnowledgeBase, open_base
from services.tagger.knowledge.entity import Fit, Match


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return open_base()


def test_a_hundred_thousand_entities_fit_in_little_space(base: KnowledgeBase) -> None:
    assert len(base) >= 100_000
    assert sum(path.stat().st_size for path in SHIPPED) < 13_000_000


def test_share_alike_data_is_in_its_own_file_alone(base: KnowledgeBase) -> None:
    free = (base.entity(index) for index in range(len(base)))
    assert not any("dr5hn" in entity.sources for entity in free if entity.layer == "base.kb")


@pytest.mark.parametrize(
    ("names", "entity_id", "entity_type"),
    [
        ("Volodymyr Zelensky|Zelenskyy|Selenskyj|Зеленський|Зеленского", "Q3874799", "PER"),
        ("Vladimir Putin|Putin|Wladimir Putin|V. Putin|Владимира Путина|Путін", "Q7747", "PER"),
        ("Joe Biden|Joseph R. Biden|Biden|J. Biden", "Q6279", "PER"),
        ("Donald Trump|Donald J. Trump", "Q22686", "PER"),
        ("Olaf Scholz", "Q61053", "PER"),
        ("Emmanuel Macron", "Q3052772", "PER"),
        ("Viktor Orbán|Viktor Orban|Victor Orban", "Q57641", "PER"),
        ("Angela Merkel", "Q567", "PER"),
        ("Xi Jinping", "Q15031", "PER"),
        ("Alexander Lukashenko|Lukaschenko", "Q2866", "PER"),
        ("Serena Williams", "Q11459", "PER"),
        ("Ukraine|Ukraine's|УКРАИНА|Україна", "Q212", "LOC"),
        ("Ukrainians|Ukrainian", "Q212", "NORP"),
        ("United States|U.S.|US|USA", "Q30", "LOC"),
        ("Kyiv|Kiev|Київ|Києві", "Q1899", "LOC"),
        ("Kharkiv|Charkiw|Kharkov|Харків", "Q42308", "LOC"),
        ("Mariupol|Маріуполь|Мариуполя", "Q37133", "LOC"),
        ("Moscow", "Q649", "LOC"),
        ("Berlin", "Q64", "LOC"),
        ("Paris", "Q90", "LOC"),
        ("London", "Q84", "LOC"),
        ("Warsaw", "Q270", "LOC"),
        ("New York|New York City", "Q60", "LOC"),
        ("Texas", "Q1439", "LOC"),
        ("Denton, Texas", "Q128306", "LOC"),
        ("Saint Petersburg|St. Petersburg|St Petersburg", "Q656", "LOC"),
        ("United Nations|UN|U.N.", "Q1065", "ORG"),
        ("NATO|Nato", "Q7184", "ORG"),
        ("International Monetary Fund|IMF", "Q7804", "ORG"),
        ("European Union|EU", "Q458", "ORG"),
        ("Apple|Apple Inc.", "Q312", "ORG"),
        ("Microsoft|Microsoft Corp.", "Q2283", "ORG"),
        ("Google", "Q95", "ORG"),
        ("The Guardian|Guardian", "Q11148", "ORG"),
        ("University of Oxford", "Q34433", "ORG"),
        ("Manchester United|Manchester United FC", "Q18656", "ORG"),
        ("World War II", "Q362", "EVENT"),
    ],
)
def test_well_known_names_stand_for_what_they_mean(
    base: KnowledgeBase, names: str, entity_id: str, entity_type: str
) -> None:
    for name in names.split("|"):
        first = base.candidates(name)[0].entity
        assert (name, first.id, first.type) == (name, entity_id, entity_type)


def test_a_short_form_says_that_it_needs_the_full_name(base: KnowledgeBase) -> None:
    club = next(c for c in base.candidates("Arsenal") if c.entity.id == "Q9617")
    assert (club.match, club.fit) == (Match.EXACT, Fit.SHORT)


@pytest.mark.parametrize("name", ["Vales", "Brxqt", "Qwertz GmbH", "Jane Q. Nobody-Whatsoever"])
def test_unknown_names_stay_unknown(base: KnowledgeBase, name: str) -> None:
    assert base.candidates(name) == []


def test_every_entity_is_found_by_its_id_and_its_name(base: KnowledgeBase) -> None:
    for index in range(0, len(base), 997):
        entity = base.entity(index)
        assert entity in base.by_id(entity.id)
        named = {(c.entity.id, c.entity.type) for c in base.candidates(entity.name)}
        assert (entity.id, entity.type) in named
