"""The engine of GLiNER with the library itself, and a model of chance made on the spot."""

from __future__ import annotations

import shutil
from pathlib import Path

import gliner
import pytest
import torch
import transformers
from hypothesis import given, settings

from services.tagger.engines import load_finder
from services.tagger.engines.gliner_engine import LABELS, GlinerFinder
from shared.errors import SettingsError
from tests.engines.contract import EXTREME, HARD, check, check_finder
from tests.engines.test_transformers import word_pieces

TEXT = "Kwame Mensah came to Kyiv, and left Kyiv in May. 🇺🇦 e\u0301 Port Tema. "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of some thousand weights, as the library saves one."""
    tokenizer = word_pieces()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=512,
    )
    base, made = (tmp_path_factory.mktemp(name) for name in ("base", "made"))
    fast.save_pretrained(base)
    encoder = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=512,
    )
    encoder.save_pretrained(base)
    torch.manual_seed(3)
    config = gliner.GLiNERConfig(
        model_name=str(base),
        encoder_config=encoder.to_dict(),
        hidden_size=32,
        max_len=64,
        max_width=6,
        fine_tune=False,
    )
    model = gliner.GLiNER.from_config(config, backbone_from_pretrained=False)
    model.save_pretrained(made)
    return made


@pytest.fixture(scope="module")
def finder(folder: Path) -> GlinerFinder:
    return GlinerFinder(str(folder), 0.3)


def test_a_model_tells_names_in_long_texts(finder: GlinerFinder) -> None:
    text = TEXT * 60
    spans = finder.find([text])[0]
    check(text, spans)
    assert {span.type for span in spans} <= set(LABELS.values())
    # A model of chance finds something everywhere, so all of the text was read.
    assert spans[0].start < 200
    assert spans[-1].end > len(text) - 200


def test_a_name_is_told_from_its_threshold(folder: Path, finder: GlinerFinder) -> None:
    spans = finder.find([TEXT])[0]
    assert all(span.confidence >= 0.3 for span in spans)
    assert load_finder("gliner", str(folder), threshold=0.999).find([TEXT]) == [[]]


def test_any_length_and_script(folder: Path) -> None:
    # A model of chance finds all that is possible, for which the library takes long.
    check_finder(GlinerFinder(str(folder), 0.6), EXTREME)


@given(HARD)
@settings(deadline=None, max_examples=30)
def test_any_text(finder: GlinerFinder, text: str) -> None:
    check_finder(finder, [text, TEXT])


def test_languages_are_those_given(folder: Path) -> None:
    finder = load_finder("gliner", str(folder), languages=["en"])
    assert finder.covers("en")
    assert finder.covers(None)
    assert not finder.covers("uk")
    assert load_finder("gliner", str(folder)).covers("uk")


def test_what_is_not_here_is_not_downloaded() -> None:
    with pytest.raises(SettingsError, match=r"WIREROOM_TAGGER_MODEL.*some-one/some-model"):
        load_finder("gliner", "some-one/some-model")


@pytest.mark.parametrize("lost", ["gliner_config.json", "weights"])
def test_a_folder_with_something_lost_is_told(lost: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.iterdir():
        if path.name == lost or (lost == "weights" and path.suffix in (".bin", ".safetensors")):
            path.unlink()
    with pytest.raises(SettingsError, match="WIREROOM_TAGGER_MODEL"):
        GlinerFinder(str(tmp_path))
