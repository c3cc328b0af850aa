"""URLs as they go out to a server and come back from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from yarl import URL

from services.crawler.addresses import literal
from services.crawler.ports import FetchFailed
from shared.fetching import host_of, url_problem, without_dot_segments

REDIRECTS = frozenset({301, 302, 303, 307, 308})

# What stays as written in a path or a query; the rest is percent-encoded as UTF-8 (WHATWG URL,
# path and query percent-encode sets). Escapes are never decoded: signed URLs would break.
_KEPT = re.compile(rb"[!#-;=?-_a-z|~]+")
_AUTHORITY_END = re.compile(r"[/?#]")


def wire_url(url: str) -> URL:
    """``url`` to be asked for: host in ASCII or as a plain address, no fragment, nothing decoded.

    Raises :class:`FetchFailed` ``invalid_url``.
    """
    problem = url_problem(url)
    if problem:
        raise FetchFailed("invalid_url", f"{url[:200]!r}: {problem}", again=False)
    parts = urlsplit(url)
    host = host_of(url)
    port = "" if parts.port is None or not host.endswith(f":{parts.port}") else f":{parts.port}"
    # Only now: what the encoding makes digits of, fullwidth ones for one, is an address too.
    address = literal(host.removesuffix(port))
    if address is not None:
        host = (f"[{address}]" if address.version == 6 else str(address)) + port
    try:
        after = urldefrag(url).url.partition("//")[2]
        end = _AUTHORITY_END.search(after)
        target = _encoded(after[end.start() :].encode("utf-8")) if end else "/"
        if not target.startswith("/"):
            target = f"/{target}"
        if not host.isascii():
            raise ValueError("its host is no name")
        return URL(f"{parts.scheme.lower()}://{host}{target}", encoded=True)
    except ValueError as error:
        raise FetchFailed("invalid_url", f"{url[:200]!r}: {error}", again=False) from None


def location_of(url: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The absolute URL that a redirect of ``url`` leads to; empty where it names none.

    A fragment of ``url`` goes along unless the redirect has one (RFC 9110, 10.2.2). Raises
    :class:`FetchFailed` ``bad_answer`` for what is no http or https URL.
    """
    raw = next((value for name, value in headers if name.lower() == b"location"), b"").strip()
    if not raw:
        return ""
    # Bytes that are no ASCII are encoded as they are, whatever charset was meant.
    written = _encoded(re.sub(rb"[\t\r\n]", b"", raw), keep=b"#")
    try:
        location = without_dot_segments(urljoin(url, written))
    except ValueError as error:
        problem = str(error)
    else:
        fragment = urlsplit(url).fragment
        if fragment and not urlsplit(location).fragment:
            location += f"#{fragment}"
        problem = url_problem(location)
    if problem:
        detail = f"it redirects to {written[:200]!r}: {problem}"
        raise FetchFailed("bad_answer", detail, again=False)
    return location


def _encoded(raw: bytes, keep: bytes = b"") -> str:
    pieces: list[str] = []
    at = 0
    for match in _KEPT.finditer(raw):
        pieces.append(quote(raw[at : match.start()], safe=keep))
        pieces.append(match[0].decode("ascii"))
        at = match.end()
    pieces.append(quote(raw[at:], safe=keep))
    return "".join(pieces)
