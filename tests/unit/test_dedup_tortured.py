"""What only a program writes that replaces words."""

from __future__ import annotations

import pytest

from services.deduplicator.tortured import tortured


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Experts in counterfeit consciousness met.", "counterfeit consciousness"),
        ("Ships are blockingading the port.", "blockingading"),
        ("As The Times of Isreal writes", "Isreal"),
        ("Bosom malignancy is treated there.", "bosom malignancy"),
        ("Troops left Khakriv’s suburbs", "Khakriv"),
        ("said the Ukrianian side", "Ukrianian"),
    ],
)
def test_tortured_words_are_found_as_they_stand(text: str, word: str) -> None:
    assert tortured(text) == (word,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Singing and swinging, they were bringing news of an upbringing in Israel.",
        "Russian forces are blockading the ports of Ukraine; Merkle trees are no chancellor.",
        "The needed amendment was heeded by the government's management.",
        "Artificial intelligence and breast cancer were discussed in Britain and Colombia.",
        "Colombia, Columbia, Slovenia, Slovakia, Austria, Australia, Kharkov and Kharkiv",
        "Iran and Iraq; isreal in small letters is a word of no list",
    ],
)
def test_good_english_has_none(text: str) -> None:
    assert tortured(text) == ()


def test_each_is_told_once_and_in_order() -> None:
    text = "Isreal, blockingading, Isreal, profound learning"
    assert tortured(text) == ("Isreal", "blockingading", "profound learning")
