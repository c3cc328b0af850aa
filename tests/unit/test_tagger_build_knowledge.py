"""How the knowledge base is put together from its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.tagger.build import main
from services.tagger.builder.pool import Item, Pool
from services.tagger.builder.titles import Title, Titles
from services.tagger.knowledge.base import KnowledgeBase
from services.tagger.knowledge.entity import Entity, Fit
from tests.unit.knowledge_sources import make_sources


def _build(folder: Path) -> KnowledgeBase:
    source, hand, linking = make_sources(folder)
    arguments = [str(source), "--hand", str(hand), "--linking", str(linking)]
    assert main([*arguments, "--output", str(folder / "out")]) == 0
    return KnowledgeBase([folder / "out" / "base.kb", folder / "out" / "cities-odbl.kb"])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return _build(tmp_path_factory.mktemp("built"))


def _one(base: KnowledgeBase, name: str) -> Entity:
    (candidate,) = base.candidates(name)
    return candidate.entity


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _build(tmp_path / name)
    for name in ("base.kb", "cities-odbl.kb"):
        assert len({(tmp_path / n / "out" / name).read_bytes() for n in ("one", "two")}) == 1


@pytest.mark.parametrize(
    ("name", "entity_id", "entity_type", "sources"),
    [
        ("Ukrainian", "Q212", "NORP", {"hand"}),
        ("Barack Obama", "Q76", "PER", {"fb15k", "gum"}),
        # Of two types that are told of one item the first one's holds.
        ("Apple", "Q312", "ORG", {"hand", "fb15k", "sp500", "financedb"}),
        ("El Paso, Texas", "Q16562", "LOC", {"geonames", "fb15k", "yago"}),
        ("Kyiv", "Q1899", "LOC", {"geonames", "whosonfirst"}),
        ("Texan Institute of Rain", "ror:0006s4z66", "ORG", {"ror"}),
        ("Kyiv Rain University", "Q900", "ORG", {"ror", "universities"}),
        ("Friends of All Rain", "Q901", "ORG", {"gum"}),
        ("FAR", "Q901", "ORG", {"gum"}),
        ("Salome Zourabichvili", "Q1", "PER", {"hand", "factbook"}),
        ("Mikheil Kavelashvili", "wireroom:mikheil-kavelashvili", "PER", {"factbook"}),
        ("Irakli Rainidze", "wireroom:irakli-rainidze", "PER", {"factbook"}),
        ("Dream of Rain", "wireroom:dream-of-rain", "ORG", {"factbook"}),
        ("Eduard Rainadze", "wireroom:eduard-rainadze", "PER", {"reign"}),
        ("Anna Q. Wood", "wireroom:anna-wood-politician", "PER", {"congress"}),
        ("Rain Mills Ltd", "wireroom:rain-mills-ltd", "ORG", {"financedb"}),
        ("University of Rain", "wireroom:university-of-rain", "ORG", {"universities"}),
        ("FC Rain Kyiv", "wireroom:fc-rain-kyiv", "ORG", {"openfootball"}),
        ("Roman Salenko", "wireroom:roman-salenko", "PER", {"openfootball"}),
        ("Stan Wood", "wireroom:stan-wood-footballer", "PER", {"yago"}),
        ("Anna Rainer", "wireroom:anna-rainer", "PER", {"yago"}),
        ("Rain F.C.", "wireroom:rain-fc", "ORG", {"yago"}),
        ("Battle of Rain", "wireroom:battle-of-rain", "EVENT", {"yago"}),
        ("Alan Rain", "Q23547", "PER", {"fb15k"}),
        ("World War II", "Q362", "EVENT", {"fb15k"}),
        ("Rain County, Texas", "wireroom:rain-county-texas", "LOC", {"geonames"}),
        ("Guria", "wireroom:guria", "LOC", {"geonames"}),
        ("Rainivka", "geonames:5", "LOC", {"whosonfirst"}),
        ("Raini", "Q4242", "LOC", {"dr5hn"}),
        ("Tbilisi Region", "Q994", "LOC", {"dr5hn"}),
    ],
)
def test_things_have_the_surest_id_and_all_who_know_them(
    base: KnowledgeBase, name: str, entity_id: str, entity_type: str, sources: set[str]
) -> None:
    entity = base.candidates(name)[0].entity
    assert (entity.id, entity.type) == (entity_id, entity_type)
    assert set(entity.sources) >= sources


@pytest.mark.parametrize(
    "name",
    ["Silsila", "Roman Rainer", "Rain Devices", "BOND", "Very Old", "Old Player", "Truman",
     "Selva and Rainer", "actor", "Nowhere", "Rohingya", "Elsewhere County"],
)  # fmt: skip
def test_what_is_no_one_thing_for_sure_is_left_out(base: KnowledgeBase, name: str) -> None:
    assert base.candidates(name) == []


def test_share_alike_data_stands_in_its_own_file(base: KnowledgeBase) -> None:
    layers = {base.entity(i).layer for i in range(len(base)) if "dr5hn" in base.entity(i).sources}
    assert layers == {"cities-odbl.kb"}
    assert _one(base, "Raini").location == (41.6, 44.7)


def test_a_state_is_not_the_country_of_its_name(base: KnowledgeBase) -> None:
    found = [candidate.entity.id for candidate in base.candidates("Georgia")]
    assert found == ["Q230", "Q1428"]


def test_a_country_is_read_at_the_end_of_a_description_only(base: KnowledgeBase) -> None:
    countries = {c.entity.id: c.entity.country for c in base.candidates("Rain County")}
    assert countries == {"Q490": None, "wireroom:rain-county-texas": "US"}


def test_names_of_places_mean_an_organization_beside_its_full_name_only(
    base: KnowledgeBase,
) -> None:
    place, university = base.candidates("El Paso")
    assert (place.entity.type, place.fit) == ("LOC", Fit.NAME)
    assert (university.entity.id, university.fit) == ("Q777403", Fit.SHORT)
    (club,) = (c for c in base.candidates("Rain") if c.entity.id == "wireroom:fc-rain-kyiv")
    assert club.fit is Fit.SHORT


def test_what_is_written_by_hand_wins(base: KnowledgeBase) -> None:
    leader = _one(base, "Zourabichvili")
    assert leader.prior == pytest.approx(0.95, abs=1e-4)
    others = [base.entity(index) for index in range(len(base))]
    assert all(e.prior < 0.81 for e in others if e.kind == "person" and "hand" not in e.sources)


def test_more_sources_raise_the_prior() -> None:
    pool = Pool()
    pool.add(Item(None, "Jane Roe", "PER", "person", 0.3, "yago"))
    pool.add(Item("Q5", "Jane Roe", "PER", "person", 0.2, "gum"))
    ((_, record),) = pool.records()
    assert (record.id, record.prior, record.sources) == ("Q5", 0.34, ("gum", "yago"))


def test_a_local_id_written_by_hand_gives_way_to_a_known_item() -> None:
    pool = Pool()
    for entity_id, at in (("wireroom:rain", (50.0, 30.0)), ("Q7", (50.1, 30.1)), ("Q8", (51, 31))):
        source = "gum" if entity_id[0] == "Q" else "hand"
        pool.add(Item(entity_id, "Rain", "LOC", "place", 0.9, source, country="UA", at=at,
                      fixed=source == "hand"))  # fmt: skip
    assert [(r.id, r.sources) for _, r in pool.records()] == [
        ("Q7", ("gum", "hand")), ("Q8", ("gum",)),
    ]  # fmt: skip


def test_what_is_written_by_hand_later_speaks_for_what_was_read() -> None:
    pool = Pool()
    pool.add(Item("Q7", "Rain", "LOC", "city", 0.1, "geonames", country="UA", at=(50.1, 30.1)))
    pool.add(Item("wireroom:rain", "Rain", "LOC", "place", 0.9, "hand", country="UA",
                  at=(50.0, 30.0), fixed=True))  # fmt: skip
    ((_, record),) = pool.records()
    assert (record.id, record.kind, record.prior) == ("Q7", "place", 0.9)


def test_things_of_one_name_with_other_ids_or_countries_stay_apart() -> None:
    pool = Pool()
    for entity_id, country, kind in (
        ("Q1", None, "PER"), ("Q2", None, "PER"), (None, "US", "ORG"), (None, "FR", "ORG"),
        (None, None, "LOC"), (None, None, "LOC"),
    ):  # fmt: skip
        pool.add(Item(entity_id, "Alex Rain", kind, "x", 0.2, "s", country=country))  # type: ignore[arg-type]
    ids = [record.id for _, record in pool.records()]
    assert ids == ["Q1", "Q2", "wireroom:alex-rain", "wireroom:alex-rain-fr",
                   "wireroom:alex-rain", "wireroom:alex-rain-x"]  # fmt: skip


TITLES = Titles({"Anna", "David"}, {"Wood", "Butler"}, {"Texas": "US", "Croatia": "HR"})


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Anna Wood", Title("Anna Wood", "PER", "person")),
        ("Anna von der Wood", Title("Anna von der Wood", "PER", "person")),
        ("David Butler (director)", Title("David Butler", "PER", "person", None, True)),
        ("David Butler, Jr.", Title("David Butler Jr.", "PER", "person")),
        ("Denton, Texas", Title("Denton", "LOC", "place", "Texas", True)),
        ("Denton County, Texas", Title("Denton County", "LOC", "place", "Texas", True)),
        ("Rovinj County (Croatia)", Title("Rovinj County", "LOC", "place", "Croatia", True)),
        ("Ashton United F.C.", Title("Ashton United F.C.", "ORG", "organization")),
        ("Suriname national football team",
         Title("Suriname national football team", "ORG", "organization")),
        ("Rain (company)", Title("Rain", "ORG", "organization", None, True)),
        ("Pardubice Airport", Title("Pardubice Airport", "FACILITY", "place")),
        ("1991 uprising in Kirkuk", Title("1991 uprising in Kirkuk", "EVENT", "event")),
        ("Chadian Civil War", Title("Chadian Civil War", "EVENT", "event")),
        ("Battle of Gravelotte", Title("Battle of Gravelotte", "EVENT", "event")),
        ("Anna Wood (film)", None),
        ("Silsila", None),
        ("Democrats (Croatia)", None),
        ("Path to War", None),
        ("Nadar Rain", None),
        ("Anna Medal", None),
        ("Duke of Croatia, Texan", None),
    ],
)  # fmt: skip
def test_titles_tell_a_type_by_their_shape(title: str, read: Title | None) -> None:
    assert TITLES.read(title) == read
