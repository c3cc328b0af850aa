"""The tagger's figures: names, links, the real input of this project, speed and memory.

Run it with ``python -m tests.quality.tagger [--sample N]``; ``N`` takes every N-th text. Names are
measured with the shipped weights called ``open``, and with ``research`` in folds (see
:mod:`tests.quality.tagger_names`), links with the whole tagger (:mod:`tests.quality.tagger_links`).
No peer runs here, as the models of none can be installed: their figures are published ones, or
such that were measured once, on larger or full sets. Of ``worldwide`` none is published that
counts as we do; strong models taught on CoNLL or OntoNotes lose 10 points and more there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.tagger.recognizer import Recognizer, recognizer
from tests import seeds_gold
from tests.quality.table import Row, print_table
from tests.quality.tagger_articles import WORLDWIDE, articles
from tests.quality.tagger_links import linking
from tests.quality.tagger_names import ablation, folds, recognition
from tests.quality.tagger_speed import of_news_length, speed
from tests.shared_data import shared_root
from training.tagger.rows import HELD_OUT

_FOLDS: Final = Path(__file__).parent / "folds"
_SEEDS: Final = 5


def seeds(tagger: Recognizer) -> Iterator[Row]:
    """Recall and precision of names with their types and ids in the real input of this project,
    as an editor marks them (:mod:`tests.seeds_gold`): five texts, never sampled."""
    score = seeds_gold.score(tagger)
    yield Row("seeds", "recall of names with ids, goal .95", score.recall, "", None, _SEEDS)
    yield Row("seeds", "precision of names with ids, goal .95", score.precision, "", None, _SEEDS)


def rows(sample: int = 1) -> list[Row]:
    """All figures of the tagger; none where the evaluation data is absent."""
    root = shared_root()
    if root is None:
        return []
    texts = articles(root / "ner.jsonl.gz", (WORLDWIDE, *HELD_OUT))
    news = texts[WORLDWIDE]
    tagger = recognizer()
    return [
        *recognition(texts, sample),
        *folds(news, _FOLDS / "tagger-research.jsonl.gz", sample),
        *ablation(_FOLDS / "tagger-ablation.json"),
        *seeds(tagger),
        *linking(tagger, root / "linking.jsonl.gz", sample),
        *speed(of_news_length(article.text for article in news.values())[::sample]),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1, help="take every N-th text")
    print_table(rows(parser.parse_args().sample))


if __name__ == "__main__":
    main()
