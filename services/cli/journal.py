"""What the commands that crawl in this process have in common: what people are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.cli.files import Problem
from services.cli.report import Item, Report
from shared.runtime.stage import Reject

if TYPE_CHECKING:
    from services.crawler.reading import Finding

_HINTS: Final = {
    "private_address": "WIREROOM_CRAWLER_ALLOWED_NETWORKS names networks that are allowed",
    "dns_failed": "is the name right, and this machine online?",
    "robots_unreachable": "without it nothing may be fetched; try again later",
    "http_404": "there is no such page",
    "http_410": "the page is gone for good",
    "http_401": "it asks for a password",
    "http_403": "the site does not want this request",
    "http_429": "too many requests; try again later",
    "too_large": "WIREROOM_CRAWLER_MAX_BODY_BYTES is the limit",
    "timed_out": "WIREROOM_CRAWLER_TOTAL_TIMEOUT is the limit",
}


def explained(url: str, reason: str, detail: str) -> Problem:
    """A failure to fetch ``url`` as people are told of it: with what can be done about it."""
    detail = detail.removeprefix(f"{url}: ")
    detail = detail.partition(f": {reason}: ")[2] or detail  # of a robots.txt
    hint = _HINTS.get(reason, "")
    return Problem(url, reason, "; ".join(filter(None, (detail, hint))))


@dataclass(frozen=True, slots=True)
class ListRead:
    """A feed, a sitemap or a home page that was read."""

    url: str
    finding: Finding

    @property
    def told(self) -> str:
        """``feed with 12 entries``."""
        found = self.finding
        if found.kind == "home":
            return f"page that names {_counted(len(found.feeds), 'feed', 'feeds')}"
        if found.children:
            return f"sitemap of {_counted(len(found.children), 'sitemap', 'sitemaps')}"
        return f"{found.kind} with {_counted(len(found.entries), 'entry', 'entries')}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"


@dataclass(slots=True)
class Journal:
    """Remembers what happened; see :class:`~services.local.crawling.Notices`."""

    requested: set[str] = field(default_factory=set)
    """What was asked for and answered with a document."""
    lists: list[ListRead] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def fetched(self, requested: str, url: str) -> None:
        """A document is in the store."""
        self.requested |= {requested, url}

    def read(self, url: str, finding: Finding) -> None:
        """A list was read."""
        self.lists.append(ListRead(url, finding))

    def refused(self, requested: str, reject: Reject) -> None:
        """Nothing can be had."""
        self.problems.append(explained(requested, reject.reason, reject.detail))

    def worked(self, report: Report) -> None:
        """Documents went through the flow."""
        self.items += report.items


def lines_of(text: str) -> Sequence[str]:
    """The lines that hold something, without comments (``#``)."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
