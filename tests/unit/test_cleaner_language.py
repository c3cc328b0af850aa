"""The language of texts: 77 of them, scripts, close pairs, and what a document declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cleaner.language.identify import identify
from services.cleaner.language.model import model
from services.cleaner.language.scripts import script
from services.cleaner.language.tags import declared
from services.cleaner.passages import passages

_LINES = (Path(__file__).parent / "languages.txt").read_text(encoding="utf-8").splitlines()
SAMPLES = [
    (line.split("\t")[0], line.split("\t")[1]) for line in _LINES if not line.startswith("#")
]
TEXTS = dict(SAMPLES)


def told(text: str, tag: str | None = None) -> str | None:
    found = identify(text, tag)
    return found.language if found else None


def test_the_samples_are_of_more_than_seventy_languages() -> None:
    assert len({code for code, _ in SAMPLES}) >= 70


@pytest.mark.parametrize(("code", "text"), SAMPLES)
def test_two_sentences_tell_their_language(code: str, text: str) -> None:
    assert told(text) == code
    assert told(text.upper()) == code or script(text) != "Latin"


@pytest.mark.parametrize(("code", "text"), SAMPLES)
def test_a_template_in_english_changes_nothing(code: str, text: str) -> None:
    assert told(text, "en") == code


@pytest.mark.parametrize(("code", "text"), SAMPLES)
def test_a_sentence_is_enough_where_the_page_declares_its_language(code: str, text: str) -> None:
    assert told(text[: max(60, len(text) // 2)], code) == code


def test_a_long_text_is_told_by_its_beginning_and_its_middle() -> None:
    # A credit in English, three times as long as the text's own sentence in a short sample.
    mixed = TEXTS["en"] + "\n\n" + "\n\n".join([TEXTS["de"]] * 30)
    assert told(mixed) == "de"


def test_names_in_another_script_do_not_count() -> None:
    assert told(f"{TEXTS['en']} {TEXTS['ru'][:90]} {TEXTS['ar'][:60]}") == "en"
    assert told(f"{TEXTS['uk']} {TEXTS['en'][:90]}") == "uk"


def test_short_texts_are_not_guessed_unless_their_script_is_one_languages() -> None:
    assert told("Hello there, world.") is None
    assert told("") is None
    assert told("12 345 678 — 90 %, 2024-05-06; " * 20) is None
    assert told("네 명이 강에서 구조되었다고 경찰이 밝혔다") == "ko"
    assert told("橋は春まで閉鎖される見通しとなった") == "ja"


def test_a_close_pair_is_decided_by_what_the_document_declares() -> None:
    # Words that Danish and Norwegian share, and hardly anything else.
    both = "Han har en stor hund og en lille kat, og de er i haven hele dagen."
    assert {told(both, "da"), told(both, "no")} == {"da", "no"}
    assert told(TEXTS["de"], "sv") == "de"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The ministry in Київ said nothing more about the affair.", "Latin"),
        ("北京 said the talks would go on until Friday at least, and no longer.", "Latin"),
        ("記者会見はソウルで行われた", "Kana"),
        ("记者招待会在首尔举行", "Han"),
        ("Η Ολλανδία και το NATO", "Greek"),
        ("ＡＢＣ", "Latin"),
        ("", "Latin"),
    ],
)
def test_the_script_is_that_of_most_of_the_text(text: str, name: str) -> None:
    assert script(text) == name


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en-GB", "en"), ("zh_Hant_TW", "zh"), ("deu", "de"), ("fil-PH", "tl"), ("nb-NO", "no"),
        ("iw", "he"), ("sr-Latn", "sr"), (" PT ", "pt"), ("English", None), ("", None),
        ("x-default", None), ("cmn-Hans", "zh"), ("haw", None),
    ],
)  # fmt: skip
def test_tags_are_read_as_documents_write_them(tag: str, code: str | None) -> None:
    assert declared(tag) == code


def test_the_model_gives_what_its_library_gives() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = model()
    of_several_classes = {"ar", "el", "he", "ku", "uz", "zh"}
    for code, text in SAMPLES[::7]:
        if code in of_several_classes:
            continue
        theirs = dict(library.rank(text))
        ours = known.probabilities(text)
        assert ours[known.index[code]] == pytest.approx(theirs[code], abs=1e-3)
        assert ours.sum() == pytest.approx(1)


def test_text_in_which_nothing_is_known_has_no_language() -> None:
    assert told("ᚠᚢᚦᚨᚱᚲ " * 20) is None


ENGLISH = (
    "The mayor of the town said on Monday that the road to the north of the river is to be opened "
    "again in June, and that the buses will run as they did before the flood.\n\n"
    "It is the third time in two years that the houses at the foot of the hill were in danger, "
    "but most of the people who live there do not want to leave, she told the newspaper.\n\n"
    "A report to the council says that the wall is too low and that it was built in a hurry; the "
    "engineers who wrote it ask for a new one, and for more time to plan it."
)


def paragraphs(code: str, count: int) -> str:
    """So many paragraphs of a language's sample; each begins with a number of its own."""
    return "\n\n".join(f"{n}. {TEXTS[code]}" for n in range(count))


@pytest.mark.parametrize("code", ["de", "fr", "tr", "fi", "ru", "ar", "ja", "zh", "hi", "ko", "el"])
def test_a_passage_in_another_language_is_found(code: str) -> None:
    before, quote, after = ENGLISH, paragraphs(code, 2), ENGLISH
    (passage,) = passages(f"{before}\n\n{quote}\n\n{after}", "en")
    assert (passage.start, passage.end) == (len(before) + 2, len(before) + 2 + len(quote))
    assert passage.language == code


@pytest.mark.parametrize("code", ["el", "ru", "ja", "ar", "zh"])
def test_english_in_a_text_of_another_language_is_found(code: str) -> None:
    text = f"{paragraphs(code, 5)}\n\n{TEXTS['en']} {TEXTS['en']}"
    (passage,) = passages(text, code)
    assert (passage.language, passage.end) == ("en", len(text))


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_a_text_in_one_language_has_no_passages(code: str) -> None:
    assert passages(paragraphs(code, 6), code) == []


def test_what_is_no_passage() -> None:
    english = paragraphs("en", 5)
    for aside in (
        "Er sagte: Nein.",  # short
        "Konstantinopolitanische Dudelsackpfeifenmacher, Rhabarberbarbara GmbH, Wien, 1020",
        "北京 (Beijing), 上海 (Shanghai)",
        "1 2 3 4 5 6 7 8 9 " * 20,
    ):
        assert passages(f"{english}\n\n{aside}\n\n{english}", "en") == []
    # Danish in a Norwegian text is more likely Norwegian.
    assert passages(f"{paragraphs('no', 5)}\n\n{paragraphs('da', 1)}", "no") == []
    assert passages(english, None) == []
    assert passages("", "en") == []


def test_paragraphs_without_end_are_looked_at_a_few_times_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("services.cleaner.passages.identify", asked.append)
    english = paragraphs("en", 2)
    passages("\n\n".join([english, TEXTS["ru"]] * 200), "en")
    assert 0 < len(asked) <= 20
