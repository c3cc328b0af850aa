"""The cleaner's transform: one raw document in, one article out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from services.cleaner.characters import decode, one_line
from services.cleaner.extracted import Extracted, Trace
from services.cleaner.hints import apply_hints
from services.cleaner.language.identify import identify
from services.cleaner.markup.article import extract_html
from services.cleaner.metadata.canonical import origin, site_of
from services.cleaner.passages import passages
from services.cleaner.plain.article import extract_text
from services.cleaner.record import extract_record
from services.cleaner.settings import CleanerSettings
from shared.errors import PermanentError
from shared.events import Article, Envelope, Message, from_milliseconds
from shared.fetching import HINTS_HEADER
from shared.records import Record
from shared.runtime.stage import Emit, Outcomes
from shared.text import article_id, canonical_url, content_hash, document_id

SOURCE = "wireroom/cleaner"
_MARKUP = re.compile(
    r"<(?:!doctype html|html|head|body|article|div|p|h1|meta|title)\b", re.IGNORECASE
)
_BINARY = re.compile(
    r"^(?:image|audio|video|font)/|^application/(?:pdf|zip|gzip|octet-stream-binary)\b"
)


@dataclass(frozen=True, slots=True)
class Document:
    """One raw document with the facts that came along."""

    data: bytes
    content_type: str
    url: str | None
    name: str
    """What errors call it: its file name, URL or id."""
    now: datetime
    """When it was received; no date after it is believed."""


class Clean:
    """A :class:`~shared.runtime.stage.Transform` from ``news.documents`` to ``news.articles``."""

    def __init__(self, settings: CleanerSettings) -> None:
        self._settings = settings

    def __call__(self, message: Message) -> Outcomes:
        """One :class:`Article`.

        Raises :class:`PermanentError`: ``no_text``, ``too_long``, ``undecodable``,
        ``unsupported_type``, ``invalid_message`` (a record) or ``extraction_failed``.
        """
        envelope = Envelope.parse(message.headers)
        data = message.value or b""
        now = envelope.received_at or from_milliseconds(message.timestamp_ms)
        name = envelope.filename or envelope.url or envelope.id or message.place
        if envelope.member:
            name = f"{name} ({envelope.member})"
        document = Document(data, envelope.content_type, envelope.url or None, name, now)
        found, url = self.extract(document)
        apply_hints(found, envelope.extra.get(HINTS_HEADER, ""), now)
        canonical = _identity_url(url, found.canonical_url)
        identity = article_id(canonical, found.text)
        published, modified = found.published, found.modified
        article = Article(
            article_id=identity,
            document_id=envelope.id or document_id(data, url=url),
            content_hash=content_hash(found.text),
            url=url,
            canonical_url=canonical,
            filename=envelope.filename or None,
            parent=envelope.parent or None,
            member=envelope.member or None,
            content_type=envelope.content_type or None,
            received_at=now,
            title=found.title,
            authors=found.authors,
            agencies=found.agencies,
            published_at=published.moment if published else None,
            published_precision=published.precision if published else None,
            published_from=published.found_in if published else None,
            modified_at=modified.moment if modified else None,
            modified_precision=modified.precision if modified else None,
            description=found.description,
            topics=found.topics,
            section=found.section,
            site_name=found.site_name,
            image=found.image,
            licence=found.licence,
            paywalled=found.paywalled,
            language=found.language,
            passages=found.passages,
            text=found.text,
            provenance=found.provenance,
            confidence={name: round(sure, 2) for name, sure in found.confidence.items()},
        )
        headers = envelope.derive(
            id=identity, type=Article.TYPE, source=SOURCE, content_type="application/json"
        ).headers()
        return [Emit(article.encode(), identity.encode(), headers)]

    def extract(
        self, document: Document, trace: list[Trace] | None = None
    ) -> tuple[Extracted, str | None]:
        """What is in ``document``, and its URL. Raises as calling does.

        What becomes of its blocks is noted in ``trace``, where there is one: also of a document
        that is refused in the end.
        """
        kind = document.content_type.split(";")[0].strip().lower()
        url, name, now = document.url, document.name, document.now
        if not document.data.strip():
            raise PermanentError("no_text", f"{name}: the document is empty")
        if _BINARY.match(kind):
            raise PermanentError("unsupported_type", f"{name}: {kind} holds no text to clean")
        if kind in (Record.CONTENT_TYPE, "application/json"):
            record = Record.decode(document.data)
            url = record.url or url
            found = extract_record(record, url=url, now=now, name=name, trace=trace)
        else:
            text = decode(document.data, document.content_type, name)
            if is_html(kind, text):
                found = extract_html(text, url=url, now=now, name=name, trace=trace)
            else:
                found = extract_text(text, url=url, now=now, name=name, trace=trace)
        return self._finish(found, name), url

    def _finish(self, found: Extracted, name: str) -> Extracted:
        limit = self._settings.max_characters
        if len(found.text) > limit:
            raise PermanentError(
                "too_long", f"{name}: {len(found.text)} characters of text, limit {limit}"
            )
        found.title = one_line(found.title)[:500]
        found.description = one_line(found.description)[:2_000]
        if found.provenance.get("language") != "record":
            told = identify(found.text, found.language)
            # The text itself is better evidence than the page's template.
            if told:
                found.put("language", told.language, "text", told.sure)
        found.passages = passages(found.text, found.language)
        return found


def is_html(kind: str, text: str) -> bool:
    """Whether ``text``, of the media type ``kind``, is read as HTML."""
    if kind in ("text/html", "application/xhtml+xml"):
        return True
    return kind in ("", "application/octet-stream", "text/xml", "application/xml") and bool(
        _MARKUP.search(text[:2_000])
    )


def _identity_url(url: str | None, declared: str | None) -> str | None:
    """The canonical URL: the page's own word for it, where it stays on its own site."""
    own = canonical_url(origin(url)) if url else None
    if own is None or declared is None:
        return own or declared
    return declared if site_of(own) == site_of(declared) else own
