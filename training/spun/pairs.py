"""Pairs of texts, spun and not, on which the judge is fitted and measured.

Sites lie on one side of the split. What is no spun copy: foreign articles, articles of one site,
two halves of one article (every other sentence: the same event, other things told) and long
quotations of one article in another.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import isqrt
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from services.deduplicator.anchors import Anchors, anchors_of
from services.deduplicator.embedding.embedder import Embedder
from services.deduplicator.similarity import jaccard
from services.deduplicator.sketch import sketch
from services.deduplicator.spun import keys
from services.deduplicator.tortured import tortured
from shared.text import comparable
from training.spun.generate import METHODS, sentences_of, spun

REPORTS: Final = ("neus", "ecbplus")
"""Sets of reports of one event."""

SETS: Final = ("wcxb", "aed")
"""Those of the collections whose licence lets one learn from them."""

_WORDS: Final = range(200, 3000)
_TESTED: Final = 3  # every third site


@dataclass(frozen=True, slots=True)
class Source:
    """An article that is spun."""

    site: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the deduplicator knows of a text."""

    text: str
    anchors: Anchors
    keys: npt.NDArray[np.uint32]
    slots: npt.NDArray[np.uint8]
    vector: npt.NDArray[np.int8]
    tortured: int

    def overlap(self, other: Seen) -> int:
        """Jaccard similarity of the shingles in thousandths."""
        return jaccard(int((self.slots == other.slots).sum()))

    def meaning(self, other: Seen) -> int | None:
        """Cosine of the embeddings in thousandths; ``None`` where one has none."""
        one, two = self.vector.astype(int), other.vector.astype(int)
        norm = isqrt(int(one @ one) * int(two @ two))
        return int(one @ two) * 1000 // norm if norm else None

    def found(self, other: Seen) -> bool:
        """Whether the one is looked up by a key of the other."""
        return bool(((self.keys == other.keys) & (self.keys != 0)).any())


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two texts. ``kind``: a method of :data:`~training.spun.generate.METHODS` for a spun pair."""

    kind: str
    one: Seen
    other: Seen

    @property
    def is_spun(self) -> bool:
        """Whether the other text was made of the one."""
        return self.kind in METHODS


def sources(path: Path, *, tested: bool) -> list[Source]:
    """The articles of one side of the split in ``extraction.jsonl.gz``."""
    found = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            site = (urlsplit(row["url"]).hostname or "").removeprefix("www.")
            if row["set"] not in SETS or len((row["text"] or "").split()) not in _WORDS:
                continue
            if (zlib.crc32(site.encode()) % _TESTED == 0) == tested:
                found.append(Source(site, row["text"]))
    return found


@cache
def _embedder() -> Embedder:
    return Embedder()


def seen(text: str, title: str = "") -> Seen:
    """What is known of a text."""
    anchors = anchors_of(text)
    return Seen(
        text,
        anchors,
        keys(anchors),
        sketch(comparable(text)).kept,
        _embedder().embed(title, text),
        len(tortured(text)),
    )


def same_story(path: Path, kind: str) -> list[Pair]:
    """All pairs of reports of one event in ``stories.jsonl.gz``: for measuring, and thresholds."""
    stories: defaultdict[str, list[Seen]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["set"] == kind:
                stories[row["story"]].append(seen(row["text"], row.get("title") or ""))
    return [Pair(kind, *two) for reports in stories.values() for two in combinations(reports, 2)]


def pairs(articles: Sequence[Source], methods: Sequence[str], seed: int) -> Iterator[Pair]:
    """Spun pairs of every method, and pairs of each kind that is none."""
    random = Random(seed)  # noqa: S311 - not for secrets
    known = [seen(article.text) for article in articles]
    for number, one in enumerate(known):
        for method in methods:
            yield Pair(method, one, seen(spun(one.text, method, seed + number)))
    for number, one in enumerate(known):
        yield Pair("foreign", one, random.choice(known[:number] or known[1:]))
        for place in range(number):
            if articles[place].site == articles[number].site:
                yield Pair("same site", one, known[place])
    for number, one in enumerate(known):
        sentences = [s for line in one.text.split("\n") for s in sentences_of(line)]
        halves = " ".join(sentences[::2]), " ".join(sentences[1::2])
        if min(map(len, halves)) > 300:
            yield Pair("halves", seen(halves[0]), seen(halves[1]))
        other = known[number - 1].text
        quoted = " ".join(sentences[: len(sentences) // 3])
        yield Pair("quotation", one, seen(f"{other[: len(other) // 2]}\n{quoted}"))
