"""The texts that the tagger's names are measured on, and the names that people marked in them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

WORLDWIDE: Final = "worldwide"
"""The set whose rows are the sentences of articles."""

_LABELS: Final = {
    label: ours
    for ours, labels in {
        "PER": "per person politician",
        "ORG": "org organization organisation corporation group politicalparty",
        "LOC": "loc location country facility",
    }.items()
    for label in labels.split()
}
"""Labels of the sets, in lower case, to ours; what is absent here is not scored."""


class Name(NamedTuple):
    """A name at code points ``start`` to ``end`` (exclusive): ``PER``, ``ORG`` or ``LOC``."""

    start: int
    end: int
    type: str


class Marked(NamedTuple):
    """A text with the names that people marked in it."""

    text: str
    names: frozenset[Name]


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of the evaluation data."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def scored(spans: Iterable[Sequence[Any]]) -> frozenset[Name]:
    """Of ``(start, end, type, ...)`` the persons, organizations and places; facilities are
    places, as most sets have them."""
    return frozenset(
        Name(span[0], span[1], _LABELS[span[2].lower()])
        for span in spans
        if span[2].lower() in _LABELS
    )


def marked(tokens: Sequence[str], tags: Sequence[str]) -> Marked:
    """``tokens`` joined by spaces, with the names that ``tags`` mark; reads IO, BIO and BIOES."""
    found: list[tuple[int, int, str]] = []
    start = end = place = 0
    label = ""
    for token, tag in zip([*tokens, ""], [*tags, "O"], strict=True):
        mark, _, name = tag.partition("-")
        if label and (name != label or mark in ("B", "S", "O")):
            found.append((start, end, label))
            label = ""
        if name and not label:
            start, label = place, name
        end = place + len(token)
        place = end + 1
    return Marked(" ".join(tokens), scored(found))


def articles(path: Path, sets: Sequence[str]) -> dict[str, dict[str, Marked]]:
    """The texts of ``ner.jsonl.gz`` by their ids, for each of ``sets``: a set, or the beginning
    of the names of several (``btc``).

    The sentences of an article of ``worldwide`` are joined by line feeds, in order; each row of
    the other sets is a text. What was found in such a text stays comparable only as long as the
    texts are joined so.
    """
    found: dict[str, dict[str, Marked]] = {name: {} for name in sets}
    for row in rows(path):
        belongs = next((name for name in sets if row["set"].startswith(name)), None)
        if belongs is None:
            continue
        key = row["id"].rpartition("-")[0] if row["set"] == WORLDWIDE else row["id"]
        sentence = marked(row["tokens"], row["tags"])
        held = found[belongs].get(key)
        found[belongs][key] = sentence if held is None else _joined(held, sentence)
    return found


def _joined(article: Marked, sentence: Marked) -> Marked:
    text = f"{article.text}\n"
    moved = (
        Name(name.start + len(text), name.end + len(text), name.type) for name in sentence.names
    )
    return Marked(text + sentence.text, article.names.union(moved))
