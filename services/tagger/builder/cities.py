"""Cities: which there are, where they lie and how prominent they are.

GeoNames' list says what is a city; the other sources add to its rows. What is made with data
under the Open Database License is marked, since it goes into a file of its own.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.tagger.builder.draft import Draft
from services.tagger.builder.items import capitals_of, items_of
from services.tagger.builder.sources import Record, records
from services.tagger.spelling import key_of

# A city is named by itself from this size on; a smaller one only where the article says where it
# lies. Ukraine's places are named from 15,000 on, for the war.
_PEOPLE = 100_000
# All in GeoNames' list are larger than this.
_LISTED = 15_000
# No guess goes beyond this: larger ones are written by hand where no source counts their people.
_GUESSED = 300_000
# From this size on its Cyrillic names are read, too.
_LARGE = 500_000

# Countries that the territories' list calls otherwise than GeoNames does.
_COUNTRIES = {"Viet Nam": "VN", "No country found for alpha-2 code: XK": "XK"}
# What the cities' database also lists under a city's name: its parts, and what lies around it.
_NO_CITY = frozenset({"section", "district", "county", "province", "historical", "destroyed"})
# Degrees from the centre of each of a country's divisions at which no city of it lies.
_FAR = 6.0
# Seats of first-level divisions: with how many people they count where no other is told.
_SEATS = frozenset({"adm1", "capital", "prefecture"})
_SEAT = 100_000
# Items above this number are nearly always a city's administrative double, made later by bots.
_LAST_ITEM = 15_000_000

_CYRILLIC = re.compile(r"[\u0400-\u04ff' -]+")
_DEPENDENT = re.compile(
    r"\b(?:overseas|external|unincorporated|crown|self-governing|special)\b.{0,24}"
    r"\b(?:territory|dependency|collectivity|municipality)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"Q\d+")


@dataclass(slots=True)
class City:
    """A row of GeoNames' list and what is known of it; ``people`` is its prominence."""

    name: str
    country: str
    region: str
    geonames: int
    people: int = 0
    at: tuple[float, float] | None = None
    item: str | None = None
    names: list[str] = field(default_factory=list)
    cyrillic: list[str] = field(default_factory=list)
    share_alike: bool = False
    sources: list[str] = field(default_factory=lambda: ["geonames"])

    @property
    def key(self) -> tuple[str, str]:
        """Country and key of the name: not unique."""
        return self.country, key_of(self.name)


def city_prior(people: int) -> float:
    """0 at 10,000 people, .25 at 100,000, .5 at a million, .75 at ten million."""
    return min(max((math.log10(max(people, 1)) - 4) / 4, 0.0), 0.9)


def people_by_organizations(count: int) -> int:
    """About how many people a city with ``count`` research organizations has.

    The line through the medians of 3,494 cities of which both are known, rounded; at least what
    GeoNames' list asks, and no more than towns have that live on their university.
    """
    return round(min(max(_LISTED, 50_000 * math.pow(count, 0.75)), _GUESSED))


def cyrillic(names: Iterable[str]) -> list[str]:
    """Those of ``names`` in Cyrillic that look like one proper name."""
    return [n for n in names if len(n) > 3 and n[:1].isupper() and _CYRILLIC.fullmatch(n)]


def cities(
    source: Path,
    hand: Record,
    codes: dict[str, str],
    territories: dict[str, Record],
    known: list[Record],
) -> list[Draft]:
    """The cities as entries, the more prominent first; ``codes`` gives a country's ISO code.

    Raises :class:`ValueError` for a town written by hand that GeoNames does not have.
    """
    listed = _listed(source, codes)
    _add_ukraine(listed, source)
    _add_database(listed, source)
    _add_organizations(listed, source)
    _add_hand(listed, hand["towns"])
    listed.sort(key=lambda city: (-city.people, city.geonames))
    capitals = capitals_of(source, codes) | {c: key_of(name) for c, name in hand["seats"].items()}
    states = {
        code.upper()
        for code, row in territories.items()
        if row.get("is_country") and not _DEPENDENT.search(row.get("summary") or "")
    }
    kept, rest = _drafts(listed, hand, capitals, states, items_of(known, territories))
    return kept + rest


def _drafts(
    listed: list[City],
    hand: Record,
    capitals: dict[str, str],
    states: set[str],
    items: dict[tuple[str, str], str],
) -> tuple[list[Draft], list[Draft]]:
    """The prominent ones, and the rest."""
    more = {(row["country"], key_of(row["city"])): row for row in hand["cities"]}
    taken: set[tuple[str, str]] = set()
    borne: set[str] = set()
    kept: list[Draft] = []
    rest: list[Draft] = []
    for city in listed:
        first = city.key not in taken
        taken.add(city.key)
        capital = first and capitals.get(city.country) == city.key[1]
        written = more.get(city.key, {}) if first else {}
        well_known = items.get((city.key[1], key_of(city.region))) or (
            items.get((city.key[1], city.country)) if first else None
        )
        chosen = (
            written.get("id")
            or (capital and hand["capitals"].get(city.country))
            or well_known
            or city.item
        )
        # A part of a city may carry the whole city's item: the more prominent one keeps it.
        if chosen in borne:
            chosen = None
        least = 0.85 if written else 0.0
        if capital:
            # The capital of a territory has larger namesakes: Plymouth, Kingston.
            least = 0.9 if city.country in states else max(least, 0.2)
        draft = Draft(
            chosen or f"geonames:{city.geonames}", written.get("name", city.name), "LOC", "city",
            max(city_prior(city.people), least),
            [city.name, *written.get("names", []), *city.names],
            country=city.country, region=city.region, at=city.at, share_alike=city.share_alike,
            source="+".join([*city.sources, "hand"] if written else city.sources),
        )  # fmt: skip
        if chosen:
            borne.add(chosen)
        if capital or city.people >= _LARGE:
            draft.names += city.cyrillic
        # Of Ukraine all towns are placed: what is not is a part of one.
        large = city.people >= _PEOPLE or (city.country == "UA" and city.at is not None)
        if capital or written or large or well_known:
            kept.append(draft)
        else:
            draft.rival = True
            rest.append(draft)
    return kept, rest


