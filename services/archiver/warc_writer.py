"""Messages of ``news.ingest`` as records of WARC 1.1 (ISO 28500:2017), each a gzip member.

What was fetched becomes a ``response`` record, as any crawler writes it; anything else a
``resource`` record. A field of our own carries the rest of the message, so that reading a record
gives the very message that it was made of, and with it the same ids.
"""

from __future__ import annotations

import hashlib
import io
import ipaddress
import json
import re
import socket
import uuid
import zlib
from base64 import b64encode
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from shared.errors import PermanentError
from shared.events import Envelope, Message, format_time, from_milliseconds, parse_time
from shared.fetching import DOWNLOAD_HEADER, Download
from shared.text import document_id

FIELD = "WARC-Wireroom-Message"
"""Field with the message's key, time and headers as ASCII JSON, see :func:`_facts`. What is longer
than a line goes on in fields of the same name with ``-2``, ``-3``… behind it."""
MAX_HEADERS = 256 * 1024
"""Bytes of a message's headers; the fetcher refuses a message of more as well."""
MAX_FACTS = 8 * MAX_HEADERS
"""Characters of the fields that hold them: JSON writes a control character with six."""

_LINE = 4_000  # characters of a line of them
_LEVEL = 6  # of gzip: twice as fast as warcio's 9, 1 % larger
_WARC = "1.1"
_MAX_URI = 4_096
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
# RFC 3986, 2.2, and the escapes that are there already.
_URI_SAFE = ":/?#[]@!$&'()*+,;=-._~%"
# True of the bytes on the wire, not of the decoded body that is stored: kept under another name,
# as is usual in web archives.
_AS_SENT = ("content-encoding", "transfer-encoding", "content-length")
_ORIGINAL = "X-Archive-Orig-"


def encode(message: Message) -> bytes:
    """``message`` as a record, and where redirects led to it one more that tells these.

    Raises :class:`PermanentError` ``headers_too_large`` where they pass :data:`MAX_HEADERS`.
    """
    envelope = Envelope.parse(message.headers)
    facts = _facts(message)
    download = _download(envelope)
    identity = _record_id(message, facts)
    received = envelope.received_at or envelope.time or from_milliseconds(message.timestamp_ms)
    if download is None:
        fields = {"WARC-Date": format_time(received), "WARC-Record-ID": identity}
        record = _record(
            "resource",
            _name(envelope, message.value or b""),
            fields | facts,
            message.value or b"",
            content_type=_plain(envelope.content_type) or "application/octet-stream",
        )
        return _member(record)
    fetched = parse_time(download.fetched_at) or received
    fields = {"WARC-Date": format_time(fetched), "WARC-Record-ID": identity}
    if _is_address(download.address):
        fields["WARC-IP-Address"] = download.address
    url = _uri(envelope.url or download.requested_url)
    record = _record(
        "response", url, fields | facts, message.value or b"", http=_http(download, message)
    )
    return _member(record) + _redirects(download, url, fields["WARC-Date"], identity)


def file_info(name: str) -> bytes:
    """The ``warcinfo`` record that a file called ``name`` begins with."""
    writer = _writer(io.BytesIO())
    return _member(
        writer.create_warcinfo_record(
            name,
            {
                "software": f"wireroom/{version('wireroom')}",
                "hostname": socket.gethostname(),
                "format": "WARC File Format 1.1",
                "conformsTo": "http://iipc.github.io/warc-specifications/specifications/"
                "warc-format/warc-1.1/",
                "description": f"records of news.ingest; {FIELD} holds what else a message had",
            },
        )
    )


def _facts(message: Message) -> dict[str, str]:
    """What a record cannot say by itself, as fields of bounded lines.

    ``{"key": text or null, "time": Unix milliseconds, "headers": [[name, value], …]}``, with
    ``"null": true`` where the message has no value. A value that is no UTF-8 is written in base64,
    with a third item that says so.
    """
    key = message.key
    size = sum(len(name) + len(value or b"") for name, value in message.headers) + len(key or b"")
    if size > MAX_HEADERS:
        raise PermanentError("headers_too_large", f"{size} bytes of headers, at most {MAX_HEADERS}")
    facts: dict[str, Any] = {
        "key": None if key is None else _text(key),
        "time": message.timestamp_ms,
        "headers": [[name, *_text(value)] for name, value in message.headers],
    }
    if message.value is None:
        facts["null"] = True
    # Readers strip white space from the ends of a line: there is none.
    text = json.dumps(facts, separators=(",", ":")).replace(" ", "\\u0020")
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return {FIELD + (f"-{n}" if n > 1 else ""): line for n, line in enumerate(lines, 1)}


