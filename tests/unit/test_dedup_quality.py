"""The measures of the quality table, on cases that can be counted by hand."""

from __future__ import annotations

import pytest

from tests.quality.deduplicator import pair_scores


def test_pair_f1_and_adjusted_rand_index() -> None:
    assert pair_scores([1, 1, 2, 2], ["a", "a", "b", "b"]) == (1.0, 1.0)
    assert pair_scores([1, 2, 3], [1, 2, 3]) == (1.0, 1.0)
    # Pairs: 2 true, 2 found, none in both; by chance 2 * 2 / 6.
    f1, ari = pair_scores([1, 1, 2, 2], [1, 2, 1, 2])
    assert f1 == 0
    assert ari == pytest.approx((0 - 2 / 3) / (2 - 2 / 3))
    # 4 true pairs (3 + 1), 2 found, 2 in both, of 10.
    f1, ari = pair_scores([1, 1, 1, 2, 2], [1, 1, 3, 2, 2])
    assert f1 == pytest.approx(2 * 2 / 6)
    assert ari == pytest.approx((2 - 0.8) / (3 - 0.8))
