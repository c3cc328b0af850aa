"""The fetcher's work: from one dropped message to the raw documents in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from services.fetcher.formats import recognise, registry
from services.fetcher.formats.base import Child, Document, Format, Refused, Skipped
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from shared.events import Envelope, Headers, Message, from_milliseconds
from shared.runtime.stage import Drop, Emit, Outcome, Outcomes, Reject
from shared.text import document_id

TYPE = "news.document.v1"
SOURCE = "wireroom/fetcher"

_NAME_LIMIT = 512
"""Characters of a place or a file name that are kept; longer ones end in a hash of themselves."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A sample and its place in the message. ``parent`` is the id of the container around it."""

    sample: Sample
    place: str
    parent: str
    depth: int = 0
    root: bool = False


class Fetch:
    """Unwraps a message of ``news.ingest`` into documents; the same message gives the same.

    Every document inside becomes an :class:`Emit` whose value is its bytes as they came (a
    record of JSON: its mapped form, :class:`shared.records.Record`), every bad part a
    :class:`Reject` beside them, litter of archives a :class:`Drop`. When a limit on the whole
    message is reached, what was found until then is given and the message as a whole is rejected
    too: read again under higher limits, its documents keep their ids. Never raises for bad input.
    """

    def __init__(self, settings: FetcherSettings) -> None:
        self._settings = settings
        self._formats = registry(settings)

    def __call__(self, message: Message, /) -> Outcomes:
        """The outcomes of ``message``, at least one."""
        size = sum(len(name) + len(value or b"") for name, value in message.headers)
        limit = self._settings.max_header_bytes
        if size > limit:
            detail = f"{size} bytes of headers, max_header_bytes={limit}"
            return [Reject("headers_too_large", f"{message.place}: {detail}")]
        unwrapping = _Unwrapping(self._settings, self._formats, message)
        return list(unwrapping.outcomes())


class _Unwrapping:
    """One message being unwrapped."""

    def __init__(
        self, settings: FetcherSettings, formats: tuple[Format, ...], message: Message
    ) -> None:
        self._settings = settings
        self._formats = formats
        self._budget = Budget(settings)
        self._data = message.value or b""
        envelope = Envelope.parse(message.headers)
        received = envelope.received_at or envelope.time or from_milliseconds(message.timestamp_ms)
        self._base = envelope.derive(
            type=TYPE,
            source=SOURCE,
            filename=_clip(envelope.filename),
            member=_clip(envelope.member),
            received_at=received,
            time=received,
        )

    def outcomes(self) -> Iterator[Outcome]:
        """Everything in the message; a limit on the whole ends it with a last rejection."""
        base = self._base
        if not self._data:
            yield self._rejected("empty", "the message has no bytes", base.member, None)
            return
        name = base.filename or base.member or base.url.partition("?")[0]
        sample = Sample(self._data, name, base.content_type)
        root = _Node(sample, base.member, base.parent, root=True)
        empty = True
        try:
            for outcome in self._unwrap(root):
                empty = False
                yield outcome
        except Exhausted as limit:
            yield self._rejected(limit.reason, limit.detail, base.member, None)
            return
        if empty:
            yield self._rejected("empty", "the container holds nothing", base.member, None)

    def _unwrap(self, node: _Node) -> Iterator[Outcome]:
        refusal = self._refusal(node)
        if refusal is not None:
            yield self._refused(node, refusal)
            return
        chosen = recognise(self._formats, node.sample)
        if chosen is None:
            head = node.sample.data[:8].hex(" ")
            yield self._refused(
                node, _whole("not_text", f"neither text nor a known format; it begins {head}")
            )
            return
        if chosen.container and node.depth >= self._settings.max_depth:
            limit = self._settings.max_depth
            detail = f"a {chosen.name} inside {node.depth} containers, max_depth={limit}"
            yield self._refused(node, _whole("nested_too_deep", detail))
            return
        identity = ""
        try:
            for found in chosen.unwrap(node.sample, self._budget):
                self._budget.member()
                if isinstance(found, Skipped):
                    yield Drop(found.reason)
                elif isinstance(found, Refused):
                    yield self._refused(node, found)
                elif isinstance(found, Child):
                    identity = identity or self._id(node.sample.data, node)
                    sample = Sample(found.data, _clip(found.name), found.content_type)
                    place = _join(node.place, found.step)
                    yield from self._unwrap(_Node(sample, place, identity, node.depth + 1))
                else:
                    if found.step:
                        identity = identity or self._id(node.sample.data, node)
                    yield self._document(node, found, identity)
        except PartRefused as refused:
            yield self._refused(node, _whole(refused.reason, refused.detail))

    def _refusal(self, node: _Node) -> Refused | None:
        """What can be said against a part before its format is known."""
        sample, limit = node.sample, self._settings.max_container_bytes
        if len(sample.data) > limit:
            detail = f"{len(sample.data)} bytes, max_container_bytes={limit}"
            return _whole("too_large", detail)
        if sample.is_blank:
            return _whole("empty", f"nothing but white space in {len(sample.data)} bytes")
        return None

    def _document(self, node: _Node, found: Document, container: str) -> Outcome:
        limit = self._settings.max_document_bytes
        if len(found.data) > limit:
            detail = f"{len(found.data)} bytes, max_document_bytes={limit}"
            refused = Refused("too_large", detail, found.data, found.step, whole=not found.step)
            return self._refused(node, refused)
        parent = container if found.step else node.parent
        place = _join(node.place, found.step)
        url = found.url or self._base.url
        identity = document_id(found.data, url=url, parent=parent, place=place)
        envelope = self._base.derive(
            id=identity, content_type=found.content_type, url=url, parent=parent, member=place
        )
        headers = envelope.headers()
        self._budget.given(len(found.data) + _size(headers))
        return Emit(found.data, identity.encode("ascii"), headers)

    def _refused(self, node: _Node, refused: Refused) -> Reject:
        place = _join(node.place, refused.step)
        if node.root and refused.whole:
            return self._rejected(refused.reason, refused.detail, place, None)
        data = node.sample.data if refused.whole else refused.data
        kept = self._settings.max_rejected_bytes
        detail = refused.detail
        if len(data) > kept:
            detail += f" (its first {kept} of {len(data)} bytes are kept)"
        return self._rejected(refused.reason, detail, place, data[:kept])

    def _rejected(self, reason: str, detail: str, place: str, data: bytes | None) -> Reject:
        name = self._base.filename or self._root_id()
        if data is not None:  # a rejection of the whole message costs no copy, and must pass
            self._budget.given(len(data) + len(detail) + len(place) + len(name))
        return Reject(reason, f"{name}: {detail}", data, place)

    def _id(self, data: bytes, node: _Node) -> str:
        url = self._base.url if node.root else None
        return document_id(data, url=url, parent=node.parent, place=node.place)

    def _root_id(self) -> str:
        base = self._base
        if not self._root:
            self._root = document_id(
                self._data, url=base.url, parent=base.parent, place=base.member
            )
        return f"document {self._root}"

    _root = ""


def _whole(reason: str, detail: str) -> Refused:
    return Refused(reason, detail, whole=True)


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _join(place: str, step: str) -> str:
    return _clip("/".join(filter(None, (place, step))))


def _clip(name: str) -> str:
    if len(name) <= _NAME_LIMIT:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{name[: _NAME_LIMIT - 20]}…{digest}"
