"""Puts the knowledge base together from all sources, the surest first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.tagger.builder import organizations, places, politics, sources, wikipedia
from services.tagger.builder.annotated import identities
from services.tagger.builder.compose import Basis, entries
from services.tagger.builder.pool import Item, Pool
from services.tagger.builder.titles import Titles
from services.tagger.knowledge.entity import Record
from services.tagger.knowledge.writing import write_layer
from services.tagger.spelling import key_of

BASE = "base.kb"
SHARE_ALIKE = "cities-odbl.kb"

# States of these countries are named after their towns without the country: "Athens, Georgia".
_STATES = ("us-", "ca-", "au-", "gb-")


def build(source: Path, basis: Basis, folder: Path, linking: Path | None) -> dict[Path, int]:
    """Write the layers into ``folder``; how many entities each has.

    ``linking`` is the file of the linking data, of which set ``gum`` is read.
    Raises :class:`FileNotFoundError` for a missing input, :class:`ValueError` for a wrong one.
    """
    pool = gather_all(source, basis, linking)
    free: list[Record] = []
    bound: list[Record] = []
    for item, record in pool.records():
        (bound if item.share_alike else free).append(record)
    written = {}
    for name, records in ((BASE, free), (SHARE_ALIKE, bound)):
        write_layer(folder / name, records)
        written[folder / name] = len(records)
    return written


def gather_all(source: Path, basis: Basis, linking: Path | None) -> Pool:
    """All that the sources know, put together."""
    pool = Pool()
    codes = basis.codes
    # Wikidata's well-known items are read below, with their titles and works.
    drafts = entries(source, basis)
    pool.add_all(Item.of(draft) for draft in drafts if draft.source != "fb15k")
    countries = {
        draft.name: draft.country
        for draft in basis.countries
        if draft.kind == "country" and draft.country
    }
    pool.add_all(wikipedia.well_known(source, countries))
    if linking is not None:
        pool.add_all(identities(linking))
    pool.add_all(organizations.registered(source, basis.common))
    pool.add_all(politics.leaders_now(source, codes))
    pool.add_all(politics.parties(source, codes))
    pool.add_all(politics.rulers(source, basis.given))
    pool.add_all(politics.legislators(source))
    pool.add_all(organizations.companies(source, codes))
    pool.add_all(organizations.universities(source))
    pool.add_all(organizations.clubs(source))
    pool.add_all(places.divisions(source))
    known = {
        (item.country or "", places.division_key(name))
        for item in pool.items
        if item.kind in ("region", "place") and item.type == "LOC"
        for name in (item.name, *item.names)
    }
    pool.add_all(places.first_level(source, known))
    pool.add_all(places.counties(source))
    pool.add_all(places.ukraine(source))
    pool.add_all(places.towns(source))
    regions = _regions(source, basis, countries)
    surnames = {key_of(name) for name in sources.surnames(source)}
    reader = Titles(basis.given, surnames, regions)
    pool.add_all(wikipedia.titles(source, reader, regions))
    pool.add_all(_new(pool, organizations.players(source)))
    return pool


def _new(pool: Pool, items: Iterable[Item]) -> Iterator[Item]:
    """Those whose name nobody bears: a namesake's country would be wrong."""
    return (item for item in items if not pool.known(item.name, item.type))


def _regions(source: Path, basis: Basis, countries: dict[str, str]) -> dict[str, str]:
    """Countries by the names that titles end in: regions, countries, then states as in Texas."""
    divisions = json.loads((source / "geonames_admin1.json").read_text(encoding="utf-8"))
    found = {row["name"]: row["code"][:2] for row in divisions}
    found |= countries
    for code, row in basis.territories.items():
        if code.startswith(_STATES):
            found[row["name"].split(" (")[0]] = code[:2].upper()
    return found
