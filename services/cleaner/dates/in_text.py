"""When a plain text was published, from what it and its addresses say."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from services.cleaner.dates.reading import MONTH, MONTHS, WEEKDAYS, believable, read_date, url_date
from services.cleaner.extracted import Dated

_ADDRESS = re.compile(r"(?:https?://|www\.)\S{5,2000}")
_WEEKDAY = r"(?P<weekday>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_TODAY = re.compile(
    rf"\b(?:today|tonight|this (?:morning|afternoon|evening))\b[,(\s]{{1,4}}(?:on "
    rf")?{_WEEKDAY}\.?,?\s"
    rf"(?:the )?(?:(?P<name>{MONTH})\s(?P<day>\d{{1,2}})|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: "
    rf"of)?\s(?P<name2>{MONTH}))"
    r"(?!\d|,?\s(?:19|20)\d\d)",
    re.IGNORECASE,
)
_NAMED_DAY = re.compile(r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b")
_FULL_DATE = re.compile(
    rf"\b{MONTH}\s\d{{1,2}},?\s(?:19|20)\d{{2}}|\d{{1,2}}\s{MONTH}\s(?:19|20)\d{{2}}", re.IGNORECASE
)
_AGREEING = timedelta(days=7)


def date_in_text(
    head: list[Dated], text: str, whole: str, url: str | None, now: datetime
) -> Dated | None:
    """The day of publication, or ``None`` rather than a guess.

    In order: a date in the ``head``, the path of the document's ``url``, "this morning, Monday,
    February 28" in ``text``, the path of the addresses in ``whole`` where the text agrees.
    """
    for dated in head:
        if believable(dated, now) and dated.precision not in ("month", "year"):
            return dated.found("byline")
    if url:
        dated_url = believable(url_date(url), now)
        if dated_url is not None:
            return dated_url.found("url")
    return _today(text, now) or _linked(text, whole, now)


def _today(text: str, now: datetime) -> Dated | None:
    """The latest year before ``now`` in which the named weekday falls on the named day."""
    match = _TODAY.search(text[:20_000])
    if not match:
        return None
    month = MONTHS[(match["name"] or match["name2"]).rstrip(".").lower()]
    day = int(match["day"] or match["day2"])
    weekday = WEEKDAYS[match["weekday"].lower()]
    for year in range(now.year, now.year - 30, -1):
        try:
            moment = datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            continue
        dated = Dated(moment, "day", "text")
        if moment.weekday() == weekday and believable(dated, now):
            return dated
    return None


def _linked(text: str, whole: str, now: datetime) -> Dated | None:
    """The one day in the paths of all embedded addresses, where the text bears it out.

    It must be the weekday that the text speaks of most, and no full date in the text may lie
    after it or be older than a week.
    """
    days = {
        dated.moment
        for address in _ADDRESS.findall(whole)
        if (dated := believable(url_date(unquote(address)), now)) is not None
    }
    if len(days) != 1:
        return None
    day = days.pop()
    named = Counter(_NAMED_DAY.findall(text))
    written = [dated.moment for found in _FULL_DATE.findall(text) if (dated := read_date(found))]
    if not named or not written:
        return None
    weekday = WEEKDAYS[named.most_common(1)[0][0][:3].lower()]
    latest = max(written)
    if weekday == day.weekday() and latest <= day <= latest + _AGREEING:
        return Dated(day, "day", "url-in-text")
    return None
