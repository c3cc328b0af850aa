"""Things known by the titles of Wikipedia: Wikidata's well-known ones, and YAGO's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from services.tagger.builder.pool import Item
from services.tagger.builder.sources import is_person, kind_of, records
from services.tagger.builder.titles import Title, Titles
from shared.events import EntityType

_TYPES: dict[str, EntityType] = {"person": "PER", "organization": "ORG", "place": "LOC"}
_OTHER: tuple[tuple[re.Pattern[str], EntityType, str], ...] = (
    (re.compile(r"\b(?:battle|war|olympics|olympic games|conflict|attack|revolution|massacre|"
                r"world cup|championship|disaster|tournament|invasion|crisis)\b", re.I),
     "EVENT", "event"),
    (re.compile(r"\b(?:ethnic group|ethnoreligious|nation and ethnic|people of|religion|"
                r"branch of christianity|christian denomination|ethnicity)\b", re.I),
     "NORP", "people"),
    (re.compile(r"\b(?:airport|stadium|bridge|building|cemetery|prison|arena|cathedral)\b", re.I),
     "FACILITY", "place"),
    (re.compile(r"\b(?:software|video game console|operating system|website|brand|car model|"
                r"service|programming language)\b", re.I), "PRODUCT", "product"),
    (re.compile(r"\b(?:film|movie|album|song|series|sitcom|novel|book|video game|award|opera|"
                r"program|show|treaty|language)\b", re.I), "MISC", "work"),
)  # fmt: skip
_PRIORS = {"person": 0.5, "organization": 0.5, "place": 0.42, "event": 0.4, "people": 0.5,
           "product": 0.4, "work": 0.15}  # fmt: skip


def title_of(address: str) -> str | None:
    """The title, with spaces, of the article at ``address``."""
    _, found, title = address.partition("wikipedia.org/wiki/")
    return unquote(title).replace("_", " ") if found else None


def well_known(source: Path, countries: Mapping[str, str]) -> Iterator[Item]:
    """Items of Wikidata (CC0) that FB15k selects (MIT); works have a low prior.

    ``countries`` has the codes of countries that descriptions of places name.
    """
    names = "|".join(map(re.escape, countries))
    lands = re.compile(rf"(?:, |\b(?:in|of|from) (?:the )?)({names})$")
    for row in records(source / "fb15k_wikidata.jsonl"):
        label, description = row["label"] or "", row.get("description") or ""
        kind = kind_of(description)
        if kind is None and is_person(description):
            kind = "person"
        entity_type = _TYPES.get(kind or "")
        for pattern, other, other_kind in _OTHER:
            if kind is None and pattern.search(description):
                kind, entity_type = other_kind, other
        if not label[:1].isupper() or not row["wikidata_id"] or not kind or not entity_type:
            continue
        land = lands.search(description) if kind == "place" else None
        item = Item(row["wikidata_id"], label, entity_type, kind, _PRIORS[kind], "fb15k",
                    country=countries[land[1]] if land else None,
                    title=title_of(row["wikipedia"] or ""))  # fmt: skip
        for name in row["alternatives"]:
            if not name[:1].isupper() or name.startswith("President ") or len(name) < 2:
                continue
            # One word of a person's names means the person beside the full name only.
            alone = " " not in name and entity_type == "PER"
            (item.short if alone else item.names).append(name)
        yield item


_SUBJECTS = {"playsFor": "PER", "wasBornIn": "PER", "diedIn": "PER", "hasGender": "PER",
             "isMarriedTo": "PER", "graduatedFrom": "PER", "isPoliticianOf": "PER",
             "hasChild": "PER", "actedIn": "PER", "hasWonPrize": "PER", "worksAt": "PER",
             "isLocatedIn": "LOC", "livesIn": "PER", "isCitizenOf": "PER", "directed": "PER",
             "created": "PER", "hasMusicalRole": "PER", "isLeaderOf": "PER"}  # fmt: skip
_OBJECTS = {"playsFor": "ORG", "wasBornIn": "LOC", "diedIn": "LOC", "livesIn": "LOC",
            "graduatedFrom": "ORG", "isMarriedTo": "PER", "hasChild": "PER", "worksAt": "ORG",
            "hasNeighbor": "LOC", "isAffiliatedTo": "ORG", "isCitizenOf": "LOC"}  # fmt: skip
_FORMS = {"PER": "person", "ORG": "organization", "LOC": "place"}


def _relations(source: Path) -> tuple[dict[str, str], Counter[str]]:
    """The type that most relations give to a title, and in how many relations it takes part."""
    votes: dict[str, Counter[str]] = {}
    degrees: Counter[str] = Counter()
    for name in ("yago3-10_valid.txt", "yago3-10_test.txt"):
        for line in (source / name).read_text(encoding="utf-8").splitlines():
            subject, relation, thing = line.split("\t")
            for title, types in ((subject, _SUBJECTS), (thing, _OBJECTS)):
                degrees[title] += 1
                if relation in types and not re.match(r"[a-z]{2,3}/", title):
                    votes.setdefault(title, Counter())[types[relation]] += 1
    # What airports, teams and universities lie in is told of them, too: not of places alone.
    return {title: vote.most_common(1)[0][0] for title, vote in votes.items()}, degrees


def titles(source: Path, reader: Titles, regions: Mapping[str, str]) -> Iterator[Item]:
    """Things of YAGO (CC-BY 4.0) whose type is sure; ``regions`` gives their countries.

    Of the many people only those who are in both of its selections, or in relations: the others
    have neither an item nor anything else that tells more of them than their name does.
    """
    types, degrees = _relations(source)
    lists: Counter[str] = Counter()
    for name in ("yago3-10_entities.dict", "dbp_yg100k_names.tsv"):
        text = (source / name).read_text(encoding="utf-8")
        lists.update(line.split("\t")[1] for line in text.splitlines())
    for raw in sorted(lists):
        if re.match(r"[a-z]{2,3}/", raw):
            continue
        title = raw.replace("_", " ")
        read = reader.read(title)
        if read is None and raw in types:
            kind = types[raw]
            if "(" in raw or ("," in raw and kind != "LOC") or (kind == "PER" and "_" not in raw):
                continue
            read = Title(title.split(", ")[0], kind, _FORMS[kind], qualified="," in raw)
        if read is None or len(read.name) < 3:
            continue
        item = _item(title, read, degrees[raw], regions)
        item.alone = read.type != "PER" or lists[raw] > 1 or degrees[raw] > 0
        yield item


def _item(title: str, read: Title, degree: int, regions: Mapping[str, str]) -> Item:
    base = 0.1 if read.qualified else 0.16
    if read.type == "LOC":  # towns of some size are known from their people
        base = 0.03
    # "Denton, Texas" is found by name and region: it need not be written out.
    names = [title] if ", " in title and title != f"{read.name}, {read.region}" else []
    kind: Any = read.type
    return Item(
        None, read.name, kind, read.kind, min(base + 0.02 * degree, 0.4), "yago", names,
        country=regions.get(read.region or "") or None, region=read.region, title=title,
        distinct=read.qualified and read.type != "LOC",
    )  # fmt: skip
