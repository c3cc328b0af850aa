"""``entities.yml``: the user's own names, and what becomes of mistakes in it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from services.tagger.knowledge.base import KnowledgeBase
from services.tagger.knowledge.entity import Fit, Match, Record
from services.tagger.knowledge.overlay import Overlay
from services.tagger.knowledge.writing import write_layer
from shared.errors import SettingsError


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    path = tmp_path / "base.kb"
    write_layer(path, [
        Record("Q212", (("Ukraine", Fit.NAME),), "LOC", "country", 1.0, "UA", sources=("hand",)),
        Record("Q212", (("Ukrainian", Fit.NAME),), "NORP", "people", 1.0, "UA", sources=("hand",)),
        Record("Q5", (("Acme", Fit.NAME), ("Acme Works", Fit.ALIAS)), "ORG", "organization", 0.6,
               sources=("ror",)),
    ])  # fmt: skip
    return path


def _write(path: Path, text: str, *, age: int = 0) -> Path:
    path.write_text(text, encoding="utf-8")
    if age:
        os.utime(path, ns=(age, age))
    return path


def test_users_entities_and_aliases_are_known(base_path: Path, tmp_path: Path) -> None:
    overlay = _write(tmp_path / "entities.yml", """
- {name: Jane Roe, type: PER, aliases: [J. R. Roe], country: US}
- {id: "local:works", name: Acme Works, type: ORG, prior: 0.2, location: [50, 30.5]}
- {id: Q212, type: LOC, aliases: [Ucrania]}
- {id: Q212, aliases: [Ukr]}
""")  # fmt: skip
    base = KnowledgeBase([base_path], overlay)
    (jane,) = base.candidates("Jane Roe")
    assert (jane.entity.id, jane.entity.prior, jane.entity.kind) == (
        "wireroom:jane-roe",
        1,
        "person",
    )
    assert (jane.entity.sources, jane.entity.layer) == (("user",), "entities.yml")
    assert base.entity(jane.entity.index) == jane.entity
    assert base.by_id("wireroom:jane-roe") == [jane.entity]
    assert base.surname("Roe") == [jane.entity]
    works = base.candidates("Acme Works")
    assert [c.entity.id for c in works] == ["Q5", "local:works"]
    assert works[1].entity.location == (50.0, 30.5)
    (country,) = base.candidates("Ucrania")
    assert (country.entity.name, country.match) == ("Ukraine", Match.EXACT)
    assert [c.entity.type for c in base.candidates("Ukr")] == ["LOC", "NORP"]
    assert ("Ucrania", Fit.ALIAS) in base.names(country.entity)


def test_a_row_with_a_known_id_speaks_for_the_entity(base_path: Path, tmp_path: Path) -> None:
    overlay = _write(
        tmp_path / "entities.yml", "- {id: Q5, name: Acme Global, type: ORG, prior: 0.9}"
    )
    base = KnowledgeBase([base_path], overlay)
    (found,) = base.candidates("Acme Works")
    assert (found.entity.name, found.entity.prior) == ("Acme Global", 0.9)
    assert {name for name, _ in base.names(found.entity)} == {"Acme Global", "Acme", "Acme Works"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{a: 1}", "expected a list of entities"),
        ("- [", "not YAML"),
        ("- {name: A B}", "row 1: Value error, needs a type beside its name"),
        ("- {name: A B, type: PER}\n- {name: C, type: MAN}", "row 2: type: Input should be 'PER'"),
        ("- {id: Q5}", "row 1: Value error, needs a name and a type, or the id"),
        ("- {id: X 5, aliases: [A]}", "row 1: id: String should match"),
        ("- {name: '…', type: ORG}", "row 1: Value error, '…' has no letter or digit"),
        ("- {name: A, type: ORG, colour: red}", "row 1: colour: Extra inputs"),
        ("- {name: A, type: ORG, prior: 2}", "row 1: prior: Input should be less than"),
        ("- {name: A, type: LOC, location: [99, 0]}", "row 1: Value error, location is latitude"),
        ("- {name: A B, type: PER}\n- {name: a b, type: PER}", "row 2: wireroom:a-b is row 1, too"),
        ("- 5", "row 1: Input should be a valid dictionary"),
    ],
)
def test_mistakes_are_named_at_start(tmp_path: Path, text: str, reason: str) -> None:
    path = _write(tmp_path / "entities.yml", text)
    with pytest.raises(SettingsError) as error:
        Overlay(path)
    assert str(error.value).startswith(f"{path}: {reason}")


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yml: cannot be read"):
        Overlay(tmp_path / "none.yml")
    (tmp_path / "entities.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"entities\.yml: cannot be read"):
        Overlay(tmp_path / "entities.yml")


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_changes_are_read_once_a_second_at_most(tmp_path: Path) -> None:
    clock = _Clock()
    path = _write(tmp_path / "entities.yml", "- {name: Jane Roe, type: PER}", age=10**9)
    overlay = Overlay(path, clock)
    first = overlay.current()
    _write(path, "- {name: Jane Roe, type: PER}\n- {name: John Roe, type: PER}", age=2 * 10**9)
    clock.now = 0.9
    assert overlay.current() is first
    clock.now = 1.1
    second = overlay.current()
    assert (len(second), second.version == first.version) == (2, False)
    clock.now = 2.2
    assert overlay.current() is second


def test_a_bad_change_keeps_what_was_good_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = _Clock()
    path = _write(tmp_path / "entities.yml", "- {name: Jane Roe, type: PER}", age=10**9)
    overlay = Overlay(path, clock)
    first = overlay.current()
    _write(path, "- {name: Jane Roe}", age=2 * 10**9)
    with caplog.at_level(logging.ERROR):
        for clock.now in (2, 4, 6):
            assert overlay.current() is first
    (message,) = caplog.messages
    assert message.startswith(f"{path}: row 1: ")
    path.unlink()
    clock.now = 8
    assert overlay.current() is first
    _write(path, "[]", age=3 * 10**9)
    clock.now = 10
    assert len(overlay.current()) == 0


def test_the_version_of_the_base_tells_the_users_file_too(base_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "entities.yml"
    versions = {KnowledgeBase([base_path]).version}
    for text in ("- {id: Q5, aliases: [X1]}", "- {id: Q5, aliases: [X2]}"):
        base = KnowledgeBase([base_path], _write(path, text))
        versions.add(base.version)
        assert base.candidates(text[-4:-2])[0].entity.id == "Q5"
    assert len(versions) == 3


def test_a_running_base_knows_what_is_added(
    base_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.tagger.knowledge.overlay._EVERY_SECONDS", 0)
    path = _write(tmp_path / "entities.yml", "[]", age=10**9)
    base = KnowledgeBase([base_path], path)
    before = base.version
    assert base.candidates("Jane Roe") == []
    _write(path, "- {name: Jane Roe, type: PER}\n- {id: Q5, aliases: [Jane Roe]}", age=2 * 10**9)
    assert [c.entity.id for c in base.candidates("Jane Roe")] == ["wireroom:jane-roe", "Q5"]
    assert base.version != before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 5000, "nested too deeply"),
        ("- {name: X, type: PER, prior: 2022-99-99}", "a value cannot be read: month"),
        ("- {name: !!int x, type: PER}", "a value cannot be read"),
        ("- {name: !!bool x, type: PER}", "a value cannot be read"),
        ("- {name: !!timestamp x, type: PER}", "a value cannot be read"),
        (f"- {{name: X, type: PER, prior: {'9' * 6000}}}", "a value cannot be read"),
        (f"- {{id: Q212, aliases: [{'a' * 201}]}}", "row 1: aliases.0: String should have at most"),
        ("# " + "x" * 4_000_000, "larger than 4 MB"),
    ],
    ids=["deep", "date", "int", "bool", "time", "digits", "long", "large"],
)
def test_hostile_files_are_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "entities.yml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=f"entities.yml: {reason}"):
        Overlay(path)


def test_a_hostile_change_keeps_what_was_good(tmp_path: Path) -> None:
    path = tmp_path / "entities.yml"
    path.write_text("- {name: Acme, type: ORG}")
    seconds = iter(range(0, 100, 2))
    overlay = Overlay(path, clock=lambda: next(seconds))
    path.write_text("[" * 5000)
    assert len(overlay.current()) == 1
    path.unlink()
    os.mkfifo(path)
    assert len(overlay.current()) == 1


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "entities.yml"
    os.mkfifo(path)
    with pytest.raises(SettingsError, match="not a file"):
        Overlay(path)
