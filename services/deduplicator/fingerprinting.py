"""The heavy work of the deduplicator, for one article: runs in a pool or in the calling thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.deduplicator.fingerprint import Fingerprint, title_hash
from services.deduplicator.sketch import sketch
from shared.errors import PermanentError
from shared.events import Article, Message, TaggedArticle
from shared.text import comparable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """An article and its fingerprint."""

    article: TaggedArticle
    fingerprint: Fingerprint


Fingerprinting = Callable[[Sequence[Message]], Awaitable[Sequence[Fingerprinted | BaseException]]]
"""Runs :func:`fingerprint_of` for each message of a batch, in order; what it raised stands in the
place of the message that raised it (``Pool(fingerprint_of, …).map``)."""


def fingerprint_of(message: Message) -> Fingerprinted:
    """Validate and fingerprint a message of ``news.tagged``.

    Raises :class:`PermanentError` ``invalid_message`` when it is no such article.
    """
    article = TaggedArticle.decode(message.value)
    return Fingerprinted(article, fingerprint(article))


def fingerprint(article: Article) -> Fingerprint:
    """The fingerprint of ``article``; raises :class:`PermanentError` for a wrong content hash."""
    try:
        digest = bytes.fromhex(article.content_hash)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise PermanentError(
            "invalid_message", f"content_hash: no hexadecimal SHA-256: {article.content_hash!r}"
        )
    published = article.published_at
    return Fingerprint(
        article_id=article.article_id,
        content_hash=digest,
        sketch=sketch(comparable(article.text)),
        document_id=article.document_id,
        published_ms=None if published is None else (published - _EPOCH) // _MILLISECOND,
        published_precision=article.published_precision,
        published_from=article.published_from or "",
        title_hash=title_hash(article.title),
    )


async def fingerprint_here(batch: Sequence[Message]) -> list[Fingerprinted | PermanentError]:
    """Fingerprint ``batch`` in the calling thread."""
    return [_attempt(message) for message in batch]


def _attempt(message: Message) -> Fingerprinted | PermanentError:
    try:
        return fingerprint_of(message)
    except PermanentError as error:
        return error