def _text(value: bytes | None) -> list[str | None]:
    if value is None:
        return [None]
    try:
        return [value.decode("utf-8")]
    except UnicodeDecodeError:
        return [b64encode(value).decode("ascii"), "base64"]


def _download(envelope: Envelope) -> Download | None:
    """How it was fetched; ``None`` where it was not, or where nobody can tell from the header."""
    text = envelope.extra.get(DOWNLOAD_HEADER)
    if text is None:
        return None
    try:
        download = Download.decode(text.encode())
    except PermanentError:
        return None
    url = envelope.url or download.requested_url
    known = 100 <= download.status <= 599 and url.lower().startswith(("http://", "https://"))
    return download if known else None


def _record_id(message: Message, facts: dict[str, str]) -> str:
    """The same for a message that is archived twice, after a crash, so that it can be told."""
    digest = hashlib.sha256(f"{message.place} {facts}".encode())
    digest.update(message.value or b"")
    return f"<urn:uuid:{uuid.UUID(bytes=digest.digest()[:16], version=5)}>"


def _http(download: Download, message: Message) -> StatusAndHeaders:
    headers: list[tuple[str, str]] = []
    for name, value in download.headers:
        if not _TOKEN.fullmatch(name):
            continue  # it would break the block; the field holds it as it was
        if name.lower() in _AS_SENT:
            name = _ORIGINAL + name
        headers.append((name, _plain(value)))
    headers.append(("Content-Length", str(len(message.value or b""))))
    try:
        phrase = HTTPStatus(download.status).phrase
    except ValueError:
        phrase = "Unknown"
    return StatusAndHeaders(f"{download.status} {phrase}", headers, protocol="HTTP/1.1")


def _redirects(download: Download, url: str, date: str, identity: str) -> bytes:
    """A metadata record with the URLs that led to the answer; nothing where none did."""
    steps = [_uri(step) for step in (download.requested_url, *download.redirects)]
    if steps == [url]:
        return b""
    lines = [f"via: {steps[-1]}", f"hopsFromSeed: {'R' * len(steps)}"]
    lines += [f"redirectedFrom: {step}" for step in steps]
    fields = {"WARC-Date": date, "WARC-Concurrent-To": identity}
    content = "".join(f"{line}\r\n" for line in lines).encode()
    return _member(
        _record("metadata", url, fields, content, content_type="application/warc-fields")
    )


def _name(envelope: Envelope, value: bytes) -> str:
    """A URI for what has no URL: its path, its name, or its own identity."""
    if envelope.url:
        return _uri(envelope.url)
    name = envelope.filename.encode("utf-8", "replace").decode()
    path = quote(name, safe="/!$&'()*+,;=:@-._~")
    member = quote(envelope.member, safe="/!$&'()*+,;=:@-._~", errors="replace")
    if not path and not member:
        return f"urn:x-wireroom:document/{document_id(value)}"
    base = f"file://{path}" if path.startswith("/") else f"urn:x-wireroom:file/{path}"
    return _uri(f"{base}#{member}" if member else base)


def _uri(url: str) -> str:
    uri = quote(url.strip(), safe=_URI_SAFE, errors="replace")
    if len(uri) <= _MAX_URI:
        return uri
    digest = hashlib.sha256(uri.encode()).hexdigest()[:16]
    return f"{uri[: _MAX_URI - 20]}~{digest}"


def _plain(value: str) -> str:
    """A header's value on one line."""
    return _CONTROLS.sub(" ", value.encode("utf-8", "replace").decode()).strip()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _record(
    kind: str,
    uri: str,
    fields: dict[str, str],
    payload: bytes,
    *,
    http: StatusAndHeaders | None = None,
    content_type: str = "",
) -> ArcWarcRecord:
    return _writer(io.BytesIO()).create_warc_record(
        uri,
        kind,
        payload=io.BytesIO(payload),
        length=len(payload),
        warc_content_type=content_type,
        warc_headers_dict=fields,
        http_headers=http,
    )


def _writer(out: io.BytesIO) -> WARCWriter:
    return WARCWriter(out, gzip=False, warc_version=_WARC)


def _member(record: ArcWarcRecord) -> bytes:
    out = io.BytesIO()
    _writer(out).write_record(record)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS + 16)
    return packer.compress(out.getbuffer()) + packer.flush()
