"""Sketches: estimates, stability over machines, scripts, short texts."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deduplicator.groups import CYRILLIC, LATIN, OTHER, UNSPACED, language_group
from services.deduplicator.similarity import MIN_SHINGLES, NearRule, containment, jaccard
from services.deduplicator.sketch import SLOTS, shingle_hashes, sketch, words
from shared.text import comparable
from tests.unit.dedup_texts import article_text, with_edits


def equal_slots(a: str, b: str) -> int:
    return int((sketch(comparable(a)).slots == sketch(comparable(b)).slots).sum())


def test_a_sketch_is_the_same_on_every_machine() -> None:
    """The bytes of one text, fixed: if they change, entry.VERSION must."""
    made = sketch(comparable("The quick brown fox jumps over the lazy dog, again and again."))
    digest = hashlib.sha256(made.slots.astype("<u4").tobytes()).hexdigest()
    assert (made.size, made.group, digest[:16]) == (8, LATIN, "21f121e599498c4a")
    made = sketch(comparable("今天上午市政府宣布新的交通计划"))
    digest = hashlib.sha256(made.slots.astype("<u4").tobytes()).hexdigest()
    assert (made.size, made.group, digest[:16]) == (11, UNSPACED, "ae8cd3da55194ed7")


def test_equal_slots_estimate_jaccard_similarity() -> None:
    """Over many pairs the error is that of theory, without bias."""
    random_ = random.Random(3)
    errors, variances = [], []
    for seed in range(150):
        text = article_text(seed, 200)
        other = with_edits(text, random_.randint(1, 30))
        a, b = (set(shingle_hashes(comparable(each), LATIN).tolist()) for each in (text, other))
        true = len(a & b) / len(a | b)
        errors.append(equal_slots(text, other) / SLOTS - true)
        variances.append(true * (1 - true) / SLOTS)
    expected = float(np.mean(variances)) ** 0.5
    assert abs(float(np.mean(errors))) < 4 * expected / 150**0.5
    assert float(np.std(errors)) < 1.3 * expected


def test_punctuation_quotes_and_case_make_no_difference() -> None:
    a = "“We won’t,” she said – and left: the end is near, they wrote; so be it (for now)."
    b = "'We won't', SHE SAID - and left the end is near they wrote so be it for now"
    assert equal_slots(a, b) == SLOTS
    assert words(comparable("Well-known, (so-called) – it’s…")) == [
        "well-known",
        "so-called",
        "it's",
    ]


def test_a_text_shorter_than_a_shingle_is_one_shingle() -> None:
    assert [sketch(text).size for text in ("", "...", "one", "one two", "a b c d e", "今天")] == [
        0, 0, 1, 1, 1, 1,
    ]  # fmt: skip
    assert equal_slots("one two", "one two") == SLOTS
    assert equal_slots("one two", "two one") == 0


def test_texts_without_spaces_are_compared_by_characters() -> None:
    text = "".join(
        random.Random(1).choices("今天上午市政府宣布新的交通计划我们在会议地点看见他", k=200)
    )
    edited = text[:90] + "另外" + text[95:]
    assert equal_slots(text, text + "。") == SLOTS
    assert 0.8 * SLOTS < equal_slots(text, edited) < SLOTS
    other = "".join(
        random.Random(2).choices("今天上午市政府宣布新的交通计划我们在会议地点看见他", k=200)
    )
    assert equal_slots(text, other) < 8


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("", LATIN),
        ("12:30 – 5 %", LATIN),
        ("The city announced", LATIN),
        ("Țara și orașul", LATIN),
        ("Việt Nam công bố", LATIN),
        ("Город объявил о плане iPhone", CYRILLIC),
        ("Η πόλη ανακοίνωσε", CYRILLIC),
        ("市政府宣布 iPhone 计划", UNSPACED),
        ("東京でニュース", UNSPACED),
        ("서울시는 발표했다", UNSPACED),
        ("กรุงเทพมหานคร", UNSPACED),
        ("أعلنت المدينة", OTHER),
        ("העיר הודיעה", OTHER),
        ("दिल्ली सरकार", OTHER),
        ("\ud800", LATIN),
        ("\U0001f600", LATIN),
        ("\U0010ffff", LATIN),
    ],
)
def test_the_group_is_that_of_most_letters(text: str, group: int) -> None:
    assert language_group(comparable(text)) == group


@given(st.text(max_size=300))
def test_any_text_has_a_sketch_that_depends_on_the_comparable_text(text: str) -> None:
    made, again = sketch(comparable(text)), sketch(comparable(text + " "))
    assert (made.slots == again.slots).all()
    assert (made.size, made.group) == (again.size, again.group)
    assert made.slots.shape == (SLOTS,)
    assert made.slots.dtype == np.uint32


def test_near_needs_similarity_or_containment_and_enough_text() -> None:
    rule = NearRule(similarity=300, containment=600, floor=80)
    assert rule.holds(300, 100, 100)
    assert not rule.holds(299, 100, 100)
    # A fifth of the slots of a text four times as long: nearly all of the shorter stands in it.
    assert rule.holds(200, 100, 400)
    assert not rule.holds(200, 100, 110)
    assert not rule.holds(79, 100, 10_000)
    assert not rule.holds(1000, MIN_SHINGLES - 1, 100)


def test_slots_that_agree_by_chance_are_taken_off() -> None:
    assert jaccard(0) == 0
    assert jaccard(SLOTS) == 1000
    random_ = np.random.default_rng(1)
    slots = random_.integers(0, 256, (2, 2000, SLOTS), dtype=np.uint8)
    equal = (slots[0] == slots[1]).sum(axis=1)
    assert equal.mean() > 0.4
    assert np.mean([jaccard(int(each)) for each in equal]) < 4  # thousandths
    assert containment(1000, 100, 100) == 1000
    assert containment(250, 100, 400) == 1000
    assert containment(0, 100, 400) == containment(1000, 0, 0) == 0
