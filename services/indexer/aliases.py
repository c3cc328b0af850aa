"""Other names of an entity, so that a search with one spelling finds articles with another."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import islice
from typing import Final

from services.tagger.knowledge.base import KnowledgeBase, open_base
from services.tagger.knowledge.entity import Fit
from services.tagger.settings import TaggerSettings
from shared.events import Entity, EntityType
from shared.settings import load_settings

SHORTEST: Final = 4
"""Characters: shorter names ("us", "who") are common words to whoever searches."""
MOST: Final = 40
"""Names of an entity that are indexed: some have hundreds."""
_REMEMBERED: Final = 20_000


def known_aliases(entity: Entity) -> tuple[str, ...]:
    """The names that the tagger's knowledge base has for ``entity``; none for unknown ones.

    The base is opened with the first call; it is the one that the tagger's settings name, with
    the user's own entities. Raises :class:`~shared.errors.SettingsError` where it is wrong.
    """
    base = _base()
    return _names(entity.entity_id, entity.type, base.version)


@cache
def _base() -> KnowledgeBase:
    settings = load_settings(TaggerSettings)
    return open_base(settings.layers(), settings.entities)


@lru_cache(maxsize=_REMEMBERED)
def _names(entity_id: str, entity_type: EntityType, version: str) -> tuple[str, ...]:
    """Of a ``version`` of the base: the user may change his part of it at any time."""
    base = _base()
    for known in base.by_id(entity_id):
        if known.type == entity_type:
            names = (
                name
                for name, fit in base.names(known)
                if fit in (Fit.NAME, Fit.ALIAS) and len(name) >= SHORTEST
            )
            return tuple(islice(names, MOST))
    return ()
