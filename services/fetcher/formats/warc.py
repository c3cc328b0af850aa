"""WARC 0.17 to 1.1 (ISO 28500) and ARC: what was fetched, with its address and time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from services.fetcher.formats.base import MAGIC, NO, Child, Found, Refused, Skipped
from services.fetcher.formats.http_body import decoded
from services.fetcher.formats.warc_members import RecordMembers, is_compressed
from services.fetcher.formats.warc_records import BadRecord, Http, Record, begins, records
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.sniff import Sample
from services.fetcher.source import Source, stream_of

_NO_NEWS = ("image/", "audio/", "video/", "font/", "application/font", "application/x-font")
_NO_NEWS_TYPES = frozenset(
    ("text/css", "text/javascript", "application/javascript", "application/x-javascript",
     "application/ecmascript", "text/ecmascript", "application/wasm",
     "application/vnd.ms-fontobject", "application/x-shockwave-flash", "application/manifest+json",
     "application/ocsp-response", "application/pkix-cert", "application/x-x509-ca-cert",
     "application/vnd.apple.mpegurl", "application/x-mpegurl", "application/dash+xml")
)  # fmt: skip
_ASIDE = ("request", "metadata", "warcinfo", "arc_header", "continuation")
_REMEMBERED = 100_000
"""Originals of revisits that are remembered, some 10 MB; older ones are forgotten."""
_NAME = 255


class Warc:
    """Answers with status 200 and resources become children with their own address and time.

    A revisit of something in the same archive is skipped: its original was given. Under another
    address it would be the same bytes again, for which the archive would have to be read twice,
    only for the deduplicator to find that they are the same. A revisit of what is not there is
    refused with the name of what it refers to, as its content is lost to this archive.

    An archive compressed record by record is read here as a whole, and not by way of gzip, so that
    a broken member costs its own record only.
    """

    name = "warc"
    container = True
    streams = True

    def recognise(self, sample: Sample) -> int:
        """By the version line of WARC, or by the first record of ARC, also within gzip."""
        head = sample.head
        return MAGIC if begins(head) or is_compressed(head) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The records in their order; a broken one is refused, and the next one sought."""
        seen = _Seen()
        some = False
        stream, members = source.stream, None
        if is_compressed(source.sample.head):
            members = RecordMembers(stream, budget)
            stream = stream_of(members.pieces())
        for record in records(stream, members.resume if members else None):
            some = True
            if isinstance(record, BadRecord):
                yield Refused(record.reason, record.detail)
                continue
            try:
                yield from _opened(record, seen, budget)
            except BadRecord as bad:
                yield Refused(bad.reason, bad.detail, step=_step(record))
            except PartRefused as broken:
                if members is None:
                    raise
                yield Refused(broken.reason, broken.detail, step=_step(record))
        if not some:
            yield Refused("empty", "the archive holds no record", whole=True)


def _opened(record: Record, seen: _Seen, budget: Budget) -> Iterator[Found]:
    kind = record.kind
    if kind in _ASIDE:
        yield Skipped(kind)
    elif kind not in ("response", "resource", "conversion", "revisit"):
        yield Skipped("unknown_record")
    elif record.uri.startswith(("dns:", "whois:", "ntp:", "metadata:")):
        yield Skipped("not_news")
    elif record.get("warc-segment-number"):
        yield Refused("segmented_record", "a record in several pieces", step=_step(record))
    else:
        http = record.http() if kind in ("response", "revisit") else None
        if kind == "revisit":
            yield _revisited(record, http, seen)
        else:
            seen.add(record)
            yield _content(record, http, budget)


