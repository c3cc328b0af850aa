"""The labels of the model: which word begins a name, goes on with one, or is none."""

from __future__ import annotations

from typing import Final

from shared.events import EntityType

TYPES: Final[tuple[EntityType, ...]] = (
    "PER",
    "ORG",
    "LOC",
    "NORP",
    "FACILITY",
    "EVENT",
    "PRODUCT",
    "MISC",
)
OUTSIDE: Final = 0
LABELS: Final = ("O", *(f"{mark}-{kind}" for kind in TYPES for mark in "BI"))
"""Label ``1 + 2 * t`` begins a name of type ``t`` of :data:`TYPES`, ``2 + 2 * t`` goes on."""


def begins(kind: EntityType) -> int:
    """The label of the first word of a name of type ``kind``."""
    return 1 + 2 * TYPES.index(kind)


def goes_on(kind: EntityType) -> int:
    """The label of any further word."""
    return 2 + 2 * TYPES.index(kind)
