"""Organizations: research and public bodies, universities, companies, football clubs."""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from services.tagger.builder.pool import Item
from services.tagger.builder.sources import generic, records

# A company's prior by its size on the stock exchange.
_CAPS = {"Mega Cap": 0.55, "Large Cap": 0.42, "Mid Cap": 0.32, "Small Cap": 0.22}
_PUBLIC = frozenset({"government", "education", "nonprofit"})
# Longer names in other languages are not written in news.
_LONG = 50
_LATIN = re.compile(r"[\u0000-\u024f\u2010-\u2027]+")


def registered(source: Path, common: frozenset[str]) -> Iterator[Item]:
    """Active organizations of ROR (CC0), with their names and acronyms in Latin letters."""
    for row in records(source / "ror_orgs.jsonl.gz"):
        country = row["locations"][0][2] if row["locations"] else None
        item = row["wikidata"][0] if row["wikidata"] else None
        if row["status"] != "active" or generic(row["name"], common):
            continue
        kinds = {kind.lower() for kind in row["types"]}
        # A small firm or laboratory that has no item is in no news.
        if item is None and not kinds & _PUBLIC:
            continue
        names = [
            name
            for name, language, spelled in row["names"]
            if _LATIN.fullmatch(name)
            and not generic(name, common)
            and (language == "en" or (item and len(name) <= _LONG))
        ]
        yield Item(
            item or "ror:" + row["ror"].rsplit("/", 1)[1], row["name"], "ORG", "organization",
            0.3 if item else 0.15, "ror", names, country=country,
            distinct=" " not in row["name"],
        )  # fmt: skip


def universities(source: Path) -> Iterator[Item]:
    """Universities and colleges (university-domains-list, MIT)."""
    rows = json.loads((source / "universities.json").read_text(encoding="utf-8"))
    for row in sorted(rows, key=lambda row: (row["name"], row["alpha_two_code"])):
        name = row["name"].strip()
        if " " in name and len(name) < 100:
            yield Item(None, name, "ORG", "organization", 0.2, "universities",
                       country=row["alpha_two_code"])  # fmt: skip


def companies(source: Path, codes: dict[str, str]) -> Iterator[Item]:
    """The S&P 500 (public domain), then listed companies of a size that is told (MIT)."""
    with (source / "sp500.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = re.sub(r"\s*\(.*?\)", "", row["Security"])
            yield Item(None, name, "ORG", "organization", 0.55, "sp500", country="US")
    for row in records(source / "financedb_companies.jsonl.gz"):
        prior = _CAPS.get(row["cap"])
        country = codes.get(row["country"])
        name = html.unescape(unquote(row["name"])).strip()
        if prior is None or country is None or not _company(name):
            continue
        yield Item(None, name, "ORG", "organization", prior, "financedb", country=country)


def _company(name: str) -> bool:
    return (
        3 < len(name) < 80
        and bool(re.search(r"[a-z]", name))
        and not re.search(r"[%*=\"]|\d{2}|\b(?:ETF|Fund|Trust|Notes?|Bonds?|Acquisition)\b", name)
    )


_COUNTRY = {"eng": "GB", "sco": "GB", "wal": "GB", "nir": "GB", "kos": "XK"}
_CLUBS = re.compile(r"clubs_.+_([a-z]{2,3})\.clubs\.txt")
_PLAYERS = re.compile(r"players_.+_([a-z]{2,3})\.players\.txt")
# "Roman Salenko,   M,  1.80 m,  b. 7 Apr 2005 @ Kyiv"
_PLAYER = re.compile(r"(?P<name>[^,#|=]+),\s*[GDMF],.*\bb\. \d+ \w+ (?P<born>\d{4})")
# "ii) FC Krasnodar 2", "NK Kamen Ingrad (1929-2008)"
_MARK = re.compile(r"^\w+\)\s*|\s*\(\d{4}-[\d.]*\)")
_LANGUAGE = re.compile(r"\s*\[\w+\]")


def clubs(source: Path) -> Iterator[Item]:
    """Football clubs with their other names (openfootball, CC0)."""
    for path in sorted((source / "openfootball").glob("clubs_*.txt")):
        if not (match := _CLUBS.fullmatch(path.name)):
            continue
        country = _COUNTRY.get(match[1], match[1].upper())
        club: Item | None = None
        for line in path.read_text(encoding="utf-8").splitlines():
            text = _MARK.sub("", _LANGUAGE.sub("", line.split("#")[0]).strip())
            if text.startswith("|"):
                _add_names(club, text)
            elif text and not text.startswith(("=", "(")):
                if club:
                    yield club
                name, _, rest = text.partition(",")
                name, *names = [part.strip() for part in name.split("|")]
                club = Item(None, name, "ORG", "organization", 0.3, "openfootball", country=country)
                club.region = re.split(r"[(›]", rest.rsplit(",", 1)[-1])[0].strip() or None
                _add_names(club, "|".join(names))
        if club:
            yield club


def _add_names(club: Item | None, text: str) -> None:
    if club is None:
        return
    for name in (part.strip() for part in text.split("|")):
        if not name or re.search(r"\.$|\b[A-Z]\. ", name) or "(" in name:
            continue
        # One word is the town's name, or one that many clubs share: "Arsenal", "Dynamo".
        (club.names if " " in name else club.short).append(name)


def players(source: Path) -> Iterator[Item]:
    """Football players born from 1991 to 1998 (openfootball, CC0)."""
    for path in sorted((source / "openfootball").glob("players_*.txt")):
        if not (match := _PLAYERS.fullmatch(path.name)):
            continue
        country = _COUNTRY.get(match[1], match[1].upper())
        for line in path.read_text(encoding="utf-8").splitlines():
            found = _PLAYER.match(line)
            if (
                found
                and 1991 <= int(found["born"]) <= 1998
                and " " in (name := found["name"].strip())
            ):
                yield Item(None, name, "PER", "person", 0.15, "openfootball", country=country)
