"""One article, one meaning."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from services.tagger.model.decode import Found
from services.tagger.model.labels import LABELS, TYPES
from services.tagger.model.vote import Scored, vote

PER, ORG = TYPES.index("PER"), TYPES.index("ORG")


def scored(*words: tuple[str, dict[str, float]]) -> Scored:
    rows = []
    for _, told in words:
        rest = (1 - sum(told.values())) / (len(LABELS) - len(told))
        rows.append([told.get(label, rest) for label in LABELS])
    scores = np.log(np.maximum(np.array(rows), 1e-9)).astype(np.float32)
    return Scored([word for word, _ in words], scores)


NONE = {"O": 0.999}


def test_the_type_is_that_of_all_places_together() -> None:
    title = scored(("AZOV", {"B-PER": 0.6, "B-ORG": 0.3}), ("holds", NONE))
    text = scored(("Azov", {"B-ORG": 0.9}), ("and", NONE), ("Azov", {"B-ORG": 0.9}))
    assert vote([title, text]) == [[Found(0, 1, ORG)], [Found(0, 1, ORG), Found(2, 3, ORG)]]


def test_a_name_missed_at_one_place_is_found_by_the_others() -> None:
    name = [("Kwesi", {"B-PER": 0.9}), ("Ofori", {"I-PER": 0.9})]
    missed = [("Kwesi", {"O": 0.8, "B-PER": 0.15}), ("Ofori", {"O": 0.8, "I-PER": 0.15})]
    both = scored(*name, ("said", NONE), *missed)
    assert vote([both]) == [[Found(0, 2, PER), Found(3, 5, PER)]]


def test_what_is_surely_none_stays_none() -> None:
    text = scored(("Reading", {"B-ORG": 0.9}), ("and", NONE), ("Reading", NONE))
    assert vote([text]) == [[Found(0, 1, ORG)]]
    small = scored(("Reading", {"B-ORG": 0.9}), ("reading", {"O": 0.5, "B-ORG": 0.4}))
    assert vote([small]) == [[Found(0, 1, ORG)]]


def test_a_part_of_a_longer_name_is_left_alone() -> None:
    text = scored(
        ("Ghana", {"B-LOC": 0.9}),
        ("Bank", {"B-ORG": 0.9}),
        ("of", {"I-ORG": 0.9}),
        ("Ghana", {"I-ORG": 0.9}),
    )
    assert [(name.first, name.last) for name in vote([text])[0]] == [(0, 1), (1, 4)]


def test_a_name_does_not_go_on_behind_the_last_word() -> None:
    text = scored(
        ("Ghana", {"B-LOC": 0.9}),
        ("and", NONE),
        ("Ghana", {"B-ORG": 0.9}),
        ("Bank", {"I-ORG": 0.9}),
        ("and", NONE),
        ("Ghana", {"O": 0.5, "B-LOC": 0.4}),
    )
    assert [(name.first, name.last) for name in vote([text])[0]] == [(0, 1), (2, 4), (5, 6)]


@example(104, ["A"] * 6)
@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from(["A", "B", "a", "C"]), max_size=60))
def test_whatever_the_scores_names_are_in_order_and_apart(seed: int, words: list[str]) -> None:
    random = np.random.default_rng(seed)
    chances = random.dirichlet([0.2] * len(LABELS), len(words)).reshape(-1, len(LABELS))
    (found,) = vote([Scored(words, np.log(chances + 1e-9).astype(np.float32))])
    assert all(a.last <= b.first for a, b in itertools.pairwise(found))
    assert all(0 <= name.first < name.last <= len(words) for name in found)
    kinds: dict[tuple[str, ...], int] = {}
    for name in found:
        key = tuple(word.casefold() for word in words[name.first : name.last])
        assert kinds.setdefault(key, name.kind) == name.kind
