"""What a feed or sitemap said of a page, where the page itself says nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.cleaner.characters import one_line
from services.cleaner.dates.reading import believable, read_date
from services.cleaner.extracted import Dated, Extracted
from services.cleaner.language.tags import declared
from shared.errors import PermanentError
from shared.fetching import Hints

PLACE = "feed"
SURE = 0.85
"""An estimate: feeds cut titles, name the desk for the author, and date what they added late."""
_COARSE = ("day", "month", "year")


def apply_hints(found: Extracted, header: str, now: datetime) -> None:
    """Fill what ``found`` lacks from ``header``, a :class:`~shared.fetching.Hints` as JSON.

    A date of the page's that tells the day alone takes its time from a hint of that day. What
    cannot be read is no hint.
    """
    if not header:
        return
    try:
        hints = Hints.decode(header.encode("utf-8", "replace"))
    except PermanentError:
        return
    if not found.title:
        found.put("title", one_line(hints.title or ""), PLACE, SURE)
    if not found.authors:
        found.put("authors", [a for a in map(one_line, hints.authors) if a], PLACE, SURE)
    if not found.language:
        found.put("language", declared(hints.language or ""), PLACE, SURE)
    dated = believable(read_date(hints.published_at or ""), now)
    if dated is not None and _is_better(dated, found.published):
        found.put("published", dated.found(PLACE), PLACE, SURE)


def _is_better(hint: Dated, own: Dated | None) -> bool:
    if own is None:
        return True
    if own.precision != "day" or hint.precision in _COARSE:
        return False
    # The page's day is its publisher's; zones move it by one at most.
    return abs(hint.moment - own.moment) < timedelta(days=1)
