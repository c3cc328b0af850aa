"""What changed from one revision to the next, told as a person would."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.difference import Paragraph, count_words, difference, paragraphs
from shared.revisions import LONGEST_PARAGRAPH, MOST_PARAGRAPHS, changes
from tests.search_contract import article

HARBOUR = (
    "The council met on Monday. It agreed on a plan for 30 boats.\n\n"
    "The mayor thanked all who had written.\n\n"
    "A vote follows in spring."
)


def _marked(paragraph: Paragraph) -> str:
    marks = {"same": "{}", "added": "+{}+", "removed": "-{}-"}
    return "".join(marks[piece.kind].format(piece.text.strip()) for piece in paragraph.pieces)


def _told(before: str, after: str) -> list[tuple[str, str]]:
    return [(part.kind, _marked(part)) for part in difference(before, after)]


def _compact(text: str) -> str:
    """Without the space beside marks, which a difference does not tell of."""
    return re.sub(r"\s*([^\w\s])\s*", r"\1", text)


def _assert_whole(before: str, after: str) -> None:
    """Both texts can be read off their difference."""
    found = difference(before, after)
    for without, text in (("added", before), ("removed", after)):
        told = [part.text(without) for part in found]  # type: ignore[arg-type]
        assert [_compact(text) for text in told if text] == list(map(_compact, paragraphs(text)))


def test_equal_texts_have_no_difference() -> None:
    assert {part.kind for part in difference(HARBOUR, HARBOUR)} == {"same"}
    spaced = HARBOUR.replace("\n\n", "\n \t\n\n").replace(" on ", "  on\n")
    assert {part.kind for part in difference(HARBOUR, spaced)} == {"same"}
    assert difference("", " \n\n ") == []


def test_a_changed_word_is_told_inside_its_paragraph() -> None:
    after = HARBOUR.replace("Monday", "Tuesday").replace("30 boats", "45 boats and a dock")
    assert _told(HARBOUR, after) == [
        (
            "changed",
            "The council met on-Monday-+Tuesday+. It agreed on a plan for"
            "-30-+45+boats+and a dock+.",
        ),
        ("same", "The mayor thanked all who had written."),
        ("same", "A vote follows in spring."),
    ]


def test_the_space_behind_a_change_is_no_part_of_it() -> None:
    (part,) = difference("12 were hurt when it fell.", "14 were hurt, badly, when it fell.")
    assert [(piece.kind, piece.text) for piece in part.pieces] == [
        ("removed", "12"),
        ("added", "14"),
        ("same", " were hurt"),
        ("added", ", badly,"),
        ("same", " when it fell."),
    ]


def test_whole_paragraphs_come_and_go() -> None:
    after = "Update: the vote was held.\n\n" + HARBOUR.rpartition("\n\n")[0]
    assert _told(HARBOUR, after) == [
        ("added", "+Update: the vote was held.+"),
        ("same", "The council met on Monday. It agreed on a plan for 30 boats."),
        ("same", "The mayor thanked all who had written."),
        ("removed", "-A vote follows in spring.-"),
    ]


def test_what_is_not_alike_is_no_change_of_the_other() -> None:
    found = _told("Rain is expected in the north.", "Shares of the bank fell by a tenth.")
    assert [kind for kind, _ in found] == ["removed", "added"]


def test_scripts_that_part_no_words_are_compared_by_characters() -> None:
    assert _told("市長は月曜日に会議を開いた。", "市長は火曜日に会議を開いた。") == [
        ("changed", "市長は-月-+火+曜日に会議を開いた。")
    ]
    assert count_words("市長は月曜日に") == 7
    assert count_words("It’s 30 boats – no more.") == 5


@pytest.mark.parametrize("seed", range(30))
def test_both_texts_can_be_read_off_their_difference(seed: int) -> None:
    chance = random.Random(seed)
    words = ["harbour", "boat", "a", "the", "plan,", "“no”", "–", "市長", "it’s", "x."]

    def text(count: int) -> list[str]:
        return [" ".join(chance.choices(words, k=chance.randint(1, 12))) for _ in range(count)]

    before = text(chance.randint(0, 12))
    after = [
        part if chance.random() < 0.6 else text(1)[0] for part in before if chance.random() < 0.8
    ] + text(chance.randint(0, 3))
    chance.shuffle(after[: chance.randint(0, 5)])
    _assert_whole("\n\n".join(before), "\n\n".join(after))


odd_texts = st.lists(
    st.sampled_from(("a b c.", "the", " ", "\n\n", "\n", "’", "'", "(", "市長", "ไทย", "a\u0301"))
    | st.sampled_from(("\u200f", "\ud800", "\u2028", "1", "–", "x-y", "\x85"))
    | st.text(st.characters(exclude_categories=()), max_size=4),
    max_size=20,
).map("".join)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(odd_texts, odd_texts)
def test_odd_texts_can_be_read_off_their_difference(before: str, after: str) -> None:
    found = difference(before, after)
    for without, text in (("added", before), ("removed", after)):
        told = "".join(part.text(without) for part in found)  # type: ignore[arg-type]
        assert "".join(told.split()) == "".join(text.split())
    counts = changes(article("a", before), article("a", after))
    assert 0 <= counts.share <= 1
    assert counts.words_added <= count_words(after)
    assert counts.words_removed <= count_words(before)
    alike = "".join(before.split()) == "".join(after.split())
    assert alike or counts.words_added or counts.words_removed or counts.added or counts.removed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n\n".join("ab"[i % 3 % 2] for i in range(20_000)), "\n\n".join("ab" * 10_000)),
        (" ".join("ab"[i % 3 % 2] for i in range(200_000)), " ".join("ba" * 100_000)),
        ("a" * 1_000_000, "a" * 999_999),
        ("." * 500_000, "'’" * 250_000),
        ("\n " * 300_000, " \n" * 300_000 + "x"),
    ],
    ids=["short paragraphs", "two words", "one word", "marks", "space"],
)
def test_hostile_texts_end(before: str, after: str) -> None:
    found = difference(before, after)
    for without, text in (("added", before), ("removed", after)):
        told = "".join(part.text(without) for part in found)  # type: ignore[arg-type]
        assert "".join(told.split()) == "".join(text.split())


def test_many_changed_paragraphs_are_each_told_as_changed() -> None:
    before = [f"Section {n} of the plan is to begin in the spring of year {n}." for n in range(400)]
    after = [text.replace("spring", "autumn") for text in before]
    found = difference("\n\n".join(before), "\n\n".join(after))
    assert {part.kind for part in found} == {"changed"}
    assert len(found) == 400


def test_what_is_stored_of_a_change() -> None:
    before = article("a", HARBOUR, title="Harbour plan")
    after = article(
        "a",
        HARBOUR.replace("30 boats", "45 boats") + "\n\nIt rains.",
        title="Harbour plan agreed",
        hours=2,
    )
    told = changes(before, after, 3)
    assert told.from_revision == 3
    assert told.at == after.received_at
    assert told.title_before == "Harbour plan"
    assert told.added == [
        "The council met on Monday. It agreed on a plan for 45 boats.",
        "It rains.",
    ]
    assert told.removed == ["The council met on Monday. It agreed on a plan for 30 boats."]
    assert (told.words_added, told.words_removed) == (3, 1)
    assert told.share == round(4 / (25 + 27), 4)
    assert not told.shortened


def test_what_did_not_change_is_not_told() -> None:
    told = changes(article("a", HARBOUR, title="T"), article("a", HARBOUR, title=" T "))
    assert told.title_before is None
    assert (told.added, told.removed, told.share) == ([], [], 0.0)
    nothing = changes(article("a", ""), article("a", ""))
    assert nothing.share == 0.0


def test_what_is_stored_is_bounded_and_says_so() -> None:
    before = article("a", "\n\n".join(f"old{n} " * 900 for n in range(60)))
    after = article("a", "\n\n".join(f"new{n} " * 900 for n in range(60)))
    told = changes(before, after)
    assert len(told.added) == len(told.removed) == MOST_PARAGRAPHS
    assert max(map(len, told.added + told.removed)) == LONGEST_PARAGRAPH
    assert told.added[0].endswith("…")
    assert told.shortened
    assert told.words_added == told.words_removed == 60 * 900
    assert told.share == 1.0
