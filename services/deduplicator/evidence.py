"""Why an article is what it is in its group, in words that an analyst reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.deduplicator.entry import unpacked_id
from services.deduplicator.original import told
from services.deduplicator.verdicts import KINDS


def article_name(packed: Any) -> str:
    """The article id that a row holds."""
    return unpacked_id(packed.tobytes())


def evidence(row: Any, name: Callable[[Any], str] = article_name) -> list[str]:
    """The evidence of a row of :data:`~services.deduplicator.rows.ROW`, empty for none.

    ``name`` tells an article's id from its packed form.
    """
    kind = KINDS[row["kind"]]
    begun = row["group"] == row["article"]
    found = []
    if kind == "none":
        if not begun:
            found.append(f"original: published {told(row)}, before all known copies")
        if row["tortured"]:
            found.append(f"tortured words, as machines leave them: {row['tortured']}")
        return found
    first, second, third, fourth = (int(percent) for percent in row["evidence"])
    if kind == "exact":
        found.append("the same text")
    elif kind == "near":
        found.append(f"{first} % of it stands in the other, {second} % of the other in it")
    else:
        found.append(f"names, numbers and quotations: {first} % the same, {second} % in one order")
        found.append(f"words in common: {third} %")
        if fourth:
            found.append(f"meaning: {fourth} % alike")
        if row["tortured"]:
            found.append(f"tortured words: {row['tortured']}")
    if begun:
        found.append(f"seen first, but {name(row['of'])} was published earlier")
    return found
