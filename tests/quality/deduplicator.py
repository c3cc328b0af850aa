"""Near-duplicates: the service's own decider, one pass in random orders, beside exact Jaccard.

The peer is what the data's own README reports: exact Jaccard similarity of 5-word shingles, every
pair at .3 or more joined (single linkage), which no stream processor could afford.
"""

from __future__ import annotations

import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Hashable, Sequence

from services.deduplicator.lines import DedupLines, sketch_of
from shared.text import comparable
from tests.quality.table import Row, print_table
from tests.shared_data import shared_data

SEEDS = range(5)
_DATA = "near_duplicates"
_PEER = "exact Jaccard .3"
_PEER_WORDS = 5
_PEER_THRESHOLD = 0.3


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def pair_scores(true: Sequence[Hashable], found: Sequence[Hashable]) -> tuple[float, float]:
    """Pair F1 and adjusted Rand index (Hubert and Arabie, 1985) of two labelings of the rows."""
    in_true = sum(_pairs(n) for n in Counter(true).values())
    in_found = sum(_pairs(n) for n in Counter(found).values())
    in_both = sum(_pairs(n) for n in Counter(zip(true, found, strict=True)).values())
    mean = (in_true + in_found) / 2
    if mean == 0:
        return 1.0, 1.0
    by_chance = in_true * in_found / _pairs(len(true))
    if mean == by_chance:
        return in_both / mean, 1.0
    return in_both / mean, (in_both - by_chance) / (mean - by_chance)


def groups_of(records: Sequence[dict[str, str]], sketches: Sequence[object]) -> list[str]:
    """The group of each record, in one pass in the order given, as the service decides it."""
    lines = DedupLines()
    return [
        lines.decide(record, fingerprint)["duplicate"]["group_id"]
        for record, fingerprint in zip(records, sketches, strict=True)
    ]


def _peer_groups(texts: Sequence[str]) -> list[int]:
    """Connected components of all pairs with enough shingles in common."""
    holders: dict[tuple[str, ...], list[int]] = {}
    sizes = []
    for number, text in enumerate(texts):
        words = comparable(text).split()
        shingles = set(zip(*(words[start:] for start in range(_PEER_WORDS)), strict=False))
        sizes.append(len(shingles))
        for shingle in shingles:
            holders.setdefault(shingle, []).append(number)
    common: Counter[tuple[int, int]] = Counter()
    for numbers in holders.values():
        common.update((a, b) for place, a in enumerate(numbers) for b in numbers[place + 1 :])
    parents = list(range(len(texts)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for (a, b), count in common.items():
        if count >= _PEER_THRESHOLD * (sizes[a] + sizes[b] - count):
            parents[root(a)] = root(b)
    return [root(number) for number in range(len(texts))]


def rows() -> list[Row]:
    """Pair F1, ARI and speed; means over random orders."""
    with gzip.open(shared_data("near_duplicates.jsonl.gz"), "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    true = [record["cluster"] for record in records]
    count = len(records)

    began = time.process_time()
    sketches = [sketch_of(record) for record in records]
    sketching = time.process_time() - began
    scores = []
    deciding = 0.0
    for seed in SEEDS:
        order = random.Random(seed).sample(range(count), count)
        began = time.process_time()
        found = groups_of([records[n] for n in order], [sketches[n] for n in order])
        deciding += time.process_time() - began
        scores.append(pair_scores([true[n] for n in order], found))

    began = time.process_time()
    peer = _peer_groups([record["text"] for record in records])
    peer_time = time.process_time() - began
    peer_f1, peer_ari = pair_scores(true, peer)

    def mean(column: int) -> float:
        return sum(score[column] for score in scores) / len(scores)

    passes = len(scores)
    both = sketching + deciding / passes
    return [
        Row(_DATA, "pair F1, one pass", mean(0), _PEER, peer_f1, count),
        Row(_DATA, "pair F1, worst order", min(s[0] for s in scores), _PEER, peer_f1, count),
        Row(_DATA, "ARI, one pass", mean(1), _PEER, peer_ari, count),
        Row(_DATA, "articles/s of one core", count / both, _PEER, count / peer_time, count),
        Row(_DATA, "sketches/s of one core", count / sketching, "", None, count),
        Row(_DATA, "decisions/s of one core", passes * count / deciding, "", None, count),
    ]


if __name__ == "__main__":
    print_table(rows())
