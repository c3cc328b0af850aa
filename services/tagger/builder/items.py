"""Which city is a country's capital, and which Wikidata item a city of some name has."""

from __future__ import annotations

import re
from pathlib import Path

from services.tagger.builder.sources import Record, records
from services.tagger.spelling import key_of

_COUNTY = re.compile(r"(?:\w+ )?county (?!seat)")
# "Cairo; note - ...", "Kyiv (Kiev)", "Washington, DC"
_CAPITAL = re.compile(r"[^;,(&]+")


def capitals_of(source: Path, codes: dict[str, str]) -> dict[str, str]:
    """Key of the capital by ISO code (The World Factbook, public domain)."""
    found = {}
    for row in records(source / "factbook_leaders_2022-06.jsonl"):
        name = _CAPITAL.match(row["capital"] or "")
        if name and row["country"] in codes:
            found[codes[row["country"]]] = key_of(name[0].strip())
    return found


def items_of(known: list[Record], territories: dict[str, Record]) -> dict[tuple[str, str], str]:
    """Wikidata items of cities by name and by ISO code or key of the state they lie in."""
    found: dict[tuple[str, str], str] = {}
    around = {row["name"]: code for code, row in territories.items()}
    for row in known:
        if row["kind"] != "place" or _COUNTY.match(row["description"]):
            continue
        for name, code in around.items():
            if name in row["description"]:
                place = code.upper() if len(code) == 2 else key_of(name)
                found.setdefault((key_of(row["label"]), place), row["wikidata_id"])
    return found
