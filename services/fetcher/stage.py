"""The fetcher's work: from one dropped message to the raw documents in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.fetcher.formats.base import Document, Refused, Skipped
from services.fetcher.formats.text import HTML_TYPES
from services.fetcher.limits import Budget, Exhausted
from services.fetcher.settings import FetcherSettings
from services.fetcher.unpack import Found, Part, Unpacker, clip, join
from services.fetcher.verdict import Verdict, verdict
from shared.errors import PermanentError
from shared.events import Envelope, Headers, Message, from_milliseconds
from shared.fetching import DOWNLOAD_HEADER, Download
from shared.runtime.stage import Drop, Emit, Outcome, Outcomes, Reject
from shared.text import document_id

TYPE = "news.document.v1"
SOURCE = "wireroom/fetcher"
NAME_HEADER = "ce_membername"
"""Header of a part that its sender unpacked: the name that its container gave it, as a hint."""

_CUT = " (its first "


class Fetch:
    """Unwraps a message of ``news.ingest`` into documents; the same message gives the same.

    Every document inside becomes an :class:`Emit` whose value is its bytes as they came (of what
    has a structure of its own, a mapped form, :class:`shared.records.Record`), every bad part a
    :class:`Reject` beside them, litter of archives a :class:`Drop`. When a limit on the whole
    message is reached, what was found until then is given and the message as a whole is rejected
    too: read again under higher limits, its documents keep their ids. Never raises for bad input.
    """

    def __init__(self, settings: FetcherSettings) -> None:
        self._settings = settings
        self._unpacker = Unpacker(settings)

    def __call__(self, message: Message, /) -> Outcomes:
        """The outcomes of ``message``, at least one."""
        size = sum(len(name) + len(value or b"") for name, value in message.headers)
        limit = self._settings.max_header_bytes
        if size > limit:
            detail = f"{size} bytes of headers, max_header_bytes={limit}"
            return [Reject("headers_too_large", f"{message.place}: {detail}")]
        outcomes = list(_Unwrapping(self._settings, self._unpacker, message).outcomes())
        if len(outcomes) == 1 and isinstance(outcomes[0], Reject):
            # The message as it came says more than the one part that was refused.
            detail = outcomes[0].detail.partition(_CUT)[0]
            return [replace(outcomes[0], data=None, detail=detail)]
        return outcomes


class _Unwrapping:
    """One message being unwrapped.

    What is inside names the message as its parent, with the whole path to it as its place: an
    archive in an archive needs no identity of its own, and so can be streamed.
    """

    def __init__(self, settings: FetcherSettings, unpacker: Unpacker, message: Message) -> None:
        self._settings = settings
        self._unpacker = unpacker
        self._budget = Budget(settings)
        self._data = message.value or b""
        envelope = Envelope.parse(message.headers)
        received = envelope.received_at or envelope.time or from_milliseconds(message.timestamp_ms)
        extra = {k: v for k, v in envelope.extra.items() if k not in (DOWNLOAD_HEADER, NAME_HEADER)}
        self._base = envelope.derive(
            type=TYPE,
            source=SOURCE,
            filename=clip(envelope.filename),
            member=clip(envelope.member),
            received_at=received,
            time=received,
            extra=extra,
        )
        self._root = ""
        base = self._base
        name = base.filename or base.member or base.url.partition("?")[0]
        self._name = envelope.extra.get(NAME_HEADER, name)
        self._requested = _requested_url(envelope.extra.get(DOWNLOAD_HEADER))

    def outcomes(self) -> Iterator[Outcome]:
        """Everything in the message; a limit on the whole ends it with a last rejection."""
        base = self._base
        if not self._data:
            yield self._rejected("empty", "the message has no bytes", base.member, None)
            return
        source = self._unpacker.source(self._data, self._name, base.content_type, base.url)
        empty = True
        try:
            for found in self._unpacker.documents(Part(source), self._budget):
                empty = False
                yield self._outcome(found)
        except Exhausted as limit:
            yield self._rejected(limit.reason, limit.detail, base.member, None)
            return
        finally:
            source.close()
        if empty:
            yield self._rejected("empty", "the container holds nothing", base.member, None)

    def _outcome(self, found: Found) -> Outcome:
        if isinstance(found.item, Skipped):
            return Drop(found.item.reason)
        if isinstance(found.item, Refused):
            return self._refused(found, found.item)
        return self._document(found, found.item)

    def _document(self, found: Found, document: Document) -> Outcome:
        against = self._against(found, document)
        if against is not None:
            reason, detail = against
            whole = not document.step
            refused = Refused(reason, detail, document.data, document.step, whole)
            return self._refused(found, refused)
        parent = self._root_id() if found.place else self._base.parent
        place = join(self._base.member, found.place)
        # One of several is not the page that was fetched.
        url = document.url or ("" if document.step else found.part.url)
        identity = document_id(document.data, url=url, parent=parent, place=place)
        envelope = self._base.derive(
            id=identity,
            content_type=document.content_type,
            url=url,
            parent=parent,
            member=place,
            time=found.part.seen_at or self._base.time,
        )
        headers = envelope.headers()
        self._budget.given(len(document.data) + _size(headers))
        return Emit(document.data, identity.encode("ascii"), headers)

    def _against(self, found: Found, document: Document) -> tuple[str, str] | None:
        """Reason and detail of what speaks against handing ``document`` on."""
        limit = self._settings.max_document_bytes
        if len(document.data) > limit:
            return "too_large", f"{len(document.data)} bytes, max_document_bytes={limit}"
        seen = self._verdict(found, document)
        return (seen.reason, f"the page is no article: {seen.sign}") if seen else None

    def _verdict(self, found: Found, document: Document) -> Verdict | None:
        kind, _, charset = document.content_type.partition("; charset=")
        if kind not in HTML_TYPES or not self._settings.refuse_non_articles:
            return None
        answered = found.part.url
        html = document.data.decode(charset or "utf-8", "replace")
        return verdict(html, self._requested if answered == self._base.url else "", answered)

    def _refused(self, found: Found, refused: Refused) -> Reject:
        place = join(self._base.member, found.place)
        if refused.whole and not found.part.place:
            return self._rejected(refused.reason, refused.detail, place, None)
        source = found.part.source
        data = source.kept if refused.whole else refused.data
        detail, most = refused.detail, self._settings.max_rejected_bytes
        kept = data[:most]
        if len(kept) < len(data) or (refused.whole and not source.whole):
            detail += f"{_CUT}{len(kept)} bytes are kept)"
        return self._rejected(refused.reason, detail, place, kept)

    def _rejected(self, reason: str, detail: str, place: str, data: bytes | None) -> Reject:
        name = self._base.filename or self._base.url or f"document {self._root_id()}"
        if data is not None:  # a rejection of the whole message costs no copy, and must pass
            self._budget.given(len(data) + len(detail) + len(place) + len(name))
        return Reject(reason, f"{name}: {detail}", data, place)

    def _root_id(self) -> str:
        """What parts name as their parent.

        A message that is itself a part of something, unpacked by its sender, is no parent: parts
        of it are parts of that.
        """
        base = self._base
        if not self._root:
            self._root = base.parent or document_id(self._data, url=base.url)
        return self._root


def _requested_url(download: str | None) -> str:
    """What was asked for, of something that was fetched; empty where nothing tells."""
    try:
        return Download.decode(download.encode()).requested_url if download else ""
    except PermanentError:
        return ""


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)
