"""Variants of sentences: other names in the place of theirs, other ways of writing them.

The open collections know the names of America and Britain best; news is of the whole world. Names
are exchanged for others of the same type: players, leaders, towns, organizations of all countries.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.tagger.model.labels import begins, goes_on
from shared.events import EntityType
from shared.minilm.pieces import split
from training.tagger.unify import Sentence

_LONGEST_NAME: Final = 8
"""Words of a name that is put in."""


class Swap:
    """Exchanges names for those of the data sets in ``folder`` (the unpacked gazetteer)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[EntityType, list[list[str]]] = {
            "PER": _words(self._people()),
            "LOC": _words(self._places()),
            "ORG": _words(self._organizations()),
        }

    def _people(self) -> Iterator[str]:
        for path in sorted((self._folder / "openfootball").glob("players_*.txt")):
            taken = 0
            for line in path.read_text(encoding="utf-8").splitlines():
                found = re.match(r"([^\W\d_][^,=#\d]{3,40}),\s", line)
                if found and taken < 1500:  # no country has most of the names
                    taken += 1
                    yield found[1].strip()
        # Written in several encodings: what cannot be read is left out.
        with (self._folder / "reign_leaderlist_2021.csv").open(
            encoding="utf-8", errors="replace"
        ) as lines:
            yield from (r["leader"] for r in csv.DictReader(lines) if "\ufffd" not in r["leader"])
        leaders = self._folder / "factbook_leaders_2022-06.jsonl"
        for line in leaders.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            told = f"{row.get('chief_of_state', '')} {row.get('head_of_government', '')}"
            for found in re.finditer(r"((?:[A-Z][\w'-]+ ){1,3})([A-Z][A-Z'-]{2,})\b", told):
                given = re.sub(
                    r"^(?:(?:President|Prime|Minister|King|Queen|Governor|General|Vice|Sultan|Emir"
                    r"|Sir|Premier|Chancellor|Deputy|First|Crown|Prince|Amir|Sheikh) )+",
                    "",
                    found[1],
                )
                yield f"{given}{found[2].title()}"

    def _places(self) -> Iterator[str]:
        with (self._folder / "geonames_world-cities.csv").open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                yield row["name"]
        with (self._folder / "dr5hn_states.csv").open(encoding="utf-8") as lines:
            yield from (row["name"] for row in csv.DictReader(lines))
        countries = json.loads((self._folder / "dr5hn_countries.json").read_text(encoding="utf-8"))
        # As often as towns: news is more of countries than of towns.
        yield from [country["name"] for country in countries] * 40

    def _organizations(self) -> Iterator[str]:
        with gzip.open(self._folder / "ror_orgs.jsonl.gz", "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                row = json.loads(line)
                if number % 5 == 0 or "government" in row["types"]:
                    yield row["name"]
                    short = [n[0] for n in row["names"] if "acronym" in n[2]]
                    yield from short[:1]
        with (self._folder / "sp500.csv").open(encoding="utf-8") as lines:
            yield from [row["Security"] for row in csv.DictReader(lines)] * 4
        with gzip.open(self._folder / "financedb_companies.jsonl.gz", "rt", encoding="utf-8") as f:
            for number, line in enumerate(f):
                name = json.loads(line)["name"]
                if number % 10 == 0 and not any(c.isdigit() for c in name):
                    yield name.title() if name.isupper() else name
        for path in sorted((self._folder / "openfootball").glob("clubs_*.clubs.txt")):
            for line in path.read_text(encoding="utf-8").splitlines():
                found = re.match(r"([^\W\d_][^,=#|(\d]{3,40}),", line)
                if found:
                    yield found[1].strip()

    def swapped(self, sentence: Sentence, chance: random.Random) -> Sentence:
        """``sentence`` with about half of its names exchanged, the same one always alike."""
        words: list[str] = []
        allowed: list[int] = []
        chosen: dict[tuple[str, ...], list[str]] = {}
        place = 0
        while place < len(sentence.words):
            kind = self._kind(sentence.allowed[place])
            if kind is None:
                words.append(sentence.words[place])
                allowed.append(sentence.allowed[place])
                place += 1
                continue
            end = place + 1
            while end < len(sentence.words) and _goes_on(sentence.allowed[end], kind):
                end += 1
            old = sentence.words[place:end]
            key = tuple(old)
            if key not in chosen:
                chosen[key] = old
                if chance.random() < 0.5 and old[0][:1].isupper():
                    chosen[key] = self._pick(kind, len(old), chance)
                if kind == "PER" and len(old) > 1:  # the surname alone goes with the full name
                    chosen.setdefault((old[-1],), chosen[key][-1:])
            new = chosen[key]
            words += new
            allowed += [1 << begins(kind)] + [1 << goes_on(kind)] * (len(new) - 1)
            place = end
        return Sentence(words, allowed)

    @staticmethod
    def _kind(allowed: int) -> EntityType | None:
        kinds: tuple[EntityType, ...] = ("PER", "ORG", "LOC")
        for kind in kinds:
            if allowed == 1 << begins(kind):
                return kind
        # Where the source does not tell towns from buildings: most are towns.
        return "LOC" if allowed == 1 << begins("LOC") | 1 << begins("FACILITY") else None

    def _pick(self, kind: EntityType, length: int, chance: random.Random) -> list[str]:
        name = chance.choice(self._names[kind])
        if kind == "PER" and length == 1 and len(name) > 1:
            return name[-1:]
        return name


def _goes_on(allowed: int, kind: EntityType) -> bool:
    both = 1 << goes_on("LOC") | 1 << goes_on("FACILITY")
    return allowed == 1 << goes_on(kind) or (kind == "LOC" and allowed == both)


def _words(names: Iterator[str]) -> list[list[str]]:
    found = []
    for name in names:
        cut = [name[word.start : word.end] for word in split(name)]
        if 0 < len(cut) <= _LONGEST_NAME and any(c.isupper() for c in name):
            found.append(cut)
    return found


def recased(sentence: Sentence, chance: random.Random) -> Sentence:
    """``sentence`` in capitals, as a headline, or all small, as some pages write."""
    way = chance.choice((str.upper, str.title, str.title, str.lower))
    return Sentence([way(word) for word in sentence.words], sentence.allowed)
