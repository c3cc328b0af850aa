"""Articles and messages with little to say, for tests that care for one field of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from shared.events import Article, Envelope, Message
from shared.text import content_hash, stable_id

A = TypeVar("A", bound=Article)

RECEIVED = datetime(2026, 11, 1, tzinfo=UTC)


def build(model: type[A], text: str = "A text.", *, name: str = "", **fields: Any) -> A:
    """An article of class ``model``, valid but for what ``fields`` change.

    Its ids are made from ``name``, or from ``text`` when none is given.
    """
    defaults: dict[str, Any] = {
        "article_id": stable_id(name or text),
        "document_id": stable_id("document", name or text),
        "content_hash": content_hash(text),
        "received_at": RECEIVED,
        "text": text,
    }
    return model(**(defaults | fields))


def message_of_article(article: Article, **envelope: Any) -> Message:
    """``article`` as the stage after it reads it; ``envelope`` changes its envelope's fields."""
    facts = {"id": article.article_id, "type": type(article).TYPE} | envelope
    return Message(article.encode(), article.article_id.encode(), Envelope(**facts).headers())
