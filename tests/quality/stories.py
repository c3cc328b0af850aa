"""Stories: one pass over each set by itself and over both mixed, beside TF-IDF in one pass.

One setting for all. Told at arrival is what an article's first decision says, corrected what stands
at the end of the stream. No title stands in ecbplus, no date in either: all come at one moment.

The peer joins each article to the story that it is most similar to on average (TF-IDF of all words,
sublinear, without words of every sixth text, document frequencies of the *whole* set, which a
stream has not), when that is above a threshold that is *chosen on the set*.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.deduplicator.embedding.embedder import embedder
from services.deduplicator.stories import Stories
from services.deduplicator.storyterms import FEATURES, terms_of
from services.deduplicator.storywindow import NO_STORY
from shared.text import comparable
from tests.quality.table import Row, print_table
from tests.shared_data import shared_data

SEEDS: Final = range(3)
WINDOW_MS: Final = 7 * 86_400_000
_PEER: Final = "TF-IDF, one pass"
_THRESHOLDS: Final = tuple(number / 50 for number in range(4, 24))

Features = npt.NDArray[np.void]
Embed = Callable[[str, str], npt.NDArray[np.int8]]
Label = tuple[str, int]


class Scores(NamedTuple):
    """B³ (Bagga and Baldwin, 1998)."""

    precision: float
    recall: float
    f1: float


def b3(true: Sequence[Hashable], found: Sequence[Hashable]) -> Scores:
    """B³ of the labels ``found``."""
    in_true, in_found = Counter(true), Counter(found)
    in_both = Counter(zip(true, found, strict=True))
    pairs = in_both.items()
    precision = sum(n * n / in_found[label] for (_, label), n in pairs) / len(true)
    recall = sum(n * n / in_true[label] for (label, _), n in pairs) / len(true)
    return Scores(precision, recall, 2 * precision * recall / (precision + recall))


def features(records: Sequence[dict[str, str]], embed: Embed | None = None) -> Features:
    """What the fingerprints of ``records`` hold for stories."""
    embed = embed or embedder().embed
    made = np.zeros(len(records), dtype=FEATURES)
    for place, record in enumerate(records):
        title = record.get("title", "")
        made["embedding"][place] = embed(title, record["text"])
        made["terms"][place] = terms_of(title, record["text"])
    return made


def told(made: Features, order: Sequence[int]) -> tuple[list[Label], list[Label], float]:
    """The stories of the articles in ``order``, at arrival and corrected, in the order of ``made``;
    seconds for each."""
    stories = Stories(WINDOW_MS)
    arrived: list[Label] = [("", 0)] * len(order)
    corrected = list(arrived)
    began = time.process_time()
    for row, place in enumerate(order):
        arrived[place] = _label(stories.place(row, made[place], 0).story, row)
    seconds = time.process_time() - began
    for row, place in enumerate(order):
        corrected[place] = _label(stories.story_of(row), row)
    return arrived, corrected, seconds / len(order)


def _label(story: int, row: int) -> Label:
    return ("alone", row) if story == NO_STORY else ("story", story)


def peer_labels(records: Sequence[dict[str, str]], true: Sequence[str]) -> list[int]:
    """The peer's stories, at the threshold that is best for them."""
    similar = _tf_idf([f"{r.get('title', '')} . {r['text']}" for r in records])
    passes = [_one_pass(similar, threshold) for threshold in _THRESHOLDS]
    return max(passes, key=lambda labels: b3(true, labels).f1)


def _tf_idf(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """The cosines of all pairs of ``texts``."""
    counts = [Counter(re.findall(r"\w\w+", comparable(text))) for text in texts]
    held = Counter(word for words in counts for word in words)
    holders: dict[str, list[tuple[int, float]]] = {}
    for row, words in enumerate(counts):
        weights = {
            word: (1 + math.log(times)) * (1 + math.log(len(texts) / held[word]))
            for word, times in words.items()
            if held[word] * 6 < len(texts)
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        for word, weight in weights.items():
            holders.setdefault(word, []).append((row, weight / length))
    similar = np.zeros((len(texts), len(texts)), dtype=np.float32)
    for postings in holders.values():
        if len(postings) > 1:
            rows = np.array([row for row, _ in postings])
            parts = np.array([weight for _, weight in postings], dtype=np.float32)
            similar[np.ix_(rows, rows)] += np.outer(parts, parts)
    return similar


def _one_pass(similar: npt.NDArray[np.float32], threshold: float) -> list[int]:
    count = len(similar)
    labels = np.zeros(count, dtype=np.int64)
    sizes = np.zeros(count, dtype=np.int64)
    stories = 0
    for row in range(count):
        sums = np.bincount(labels[:row], weights=similar[row, :row], minlength=stories)[:stories]
        means = sums / sizes[:stories]
        best = int(means.argmax()) if stories else 0
        if not stories or means[best] < threshold:
            best = stories
            stories += 1
        labels[row] = best
        sizes[best] += 1
    return [int(label) for label in labels]


def _records() -> list[dict[str, str]]:
    with gzip.open(shared_data("stories.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _set_rows(name: str, records: Sequence[dict[str, str]], made: Features,
              peer: bool = True) -> list[Row]:  # fmt: skip
    true = [record["story"] for record in records]
    count = len(true)
    arrived, corrected, seconds = told(made, range(count))
    at_arrival, at_end = b3(true, arrived), b3(true, corrected)
    shuffled = []
    for seed in SEEDS:
        order = random.Random(seed).sample(range(count), count)
        shuffled.append([b3(true, labels).f1 for labels in told(made, order)[:2]])
    theirs = b3(true, peer_labels(records, true)) if peer else None
    rows = []
    for when, scores in (("at arrival", at_arrival), ("corrected", at_end)):
        for measure, ours, other in zip(
            ("precision", "recall", "F1"), scores, theirs or (None,) * 3, strict=True
        ):
            what = f"B³ {measure}, {when}"
            rows.append(Row(name, what, ours, _PEER if peer else "", other, count))
    for column, when in enumerate(("at arrival", "corrected")):
        mean = sum(scores[column] for scores in shuffled) / len(shuffled)
        rows.append(Row(name, f"B³ F1, {when}, shuffled", mean, "", None, count))
    rows.append(Row(name, "placements/s of one core", 1 / seconds, "", None, count))
    return rows


def rows(embed: Embed | None = None) -> list[Row]:
    """B³ and speed: each set, the validation part of neus, and all mixed in one stream."""
    records = _records()
    made = features(records, embed)
    sets = np.array([record["set"] for record in records])
    parts = np.array([record["story"].partition("-")[0] for record in records])
    mixed = random.Random(0).sample(range(len(records)), len(records))
    found = []
    for name, chosen in (
        ("ecbplus", np.flatnonzero(sets == "ecbplus")),
        ("neus, validation part", np.flatnonzero((sets == "neus") & (parts == "val"))),
        ("neus", np.flatnonzero(sets == "neus")),
        ("ecbplus and neus mixed", np.array(mixed)),
    ):
        here = [records[place] for place in chosen]
        found += _set_rows(name, here, made[chosen], peer=not name.endswith("mixed"))
    return found


if __name__ == "__main__":
    print_table(rows())
