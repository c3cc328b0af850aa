"""Mail (RFC 5322): the article in it, what is attached, and what is no news."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.fetcher.formats import mail_facts
from services.fetcher.formats.base import (
    NO,
    STRUCTURE,
    Child,
    Document,
    Found,
    Refused,
    Skipped,
)
from services.fetcher.formats.forwarded import Forwarded, in_html, in_text
from services.fetcher.formats.mail_text import blank, html_of, is_encrypted, unfolded, unsigned
from services.fetcher.formats.mime import Entity, fields_at
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

_KNOWN = frozenset(
    ("from", "to", "subject", "date", "received", "message-id", "mime-version", "return-path",
     "delivered-to", "reply-to", "sender", "cc", "content-type", "content-transfer-encoding",
     "x-mailer", "user-agent", "list-id", "list-unsubscribe", "dkim-signature", "in-reply-to",
     "references", "newsgroups", "path", "x-original-to", "authentication-results", "bcc",
     "received-spf", "x-priority", "thread-topic")
)  # fmt: skip
_SENT = ("from", "received", "message-id", "return-path", "sender")
_MACHINE = frozenset(
    ("received", "message-id", "mime-version", "return-path", "delivered-to", "dkim-signature",
     "newsgroups", "list-id", "x-mailer")
)  # fmt: skip
_SUFFIXES = (".eml", ".email", ".rfc822")
_TYPES = ("message/rfc822", "message/global", "message/news")
_MESSAGES = ("message/rfc822", "message/global", "message/news")
_ENCRYPTED = (
    "multipart/encrypted", "application/pgp-encrypted", "application/pkcs7-mime",
    "application/x-pkcs7-mime",
)  # fmt: skip
_SKIPPED = {
    "text/calendar": "calendar",
    "application/ics": "calendar",
    "text/vcard": "visiting_card",
    "text/x-vcard": "visiting_card",
    "text/directory": "visiting_card",
    "application/pgp-signature": "signature",
    "application/pgp-keys": "key",
    "application/pkcs7-signature": "signature",
    "application/x-pkcs7-signature": "signature",
    "message/delivery-status": "delivery_report",
    "message/global-delivery-status": "delivery_report",
    "message/disposition-notification": "delivery_report",
    "message/feedback-report": "delivery_report",
    "text/rfc822-headers": "delivery_report",
    "message/external-body": "external_body",
    "text/css": "not_news",
    "text/x-amp-html": "alternative",
    "text/watch-html": "alternative",
    "text/enriched": "alternative",
}
_MEDIA = ("image/", "audio/", "video/", "font/")
_PAGE = ("<!doctype html", "<html")  # also where the sender calls it plain text
_REPORTS = ("delivery-status", "disposition-notification", "feedback-report")


class Mail:
    """One mail: its article as a record, its attachments as children.

    The article is the HTML where there is some, else the plain text. Of a forwarded one the
    block's own author, date and subject count, and the comment before it does not.
    """

    name = "mail"
    container = True
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By a block of headers, of which a prose text has none, that tells of its way."""
        fields = fields_at(sample.head, len(sample.data) <= len(sample.head) and sample.complete)
        if fields is None:
            return NO
        known = _KNOWN & fields.keys()
        if sample.suffix in _SUFFIXES or sample.media_type in _TYPES:
            return STRUCTURE + 10 if known else NO
        proven = bool(_MACHINE & known) or "@" in fields.get("from", "")
        sent = any(name in known for name in _SENT)
        return STRUCTURE + 10 if len(known) >= 3 and sent and proven else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The record first, then what is attached; alone, a mail without text is refused."""
        mail = Entity.of(source.data)
        contents = _Contents(mail, budget.settings.max_document_bytes)
        contents.take(mail)
        refused = contents.refused
        article = None if refused else _article(mail, contents.bodies)
        if article is not None:
            yield Document(article.encode(), Record.CONTENT_TYPE)
        elif refused is not None:
            yield refused
        elif all(isinstance(item, Skipped) for item in contents.others):
            yield Refused("no_text", "a mail without text and attachments", whole=True)
        yield from contents.others


@dataclass(frozen=True, slots=True)
class _Body:
    text: str
    is_html: bool


@dataclass(slots=True)
class _Contents:
    """What a mail holds, sorted."""

    mail: Entity
    limit: int
    """Bytes of a text; a larger one is refused before time is spent on it."""
    bodies: list[_Body] = field(default_factory=list)
    others: list[Found] = field(default_factory=list)
    refused: Refused | None = None
    _count: int = 0

    def take(self, part: Entity) -> None:
        """Sort ``part`` and the parts in it."""
        kind = part.type
        if kind.startswith("multipart/") and kind != "multipart/encrypted":
            parts = list(part.parts())
            if parts:
                self._take_several(part, kind.partition("/")[2], parts)
                return
            kind = "text/plain"  # no boundary: what there is is read as text
        self._count += 1
        reason = _SKIPPED.get(kind)
        if kind in _ENCRYPTED:
            self._take_encrypted(part, kind)
        elif kind in _MESSAGES:
            self._attach(part, part.content(), "message/rfc822")
        elif reason is not None:
            self.others.append(Skipped(reason))
        elif kind.startswith(_MEDIA):
            self.others.append(Skipped(kind.partition("/")[0]))
        elif kind in ("text/plain", "text/html") and (
            not _is_attached(part) or (part is self.mail and part.disposition != "attachment")
        ):
            self._take_text(part, kind == "text/html")
        elif kind == "message/partial":
            self._refuse("partial_message", "a piece of a mail; its others are elsewhere", part)
        elif kind == "application/ms-tnef":
            self._refuse("unsupported_format", "a TNEF attachment (winmail.dat) is not read", part)
        else:
            self._attach(part, part.content(), part.raw("content-type"))

    def _take_several(self, part: Entity, kind: str, parts: list[Entity]) -> None:
        if kind == "report" and part.parameter("report-type").lower() in _REPORTS:
            if self.refused is None and part is self.mail:
                detail = "a mail system's notice of another mail is no article"
                self.refused = Refused("delivery_report", detail, whole=True)
            return
        if kind == "alternative":
            self._take_best(parts)
        elif kind == "signed":
            self.take(parts[0])
            self.others.extend(Skipped("signature") for _ in parts[1:])
        elif kind == "related":
            start = part.parameter("start").strip("<> ")
            named = (p for p in parts if start and p.raw("content-id").strip("<> ") == start)
            root = next(named, parts[0])
            self.take(root)
            for other in parts:
                if other is root:
                    continue
                if other.type.startswith("text/") and not _is_attached(other):
                    self.others.append(Skipped("embedded"))
                else:
                    self.take(other)
        else:
            for inner in parts:
                self.take(inner)

    def _take_best(self, parts: list[Entity]) -> None:
        """Of alternatives the HTML, where it says anything; what they hold else is kept."""
        before = self.bodies
        choices: list[list[_Body]] = []
        for inner in parts:
            self.bodies = []
            self.take(inner)
            if self.bodies:
                choices.append(self.bodies)
        rich = [choice for choice in choices if any(body.is_html for body in choice)]
        self.bodies = [*before, *(rich[-1] if rich else choices[0] if choices else [])]

    def _take_text(self, part: Entity, is_html: bool) -> None:
        size = len(part.body)
        if size > 4 * self.limit or (size > self.limit and len(part.content()) > self.limit):
            detail = f"a text of {size} bytes, max_document_bytes={self.limit}"
            self._refuse("too_large", detail, part)
            return
        text = part.as_text(is_html).replace("\r\n", "\n").replace("\x00", "")
        is_html = is_html or text[:200].lstrip().lower().startswith(_PAGE)
        if not is_html:
            text = unsigned(text)
            if part.parameter("format").lower() == "flowed":
                text = unfolded(text, part.parameter("delsp").lower() == "yes")
            if is_encrypted(text):
                self._refuse("encrypted", "the text is encrypted with PGP", part)
                return
        if not blank(text, is_html):
            self.bodies.append(_Body(text, is_html))

    def _take_encrypted(self, part: Entity, kind: str) -> None:
        if "signed" in part.parameter("smime-type").lower():
            self._refuse("unsupported_format", "an S/MIME envelope is not read", part)
        else:
            method = "S/MIME" if "pkcs7" in kind else "PGP"
            self._refuse("encrypted", f"the mail is encrypted with {method}", part)

    def _refuse(self, reason: str, detail: str, part: Entity) -> None:
        if part is self.mail:
            self.refused = Refused(reason, detail, whole=True)
        else:
            step = self._step(part.filename)
            self.others.append(Refused(reason, detail, part.body, step))

    def _attach(self, part: Entity, data: bytes, content_type: str) -> None:
        name = part.filename
        if not data.strip():
            self.others.append(Skipped("empty_attachment"))
            return
        moment = mail_facts.sent_at(self.mail)
        self.others.append(Child(data, self._step(name), name, content_type, seen_at=moment))

    def _step(self, name: str) -> str:
        return f"part {self._count}: {name}" if name else f"part {self._count}"


def _is_attached(part: Entity) -> bool:
    return part.disposition == "attachment" or bool(part.filename)


def _article(mail: Entity, bodies: list[_Body]) -> Record | None:
    if not bodies:
        return None
    is_html = any(body.is_html for body in bodies)
    if is_html:
        pieces = [body.text if body.is_html else html_of(body.text) for body in bodies]
    else:
        pieces = [body.text for body in bodies]
    text = "\n\n".join(pieces)
    facts = mail_facts.facts(mail)
    meant = facts.forwards
    for _ in range(5):  # forwarded again and again
        inner: Forwarded | None = (in_html if is_html else in_text)(text, meant=meant)
        if inner is None:
            break
        text = inner.content
        facts = facts.forwarded(inner)
    return Record(
        html=text if is_html else None,
        text=None if is_html else text,
        title=facts.title or None,
        authors=facts.authors,
        published_at=facts.published_at or None,
        site_name=facts.site_name or None,
    )
