"""Verdicts: what was decided, written to the log beside the fingerprints.

Every instance that is up to date decides every fingerprint by itself and comes to the same. The
instance whose article it is also writes down what was decided, so that one that catches up can
take the decisions over instead of repeating them, and so that decisions that rest on entries the
log no longer holds are known to an instance that begins later.

A value is ``b"V"``, a version, records of :data:`VERDICT` (all of one *cause* together), and a
CRC-32 of everything before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.deduplicator.entry import ID_BYTES, is_whole, newer, summed
from shared.events import DuplicateKind

KIND: Final = ord("V")
VERSION: Final = 1

KINDS: Final[tuple[DuplicateKind, ...]] = ("none", "exact", "near", "spun")
"""A verdict's kind is a place in this."""

NO_STORY: Final = bytes(ID_BYTES)
"""The story of an article that is too short to be in one."""

VERDICT: Final = np.dtype(
    [
        ("cause", "<i8"),
        ("row", "<i8"),
        ("first_seen", "<i8"),
        ("version", "<i8"),
        ("revision", "<u4"),
        ("kind", "u1"),
        ("similarity", "<u2"),
        ("evidence", "u1", (4,)),
        ("of", f"V{ID_BYTES}"),
        ("group", f"V{ID_BYTES}"),
        ("story", f"V{ID_BYTES}"),
    ]
)
"""At the entry at offset ``cause``, the article whose entry is at offset ``row`` became this.

``cause`` equals ``row`` for the decision of a new entry; a repeated entry has the row of the first;
a correction has another's. ``similarity``: thousandths. ``evidence``: percentages, see
:mod:`services.deduplicator.evidence`. ``of``: zeros for none."""

Verdicts = npt.NDArray[np.void]
_HEAD: Final = bytes([KIND, VERSION])


def encoded(parts: Sequence[Verdicts], most: int) -> list[bytes]:
    """Verdicts, those of one cause together, as values of some ``most`` bytes."""
    values: list[bytes] = []
    held: list[Verdicts] = []
    size = 0
    for part in parts:
        if held and size + part.nbytes > most:
            values.append(encode(joined(held)))
            held, size = [], 0
        held.append(part)
        size += part.nbytes
    return [*values, encode(joined(held))] if held else values


def joined(parts: Sequence[Verdicts]) -> Verdicts:
    """One array of several; numpy's own way compares their fields each time."""
    return np.frombuffer(b"".join(part.tobytes() for part in parts), VERDICT)


def encode(verdicts: Verdicts) -> bytes:
    """The log entry's value."""
    return summed(_HEAD + verdicts.tobytes())


def decode(value: bytes) -> Verdicts | None:
    """The verdicts of a value, or ``None`` where it holds none or is damaged.

    Raises :class:`~shared.errors.SettingsError` for those of a newer version.
    """
    if value[:1] != bytes([KIND]) or not is_whole(value):
        return None
    if value[1] > VERSION:
        raise newer("verdict", value[1], VERSION)
    size = len(value) - 6
    if value[1] != VERSION or size % VERDICT.itemsize:
        return None
    return np.frombuffer(value, VERDICT, count=size // VERDICT.itemsize, offset=2)


def same(one: Any, other: Any) -> bool:
    """Whether two records of :data:`VERDICT` agree."""
    return bool(one.tobytes() == other.tobytes())
