"""The cleaner over JSON Lines: for backfills, debugging and evaluation."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from shared.errors import PermanentError
from shared.events import Article, Envelope, Message, parse_time
from shared.runtime.stage import Emit
from shared.settings import load_settings


class CleanLine:
    """One record in, one out, with keys in the order of the contract's table."""

    def __init__(self, settings: CleanerSettings | None = None) -> None:
        self._clean = Clean(settings or load_settings(CleanerSettings))

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Clean ``record``: ``id``, ``content`` (text) or ``content_base64``, ``content_type``,
        ``url``?, ``filename``?, ``received_at``? (ISO 8601; else now).

        Raises :class:`PermanentError`: what :class:`Clean` raises, or ``invalid_record`` naming
        the field that is missing or wrong.
        """
        identity = record.get("id")
        if not isinstance(identity, str | int) or identity == "":
            raise PermanentError("invalid_record", "id: a string is needed")
        envelope = Envelope(
            id=str(identity),
            content_type=_string(record, "content_type"),
            url=_string(record, "url"),
            filename=_string(record, "filename"),
            received_at=_moment(record),
        )
        data, charset = _content(record)
        if charset:  # what content_type says of the original bytes is true no more
            kind = envelope.content_type.split(";")[0]
            envelope = envelope.derive(content_type=f"{kind}; charset={charset}")
        outcome = self._clean(Message(value=data, headers=envelope.headers()))[0]
        assert isinstance(outcome, Emit)
        article = Article.decode(outcome.value)
        published = article.published_at
        return {
            "id": identity,
            "title": article.title,
            "authors": article.authors,
            "published_at": published.isoformat() if published else None,
            "published_precision": article.published_precision,
            "published_from": article.published_from,
            "language": article.language,
            "description": article.description,
            "topics": article.topics,
            "site_name": article.site_name,
            "canonical_url": article.canonical_url,
            "text": article.text,
            "article_id": article.article_id,
            "content_hash": article.content_hash,
            "agencies": article.agencies,
            "section": article.section,
            "image": article.image,
            "licence": article.licence,
            "paywalled": article.paywalled,
            "modified_at": article.modified_at.isoformat() if article.modified_at else None,
            "modified_precision": article.modified_precision,
            "passages": [passage.model_dump() for passage in article.passages],
            "provenance": article.provenance,
            "confidence": article.confidence,
        }


def _string(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PermanentError("invalid_record", f"{name}: a string is needed")
    return value


def _moment(record: dict[str, Any]) -> datetime:
    written = _string(record, "received_at")
    if not written:
        return datetime.now(UTC)
    moment = parse_time(written)
    if moment is None:
        raise PermanentError("invalid_record", f"received_at: {written[:40]!r} is not ISO 8601")
    return moment


def _content(record: dict[str, Any]) -> tuple[bytes, str]:
    """The bytes, and their character set when they were given as text."""
    content, encoded = record.get("content"), record.get("content_base64")
    if isinstance(content, str):
        return content.encode("utf-8", "replace"), "utf-8"
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True), ""
        except (binascii.Error, ValueError) as error:
            raise PermanentError("invalid_record", f"content_base64: {error}") from error
    raise PermanentError("invalid_record", "content or content_base64: a string is needed")
