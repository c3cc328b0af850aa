"""The parts of spaCy, GLiNER and transformers that the engines use, without the libraries.

They find words with a capital, and fail where they are given more than they take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

_CAPITALS = re.compile(r"[A-ZА-Я]\w*")
_WORDS = re.compile(r"\w+(?:[-_]\w+)*|\S")


def install(patch: pytest.MonkeyPatch, name: str, **members: Any) -> None:
    """Makes ``import name`` give a module with ``members``."""
    module = ModuleType(name)
    vars(module).update(members)
    patch.setitem(__import__("sys").modules, name, module)


class Pipeline:
    """A pipeline of spaCy: vectors that two components share, one of which finds names."""

    lang = "en"
    max_length = 5_000
    path: Path | None = None

    def __init__(self, labels: Sequence[str] = ("PERSON", "GPE", "DATE")) -> None:
        listens = SimpleNamespace(listening_components=["tagger", "ner"], labels=())
        self.pipeline: list[tuple[str, Any]] = [
            ("tok2vec", listens),
            ("tagger", SimpleNamespace(labels=("NN",))),
            ("ner", SimpleNamespace(labels=labels)),
        ]
        self.meta = {"lang": "en", "name": "fake", "version": "1.0"}

    @property
    def pipe_names(self) -> list[str]:
        return [name for name, _ in self.pipeline]

    def get_pipe(self, name: str) -> Any:
        return dict(self.pipeline)[name]

    def get_pipe_meta(self, name: str) -> Any:
        return SimpleNamespace(assigns=["doc.ents"] if name == "ner" else ["doc.tensor"])

    def remove_pipe(self, name: str) -> None:
        self.pipeline = [(own, part) for own, part in self.pipeline if own != name]

    @contextmanager
    def memory_zone(self) -> Iterator[None]:
        yield

    def pipe(self, texts: Iterator[str], batch_size: int) -> Iterator[Any]:
        for text in texts:
            if len(text) > self.max_length:
                raise ValueError(f"{len(text)} characters")
            text.encode()
            found = [
                SimpleNamespace(
                    start_char=word.start(),
                    end_char=word.end(),
                    label_="GPE" if word[0] == "Kyiv" else "DATE" if word[0] == "May" else "PERSON",
                )
                for word in _CAPITALS.finditer(text)
            ]
            yield SimpleNamespace(ents=found)


def spacy(patch: pytest.MonkeyPatch, pipeline: Pipeline) -> None:
    """Installs a spaCy that has ``pipeline`` under the name ``en_fake``."""

    def load(name: Any) -> Pipeline:
        if name != "en_fake":
            raise OSError(f"[E050] Can't find model '{name}'.")
        return pipeline

    install(patch, "spacy", load=load, __version__="3.8.0")


class Asked:
    """A model of GLiNER that takes 40 words at once."""

    config = SimpleNamespace(max_len=40)

    def __init__(self) -> None:
        def words(text: str) -> Iterator[tuple[str, int, int]]:
            for word in _WORDS.finditer(text):
                yield word[0], *word.span()

        self.data_processor = SimpleNamespace(words_splitter=words)

    @classmethod
    def from_pretrained(cls, folder: str, local_files_only: bool) -> Asked:
        if not local_files_only or not (Path(folder) / "gliner_config.json").is_file():
            raise FileNotFoundError(f"No config file found in {folder}")
        return cls()

    def eval(self) -> None:
        pass

    def inference(
        self, texts: Sequence[str], labels: Sequence[str], *, threshold: float, **_: Any
    ) -> list[list[dict[str, Any]]]:
        for text in texts:
            text.encode()
            if len(_WORDS.findall(text)) > self.config.max_len:
                raise ValueError("more words than the model reads")
        return [
            [
                {"start": word.start(), "end": word.end(), "label": label, "score": score}
                for word in _CAPITALS.finditer(text)
                # Of two answers for one word one is left.
                for label, score in (("person", 0.6), ("city", 0.7))
                if label in labels and score >= threshold
            ]
            for text in texts
        ]


def gliner(patch: pytest.MonkeyPatch) -> None:
    """Installs a GLiNER."""
    install(patch, "gliner", GLiNER=Asked, __version__="0.2.29")


LABELS = ("O", "B-PER", "I-PER", "B-LOC", "B-DATE")
_IDS = {"rest": 10, "capital": 11, "after": 12, "Kyiv": 13}
_SCORES = {10: 0, 11: 1, 12: 2, 13: 3}


class FastTokenizer:
    """A tokenizer of transformers: tokens of three letters, marks before and behind."""

    is_fast = True
    model_max_length = 10**30
    pad_token_id = 0

    def __call__(
        self, text: str, *, add_special_tokens: bool = True, verbose: bool, **_: Any
    ) -> dict[str, Any]:
        text.encode()
        ids, offsets, follows = [], [], False
        for word in _WORDS.finditer(text):
            for start in range(word.start(), word.end(), 3):
                kind = "rest"
                if start == word.start() and _CAPITALS.match(word[0]):
                    kind = "Kyiv" if word[0] == "Kyiv" else "after" if follows else "capital"
                    follows = kind != "Kyiv"
                elif start == word.start():
                    follows = False
                ids.append(_IDS[kind])
                offsets.append((start, min(start + 3, word.end())))
        if add_special_tokens:
            ids, offsets = [1, *ids, 2], [(0, 0), *offsets, (0, 0)]
        special = [int(number < 10) for number in ids]
        return {"input_ids": ids, "offset_mapping": offsets, "special_tokens_mask": special}


class Labeller:
    """A model of transformers that reads 32 tokens at once."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.config = SimpleNamespace(id2label=dict(enumerate(labels)), max_position_embeddings=34)

    def float(self) -> Labeller:
        return self

    def eval(self) -> Labeller:
        return self

    def __call__(self, input_ids: Any, attention_mask: Any) -> Any:
        count, width = input_ids.shape
        if width > 32 or attention_mask.shape != input_ids.shape:
            raise IndexError("more tokens than the model has positions")
        read = attention_mask == 1
        if not ((input_ids[:, 0] == 1).all() and ((input_ids == 2) & read).any(axis=1).all()):
            raise ValueError("the marks lack")
        logits = np.zeros((count, width, len(self.config.id2label)), dtype=np.float32)
        for row, column in zip(*np.nonzero(input_ids >= 10), strict=True):
            logits[row, column, _SCORES[int(input_ids[row, column])]] = 5
        return SimpleNamespace(logits=logits)


def transformers(
    patch: pytest.MonkeyPatch,
    *,
    labels: Sequence[str] = LABELS,
    missing: Sequence[str] = (),
    fast: bool = True,
) -> None:
    """Installs a transformers whose models have ``labels``, torch, and a hub with nothing."""

    def tokenizer(folder: str, **options: Any) -> Any:
        made = FastTokenizer()
        made.is_fast = fast
        return made

    def model(folder: str, **options: Any) -> Any:
        if not options["local_files_only"] or options["trust_remote_code"]:
            raise RuntimeError("that would ask the network")
        return Labeller(labels), {"missing_keys": set(missing)}

    def snapshot(name: str, local_files_only: bool) -> str:
        raise FileNotFoundError(f"{name} is not in the cache")

    install(
        patch,
        "transformers",
        AutoTokenizer=SimpleNamespace(from_pretrained=tokenizer),
        AutoModelForTokenClassification=SimpleNamespace(from_pretrained=model),
        __version__="5.0.0",
    )
    install(
        patch,
        "torch",
        tensor=lambda rows, dtype: np.array(rows, dtype=dtype),
        long=np.int64,
        inference_mode=nullcontext,
    )
    install(patch, "huggingface_hub", snapshot_download=snapshot)
