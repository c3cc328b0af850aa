"""What feeds, sitemaps and home pages name: read in a process of its own, since parsing is work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from shared.fetching import Hints

Found = Literal["page", "feed", "sitemap", "home"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Something fetched that is to be read. ``kind`` as asked for: ``auto`` tells by the bytes."""

    kind: str
    url: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that a feed or a sitemap names. ``moment`` is its time in Unix seconds, 0 unknown."""

    url: str
    id: str
    hints: Hints | None = None
    moment: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was read: entries of a feed or a sitemap, or the feeds and sitemaps of a home page."""

    kind: Found
    entries: tuple[Entry, ...] = ()
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    ttl: float = 0.0
    problem: str = field(default="")
