"""How much two articles seem to report one event: integers, in thousandths.

The meaning of both (the cosine of their embeddings) and the rare words they share, each weighed by
how few texts have it, learnt from news at large and seen in the window. Dates that both state,
numbers that neither has of the other, and days between them make up the rest: that is what parts
two quakes on one island.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.storyterms import MONTHS, NUMBER, YEAR_BITS
from services.deduplicator.storywindow import Numbers, StoryWindow, dates_of

_DAY_MS: Final = 86_400_000
_STEPS: Final = 64
"""Logarithms are counted in 64ths of a bit."""
_MANTISSA_BITS: Final = 12
_LOGARITHMS: Final = np.array(
    [0, *((number**_STEPS).bit_length() - 1 for number in range(1, 1 << _MANTISSA_BITS))],
    dtype=np.int64,
)
_RARE_DATE: Final = 3 * 92
"""The logarithm at which a date that both state counts in full: one text in twenty has it."""
_UNSEEN_TEXTS: Final = 20


@dataclass(frozen=True, slots=True)
class StoryRule:
    """Thousandths of similarity. Chosen for ecbplus and the validation part of neus together."""

    threshold: int = 365
    """An article joins a story that it is so similar to, at least."""
    crowd: int = 8
    crowd_free: int = 210
    crowd_weight: int = 800
    """Where news of one matter are many, all are alike: the threshold rises by ``crowd_weight``
    thousandths of what the similarity to the nearest story but ``crowd - 1`` exceeds
    ``crowd_free``."""
    meaning: int = 450
    """Weight of the embeddings; the shared words have the rest."""
    same_year: int = 70
    same_month: int = 30
    other_years: int = 80
    other_months: int = 100
    other_numbers: int = 30
    """Both have numbers, and share none."""
    a_day_apart: int = 20
    """For each day between two articles after the first."""
    words_alone: int = 90
    """Added to the words' similarity where one article has no embedding: less than an embedding
    brings, so that such articles must share more words."""
    agreement: int = 40
    """Two stories are one where their members are so much more similar than the threshold."""
    least_words: int = 4
    """Articles of fewer are too short to judge."""
    nearest: int = 3
    """An article is as similar to a story as to so many of its members, the nearest, on average."""


def logarithm(numbers: Numbers) -> Numbers:
    """64 times the logarithm to base 2 of positive ``numbers``, rounded down."""
    # The exponent of a whole number below 2^53 is exact: the number of its bits.
    bits = np.frexp(numbers.astype(np.float64))[1].astype(np.int64)
    shifts = np.maximum(bits - _MANTISSA_BITS, 0)
    found: Numbers = shifts * _STEPS + _LOGARITHMS[numbers >> shifts]
    return found


def root(numbers: Numbers) -> Numbers:
    """The square roots of ``numbers``, rounded down."""
    roots = np.sqrt(numbers.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > numbers
    roots += (roots + 1) * (roots + 1) <= numbers
    return roots


class Scores:
    """Similarities of articles in ``window``, as its rows make words rare or common now."""

    def __init__(self, window: StoryWindow, rule: StoryRule) -> None:
        self._window = window
        self._rule = rule

    def weights(self, terms: npt.NDArray[np.uint32]) -> Numbers:
        """The square of how rare each term is; 0 for an empty slot."""
        tenths = self._window.tenths(terms).astype(np.int64)
        texts = logarithm(np.array([self._window.texts + 10]))[0]
        rarity = np.maximum(texts - logarithm(np.maximum(tenths, 1)), 1)
        return np.where(terms > 0, rarity * rarity, 0)

    def of(self, row: int, others: Numbers) -> Numbers:
        """Similarity of ``row`` to each of ``others``."""
        window, rule = self._window, self._rule
        at, there = window.at(row), window.place(others)
        own, terms = window.terms[at, 1:], window.terms[there, 1:]
        own_weights, weights = self.weights(own), self.weights(terms)
        shared = (terms[:, :, None] == own).any(axis=2) & (terms > 0)
        norms = root(np.maximum(own_weights.sum() * weights.sum(axis=1), 1))
        words = (weights * shared).sum(axis=1) * 1000 // np.maximum(norms, 1)

        # Below 2^24 sums of whole numbers are exact, in whatever order they are made.
        mine = window.embeddings[at].astype(np.float32)
        theirs = window.embeddings[there].astype(np.float32)
        products = (theirs @ mine).astype(np.int64)
        lengths = (theirs * theirs).sum(axis=1).astype(np.int64) * np.int64(mine @ mine)
        meaning = np.maximum(products, 0) * 1000 // np.maximum(root(lengths), 1)
        score: Numbers = (rule.meaning * meaning + (1000 - rule.meaning) * words) // 1000
        score = np.where(lengths > 0, score, words + rule.words_alone)

        numbers, own_numbers = (terms & NUMBER) > 0, (own & NUMBER) > 0
        unlike = numbers.any(axis=1) & own_numbers.any() & ~(shared & numbers).any(axis=1)
        score = score - rule.other_numbers * unlike
        score += self._dates(int(window.terms[at, 0]), window.terms[there, 0].astype(np.int64))
        days = np.abs(window.times[there] - window.times[at]) // _DAY_MS
        score -= rule.a_day_apart * np.maximum(days - 1, 0)
        return score

    def _dates(self, own: int, others: Numbers) -> Numbers:
        """What the dates that are stated add."""
        rule, window = self._rule, self._window
        added = np.zeros(len(others), dtype=np.int64)
        months, years = dates_of(own)
        if months:
            in_months = np.zeros(len(others), dtype=np.int64)
            for month in months:
                rarity = self._rarity(int(window.months[month]))
                in_months = np.maximum(in_months, (others >> month & 1) * (rarity + 1))
            stated = others & ((1 << MONTHS) - 1) > 0
            added += rule.same_month * np.maximum(in_months - 1, 0) // _RARE_DATE
            added -= rule.other_months * (stated & (in_months == 0))
        if years:
            in_years = np.zeros(len(others), dtype=np.int64)
            mask = (1 << YEAR_BITS) - 1
            theirs = (others >> MONTHS & mask, others >> (MONTHS + YEAR_BITS) & mask)
            for year in years:
                rarity = self._rarity(int(window.years[year]))
                same = (theirs[0] == year) | (theirs[1] == year)
                in_years = np.maximum(in_years, same * (rarity + 1))
            added += rule.same_year * np.maximum(in_years - 1, 0) // _RARE_DATE
            added -= rule.other_years * ((theirs[0] > 0) & (in_years == 0))
        return added

    def _rarity(self, stating: int) -> int:
        """How rare a date is that ``stating`` rows of the window state."""
        texts = np.array([_UNSEEN_TEXTS + self._window.counted, stating + 2])
        of_all, of_these = logarithm(texts)
        return int(min(max(of_all - of_these, 0), _RARE_DATE))
