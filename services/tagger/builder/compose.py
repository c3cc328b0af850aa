"""Puts the sources together: what is written by hand goes before what is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from services.tagger.builder import sources
from services.tagger.builder.cities import cities
from services.tagger.builder.draft import Draft
from services.tagger.spelling import key_of

Record = dict[str, Any]


@dataclass(frozen=True)
class Basis:
    """What is read first, and what more than one part of the build needs."""

    hand: dict[str, Any]
    """The lists written by hand, by name."""
    territories: dict[str, Record]
    countries: list[Draft]
    codes: dict[str, str]
    """ISO code of a country by any of its names."""
    known: list[Record]
    """Well-known items of Wikidata."""
    common: frozenset[str]
    given: set[str]


def gather(source: Path, hand: Path) -> Basis:
    """Read the basis; raises :class:`FileNotFoundError` for a missing input."""
    lists = {
        name: yaml.safe_load((hand / f"{name}.yml").read_text(encoding="utf-8"))
        for name in ("countries", "people", "organizations", "places", "given")
    }
    territories = sources.territories(source)
    countries = _countries(territories, lists["countries"])
    codes = sources.country_codes(territories) | {
        name: draft.country
        for draft in countries
        if draft.kind == "country" and draft.country
        for name in [draft.name, *draft.names]
    }
    given = {key_of(name) for name in sources.given_names(source)} - set(
        lists["given"]["not_given"]
    )
    known = sources.well_known(source)
    common = sources.vocabulary(source)
    return Basis(lists, territories, countries, codes, known, common, given)


def entries(source: Path, basis: Basis) -> list[Draft]:
    """What is written by hand, then places, members of congress, leaders and Wikidata's well-known
    items, in the order of their word.

    Raises :class:`ValueError` for a wrong input.
    """
    lists = basis.hand
    towns = cities(source, lists["places"], basis.codes, basis.territories, basis.known)
    return [
        *basis.countries,
        *towns,
        *_regions(basis.territories),
        *_people(lists["people"]),
        *_named(lists["organizations"], "ORG", "organization", 0.95),
        *_named(lists["places"]["places"], "LOC", "place", 0.9),
        *sources.congress(source),
        *sources.leaders(source, basis.codes),
        *_known(basis.known),
    ]


def _countries(territories: dict[str, Record], hand: dict[str, Record]) -> list[Draft]:
    found = []
    for code, row in territories.items():
        if len(code) != 2 or code in ("eu", "un", "zz", "ip", "su", "an") or not row.get("qid"):
            continue
        country = code.upper()
        more = hand.get(country) or {}
        names = more.get("names", [])
        if row["full_name"] and "(" not in row["full_name"]:
            names = [*names, row["full_name"]]
        known = row.get("is_country") or country in hand
        told = "rigour+hand" if country in hand else "rigour"
        name = row["name"].removesuffix(" SAR")
        found.append(
            Draft(row["qid"], name, "LOC", "country", 1.0 if known else 0.8, names,
                  country=country, source=told)
        )  # fmt: skip
        if people := more.get("people"):
            plural = [f"{p}s" for p in people if not p.endswith(("ese", "sh", "ch", "ss", "s"))]
            # A people has its country's item: whoever searches for one means both.
            found.append(
                Draft(row["qid"], people[0], "NORP", "people", 1.0, [*people, *plural],
                      country=country)
            )  # fmt: skip
    return found


def _regions(territories: dict[str, Record]) -> list[Draft]:
    found = []
    for code, row in territories.items():
        if "-" not in code or not row.get("qid"):
            continue
        name = row["name"].split(" (")[0]
        if row.get("parent") == "ua" and not name.endswith("Oblast") and name != "Crimea":
            continue
        names = []
        for kind in ("Oblast", "Krai"):
            if name.endswith(f" {kind}"):
                stem = name.removesuffix(f" {kind}")
                words = (kind.lower(), "region", "Region", "province")
                names = [f"{stem} {word}" for word in words]
        prior = 0.8 if code.startswith(("us-", "ca-", "gb-", "au-")) else 0.3
        found.append(
            Draft(
                row["qid"],
                name,
                "LOC",
                "region",
                prior,
                names,
                country=code[:2].upper(),
                source="rigour",
            )
        )
    return found


def _people(rows: list[Record]) -> list[Draft]:
    return [
        Draft(
            row["id"], row["name"], "PER", "person", 0.95,
            [*row.get("names", []), *row.get("alone", [])], row.get("short", []),
            country=row.get("country"),
        )
        for row in rows
    ]  # fmt: skip


def _named(rows: list[Record], kind: str, place: str, prior: float) -> list[Draft]:
    return [
        Draft(
            row["id"], row["name"], row.get("type", kind), row.get("kind", place), prior,
            row.get("names", []), row.get("short", []), country=row.get("country"),
            at=tuple(row["at"]) if "at" in row else None,
        )
        for row in rows
    ]  # fmt: skip


def _known(rows: list[Record]) -> list[Draft]:
    kinds = {"person": "PER", "organization": "ORG", "place": "LOC"}
    found = []
    for row in rows:
        aliases = [
            name
            for name in row["alternatives"]
            if " " in name and name[:1].isupper() and not name.startswith(("President ", "The "))
        ]
        found.append(
            Draft(row["wikidata_id"], row["label"], kinds[row["kind"]], row["kind"],
                  0.55 if row["kind"] != "place" else 0.45, aliases, source="fb15k")
        )  # fmt: skip
    return found
