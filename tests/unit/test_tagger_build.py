"""How the knowledge base's entries are made."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from services.tagger.build import main
from services.tagger.builder.cities import cities, city_prior, cyrillic, people_by_organizations
from services.tagger.builder.draft import spellings
from services.tagger.builder.sources import generic, kind_of, leaders


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


def test_larger_cities_come_first() -> None:
    assert [city_prior(n) for n in (0, 10_000, 100_000, 1_000_000)] == [0, 0, 0.25, 0.5]


def test_people_are_guessed_from_organizations_within_bounds() -> None:
    assert [people_by_organizations(n) for n in (0, 1, 3, 1000)] == [
        15_000,
        50_000,
        113_975,
        300_000,
    ]


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


def _sources(folder: Path) -> None:
    """Small sources in the form of the real ones."""
    (folder / "geonames_world-cities.csv").write_text(
        "name,country,subcountry,geonameid\n"
        "London,United Kingdom,England,1\nLondon,Canada,Ontario,2\nParis,France,IdF,3\n"
        "Evry,France,IdF,4\nParis,United States,Texas,5\nIrpin,Ukraine,Kyiv,6\n",
        encoding="utf-8",
    )
    (folder / "dr5hn_states.csv").write_text(
        "country_code,iso2,name,latitude,longitude\nGB,ENG,England,52,-1\nCA,ON,Ontario,43,-80\n",
        encoding="utf-8",
    )
    row = {"name": "London", "type": "city", "wikidata": "Q84", "lat": "51.5", "lon": "-0.1"}
    rows: dict[str, list[dict[str, object]]] = {
        "dr5hn_cities": [
            {**row, "country": "GB", "state": "ENG", "pop": 9_000_000,
             "translations": {"ru": "Лондон"}},
            {**row, "country": "CA", "state": "ON", "pop": 420_000, "translations": None,
             "lat": "43", "lon": "-81"},
            {**row, "country": "GB", "state": "ENG", "pop": 99_000_000, "translations": None,
             "lat": "43", "lon": "-81"},
        ],
        "wof_ua_places": [
            {"geonames": 6, "lat": 46.1, "lon": 34.1, "names": {}},
            {"geonames": 6, "wikidata": "Q7", "lat": 50.5, "lon": 30.2, "pop": 60_000,
             "names": {"ukr_x_preferred": ["Ірпінь"], "deu_x_preferred": ["Irpinj"]}},
        ],
        "ror_orgs": [{"locations": [[4, "Evry", "FR"]]}] * 5,
    }  # fmt: skip
    for name, lines in rows.items():
        (folder / f"{name}.jsonl.gz").write_bytes(
            gzip.compress(b"\n".join([orjson.dumps(line) for line in lines]))
        )
    capital = {"country": "United Kingdom", "capital": "London; note - on the Thames"}
    (folder / "factbook_leaders_2022-06.jsonl").write_bytes(orjson.dumps(capital))


CODES = {
    "United Kingdom": "GB", "Canada": "CA", "France": "FR", "United States": "US", "Ukraine": "UA",
}  # fmt: skip
HAND = {
    "cities": [], "capitals": {}, "seats": {"FR": "Paris"},
    "towns": {"FR": {"Paris, IdF": [48.9, 2.4, 2000, "Q90", "Lutetia"]}},
}  # fmt: skip


def test_cities_are_put_together_from_all_sources(tmp_path: Path) -> None:
    _sources(tmp_path)
    states = {code: {"name": code, "is_country": True} for code in ("gb", "fr")}
    found = cities(tmp_path, HAND, CODES, states, [])
    drafts = {(draft.name, draft.country): draft for draft in found}
    london = drafts["London", "GB"]
    assert (london.id, london.prior, london.at) == ("Q84", 0.9, (51.5, -0.1))
    assert (london.share_alike, "Лондон" in london.names) == (True, True)
    # One item is one city's: the lesser one that bears it, too, keeps GeoNames' id.
    assert drafts["London", "CA"].id == "geonames:2"
    assert drafts["London", "CA"].prior == pytest.approx(0.406, abs=0.001)
    paris = drafts["Paris", "FR"]
    assert (paris.id, paris.prior, paris.at, paris.share_alike) == ("Q90", 0.9, (48.9, 2.4), False)
    assert "Lutetia" in paris.names
    assert drafts["Paris", "US"].rival
    assert not drafts["Evry", "FR"].rival
    irpin = drafts["Irpin", "UA"]
    assert (irpin.id, irpin.at, irpin.rival) == ("Q7", (50.5, 30.2), False)
    assert irpin.names[1:] == ["Ірпінь"]


def test_wrong_inputs_of_cities_are_named(tmp_path: Path) -> None:
    _sources(tmp_path)
    wrong = {**HAND, "towns": {"FR": {"Pariss": [48.9, 2.4, 2000]}}}
    with pytest.raises(ValueError, match=r"towns: FR: Pariss: GeoNames has no such city"):
        cities(tmp_path, wrong, CODES, {}, [])
    with pytest.raises(ValueError, match=r"unknown countries: \['Canada', 'France'"):
        cities(tmp_path, HAND, {"Ukraine": "UA"}, {}, [])


def test_missing_input_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert str(tmp_path / "rigour_data.jsonl") in capsys.readouterr().err
