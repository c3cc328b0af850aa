"""The engine of spaCy with spaCy itself, and pipelines made on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from spacy.training import Example
from spacy.util import fix_random_seed

from services.tagger.engines import load_finder
from services.tagger.engines.spacy_engine import SpacyFinder
from shared.errors import SettingsError
from tests.engines.contract import EXTREME, HARD, check, check_finder

TAUGHT = (
    ("Kwame Mensah came to Kyiv .", ["B-PERSON", "L-PERSON", "O", "O", "U-GPE", "O"]),
    ("In Kyiv it rained on Monday .", ["O", "U-GPE", "O", "O", "O", "U-DATE", "O"]),
    ("Kwame Mensah left on Monday .", ["B-PERSON", "L-PERSON", "O", "O", "U-DATE", "O"]),
)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline of vectors that a recognizer of names and a tagger share."""
    fix_random_seed(7)
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": {"width": 32}})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
    nlp.add_pipe("ner", config={"model": {"tok2vec": listener}})
    nlp.add_pipe("tagger", config={"model": {"tok2vec": listener}})
    examples = []
    for text, biluo in TAUGHT:
        words = text.split(" ")
        told = {"words": words, "entities": biluo, "tags": ["X"] * len(words)}
        examples.append(Example.from_dict(nlp.make_doc(text), told))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    folder = tmp_path_factory.mktemp("spacy") / "taught"
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline of rules, for any language."""
    nlp = spacy.blank("xx")
    ruler = nlp.add_pipe("entity_ruler")
    for label, name in (("FAC", "Port Tema"), ("LOC", "Kyiv"), ("PER", "Львів"), ("DATE", "May")):
        ruler.add_patterns([{"label": label, "pattern": name}])
    nlp.add_pipe("sentencizer")
    folder = tmp_path_factory.mktemp("spacy") / "ruled"
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def loaded(taught: Path) -> SpacyFinder:
    """The engine with the pipeline that was taught."""
    return SpacyFinder(str(taught))


def test_a_pipeline_finds_what_it_was_taught(taught: Path) -> None:
    finder = load_finder("spacy", str(taught))
    text = "In Kyiv it rained on Monday .\r\n\r\nKwame Mensah came to Kyiv ."
    assert [(text[s.start : s.end], s.type, s.confidence) for s in finder.find([text])[0]] == [
        ("Kyiv", "LOC", 1.0),
        ("Kwame Mensah", "PER", 1.0),
        ("Kyiv", "LOC", 1.0),
    ]


def test_only_what_finds_names_is_kept(taught: Path, ruled: Path) -> None:
    assert SpacyFinder(str(taught))._nlp.pipe_names == ["tok2vec", "ner"]
    assert SpacyFinder(str(ruled))._nlp.pipe_names == ["entity_ruler"]


def test_patterns_over_tags_keep_what_writes_them(taught: Path, tmp_path: Path) -> None:
    nlp = spacy.load(taught)
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": [{"TAG": "X"}]}])
    nlp.to_disk(tmp_path / "both")
    assert "tagger" in SpacyFinder(str(tmp_path / "both"))._nlp.pipe_names


def test_languages_are_the_pipeline_s(taught: Path, ruled: Path) -> None:
    english = SpacyFinder(str(taught))
    assert english.covers("en")
    assert english.covers(None)
    assert not english.covers("uk")
    assert SpacyFinder(str(ruled)).covers("uk")


def test_the_version_tells_models_apart(taught: Path, ruled: Path) -> None:
    versions = {SpacyFinder(str(path)).version for path in (taught, ruled, taught)}
    assert len(versions) == 2
    assert all(version.startswith(f"spacy-{spacy.__version__} ") for version in versions)


def test_offsets_hold_in_long_texts(ruled: Path) -> None:
    finder = SpacyFinder(str(ruled))
    text = "🇺🇦 e\u0301 Kyiv and Port Tema.\r\n\r\nLorem ipsum, Львів. " * 2_000
    spans = finder.find([text])[0]
    check(text, spans)
    assert len(spans) == 6_000
    found = {(text[span.start : span.end], span.type) for span in spans}
    assert found == {("Kyiv", "LOC"), ("Port Tema", "FACILITY"), ("Львів", "PER")}


def test_any_length_and_script(taught: Path, ruled: Path) -> None:
    for path in (taught, ruled):
        check_finder(SpacyFinder(str(path)), EXTREME)


@given(HARD)
@settings(deadline=None, max_examples=60)
def test_any_text(loaded: SpacyFinder, text: str) -> None:
    check_finder(loaded, [text, "Kwame Mensah came to Kyiv ."])


@pytest.mark.parametrize("kind", ["absent", "empty", "nameless"])
def test_a_pipeline_that_is_none_is_told(kind: str, tmp_path: Path) -> None:
    name = "xx_no_such_pipeline" if kind == "absent" else str(tmp_path)
    if kind == "nameless":
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        nlp.to_disk(tmp_path)
    with pytest.raises(SettingsError, match="WIREROOM_TAGGER_MODEL") as raised:
        load_finder("spacy", name)
    assert name in str(raised.value)
