"""The engine that is shipped: MiniLM's lower layers, taught to find names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from services.tagger.model.decode import type_scores
from services.tagger.model.labels import LABELS, OUTSIDE, TYPES
from services.tagger.model.network import FOLDER, Network
from services.tagger.model.vote import Scored, vote
from services.tagger.model.windows import line_starts, may_name, sentence_ends, windows
from services.tagger.model.words import Vocabulary
from services.tagger.spans import Span
from shared.minilm.pieces import Word, split

LANGUAGES: Final = frozenset({"en"})
"""Languages of the sentences that it was taught on."""
_NEVER: Final = -1e4


class ModelFinder:
    """A :class:`~services.tagger.spans.Finder` with the weights called ``weights``."""

    def __init__(self, weights: str = "open", folder: Path = FOLDER) -> None:
        """Raises :class:`~shared.errors.SettingsError` when there are no such weights."""
        self._vocabulary = Vocabulary.load()
        self._network = Network(folder / f"{weights}.onnx", self._vocabulary)
        self.version = f"minilm-{weights} {self._network.version}"

    def covers(self, language: str | None) -> bool:
        """Whether it was taught on ``language``."""
        return language is None or language in LANGUAGES

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names of each of ``texts``, which are one article: title first, then the text.

        A name that the article writes several times is voted on by all its places.
        """
        cut = [split(text) for text in texts]
        scored = [self.scored(text, words) for text, words in zip(texts, cut, strict=True)]
        return [
            [
                Span(
                    words[name.first].start,
                    words[name.last - 1].end,
                    TYPES[name.kind],
                    round(math.exp(type_scores(text.scores, name.first, name.last)[name.kind]), 4),
                )
                for name in names
            ]
            for words, text, names in zip(cut, scored, vote(scored), strict=True)
        ]

    def scored(self, text: str, words: Sequence[Word]) -> Scored:
        """``text`` in words, with the scores of their labels."""
        written = [text[word.start : word.end] for word in words]
        scores = np.full((len(words), len(LABELS)), _NEVER, dtype=np.float32)
        scores[:, OUTSIDE] = 0
        read: list[int] = []
        ends: list[int] = []
        first = 0
        for end in sentence_ends(text, words):
            if may_name(text, words[first:end]):
                read += range(first, end)
                ends.append(len(read))
            first = end
        pieces = [self._vocabulary.pieces(written[place]) for place in read]
        for window in windows(ends, [len(word.ids) for word in pieces]):
            found = self._network.scores(pieces[window.first : window.last])
            scores[read[window.keep : window.until]] = found[
                window.keep - window.first : window.until - window.first
            ]
        # What the network takes for a name's going on over the end of a line begins another there.
        starts = line_starts(text, words)
        scores[starts, 1::2] = np.logaddexp(scores[starts, 1::2], scores[starts, 2::2])
        scores[starts, 2::2] = _NEVER
        return Scored(written, scores)
