"""The sentences that teach: read, labelled alike, joined, and cut into what the network reads."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from services.tagger.model.words import SHAPES, Vocabulary
from training.tagger.unify import Sentence, family, unify

HELD_OUT: Final = ("btc", "wnut17-test", "crossner-politics-test")
"""Sets, or collections, that only measure."""
JOINED: Final = ("wikigold", "gum", "re3d", "uner", "worldwide")
"""Collections whose rows follow one another as in their texts."""


class Row(NamedTuple):
    """A sentence with where it is from."""

    source: str
    id: str
    sentence: Sentence


def read(path: Path) -> Iterator[Row]:
    """All rows of ``ner.jsonl.gz``, in order."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Row(row["set"], row["id"], unify(row["set"], row["tokens"], row["tags"]))


def outlet(row_id: str) -> str:
    """The outlet of a ``worldwide`` row: ``af_ips`` of ``ww-af_ips_1-0``."""
    return row_id.split("-")[1].rpartition("_")[0]


def document(row: Row) -> str:
    """What a row's neighbours share with it when they are of the same text."""
    return f"{row.source}/{row.id.rpartition('-')[0]}"


class Example(NamedTuple):
    """What the network reads, a piece an element; ``allowed`` is 0 but at words' first pieces."""

    pieces: list[int]
    shapes: list[int]
    allowed: list[int]


def joined(rows: Sequence[Row], chance: random.Random, longest: int = 90) -> list[Sentence]:
    """Sentences, some of them put together with those that follow, up to ``longest`` words.

    Articles are tagged in windows of many sentences; the network must have seen such.
    """
    found: list[Sentence] = []
    held: Sentence | None = None
    before: Row | None = None
    for row in rows:
        follows = (
            before is not None
            and family(row.source) in JOINED
            and document(row) == document(before)
            and chance.random() < 0.6
        )
        if held is not None and follows and len(held.words) + len(row.sentence.words) <= longest:
            held = Sentence(held.words + row.sentence.words, held.allowed + row.sentence.allowed)
        else:
            if held is not None:
                found.append(held)
            held = row.sentence
        before = row
    if held is not None:
        found.append(held)
    return found


def example(sentence: Sentence, vocabulary: Vocabulary, longest: int = 200) -> Example:
    """``sentence`` in pieces, cut at ``longest``."""
    pieces, shapes, allowed = [vocabulary.first], [0], [0]
    for word, bits in zip(sentence.words, sentence.allowed, strict=True):
        cut = vocabulary.pieces(word)
        if len(pieces) + len(cut.ids) >= longest:
            break
        for number, piece in enumerate(cut.ids):
            pieces.append(piece)
            shapes.append(cut.shape + len(SHAPES) * (number > 0))
            allowed.append(0 if number else bits)
    return Example([*pieces, vocabulary.last], [*shapes, 0], [*allowed, 0])


def batches(examples: Iterable[Example], most: int, chance: random.Random) -> list[list[Example]]:
    """Batches of examples of like length, each of ``most`` pieces at most, in random order."""
    ordered = sorted(examples, key=lambda e: len(e.pieces) + chance.random() * 8)
    found: list[list[Example]] = []
    held: list[Example] = []
    for one in ordered:
        length = max([len(one.pieces), *(len(each.pieces) for each in held)])
        if held and length * (len(held) + 1) > most:
            found.append(held)
            held = []
        held.append(one)
    if held:
        found.append(held)
    chance.shuffle(found)
    return found
