"""What a name may stand for, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tagger.knowledge.base import KnowledgeBase
from services.tagger.knowledge.entity import Fit, Match, Record
from services.tagger.knowledge.writing import write_layer


def _person(entity_id: str, prior: float, *names: str, country: str | None = None) -> Record:
    return Record(entity_id, tuple((name, Fit.NAME) for name in names), "PER", "person", prior,
                  country, sources=("hand",))  # fmt: skip


def _place(entity_id: str, name: str, prior: float, country: str, region: str = "") -> Record:
    return Record(entity_id, ((name, Fit.NAME),), "LOC", "city", prior, country, region or None,
                  sources=("geonames",))  # fmt: skip


def _company(entity_id: str, *names: str, prior: float = 0.5) -> Record:
    kinds = [Fit.NAME, *(Fit.ACRONYM if n.isupper() else Fit.ALIAS for n in names[1:])]
    return Record(entity_id, tuple(zip(names, kinds, strict=True)), "ORG", "organization", prior,
                  "US", sources=("sp500",))  # fmt: skip


RECORDS = [
    _person("Q1", 0.95, "Volodymyr Zelenskyy", "Володимир Зеленський", country="UA"),
    _person("Q2", 0.95, "Joe Biden", "Joseph Biden", country="US"),
    _person("Q3", 0.4, "Jill Biden", country="US"),
    _person("Q4", 0.9, "Vladimir Putin", "Владимир Путин", country="RU"),
    _person("Q5", 0.3, "Anna Wood", country="GB"),
    _person("Q19", 0.7, "Denys Shmyhal", country="UA"),
    _place("Q6", "Paris", 0.9, "FR", "Île-de-France"),
    _place("Q7", "Paris", 0.1, "US", "Texas"),
    _place("Q8", "Kharkiv", 0.8, "UA"),
    _place("Q9", "Saint Petersburg", 0.85, "RU"),
    _place("Q10", "Wales", 0.8, "GB"),
    _place("Q11", "Nice", 0.4, "FR"),
    Record("Q12", (("France", Fit.NAME),), "LOC", "country", 1.0, "FR", sources=("rigour",)),
    _company("Q13", "Apple", "AAPL"),
    _company("Q14", "McDonald's"),
    _company("Q15", "National Aeronautics and Space Administration", "NASA"),
    _company("Q16", "AT&T Inc."),
    _company("Q17", "The Boeing Company"),
    Record("Q18", (("United Nations Security Council", Fit.NAME), ("Security Council", Fit.SHORT),
                   ("UN", Fit.ACRONYM)),
           "ORG", "organization", 0.95, sources=("hand",)),
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    path = tmp_path_factory.mktemp("kb") / "base.kb"
    write_layer(path, RECORDS)
    return KnowledgeBase([path])


@pytest.mark.parametrize(
    ("name", "entity_id", "match"),
    [
        ("Volodymyr Zelenskyy", "Q1", Match.EXACT),
        ("VOLODYMYR ZELENSKYY", "Q1", Match.CASE),
        ("Volodymyr Zelensky", "Q1", Match.FOLDED),
        ("Volodymyr Zelenskiy", "Q1", Match.FOLDED),
        ("Wolodymyr Selenskyj", "Q1", Match.FOLDED),
        ("Володимира Зеленського", "Q1", Match.INFLECTED),
        ("Владимиру Путину", "Q4", Match.INFLECTED),
        ("Wladimir Putin", "Q4", Match.FOLDED),
        ("Joseph R. Biden", "Q2", Match.INITIALS),
        ("Joseph Robinette Biden Jr.", "Q2", Match.INITIALS),
        ("Joe Biden's", "Q2", Match.FOLDED),
        ("UN's", "Q18", Match.FOLDED),
        ("NASA’s", "Q15", Match.FOLDED),
        ("Vladimir Vladimirovich Putin", "Q4", Match.INITIALS),
        ("V. Putin", "Q4", Match.INITIALS),
        ("Denis Schmyhal", "Q19", Match.FOLDED),
        ("Денис Шмигаль", "Q19", Match.FOLDED),
        ("Charkiw", "Q8", Match.FOLDED),
        ("Харків", "Q8", Match.FOLDED),
        ("Харкова", "Q8", Match.INFLECTED),
        ("St. Petersburg", "Q9", Match.FOLDED),
        ("Saint-Petersburg", "Q9", Match.EXACT),
        ("Apple Inc.", "Q13", Match.FOLDED),
        ("APPLE", "Q13", Match.CASE),
        ("McDonald’s", "Q14", Match.EXACT),
        ("N.A.S.A.", "Q15", Match.EXACT),
        ("AT&T", "Q16", Match.FOLDED),
        ("Boeing", "Q17", Match.FOLDED),
        ("Paris, Texas", "Q7", Match.EXACT),
        ("Paris, France", "Q6", Match.EXACT),
        ("Security Council", "Q18", Match.EXACT),
    ],
)
def test_spellings_find_their_entity(
    base: KnowledgeBase, name: str, entity_id: str, match: Match
) -> None:
    first = base.candidates(name)[0]
    assert (first.entity.id, first.match) == (entity_id, match)


@pytest.mark.parametrize(
    "name",
    ["", " ", "…", "Vales", "Anna Vood", "Niece", "NASAA", "Un", "Joe", "J. Smith", "Apple Pie",
     "Kharkiv Oblast", "Paris, Ohio", "Путана", "Bidden", "A. Wales", "x" * 10_000],
)  # fmt: skip
def test_names_that_nothing_bears_find_nothing(base: KnowledgeBase, name: str) -> None:
    assert base.candidates(name) == []


def test_namesakes_are_ordered_by_prior(base: KnowledgeBase) -> None:
    assert [c.entity.id for c in base.candidates("Paris")] == ["Q6", "Q7"]


def test_candidates_tell_which_name_fits_and_how(base: KnowledgeBase) -> None:
    (candidate,) = base.candidates("Security Council")
    assert (candidate.alias, candidate.fit) == ("Security Council", Fit.SHORT)
    assert candidate.entity.sources == ("hand",)
    assert candidate.entity.layer == "base.kb"
    (candidate,) = base.candidates("nasa")
    assert (candidate.alias, candidate.fit, candidate.match) == ("NASA", Fit.ACRONYM, Match.CASE)


def test_exact_goes_before_folded_whatever_the_prior(tmp_path: Path) -> None:
    write_layer(
        tmp_path / "base.kb", [_company("Q1", "Bath Ltd", prior=0.9), _place("Q2", "Bath", 0.1, "")]
    )
    found = KnowledgeBase([tmp_path / "base.kb"]).candidates("Bath")
    assert [(c.entity.id, c.match) for c in found] == [("Q2", Match.EXACT), ("Q1", Match.FOLDED)]


def test_surnames_find_the_best_known_first(base: KnowledgeBase) -> None:
    assert [entity.name for entity in base.surname("Biden")] == ["Joe Biden", "Jill Biden"]
    assert [entity.name for entity in base.surname("Zelensky")] == ["Volodymyr Zelenskyy"]
    assert base.surname("Vood") == base.surname("Paris") == base.surname("") == []


def test_entities_are_found_by_index_and_id(base: KnowledgeBase) -> None:
    (found,) = base.by_id("Q8")
    assert base.entity(found.index) == found
    assert base.by_id("Q999") == base.by_id("wireroom:nobody") == base.by_id("") == []
    for index in (-1, len(base)):
        with pytest.raises(IndexError, match=f"no entity {index}"):
            base.entity(index)


def test_all_layers_speak_the_first_before_the_second(tmp_path: Path) -> None:
    write_layer(tmp_path / "one.kb", [_place("Q1", "Springfield", 0.5, "US")])
    write_layer(
        tmp_path / "two.kb",
        [_place("Q1", "Springfeld", 0.9, "US"), _place("Q2", "Springfield", 0.6, "US")],
    )
    base = KnowledgeBase([tmp_path / "one.kb", tmp_path / "two.kb"])
    assert [c.entity.id for c in base.candidates("Springfield")] == ["Q2", "Q1"]
    assert base.by_id("Q1")[0].name == "Springfield"
    assert [base.entity(i).layer for i in range(len(base))] == ["one.kb", "two.kb", "two.kb"]
    assert {name for name, _ in base.names(base.by_id("Q1")[0])} == {"Springfield", "Springfeld"}
    alone = KnowledgeBase([tmp_path / "one.kb"])
    assert len({base.version, alone.version}) == 2


@given(st.text(max_size=80))
def test_any_text_may_be_asked_for(base: KnowledgeBase, text: str) -> None:
    found = base.candidates(text)
    assert found == sorted(found, key=lambda candidate: candidate.rank)
    assert base.candidates(text) == found
