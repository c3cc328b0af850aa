"""Politicians and parties: of all countries in 2022, of the United States also the earlier ones."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from services.tagger.builder.pool import Item
from services.tagger.builder.sources import leaders, records
from services.tagger.spelling import key_of

_NOW = "factbook_leaders.jsonl"
_THEN = "factbook_leaders_2022-06.jsonl"

# "Algerian National Front or FNA [Moussa TOUATI]"
_PARTY = re.compile(r"([^\[\];]{4,120}?)\s*\[([^\[\]]{4,80})\]")
_LEADER = re.compile(r"(?:[A-Z][\w'’.-]+\s){1,3}(?:(?:al-|de |van |von )?[A-Z][A-Z'’-]+\s?){1,3}")
_INNER = re.compile(r"\s*\(([^()]*)\)")
_NOTE = re.compile(r"\b(?:note|includes|formerly|coalition of|vacant)\b", re.IGNORECASE)


def leaders_now(source: Path, codes: dict[str, str]) -> Iterator[Item]:
    """Heads of state and government of today (The World Factbook, public domain)."""
    for draft in leaders(source, codes, _NOW):
        item = Item.of(draft)
        item.prior = 0.5
        yield item


def parties(source: Path, codes: dict[str, str]) -> Iterator[Item]:
    """Parties and their leaders in June 2022 (The World Factbook, public domain)."""
    for row in records(source / _THEN):
        country = codes.get(row["country"] or "")
        if country is None:
            continue
        for match in _PARTY.finditer(row.get("party_leaders") or ""):
            if party := _party(match[1], country):
                yield party
            for name in re.split(r",| and |;|/", match[2]):
                name = name.strip()
                if _LEADER.fullmatch(name):
                    cased = " ".join(
                        part.title() if part.isupper() and len(part) > 2 else part
                        for part in name.split()
                    )
                    yield Item(None, cased, "PER", "person", 0.35, "factbook", country=country)


def _party(text: str, country: str) -> Item | None:
    text = text.split(":")[-1].strip(" ,.-")
    if _NOTE.search(text):
        return None
    translated = _INNER.findall(text)
    names = [part.strip() for part in _INNER.sub("", text).split(" or ")]
    name, *more = [name for name in names if name[:1].isupper()] or [""]
    if " " not in name or len(name) > 80 or "(" in name or ")" in name:
        return None
    more += [part.strip() for part in translated if " " in part.strip() and part[:1].isupper()]
    return Item(None, name, "ORG", "organization", 0.35, "factbook", more, country=country)


def legislators(source: Path) -> Iterator[Item]:
    """Former members of the United States Congress (CC0)."""
    path = source / "congress_legislators-historical.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            title = row["wikipedia_id"]
            first, last = row["first_name"], row["last_name"]
            called = row["nickname"] or first
            full = " ".join(filter(None, (first, row["middle_name"], last)))
            item = Item(
                None, f"{called} {last}", "PER", "person", 0.2, "congress",
                [f"{first} {last}", full], country="US", title=title or None,
                distinct=bool(re.search(r"\(.*\)$", title)),
            )  # fmt: skip
            # The living are still in the news; of the others those whom another source knows.
            item.alone = int(row["birthday"][:4] or 0) > 1930
            if not item.alone:
                item.prior = 0.1
            yield item


def rulers(source: Path, given: Collection[str]) -> Iterator[Item]:
    """National leaders from 1990 to 2021 whose given name is told, too (REIGN, MIT)."""
    with (source / "reign_leaderlist_2021.csv").open(encoding="latin-1", newline="") as file:
        for row in csv.DictReader(file):
            name = (row["leader"] or "").strip()
            recent = (row["eyear"] or "0").isdigit() and int(row["eyear"] or 0) >= 1990
            words = key_of(name).split()
            if recent and 1 < len(words) < 5 and words[0] in given and "and" not in words:
                yield Item(None, name, "PER", "person", 0.3, "reign")
