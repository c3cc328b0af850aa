"""How likely each line of a plain text belongs to the article."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.model import Weights, WeightsError, load, signature
from services.cleaner.plain.features import SMOOTHED, features, smoothed
from services.cleaner.plain.lines import Line

Floats = NDArray[np.float32]

SHIPPED: Final = Path(__file__).with_name("weights") / "lines.npz"
MAX_LINES: Final = 10_000
"""Lines that are judged; those after them are taken for no part of the article."""


def weigh(lines: Sequence[Line], span: tuple[int, int], weights: Weights) -> Floats:
    """The probability of each line, of which there is at least one.

    ``span`` is the article as the rules see it, from its first line to the one after its last.
    """
    whole = np.zeros(len(lines), np.float32)
    judged = lines[:MAX_LINES]
    inside = (min(span[0], len(judged) - 1), min(span[1], len(judged)))
    matrix, _ = features(judged, inside, weights.vocabulary)
    first = weights.first.probabilities(matrix)
    chars = np.array([len(line.text) for line in judged], np.float32)
    whole[: len(judged)] = weights.second.probabilities(smoothed(matrix, chars, first))
    return whole


@cache
def shipped() -> Weights:
    """The weights of the package, read once.

    Raises :class:`~services.cleaner.markup.model.WeightsError` where they were learnt with other
    features, or where there are none.
    """
    weights, signatures = load(SHIPPED)
    if signatures != [signature(names) for names in column_names(weights)]:
        raise WeightsError(f"{SHIPPED}: learnt with other features: run `make train`")
    return weights


def column_names(weights: Weights) -> tuple[list[str], list[str]]:
    """The names of the features of the first and of the second judgement."""
    _, names = features([Line("Text.", False, None, True)], (0, 1), weights.vocabulary)
    return names, [*names, *SMOOTHED]
