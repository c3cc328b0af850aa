"""Names of indices, templates and roles, for a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class IndexNames:
    """What the indices of one Wireroom are called; ``namespace`` is a prefix, or empty."""

    namespace: str = ""

    def named(self, name: str) -> str:
        """``name`` within the namespace."""
        return f"{self.namespace}-{name}" if self.namespace else name

    @property
    def articles(self) -> str:
        """The alias that articles are read through."""
        return self.named("news-articles")

    @property
    def revisions(self) -> str:
        """The alias that earlier revisions are read through."""
        return self.named("news-revisions")

    def month(self, first_seen_at: datetime) -> str:
        """The index that an article is written to, by its immutable ``first_seen_at`` in UTC."""
        return self.named(f"news-articles-v1-{first_seen_at.astimezone(UTC):%Y.%m}")

    def revisions_month(self, first_seen_at: datetime) -> str:
        """The index that earlier revisions of an article are written to."""
        return self.named(f"news-revisions-v1-{first_seen_at.astimezone(UTC):%Y.%m}")
