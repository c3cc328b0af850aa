"""Whatever the text, mentions stand exactly where they say, and nothing raises."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from services.tagger.recognizer import recognizer
from shared.events import Entity

NAMES = {
    "Volodymyr Zelenskyy": "Q3874799",
    "Zu\u0308rich": "Q72",
    "Ivano–Frankivsk": "Q156726",
    "Зеленський": "Q3874799",
    "U.N. Security Council": "Q37470",
    "São Paulo": "Q174",
    "NATO": "Q7184",
}
# Text that is hard on offsets: combining marks, emoji of several code points, right-to-left
# script, characters outside the basic plane, digits and punctuation of other scripts.
HARD = st.text(
    alphabet=st.one_of(
        st.sampled_from("e\u0301a\u0308👩\u200d👧🇺🇦שלום عربي\u202e\u202c𝔘“”‘’—…  \n\t.,;!?ßﬁ"),
        st.characters(),
    ),
    max_size=40,
)


def check(text: str, title: str, entities: list[Entity]) -> None:
    taken: set[tuple[str, int]] = set()
    for entity in entities:
        for mention in entity.mentions:
            field = title if mention.field == "title" else text
            assert field[mention.start : mention.end] == mention.text
            places = {(mention.field, place) for place in range(mention.start, mention.end)}
            assert not places & taken
            taken |= places


@given(st.lists(st.tuples(HARD, st.sampled_from(sorted(NAMES))), min_size=1, max_size=5), HARD)
@settings(deadline=None, max_examples=200)
def test_names_between_any_text_are_found_where_they_are(
    parts: list[tuple[str, str]], tail: str
) -> None:
    text, wanted = "", []
    for filler, name in parts:
        text += filler + "; "
        wanted.append((len(text), len(text) + len(name), NAMES[name]))
        text += name + "; "
    text += tail
    entities = recognizer().tag(text, "", None).entities
    check(text, "", entities)
    found = {(m.start, m.end, e.entity_id) for e in entities for m in e.mentions}
    assert set(wanted) <= found


@given(st.text(), st.text(max_size=50))
@settings(deadline=None, max_examples=300)
def test_any_text_is_tagged(text: str, title: str) -> None:
    check(text, title, recognizer().tag(text, title, None).entities)


HINTS = ["Putin", "Georgia", "Paris,", "Texas", "Jordan", "May", "Kuleba", "Oleksiy Kuleba"]
BETWEEN = ["in", "of", "(", ")", "'s", ".", "\n\n"]


@given(st.lists(st.sampled_from([*NAMES, *HINTS, *BETWEEN]), max_size=30))
@settings(deadline=None, max_examples=200)
def test_any_order_of_names_is_tagged(parts: list[str]) -> None:
    text = " ".join(parts)
    check(text, "", recognizer().tag(text, "", None).entities)


@given(HARD)
@settings(deadline=None)
def test_composition_of_characters_makes_no_difference(filler: str) -> None:
    text = f"{filler}; São Paulo and Zürich"
    decomposed = unicodedata.normalize("NFD", text)
    kinds = [
        {e.entity_id for e in recognizer().tag(each, "", None).entities}
        for each in (text, decomposed)
    ]
    assert kinds[0] >= {"Q174", "Q72"}
    assert kinds[1] >= {"Q174", "Q72"}
