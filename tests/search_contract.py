"""What every search index must find: the same articles and cases for SQLite and Elasticsearch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.indexer.stage import IndexDocument
from shared.events import Duplicate, EnrichedArticle, Entity, EntityType, Mention, Message
from shared.runtime.stage import Emit
from shared.search.document import no_aliases
from shared.search.index import Filters
from shared.text import content_hash, stable_id

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def article_id(name: str) -> str:
    """The id of the article that tests call ``name``."""
    return stable_id("test", name)


def entity(
    name: str, type_: EntityType, id_: str, *mentions: str, at: tuple[float, float] | None = None
) -> Entity:
    """An entity with ``mentions``; their offsets do not matter to an index."""
    return Entity(
        name=name,
        type=type_,
        entity_id=id_,
        linked_by="alias",
        mentions=[Mention(start=0, end=len(text), text=text) for text in mentions],
        salience=0.5,
        location=at,
    )


def article(
    name: str,
    text: str,
    *,
    title: str = "",
    version: int = 1,
    hours: float = 0,
    duplicate: Duplicate | None = None,
    entities: list[Entity] | None = None,
    **fields: object,
) -> EnrichedArticle:
    """An enriched article, first seen ``hours`` after :data:`START`."""
    seen = START + timedelta(hours=hours)
    return EnrichedArticle.model_validate(
        {
            "article_id": article_id(name),
            "document_id": stable_id("document", name),
            "content_hash": content_hash(text),
            "received_at": seen,
            "first_seen_at": seen,
            "title": title,
            "text": text,
            "version": version,
            "duplicate": duplicate or Duplicate(group_id=article_id(name)),
            "entities": entities or [],
            **fields,
        }
    )


def emit(one: EnrichedArticle, namespace: str = "") -> Emit:
    """What the indexer makes of an article."""
    (outcome,) = IndexDocument(namespace, no_aliases)(Message(one.encode()))
    assert isinstance(outcome, Emit)
    return outcome


def articles() -> list[EnrichedArticle]:
    """The articles that :data:`CASES` search."""
    return [
        article(
            "talks",
            "Zelenskyy met “the leaders” of Kyiv’s allies.\n\nThe café was closed — they spoke.",
            title="Allies gather in Kyiv",
            entities=[
                entity("Volodymyr Zelensky", "PER", "Q3874799", "Zelenskyy"),
                entity("Kyiv", "LOC", "Q1899", "Kyiv", at=(50.45, 30.52)),
                entity("European Union", "ORG", "Q458", "EU"),
            ],
            site_name="Example Times",
            url="https://www.times.example.co.uk/talks",
            language="en",
            published_at=START - timedelta(days=3),
            provenance={"title": "json-ld"},
            authors=["Ann Example"],
        ),
        article(
            "copy",
            "Zelenskyy met the leaders of Kyiv's allies, an agency reports.",
            title="Leaders gather",
            hours=1,
            duplicate=Duplicate(
                kind="near", of=article_id("talks"), group_id=article_id("talks"), similarity=0.8
            ),
            entities=[entity("Volodymyr Zelensky", "PER", "Q3874799", "Zelenskyy")],
            site_name="Copy Post",
            language="en",
            published_at=START - timedelta(days=2),
        ),
        article(
            "flood",
            "Rivers were flooding the gov\u00adernment quarter. The mayor is running late.",
            title="Flood warning",
            hours=2,
            site_name="River News",
            language="en",
        ),
        article(
            "drought",
            "Reservoirs run dry. Kyiv Avenue stays open; so does the mayor's office.",
            title="Drought, not floods",
            hours=3,
            site_name="River News",
            language="en",
            published_at=START + timedelta(hours=1),
        ),
        article(
            "russian",
            "Выборы прошли спокойно.",
            title="Выборы",
            hours=4,
            language="ru",
            site_name="Пример",
        ),
    ]


DELETED = article("gone", "Zelensky and floods, taken down.", hours=5, deleted=True)

CASES: list[tuple[str, set[str]]] = [
    ("", {"talks", "copy", "flood", "drought", "russian"}),
    ("zelensky", {"talks", "copy"}),
    ("ZELENSKYY", {"talks", "copy"}),
    ("cafe", {"talks"}),
    ("kyiv", {"talks", "copy", "drought"}),
    ("“the leaders”", {"talks", "copy"}),
    ('"leaders the"', set()),
    ("Kyiv's allies", {"talks", "copy"}),
    ("Kyiv’s allies", {"talks", "copy"}),
    ("floods", {"flood", "drought"}),
    ('"flooding"', {"flood"}),
    ('"floods"', {"drought"}),
    ("runs mayor", {"flood", "drought"}),
    ("mayor -reservoir", {"flood"}),
    ("-mayor", {"talks", "copy", "russian"}),
    ("NOT mayor", {"talks", "copy", "russian"}),
    ("mayor NOT (reservoir OR zelensky)", {"flood"}),
    ("cafe OR avenue", {"talks", "drought"}),
    ("cafe OR avenue dry", {"talks", "drought"}),
    ("(cafe OR avenue) dry", {"drought"}),
    ("cafe AND allies", {"talks"}),
    ("government", {"flood"}),
    ("title:flood", {"flood", "drought"}),
    ('title:"flood warning"', {"flood"}),
    ("title:mayor", set()),
    ("person:zelensky", {"talks", "copy"}),
    ('person:"volodymyr zelensky"', {"talks", "copy"}),
    ("person:kyiv", set()),
    ("place:kyiv", {"talks"}),
    ('org:"european union"', {"talks"}),
    ("org:eu", {"talks"}),
    ("entity:Q1899", {"talks"}),
    ("entity:zelenskyy", {"talks", "copy"}),
    ("source:times", {"talks"}),
    ("source:example.co.uk", {"talks"}),
    ('source:"river news"', {"flood", "drought"}),
    ("language:ru", {"russian"}),
    ("выборы", {"russian"}),
    ("-language:en", {"russian"}),
    ("flood & warning", {"flood"}),
    ("nothing-like-this", set()),
    ("title:flood zelensky", set()),
]

FILTERS: list[tuple[str, Filters, set[str]]] = [
    ("kyiv", Filters(source="Copy Post"), {"copy"}),
    ("", Filters(entity="Q1899"), {"talks"}),
    ("", Filters(entity="Volodymyr Zelensky"), {"talks", "copy"}),
    ("", Filters(language="ru"), {"russian"}),
    ("", Filters(kind="near"), {"copy"}),
    ("kyiv", Filters(kind="none"), {"talks", "drought"}),
    ("", Filters(since=START - timedelta(days=2), until=START), {"copy"}),
    # Without a date of its own an article counts by when it was first seen.
    ("", Filters(since=START + timedelta(hours=2)), {"flood", "russian"}),
]
