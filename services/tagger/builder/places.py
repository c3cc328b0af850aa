"""Places beyond the larger cities: divisions, Ukraine's villages, towns with a Wikidata item."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from services.tagger.builder.cities import city_prior, cyrillic
from services.tagger.builder.pool import Item
from services.tagger.builder.sources import Record, records
from services.tagger.spelling import key_of

_ITEM = re.compile(r"Q\d+")
# Items above this number are nearly always a place's administrative double, made later by bots.
_LAST_ITEM = 15_000_000
_DIVISION = re.compile(
    r"^(?:Province|Region|Department|State|Governorate|Canton|Republic) of "
    r"| (?:Province|Region|Oblast|Department|State|Governorate|County|District|Prefecture|"
    r"Voivodeship|Krai|Republic|Division|Canton|Municipality|Parish)$"
)
_SETTLEMENTS = frozenset({"city", "capital", "adm1", "adm2", "adm3", "town", "village", "locality",
                          "municipality", "prefecture", None})  # fmt: skip
_REGION = 0.3
_LEAST = 500


def divisions(source: Path) -> Iterator[Item]:
    """First-level divisions: those with a Wikidata item (dr5hn's database, ODbL)."""
    with (source / "dr5hn_states.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not _ITEM.fullmatch(row["wikiDataId"]) or row["level"] not in ("", "1"):
                continue
            names = [_DIVISION.sub("", row["name"])]
            at = (float(row["latitude"]), float(row["longitude"])) if row["latitude"] else None
            yield Item(
                row["wikiDataId"], row["name"], "LOC", "region", _REGION, "dr5hn", names,
                country=row["country_code"], at=at, share_alike=True,
            )  # fmt: skip


def first_level(source: Path, known: set[tuple[str, str]]) -> Iterator[Item]:
    """First-level divisions that no other source has (GeoNames, CC-BY 4.0).

    ``known`` has the others: country and :func:`division_key`.
    """
    for row in json.loads((source / "geonames_admin1.json").read_text(encoding="utf-8")):
        country = row["code"][:2]
        if (country, division_key(row["name"])) not in known:
            yield Item(None, row["name"], "LOC", "region", 0.2, "geonames",
                       [_DIVISION.sub("", row["name"])], country=country)  # fmt: skip


def counties(source: Path) -> Iterator[Item]:
    """Counties of the United States (GeoNames, CC-BY 4.0)."""
    around = {
        row["code"]: row["name"]
        for row in json.loads((source / "geonames_admin1.json").read_text(encoding="utf-8"))
    }
    for row in json.loads((source / "geonames_admin2.json").read_text(encoding="utf-8")):
        state, _, _ = row["code"].rpartition(".")
        if row["code"].startswith("US.") and row["name"].endswith((" County", " Parish")):
            region = around.get(state)
            yield Item(None, row["name"], "LOC", "place", 0.12, "geonames", country="US",
                       region=region, title=f"{row['name']}, {region}")  # fmt: skip


def division_key(name: str) -> str:
    """The key of a division's name without the word for what it is."""
    return key_of(_DIVISION.sub("", name)).casefold()


def ukraine(source: Path) -> Iterator[Item]:
    """Ukraine's towns and villages with English, Ukrainian and Russian names (Who's On First)."""
    for row in records(source / "wof_ua_places.jsonl.gz"):
        if row["placetype"] != "locality" or row.get("superseded"):
            continue
        names = row["names"] or {}
        latin = [*names.get("eng_x_preferred", ()), row["name"], *names.get("ukr_x_preferred", ())]
        name = next((n for n in latin if re.match(r"[A-Z]", n)), None)
        if name is None:
            continue
        other = [n for tag in ("eng_x_preferred", "eng_x_variant", "ukr_x_preferred",
                               "ukr_x_variant", "rus_x_preferred") for n in names.get(tag, ())
                 if len(n) > 3 or tag.endswith("preferred")]  # fmt: skip
        entity = row.get("wikidata") or (f"geonames:{row['geonames']}" if row["geonames"] else None)
        people = row.get("pop") or 0
        # Of those that nothing counts, villages of the war's news stand among many namesakes.
        if entity is None or not (people or row.get("wikidata")):
            continue
        yield Item(entity, name, "LOC", "city", max(city_prior(people), 0.02), "whosonfirst", other,
                   country="UA", at=(row["lat"], row["lon"]))  # fmt: skip


def towns(source: Path) -> Iterator[Item]:
    """Smaller towns with a Wikidata item (dr5hn's database, ODbL)."""
    for row in records(source / "dr5hn_cities.jsonl.gz"):
        item = row["wikidata"] or ""
        if row["type"] not in _SETTLEMENTS or not _ITEM.fullmatch(item):
            continue
        counted = row["pop"] is None or row["pop"] >= _LEAST
        if counted and int(item[1:]) < _LAST_ITEM and row["country"] != "UA":
            yield Item(
                item, row["name"], "LOC", "city", _town_prior(row), "dr5hn", _town_names(row),
                country=row["country"], at=(float(row["lat"]), float(row["lon"])),
                share_alike=True,
            )  # fmt: skip


def _town_prior(row: Record) -> float:
    return min(max(city_prior(row["pop"] or 0), 0.02), 0.2)


def _town_names(row: Record) -> list[str]:
    """Cyrillic names of where Cyrillic is written; elsewhere they are made, not used."""
    if row["country"] not in ("BY", "KZ", "KG", "BG", "MK", "RS", "ME", "MD"):
        return []
    names = row["translations"] or {}
    return cyrillic(names[tag] for tag in ("ru", "uk") if tag in names)
