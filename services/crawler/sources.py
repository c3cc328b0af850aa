"""The sources that people keep in ``sources.yml``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from shared.fetching import Kind


class Source(BaseModel):
    """One entry. ``name`` is unique in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    url: str
    kind: Kind = "auto"
    interval: float | None = Field(None, gt=0)
    """Seconds between two polls; adapted to the source where it is not given."""
    take: str = Field("pages", pattern="^(pages|entries)$")
    """``pages``: what the entries of a feed link to. ``entries``: the entries as they are."""
    render: bool = False
    """Whether its pages need JavaScript."""
    paused: bool = False
