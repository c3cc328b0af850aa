"""Invented articles by the hundred, no two alike unless asked for."""

from __future__ import annotations

import json
import random

_NOUNS = [
    "harbour",
    "council",
    "bridge",
    "school",
    "court",
    "minister",
    "union",
    "bakery",
    "orchestra",
    "factory",
    "river",
    "festival",
    "library",
    "museum",
    "hospital",
    "garden",
    "railway",
    "airport",
    "budget",
    "strike",
    "election",
    "treaty",
    "museum",
    "dairy",
    "quarry",
    "lighthouse",
    "market",
    "parade",
    "archive",
    "stadium",
    "vineyard",
    "reservoir",
    "tunnel",
    "ferry",
    "observatory",
    "chapel",
    "foundry",
    "laboratory",
    "theatre",
    "nursery",
    "brewery",
    "canal",
    "plaza",
    "clinic",
    "depot",
    "mill",
    "prairie",
]
_VERBS = [
    "opened",
    "closed",
    "delayed",
    "praised",
    "questioned",
    "repaired",
    "approved",
    "rejected",
    "announced",
    "reviewed",
    "celebrated",
    "inspected",
    "sold",
    "bought",
    "merged",
    "funded",
    "planned",
    "flooded",
    "restored",
    "extended",
    "measured",
    "surveyed",
    "photographed",
    "abandoned",
    "reopened",
    "debated",
    "welcomed",
    "opposed",
    "signed",
    "cancelled",
]
_ADJECTIVES = [
    "old",
    "new",
    "northern",
    "southern",
    "quiet",
    "crowded",
    "disputed",
    "famous",
    "modest",
    "costly",
    "sudden",
    "gradual",
    "local",
    "regional",
    "annual",
    "unexpected",
    "careful",
    "noisy",
    "narrow",
    "broad",
    "empty",
    "wooden",
    "coastal",
    "alpine",
    "rural",
]
_PLACES = [
    "Paris",
    "London",
    "Kyiv",
    "Rome",
    "Madrid",
    "Berlin",
    "Vienna",
    "Warsaw",
    "Prague",
    "Lisbon",
    "Oslo",
    "Athens",
]


def text(number: int, sentences: int = 14) -> str:
    """The text of article ``number``: always the same, and unlike that of any other number."""
    chance = random.Random(number)
    lines = []
    for index in range(sentences):
        pick = chance.choice
        lines.append(
            f"The {pick(_ADJECTIVES)} {pick(_NOUNS)} near {pick(_PLACES)} was {pick(_VERBS)} by "
            f"the {pick(_ADJECTIVES)} {pick(_NOUNS)} after {chance.randint(2, 9999)} visitors "
            f"{pick(_VERBS)} a {pick(_ADJECTIVES)} {pick(_NOUNS)}."
        )
        if index % 4 == 3:
            lines.append("\n\n")
    return " ".join(lines).replace(" \n\n ", "\n\n").strip()


def plain(number: int) -> bytes:
    """Article ``number`` as a dropped text file."""
    return f"Report {number} on the {_NOUNS[number % 40]}\n\n{text(number)}\n".encode()


def record(number: int, url: str, *, edit: int = 0) -> bytes:
    """Article ``number`` as a JSON file under ``url``; ``edit`` words of it are changed."""
    words = text(number).split(" ")
    chance = random.Random((number, edit).__repr__())
    for _ in range(edit):
        words[chance.randrange(len(words))] = f"edited{edit}"
    body = {"url": url, "title": f"Report {number}", "text": " ".join(words)}
    return json.dumps(body).encode()
