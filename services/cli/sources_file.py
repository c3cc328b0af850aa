"""Which ``sources.yml`` commands mean, and which of its sources."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from services.crawler.names import same_url
from services.crawler.settings import CrawlerSettings
from services.crawler.sources import Source
from shared.settings import load_settings

F = TypeVar("F", bound=Callable[..., Any])

NAME = "sources.yml"


def default_file() -> Path:
    """What ``WIREROOM_CRAWLER_SOURCES`` names, or ``sources.yml`` in the current folder."""
    return load_settings(CrawlerSettings).sources or Path(NAME)


def file_option(function: F) -> F:
    """``--file PATH``: the list of sources, as parameter ``file``."""
    return click.option(
        "--file",
        type=click.Path(dir_okay=False, path_type=Path),
        default=default_file,
        show_default=f"$WIREROOM_CRAWLER_SOURCES or {NAME}",
        help="The list of sources.",
    )(function)


def choose(sources: Sequence[Source], wanted: Iterable[str]) -> list[Source]:
    """The sources that go by these names or URLs, each once.

    Raises :class:`click.ClickException` for one that does not exist, with what is near it.
    """
    by_name = {source.name: source for source in sources}
    by_fold = {source.name.casefold(): source for source in sources}
    by_url = {same_url(source.url): source for source in sources}
    chosen: dict[str, Source] = {}
    for text in wanted:
        found = by_name.get(text) or by_fold.get(text.casefold()) or by_url.get(same_url(text))
        if found is None:
            near = difflib.get_close_matches(text, [*by_name, *by_url], n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise click.ClickException(f"there is no source {text!r}{hint}")
        chosen[found.name] = found
    return list(chosen.values())
