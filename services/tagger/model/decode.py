"""Labels' probabilities to names: the likeliest sequence that is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.tagger.model.labels import LABELS, OUTSIDE, TYPES

_COUNT: Final = len(LABELS)
_NEVER: Final = np.float32(-1e4)
_SURE: Final = float(np.log(0.995))
"""A word of which this is the logarithm of the probability of being no name is none."""


def _transitions() -> NDArray[np.float32]:
    """[before, after]: a name goes on only after a word of a name of its type."""
    allowed = np.zeros((_COUNT, _COUNT), dtype=np.float32)
    for after in range(2, _COUNT, 2):
        allowed[:, after] = _NEVER
        allowed[after - 1, after] = allowed[after, after] = 0
    return allowed


_TRANSITIONS: Final = _transitions()
_EVERY: Final = np.arange(_COUNT)


class Found(NamedTuple):
    """A name of words ``first`` to ``last`` (exclusive), its type as a place in ``TYPES``."""

    first: int
    last: int
    kind: int


def decode(scores: NDArray[np.float32]) -> Iterator[Found]:
    """The names in words with ``scores`` [words, labels], in order."""
    doubtful = np.flatnonzero(scores[:, OUTSIDE] < _SURE)
    if not len(doubtful):
        return
    # Runs of words that may be of names; a run cannot be told from what is around it.
    breaks = np.flatnonzero(np.diff(doubtful) > 1)
    starts = doubtful[np.concatenate(([0], breaks + 1))]
    ends = doubtful[np.concatenate((breaks, [len(doubtful) - 1]))] + 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield from _names(best(scores[start:end]), start)


def best(scores: NDArray[np.float32]) -> list[int]:
    """The likeliest labels of a run of words (Viterbi)."""
    total: NDArray[np.float32] = scores[0].copy()
    total[2::2] = _NEVER
    backs = []
    for row in scores[1:]:
        ways = total[:, None] + _TRANSITIONS
        back = ways.argmax(axis=0)
        backs.append(back)
        total = ways[back, _EVERY] + row
    labels = [int(total.argmax())]
    for back in reversed(backs):
        labels.append(int(back[labels[-1]]))
    return labels[::-1]


def _names(labels: list[int], offset: int) -> Iterator[Found]:
    start = None
    for place, label in enumerate([*labels, OUTSIDE]):
        if start is not None and (label == OUTSIDE or label % 2 == 1):
            yield Found(offset + start, offset + place, (labels[start] - 1) // 2)
            start = None
        if label % 2 == 1:
            start = place


def type_scores(scores: NDArray[np.float32], first: int, last: int) -> NDArray[np.float32]:
    """Logarithms [types] of the probability that words ``first`` to ``last`` are of each type,
    the mean over the words."""
    total = scores[first, 1::2].copy()
    if last > first + 1:
        total += scores[first + 1 : last, 2::2].sum(axis=0)
    mean: NDArray[np.float32] = (total / (last - first)).astype(np.float32)
    assert len(mean) == len(TYPES)
    return mean
