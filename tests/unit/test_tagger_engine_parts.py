"""Labels, pieces, windows and words: what the engines share."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tagger.engines.labels import known, tag_of, type_of
from services.tagger.engines.pieces import pieces, readable, tidy, windows
from services.tagger.engines.words import Scheme, TokenWord, words_of
from services.tagger.spans import Span
from shared.events import EntityType
from tests.engines.contract import EXTREME, HARD, check

TYPES: tuple[EntityType, ...] = ("PER", "ORG", "LOC", "FACILITY")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("PERSON", "PER"),
        ("persName", "PER"),
        ("GPE", "LOC"),
        ("geo-loc", "LOC"),
        ("FAC", "FACILITY"),
        ("NORP", "NORP"),
        ("EVENT", "EVENT"),
        ("PRODUCT", "PRODUCT"),
        ("WORK_OF_ART", "MISC"),
        ("MISC", "MISC"),
        ("corporation", "ORG"),
        ("DATE", None),
        ("O", None),
        ("LABEL_1", None),
    ],
)
def test_labels_of_models_are_our_types(label: str, kind: EntityType | None) -> None:
    assert type_of(label) == kind


@pytest.mark.parametrize(
    ("label", "tag"),
    [
        ("B-PER", ("PER", True, False)),
        ("I-PER", ("PER", False, False)),
        ("E-ORG", ("ORG", False, True)),
        ("L-ORG", ("ORG", False, True)),
        ("S-LOC", ("LOC", True, True)),
        ("U-LOC", ("LOC", True, True)),
        ("B_geo-loc", ("LOC", True, False)),
        ("PER-B", ("PER", True, False)),
        ("LOC", ("LOC", False, False)),
        ("GPE_LOC", ("LOC", False, False)),
        ("B-DATE", (None, False, False)),
        ("O", (None, False, False)),
    ],
)
def test_schemes_of_labels(label: str, tag: tuple[EntityType | None, bool, bool]) -> None:
    assert tag_of(label) == tag


def test_labels_that_tell_of_names() -> None:
    assert known(["ORG", "DATE", "GPE", "Ordinal"]) == {"ORG": "ORG", "GPE": "LOC"}


SPANS = st.lists(
    st.builds(
        Span,
        st.integers(-5, 60),
        st.integers(-5, 60),
        st.sampled_from(TYPES),
        st.floats(-1, 2) | st.just(float("nan")),
    ),
    max_size=30,
)


@given(HARD, SPANS)
def test_any_spans_are_made_right(text: str, spans: list[Span]) -> None:
    chosen = tidy(text, spans)
    check(text, chosen)
    assert tidy(text, reversed(spans)) == chosen
    # Nothing is left out but for something that is in its way.
    for span in spans:
        inside = text[max(span.start, 0) : max(span.end, 0)]
        if inside.strip():
            assert any(c.start < span.end and span.start < c.end for c in chosen)


def test_the_longer_stays_and_then_the_surer() -> None:
    long, short = Span(0, 7, "ORG", 0.2), Span(2, 5, "LOC", 0.9)
    assert tidy("a b c d", [short, long]) == [long]
    sure, unsure = Span(0, 3, "ORG", 0.9), Span(2, 5, "LOC", 0.2)
    assert tidy("a b c d", [unsure, sure]) == [sure]
    assert tidy("  ab  ", [Span(0, 6, "ORG", 1.0)]) == [Span(2, 4, "ORG", 1.0)]


def check_pieces(text: str, most: int, run: int) -> None:
    cut = list(pieces(text, most, run))
    assert "".join(text[piece.start : piece.end] for piece in cut) == text
    for piece in cut:
        inside = text[piece.start : piece.end]
        assert 0 < len(inside) <= most
        assert max(map(len, inside.split()), default=0) < run


@given(HARD, st.integers(40, 80), st.integers(20, 60))
def test_pieces_are_the_whole_text(text: str, most: int, run: int) -> None:
    check_pieces(text, most, run)


@pytest.mark.parametrize("number", range(len(EXTREME)))
def test_pieces_of_any_length_and_script(number: int) -> None:
    check_pieces(EXTREME[number], 1_000, 250)


def test_pieces_end_where_something_ends() -> None:
    def cut(text: str, most: int) -> list[str]:
        return [text[piece.start : piece.end] for piece in pieces(text, most, 50)]

    assert cut("One two. Three.\r\n\r\nFour five. Six", 24) == [
        "One two. Three.\r\n\r\n",
        "Four five. Six",
    ]
    assert cut("One two three. Four five six", 22) == ["One two three. ", "Four five six"]
    assert cut("one two three four five six", 15) == ["one two three ", "four five six"]


def test_no_piece_begins_with_a_mark() -> None:
    text = "e\u0301" * 500 + "👩\u200d👧" * 400
    begins = [text[piece.start] for piece in pieces(text, 101, 90)]
    assert len(begins) > 20
    assert not [c for c in begins if unicodedata.combining(c) or c in "\u200d👧"]


def test_halves_of_pairs_are_taken_out_in_place() -> None:
    assert readable("a\ud800b\udfff👧") == "a\ufffdb\ufffd👧"


@given(st.lists(st.integers(0, 12), max_size=80), st.integers(8, 30), st.integers(0, 7))
def test_every_word_is_decided_once(sizes: list[int], most: int, overlap: int) -> None:
    cut = list(windows(sizes, most, overlap))
    assert [row for w in cut for row in range(w.keep, w.until)] == list(range(len(sizes)))
    for window in cut:
        assert window.first <= window.keep < window.until <= window.last
        inside = sizes[window.first : window.last]
        assert sum(inside) <= most or sum(inside) == max(inside)


def test_a_word_is_decided_where_most_is_seen_around_it() -> None:
    assert list(windows([1] * 14, 8, 4)) == [(0, 8, 0, 6), (4, 12, 6, 10), (8, 14, 10, 14)]


def test_words_are_of_tokens() -> None:
    text = "Kyiv's  e\u0301te"
    offsets = [(0, 2), (2, 4), (4, 6), (6, 7), (7, 9), (9, 11)]
    assert words_of(text, offsets, 8) == [
        TokenWord(0, 4, 0, 0, 2),
        TokenWord(4, 5, 2, 2, 3),
        TokenWord(5, 6, 2, 3, 3),  # In the token of the word before.
        TokenWord(8, 12, 4, 3, 6),  # With the token of the space before it.
    ]
    (long,) = words_of("abcdef", [(place, place + 1) for place in range(6)], 4)
    assert long == TokenWord(0, 6, 0, 0, 4)


def test_scripts_without_spaces_are_cut_at_tokens() -> None:
    assert [word[:2] for word in words_of("กขคง", [(0, 2), (2, 4)], 8)] == [(0, 2), (2, 4)]
    assert [word[:2] for word in words_of("Kyiv", [(0, 2), (2, 4)], 8)] == [(0, 4)]


def names(labels: list[str], told: list[str], text: str = "aa bb cc dd") -> list[str]:
    words = [TokenWord(3 * n, 3 * n + 2, n, n, n + 1) for n in range(len(told))]
    scores = np.array([[4.0 * (label == own) for label in labels] for own in told])
    return [
        f"{text[span.start : span.end]} {span.type}"
        for span in Scheme(labels).names(text, words, scores)
    ]


def test_names_of_the_schemes() -> None:
    bio = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-DATE"]
    assert names(bio, ["B-PER", "I-PER", "B-PER", "O"]) == ["aa bb PER", "cc PER"]
    assert names(bio, ["I-PER", "I-LOC", "B-DATE", "I-LOC"]) == ["aa PER", "bb LOC", "dd LOC"]
    bioes = ["O", "B-PER", "I-PER", "E-PER", "S-PER"]
    assert names(bioes, ["B-PER", "E-PER", "I-PER", "S-PER"]) == ["aa bb PER", "cc PER", "dd PER"]
    assert names(["O", "PER"], ["PER", "PER", "O", "PER"]) == ["aa bb PER", "dd PER"]


def test_a_name_ends_with_the_paragraph() -> None:
    assert names(["O", "PER"], ["PER", "PER"], "aa\nbb") == ["aa\nbb PER"]
    words = [TokenWord(0, 2, 0, 0, 1), TokenWord(6, 8, 1, 1, 2)]
    scores = np.array([[0.0, 4.0], [0.0, 4.0]])
    spans = list(Scheme(["O", "PER"]).names("aa\r\n\r\nbb", words, scores))
    assert [(span.start, span.end) for span in spans] == [(0, 2), (6, 8)]


def test_labels_of_a_type_count_together() -> None:
    scheme = Scheme(["O", "B-PER", "I-PER"])
    scores = np.log(np.array([[0.4, 0.35, 0.25]]))
    (span,) = scheme.names("aa", [TokenWord(0, 2, 0, 0, 1)], scores)
    assert span.type == "PER"
    assert span.confidence == pytest.approx(0.6)
    assert list(scheme.names("", [], np.zeros((0, 3)))) == []
