"""Arrays in pages of their own."""

from __future__ import annotations

import math
import mmap
from typing import Any

import numpy as np
import numpy.typing as npt


def zeros(shape: int | tuple[int, ...], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros, of which pages that nothing was written to take no memory.

    For large arrays that live long and grow: the memory goes back to the system with the array,
    which the heap of C does not promise.
    """
    kind = np.dtype(kind)
    count = math.prod(shape) if isinstance(shape, tuple) else shape
    data = mmap.mmap(-1, max(count * kind.itemsize, 1))
    return np.frombuffer(data, kind, count=count).reshape(shape)


def moved(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``array`` in pages of its own."""
    made = zeros(array.shape, array.dtype)
    made[...] = array
    return made