def _content(record: Record, http: Http | None, budget: Budget) -> Found:
    """The content as a child; a refusal of its own where it cannot be had."""
    if http is not None and http.status not in ("200", "203"):
        return Skipped(_status(http))
    content_type = http.get("content-type") if http else record.content_type
    if _is_no_news(content_type):
        return Skipped("not_news")
    limit = budget.settings.max_container_bytes
    step = _step(record)
    if record.block.left > limit:
        detail = f"a record of {record.block.left} bytes, max_container_bytes={limit}"
        return Refused("too_large", detail, record.block.read(65_536), step)
    body = record.block.read()
    size = len(body)
    if http is not None:
        try:
            body = _body(record, http, body, budget)
        except PartRefused as refused:
            return Refused(refused.reason, refused.detail, body, step)
    if record.block.ended_early and not (http is not None and _is_complete(http, size)):
        return Refused("truncated_body", "the archive breaks off in it", body, step)
    if record.get("warc-truncated"):
        reason = record.get("warc-truncated")[:40]
        return Refused("truncated_body", f"cut when it was stored ({reason})", body, step)
    if not body.strip():
        return Skipped("empty_body")
    url = record.uri if record.uri.lower().startswith(("http://", "https://")) else ""
    return Child(body, step, _file_name(url), content_type, url, record.moment)


def _body(record: Record, http: Http, body: bytes, budget: Budget) -> bytes:
    transfer, coding = http.get("transfer-encoding"), http.get("content-encoding")
    length = http.get("content-length").strip()
    if not transfer:
        body = record.block.cut(body, length)
        # With a coding, what is stored may be longer or shorter than what was sent.
        if not coding and length.isdecimal() and len(length) < 19 and len(body) < int(length):
            raise PartRefused("truncated_body", f"{len(body)} of {length} bytes")
    return decoded(body, transfer, coding, budget)


def _is_complete(http: Http, size: int) -> bool:
    """Whether a body of ``size`` bytes is all that its length promises."""
    length = http.get("content-length").strip()
    return length.isdecimal() and len(length) < 19 and 0 < int(length) <= size


def _revisited(record: Record, http: Http | None, seen: _Seen) -> Found:
    if http is not None:
        if http.status not in ("200", "203", "304"):
            return Skipped(_status(http))
        if _is_no_news(http.get("content-type")):
            return Skipped("not_news")
    if seen.original(record):
        return Skipped("revisit")
    target, date = record.get("warc-refers-to-target-uri"), record.get("warc-refers-to-date")
    named = f"{target} {date}".strip() or record.get("warc-refers-to")
    named = named or record.get("warc-payload-digest") or "nothing"
    detail = f"{record.uri} is stored as a revisit of {named}, which is not in the archive"
    return Refused("revisit_of_absent", detail[:2_000], step=_step(record))


class _Seen:
    """Which records came before, by the three ways in which a revisit names one."""

    def __init__(self) -> None:
        self._keys: dict[bytes, None] = {}

    def add(self, record: Record) -> None:
        """Remember a record."""
        for key in (
            _key("id", record.get("warc-record-id")),
            _key("at", record.uri, record.get("warc-date")),
            _key("of", record.get("warc-payload-digest")),
        ):
            if key:
                self._keys[key] = None
        while len(self._keys) > _REMEMBERED:
            del self._keys[next(iter(self._keys))]

    def original(self, record: Record) -> bool:
        """Whether what ``record`` revisits was remembered."""
        target = record.get("warc-refers-to-target-uri").strip("<>")
        keys = (
            _key("id", record.get("warc-refers-to")),
            _key("at", target, record.get("warc-refers-to-date")),
            _key("of", record.get("warc-payload-digest")),
        )
        return any(key in self._keys for key in keys if key)


def _key(*parts: str) -> bytes:
    if not all(parts):
        return b""
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=8).digest()


def _is_no_news(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith(_NO_NEWS) or media_type in _NO_NEWS_TYPES


def _status(http: Http) -> str:
    known = len(http.status) == 3 and http.status.isascii() and http.status.isdecimal()
    return f"http_{http.status}" if known else "http_other"


def _step(record: Record) -> str:
    return f"record {record.number}"


def _file_name(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return unquote(path.rpartition("/")[2], errors="replace")[:_NAME]
