"""Texts to words, pieces and windows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tagger.model.windows import WINDOW, may_name, sentence_ends, windows
from services.tagger.model.words import SHAPES, Vocabulary, shape_of
from shared.minilm.pieces import LONGEST, split

VOCABULARY = Vocabulary(
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "kyiv", "zelensky", "##y", "'", "s", "u", ".", "-", "led"]
)


def cut(text: str) -> list[str]:
    return [text[word.start : word.end] for word in split(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Kyiv's mayor, Klitschko.", ["Kyiv", "'", "s", "mayor", ",", "Klitschko", "."]),
        ("U.S.-led\r\nforces", ["U", ".", "S", ".", "-", "led", "forces"]),
        ("snake_case 24,000", ["snake", "_", "case", "24", ",", "000"]),
        ("Zu\u0308rich São", ["Zu\u0308rich", "São"]),
        ("中国人 in 东京", ["中", "国", "人", "in", "东", "京"]),
        ("שָׁלוֹם عَلَيْكُم", ["שָׁלוֹם", "عَلَيْكُم"]),
        ("👩‍🚀 flew", ["👩", "\u200d", "🚀", "flew"]),
        ("", []),
        (" \n\t\u00a0 ", []),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, words: list[str]) -> None:
    assert cut(text) == words


@given(st.text())
def test_words_cover_all_but_space_in_order_and_nothing_twice(text: str) -> None:
    words = split(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(words))
    assert "".join(text[w.start : w.end] for w in words) == "".join(text.split())


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("mayor", "lower"),
        ("Kyiv", "title"),
        ("Zu\u0308rich", "title"),
        ("NATO", "capitals"),
        ("A", "initial"),
        ("McDonald", "mixed"),
        ("2022", "digits"),
        ("F16", "digits-and-letters"),
        ("t72", "digits-and-letters"),
        ("京", "uncased"),
        ("§", "none"),
    ],
)
def test_shapes_tell_how_a_word_is_written(word: str, shape: str) -> None:
    assert SHAPES[shape_of(word)] == shape


@given(st.text(min_size=1))
def test_every_word_has_a_shape_and_pieces(word: str) -> None:
    found = VOCABULARY.pieces(word)
    assert 0 <= found.shape < len(SHAPES)
    assert found.ids
    assert all(0 <= number < VOCABULARY.size for number in found.ids)


def test_pieces_are_the_longest_known_ones_without_case_and_accents() -> None:
    assert VOCABULARY.pieces("Zelenskyy").ids == (5, 6)
    assert VOCABULARY.pieces("KÝIV").ids == (4,)
    assert VOCABULARY.pieces("Warszawa").ids == (VOCABULARY.unknown,)
    assert VOCABULARY.pieces("zelensky" + "y" * 5000).ids == (5, *[6] * 7)
    assert VOCABULARY.pieces("zelensky" + "y" * LONGEST) == VOCABULARY.pieces("zelensky" + "y" * 99)


def ends_of(text: str) -> list[str]:
    words = split(text)
    places = [0, *sentence_ends(text, words)]
    return [text[words[a].start : words[b - 1].end] for a, b in itertools.pairwise(places)]


def test_sentences_end_at_full_stops_before_capitals_and_at_lines() -> None:
    text = 'He said "No." She left at 3.30 p.m. on foot\nKYIV (Reuters) - All well? 12 are.'
    assert ends_of(text) == [
        'He said "No."',
        "She left at 3.30 p.m. on foot",
        "KYIV (Reuters) - All well?",
        "12 are.",
    ]


@given(
    st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=400),
)
def test_windows_label_each_word_once_and_hold_no_more_than_they_may(
    words: list[tuple[int, bool]],
) -> None:
    sizes = [size for size, _ in words]
    ends = [place + 1 for place, (_, ends) in enumerate(words) if ends]
    if words and (not ends or ends[-1] != len(words)):
        ends.append(len(words))
    found = list(windows(ends, sizes))
    assert [place for w in found for place in range(w.keep, w.until)] == list(range(len(words)))
    for window in found:
        assert window.first <= window.keep < window.until <= window.last
        assert sum(sizes[window.first : window.last]) <= WINDOW


def test_a_long_sentence_is_seen_from_both_sides_where_windows_meet() -> None:
    found = list(windows([300], [1] * 300))
    assert len(found) > 2
    for before, after in itertools.pairwise(found):
        assert before.until == after.keep
        assert before.last - before.until >= 15
        assert after.keep - after.first >= 15


def test_short_sentences_share_a_window() -> None:
    assert len(list(windows([20, 40, 60, 80, 100, 120, 140], [1] * 140))) == 2


@pytest.mark.parametrize(
    ("sentence", "may"),
    [
        ("The war goes on, and I am tired.", False),
        ("He said that it would rain.", False),
        ("The war in Ukraine goes on.", True),
        ("Pollinger said nothing.", True),  # no common word
        ("the war goes on.", True),  # who writes no capitals writes names without them
        ("The رئيس said so.", True),
        ("On 5 May it rained.", True),
    ],
)
def test_sentences_without_a_name_are_told_by_their_capitals(sentence: str, may: bool) -> None:
    assert may_name(sentence, split(sentence)) is may
