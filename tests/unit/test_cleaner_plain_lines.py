"""The lines of a plain text: joining wrapped ones, labels of many languages, mails, page numbers,
and the model that weighs them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from services.cleaner.extracted import Trace
from services.cleaner.markup.model import WeightsError
from services.cleaner.plain import weighing
from services.cleaner.plain.article import extract_text
from services.cleaner.plain.features import SMOOTHED, features, shifted, smoothed
from services.cleaner.plain.furniture import Kind, kind_of, page_number, source_of, topics_of
from services.cleaner.plain.lines import lines_of
from services.cleaner.plain.wrapping import unwrap
from shared.errors import PermanentError

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def joined(text: str) -> list[str]:
    return [line for _, line in unwrap(text.split("\n"))]


@pytest.mark.parametrize(
    ("text", "paragraph"),
    [
        (
            "The pier was closed on Tuesday after a ferry ran into its in-\n"
            "ner wall, and divers have begun to look at the damage below\n"
            "the water line.",
            "The pier was closed on Tuesday after a ferry ran into its inner wall, and divers have "
            "begun to look at the damage below the water line.",
        ),
        (
            "Der Hafen wurde am Dienstag gesperrt, nachdem ein Schiff Nord-\n"
            "und Ostmole gestreift hatte, teilte die Hafenmeisterin gestern\n"
            "Abend mit.",
            "Der Hafen wurde am Dienstag gesperrt, nachdem ein Schiff Nord- und Ostmole gestreift "
            "hatte, teilte die Hafenmeisterin gestern Abend mit.",
        ),
        (
            "Порт закрыли во вторник после того, как паром задел вос-\n"
            "точный причал, сообщила начальник порта. Никто не постра-\n"
            "дал.",
            "Порт закрыли во вторник после того, как паром задел восточный причал, сообщила "
            "начальник порта. Никто не пострадал.",
        ),
        (
            "港口星期二关闭，因为一艘渡轮撞上了东侧的码头，\n"
            "港务局负责人说。没有人受伤，但是潜水员至少需要\n"
            "两个星期来检查水下的损坏情况。",
            "港口星期二关闭，因为一艘渡轮撞上了东侧的码头，港务局负责人说。没有人受伤，但是潜水员至少"
            "需要两个星期来检查水下的损坏情况。",
        ),
    ],
    ids=["hyphen", "hyphen that stays", "Cyrillic", "Chinese"],
)
def test_wrapped_lines_become_one(text: str, paragraph: str) -> None:
    assert joined(text) == [paragraph]


def test_lines_keep_their_numbers() -> None:
    text = "Ferry hits pier\n\nThe harbour is closed.\n\n\nDivers look at the damage."
    assert [(line.number, line.text) for line in lines_of(text)] == [
        (1, "Ferry hits pier"),
        (3, "The harbour is closed."),
        (6, "Divers look at the damage."),
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Zum Inhalt springen", Kind.MENU),
        ("3 Kommentare", Kind.COMMENTS),
        ("Kommentare (12)", Kind.COMMENTS),
        ("Lesen Sie auch:", Kind.END),
        ("Lesen Sie auch: Fähre läuft auf Grund", Kind.LINK),
        ("Anzeige", Kind.ADVERT),
        ("S'abonner", Kind.MENU),
        ("À lire aussi", Kind.END),
        ("Te puede interesar", Kind.END),
        ("Читайте также: Паром сел на мель", Kind.LINK),
        ("Все права защищены", Kind.MENU),
        ("Коментарі", Kind.COMMENTS),
        ("جميع الحقوق محفوظة", Kind.MENU),
        ("相关阅读", Kind.END),
        ("プライバシーポリシー", Kind.MENU),
        ("关于我们", Kind.MENU),
        ("You receive this because you subscribed at a.example. Unsubscribe", Kind.MAIL),
        ("View this email in your browser", Kind.MAIL),
        ("From: Ann Lee <ann@a.example>", Kind.MAIL),
        ("On Wed, 1 Jul 2026, Ann Lee wrote:", Kind.QUOTED),
        ("Am Mittwoch, 1. Juli 2026, schrieb Ann Lee:", Kind.QUOTED),
    ],
)
def test_labels_of_many_languages_and_mails(line: str, kind: Kind) -> None:
    assert kind_of(line) is kind


@pytest.mark.parametrize(
    "line",
    [
        "Die Kommentare des Hafenmeisters fielen knapp aus.",
        "Главная улица города закрыта до осени.",
        "You receive what you pay for, the fishmonger says.",
        "On Wednesday the captain wrote: nobody was hurt.",
        "首页新闻报道了这起事故，目前没有人员伤亡。",
    ],
)
def test_sentences_that_use_such_words_are_none(line: str) -> None:
    assert kind_of(line) is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("SKIP TO CONTENT", Kind.MENU),
        ("SKİP TO CONTENT", Kind.MENU),
        ("Sıgn In", Kind.MENU),
        ("ADVERTISEMENT", Kind.ADVERT),
        ("The pier SPOT_IMG was shut", Kind.ADVERT),
        ("PUBLICITÉ", Kind.ADVERT),
        ("LEAVE A COMMENT", Kind.COMMENTS),
        ("SUPPORT OUR JOURNALISM", Kind.APPEAL),
        ("Readers SUPPORT Independent JOURNALISM here", Kind.APPEAL),
        ("A pier at dusk. Ann Lee VIA REUTERS", Kind.CREDIT),
        ("A pier at dusk/GETTY", Kind.CREDIT),
        ("HTTPS://PIER.EXAMPLE/NEWS", Kind.URL),
        ("ИСТОЧНИК: Порт", Kind.SOURCE),
        ("Our newsroom lives on what you DONATE", Kind.APPEAL),
        ("Our newsroom lives on what READERS DONATE", Kind.APPEAL),
    ],
)
def test_capitals_say_the_same(line: str, kind: Kind) -> None:
    assert kind_of(line) is kind


def test_names_keep_their_capitals() -> None:
    assert source_of("SOURCE: The İzmir Post") == "The İzmir Post"
    assert topics_of("TAGS: Paris, İzmir") == ["Paris", "İzmir"]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Page 3 of 12", 3),
        ("- 4 -", 4),
        ("Seite 7", 7),
        ("第 5 页", 5),
        ("12 ships", None),
        ("", None),
    ],
)
def test_a_page_number(line: str, number: int | None) -> None:
    assert page_number(line) == number


def test_numbers_that_count_up_are_pages_and_others_are_not() -> None:
    sentence = "The harbour is closed for two weeks, the master of the port said on Tuesday."
    pages = "\n\n".join(f"{sentence}\n\n{number}" for number in (1, 2, 3))
    assert [line.kind for line in lines_of(pages) if line.text.isdigit()] == [Kind.PAGE] * 3
    years = "\n\n".join(f"{sentence}\n\n{number}" for number in (1954, 1971, 2003))
    assert Kind.PAGE not in [line.kind for line in lines_of(years)]


def test_a_mails_signature_is_none_of_its_text() -> None:
    lines = lines_of("The lock stays closed.\n\n-- \nAnn Lee\nRowing Club\n")
    assert [line.kind for line in lines] == [None, Kind.MAIL, Kind.MAIL]


def test_features_have_a_row_for_each_name_and_a_column_for_each_line() -> None:
    lines = lines_of("Menu\n\nFerry hits pier\n\nThe harbour is closed, the master said.")
    weights = weighing.shipped()
    matrix, names = features(lines, (1, 3), weights.vocabulary)
    assert matrix.shape == (len(names), 3)
    assert len(set(names)) == len(names)
    assert np.isfinite(matrix).all()
    assert matrix[names.index("is menu")].tolist() == [1, 0, 0]
    assert matrix[names.index("in span")].tolist() == [0, 1, 1]
    chars = np.array([len(line.text) for line in lines], np.float32)
    sure = np.array([0.1, 0.6, 0.9], np.float32)
    again = smoothed(matrix, chars, sure)
    assert again.shape == (len(names) + len(SMOOTHED), 3)
    assert again[len(names) + SMOOTHED.index("sure+1")].tolist() == pytest.approx([0.6, 0.9, -1])


def test_shifted_tells_that_nothing_is_there() -> None:
    column = np.array([1, 2, 3], np.float32)
    assert shifted(column, 1).tolist() == [2, 3, -1]
    assert shifted(column, -5).tolist() == [-1, -1, -1]


STORY = [
    "The harbour of Lindvik was closed on Tuesday after a ferry ran into the eastern pier.",
    "Nobody was hurt, but divers will need at least two weeks to look at the damage, the port's "
    "master told reporters.",
    "“We heard a bang and then the whole quay shook,” said Tove Brandt, who sells fish there.",
    "The ferry from the islands had forty people on board, among them a class of children.",
    "Its captain was questioned by the police in the evening and let go, her company said.",
    "Ships for the islands leave from the western pier until the end of the month.",
]


def test_the_shipped_weights_judge_paragraphs_above_menus() -> None:
    menu = ["Home", "News", "Sport", "Log in", "Privacy Policy"]
    lines = lines_of("\n\n".join([*menu, "Ferry hits pier", *STORY, *menu]))
    sure = weighing.weigh(lines, (5, 12), weighing.shipped())
    assert sure.shape == (len(lines),)
    assert sure[6:12].mean() > 0.5 > max(sure[:4].max(), sure[-4:].max())


def test_weights_of_other_features_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "SHIPPED", tmp_path / "lines.npz")
    weighing.shipped.cache_clear()
    with pytest.raises(WeightsError, match=r"lines\.npz"):
        weighing.shipped()
    monkeypatch.undo()
    weighing.shipped.cache_clear()
    monkeypatch.setattr(weighing, "SMOOTHED", ("other",))
    with pytest.raises(WeightsError, match="make train"):
        weighing.shipped()
    monkeypatch.undo()
    weighing.shipped.cache_clear()


def test_the_trace_tells_every_line_and_why_it_went() -> None:
    page = "\n".join(["Home", "Log in", "Advert", "Ferry hits pier", "By Jane Doe", *STORY,
                      "Related Articles", "Rain returns", "Leave a Reply", "Name *"])  # fmt: skip
    trace: list[Trace] = []
    found = extract_text(page, url=None, now=NOW, name="page.txt", trace=trace)
    assert [step.place for step in trace] == [f"line {number}" for number in range(1, 16)]
    assert "\n\n".join(step.text for step in trace if step.kept) == found.text
    reasons = {step.text: step.reason for step in trace}
    assert reasons["Advert"] == "advertisement"
    assert reasons["Leave a Reply"] == "comments"
    assert reasons["By Jane Doe"] == "byline or date"
    assert reasons[STORY[0]] == "article"
    assert all(step.score is not None and 0 <= step.score <= 1 for step in trace)


def test_the_trace_is_told_of_a_text_that_is_refused_too() -> None:
    trace: list[Trace] = []
    with pytest.raises(PermanentError):
        extract_text("Advert\nLog in", url=None, now=NOW, name="page.txt", trace=trace)
    assert [(step.text, step.kept) for step in trace] == [("Advert", False), ("Log in", False)]
