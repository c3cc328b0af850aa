"""Settings of the crawler: who it says it is, its limits, its pace."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, IPvAnyNetwork
from pydantic_settings import BaseSettings

from shared.settings import settings_config

MIB = 1024 * 1024


class CrawlerSettings(BaseSettings):
    """Sizes are in bytes and times in seconds where nothing else is said."""

    model_config = settings_config("CRAWLER_")

    product: str = Field("Wireroom", pattern=r"^[A-Za-z_-]+$")
    """Name that robots.txt files address (RFC 9309 product token)."""
    contact: str = Field("", pattern=r"^[!-'*-\[\]-~]*$")
    """Where site owners can complain, a URL or an e-mail address; stands in the user agent."""
    allowed_networks: list[IPvAnyNetwork] = []
    """Networks that may be talked to although they are private: ``["10.1.0.0/16"]``."""
    ca: Path | None = None
    """Certificate authorities to trust beside the system's for https, a PEM file."""

    max_body_bytes: int = Field(12 * MIB, ge=1)
    """The largest answer, with and without its compression."""
    max_ratio: float = Field(200.0, gt=1)
    """Decompressed to compressed bytes of an answer, past the first MiB."""
    max_header_bytes: int = Field(64 * 1024, ge=1024)
    """All headers of an answer."""
    max_redirects: int = Field(6, ge=0, le=20)
    """Redirects from a request to the answer."""
    connect_timeout: float = Field(10.0, gt=0)
    """Resolving the name, connecting and TLS."""
    total_timeout: float = Field(60.0, gt=0)
    """One request from its beginning to the last byte, however slowly these drip."""

    concurrency: int = Field(128, ge=1, le=10_000)
    """Hosts that are talked to at the same time; each gets one request at a time.

    A host that takes longer than two seconds makes room for another, until four times as many do.
    """
    delay: float = Field(1.0, ge=0)
    """Between two requests to a host, unless its robots.txt asks for more."""
    max_delay: float = Field(120.0, gt=0)
    """The longest pause that robots.txt or repeated 429 and 503 bring about."""
    robots_lifetime: float = Field(86_400.0, gt=0)
    """How long a robots.txt counts, unless its own Cache-Control says less (RFC 9309, 2.4)."""
    attempts: int = Field(5, ge=1)
    """Tries of a page before it is refused; a source is tried for ever, ever more seldom."""

    refetch_after: float = Field(172_800.0, ge=0)
    """A page is not fetched again sooner, unless that is forced."""
    remembered_pages: int = Field(400_000, ge=0)
    """Pages whose fetch is remembered, in all partitions together; some 250 bytes each."""
    sitemap_age: float = Field(259_200.0, gt=0)
    """Entries of a source's sitemap that say that they are older are left."""
    max_waiting: int = Field(100_000, ge=1)
    """Requests that wait in one instance before it takes no more; some 700 bytes each."""
    max_waiting_per_host: int = Field(10_000, ge=1)
    """Pages of sources that wait for one host; more are refused as ``host_overfull``.

    Else one feed that never ends to name new pages would fill an instance and stop all others.
    """

    min_interval: float = Field(120.0, gt=0)
    """The shortest time between two polls of a source."""
    max_interval: float = Field(86_400.0, gt=0)
    """The longest."""
    sources: Path | None = None
    """A ``sources.yml``; it is read again when it changes."""
    render: bool = False
    """Render pages of sources that ask for it, in a Chromium."""
    render_seconds: float = Field(10.0, gt=0)
    """The longest wait for a page to ask for nothing more."""
    render_concurrency: int = Field(2, ge=1)
    """Pages that are rendered at the same time; each may take some 100 MB."""
    chromium: str = ""
    """The Chromium to render with; looked for where it is empty."""
    chromium_sandbox: bool = True
    """Chromium's own sandbox; it needs user namespaces and does not work for root."""
