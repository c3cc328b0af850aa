"""Puts the sources together: what is written by hand goes before what is read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from services.tagger.builder import sources
from services.tagger.builder.cities import cities
from services.tagger.builder.draft import Draft
from services.tagger.spelling import key_of

Record = dict[str, Any]

# Entries from this prior on are countries, capitals and what is written by hand.
_SURE = 0.8
# The prior of a town of some 400,000 people.
_LESSER_TOWN = 0.46
# The prior of a town of some 150,000 people.
_SMALL_TOWN = 0.3


def compose(source: Path, hand: Path) -> tuple[list[Draft], list[str], list[str]]:
    """All entries, the careful keys and the given names.

    Raises :class:`FileNotFoundError` for a missing input, :class:`ValueError` for a wrong one.
    """
    lists = {
        name: yaml.safe_load((hand / f"{name}.yml").read_text(encoding="utf-8"))
        for name in ("countries", "people", "organizations", "places", "careful")
    }
    territories = sources.territories(source)
    countries = _countries(territories, lists["countries"])
    codes = sources.country_codes(territories) | {
        name: draft.country
        for draft in countries
        if draft.kind == "country" and draft.country
        for name in [draft.name, *draft.names]
    }
    known = sources.well_known(source)
    common = sources.vocabulary(source)
    given = {key_of(name) for name in sources.given_names(source)} - set(
        lists["careful"]["not_given"]
    )
    drafts = [
        *countries,
        *cities(source, lists["places"], codes, territories, known),
        *_regions(territories),
        *_people(lists["people"]),
        *_named(lists["organizations"], "ORG", "organization", 0.95),
        *_named(lists["places"]["places"], "LOC", "place", 0.9),
        *sources.congress(source),
        *sources.leaders(source, codes),
        *_known(known),
        *sources.organizations(source, common),
    ]
    drafts = _unique(drafts)
    careful = [key_of(word) for word in lists["careful"]["words"]]
    careful += _doubtful(drafts, common, given, {key_of(n) for n in sources.surnames(source)})
    return drafts, careful, _given(given, common, drafts)


def _doubtful(
    drafts: list[Draft], common: frozenset[str], given: set[str], surnames: set[str]
) -> list[str]:
    """Names of one word that is a common one or, for towns, a person's name or very short.

    A large place's name stays its own where a small one shares it: "Lagos".
    """
    found = []
    large = {k for draft in drafts if draft.prior >= _LESSER_TOWN for k in draft.lookup_keys()}
    surnames = surnames - large
    for draft in drafts:
        if draft.prior >= _SURE or draft.type == "NORP":
            continue
        for key in draft.lookup_keys():
            if " " in key:
                continue
            town = draft.kind in ("city", "place") and draft.prior < _LESSER_TOWN
            small = town and draft.prior < _SMALL_TOWN
            if (
                key.lower() in common
                or (town and (key in given or len(key) < 4))
                or (small and key in surnames)
            ):
                found.append(key)
    return found


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
        name = row["name"].removesuffix(" SAR")
        found.append(
            Draft(row["qid"], name, "LOC", "country", 1.0 if known else 0.8, names,
                  country=country)
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
            Draft(row["qid"], name, "LOC", "region", prior, names, country=code[:2].upper())
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
                  0.55 if row["kind"] != "place" else 0.45, aliases)
        )  # fmt: skip
    return found


def _unique(drafts: list[Draft]) -> list[Draft]:
    """Each entity once, the first with the names of all whose licence lets them stand there."""
    first: dict[tuple[str, str], Draft] = {}
    for draft in sorted(drafts, key=lambda draft: draft.rival):
        held = first.setdefault((draft.id, draft.type), draft)
        if held is not draft and not draft.rival and held.share_alike >= draft.share_alike:
            held.names += [draft.name, *draft.names]
    people = [set(draft.name.split()) for draft in first.values() if _known_person(draft)]

    def repeated(draft: Draft) -> bool:
        # A leader whom the lists know with an item is not entered again without one, also when
        # this list has more of the name: "Matamela Cyril Ramaphosa".
        words = set(draft.name.split())
        return draft.listed and any(known <= words for known in people)

    return [draft for draft in first.values() if not repeated(draft)]


def _known_person(draft: Draft) -> bool:
    return draft.type == "PER" and not draft.listed and " " in draft.name


def _given(names: set[str], common: frozenset[str], drafts: list[Draft]) -> list[str]:
    """Given names: listed ones that are no common word, and first words of many people's names."""
    counted = Counter(key_of(draft.name).split(" ")[0] for draft in drafts if draft.type == "PER")
    listed = {name for name in names if len(name) > 2 and name.lower() not in common}
    return sorted(listed | {name for name, count in counted.items() if count > 9})
