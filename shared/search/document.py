"""The document of an article as every index stores it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field

from shared.events import EnrichedArticle, Entity, EntityType
from shared.revisions import Changes

# Which flat list an entity's type goes to; others are found by `entities_text` alone.
_PLACES: tuple[EntityType, ...] = ("LOC", "FACILITY")

Aliases = Callable[[Entity], Iterable[str]]


def no_aliases(_: Entity) -> Iterable[str]:
    """No further names."""
    return ()


class Document(EnrichedArticle):
    """An article with the flat lists that searches, facets and dashboards use.

    The ``*_text`` lists hold every name under which an entity can be searched: its canonical one,
    those that the article uses and those in use elsewhere, so that one spelling finds the other.
    """

    changes: Changes | None = None
    """What this revision changed; none of a first one, nor of one that was taken down."""
    dated_at: AwareDatetime
    """``published_at``, or ``first_seen_at`` where that is unknown: what dates are filtered by."""
    source: list[str] = Field([])
    """Name of the site and its host, without ``www.``."""
    people: list[str] = Field([])
    organizations: list[str] = Field([])
    places: list[str] = Field([])
    entity_ids: list[str] = Field([])
    locations: list[str] = Field([])
    """Places as ``latitude,longitude``, degrees."""
    people_text: list[str] = Field([])
    organizations_text: list[str] = Field([])
    places_text: list[str] = Field([])
    entities_text: list[str] = Field([])

    @classmethod
    def of(cls, article: EnrichedArticle, aliases: Aliases = no_aliases) -> Document:
        """The document of ``article``; ``aliases`` gives further names of an entity."""
        entities = article.entities

        def canonical(*types: EntityType) -> list[str]:
            return _unique(entity.name for entity in entities if entity.type in types)

        def every(*types: EntityType) -> list[str]:
            return _unique(
                name
                for entity in entities
                if not types or entity.type in types
                for name in (
                    entity.name,
                    *(mention.text for mention in entity.mentions),
                    *aliases(entity),
                )
            )

        return cls.model_construct(
            **dict(article),
            dated_at=article.published_at or article.first_seen_at,
            source=_unique(filter(None, (article.site_name, _host(article)))),
            people=canonical("PER"),
            organizations=canonical("ORG"),
            places=canonical(*_PLACES),
            entity_ids=_unique(entity.entity_id for entity in entities),
            locations=_unique(
                f"{entity.location[0]},{entity.location[1]}"
                for entity in entities
                if entity.location is not None
            ),
            people_text=every("PER"),
            organizations_text=every("ORG"),
            places_text=every(*_PLACES),
            entities_text=every(),
        )


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _host(article: EnrichedArticle) -> str | None:
    url = article.canonical_url or article.url
    try:
        host = urlsplit(url).hostname if url else None
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None
