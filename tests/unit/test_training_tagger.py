"""What the tagger's model is taught: sources' labels unified, names exchanged, invented news."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from services.tagger.model.labels import LABELS, TYPES
from training.tagger import invented
from training.tagger.rows import Row, joined, outlet
from training.tagger.swap import Swap, recased
from training.tagger.unify import ANYTHING, Sentence, blind, unify


def told(sentence: Sentence) -> list[str]:
    """Each word with the labels that it may have; ``?`` where all are possible."""
    found = []
    for word, bits in zip(sentence.words, sentence.allowed, strict=True):
        names = [LABELS[number] for number in range(len(LABELS)) if bits >> number & 1]
        found.append(f"{word}/{'?' if bits == ANYTHING else '|'.join(names)}")
    return found


def test_a_source_that_labels_all_is_taken_at_its_word() -> None:
    sentence = unify(
        "worldwide",
        ["The", "Bank", "of", "Ghana", "on", "Monday"],
        ["O", "B-Organization", "I-Organization", "I-Organization", "O", "B-Date"],
    )
    assert told(sentence) == ["The/O", "Bank/B-ORG", "of/I-ORG", "Ghana/I-ORG", "on/O", "Monday/O"]


def test_types_that_a_source_does_not_label_are_left_open() -> None:
    (word,) = unify("uner-ewt-dev", ["Ramadan"], ["O"]).allowed
    assert word & 1
    assert {LABELS[n] for n in range(len(LABELS)) if word >> n & 1} == {
        "O",
        *(f"{mark}-{kind}" for kind in ("MISC", "NORP", "EVENT", "PRODUCT") for mark in "BI"),
    }


def test_a_place_may_be_a_building_where_the_source_does_not_tell() -> None:
    assert told(unify("wikigold", ["Heathrow"], ["I-LOC"])) == ["Heathrow/B-LOC|B-FACILITY"]


def test_labels_of_tokens_are_those_of_their_words() -> None:
    sentence = unify("worldwide", ["U.S.-led"], ["B-Location"])
    assert told(sentence)[0] == "U/B-LOC"
    assert all(word.endswith("/I-LOC") for word in told(sentence)[1:])


def test_titles_and_small_words_around_names_are_none() -> None:
    sentence = unify(
        "re3d",
        ["the", "Prime", "Minister", "Amal", "Haddad", "visited", "Hama", "province"],
        ["O", *["B-Person", *["I-Person"] * 3], "O", "B-Location", "I-Location"],
    )
    assert told(sentence)[3:5] == ["Amal/B-PER", "Haddad/I-PER"]
    assert all("PER" not in word for word in told(sentence)[:3])


def test_mentions_that_are_no_names_teach_nothing_else() -> None:
    sentence = unify(
        "re3d", ["We", "met", "the", "minister"], ["B-Person", "O", "B-Person", "I-Person"]
    )
    assert all("PER" not in word for word in told(sentence))


def test_peoples_are_told_in_sources_that_do_not() -> None:
    assert told(unify("uner-ewt-dev", ["Ukrainian"], ["B-LOC"])) == ["Ukrainian/B-NORP"]
    assert told(unify("wnut17-train", ["the", "Kenyans"], ["O", "O"]))[1] == "Kenyans/B-NORP"
    bank = unify("wikigold", ["Ukrainian", "Red", "Cross"], ["I-ORG"] * 3)
    assert told(bank)[0] == "Ukrainian/B-ORG"


def test_names_that_gum_marks_in_part_are_left_open() -> None:
    sentence = unify(
        "gum-news",
        ["at", "University", "of", "North", "Carolina", "today"],
        ["O", "O", "O", "B-LOC", "I-LOC", "O"],
    )
    assert told(sentence)[1] == "University/?"
    assert told(sentence)[3] == "North/?"


def test_account_names_are_left_open() -> None:
    assert told(unify("btc-h", ["@", "someone", "says"], ["B-PER", "B-PER", "O"]))[:2] == [
        "@/?",
        "someone/?",
    ]


def test_rows_of_one_text_are_joined_others_never() -> None:
    def row(source: str, place: str) -> Row:
        return Row(source, place, Sentence([place], [1]))

    rows = [row("worldwide", f"ww-a_1-{n}") for n in range(40)]
    rows += [row("worldwide", f"ww-b_1-{n}") for n in range(40)]
    found = joined(rows, random.Random(1))
    assert [word for one in found for word in one.words] == [each.id for each in rows]
    assert any(len(one.words) > 1 for one in found)
    assert not any(len({outlet(word) for word in one.words}) > 1 for one in found)
    apart = [row("wnut17-train", f"wnut-{n}") for n in range(40)]
    assert all(len(one.words) == 1 for one in joined(apart, random.Random(1)))


@pytest.fixture
def swap(tmp_path: Path) -> Swap:
    (tmp_path / "openfootball").mkdir()
    players = "Sid Ahmed Aissaoui,  M, 1.83 m\nJoão Kanza, F, -\n"
    (tmp_path / "openfootball" / "players_a.players.txt").write_text(players)
    (tmp_path / "openfootball" / "clubs_a.clubs.txt").write_text("FC Zorya,  1923\n")
    (tmp_path / "reign_leaderlist_2021.csv").write_text("leader\nMusoko\n")
    (tmp_path / "factbook_leaders_2022-06.jsonl").write_text(
        json.dumps({"chief_of_state": "President Abdelmadjid TEBBOUNE (since 2019)"})
    )
    (tmp_path / "geonames_world-cities.csv").write_text("name\nVerkhnyaya Salda\n")
    (tmp_path / "dr5hn_states.csv").write_text("name\nInnlandet\n")
    (tmp_path / "dr5hn_countries.json").write_text(json.dumps([{"name": "Togo"}]))
    (tmp_path / "sp500.csv").write_text("Security\n3M\nA. O. Smith\n")
    for name, row in {
        "ror_orgs": {"name": "Bureau of Mines", "names": [["BM", None, ["acronym"]]], "types": []},
        "financedb_companies": {"name": "VINCO LIMITED"},
    }.items():
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt") as lines:
            lines.write(json.dumps(row))
    return Swap(tmp_path)


def test_exchanged_names_keep_their_labels_and_all_else_its_place(swap: Swap) -> None:
    sentence = invented.parse(
        "[PER|Ann Lee] met [ORG|Acme Corp] in [LOC|Rome]. [PER|Lee] said [NORP|Kenyan] tea sold."
    )
    seen = set()
    for seed in range(60):
        other = swap.swapped(sentence, random.Random(seed))
        labels = [LABELS[bits.bit_length() - 1] for bits in other.allowed]
        kept = [w for w, label in zip(other.words, labels, strict=True) if label == "O"]
        assert kept == ["met", "in", ".", "said", "tea", "sold", "."]
        assert [label for label in labels if label.startswith("B-")] == [
            "B-PER", "B-ORG", "B-LOC", "B-PER", "B-NORP",
        ]  # fmt: skip
        people = [place for place, label in enumerate(labels) if label in ("B-PER", "I-PER")]
        words = [other.words[place] for place in people]
        assert words[-1] == words[-2], "the surname alone goes with the full name"
        seen.add(" ".join(other.words))
    assert len(seen) > 10
    assert any("Sid Ahmed Aissaoui" in text for text in seen)


def test_other_ways_of_writing_change_nothing_else() -> None:
    sentence = invented.parse("[PER|Ann Lee] left")
    ways = {" ".join(recased(sentence, random.Random(n)).words) for n in range(20)}
    assert ways == {"ANN LEE LEFT", "Ann Lee Left", "ann lee left"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[PERSON|Ann] left", "unknown type PERSON"),
        ("[PER| Ann] left", "space around ' Ann'"),
        ("[PER|Ann left", "does not close"),
        ("[PER|Ann]e left", "within a word"),
    ],
)
def test_wrong_marks_are_told(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        invented.parse(line)


def test_invented_news_is_whole_and_has_all_types() -> None:
    sentences = list(invented.read())
    found = {LABELS[bits.bit_length() - 1] for one in sentences for bits in one.allowed}
    assert found == set(LABELS)
    assert len(TYPES) * 2 + 1 == len(found)
    assert sum(len(one.words) for one in sentences) > 40_000


def test_blind_labels_are_one_a_word() -> None:
    # What may be O is O; of several names the first.
    assert blind(Sentence(["a", "b", "c"], [0b11, 0b110, 0b1])).allowed == [0b1, 0b10, 0b1]
