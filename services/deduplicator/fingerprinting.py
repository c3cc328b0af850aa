"""The heavy work of the deduplicator, for one article: runs in a pool or in the calling thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import xxhash

from services.deduplicator import spun
from services.deduplicator.anchors import anchors_of
from services.deduplicator.embedding.embedder import embedder
from services.deduplicator.entry import (
    ENTRY,
    NO_DATE,
    PUBLISHED_EVIDENCE,
    packed_id,
    sealed,
)
from services.deduplicator.original import PRECISIONS
from services.deduplicator.sketch import sketch
from services.deduplicator.storyterms import terms_of
from services.deduplicator.tortured import MOST, tortured
from shared.errors import PermanentError
from shared.events import Article, Entity, Message, Precision, TaggedArticle
from shared.text import comparable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_GUESSED: Final = frozenset(("", "text"))
"""Where a date was found that nobody stated as the date of publication."""


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """An article and its entry for the log (:data:`~services.deduplicator.entry.ENTRY`)."""

    article: TaggedArticle
    value: bytes
    group: int
    """Language group: the log's partition."""


Fingerprinting = Callable[[Sequence[Message]], Awaitable[Sequence[Fingerprinted | BaseException]]]
"""Runs :func:`fingerprint_of` for each message of a batch, in order; what it raised stands in the
place of the message that raised it (``Pool(fingerprint_of, …).map``)."""


@dataclass(frozen=True, slots=True)
class Published:
    """When a text was published, and where that was found (``json-ld``, ``byline``, ``text``)."""

    at: datetime | None = None
    precision: Precision | None = None
    found_in: str = ""


def fingerprint_of(message: Message) -> Fingerprinted:
    """Validate and fingerprint a message of ``news.tagged``.

    Raises :class:`PermanentError` ``invalid_message`` when it is no such article.
    """
    article = TaggedArticle.decode(message.value)
    fields = fingerprint(article, article.entities)
    fields["source"], fields["position"] = message.partition, message.offset
    return Fingerprinted(article, sealed(fields), int(fields["group"]))


def fingerprint(article: Article, entities: Sequence[Entity]) -> Any:
    """The entry of ``article``; raises :class:`PermanentError` for a wrong content hash."""
    try:
        digest = bytes.fromhex(article.content_hash)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise PermanentError(
            "invalid_message", f"content_hash: no hexadecimal SHA-256: {article.content_hash!r}"
        )
    published = Published(
        article.published_at, article.published_precision, article.published_from or ""
    )
    fields = fingerprint_text(article.title, article.text, published, entities, article.language)
    fields["article"] = np.void(packed_id(article.article_id))
    fields["content"] = np.void(digest[:16])
    return fields


def fingerprint_text(
    title: str,
    text: str,
    published: Published,
    entities: Sequence[Entity] = (),
    language: str | None = None,
) -> Any:
    """A record of :data:`~services.deduplicator.entry.ENTRY` without its article and content."""
    made = sketch(comparable(text))
    fields = np.zeros((), dtype=ENTRY)[()]
    fields["group"], fields["size"] = made.group, made.size
    fields["keys"], fields["slots"] = made.keys, made.kept
    fields["title"] = _title_hash(title)
    anchors = anchors_of(text, [entity.name for entity in entities])
    fields["anchors"], fields["spun_keys"] = anchors, spun.keys(anchors)
    fields["tortured"] = min(len(tortured(text)), MOST)
    fields["embedding"] = embedder().embed(title, text)
    fields["terms"] = terms_of(title, text)
    fields["published"] = NO_DATE
    if published.at is not None:
        fields["published"] = (published.at - _EPOCH) // _MILLISECOND
        fields["precision"] = PRECISIONS.index(published.precision)
        if published.found_in not in _GUESSED:
            fields["flags"] = PUBLISHED_EVIDENCE
    return fields


def _title_hash(title: str) -> int:
    """32 bits of the comparable form of ``title``; 0 where there is none."""
    folded = comparable(title)
    return xxhash.xxh3_64_intdigest(folded.encode("utf-8", "surrogatepass")) >> 32 if folded else 0


async def fingerprint_here(batch: Sequence[Message]) -> list[Fingerprinted | PermanentError]:
    """Fingerprint ``batch`` in the calling thread."""
    return [_attempt(message) for message in batch]


def _attempt(message: Message) -> Fingerprinted | PermanentError:
    try:
        return fingerprint_of(message)
    except PermanentError as error:
        return error
