"""What travels on ``news.fetch``: requests to fetch something from the web."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit, urlunsplit

import orjson
from pydantic import Field, field_validator

from shared.errors import PermanentError
from shared.events import WireModel

Kind = Literal["auto", "page", "feed", "sitemap", "home"]
"""``auto``: what is fetched tells. ``home``: a page whose feeds and sitemaps are looked for."""

MAX_URL = 8_192
"""Characters of a URL; longer ones are refused."""

DOWNLOAD_HEADER = "ce_download"
"""Header of what was fetched, on ``news.ingest``: a :class:`Download` as JSON."""

HINTS_HEADER = "ce_hints"
"""Header of a page that a feed or sitemap named: :class:`Hints` as JSON."""


class Hints(WireModel):
    """What a feed or a sitemap says of a page that it names; the page itself is believed first."""

    title: str | None = None
    published_at: str | None = None
    """As written there."""
    authors: list[str] = Field(default_factory=list)
    language: str | None = None


class FetchRequest(WireModel):
    """One thing to fetch. The record's key is :attr:`host`."""

    TYPE: ClassVar[str] = "news.fetch.v1"

    url: str = Field(max_length=MAX_URL)
    kind: Kind = "auto"
    source: str | None = None
    """Name of the entry of ``sources.yml`` that it was found through."""
    referrer: str | None = None
    """URL of the feed, sitemap or page that named it."""
    redirects: list[str] = Field(default_factory=list)
    """URLs that led here, the first one first, when a redirect crossed to another host."""
    hints: Hints | None = None
    recur: bool = False
    """Read it again and again, as long as its ``source`` is declared: a feed that was found."""
    force: bool = False
    """Fetch it although it was fetched lately, without asking whether it changed."""

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        return without_dot_segments(url)

    @property
    def host(self) -> str:
        """Host in lower case, with its port where that is not the scheme's own."""
        return host_of(self.url)

    @classmethod
    def read(cls, value: bytes | None) -> FetchRequest:
        """A request of any producer: this model as JSON, or a URL alone as text.

        Raises :class:`PermanentError` ``invalid_message`` or ``invalid_url`` naming what is wrong.
        """
        text = (value or b"").strip()
        if text[:1] != b"{":
            try:
                text = orjson.dumps({"url": text.decode("utf-8")})
            except UnicodeDecodeError:
                raise PermanentError("invalid_message", "neither JSON nor a URL in UTF-8") from None
        request = cls.decode(text)
        problem = url_problem(request.url)
        if problem:
            raise PermanentError("invalid_url", f"{request.url[:200]!r}: {problem}")
        return request


class Download(WireModel):
    """How something was fetched."""

    requested_url: str
    redirects: list[str] = Field(default_factory=list)
    """URLs between the requested one and the one that answered, in order."""
    status: int
    headers: list[tuple[str, str]] = Field(default_factory=list)
    """Of the answer, as sent, cut to 16 KiB in all."""
    address: str = ""
    """The IP address that was talked to."""
    fetched_at: str
    """RFC 3339."""


_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.I)
_WHITE = re.compile(r"[\s\x00-\x1f\x7f]")


def url_problem(url: str) -> str:
    """Why ``url`` cannot be fetched, for a person; empty when nothing is wrong with its form."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme.lower() not in ("http", "https"):
        return f"its scheme is {parts.scheme or 'missing'}, not http or https"
    if not parts.hostname:
        return "it has no host"
    if parts.username is not None or parts.password is not None:
        return "it carries a user name or a password"
    if port == 0:
        return "port 0"
    if len(url) > MAX_URL:
        return f"it is longer than {MAX_URL} characters"
    if _WHITE.search(url):
        return "it holds white space or control characters"
    return ""


def without_dot_segments(url: str) -> str:
    """``url`` with ``.`` and ``..`` in its path resolved (RFC 3986, 5.2.4), also as ``%2e``.

    A server resolves them; a robots.txt that is asked about them unresolved would be misread.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    segments = parts.path.split("/")
    if not any(_DOTS.fullmatch(segment) for segment in segments):
        return url
    kept: list[str] = []
    for segment in segments:
        if not _DOTS.fullmatch(segment):
            kept.append(segment)
        elif len(segment.lower().replace("%2e", ".")) == 2 and len(kept) > 1:
            kept.pop()
    if _DOTS.fullmatch(segments[-1]):
        kept.append("")
    return urlunsplit(parts._replace(path="/".join(kept) or "/"))


def host_of(url: str) -> str:
    """Host in lower case, in ASCII, with its port where that is not the scheme's own.

    Names in other scripts are encoded as browsers do: UTS 46, or IDNA 2003 where that knows no way.
    Empty for what is no URL with a host.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    host = _ascii(host).lower()
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    return host if port in (None, default) else f"{host}:{port}"


def _ascii(host: str) -> str:
    """``host`` as it is looked up; as it stands where no encoding fits: no server has that name."""
    if host.isascii():
        return host
    import idna  # its tables are loaded only where they are needed

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError:
        pass
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def partition_of(host: str, partitions: int) -> int:
    """The partition of a host's requests and state: Kafka's default for the key ``host``."""
    from aiokafka.partitioner import murmur2  # loaded only where Kafka is

    hashed: Any = murmur2(host.encode("utf-8"))
    return int(hashed & 0x7FFFFFFF) % partitions
