"""An entry while it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Draft:
    """As :class:`services.tagger.knowledge.entity.Entity`, with its names as they are spelled."""

    id: str
    name: str
    type: str
    kind: str
    prior: float
    names: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    country: str | None = None
    region: str | None = None
    at: tuple[float, float] | None = None
    rival: bool = False
    listed: bool = False
    """From a list that gives names but no items: left out where another source knows it."""

    share_alike: bool = False
    """Made with data under the Open Database License: stands in a file of its own."""

    source: str = "hand"
    """Which sources it is made from, joined by ``+``."""


def spellings(names: Iterable[str]) -> list[str]:
    """``names`` and the forms that writing varies in: "J. K. Rowling" and "J.K. Rowling"."""
    found: list[str] = []
    for name in names:
        found.append(name)
        if ". " in name:
            found.append(name.replace(". ", "."))
            parts = name.split()
            if len(parts) == 3 and len(parts[1]) == 2 and parts[1][1] == ".":
                found.append(f"{parts[0]} {parts[2]}")
        if name.startswith("Saint "):
            found.append("St. " + name.removeprefix("Saint "))
    return found
