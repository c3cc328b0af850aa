"""Spun copies: looked up by few keys, judged by anchors in integers."""

from __future__ import annotations

import numpy as np
import pytest

from services.deduplicator.anchors import anchors_of
from services.deduplicator.sizes import ANCHORS, SPUN_KEYS
from services.deduplicator.spun import (
    NEAR,
    SpunEvidence,
    compared,
    is_edited,
    judge,
    keys,
    likely,
)
from training.spun.generate import METHODS, spun

STORY = (
    "ZWOLLE, Netherlands - When the bridge at Kampen closed on Tuesday, 37 engineers from Delft "
    "were sent to look for the cause, the mayor Ada Verbruggen said.\n"
    "The company Brugwerk, which built the bridge in 1987 for 64 million guilders, said that it "
    "had not been told of cracks. “We answered every question of the province Overijssel,” said "
    "its director Tomas Okonkwo.\n"
    "After the collapse of a quay in Hasselt, the government had asked for a study of 412 bridges. "
    "The study found problems in 58 of them, but the bridge was not among these.\n"
    "Mirjam Hoekstra, a professor at Twente, believes that the report was made in a hurry. "
    "Farmers from Dronten now travel 23 kilometres more to reach the market in Meppel."
)
ANOTHER = (
    "DELFT - Researchers at Twente found cracks in the bridge at Kampen as early as 2019, a letter "
    "shows that was seen by reporters. The province Overijssel had paid 310,000 euros for the work "
    "of Pieter Zandbergen and Noor Achterberg.\n"
    "In Brussels, Henrik Malmstrom of the Agency for Roads told members of the committee that 14 "
    "bridges in Belgium and 29 in Denmark were built of the same steel, by Ferrovast of Antwerp. "
    "“Someone will have to explain this,” Malmstrom said. A spokeswoman, Lotte Vermeer, declined."
)
UNRELATED = (
    "The orchestra of Bergamo begins its season with Mahler, led by Giulia Ferrante. Tickets cost "
    "45 euros. In Cremona the violin of Ottavio Lanza, made in 1721, is shown to 600 visitors a "
    "day, and in Mantua the theatre of Sabbioneta opens again after 18 months of repairs."
)


@pytest.mark.parametrize("method", METHODS)
def test_a_spun_copy_is_led_to_and_known(method: str) -> None:
    text = f"{STORY}\n{ANOTHER}"
    one, other = anchors_of(text), anchors_of(spun(text, method, seed=7))
    assert (keys(one) == keys(other)).any()
    evidence = judge(one, other, overlap=30)
    assert evidence is not None
    assert evidence.agreement >= 500
    assert evidence.order > 600


@pytest.mark.parametrize("other", [ANOTHER, UNRELATED])
@pytest.mark.parametrize("meaning", [None, 300, 850])
def test_another_report_is_not_spun(other: str, meaning: int | None) -> None:
    assert judge(anchors_of(STORY), anchors_of(other), 20, meaning) is None


def test_unrelated_texts_share_no_key() -> None:
    assert not (keys(anchors_of(STORY)) == keys(anchors_of(UNRELATED))).any()


def test_keys_do_not_depend_on_what_is_widespread() -> None:
    text = STORY + " On Monday and Friday, Moscow and London agreed."
    assert (keys(anchors_of(text)) == keys(anchors_of(STORY))).all()


def test_too_few_anchors_have_no_keys_and_are_never_judged() -> None:
    few = anchors_of("He went from Kampen to Delft, 37 miles, by way of Meppel.")
    assert not keys(few).any()
    assert keys(few).shape == (SPUN_KEYS,)
    assert judge(few, few, 0) is None
    assert judge(np.zeros(ANCHORS, np.uint16), anchors_of(STORY), 0, 999) is None


def test_a_near_copy_is_not_spun() -> None:
    anchors = anchors_of(STORY)
    assert judge(anchors, anchors, NEAR - 1) is not None
    assert judge(anchors, anchors, NEAR) is None


def test_the_order_of_the_two_texts_makes_no_difference() -> None:
    one, other = anchors_of(STORY), anchors_of(spun(STORY, "all", seed=3))
    assert judge(one, other, 10, 700, (0, 2)) == judge(other, one, 10, 700, (2, 0))


def test_shuffled_names_count_less_than_ordered_ones() -> None:
    one = anchors_of(STORY)
    backward = one.copy()
    count = int((one > 0).sum())
    backward[:count] = one[:count][::-1]
    ordered, shuffled = (
        compared(one, one, 0, None, (0, 0)),
        compared(one, backward, 0, None, (0, 0)),
    )
    assert ordered is not None
    assert shuffled is not None
    assert ordered[0].order == 1000
    assert shuffled[0].order < 150
    assert ordered[0].agreement == shuffled[0].agreement == 1000


def test_rows_that_share_too_little_are_left_out_at_once() -> None:
    rows = np.stack([anchors_of(text) for text in (UNRELATED, STORY, spun(STORY, "heavy", 1))])
    assert likely(anchors_of(STORY), rows).tolist() == [1, 2]


def test_the_evidence_is_told_in_words() -> None:
    evidence = SpunEvidence(shared=14, of=16, order=930, overlap=41, meaning=880, tortured=2)
    assert evidence.told() == [
        "names and numbers 14 of 16",
        "same order 93 %",
        "words in common 4 %",
        "meaning 88 % alike",
        "tortured words 2",
    ]
    assert SpunEvidence(8, 9, 1000, 0, None, 0).told()[-1] == "words in common 0 %"


def test_spun_text_is_the_same_for_the_same_seed_and_other_for_another() -> None:
    assert spun(STORY, "all", 1) == spun(STORY, "all", 1) != spun(STORY, "all", 2)


def test_spun_text_keeps_names_and_loses_words() -> None:
    text = spun(STORY, "heavy", 5)
    assert "Verbruggen" in text
    assert "Dronten" in text
    assert "said that it had not been told" not in text
    one, other = (set(zip(*(t.split()[n:] for n in range(5)), strict=False)) for t in (STORY, text))
    assert len(one & other) < len(one | other) / 10


def test_numbers_are_spelt_in_another_way() -> None:
    assert "64,000,000" in spun("It was built for 64 million guilders.", "reporting", 1)


def test_a_text_with_many_words_exchanged_is_an_edited_copy() -> None:
    own, other = anchors_of(STORY), anchors_of(ANOTHER)
    assert is_edited(own, own, NEAR)
    assert not is_edited(own, own, NEAR - 1)  # a spun one
    assert not is_edited(own, other, NEAR)
    assert not is_edited(own, own[::-1].copy(), NEAR)
    assert not is_edited(anchors_of("Ada of Kampen"), anchors_of("Ada of Kampen"), 299)
