"""The shipped engine among the others: what of it is there, and that asking loads nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from services.tagger.engines import ENGINES, SHIPPED_MODELS, check_choice, load_finder
from services.tagger.model.network import FOLDER
from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.errors import SettingsError


def test_the_models_named_are_those_whose_weights_are_shipped() -> None:
    assert sorted(SHIPPED_MODELS) == sorted(path.stem for path in FOLDER.glob("*.onnx"))


@pytest.mark.parametrize("model", [*SHIPPED_MODELS, " open "])
def test_the_shipped_engine_needs_no_extra(model: str) -> None:
    finder = load_finder("wireroom", model)
    assert finder.version.startswith(f"minilm-{model.strip()} ")
    assert finder.covers("en")
    assert not finder.covers("uk")
    text = "Volodymyr Zelensky spoke in Kyiv."
    found = [(text[s.start : s.end], s.type) for s in finder.find(["", text])[1]]
    assert found == [("Volodymyr Zelensky", "PER"), ("Kyiv", "LOC")]


def test_a_model_that_is_not_shipped_is_told_with_those_that_are() -> None:
    for ask in (check_choice, load_finder):
        with pytest.raises(SettingsError) as raised:
            ask("wireroom", "closed")
        assert str(raised.value) == (
            "WIREROOM_TAGGER_MODEL: the engine wireroom has no model 'closed'; it has "
            "open, research"
        )


def test_the_shipped_engine_is_told_of_first() -> None:
    assert next(iter(ENGINES)) == "wireroom"


def test_settings_are_checked_without_loading_a_model() -> None:
    code = (
        "import sys\n"
        "from services.tagger.settings import TaggerSettings\n"
        "from services.tagger.stage import Tag\n"
        "Tag(TaggerSettings())\n"
        "print('onnxruntime' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("engine", "package"),
    [("spacy", "spacy"), ("gliner", "gliner"), ("transformers", "transformers")],
)
def test_a_package_that_is_absent_is_told_at_the_start(
    engine: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else real(name)
    )
    with pytest.raises(SettingsError) as raised:
        Tag(TaggerSettings(engine=engine, model="some-model"))
    assert str(raised.value) == (
        f"WIREROOM_TAGGER_ENGINE: the engine {engine} needs the package {package}, which cannot "
        f"be imported (it is not installed); pip install 'wireroom[{engine}]'"
    )
