"""Names of sources, made from their addresses and titles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from shared.fetching import host_of, url_problem
from shared.text import canonical_url

MAX_NAME: Final = 120
"""Characters of a source's name."""

_SUFFIX = re.compile(r"\.(xml|rss|atom|json|html?|php|gz)$")
_COMMON: Final = frozenset({"rss", "rss2", "atom", "feed", "feeds", "xml", "index", "sitemap"})
"""Words of addresses that tell nothing of the source."""


def same_url(url: str) -> str:
    """What two spellings of one address have in common."""
    return canonical_url(url) or url


def name_for(text: str, taken: Iterable[str] = ()) -> str:
    """A name for a URL or a title: short, lower-case, and none of ``taken`` in any case."""
    base = _slug(text) if url_problem(text) else _of_url(text)
    base = base[: MAX_NAME - 8].strip("-.") or "source"
    used = {name.casefold() for name in taken}
    name, number = base, 1
    while name.casefold() in used:
        number += 1
        name = f"{base}-{number}"
    return name


def _of_url(url: str) -> str:
    pieces = (_slug(_SUFFIX.sub("", piece)) for piece in urlsplit(url).path.lower().split("/"))
    words = [piece for piece in pieces if piece and piece not in _COMMON]
    return "-".join([_slug(host_of(url).removeprefix("www.")), *words])


def _slug(text: str) -> str:
    return re.sub(r"[^\w.]+|_+", "-", text.casefold()).strip("-.")
