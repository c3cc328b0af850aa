"""The shipped weights of the body model: two forests of small trees and a vocabulary, in a file.

The trees are evaluated with numpy alone, all of them for all blocks at once, as QuickScorer does
(Lucchese et al., SIGIR 2015): every test that a block fails strikes the leaves on its left side
from the tree's bit mask, and of the leaves that are left the first is the block's.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from services.cleaner.markup.vocabulary import Vocabulary

Floats = NDArray[np.float32]

VERSION: Final = 1
LEAVES: Final = 16
"""Leaves of a tree at most: the bits of a mask."""
SHIPPED: Final = Path(__file__).with_name("weights") / "body.npz"
EARLY: Final = 50
"""Trees after which blocks that are far from the article are left alone: about half of a page. Of
100 blocks of which all trees say more than .1 hardly one is among them."""
_FAR: Final = -2.5
"""How far, as a logit."""
HOPELESS: Final = 0.08
"""The probability of that, rounded up."""
_TOGETHER: Final = 512
"""Blocks judged at once: what is worked on is bounded by it."""


class WeightsError(RuntimeError):
    """The file of weights is not one that this version can use; the message tells why."""


def _first_left() -> NDArray[np.uint8]:
    """For each set of leaves that are struck the first that is left."""
    left = ~np.arange(1 << LEAVES)
    lowest = left & -left
    lowest[-1] = 1
    places: NDArray[np.uint8] = np.log2(lowest).astype(np.uint8)
    return places


_FIRST: Final = _first_left()


@dataclass(slots=True, frozen=True)
class Forest:
    """Additive trees over a matrix of features, their sum being the logit of a probability."""

    feature: NDArray[np.int64]
    """The column that each test looks at; ``LEAVES - 1`` tests for each tree."""
    threshold: Floats
    """Above it a test fails."""
    mask: NDArray[np.uint16]
    """The leaves that are left when it fails."""
    value: Floats
    """``LEAVES`` for each tree."""

    def probabilities(self, matrix: Floats, *, early: bool = False) -> Floats:
        """One for each block; ``matrix`` has a row for each feature.

        With ``early`` blocks of which the first trees say that they are far from the article have
        what those say, about :data:`HOPELESS` at most.
        """
        trees = len(self.value) // LEAVES
        if not early or trees <= EARLY:
            return _probability(self._sums(matrix, 0, trees))
        sums = self._sums(matrix, 0, EARLY)
        left = np.flatnonzero(sums > _FAR)
        if len(left):
            rest = matrix if len(left) == len(sums) else matrix.take(left, axis=1)
            sums[left] += self._sums(rest, EARLY, trees)
        return _probability(sums)

    def _sums(self, matrix: Floats, start: int, stop: int) -> Floats:
        """What the trees from ``start`` to ``stop`` say of each block, as logits."""
        if matrix.shape[1] > _TOGETHER:
            parts = range(0, matrix.shape[1], _TOGETHER)
            return np.concatenate(
                [self._sums(matrix[:, part : part + _TOGETHER], start, stop) for part in parts]
            )
        tests = LEAVES - 1
        trees = stop - start
        struck = np.zeros((trees, matrix.shape[1]), np.uint16)
        by = np.empty_like(struck)
        # One test of every tree at a time: what is worked on stays in the processor's cache, and
        # a product costs a third of a choice.
        for number in range(start * tests, start * tests + tests):
            these = slice(number, stop * tests, tests)
            asked = matrix.take(self.feature[these], axis=0)
            fails = asked > self.threshold[these, None]
            np.multiply(fails, ~self.mask[these, None], out=by)
            struck |= by
        leaf = _FIRST.take(struck) + (np.arange(start, stop) * LEAVES)[:, None]
        return np.asarray(self.value.take(leaf).sum(axis=0))


def _probability(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)), np.float32)


@dataclass(slots=True, frozen=True)
class Weights:
    """All that was learnt."""

    vocabulary: Vocabulary
    first: Forest
    """Judges a block by :func:`~services.cleaner.markup.features.features`."""
    second: Forest
    """Judges it again, with what the first says of its surroundings."""
    threshold: float
    """The probability from which a block belongs to the article."""


def signature(names: Iterable[str]) -> int:
    """A number that tells one list of features from another."""
    return zlib.crc32("\n".join(names).encode())


def save(path: Path, weights: Weights, names: Sequence[Sequence[str]]) -> None:
    """Write ``weights``; ``names`` are the columns of the first and the second matrix."""
    words = weights.vocabulary
    head = {
        "version": VERSION,
        "features": [signature(columns) for columns in names],
        "threshold": weights.threshold,
    }
    texts = {"labels": words.labels, "short": words.short, "middle": words.middle}
    arrays: dict[str, NDArray[Any]] = {
        "head": _bytes(head),
        "vocabulary": _bytes(texts),
    }
    for name, forest in (("first", weights.first), ("second", weights.second)):
        arrays[f"{name}.feature"] = forest.feature.astype(np.int16)
        arrays[f"{name}.threshold"] = forest.threshold
        arrays[f"{name}.mask"] = forest.mask
        arrays[f"{name}.value"] = forest.value
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load(path: Path) -> tuple[Weights, list[int]]:
    """The weights in a file and the signatures of the features that they were learnt with.

    Raises :class:`WeightsError` where it is absent, broken or of another version.
    """
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes())
            if head["version"] != VERSION:
                raise WeightsError(f"{path}: version {head['version']}, not {VERSION}")
            vocabulary = Vocabulary(**json.loads(file["vocabulary"].tobytes()))
            first, second = (
                Forest(
                    file[f"{name}.feature"].astype(np.int64), file[f"{name}.threshold"],
                    file[f"{name}.mask"], file[f"{name}.value"],
                )
                for name in ("first", "second")
            )  # fmt: skip
    except (OSError, BadZipFile, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: {type(error).__name__}: {error}") from error
    return Weights(vocabulary, first, second, float(head["threshold"])), list(head["features"])


@cache
def shipped() -> tuple[Weights, list[int]]:
    """The weights of the package, read once."""
    return load(SHIPPED)


def _bytes(value: object) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value, ensure_ascii=False).encode(), np.uint8)
