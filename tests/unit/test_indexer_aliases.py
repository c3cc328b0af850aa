"""Under which names an entity is found, with the shipped knowledge base and a user's own names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.indexer import aliases
from services.indexer.aliases import MOST, SHORTEST, known_aliases
from services.tagger.knowledge import overlay
from services.tagger.knowledge.entity import Fit
from shared.errors import SettingsError
from shared.events import EntityType
from tests.search_contract import entity

ENTITIES = "WIREROOM_TAGGER_ENTITIES"


@pytest.fixture(autouse=True)
def opened_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The base of each test's settings, and not of those before it."""

    def forget() -> None:
        aliases._base.cache_clear()
        aliases._names.cache_clear()

    monkeypatch.delenv(ENTITIES, raising=False)
    forget()
    yield
    forget()


def names_of(name: str, type_: EntityType, id_: str) -> tuple[str, ...]:
    return known_aliases(entity(name, type_, id_, name))


def test_names_of_all_spellings() -> None:
    names = names_of("Volodymyr Zelenskyy", "PER", "Q3874799")
    assert {"Volodymyr Zelensky", "Zelenskiy", "Володимир Зеленський"} <= set(names)


def test_a_country_and_its_people_have_their_own_names() -> None:
    country = names_of("Ukraine", "LOC", "Q212")
    people = names_of("Ukrainian", "NORP", "Q212")
    assert "Україна" in country
    assert "Ukrainians" in people
    assert not set(country) & set(people)
    assert names_of("Ukraine", "PRODUCT", "Q212") == ()


def test_names_that_others_share_are_none() -> None:
    (known,) = (e for e in aliases._base().by_id("Q37470") if e.type == "ORG")
    shared = {n for n, fit in aliases._base().names(known) if fit in (Fit.SHORT, Fit.ACRONYM)}
    assert "Security Council" in shared
    assert not shared & set(names_of("United Nations Security Council", "ORG", "Q37470"))


def test_names_are_bounded_in_number_and_not_short() -> None:
    base = aliases._base()
    most = max((base.entity(i) for i in range(3000)), key=lambda e: len(base.names(e)))
    assert len(base.names(most)) > MOST
    assert len(names_of(most.name, most.type, most.id)) <= MOST
    names = names_of("United States", "LOC", "Q30")
    assert "United States of America" in names
    assert min(map(len, names)) >= SHORTEST


def test_what_the_base_does_not_know_has_no_names() -> None:
    assert names_of("Nobody Known", "PER", "wireroom:per-nobody-known") == ()


def test_a_users_names_are_read_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "entities.yml"
    path.write_text("- {id: Q212, aliases: [Ucrania], type: LOC}\n", encoding="utf-8")
    monkeypatch.setenv(ENTITIES, str(path))
    monkeypatch.setattr(overlay, "_EVERY_SECONDS", 0.0)
    assert "Ucrania" in names_of("Ukraine", "LOC", "Q212")
    path.write_text("- {id: Q212, aliases: [Oekraïne], type: LOC}\n", encoding="utf-8")
    names = names_of("Ukraine", "LOC", "Q212")
    assert "Oekraïne" in names
    assert "Ucrania" not in names
    assert "Україна" in names


def test_a_file_that_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "entities.yml"
    path.write_text("- {aliases: [Ucrania]}\n", encoding="utf-8")
    monkeypatch.setenv(ENTITIES, str(path))
    with pytest.raises(SettingsError, match=r"entities\.yml"):
        names_of("Ukraine", "LOC", "Q212")
