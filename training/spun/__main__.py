"""``python -m training.spun``: fits the weights of the judge of spun copies and prints them.

What it prints goes into ``services/deduplicator/spun.py``. Nothing here sees the methods and sites
that the judge is measured on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.spun import FEATURES, NEAR, compared
from training.spun.generate import HELD_OUT, METHODS
from training.spun.pairs import REPORTS, Pair, pairs, same_story, sources

_SCALE: Final = 2000
_STEPS: Final = 4000
_PENALTY: Final = 0.3
_FALSE: Final = 4
"""How many of the pairs of reports of one event may pass: the threshold is chosen on these, nothing
else is."""

_TORTURED: Final = 4
"""Tortured words are not fitted, the methods seen make none: one is worth 50 of agreement."""

_RISING: Final = np.array([1, 1, 1, 1, 1, 1, -1, 1, 1])
"""What each weight's sign must be: words in common speak against, all else for a spun copy."""


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(prog="python -m training.spun", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--articles", type=int, default=240, help="how many are spun")
    options = parser.parse_args()
    methods = [method for method in METHODS if method not in HELD_OUT]
    articles = sources(options.data / "extraction.jsonl.gz", tested=False)[: options.articles]
    made = list(pairs(articles, methods, seed=1))
    path = options.data / "stories.jsonl.gz"
    reports = [pair for kind in REPORTS for pair in same_story(path, kind)]
    reports = [pair for pair in reports if pair.one.found(pair.other)]
    for suffix, meaning in (("", False), ("_MEANING", True)):
        weights, least, kept = fitted(made, reports, meaning=meaning)
        sys.stdout.write(
            f"WEIGHTS{suffix}: Final = {tuple(weights)}\nLEAST_SCORE{suffix}: Final = {least}\n"
            f"# keeps {kept:.3f} of the spun pairs that have anchors in common\n"
        )


def fitted(
    made: Sequence[Pair], reports: Sequence[Pair], *, meaning: bool
) -> tuple[list[int], int, float]:
    """Weights, the least score, and the share of the spun pairs that reach it."""
    rows, wanted = _features(made, meaning=meaning)
    weights = np.rint(_logistic(rows / 1000, wanted) * _SCALE).astype(int)
    weights[FEATURES.index("tortured")] = weights[FEATURES.index("agreement")] // _TORTURED
    scores = rows @ weights
    others = np.sort(_features(reports, meaning=meaning)[0] @ weights)[::-1]
    least = int(max(others[_FALSE], scores[~wanted].max())) + 1
    return weights.tolist(), least, float((scores[wanted] >= least).mean())


def _features(
    made: Sequence[Pair], *, meaning: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The features of the pairs that have enough in common, and which of them are spun."""
    rows, truth = [], []
    for pair in made:
        overlap = pair.one.overlap(pair.other)
        cosine = pair.one.meaning(pair.other)
        counts = pair.one.tortured, pair.other.tortured
        found = compared(pair.one.anchors, pair.other.anchors, overlap, cosine, counts)
        if overlap >= NEAR or found is None:
            continue
        rows.append((*found[1], cosine or 0) if meaning else found[1])
        truth.append(pair.is_spun)
    return np.array(rows, dtype=np.int64), np.array(truth)


def _logistic(
    features: npt.NDArray[np.float64], wanted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Weights of a logistic regression by projected descent, both classes weighing the same."""
    signs = _RISING[: features.shape[1]]
    share = np.where(wanted, 0.5 / wanted.sum(), 0.5 / (~wanted).sum())
    weights, bias = np.zeros(features.shape[1]), 0.0
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(features @ weights + bias)))
        error = share * (chance - wanted)
        weights -= 2.0 * (features.T @ error + _PENALTY / len(wanted) * weights)
        weights = signs * np.maximum(signs * weights, 0)
        bias -= 2.0 * error.sum()
    return weights


if __name__ == "__main__":
    main()
