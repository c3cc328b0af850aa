"""Teaches the body model of the cleaner: ``python -m training.cleaner_body``.

Data: the pages of ``../shared/data/extraction.jsonl.gz`` of the sets wcxb (CC-BY-4.0) and aed
(Apache-2.0), whose licences allow weights learnt from them to be shipped; aeb is never learnt
from. No text of a page is kept: the weights are trees over numbers, and single words that stand
on :data:`training.vocabulary.SITES` sites and more.

Each block's label is the share of its words that gold has in their place
(:mod:`training.alignment`), its weight its share of the article (:attr:`Example.weights`). Two
forests of LightGBM trees are taught: the first judges a block by itself and its place, the second
also by what the first says of its surroundings, for which the first's judgement out of fold is
taken. Folds are whole sites. Pages on which the first judgement out of fold has hardly anything
in common with gold (gold of another article, of a part of one, or of text that is not in the
page) are left out of the teaching, but not out of the figures.

Written are the weights that are shipped, taught with all of it, and one file for each fold, with
which ``make quality`` measures the pages of that fold. The same data, packages and number of
threads give the same files. Figures and limits: ``docs/models/cleaner-body.md``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import lightgbm
import numpy as np

from services.cleaner.markup.context import context
from services.cleaner.markup.features import Table, features
from services.cleaner.markup.model import LEAVES, SHIPPED, Forest, Weights, save
from services.cleaner.markup.vocabulary import Vocabulary
from tests.shared_data import shared_root
from training.forest import exported
from training.pages import PROCESSES, Example, Floats, read
from training.sites import FOLDS
from training.vocabulary import learn

TAUGHT = ("aed", "wcxb")
"""The sets whose licences allow it."""
FOLD_MODELS = Path(__file__).parents[1] / "tests" / "quality" / "folds"
TREES = 150
_TRIAL_TREES = 60
"""Of the forests that only choose the pages."""
_TRIMMED = 0.5
"""F1 out of fold under which a page teaches nothing."""
_PARAMETERS = {
    "objective": "cross_entropy",  # the label is a share
    "num_leaves": LEAVES,
    "learning_rate": 0.09,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "use_missing": False,
    "num_threads": PROCESSES,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 5,
    "verbose": -1,
}
_SAME = 0.0005
"""F1 within which thresholds are equally good."""
_THRESHOLDS = (0.35, 0.4, 0.45, 0.5, 0.55)

Judged = dict[str, Floats]
"""Probabilities of a page's blocks, by the page's id."""
Tables = dict[str, Table]


def main() -> None:
    """Teach, tell the figures and write the files."""
    root = shared_root()
    if root is None:
        raise SystemExit("there is no ../shared/data to learn from")
    teach(read(root))


def teach(examples: list[Example]) -> Judged:
    """Write the weights; returns the last judgements: out of fold of what was taught, of the
    other pages by the shipped weights."""
    _say(f"{len(examples)} pages")
    taught = [example for example in examples if example.set in TAUGHT]
    words: list[Vocabulary] = []
    tables: list[Tables] = []
    for fold in range(FOLDS):
        words.append(_vocabulary([example for example in taught if example.fold != fold]))
        tables.append(_tables(taught, words[fold]))
    _, trial = _round(taught, taught, tables, _TRIAL_TREES)
    _report(taught, trial, "trial")
    used = [e for e in taught if e.f1(trial[e.id] >= _middle(_THRESHOLDS)) >= _TRIMMED]
    _say(f"{len(used)} of {len(taught)} pages are learnt from")
    firsts, first = _round(taught, used, tables, TREES)
    _report(taught, first, "first")
    added = [{key: context(table, first[key]) for key, table in fold.items()} for fold in tables]
    seconds, second = _round(taught, used, added, TREES, early=False)

    vocabulary = _vocabulary(used)
    every = _tables(examples, vocabulary)
    forest = _fit(used, every, TREES)
    with_first = {e.id: context(every[e.id], first[e.id]) for e in used}
    last = _fit(used, with_first, TREES)
    for example in examples:
        if example.set not in TAUGHT:
            table = every[example.id]
            judged = forest.probabilities(table.matrix, early=True)
            second[example.id] = last.probabilities(context(table, judged).matrix)
    threshold = _report(examples, second, "second")

    names = (every[used[0].id].names, with_first[used[0].id].names)
    save(SHIPPED, Weights(vocabulary, forest, last, threshold), names)
    for fold in range(FOLDS):
        weights = Weights(words[fold], firsts[fold], seconds[fold], threshold)
        save(FOLD_MODELS / f"{fold}.npz", weights, names)
    return second


def _vocabulary(examples: list[Example]) -> Vocabulary:
    return learn((example.site, example.sums) for example in examples)


def _tables(examples: list[Example], vocabulary: Vocabulary) -> Tables:
    return {e.id: features(e, vocabulary, e.confirmed) for e in examples}


def _round(
    taught: list[Example], used: list[Example], tables: list[Tables], trees: int,
    *, early: bool = True,
) -> tuple[list[Forest], Judged]:  # fmt: skip
    """A forest for each fold, taught with the others, and what each says of its fold's pages."""
    forests: list[Forest] = []
    judged: Judged = {}
    for fold in range(FOLDS):
        forest = _fit([e for e in used if e.fold != fold], tables[fold], trees)
        forests.append(forest)
        for example in taught:
            if example.fold == fold:
                matrix = tables[fold][example.id].matrix
                judged[example.id] = forest.probabilities(matrix, early=early)
    return forests, judged


def _fit(examples: list[Example], tables: Tables, trees: int) -> Forest:
    matrix = np.hstack([tables[example.id].matrix for example in examples]).T
    wanted = np.concatenate([example.wanted for example in examples])
    weights = np.concatenate([example.weights for example in examples])
    data = lightgbm.Dataset(np.ascontiguousarray(matrix), wanted, weight=weights)
    return exported(lightgbm.train(_PARAMETERS, data, trees))


def _report(examples: list[Example], judged: Judged, name: str) -> float:
    """Print mean F1 at each threshold; returns the lowest of those that are as good as the best
    for the sets that were taught: what is in doubt is shown, since a reader can skip it but not
    see what is missing."""
    figures: dict[float, float] = {}
    for threshold in _THRESHOLDS:
        groups: dict[str, list[float]] = {}
        for example in examples:
            f1 = example.f1(judged[example.id] >= threshold)
            groups.setdefault(example.set, []).append(f1)
        means = {key: mean(values) for key, values in sorted(groups.items())}
        _say(f"{name} {threshold} " + " ".join(f"{key} {f1:.4f}" for key, f1 in means.items()))
        figures[threshold] = mean(means[key] for key in TAUGHT)
    best = max(figures.values())
    return min(threshold for threshold, f1 in figures.items() if f1 > best - _SAME)


def _middle(thresholds: Sequence[float]) -> float:
    return thresholds[len(thresholds) // 2]


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
