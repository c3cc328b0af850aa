"""The measure of the tagger reads every tagging scheme of the evaluation sets alike."""

from __future__ import annotations

import pytest

from tests.quality.tagger import Counts, spans

TOKENS = ["New", "York", "Ann", "Bob", "left"]


@pytest.mark.parametrize(
    "tags",
    [
        ["B-LOC", "I-LOC", "B-PER", "B-PER", "O"],
        ["B-location", "E-location", "S-person", "S-person", "O"],
    ],
)
def test_spans_of_marked_tags(tags: list[str]) -> None:
    assert spans(TOKENS, tags) == {(0, 8, "LOC"), (9, 12, "PER"), (13, 16, "PER")}


def test_spans_without_beginnings_run_together() -> None:
    tags = ["I-LOC", "I-LOC", "I-PER", "I-PER", "O"]
    assert spans(TOKENS, tags, 100) == {(100, 108, "LOC"), (109, 116, "PER")}


def test_labels_that_are_not_ours_are_not_scored() -> None:
    assert spans(["May", "5"], ["B-Date", "I-Date"]) == set()


def test_f1_counts_right_found_and_wanted() -> None:
    counts = Counts().plus({(0, 1, "PER"), (2, 3, "LOC")}, {(0, 1, "PER")})
    assert counts == Counts(1, 2, 1)
    assert counts.f1 == pytest.approx(2 / 3)
