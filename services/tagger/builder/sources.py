"""Readers of the open data sets, a function for each. Licences: docs/knowledge-base.md."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from services.tagger.builder.draft import Draft

Record = dict[str, Any]


def records(path: Path) -> Iterator[Record]:
    """Rows of a JSON Lines file, gzipped or not."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)
    else:
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def territories(source: Path) -> dict[str, Record]:
    """Countries and first-level divisions by lower-case code (rigour, MIT)."""
    return {row["code"]: row for row in records(source / "rigour_data.jsonl")}


def country_codes(territories: dict[str, Record]) -> dict[str, str]:
    """ISO code by each name that the list has for a country (rigour, MIT)."""
    codes: dict[str, str] = {}
    for code, row in territories.items():
        if len(code) == 2:
            for name in [row["name"], row["full_name"], *row["names_strong"]]:
                codes.setdefault(name, code.upper())
    for code, row in territories.items():
        if len(code) == 2:
            for name in row.get("names_weak", ()):
                codes.setdefault(name, code.upper())
    return codes


_PERSON = re.compile(
    r"\b(actor|actress|politician|singer|rapper|musician|writer|author|novelist|poet|player|"
    r"footballer|director|producer|screenwriter|composer|songwriter|comedian|model|journalist|"
    r"philosopher|scientist|physicist|president|prime minister|chancellor|senator|governor|"
    r"businessman|businesswoman|"
    r"entrepreneur|activist|artist|guitarist|drummer|pianist|conductor|designer|filmmaker|"
    r"cinematographer|economist|lawyer|painter|dancer|emperor|king of|queen of|pope|theologian|"
    r"mathematician|historian|general|admiral|wrestler|boxer|athlete|host|personality|editor)\b",
    re.IGNORECASE,
)
_ORGANIZATION = re.compile(
    r"\b(company|corporation|university|college|club|team|band|party|organi[sz]ation|agency|"
    r"league|network|label|studio|newspaper|magazine|broadcaster|channel|institute|institution|"
    r"airline|bank|manufacturer|publisher|association|ministry|department of|army|navy|"
    r"franchise|conglomerate|orchestra|school|media group|legislature|parliament|museum)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(city|town|county|capital|state of|state in|province|country|region|island|borough|"
    r"village|municipality|district|river|mountain|lake|continent|sea|peninsula|territory|"
    r"neighborhood|suburb|prefecture|county seat)\b",
    re.IGNORECASE,
)
_WORK = re.compile(
    r"\b(film|movie|album|song|series|sitcom|novel|book|award|video game|genre|play by|opera|"
    r"edition|season|musical|language|disease|instrument|fictional|character|ceremony|war|"
    r"battle|game|position|sport|surname|given name|category|list)\b",
    re.IGNORECASE,
)


def kind_of(description: str) -> str | None:
    """What a short description of a Wikidata item speaks of, or ``None`` where it is unclear."""
    head = re.split(r"\b(?:in|of|from|based|by|for|that|who|which)\b|,", description)[0]
    for pattern, kind in (
        (_PERSON, "person"),
        (_ORGANIZATION, "organization"),
        (_PLACE, "place"),
    ):
        if pattern.search(head) and not _WORK.search(head):
            return kind
    return None


def is_person(description: str) -> bool:
    """Whether a part of the description ends in what a person is: "film and stage actor"."""
    parts = re.split(r"\b(?:in|of|from|by|for|that|who|which|and|known)\b|[,(;]", description)
    ends = (part.split()[-1] for part in parts if part.strip())
    return not description[:1].isdigit() and any(_PERSON.fullmatch(end) for end in ends)


_COMPANY = re.compile(r"\b(company|corporation|manufacturer|network|newspaper|bank|agency)\b")


