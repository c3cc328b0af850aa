"""Articles to vectors, by onnxruntime on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.deduplicator.sizes import DIMENSIONS
from shared.minilm.pieces import WordPieces, split
from shared.minilm.table import PieceTable

WEIGHTS: Final = Path(__file__).parent / "weights" / "minilm.onnx"

PIECES: Final = 128
"""Pieces that are read: some 100 words. The model was made for so many."""

_CHARACTERS: Final = 4000
"""Characters of a text that are looked at: 128 pieces are in them, whatever they are."""

_READABLE: Final = 0.7
"""Least share of the pieces that are known. Of a script that the model cannot read only signs and
digits are."""

Vector = NDArray[np.int8]


class Embedder:
    """Embeds articles: one at a time, so that no other changes the scale of its 8 bits."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            WEIGHTS.read_bytes(),
            options,
            providers=["CPUExecutionProvider"],
            # As in the tagger: fused it takes 18 % of the time, apart 6 %.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
        self._vocabulary = WordPieces.load()
        self._table = PieceTable()

    def embed(self, title: str, text: str) -> Vector:
        """What the article is about, shape ``(DIMENSIONS,)``, of length 127 about.

        Zeros for an article without words, or in a script that the model cannot read.
        """
        ids = pieces_of(self._vocabulary, title, text)
        inner = ids[1:-1]
        known = len(inner) - inner.count(self._vocabulary.unknown)
        if known < _READABLE * len(inner) or not known:
            return np.zeros(DIMENSIONS, dtype=np.int8)
        feed = {"embedded": self._table.vectors(ids)[None]}
        vector: NDArray[np.float32] = self._session.run(["vector"], feed)[0][0]
        vector = vector * (127 / max(float(np.linalg.norm(vector)), 1e-9))

        return np.clip(np.rint(vector), -127, 127).astype(np.int8)


def pieces_of(vocabulary: WordPieces, title: str, text: str) -> list[int]:
    """The numbers of the pieces that are read of an article, between the marks of its ends."""
    ids = [vocabulary.first]
    for number in _numbers(vocabulary, title[:_CHARACTERS], text[:_CHARACTERS]):
        if len(ids) == PIECES - 1:
            break
        ids.append(number)
    return [*ids, vocabulary.last]


def _numbers(vocabulary: WordPieces, *texts: str) -> Iterator[int]:
    for text in texts:
        for word in split(text):
            yield from vocabulary.cut(text[word.start : word.end])


@cache
def embedder() -> Embedder:
    """The embedder of this process, loaded with the first call."""
    return Embedder()
