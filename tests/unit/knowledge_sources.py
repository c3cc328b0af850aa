"""A small folder of sources in the form of the real ones, and lists written by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

TERRITORIES: list[dict[str, Any]] = [
    {"code": "ua", "name": "Ukraine", "full_name": "Ukraine", "qid": "Q212", "is_country": True,
     "names_strong": [], "names_weak": ["Україна"]},
    {"code": "us", "name": "United States", "full_name": "United States of America", "qid": "Q30",
     "is_country": True, "names_strong": [], "names_weak": []},
    {"code": "ge", "name": "Georgia", "full_name": "Georgia", "qid": "Q230", "is_country": True,
     "names_strong": [], "names_weak": []},
    {"code": "us-ga", "name": "Georgia (US)", "full_name": "", "qid": "Q1428", "parent": "us",
     "names_strong": [], "names_weak": []},
    {"code": "us-tx", "name": "Texas", "full_name": "", "qid": "Q1439", "parent": "us",
     "names_strong": [], "names_weak": []},
]  # fmt: skip
WELL_KNOWN: list[dict[str, Any]] = [
    {"wikidata_id": "Q76", "label": "Barack Obama", "alternatives": ["Obama"],
     "description": "44th president of the United States",
     "wikipedia": "https://en.wikipedia.org/wiki/Barack_Obama"},
    {"wikidata_id": "Q16562", "label": "El Paso", "alternatives": ["El Paso, Texas"],
     "description": "county seat of El Paso County, Texas, United States",
     "wikipedia": "https://en.wikipedia.org/wiki/El_Paso,_Texas"},
    {"wikidata_id": "Q312", "label": "Apple Inc.", "alternatives": ["Apple"],
     "description": "musician", "wikipedia": "https://en.wikipedia.org/wiki/Apple_Inc."},
    {"wikidata_id": "Q777403", "label": "Washington University", "alternatives": ["El Paso"],
     "description": "private university", "wikipedia": None},
    {"wikidata_id": "Q362", "label": "World War II", "alternatives": [],
     "description": "global war, 1939-1945", "wikipedia": None},
    {"wikidata_id": "Q23547", "label": "Alan Rain", "alternatives": [],
     "description": "English film, television and stage actor", "wikipedia": None},
    {"wikidata_id": "Q490", "label": "Rain County", "alternatives": [],
     "description": "county in New Georgia", "wikipedia": None},
    {"wikidata_id": "Q33999", "label": "actor", "alternatives": [],
     "description": "person who acts in a film", "wikipedia": None},
]  # fmt: skip
ORGANIZATIONS: list[dict[str, Any]] = [
    {"ror": "https://ror.org/0006s4z66", "name": "Texan Institute of Rain", "wikidata": [],
     "names": [["TIR", None, ["acronym"]], ["Texan Institute of Rain", "en", ["label"]],
               ["Instituto Texano", "es", ["label"]]],
     "types": ["government"], "status": "active", "locations": [[5520993, "El Paso", "US"]]},
    {"ror": "https://ror.org/0018wmh19", "name": "Rain Devices", "wikidata": [], "names": [],
     "types": ["company"], "status": "active", "locations": [[5520993, "El Paso", "US"]]},
    {"ror": "https://ror.org/02e7b5302", "name": "Kyiv Rain University", "wikidata": ["Q900"],
     "names": [["Київський університет", "uk", ["label"]], ["KRU", None, ["acronym"]]],
     "types": ["education"], "status": "active", "locations": [[703448, "Kyiv", "UA"]]},
]  # fmt: skip
LEADERS: dict[str, Any] = {
    "country": "Georgia", "capital": "Tbilisi",
    "chief_of_state": "President Salome ZOURABICHVILI (since 16 December 2018)",
    "party_leaders": "Dream of Rain or DR [Irakli RAINIDZE] European Rain; note - [none]",
}  # fmt: skip

TEXTS = {
    "names_NamesDatabases_first_names_all.txt": "Anna\nRoman\nStan\nEduard\n",
    "names_NamesDatabases_surnames_all.txt": "Rainer\nSalenko\nWood\n",
    "geonames_world-cities.csv": "name,country,subcountry,geonameid\n"
    "Kyiv,Ukraine,Kyiv City,703448\n"
    "El Paso,United States,Texas,5520993\nTbilisi,Georgia,T'bilisi,611717\n",
    "dr5hn_states.csv": "country_code,iso2,name,latitude,longitude,wikiDataId,level\n"
    "GE,TB,Tbilisi Region,41.7,44.8,Q994,1\nUS,TX,Texas,31.9,-99.9,Q1439,1\n",
    "congress_legislators-current.yaml": "- id: {wikidata: Q22250}\n"
    "  name: {first: Maria, last: Cantwell, official_full: Maria Cantwell}\n",
    "congress_legislators-historical.csv": "last_name,first_name,middle_name,nickname,birthday,"
    "wikipedia_id\nWood,Anna,Q.,,1950-01-01,Anna Wood (politician)\nOld,Very,,,1750-01-01,\n",
    "reign_leaderlist_2021.csv": "leader,eyear\nTruman,1953\nEduard Rainadze,2003\n"
    "Selva and Rainer,2001\n",
    "sp500.csv": "Symbol,Security\nAAPL,Apple Inc.\n",
    "yago3-10_entities.dict": "0\tBarack_Obama\n1\tAnna_Rainer\n2\tEl_Paso,_Texas\n"
    "3\tRain_F.C.\n4\tRoman_Rainer\n5\tSilsila_(1987_film)\n6\tGeorgia_(U.S._state)\n"
    "7\tde/Anna\n8\tBattle_of_Rain\n9\tRain_City\n",
    "dbp_yg100k_names.tsv": "1\tAnna_Rainer\n2\tStan_Wood_(footballer)\n3\tRain,_Texas\n",
    "yago3-10_valid.txt": "Stan_Wood_(footballer)\tplaysFor\tRain_F.C.\n"
    "Anna_Rainer\twasBornIn\tRain_City\n",
    "yago3-10_test.txt": "",
    "openfootball/clubs_europe_ukraine_ua.clubs.txt": "= Ukraine\n\nFC Rain Kyiv, 1922, Kyiv\n"
    "  | Rain | Rain Kyiv [en]   ## old\n  | R. Kyiv\n",
    "openfootball/players_europe_ukraine_ua.players.txt": "= Ukraine\n\n"
    "Roman Salenko,     M,  1.80 m,  b. 7 Apr 1995 @ Kyiv\nOld Player,  M,  - , b. 1 May 1950\n",
}
JSONS: dict[str, Any] = {
    "universities.json": [{"name": "University of Rain", "alpha_two_code": "US"},
                          {"name": "Kyiv Rain University", "alpha_two_code": "UA"}],
    "geonames_admin1.json": [{"code": "US.TX", "name": "Texas"},
                             {"code": "GE.02", "name": "Guria"}],
    "geonames_admin2.json": [{"code": "US.TX.001", "name": "Rain County"},
                             {"code": "GE.02.1", "name": "Elsewhere County"}],
}  # fmt: skip
LINES: dict[str, list[dict[str, Any]]] = {
    "rigour_data.jsonl": TERRITORIES,
    "fb15k_wikidata.jsonl": WELL_KNOWN,
    "factbook_leaders_2022-06.jsonl": [LEADERS],
    "factbook_leaders.jsonl": [{"country": "Georgia", "chief_of_state":
                                "President Mikheil KAVELASHVILI (since 29 December 2024)"}],
    "ror_orgs.jsonl.gz": ORGANIZATIONS,
    "financedb_companies.jsonl.gz": [
        {"name": "Apple Inc.", "country": "United States", "cap": "Mega Cap"},
        {"name": "BOND 6 1/4%27", "country": "Ukraine", "cap": "Mid Cap"},
        {"name": "Rain Mills Ltd", "country": "Georgia", "cap": "Small Cap"}],
    "wof_ua_places.jsonl.gz": [
        {"wof": 1, "name": "Київ", "placetype": "locality", "geonames": 703448, "lat": 50.45,
         "lon": 30.52, "pop": 2_900_000, "wikidata": "Q1899",
         "names": {"eng_x_preferred": ["Kyiv"], "ukr_x_preferred": ["Київ"]}},
        {"wof": 2, "name": "Rainivka", "placetype": "locality", "geonames": 5, "lat": 50.1,
         "lon": 30.1, "pop": 900, "wikidata": None, "names": {"ukr_x_preferred": ["Райнівка"]}}],
    "dr5hn_cities.jsonl.gz": [
        {"name": "Tbilisi", "country": "GE", "state": "TB", "lat": "41.7", "lon": "44.8",
         "pop": 1_100_000, "type": "capital", "wikidata": "Q994994", "translations": None},
        {"name": "Raini", "country": "GE", "state": "TB", "lat": "41.6", "lon": "44.7",
         "pop": 5_000, "type": "city", "wikidata": "Q4242", "translations": None}],
}  # fmt: skip
GUM: list[dict[str, Any]] = [
    {"set": "gum", "text": "He met Obama of FAR and the Rohingya.", "mentions": [
        {"start": 7, "end": 12, "qid": "Q76", "name": "Barack Obama", "type": "PER"},
        {"start": 16, "end": 19, "qid": "Q901", "name": "Friends%20of%20All%20Rain", "type": "ORG"},
        {"start": 28, "end": 36, "qid": "Q464529", "name": "Rohingya people", "type": "PER"}]},
    {"set": "held-out", "text": "Nowhere", "mentions": [
        {"start": 0, "end": 7, "qid": "Q666", "name": "Nowhere", "type": "LOC"}]},
]  # fmt: skip
HAND = {
    "countries": "UA: {people: [Ukrainian]}\n",
    "people": "- {name: Salome Zourabichvili, id: Q1, country: GE, alone: [Zourabichvili]}\n",
    "organizations": "- {name: United Rains, id: Q1065, names: [UR]}\n- {name: Apple, id: Q312}\n",
    "places": "places: []\ncities: []\ncapitals: {}\nseats: {}\ntowns: {}\n",
    "given": "not_given: []\n",
}


def make_sources(folder: Path) -> tuple[Path, Path, Path]:
    """Write them into ``folder``; the sources, the lists by hand, and the linking data."""
    source, hand = folder / "sources", folder / "hand"
    (source / "openfootball").mkdir(parents=True)
    hand.mkdir()
    for name, text in TEXTS.items():
        (source / name).write_text(text, encoding="utf-8")
    for name, value in JSONS.items():
        (source / name).write_text(json.dumps(value), encoding="utf-8")
    for name, rows in LINES.items():
        _write_lines(source / name, rows)
    for name, text in HAND.items():
        (hand / f"{name}.yml").write_text(text, encoding="utf-8")
    _write_lines(folder / "linking.jsonl.gz", GUM)
    return source, hand, folder / "linking.jsonl.gz"


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
