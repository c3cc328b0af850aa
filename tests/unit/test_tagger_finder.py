"""The shipped engine: names found, offsets exact, the same whatever stands beside."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tagger.model.finder import ModelFinder
from services.tagger.model.network import FOLDER
from services.tagger.spans import Span
from shared.errors import SettingsError

FINDER = ModelFinder()

NEWS = (
    "KYIV, March 4 (Reuters) - President Volodymyr Zelenskyy met Ursula von der Leyen in Kyiv on"
    " Friday. Zelenskyy said the European Union had promised new Bayraktar drones to the Ukrainian"
    " army. A spokeswoman for the Ministry of Defence of Ukraine, Oksana Marchenko, told the Kyiv"
    " Independent that talks would go on in Warsaw."
)


def told(text: str, finder: ModelFinder = FINDER) -> set[tuple[str, str]]:
    (spans,) = finder.find([text])
    return {(text[span.start : span.end], span.type) for span in spans}


def test_names_of_news_are_found_and_typed() -> None:
    assert told(NEWS) >= {
        ("KYIV", "LOC"),
        ("Reuters", "ORG"),
        ("Volodymyr Zelenskyy", "PER"),
        ("Ursula von der Leyen", "PER"),
        ("Kyiv", "LOC"),
        ("Zelenskyy", "PER"),
        ("European Union", "ORG"),
        ("Ukrainian", "NORP"),
        ("Ministry of Defence of Ukraine", "ORG"),
        ("Oksana Marchenko", "PER"),
        ("Kyiv Independent", "ORG"),
        ("Warsaw", "LOC"),
    }


def test_names_that_nobody_has_heard_of_are_found() -> None:
    text = (
        "Thandolwethu Mkhabela-Reyes, who chairs the Lower Umzwani Growers' Cooperative, said on"
        " Tuesday that the road from Durban to Pietersvlakte would be shut. Mkhabela-Reyes gave no"
        " reason."
    )
    assert told(text) >= {("Thandolwethu Mkhabela-Reyes", "PER"), ("Pietersvlakte", "LOC")}
    assert any("Growers" in name and kind == "ORG" for name, kind in told(text))


def test_text_without_names_has_none() -> None:
    assert (
        told("Rain is expected until Thursday, and families were told to move to higher ground.")
        == set()
    )
    assert FINDER.find([""]) == [[]]
    assert FINDER.find([]) == []
    assert FINDER.find([" \n\t ", "—"]) == [[], []]


def valid(text: str, spans: list[Span]) -> None:
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        name = text[span.start : span.end]
        assert name == name.strip()
        assert 0 <= span.confidence <= 1


SNIPPETS = st.sampled_from(
    [
        "Angela Merkel",
        "NATO",
        "Kyiv",
        "Zu\u0308rich",
        "👍🏽",
        "שָׁלוֹם",
        "\r\n",
        "محمد",
        "...",
        " said ",
        ", ",
        "中国",
        "\u200d",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(SNIPPETS, st.text(max_size=12)), max_size=25))
def test_offsets_are_exact_whatever_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    (spans,) = FINDER.find([text])
    valid(text, spans)


def test_line_ends_and_marks_move_nothing() -> None:
    plain = FINDER.find([NEWS])[0]
    windows = NEWS.replace(". ", ".\r\n")
    found = FINDER.find([windows])[0]
    valid(windows, found)
    assert {windows[s.start : s.end] for s in found} >= {
        NEWS[s.start : s.end] for s in plain if s.confidence > 0.9
    }


def test_an_article_is_tagged_the_same_on_every_run_and_by_every_process() -> None:
    assert FINDER.find([NEWS]) == FINDER.find([NEWS]) == ModelFinder().find([NEWS])


def test_a_name_sure_in_the_text_is_read_in_the_headline() -> None:
    title = "ZELENSKYY MEETS VON DER LEYEN"
    first, _ = FINDER.find([title, NEWS])
    valid(title, first)
    assert ("ZELENSKYY", "PER") in {(title[s.start : s.end], s.type) for s in first}


def test_very_long_texts_cost_time_in_proportion() -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        (spans,) = FINDER.find([text])
        valid(text, spans)
        return time.process_time() - began

    seconds(NEWS)
    # Neither many names nor a sentence or a word without end costs more than its share.
    once = seconds(NEWS * 20)
    for text in (NEWS * 100, "Kyiv " * 6000, "a" * 100_000, "Zelenskyy, " * 4000):
        assert seconds(text) < 40 * once


def test_english_is_covered() -> None:
    assert FINDER.covers("en")
    assert FINDER.covers(None)
    assert not FINDER.covers("de")


def test_weights_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.onnx"):
        ModelFinder("nothing")
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "open.onnx").write_bytes(b"no graph")
    with pytest.raises(SettingsError, match=r"open\.onnx: not a model of the tagger"):
        ModelFinder("open", tmp_path)
