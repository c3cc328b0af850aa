"""The seeds as an editor marks them: every person, place and organization, with the right id.

``seeds_gold.json`` has the names, none of the seeds' text: for each seed what is marked wherever it
stands (the longest name first), ``spelling|another extent;type/another;id/another``. The id is one
of Wikidata, or the knowledge base's own where it knows none; ``nil``: any local id, ``*``: any id.
What is ``optional`` may be marked or not.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from services.tagger.recognizer import Recognizer
from tests.shared_data import shared_data

_GOLD = Path(__file__).with_suffix(".json")
_TYPES = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "FACILITY": "LOC"}


class Gold(NamedTuple):
    """A name at its place, in all readings that are right; none has to be where ``optional``."""

    extents: frozenset[tuple[int, int]]
    types: frozenset[str]
    ids: frozenset[str]
    optional: bool

    def is_named(self, start: int, end: int, kind: str, entity_id: str) -> bool:
        """Whether a mention is this name, its type and its id right."""
        if (start, end) not in self.extents:
            return False
        if self.optional:
            return True
        local = "nil" in self.ids and entity_id.startswith("wireroom:")
        return kind in self.types and (local or "*" in self.ids or entity_id in self.ids)


class Score(NamedTuple):
    """Recall and precision over all seeds, and what is missing and too much, for people to read."""

    recall: float
    precision: float
    wanted: int
    faults: list[str]


def gold(text: str, seed: str) -> list[Gold]:
    """The names of the text of ``seed`` ("000" to "004"), in order; not those in web addresses."""
    rows = json.loads(_GOLD.read_text(encoding="utf-8"))[seed]
    meanings: dict[str, tuple[list[str], str, str] | None] = dict.fromkeys(rows["optional"])
    for row in rows["names"]:
        names, types, ids = row.split(";")
        extents = names.split("|")
        meanings[max(extents, key=len)] = (extents, types, ids)
        for extent in extents:
            meanings.setdefault(extent, (extents, types, ids))
    longest = sorted(meanings, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)|https?://\S+")
    found = []
    for match in pattern.finditer(text):
        if match[0].startswith("http"):
            continue
        start, end = match.span()
        meaning = meanings[match[0]]
        if meaning is None:
            found.append(Gold(frozenset({(start, end)}), frozenset(), frozenset(), True))
            continue
        extents, types, ids = meaning
        right = {(start, end)}
        right |= {
            (start + inner.start(), start + inner.end())
            for extent in extents
            for inner in re.finditer(rf"(?<!\w){re.escape(extent)}(?!\w)", match[0])
        }
        found.append(
            Gold(frozenset(right), frozenset(types.split("/")), frozenset(ids.split("/")), False)
        )
    return found


def score(recognizer: Recognizer) -> Score:
    """How ``recognizer`` does on all five. Raises what :func:`shared_data` does where they are not
    here."""
    right = found = wanted = 0
    faults = []
    for path in sorted(shared_data("seeds").glob("*.txt")):
        seed = path.name[:3]
        text = path.read_text(encoding="utf-8")
        names = gold(text, seed)
        needed = [name for name in names if not name.optional]
        wanted += len(needed)
        met: set[Gold] = set()
        for entity in recognizer.tag(text, "", "en").entities:
            kind = _TYPES.get(entity.type)
            for mention in entity.mentions if kind else ():
                place = (mention.start, mention.end, kind or "", entity.entity_id)
                meant = next((name for name in names if name.is_named(*place)), None)
                if meant is None:
                    found += 1
                    faults.append(f"{seed} too much: {mention.text} {kind} {entity.entity_id}")
                elif not meant.optional:
                    found += 1
                    right += 1
                    met.add(meant)
        for name in needed:
            if name not in met:
                start, end = max(name.extents, key=lambda extent: extent[1] - extent[0])
                said = "/".join(sorted(name.types)), "/".join(sorted(name.ids))
                faults.append(f"{seed} missing: {text[start:end]} {said[0]} {said[1]} at {start}")
    return Score(right / max(wanted, 1), right / max(found, 1), wanted, faults)