def well_known(source: Path) -> list[Record]:
    """Items of Wikidata (CC0) that are well known (the selection is FB15k's, MIT)."""
    rows = []
    for row in records(source / "fb15k_wikidata.jsonl"):
        label, description = row["label"], row.get("description") or ""
        kind = kind_of(description)
        if not label[:1].isupper() or kind is None:
            continue
        # One word names a person, a band or a team too seldom for certain.
        if " " in label or kind == "place" or _COMPANY.search(description):
            rows.append({**row, "kind": kind, "description": description})
    return rows


def congress(source: Path) -> list[Draft]:
    """Sitting members of the United States Congress (CC0)."""
    path = source / "congress_legislators-current.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = []
    for row in yaml.load(path.read_text(encoding="utf-8"), Loader=loader):  # noqa: S506
        name = row["name"]
        spelled = [f"{name['first']} {name['last']}"]
        if "nickname" in name:
            spelled.append(f"{name['nickname']} {name['last']}")
        full = name.get("official_full") or spelled[0]
        if qid := row["id"].get("wikidata"):
            found.append(
                Draft(qid, full, "PER", "person", 0.5, spelled, country="US", source="congress")
            )
    return found


# "President Abdelmadjid TEBBOUNE (since 12 December 2019)"
_LEADER = re.compile(
    r"(?:President|Prime Minister|Premier|Chancellor|King|Queen|Emir|Sultan|Taoiseach)\s+"
    r"((?:[A-Z][\w'.-]+\s+){1,3}(?:[A-Z][A-Z'’-]+(?:\s+[A-Z][A-Z'’-]+)*))\s*(?:\(|;|,)"
)


_RANKS = ("Col.", "Dr.", "Gen.", "Lt.", "Sir")
_NUMERAL = re.compile(r"[IVX]+$")


def _cased(part: str) -> str:
    return part.title() if part.isupper() else part


def leaders(
    source: Path, codes: dict[str, str], file: str = "factbook_leaders_2022-06.jsonl"
) -> list[Draft]:
    """Heads of state and government, in June 2022 (The World Factbook, public domain).

    ``codes`` gives the ISO code of a country's name.
    """
    found: dict[str, Draft] = {}
    for row in records(source / file):
        country = codes.get(row["country"] or "")
        if country is None:
            continue
        for post in ("chief_of_state", "head_of_government"):
            match = _LEADER.search(row.get(post) or "")
            if match is None:
                continue
            parts = [part for part in match[1].split() if part not in _RANKS]
            name = " ".join(part if _NUMERAL.match(part) else _cased(part) for part in parts)
            slug = "wireroom:" + re.sub(r"\W+", "-", name.lower()).strip("-")
            # News leaves out what stands between the first name and the last.
            short = [] if _NUMERAL.match(parts[-1]) else [f"{parts[0]} {_cased(parts[-1])}"]
            leader = Draft(slug, name, "PER", "person", 0.6, short, country=country, listed=True,
                           source="factbook")  # fmt: skip
            found.setdefault(slug, leader)
    return list(found.values())


def generic(name: str, common: frozenset[str]) -> bool:
    """Whether many may bear ``name``, since common words make it up: "Ministry of Education"."""
    return all(word.lower() in common for word in re.findall(r"\w+", name))


def vocabulary(source: Path) -> frozenset[str]:
    """Words that English writes without a capital, from the prose of CC0 sources."""
    prose = [row.get("description") or "" for row in records(source / "fb15k_wikidata.jsonl")]
    for row in records(source / "factbook_leaders_2022-06.jsonl"):
        prose += [str(value) for name, value in row.items() if name != "file" and value]
    return frozenset(word for text in prose for word in re.findall(r"\b[a-z]+\b", text))


def given_names(source: Path) -> list[str]:
    """Given names of many countries (Unlicense)."""
    return _lines(source / "names_NamesDatabases_first_names_all.txt")


def surnames(source: Path) -> list[str]:
    """Surnames of many countries (Unlicense)."""
    return _lines(source / "names_NamesDatabases_surnames_all.txt")


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
