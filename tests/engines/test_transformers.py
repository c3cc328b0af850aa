"""The engine of transformers with the library itself, and models made on the spot."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from services.tagger.engines import load_finder
from services.tagger.engines.transformers_engine import TransformersFinder
from shared.errors import SettingsError
from tests.engines.contract import EXTREME, HARD, NAMES, check, check_finder

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-DATE")
TEXT = "Kwame Mensah came to Kyiv, and left Kyiv in May. 🇺🇦 e\u0301 Port Tema"


def word_pieces() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=special)
    tokenizer.train_from_iterator([TEXT, *NAMES], trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def bytes_of_pairs() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([TEXT, *NAMES], trainer)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def unigrams() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.UnigramTrainer(vocab_size=90, special_tokens=special, unk_token="[UNK]")
    tokenizer.train_from_iterator([TEXT, *NAMES] * 20, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [SEP]", pair=None, special_tokens=[("[SEP]", 3)]
    )
    return tokenizer


TOKENIZERS = {"pieces": word_pieces, "bytes": bytes_of_pairs, "unigrams": unigrams}


def saved(folder: Path, tokenizer: Tokenizer, labels: tuple[str, ...] = LABELS) -> Path:
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=66,
    )
    fast.save_pretrained(folder)
    config(tokenizer.get_vocab_size(), labels).save_pretrained(folder)
    torch.manual_seed(3)
    model = transformers.BertForTokenClassification(config(tokenizer.get_vocab_size(), labels))
    model.save_pretrained(folder)
    return folder


def config(size: int, labels: tuple[str, ...]) -> Any:
    return transformers.BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=66,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.5,  # So that chance is decided, and there are names of all types.
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )


@pytest.fixture(scope="module", params=TOKENIZERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("chance"), TOKENIZERS[request.param]())


@pytest.fixture(scope="module")
def finder(folder: Path) -> TransformersFinder:
    return TransformersFinder(str(folder))


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was taught two sentences until it knows them."""
    folder = saved(tmp_path_factory.mktemp("taught"), word_pieces())
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.BertForTokenClassification.from_pretrained(folder).train()
    sentences = {
        "Kwame Mensah came to Kyiv, and left Kyiv in May.": {0: 1, 6: 2, 21: 3, 36: 3, 44: 5},
        "Port Tema came to Kwame Mensah Kwame Mensah.": {0: 3, 5: 4, 18: 1, 24: 2, 31: 1, 37: 2},
    }
    read = tokenizer(list(sentences), return_offsets_mapping=True, padding=True)
    labels = [
        [told.get(start, 0) if end else -100 for start, end in offsets]
        for told, offsets in zip(sentences.values(), read["offset_mapping"], strict=True)
    ]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(120):
        answer = model(
            input_ids=torch.tensor(read["input_ids"]),
            attention_mask=torch.tensor(read["attention_mask"]),
            labels=torch.tensor(labels),
        )
        optimizer.zero_grad()
        answer.loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    return folder


def test_a_model_finds_what_it_was_taught(taught: Path) -> None:
    finder = load_finder("transformers", str(taught))
    texts = [
        "Kwame Mensah came to Kyiv, and left Kyiv in May.",
        "Port Tema came to Kwame Mensah Kwame Mensah.",
    ]
    found = [
        [(text[span.start : span.end], span.type) for span in spans]
        for text, spans in zip(texts, finder.find(texts), strict=True)
    ]
    assert found == [
        [("Kwame Mensah", "PER"), ("Kyiv", "LOC"), ("Kyiv", "LOC")],
        [("Port Tema", "LOC"), ("Kwame Mensah", "PER"), ("Kwame Mensah", "PER")],
    ]
    assert min(span.confidence for spans in finder.find(texts) for span in spans) > 0.5


def test_no_name_begins_or_ends_inside_a_word(finder: TransformersFinder) -> None:
    text = (TEXT + " Mensahkyiv Temaport, ") * 40
    spans = finder.find([text])[0]
    check(text, spans)
    assert spans
    for span in spans:
        assert not (text[span.start].isalnum() and text[: span.start][-1:].isalnum())
        assert not (text[span.end - 1].isalnum() and text[span.end : span.end + 1].isalnum())


def test_any_length_and_script(finder: TransformersFinder) -> None:
    check_finder(finder, EXTREME)


@given(HARD)
@settings(deadline=None, max_examples=40)
def test_any_text(finder: TransformersFinder, text: str) -> None:
    check_finder(finder, [text, TEXT])


def test_languages_are_those_given(folder: Path) -> None:
    finder = load_finder("transformers", str(folder), languages=["uk", "ru"])
    assert finder.covers("uk")
    assert finder.covers(None)
    assert not finder.covers("en")
    assert load_finder("transformers", str(folder)).covers("en")


def test_the_version_tells_models_apart(taught: Path, finder: TransformersFinder) -> None:
    assert finder.version != TransformersFinder(str(taught)).version
    assert finder.version.startswith(f"transformers-{transformers.__version__} ")


def test_what_is_not_here_is_not_downloaded() -> None:
    with pytest.raises(SettingsError, match=r"WIREROOM_TAGGER_MODEL.*some-one/some-model"):
        load_finder("transformers", "some-one/some-model")


def test_labels_of_nothing_are_told(tmp_path: Path) -> None:
    saved(tmp_path, word_pieces(), ("LABEL_0", "LABEL_1"))
    with pytest.raises(SettingsError, match="none of its labels tells of a name: LABEL_0"):
        TransformersFinder(str(tmp_path))


def test_an_encoder_alone_is_told(tmp_path: Path) -> None:
    tokenizer = word_pieces()
    saved(tmp_path, tokenizer)
    transformers.BertModel(config(tokenizer.get_vocab_size(), LABELS)).save_pretrained(tmp_path)
    with pytest.raises(SettingsError, match="not taught to label tokens: classifier"):
        TransformersFinder(str(tmp_path))


@pytest.mark.parametrize("lost", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_with_something_lost_is_told(lost: str, taught: Path, tmp_path: Path) -> None:
    shutil.copytree(taught, tmp_path, dirs_exist_ok=True)
    (tmp_path / lost).unlink()
    with pytest.raises(SettingsError, match="WIREROOM_TAGGER_MODEL"):
        TransformersFinder(str(tmp_path))
