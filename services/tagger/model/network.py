"""The network as it is shipped: a table of pieces' vectors, and a graph for onnxruntime."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from services.tagger.model.labels import LABELS
from services.tagger.model.words import SHAPES, Pieces, Vocabulary
from shared.errors import SettingsError
from shared.minilm.table import PieceTable

FOLDER: Final = Path(__file__).parent / "weights"
_FIRST_SHAPE: Final = len(SHAPES)
_FAILURES: Final = (
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.NotImplemented,
    failures.RuntimeException,
)
"""What onnxruntime raises; they have no class of their own in common."""


class Network:
    """Scores words. One window at a time: of its weights of 8 bits the inputs' scale is the
    window's, so that what stands beside a text cannot change its labels, and no padding is
    computed. One thread: services have a process for each core."""

    def __init__(self, graph: Path, vocabulary: Vocabulary) -> None:
        """Raises :class:`SettingsError` for files that are missing or no such network."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            content = graph.read_bytes()
            self._session = onnxruntime.InferenceSession(
                content,
                options,
                providers=["CPUExecutionProvider"],
                # Fused it takes 18 % of the time, apart 6 %: it runs element by element.
                disabled_optimizers=["SkipLayerNormFusion"],
            )
            self._table = PieceTable()
        except (OSError, ValueError, *_FAILURES) as error:
            reason = str(error).partition("\n")[0][:200]
            raise SettingsError(f"{graph}: not a model of the tagger: {reason}") from error
        self._vocabulary = vocabulary
        self.version = hashlib.blake2b(content, digest_size=4).hexdigest()

    def scores(self, pieces: Sequence[Pieces]) -> NDArray[np.float32]:
        """Logarithms of the labels' probabilities [words, labels] of the words of a window."""
        ids = [self._vocabulary.first]
        shapes = [0]
        heads = []
        for word in pieces:
            heads.append(len(ids))
            ids += word.ids
            shapes.append(word.shape)
            shapes += [word.shape + _FIRST_SHAPE] * (len(word.ids) - 1)
        ids.append(self._vocabulary.last)
        shapes.append(0)
        feed = {"embedded": self._table.vectors(ids)[None], "shapes": np.array([shapes])}
        scores: NDArray[np.float32] = self._session.run(["scores"], feed)[0][0][heads]
        scores = scores - scores.max(axis=1, keepdims=True)
        scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
        assert scores.shape == (len(pieces), len(LABELS))
        return scores
