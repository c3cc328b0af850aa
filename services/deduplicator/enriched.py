"""The enriched article: what was tagged, with what was decided of it."""

from __future__ import annotations

from typing import Any

from services.deduplicator.evidence import article_name, evidence
from services.deduplicator.verdicts import KINDS, NO_STORY
from shared.events import (
    Duplicate,
    EnrichedArticle,
    Envelope,
    Headers,
    TaggedArticle,
    from_milliseconds,
)
from shared.runtime.stage import Emit


def emitted(article: TaggedArticle, row: Any, headers: Headers) -> Emit:
    """The message of ``article`` with what ``row`` tells of it.

    ``row``: a record of :data:`~services.deduplicator.rows.ROW`; ``headers``: of the message that
    ``article`` came in.
    """
    kind = KINDS[row["kind"]]
    # The article is validated: its fields, which are models themselves, are taken over as they are.
    enriched = EnrichedArticle.model_construct(
        **{name: getattr(article, name) for name in type(article).model_fields},
        first_seen_at=from_milliseconds(int(row["first_seen"])),
        version=int(row["version"]),
        revision=int(row["revision"]),
        duplicate=Duplicate(
            kind=kind,
            of=None if kind == "none" else article_name(row["of"]),
            group_id=article_name(row["group"]),
            similarity=None if kind == "none" else int(row["similarity"]) / 1000,
            evidence=evidence(row),
        ),
        story_id=None if row["story"].tobytes() == NO_STORY else article_name(row["story"]),
    )
    envelope = Envelope.parse(headers).derive(
        id=article.article_id, type=EnrichedArticle.TYPE, source="wireroom/deduplicator"
    )
    return Emit(enriched.encode(), article.article_id.encode(), envelope.headers())
