"""The measures of the quality table, on cases that can be counted by hand."""

from __future__ import annotations

import gzip
import json
import random

import numpy as np
import numpy.typing as npt
import pytest

from services.deduplicator import fingerprinting
from services.deduplicator.lines import sketch_of
from services.deduplicator.sizes import DIMENSIONS
from tests.quality.deduplicator import groups_of, pair_scores
from tests.quality.stories import b3, features, told
from tests.shared_data import shared_data


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


def test_natural_near_duplicates_are_found_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The goal of pair F1 and of ARI, in one random order; `make quality` takes five."""
    path = shared_data("near_duplicates.jsonl.gz")

    class NoEmbedder:
        def embed(self, title: str, text: str) -> npt.NDArray[np.int8]:
            del title, text
            return np.zeros(DIMENSIONS, dtype=np.int8)

    # Copies are told by their words: 20 ms a page are saved.
    monkeypatch.setattr(fingerprinting, "embedder", NoEmbedder)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    random.Random(11).shuffle(records)
    found = groups_of(records, [sketch_of(record) for record in records])
    f1, ari = pair_scores([record["cluster"] for record in records], found)
    assert f1 >= 0.97
    assert ari >= 0.965


def test_look_alike_events_stay_apart_and_reports_of_one_meet() -> None:
    with gzip.open(shared_data("stories.jsonl.gz"), "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    records = [record for record in records if record["set"] == "ecbplus"]
    arrived, corrected, _ = told(features(records), range(len(records)))
    true = [record["story"] for record in records]
    assert b3(true, arrived).f1 >= 0.9
    assert b3(true, corrected).f1 >= 0.9


def test_b3() -> None:
    assert b3([1, 1, 2], ["a", "a", "b"]) == (1.0, 1.0, 1.0)
    precision, recall, f1 = b3([1, 1, 2, 2], ["a", "a", "a", "b"])
    assert precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert recall == pytest.approx((1 + 1 + 0.5 + 0.5) / 4)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))
