"""Engines behind the interface ``Finder``, over fakes of their libraries.

With the libraries themselves: ``tests/engines``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from services.tagger.engines import ENGINES, load_finder
from services.tagger.engines.loading import fingerprint
from services.tagger.spans import Finder
from shared.errors import SettingsError
from tests.engines.contract import EXTREME, HARD, check_finder
from tests.unit import engine_fakes as fakes

TEXT = "Kwame Mensah came to Kyiv.\r\n\r\n👩‍👧 Zoë left e\u0301 Kyiv in May."
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")


@pytest.fixture(scope="module", autouse=True)
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        for variable in OFFLINE:
            patch.setenv(variable, "0")
        yield patch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the fakes look for."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "gliner_config.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=["spacy", "gliner", "transformers"])
def finder(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch, folder: Path) -> Finder:
    fakes.spacy(patch, fakes.Pipeline())
    fakes.gliner(patch)
    fakes.transformers(patch)
    return load_finder(request.param, "en_fake" if request.param == "spacy" else str(folder))


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("spacy", "gliner", "transformers", "torch"):
        monkeypatch.setitem(sys.modules, name, None)


def found(finder: Finder, text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.type) for span in finder.find([text])[0]]


WANTED = {
    "spacy": "Kwame PER, Mensah PER, Kyiv LOC, Zoë PER, Kyiv LOC",  # Its dates are no names.
    "gliner": "Kwame LOC, Mensah LOC, Kyiv LOC, Zoë LOC, Kyiv LOC, May LOC",
    "transformers": "Kwame Mensah PER, Kyiv LOC, Zoë PER, Kyiv LOC, May PER",
}


def engine_of(finder: Finder) -> str:
    return finder.version.split("-")[0]


def test_names_stand_where_they_are_told(finder: Finder) -> None:
    told = ", ".join(f"{name} {kind}" for name, kind in found(finder, TEXT))
    assert told == WANTED[engine_of(finder)]


def test_all_of_a_long_text_is_read(finder: Finder) -> None:
    text = "and then, so they say, Kyiv fell silent; " * 700
    assert found(finder, text) == [("Kyiv", "LOC")] * 700


@pytest.mark.parametrize("number", range(len(EXTREME)))
def test_any_length_and_script(finder: Finder, number: int) -> None:
    check_finder(finder, [EXTREME[number], TEXT])


@given(HARD)
@settings(deadline=None)
def test_any_text(finder: Finder, text: str) -> None:
    check_finder(finder, [text, TEXT])


def test_nothing_is_nothing(finder: Finder) -> None:
    assert finder.find([]) == []
    assert finder.find(["", " \n"]) == [[], []]


def test_an_engine_that_is_none_is_told() -> None:
    with pytest.raises(SettingsError) as raised:
        load_finder("oracle", "any")
    assert str(raised.value) == (
        f"WIREROOM_TAGGER_ENGINE: there is no engine 'oracle'; there are {', '.join(ENGINES)}"
    )


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("engine", ["spacy", "gliner", "transformers"])
def test_a_package_that_is_absent_is_told(engine: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_finder(engine, "some-model")
    assert f"the engine {engine} needs the package {engine}" in str(raised.value)
    assert f"pip install 'wireroom[{engine}]'" in str(raised.value)
    with pytest.raises(SettingsError, match=f"WIREROOM_TAGGER_MODEL: the engine {engine} needs"):
        load_finder(engine, " ")


@pytest.mark.parametrize(
    ("engine", "what_to_do"),
    [
        ("spacy", "install the model's package"),
        ("gliner", "the folder that holds gliner_config.json"),
        ("transformers", "the folder that holds config.json"),
    ],
)
def test_a_model_that_is_absent_is_told(
    engine: str, what_to_do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in OFFLINE:
        monkeypatch.setenv(variable, "0")
    fakes.spacy(monkeypatch, fakes.Pipeline())
    fakes.gliner(monkeypatch)
    fakes.transformers(monkeypatch)
    with pytest.raises(SettingsError) as raised:
        load_finder(engine, "no-such-model")
    told = str(raised.value)
    assert told.startswith("WIREROOM_TAGGER_MODEL: 'no-such-model' cannot be loaded by the engine")
    assert what_to_do in told
    assert {os.environ[variable] for variable in OFFLINE} == {"1"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"fast": False}, "it has no tokenizer.json"),
        ({"missing": ["classifier.weight"]}, "not taught to label tokens: classifier.weight lacks"),
        ({"labels": ["LABEL_0", "LABEL_1"]}, "none of its labels tells of a name: LABEL_0"),
    ],
)
def test_a_model_that_labels_no_names_is_told(
    wrong: dict[str, object], why: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.transformers(monkeypatch, **wrong)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=why):
        load_finder("transformers", str(folder))


def test_a_pipeline_without_names_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.spacy(monkeypatch, fakes.Pipeline(labels=["DATE", "MONEY"]))
    with pytest.raises(SettingsError, match=r"finds no names: .*it has DATE, MONEY"):
        load_finder("spacy", "en_fake")


def test_what_finds_no_names_is_taken_from_the_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = fakes.Pipeline()
    fakes.spacy(monkeypatch, pipeline)
    load_finder("spacy", "en_fake")
    assert pipeline.pipe_names == ["tok2vec", "ner"]


def test_languages(finder: Finder, folder: Path) -> None:
    assert finder.covers(None)
    assert finder.covers("en")
    engine = engine_of(finder)
    assert finder.covers("uk") is (engine != "spacy")
    if engine != "spacy":
        limited = load_finder(engine, str(folder), languages=["uk"])
        assert [limited.covers(language) for language in ("uk", "en", None)] == [True, False, True]


def test_a_threshold_is_kept_and_told(patch: pytest.MonkeyPatch, folder: Path) -> None:
    fakes.gliner(patch)
    assert found(load_finder("gliner", str(folder), threshold=0.65), "Kyiv") == [("Kyiv", "LOC")]
    high = load_finder("gliner", str(folder), threshold=0.8)
    assert high.find(["Kyiv"]) == [[]]
    assert high.version.endswith(" at 0.8")


def test_models_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / ".cache").mkdir()
    first = fingerprint(tmp_path)
    (tmp_path / ".cache" / "x").write_text("x", encoding="utf-8")
    assert fingerprint(tmp_path) == first
    (tmp_path / "config.json").write_text("[]", encoding="utf-8")
    assert fingerprint(tmp_path) != first
    assert len(first) == 8
