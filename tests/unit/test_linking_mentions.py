"""What engines find is cut to the name: no title, quote, possessive or address is part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tagger.linking.mentions import places
from services.tagger.spans import Span
from shared.events import EntityType


def spans(text: str, *names: tuple[str, EntityType]) -> list[Span]:
    found = []
    for name, kind in names:
        start = text.index(name)
        found.append(Span(start, start + len(name), kind, 0.9))
    return found


def cut(text: str, *names: tuple[str, EntityType]) -> list[str]:
    found = places(["", text], [[], spans(text, *names)]).places
    assert all(text[place.start : place.end] == place.text for place in found)
    return [place.text for place in found]


@pytest.mark.parametrize(
    ("written", "name", "kind"),
    [
        ("President Joe Biden", "Joe Biden", "PER"),
        ("Prime Minister Lt. Gen. Prem Rao", "Prem Rao", "PER"),
        ("Dr. No", "No", "PER"),
        ("Judge", "Judge", "PER"),  # a title alone may be a name
        ("“Kyiv”,", "Kyiv", "LOC"),
        ("Putin’s", "Putin", "PER"),
        ("south-eastern Ukraine", "Ukraine", "LOC"),
        ("the north Caucasus", "Caucasus", "LOC"),
        ("the United Nations", "United Nations", "ORG"),
        ("The Hague Tribunal", "The Hague Tribunal", "ORG"),
        ("CPI (Maoist)", "CPI (Maoist)", "ORG"),
        ("Court (the", "Court", "ORG"),
        ("The Lancet", "The Lancet", "MISC"),
        ("Arab Republic of Egypt (ARE)", "Arab Republic of Egypt (ARE)", "LOC"),
        ("General Motors", "General Motors", "ORG"),
    ],
)
def test_only_the_name_is_left(written: str, name: str, kind: EntityType) -> None:
    if written == "Dr. No":
        assert cut(f"Then {written} came.", (written, kind)) == []  # "No" is a common word
    else:
        assert cut(f"Then {written} came.", (written, kind)) == [name]


@pytest.mark.parametrize("text", ["The", " \n", "“”", "—", "'s"])
def test_what_is_no_name_is_dropped(text: str) -> None:
    assert places(["", text], [[], [Span(0, len(text), "ORG", 0.9)]]).places == []


@pytest.mark.parametrize(
    "text",
    [
        "see https://twitter.com/Reuters/status/1 now",
        "mail to Kyiv@example.org today",
        "at www.Reuters.com it says",
        "share ?url=Ukraine&ref=1 here",
    ],
)
def test_names_in_addresses_are_none(text: str) -> None:
    name = next(n for n in ("Reuters", "Kyiv", "Ukraine") if n in text)
    assert cut(text, (name, "ORG")) == []


def test_the_dot_of_an_abbreviation_belongs_to_it() -> None:
    assert cut("He left the U.N. on Monday.", ("U.N", "ORG")) == ["U.N."]
    assert cut("He left Kyiv. On Monday", ("Kyiv", "LOC")) == ["Kyiv"]


def test_a_name_ends_with_its_paragraph() -> None:
    text = "Times of Israel\n\nUkraine says"
    assert cut(text, ("Times of Israel\n\nUkraine", "ORG")) == ["Times of Israel", "Ukraine"]


def test_marks_of_lists_end_a_name() -> None:
    text = "São Paulo; U.N. Council | Kyiv"
    assert cut(text, (text, "ORG")) == ["São Paulo", "U.N. Council", "Kyiv"]


def test_an_acronym_behind_its_name_is_found_and_explained() -> None:
    text = "The World Food Programme (WFP) and Ann Roe (AR) met."
    found = places(
        ["", text], [[], spans(text, ("World Food Programme", "ORG"), ("Ann Roe", "PER"))]
    )
    assert [place.text for place in found.places] == ["World Food Programme", "WFP", "Ann Roe"]
    assert found.explained == {"WFP": "World Food Programme"}


@given(
    st.text(alphabet=st.sampled_from("aB é\u0301\n'’\"().,-–/@=ЖЯ́😀אب\r ")),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30))),
)
def test_places_are_where_they_say(text: str, raw: list[tuple[int, int]]) -> None:
    names, end = [], 0
    for skip, length in raw:
        start = end + skip
        end = min(start + length, len(text))
        if start >= end:
            break
        names.append(Span(start, end, "PER", 0.5))
    found = places(["", text], [[], names]).places
    for place in found:
        assert text[place.start : place.end] == place.text
        assert place.text == place.text.strip()
    assert found == sorted(found)
