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
_DATELINE = re.compile(
    r"^\W{0,3}(?!\w{3,6}day\b)(?P<place>[^\W\d_][^\n.,:;]{1,40}(?:,\s[^\n.,:;\d]{2,30})?)(?:,\s|\s\(|\s[/–—-]\s)"
    r"(?:den\s|le\s|el\s)?(?:\w{2,12}(?:day|tag),?\s)?"
    rf"(?P<date>{MONTH}\s\d{{1,2}}|\d{{1,2}}(?:\.|\sde)?\s{MONTH})"
    r"(?P<year>,?\s(?:de\s)?(?:19|20)\d\d)?\)?"
    r"(?:\s?[(/]\s?[^()\n/]{2,40}\s?[)/])?\s?[-–—]{1,2}",
    re.IGNORECASE,
)
"""The place and day that agency copy begins with: "KYIV, March 3 (Agency) —"."""
_SMALL = frozenset(("am", "an", "de", "der", "di", "la", "le", "on", "sur", "upon", "d", "s", "i"))
"""Words in names of places that are written small."""
_PARAGRAPHS = 4  # among which the one with the dateline is
_NEAR = 600  # characters after a dateline in which the day's name is said again


def date_in_text(
    head: list[Dated], text: str, whole: str, url: str | None, now: datetime
) -> Dated | None:
    """The day of publication, or ``None`` rather than a guess.

    In order: a date in the ``head``, the path of the document's ``url``, a dateline with its year,
    "this morning, Monday, February 28" in ``text``, a dateline whose day is named in the text, the
    path of the addresses in ``whole`` where the text agrees.
    """
    for dated in head:
        if believable(dated, now) and dated.precision not in ("month", "year"):
            return dated.found("byline")
    if url:
        dated_url = believable(url_date(url), now)
        if dated_url is not None:
            return dated_url.found("url")
    line = dateline(text)
    written = line and line["year"] and believable(read_date(line["date"] + line["year"]), now)
    if written:
        return written.found("dateline")
    return _today(text, now) or (line and _placed(line, text, now)) or _linked(text, whole, now)


def dateline(text: str) -> re.Match[str] | None:
    """The dateline among the first paragraphs of ``text``, with the groups ``place``, ``date`` and,
    where it is written, ``year``."""
    for paragraph in text[:4_000].split("\n")[: 2 * _PARAGRAPHS]:
        match = _DATELINE.match(paragraph[:160])
        if match and all(
            word[0].isupper() or word in _SMALL for word in re.findall(r"\w+", match["place"])
        ):
            return match
    return None


def _placed(line: re.Match[str], text: str, now: datetime) -> Dated | None:
    """The latest year in which the day of a dateline was the one weekday that is named near it."""
    start = text.find(line[0])
    named = {name[:3].lower() for name in _NAMED_DAY.findall(text[start : start + _NEAR])}
    if len(named) != 1:
        return None
    weekday = WEEKDAYS[named.pop()]
    for year in range(now.year, now.year - 30, -1):
        dated = believable(read_date(f"{line['date']}, {year}"), now)
        if dated is not None and dated.moment.weekday() == weekday:
            return dated.found("dateline")
    return None


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