def _listed(source: Path, codes: dict[str, str]) -> list[City]:
    """Cities over 15,000 people (GeoNames, CC-BY 4.0)."""
    codes = codes | _COUNTRIES
    with (source / "geonames_world-cities.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if unknown := {row["country"] for row in rows} - set(codes):
        raise ValueError(f"geonames_world-cities.csv: unknown countries: {sorted(unknown)}")
    return [
        City(row["name"], codes[row["country"]], row["subcountry"], int(row["geonameid"]))
        for row in rows
    ]


def _add_ukraine(listed: list[City], source: Path) -> None:
    """Items, coordinates, people and names of Ukraine's places (Who's On First)."""
    found: dict[int, Record] = {}
    for row in records(source / "wof_ua_places.jsonl.gz"):
        number = row.get("geonames")
        # Of several with one number the one that most is known of is the city.
        if number and not row.get("superseded") and _known(row) > _known(found.get(number)):
            found[number] = row
    for city in listed:
        if city.geonames not in found:
            continue
        row = found[city.geonames]
        city.item = row.get("wikidata")
        city.sources.append("whosonfirst")
        city.at = (row["lat"], row["lon"])
        city.people = row.get("pop") or 0
        city.names = [
            name
            for tag, values in (row["names"] or {}).items()
            if tag in ("eng_x_preferred", "rus_x_preferred", "ukr_x_preferred")
            for name in values
        ]


def _known(row: Record | None) -> tuple[int, int]:
    return (len(row["names"] or {}) + 1, row.get("pop") or 0) if row else (0, 0)


def _add_database(listed: list[City], source: Path) -> None:
    """Coordinates, people, items and Cyrillic names (dr5hn's database, ODbL 1.0).

    Where a country has two cities of one name, their regions must agree.
    """
    with (source / "dr5hn_states.csv").open(encoding="utf-8", newline="") as file:
        divisions = list(csv.DictReader(file))
    states = {(row["country_code"], row["iso2"]): key_of(row["name"]) for row in divisions}
    around: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for division in divisions:
        if division["latitude"] and division["longitude"]:
            centre = float(division["latitude"]), float(division["longitude"])
            around[division["country_code"]].append(centre)
    rows: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for row in records(source / "dr5hn_cities.jsonl.gz"):
        if row["country"] != "UA" and _near(row, around[row["country"]]):
            rows[row["country"], key_of(row["name"]).casefold()].append(row)
    namesakes = Counter(city.key for city in listed)
    for city in listed:
        found = rows.get((city.country, city.key[1].casefold()), [])
        if namesakes[city.key] > 1:
            region = key_of(city.region)
            found = [r for r in found if _same(states.get((city.country, r["state"])), region)]
        if not found:
            continue
        row = max(found, key=lambda r: (r["type"] not in _NO_CITY, r["pop"] or 0))
        city.share_alike = True
        city.sources.append("dr5hn")
        city.at = (float(row["lat"]), float(row["lon"]))
        # The people told of a part are often the whole's.
        if row["type"] not in _NO_CITY:
            city.people = max(row["pop"] or 0, _SEAT if row["type"] in _SEATS else 0)
        item = row["wikidata"] or ""
        city.item = item if _ITEM.fullmatch(item) and int(item[1:]) < _LAST_ITEM else None
        names = row["translations"] or {}
        city.cyrillic = cyrillic(names[tag] for tag in ("ru", "uk") if tag in names)


def _near(row: Record, divisions: list[tuple[float, float]]) -> bool:
    """Whether a city lies where its country is: a few lie where their namesakes are."""
    at = float(row["lat"]), float(row["lon"])
    return not divisions or any(math.dist(at, centre) < _FAR for centre in divisions)


def _same(state: str | None, region: str) -> bool:
    return state is not None and (state in region or region in state)


def _add_organizations(listed: list[City], source: Path) -> None:
    """Guess the people where the sources count none, or too few (ROR, CC0)."""
    count = Counter(
        place for row in records(source / "ror_orgs.jsonl.gz") for place, _, _ in row["locations"]
    )
    for city in listed:
        city.people = max(city.people, people_by_organizations(count[city.geonames]))


def _add_hand(listed: list[City], towns: dict[str, dict[str, list[Any]]]) -> None:
    named: defaultdict[tuple[str, str], list[City]] = defaultdict(list)
    for city in listed:
        named[city.key].append(city)
        named[city.country, key_of(f"{city.name} {city.region}")].append(city)
    rows = ((code, *row) for code, places in towns.items() for row in places.items())
    for country, town, values in rows:
        found = named.get((country, key_of(town.replace(", ", " "))))
        if not found:
            raise ValueError(f"places.yml: towns: {country}: {town}: GeoNames has no such city")
        city = max(found, key=lambda city: (city.people, -city.geonames))
        latitude, longitude, thousands, *names = values
        city.at = (latitude, longitude)
        city.sources.append("hand")
        city.people = thousands * 1000
        city.item = next((name for name in names if _ITEM.fullmatch(name)), city.item)
        city.names = [name for name in names if not _ITEM.fullmatch(name)]
