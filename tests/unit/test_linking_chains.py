"""Names that name the same one in an article, by the names alone."""

from __future__ import annotations

import pytest

from services.tagger.knowledge.base import KnowledgeBase, open_base
from services.tagger.linking.chains import chains
from services.tagger.linking.mentions import Found, places
from tests.unit.marked import marked


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return open_base()


def article(written: str) -> Found:
    """The places of a text with names marked ``[PER|Jane Roe]``."""
    text, spans = marked(written)
    return places(["", text], [[], spans])


def named(written: str, base: KnowledgeBase) -> list[list[str]]:
    return [[place.text for place in chain.places] for chain in chains(article(written), base)]


def test_a_surname_follows_its_full_name(base: KnowledgeBase) -> None:
    text = "[PER|Jane Q. Roe] met [PER|Ole Bjørn]. [PER|Roe] left. [PER|Bjorn] and [PER|Jane Roe]"
    assert named(text, base) == [["Jane Q. Roe", "Roe", "Jane Roe"], ["Ole Bjørn", "Bjorn"]]


def test_two_with_one_surname_are_told_apart_by_who_was_named_last(base: KnowledgeBase) -> None:
    text = "[PER|Ann Roe] came. [PER|Roe] sang. [PER|Bob Roe] left; [PER|Roe] wept. [PER|Ann Roe]"
    assert named(text, base) == [["Ann Roe", "Roe", "Ann Roe"], ["Bob Roe", "Roe"]]


def test_a_short_form_in_the_title_is_the_first_full_one(base: KnowledgeBase) -> None:
    assert named("[PER|Roe] wins\n\n[PER|Ann Roe] won.", base) == [["Roe", "Ann Roe"]]


def test_particles_and_given_names(base: KnowledgeBase) -> None:
    text = "[PER|Ada van der Berg] came. [PER|Van der Berg] and [PER|Berg] and [PER|Ada]."
    (chain,) = named(text, base)
    assert len(chain) == 4


def test_a_surname_goes_before_a_given_name(base: KnowledgeBase) -> None:
    text = "[PER|Martin Roe] and [PER|Ann Martin] met. [PER|Martin] left."
    assert named(text, base) == [["Martin Roe"], ["Ann Martin", "Martin"]]


def test_whoever_is_known_by_a_short_name_keeps_it_before_a_namesake_comes(
    base: KnowledgeBase,
) -> None:
    text = "[PER|Biden] spoke. His son [PER|Hunter Biden] did not."
    assert named(text, base) == [["Biden"], ["Hunter Biden"]]


def test_a_surname_taken_for_a_town_is_the_person(base: KnowledgeBase) -> None:
    text = "[PER|Oleksiy Qulebov] spoke. [LOC|Qulebov] said no."
    assert named(text, base) == [["Oleksiy Qulebov", "Qulebov"]]
    text = "[PER|Ann Paris] spoke in [LOC|Paris]."
    assert named(text, base) == [["Ann Paris"], ["Paris"]]


def test_acronyms_of_names_that_nobody_knows(base: KnowledgeBase) -> None:
    text = "[ORG|Zubrowka Grain and Oil Board] met. The [ORG|ZGOB] said."
    assert named(text, base) == [["Zubrowka Grain and Oil Board", "ZGOB"]]
    text = "[ORG|Nordisk Fiskeriråd] (NFX) met. [ORG|NFX] said."
    assert named(text, base) == [["Nordisk Fiskeriråd", "NFX", "NFX"]]


def test_an_acronym_that_is_known_for_another_is_not_taken(base: KnowledgeBase) -> None:
    text = "[ORG|Northern Apple Traders Organisation] met [ORG|NATO]."
    assert named(text, base) == [["Northern Apple Traders Organisation"], ["NATO"]]


def test_part_of_an_organization_that_nobody_knows(base: KnowledgeBase) -> None:
    text = "[ORG|Zubrowka Grain Commission] met. The [ORG|Grain Commission] and [ORG|Commission]."
    assert named(text, base) == [["Zubrowka Grain Commission", "Grain Commission", "Commission"]]


def test_the_last_word_of_an_organization_is_it_whoever_else_is_called_so(
    base: KnowledgeBase,
) -> None:
    text = "[ORG|Manchester United] won; [PER|Ann Roe] scored for [ORG|United]."
    assert named(text, base) == [["Manchester United", "United"], ["Ann Roe"]]
    assert len(named("[ORG|United] and [ORG|Manchester United] met.", base)) == 2


def test_a_large_place_is_no_organization_that_is_named_only_later(base: KnowledgeBase) -> None:
    text = "[LOC|Moscow], [ORG|Idaho]; the [ORG|University of Idaho] closed."
    assert named(text, base) == [["Moscow"], ["Idaho"], ["University of Idaho"]]


def test_a_people_is_not_its_country(base: KnowledgeBase) -> None:
    assert len(named("[LOC|Georgia] and [NORP|Georgia]", base)) == 2


def test_many_names_take_no_more_than_their_number(base: KnowledgeBase) -> None:
    text = " ".join(f"[PER|Ann Zq{n}x Roe] [PER|Roe]" for n in range(2000))
    found = chains(article(text), base)
    assert sum(len(chain.places) for chain in found) == 4000
    assert len(found) == 2000
