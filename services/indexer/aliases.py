"""Other names of an entity, so that a search with one spelling finds articles with another."""

from __future__ import annotations

from functools import cache
from typing import Final

from services.tagger.gazetteer import gazetteer
from shared.events import Entity

SHORTEST: Final = 4
"""Characters: shorter names ("us", "who") are common words to whoever searches."""


def gazetteer_aliases(entity: Entity) -> tuple[str, ...]:
    """The names that the tagger's gazetteer has for ``entity``; none for unknown ones.

    The gazetteer is loaded with the first call.
    """
    return _names().get((entity.entity_id, entity.type), ())


@cache
def _names() -> dict[tuple[str, str], tuple[str, ...]]:
    source = gazetteer()
    careful = source.careful
    keys: dict[tuple[str, str], list[str]] = {}
    for key, indices in source.names.items():
        if len(key) < SHORTEST or key in careful:
            continue
        for index in indices:
            entry = source.entries[index]
            keys.setdefault((entry.id, entry.type), []).append(key)
    return {identity: tuple(names) for identity, names in keys.items()}
