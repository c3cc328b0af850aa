"""GLiNER as an engine: models that find what they are asked for in words."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from services.tagger.engines.loading import (
    fingerprint,
    model_folder,
    model_name,
    named,
    package,
    stay_offline,
)
from services.tagger.engines.pieces import pieces, readable, tidy, windows
from services.tagger.spans import Span
from shared.events import EntityType

EXTRA: Final = "gliner"
LABELS: Final[dict[str, EntityType]] = {
    "person": "PER",
    "organization": "ORG",
    "location": "LOC",
    "country": "LOC",
    "city": "LOC",
    "facility": "FACILITY",
    "event": "EVENT",
    "nationality": "NORP",
    "product": "PRODUCT",
}
"""What is asked for, and the types that the answers are. ``MISC`` cannot be asked for in words."""
_PIECE: Final = 1_200
_RUN: Final = 250
_WORDS: Final = 192
"""Words of a window at most, besides the labels; the model's own limit where that is smaller."""
_LETTERS: Final = 8
"""Letters that count as a word: an encoder's pieces are what costs, and they go by letters."""
_OVERLAP: Final = 48
_BATCH: Final = 8


class _Part(NamedTuple):
    """Code points ``start`` to ``end`` of a text; names that begin in ``keep``–``until`` count."""

    start: int
    end: int
    keep: int
    until: int


class GlinerFinder:
    """A :class:`~services.tagger.spans.Finder` by the GLiNER model ``model``: a folder, or a name
    that the hub's cache holds.

    ``languages`` are those that the model was made for, ``None`` for all; names below
    ``threshold`` are not told.
    """

    def __init__(
        self, model: str, threshold: float = 0.5, languages: Collection[str] | None = None
    ) -> None:
        """Raises :class:`~shared.errors.SettingsError` when there is no such model here."""
        stay_offline()
        gliner = package("gliner", EXTRA)
        folder = model_folder(model, EXTRA)
        with named(model, EXTRA):
            self._model: Any = gliner.GLiNER.from_pretrained(str(folder), local_files_only=True)
            self._split = self._model.data_processor.words_splitter
            self._most = min(_WORDS, int(self._model.config.max_len))
        self._model.eval()
        self._threshold = threshold
        self._languages = None if languages is None else frozenset(languages)
        self.version = (
            f"gliner-{gliner.__version__} {model_name(model)} {fingerprint(folder)} at {threshold}"
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
        parts = list(self._parts(text))
        for first in range(0, len(parts), _BATCH):
            batch = parts[first : first + _BATCH]
            answers = self._model.inference(
                [text[part.start : part.end] for part in batch],
                list(LABELS),
                flat_ner=True,
                threshold=self._threshold,
                multi_label=False,
                batch_size=_BATCH,
            )
            for part, answer in zip(batch, answers, strict=True):
                for name in answer:
                    start = part.start + name["start"]
                    if part.keep <= start < part.until:
                        end = part.start + name["end"]
                        yield Span(start, end, LABELS[name["label"]], float(name["score"]))

    def _parts(self, text: str) -> Iterator[_Part]:
        for piece in pieces(text, _PIECE, _RUN):
            places = [
                (piece.start + start, piece.start + end)
                for _, start, end in self._split(text[piece.start : piece.end])
            ]
            sizes = [math.ceil((end - start) / _LETTERS) for start, end in places]
            for window in windows(sizes, self._most, min(_OVERLAP, self._most // 4)):
                yield _Part(
                    places[window.first][0],
                    places[window.last - 1][1],
                    places[window.keep][0],
                    places[window.until - 1][1],
                )
