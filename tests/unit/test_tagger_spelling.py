"""Words, their places and the keys that names are looked up by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tagger.spelling import fold, headline_key, key_of, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("U.S.", "US"),
        ("U.N. Security Council", "UN Security Council"),
        ("Côte d’Ivoire", "Cote d'Ivoire"),
        ("Ivano–Frankivsk", "Ivano-Frankivsk"),
        ("Ivano-Frankivsk", "Ivano Frankivsk"),
        ("Zu\u0308rich", "Zürich"),
        ("Erdoğan", "Erdogan"),
        ("Łódź", "Lodz"),
        ("Санкт-Петербург", "Санкт Петербург"),
        ("Украи\u0306на", "Украйна"),
        ("St. Petersburg", "St Petersburg"),
        ("John F. Kennedy", "John F Kennedy"),
        ("J.K. Rowling", "JK Rowling"),
        ("New\u00a0York", "New  York"),
        ("New\nYork", "New York"),
        ("Za\u00adpo\u00adrizhzhia", "Zaporizhzhia"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("US", "us"), ("Nice", "nice"), ("Kyiv", "Kiev"), ("Texas A&M", "Texas AM")]
)
def test_names_that_differ_keep_their_keys(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


@pytest.mark.parametrize("gap", [". ", ", ", "\n\n", " (", "; ", " — "])
def test_a_name_does_not_go_on_across(gap: str) -> None:
    _, second = words(f"Kyiv{gap}Moscow")
    assert second.joint is None


def test_words_stand_where_they_say() -> None:
    text = "👩‍👩‍👧 L’Ukraine — “Zu\u0308rich” U.S. عمان"
    assert [text[w.start : w.end] for w in words(text)] == [
        "L", "Ukraine", "Zu\u0308rich", "U.S.", "عمان",
    ]  # fmt: skip


@given(st.text())
def test_any_text_has_words_in_order(text: str) -> None:
    end = 0
    for word in words(text):
        assert end <= word.start < word.end <= len(text)
        assert word.key == fold(text[word.start : word.end])
        end = word.end


def test_capitals_are_read_as_a_name() -> None:
    assert headline_key("BANK OF ENGLAND") == "Bank of England"
