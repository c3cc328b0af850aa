"""How the gazetteer is made."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from services.tagger.build import main
from services.tagger.builder.draft import Draft, spellings, write
from services.tagger.builder.sources import city_prior, cyrillic, generic, kind_of, leaders
from services.tagger.gazetteer import load, surname_keys
from shared.errors import SettingsError


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("American actor and singer", "person"),
        ("44th president of the United States", "person"),
        ("city in Texas, United States", "place"),
        ("private university in New Jersey", "organization"),
        ("2012 film by Gary Ross", None),
        ("genre of music", None),
        ("", None),
    ],
)
def test_descriptions_tell_the_kind(description: str, kind: str | None) -> None:
    assert kind_of(description) == kind


def test_names_of_common_words_alone_are_generic() -> None:
    common = frozenset({"ministry", "of", "education"})
    assert generic("Ministry of Education", common)
    assert not generic("Ministry of Education of Peru", common)


def test_spellings_with_initials_and_saints() -> None:
    assert spellings(["John F. Kennedy"]) == ["John F. Kennedy", "John F.Kennedy", "John Kennedy"]
    assert "St. Paul" in spellings(["Saint Paul"])


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Vladimir Putin", ["Putin"]),
        ("Ursula von der Leyen", ["Leyen", "von der Leyen"]),
        ("Joe Biden Jr.", ["Biden"]),
        ("Pelé", []),
    ],
)
def test_surnames(name: str, keys: list[str]) -> None:
    assert surname_keys(name) == keys


def test_larger_cities_come_first() -> None:
    assert [city_prior(n) for n in (0, 10_000, 100_000, 1_000_000)] == [0, 0, 0.25, 0.5]


def test_cyrillic_names_are_picked_out() -> None:
    assert cyrillic(["Kiev", "Киев", "IEV", "КУ", "киев", "Киïv"]) == ["Киев"]


def test_leaders_are_read_from_prose(tmp_path: Path) -> None:
    row = {
        "country": "Algeria",
        "chief_of_state": "President Abdelmadjid TEBBOUNE (since 12 December 2019)",
        "head_of_government": "Prime Minister Dr. Ayman Ali BENABDERRAHMANE (since 7 July 2021)",
    }
    (tmp_path / "factbook_leaders_2022-06.jsonl").write_bytes(orjson.dumps(row))
    first, second = leaders(tmp_path, {"Algeria": "DZ"})
    assert (first.name, first.country) == ("Abdelmadjid Tebboune", "DZ")
    assert first.id == "wireroom:abdelmadjid-tebboune"
    assert second.name == "Ayman Ali Benabderrahmane"
    assert second.names == ["Ayman Benabderrahmane"]


def test_what_is_written_is_what_is_loaded(tmp_path: Path) -> None:
    draft = Draft("Q90", "Paris", "LOC", "city", 0.9, ["Париж"], ["City of Light"], "FR",
                  "Île-de-France", (48.85341, 2.3488))  # fmt: skip
    paths = [tmp_path / "a.gz", tmp_path / "b.gz"]
    versions = {write(path, [draft], ["Nice"], ["Anna"]) for path in paths}
    assert paths[0].read_bytes() == paths[1].read_bytes()
    loaded = load(paths[0])
    assert {loaded.version} == versions
    assert loaded.lookup("Париж") == loaded.lookup("Paris") == (0,)
    (entry,) = loaded.entries
    assert (entry.id, entry.country, entry.region) == ("Q90", "FR", "Ile de France")
    assert entry.location == (48.8534, 2.3488)
    assert entry.short == ("City of Light",)
    assert set(loaded.careful) == {"Nice"}
    assert set(loaded.given) == {"Anna"}


def test_gazetteer_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.gz"
    path.write_bytes(gzip.compress(b'{"format": 0}\n'))
    with pytest.raises(SettingsError, match=r"old\.gz: format 0, expected 1"):
        load(path)


def test_missing_input_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--geonames", str(tmp_path)]) == 2
    assert str(tmp_path / "rigour_data.jsonl") in capsys.readouterr().err
