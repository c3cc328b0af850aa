"""Names, numbers and quoted words of a text, in their order."""

from __future__ import annotations

import numpy as np
import pytest

from services.deduplicator.anchors import (
    FIRST_NUMBER,
    FIRST_QUOTED,
    FIRST_WEAK,
    QUOTAS,
    anchors_of,
)
from services.deduplicator.sizes import ANCHORS

STORY = (
    "The mayor of Zwolle, Ada Verbruggen, met Tomas Okonkwo on Tuesday. They spoke of 4 million "
    "euros for the bridge at Kampen. “Nothing was promised yesterday,” Okonkwo said.\n\n"
    "Engineers from Delft found 37 cracks in March."
)


def _kept(text: str, names: tuple[str, ...] = ()) -> list[int]:
    return [value for value in anchors_of(text, names).tolist() if value]


def _names(text: str) -> list[int]:
    return [value for value in _kept(text) if value < FIRST_NUMBER]


def _numbers(text: str) -> list[int]:
    return [value for value in _kept(text) if FIRST_NUMBER <= value < FIRST_QUOTED]


def test_an_article_has_a_row_of_fixed_size_ended_by_zeros() -> None:
    anchors = anchors_of(STORY)
    assert anchors.shape == (ANCHORS,)
    assert anchors.dtype == np.uint16
    filled = int((anchors > 0).sum())
    assert 8 <= filled < ANCHORS
    assert (anchors[:filled] > 0).all()


def test_names_stand_in_the_order_of_the_text() -> None:
    forward = _names("He saw Zwolle, then Kampen, then Delft.")
    backward = _names("He saw Delft, then Kampen, then Zwolle.")
    assert len(forward) == 3
    assert forward == backward[::-1]


def test_a_first_name_a_title_and_a_case_change_nothing() -> None:
    assert _names("We met Okonkwo there.") == _names("We met President Tomas Okonkwo's staff.")
    assert _names("They left Ukraine.") == _names("They met Ukrainian troops.")


@pytest.mark.parametrize("text", ["Bridges fell. Trains stopped.", "However, nobody came."])
def test_a_word_that_begins_a_sentence_is_no_name(text: str) -> None:
    assert not _names(text)


def test_a_name_that_begins_a_sentence_is_known_by_its_other_places() -> None:
    assert _names("Kampen flooded.") == []
    assert len(_names("Kampen flooded. People left Kampen.")) == 1


def test_the_capitals_of_a_heading_are_no_names() -> None:
    assert _names("Talks Between Bridges Resume\n\nnobody came to see them.") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("some four million people", "some 4 million people"),
        ("some 4,000,000 people", "some 4 million people"),
        ("some 4.000.000 people", "some 4m people"),
        ("cost 4.5 billion", "cost 4.5bn"),
        ("twenty-five trains", "25 trains"),
        ("one hundred and fifty trains", "150 trains"),
    ],
)
def test_a_number_is_its_value_however_it_is_written(one: str, other: str) -> None:
    assert len(_numbers(one)) == 1
    assert _numbers(one) == _numbers(other)


def test_numbers_that_differ_are_told_apart() -> None:
    assert _numbers("35 trains") != _numbers("36 trains")
    assert _numbers("4.5 million") != _numbers("45 million")


def test_what_stands_everywhere_is_weak() -> None:
    assert all(value >= FIRST_WEAK for value in _kept("in 2022 the three left Moscow on Monday"))


def test_long_words_of_quotations_are_kept() -> None:
    kept = _kept("she said “nothing was promised yesterday” and left")
    assert len([value for value in kept if FIRST_QUOTED <= value < FIRST_WEAK]) == 3
    assert not _kept("she said nothing was promised yesterday and left")


def test_a_script_without_capitals_has_numbers_quotations_and_given_names() -> None:
    text = (
        "东京电力公司宣布投资45亿日元,NATO与マリウポリ,"
        "「我们必须尽快完成这项工程」,社长小早川智明表示。"
    )
    assert len(_kept(text)) == 4
    assert len(_kept(text, ("小早川智明",))) == len(_kept(text)) + 1


def test_a_long_text_keeps_the_same_names_when_a_part_of_it_is_left_out() -> None:
    letters = "abdefgiklmnoprstuvz"
    names = [f"{a.upper()}{b}{c}o" for a in letters for b in "aeiou" for c in "dlmnrt"]
    whole = set(_names(" and ".join(f"met {name}" for name in names)))
    part = set(_names(" and ".join(f"met {name}" for name in names[::10] + names[1::2])))
    assert len(whole) == len(part) == QUOTAS[0]
    assert len(whole & part) >= QUOTAS[0] // 3


@pytest.mark.parametrize("text", ["", " ", "\n\n", "“”", "9" * 5000, "A" * 5000, "\ud800 X"])
def test_strange_texts_have_anchors_or_none(text: str) -> None:
    assert anchors_of(text).shape == (ANCHORS,)
