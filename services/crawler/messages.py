"""Messages that the crawler writes: fetched bytes and requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from services.crawler.ports import Answer
from shared.events import Envelope, format_time
from shared.fetching import DOWNLOAD_HEADER, HINTS_HEADER, Download, FetchRequest
from shared.runtime.stage import Emit
from shared.text import document_id

TYPE: Final = "news.ingest.v1"
SOURCE: Final = "wireroom/crawler"
FEED_HEADER: Final = "ce_feed"
"""Header: the URL of the feed or sitemap that named the page."""
SOURCE_HEADER: Final = "ce_newssource"
"""Header: the name of the source in ``sources.yml``."""

_HEADER_BYTES: Final = 16 * 1024


def fetched(
    request: FetchRequest, answer: Answer, chain: list[str], now: float, body: bytes | None = None
) -> Emit:
    """What was fetched, for ``news.ingest``. ``chain`` are all URLs from the first to the last."""
    data = answer.body if body is None else body
    moment = datetime.fromtimestamp(now, UTC)
    identity = document_id(data, url=chain[-1])
    download = Download(
        requested_url=chain[0],
        redirects=chain[1:-1],
        status=answer.status,
        headers=_cut(answer.headers),
        address=answer.address,
        fetched_at=format_time(moment),
    )
    extra = {DOWNLOAD_HEADER: download.encode().decode()}
    if request.hints is not None:
        extra[HINTS_HEADER] = request.hints.encode().decode()
    if request.referrer:
        extra[FEED_HEADER] = request.referrer
    if request.source:
        extra[SOURCE_HEADER] = request.source
    envelope = Envelope(
        id=identity,
        type=TYPE,
        source=SOURCE,
        time=moment,
        received_at=moment,
        content_type=answer.header("content-type"),
        url=chain[-1],
        extra=extra,
    )
    return Emit(data, identity.encode("ascii"), envelope.headers())


def asked(request: FetchRequest, now: float) -> Emit:
    """A request, for ``news.fetch``, or as what is refused."""
    moment = datetime.fromtimestamp(now, UTC)
    envelope = Envelope(type=FetchRequest.TYPE, source=SOURCE, time=moment)
    return Emit(request.encode(), request.host.encode("utf-8", "replace"), envelope.headers())


def _cut(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    kept, size = [], 0
    for name, value in headers:
        size += len(name) + len(value)
        if size > _HEADER_BYTES:
            break
        kept.append((name, value))
    return kept
