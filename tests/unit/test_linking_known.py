"""Names that the knowledge base is sure of, in languages that no model covers."""

from __future__ import annotations

import pytest

from services.tagger.knowledge.base import KnowledgeBase, open_base
from services.tagger.linking.known import KnownNames


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return open_base()


def names(base: KnowledgeBase, text: str, title: str = "") -> list[tuple[str, str]]:
    found = KnownNames(base).find((title, text))
    return [(text[span.start : span.end], span.type) for span in found[1]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "Bundeskanzler Olaf Scholz traf am Dienstag in Kiew Wolodymyr Selenskyj. Scholz sagte",
            [("Olaf Scholz", "PER"), ("Kiew", "LOC"), ("Wolodymyr Selenskyj", "PER"),
             ("Scholz", "PER")],
        ),
        (
            "Президент Володимир Зеленський прибув до Львова.",
            [("Володимир Зеленський", "PER"), ("Львова", "LOC")],
        ),
        ("Le président Emmanuel Macron, à Paris", [("Emmanuel Macron", "PER"), ("Paris", "LOC")]),
        ("La OTAN y la ONU en Madrid", [("OTAN", "ORG"), ("ONU", "ORG"), ("Madrid", "LOC")]),
        ("Der Regen in der Stadt, ein Essen", []),
        ("bei reuters.com/Kyiv und @NATO", []),
        ("", []),
    ],
)  # fmt: skip
def test_names_of_other_languages(
    base: KnowledgeBase, text: str, wanted: list[tuple[str, str]]
) -> None:
    assert names(base, text) == wanted


def test_a_surname_is_known_by_the_title_too(base: KnowledgeBase) -> None:
    assert names(base, "Dann kam Draghi.", "Mario Draghi geht") == [("Draghi", "PER")]


def test_it_covers_every_language(base: KnowledgeBase) -> None:
    finder = KnownNames(base)
    assert finder.covers("xx")
    assert finder.covers(None)


def test_words_of_a_million_letters_are_no_names(base: KnowledgeBase) -> None:
    assert names(base, "Kyiv " + "Ä" * 1_000_000 + " Kyiv") == [("Kyiv", "LOC"), ("Kyiv", "LOC")]
