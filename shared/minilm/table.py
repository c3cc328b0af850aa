"""The vectors of MiniLM's pieces, which the networks are given ready."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

TABLE: Final = Path(__file__).parent / "pieces.npy"


class PieceTable:
    """A vector of 8 bits for each piece, with a scale of its own; read from the file as needed."""

    def __init__(self, path: Path = TABLE) -> None:
        """Raises :class:`OSError` or :class:`ValueError` for a file that is missing or no table."""
        self._vectors = np.load(path, mmap_mode="r")
        self._scales = np.load(path.with_name(path.stem + "-scales.npy")).astype(np.float32)

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The vectors of pieces, shape (pieces, width)."""
        index = np.array(ids, dtype=np.intp)
        found: NDArray[np.float32] = self._vectors[index] * self._scales[index, None]
        return found
