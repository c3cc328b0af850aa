"""Surnames that stand alone are found where the article has the full name."""

from __future__ import annotations

import pytest

from services.tagger.linking.repeats import with_surnames
from tests.unit.marked import marked


def surnames(written: str, title: str = "") -> list[str]:
    """The places that are added to the marked ones."""
    text, spans = marked(written)
    found = with_surnames((title, text), ([], spans))
    assert found[1] == sorted(found[1])
    fields = [title] * len(found[0]) + [text] * len(found[1])
    new = [span for names in found for span in names if span not in spans]
    assert all(span.type == "PER" for span in new)
    return [
        text_of[span.start : span.end]
        for text_of, span in zip(fields, [*found[0], *found[1]], strict=True)
        if span in new
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[PER|Gerhard Pollinger] fell.\n\nPollinger had denied it. Pollinger's aide left.", 2),
        ("[PER|Ann Price] spoke. Price left. The price rose.", 0),  # a word of this article
        ("[PER|Ann Pollinger] spoke. Pollinger Street is shut.", 0),
        ("[PER|Ann Pollinger] spoke. Max Pollinger left.", 0),
        ("[PER|Theresa May] left in May.", 0),
        ("[PER|Pollinger] left. Pollinger wept.", 0),  # no full name
        ("[PER|Ann Pollinger] and [PER|Pollinger]", 0),
        ("[ORG|Zubrowka Pollinger] fell. Pollinger rose.", 0),
        ("[PER|Ngozi Okonjo-Iweala] spoke; “Okonjo-Iweala” left.", 1),
    ],
)
def test_surnames_of_those_who_are_named_in_full(text: str, found: int) -> None:
    assert len(surnames(text)) == found


def test_the_title_too() -> None:
    assert surnames("[PER|Ann Pollinger] left.", "Why Pollinger left") == ["Pollinger"]


def test_who_is_hardly_a_person_has_no_surname() -> None:
    text, spans = marked("[PER|Ann Pollinger] left. Pollinger rose.", confidence=0.5)
    assert with_surnames((text,), (spans,)) == [spans]
