"""The measures of the tagger on cases made by hand: what counts as right, found and wanted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from services.tagger.recognizer import Recognizer, recognizer
from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.events import Article
from shared.testing.builders import build
from tests import seeds_gold
from tests.quality.table import Row, print_table
from tests.quality.tagger import seeds
from tests.quality.tagger_articles import Marked, Name, articles, marked, scored
from tests.quality.tagger_links import found_links, linking, wanted_links
from tests.quality.tagger_names import (
    Counts,
    ablation,
    counted,
    folds,
    recognition,
    without_accounts,
)
from tests.quality.tagger_speed import measured, of_news_length, speed, words

TOKENS = ["New", "York", "Ann", "Bob", "left"]


def packed(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def figures(rows: Iterable[Row]) -> dict[tuple[str, str], float]:
    return {(row.data, row.measure): row.ours for row in rows}


@pytest.mark.parametrize(
    "tags",
    [
        ["B-LOC", "I-LOC", "B-PER", "B-PER", "O"],
        ["B-location", "E-location", "S-person", "S-person", "O"],
    ],
)
def test_tags_that_tell_beginnings_mark_each_name(tags: list[str]) -> None:
    assert marked(TOKENS, tags) == Marked(
        "New York Ann Bob left",
        frozenset({Name(0, 8, "LOC"), Name(9, 12, "PER"), Name(13, 16, "PER")}),
    )


def test_tags_without_beginnings_run_together() -> None:
    names = marked(TOKENS, ["I-LOC", "I-LOC", "I-PER", "I-PER", "O"]).names
    assert names == {Name(0, 8, "LOC"), Name(9, 16, "PER")}


def test_facilities_are_places_and_dates_are_no_names() -> None:
    spans = [(0, 1, "FACILITY", 0.5), (2, 3, "Date"), (4, 5, "NORP"), (6, 7, "corporation")]
    assert scored(spans) == {Name(0, 1, "LOC"), Name(6, 7, "ORG")}


def test_sentences_of_an_article_are_joined_and_other_rows_stand_alone(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "ner.jsonl.gz",
        [
            {"set": "worldwide", "id": "ww-a_1-0", "tokens": ["At", "Rome"], "tags": ["O", "B-L"]},
            {
                "set": "worldwide",
                "id": "ww-a_1-1",
                "tokens": ["Ann", "left"],
                "tags": ["B-Person", "O"],
            },
            {"set": "btc-a", "id": "btc-a-7", "tokens": ["Ann"], "tags": ["B-PER"]},
            {"set": "wikigold", "id": "wikigold-1", "tokens": ["Ann"], "tags": ["I-PER"]},
        ],
    )
    assert articles(path, ("worldwide", "btc")) == {
        "worldwide": {"ww-a_1": Marked("At Rome\nAnn left", frozenset({Name(8, 11, "PER")}))},
        "btc": {"btc-a-7": Marked("Ann", frozenset({Name(0, 3, "PER")}))},
    }


def test_counts_are_of_exact_names_over_all_texts() -> None:
    ann, rome = Name(0, 3, "PER"), Name(8, 12, "LOC")
    counts = counted([({ann, rome}, {ann}), ({Name(0, 3, "ORG")}, {ann})])
    assert counts[""] == Counts(right=1, found=3, wanted=2)
    assert counts[""].f1 == pytest.approx(2 / 5)
    assert counts[""].precision == pytest.approx(1 / 3)
    assert counts[""].recall == pytest.approx(1 / 2)
    assert [counts[kind] for kind in ("PER", "ORG", "LOC")] == [(1, 1, 2), (0, 1, 0), (0, 1, 0)]
    assert Counts().f1 == 0


def test_account_names_can_be_left_out() -> None:
    text = "@ Ann and @Bob saw Ann"
    names = {Name(2, 5, "PER"), Name(10, 14, "PER"), Name(19, 22, "PER")}
    assert without_accounts(text, names) == {Name(19, 22, "PER")}


def test_recognition_takes_every_nth_text() -> None:
    text = "Angela Merkel flew to Paris ."
    right = Marked(text, frozenset({Name(0, 13, "PER"), Name(22, 27, "LOC")}))
    skipped = Marked(text, frozenset())
    found = list(recognition({"worldwide": {"a": right, "b": skipped}, "btc": {"c": right}}, 2))
    assert {row.n for row in found} == {1}
    assert {row.data for row in found} == {"worldwide", "btc"}
    held = figures(found)
    assert held["worldwide", "name F1, goal .76"] == 1
    assert held["worldwide", "name F1, ORG"] == 0
    assert held["btc", "name F1 without accounts"] == 1


NEWS = {
    "ww-a_1": Marked("Ann", frozenset({Name(0, 3, "PER")})),
    "ww-b_1": Marked("Rome", frozenset({Name(0, 4, "LOC")})),
}


def test_folds_are_scored_from_what_was_found(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "research.jsonl.gz",
        [
            {"id": "ww-a_1", "fold": 0, "names": [[0, 3, "PER", 0.9]]},
            {"id": "ww-b_1", "fold": 1, "names": [[0, 4, "ORG", 0.6]]},
        ],
    )
    data = "worldwide, five folds by outlet"
    held = figures(folds(NEWS, path))
    assert held[data, "name F1 of research, goal .86"] == pytest.approx(0.5)
    assert held[data, "name F1 of research, PER"] == 1
    assert held[data, "name F1 of research, fold 0"] == 1
    assert held[data, "name F1 of research, fold 1"] == 0


def test_folds_that_are_absent_are_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = folds(NEWS, tmp_path / "absent.jsonl.gz")
    assert row.ratio is None
    print_table([row])
    assert "| not there |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"id": "ww-a_1", "fold": 0, "names": []}], "1 articles are missing, ww-b_1 first"),
        (
            [
                {"id": "ww-a_1", "fold": 0, "names": []},
                {"id": "ww-a_2", "fold": 1, "names": []},
                {"id": "ww-b_1", "fold": 1, "names": []},
            ],
            "the outlet a is in two folds",
        ),
    ],
)
def test_folds_that_prove_nothing_are_refused(
    tmp_path: Path, rows: list[dict[str, Any]], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        list(folds(NEWS, packed(tmp_path / "research.jsonl.gz", rows)))


def test_ablation_is_printed_where_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "ablation.json"
    assert list(ablation(path)) == []
    path.write_text(json.dumps([{"name": "without case", "f1": 0.7, "n": 418}]), encoding="utf-8")
    (row,) = ablation(path)
    assert (row.measure, row.ours, row.n) == ("name F1, without case", 0.7, 418)


def test_links_that_are_asked_for_have_an_item_and_are_no_quantities() -> None:
    mentions = [
        {"start": 0, "end": 4, "qid": "Q220", "name": "Rome", "type": "LOC"},
        {"start": 5, "end": 9, "qid": None, "name": "Jane", "type": "PER"},
        [10, 12, "Q10", "two", "QUANTITY"],
        [13, 16, "Q46", "Europe", None],
        [17, 19, "NIL", "x", "PER"],
    ]
    assert wanted_links(mentions) == {(0, 4, "Q220"), (13, 16, "Q46")}


@pytest.fixture(scope="module")
def tagger() -> Recognizer:
    return recognizer(TaggerSettings())


def test_names_with_a_local_id_are_no_links(tagger: Recognizer) -> None:
    text = "Volodymyr Zelensky met Qorvella Vashtik in Kyiv."
    assert found_links(tagger, text) == {(0, 18, "Q3874799"), (43, 47, "Q1899")}


def test_linking_tells_what_is_right_and_what_could_be(tagger: Recognizer, tmp_path: Path) -> None:
    text = "Volodymyr Zelensky spoke in Kyiv."
    mentions = [
        {"start": 0, "end": 18, "qid": "Q3874799", "type": "PER"},
        {"start": 28, "end": 32, "qid": "Q999999999999", "type": "LOC"},
    ]
    path = packed(
        tmp_path / "linking.jsonl.gz",
        [{"set": name, "text": text, "mentions": mentions} for name in ("gum", "other", "gum")],
    )
    found = list(linking(tagger, path, 2, ("gum",)))
    assert {(row.data, row.n) for row in found} == {("gum (its identities are in the prior)", 1)}
    assert {row.measure: row.ours for row in found} == {
        "link F1": 0.5,
        "link precision": 0.5,
        "link recall": 0.5,
        "items that are known": 0.5,
    }


def test_seeds_are_told_as_the_gold_scores_them(
    tagger: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        seeds_gold,
        "score",
        lambda _: seeds_gold.Score(recall=0.75, precision=0.5, wanted=8, faults=[]),
    )
    assert [row.ours for row in seeds(tagger)] == [0.75, 0.5]


def test_words_are_counted_without_marks() -> None:
    assert words("Ann , 5 % of U.S. - made\n. ") == 5
    texts = ["word " * count for count in (449, 450, 750, 751)]
    assert of_news_length(texts) == texts[1:3]


def test_time_and_memory_of_articles() -> None:
    line = build(Article, "Angela Merkel flew to Paris.", language="en").encode()
    figure = measured([line, line], Tag(TaggerSettings()))
    assert figure.seconds > 0
    assert 20e6 < figure.peak < 20e9


def test_speed_is_measured_in_a_process_of_its_own() -> None:
    rate, memory = speed(["Angela Merkel flew to Paris. " * 100])
    assert rate.ours > 0.1
    assert rate.n == memory.n == 1
    assert 20 < memory.ours < 1000
    assert list(speed([])) == []
