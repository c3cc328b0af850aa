"""Labels' probabilities to names."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.tagger.model.decode import Found, best, decode, type_scores
from services.tagger.model.labels import LABELS, OUTSIDE, TYPES, begins, goes_on

PER, ORG = TYPES.index("PER"), TYPES.index("ORG")


def scored(*words: dict[str, float]) -> NDArray[np.float32]:
    """Logarithms of the probabilities told for each word; the rest is spread."""
    rows = []
    for told in words:
        rest = (1 - sum(told.values())) / (len(LABELS) - len(told))
        rows.append([told.get(label, rest) for label in LABELS])
    found: NDArray[np.float32] = np.log(np.maximum(np.array(rows), 1e-9)).astype(np.float32)
    return found


def test_names_of_two_types_side_by_side() -> None:
    scores = scored(
        {"O": 0.999}, {"B-PER": 0.9}, {"I-PER": 0.9}, {"B-ORG": 0.9}, {"O": 0.999}, {"B-PER": 0.8}
    )
    assert list(decode(scores)) == [Found(1, 3, PER), Found(3, 4, ORG), Found(5, 6, PER)]


def test_a_name_begins_where_only_going_on_was_likely() -> None:
    scores = scored({"O": 0.999}, {"I-ORG": 0.6, "B-ORG": 0.3}, {"I-ORG": 0.9})
    assert list(decode(scores)) == [Found(1, 3, ORG)]


def test_the_likeliest_whole_wins_over_the_likeliest_word() -> None:
    scores = scored({"B-PER": 0.45, "B-ORG": 0.5}, {"I-PER": 0.9}, {"I-PER": 0.9})
    assert list(decode(scores)) == [Found(0, 3, PER)]


def test_what_is_surely_no_name_is_passed_over() -> None:
    assert list(decode(scored(*[{"O": 0.999}] * 50))) == []
    assert list(decode(np.empty((0, len(LABELS)), dtype=np.float32))) == []


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_whatever_the_scores_names_are_in_order_and_apart(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    scores = np.log(random.dirichlet([0.1] * len(LABELS), count) + 1e-9).astype(np.float32)
    labels = best(scores)
    for before, after in zip([OUTSIDE, *labels], labels, strict=False):
        if after and after % 2 == 0:
            assert before in (after, after - 1)
    found = list(decode(scores))
    assert all(a.last <= b.first for a, b in itertools.pairwise(found))
    assert all(0 <= name.first < name.last <= count for name in found)


def test_the_score_of_a_type_is_that_of_the_whole_name() -> None:
    scores = scored({"B-PER": 0.9}, {"I-PER": 0.4})
    assert np.exp(type_scores(scores, 0, 2)[PER]) == pytest.approx((0.9 * 0.4) ** 0.5)


def test_labels_begin_and_go_on_by_type() -> None:
    assert [LABELS[begins(kind)] for kind in TYPES] == [f"B-{kind}" for kind in TYPES]
    assert [LABELS[goes_on(kind)] for kind in TYPES] == [f"I-{kind}" for kind in TYPES]
