"""Models of transformers that label tokens, as an engine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.tagger.engines.loading import (
    MODEL_SETTING,
    fingerprint,
    model_folder,
    model_name,
    named,
    package,
    stay_offline,
)
from services.tagger.engines.pieces import moved, pieces, readable, tidy, windows
from services.tagger.engines.words import Scheme, TokenWord, words_of
from services.tagger.spans import Span
from shared.errors import SettingsError

EXTRA: Final = "transformers"
_PIECE: Final = 1_000
_RUN: Final = 250
_TOKENS: Final = 256
"""Tokens of a window at most, its marks included; the model's own limit where that is smaller."""
_WORD: Final = 32
"""Tokens of a word that are read; of a longer one only the first so many."""
_OVERLAP: Final = 64
_TOGETHER: Final = 16
"""Pieces whose windows are put into batches together."""
_BATCH: Final = 8


class _Read(NamedTuple):
    """A piece as the model reads it, and what it said: a row of scores for each word."""

    start: int
    text: str
    words: list[TokenWord]
    ids: list[int]
    scores: NDArray[np.float64]


class _Job(NamedTuple):
    """A window of a piece: the tokens that go in, and whose scores are taken from it."""

    ids: list[int]
    read: _Read
    rows: list[int]
    places: list[int]


class TransformersFinder:
    """A :class:`~services.tagger.spans.Finder` by ``model``: a folder, or a name that the hub's
    cache holds. Its tokenizer must be a fast one, since others do not tell where tokens stand.

    ``languages`` are those that the model was made for, ``None`` for all.
    """

    def __init__(self, model: str, languages: Collection[str] | None = None) -> None:
        """Raises :class:`~shared.errors.SettingsError` when there is no such model here."""
        stay_offline()
        transformers = package("transformers", EXTRA)
        self._torch = package("torch", EXTRA)
        folder = model_folder(model, EXTRA)
        with named(model, EXTRA):
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
            loaded, told = transformers.AutoModelForTokenClassification.from_pretrained(
                str(folder),
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        if not self._tokenizer.is_fast:
            raise _wrong(model, "it has no tokenizer.json, so tokens have no places in the text")
        missing = sorted(key for key in told["missing_keys"] if "position_ids" not in key)
        if missing:
            # The library fills them with chance and goes on.
            raise _wrong(model, f"it is not taught to label tokens: {', '.join(missing[:5])} lacks")
        self._model: Any = loaded.float().eval()
        labels = [str(label) for _, label in sorted(loaded.config.id2label.items())]
        self._scheme = Scheme(labels)
        if not self._scheme.types:
            raise _wrong(model, f"none of its labels tells of a name: {', '.join(labels[:20])}")
        self._before, self._behind = self._marks()
        self._most = max(1, self._limit() - len(self._before) - len(self._behind))
        self._languages = None if languages is None else frozenset(languages)
        self.version = (
            f"transformers-{transformers.__version__} {model_name(model)} {fingerprint(folder)}"
        )

    def covers(self, language: str | None) -> bool:
        """Whether ``language`` is among those given for the model."""
        return language is None or self._languages is None or language in self._languages

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names of each of ``texts``."""
        # One text at a time: what else is in a batch changes sums by a rounding, which may tip a
        # decision.
        return [tidy(text, self._spans(readable(text))) for text in texts]

    def _spans(self, text: str) -> Iterator[Span]:
        cut = iter(pieces(text, _PIECE, _RUN))
        while some := list(islice(cut, _TOGETHER)):
            reads = [self._prepare(text[piece.start : piece.end], piece.start) for piece in some]
            jobs = sorted(chain.from_iterable(map(self._jobs, reads)), key=lambda job: len(job.ids))
            for first in range(0, len(jobs), _BATCH):
                self._run(jobs[first : first + _BATCH])
            for read in reads:
                yield from moved(self._scheme.names(read.text, read.words, read.scores), read.start)

    def _prepare(self, text: str, start: int) -> _Read:
        read = self._tokenizer(
            text,
            add_special_tokens=False,
            truncation=False,
            return_offsets_mapping=True,
            verbose=False,
        )
        words = words_of(text, read["offset_mapping"], min(_WORD, self._most))
        scores = np.zeros((len(words), self._scheme.size))
        return _Read(start, text, words, list(read["input_ids"]), scores)

    def _jobs(self, read: _Read) -> Iterator[_Job]:
        sizes = [word.until - word.first for word in read.words]
        for window in windows(sizes, self._most, min(_OVERLAP, self._most // 4)):
            ids = list(self._before)
            places: dict[int, int] = {}
            for word in read.words[window.first : window.last]:
                for token in range(word.first, word.until):
                    places[token] = len(ids) + token - word.first
                ids += read.ids[word.first : word.until]
            # A token of which the word before begins outside of the window is not in it.
            rows = range(window.keep, window.until)
            shown = [places.get(read.words[row].token, len(self._before)) for row in rows]
            yield _Job([*ids, *self._behind], read, list(rows), shown)

    def _run(self, jobs: Sequence[_Job]) -> None:
        width = max(len(job.ids) for job in jobs)
        pad = self._tokenizer.pad_token_id or 0
        ids = [job.ids + [pad] * (width - len(job.ids)) for job in jobs]
        mask = [[1] * len(job.ids) + [0] * (width - len(job.ids)) for job in jobs]
        tensor, long = self._torch.tensor, self._torch.long
        with self._torch.inference_mode():
            answer = self._model(
                input_ids=tensor(ids, dtype=long), attention_mask=tensor(mask, dtype=long)
            )
        scores = np.asarray(answer.logits, dtype=np.float64)
        for job, rows in zip(jobs, scores, strict=True):
            job.read.scores[job.rows] = rows[job.places]

    def _marks(self) -> tuple[list[int], list[int]]:
        """The tokens that the model wants before and behind a text."""
        probe = self._tokenizer("a", return_special_tokens_mask=True, verbose=False)
        ids, special = list(probe["input_ids"]), list(probe["special_tokens_mask"])
        first = special.index(0) if 0 in special else len(special)
        last = len(special) - special[::-1].index(0) if 0 in special else len(special)
        return ids[:first], ids[last:]

    def _limit(self) -> int:
        """Tokens that the model reads at once."""
        positions = getattr(self._model.config, "max_position_embeddings", None) or 0
        # Some encoders (RoBERTa's kin) keep the first two positions for themselves.
        limits = (_TOKENS, self._tokenizer.model_max_length, positions - 2)
        return int(min(limit for limit in limits if limit > 0))


def _wrong(model: str, why: str) -> SettingsError:
    return SettingsError(f"{MODEL_SETTING}: {model!r} cannot be used by the engine {EXTRA}: {why}")
