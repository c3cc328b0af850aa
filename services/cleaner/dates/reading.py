"""Reading dates as news pages write them, with zone and precision.

Only what is written counts: an ambiguous ``03/04/2022`` is no date unless its order is known, and a
time without a zone is taken as UTC, which keeps its day.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from services.cleaner.dates import patterns
from services.cleaner.dates.calendars import BUDDHIST, ERAS, from_jalali
from services.cleaner.dates.months import JALALI, MONTH, MONTHS, WEEKDAYS, folded, month_number
from services.cleaner.dates.zones import zone
from services.cleaner.extracted import Dated
from shared.events import Precision

__all__ = [
    "ARCHIVED", "EARLIEST", "MONTH", "MONTHS", "WEEKDAYS", "Order", "believable", "on_day_of",
    "read_date", "url_date",
]  # fmt: skip

Order = Literal["dmy", "mdy"]
"""What the first number of ``03/04/2022`` is."""

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web there were no web pages; older dates are of what the text is about."""
ARCHIVED: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""From when on dates are read at all: newspapers have put their archives on the web."""
_NEVER: Final = 2100
"""The first year of which no date is read."""
_READ: Final = 200
"""Characters that are read."""
_DIGITS: Final = {
    ord(zero) + number: str(number) for zero in "٠۰०০๐௦౦０" for number in range(10)
} | dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u061c"), "")
"""Digits of other scripts, and marks of direction that stand between them."""
_PERSIAN: Final = re.compile(r"[۰-۹]")
_YEAR: Final = re.compile(r"[12]\d{3}|年|\d[./-]\d\d\b")
_DATES: Final = (
    patterns.ISO, patterns.MONTH_FIRST, patterns.DAY_FIRST, patterns.NUMBERS, patterns.YEAR_FIRST,
    patterns.YEAR_DAY, patterns.UNIX, patterns.SLASHED,
)  # fmt: skip
_FOREIGN: Final = (patterns.ERA, patterns.VIETNAMESE)
_TRIES: Final = 4
"""Matches of a pattern that are looked at: most words before a number are no month."""
_URL_DAY: Final = re.compile(
    r"[/_-]((?:19|20)\d{2})([/_-])(1[0-2]|0?[1-9])\2(3[01]|[12]\d|0?[1-9])(?=[^\d]|$)"
)
_URL_NAMED: Final = re.compile(
    r"/((?:19|20)\d{2})/([a-z]{3,9})/(3[01]|[12]\d|0?[1-9])(?=[/_-])", re.IGNORECASE
)
_URL_COMPACT: Final = re.compile(
    r"[/_-]((?:19|20)\d{2})(1[0-2]|0[1-9])(3[01]|[12]\d|0[1-9])(?=[/_.-]|$)"
)


def read_date(text: str, order: Order | None = None, language: str = "") -> Dated | None:
    """The first date written in ``text`` with a year, or ``None``. Only 200 characters are read.

    ``order`` is that of days and months in numbers; with it, years of two digits are read too.
    ``language`` is an ISO 639-1 code: some languages name months by the same word.
    """
    text = " ".join(text[: 5 * _READ].split())[:_READ]
    if not text:
        return None
    persian = False
    if not text.isascii():
        persian = _PERSIAN.search(text) is not None
        text = text.translate(_DIGITS)
    if text.isdigit():
        return _read_number(text)
    machine = patterns.ISO.match(text)
    dated = _from_match(machine, order, language, persian) if machine else None
    if dated is not None:
        return dated
    if not _YEAR.search(text):
        return _read_mail(text)
    best: tuple[int, Dated] | None = None
    kinds: tuple[re.Pattern[str], ...] = _DATES
    if not text.isascii():
        text = _vietnamese(text)
        kinds = (*_FOREIGN, *kinds)
    for pattern in kinds:
        for tried, match in enumerate(pattern.finditer(text)):
            if tried == _TRIES or (best is not None and match.start() >= best[0]):
                break
            dated = _from_match(match, order, language, persian)
            if dated is not None:
                best = (match.start(), dated)
                break
    return best[1] if best is not None else _read_rare(text, language)


def _read_number(text: str) -> Dated | None:
    match = patterns.COMPACT.match(text)
    if match:
        day = _day(int(match["year"]), int(match["month"]), int(match["day"]))
        return _with_clock(day, match, True) if day else None
    match = patterns.EPOCH.match(text)
    return Dated(datetime.fromtimestamp(int(match[1]), UTC), "second") if match else None


def _read_rare(text: str, language: str) -> Dated | None:
    if patterns.EPOCH.match(text) or patterns.COMPACT.match(text):
        return _read_number(text.partition(".")[0].rstrip("Z").replace("T", ""))
    match = patterns.MONTH_ONLY.match(text)
    if match:
        month = month_number(match["name"], language)
        if month and ARCHIVED.year <= int(match["year"]) < _NEVER:
            return Dated(datetime(int(match["year"]), month, 1, tzinfo=UTC), "month")
    return _read_mail(text)


def _read_mail(text: str) -> Dated | None:
    """The date of a mail header (RFC 5322), which has years of two digits too."""
    if text.count(":") == 0:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if not ARCHIVED.year <= moment.year < _NEVER:
        return None
    return Dated(moment if moment.tzinfo else moment.replace(tzinfo=UTC), "second")


def _vietnamese(text: str) -> str:
    """``text`` with the names of Vietnamese months as numbers."""
    lowered = text.lower()
    if "tháng" not in lowered:
        return text
    for name, number in zip(patterns.VIETNAMESE_NAMES, patterns.VIETNAMESE_NUMBERS, strict=True):
        lowered = lowered.replace(f"tháng {name}", f"tháng {number}")
    return lowered


def url_date(url: str) -> Dated | None:
    """The day in the path of ``url`` (``/2022/02/28/``, ``/2022/feb/28/``), or ``None``."""
    match = _URL_DAY.search(url)
    if match:
        return _day(int(match[1]), int(match[3]), int(match[4]))
    match = _URL_COMPACT.search(url)
    if match:
        return _day(*map(int, match.groups()))
    match = _URL_NAMED.search(url)
    month = MONTHS.get(match[2].lower()) if match else None
    return _day(int(match[1]), month, int(match[3])) if match and month else None


def believable(dated: Dated | None, now: datetime, earliest: datetime = EARLIEST) -> Dated | None:
    """``dated`` when it lies between ``earliest`` and a day after ``now``, else ``None``."""
    if dated is None or not earliest <= dated.moment <= now + timedelta(days=1):
        return None
    return dated


def on_day_of(dated: Dated, address: Dated | None) -> Dated:
    """``dated`` as the clock stood where it was published, told by the day in the ``address``.

    Systems write moments in UTC; an evening in New York is the next day there. The moment stays
    the same: only its zone becomes the nearest one in which it falls on the address's day.
    """
    moment = dated.moment
    if address is None or dated.precision == "day" or moment.utcoffset() != timedelta(0):
        return dated
    day = address.moment.date()
    for hours in range(1, 13):
        for sign in (-1, 1):
            local = moment.astimezone(timezone(timedelta(hours=sign * hours)))
            if moment.date() != day == local.date():
                return Dated(local, dated.precision, dated.found_in)
    return dated


def _day(year: int, month: int, day: int, *, jalali: bool = False) -> Dated | None:
    """The day as the page's calendar has it; ``None`` where there is no such day."""
    if year >= 2500:
        year -= BUDDHIST
    try:
        if jalali:
            there = from_jalali(year, month, day)
        elif ARCHIVED.year <= year < _NEVER:
            there = date(year, month, day)
        else:
            return None
    except ValueError:
        return None
    return Dated(datetime(there.year, there.month, there.day, tzinfo=UTC), "day")


def _from_match(
    match: re.Match[str], order: Order | None, language: str, persian: bool
) -> Dated | None:
    kind = match.re
    if kind is patterns.SLASHED:
        day = _slashed(match, order)
    elif kind is patterns.ERA:
        count = 1 if match["count"] == "元" else int(match["count"])
        day = _day(ERAS[match["era"]] + count, int(match["month"]), int(match["day"]))
    else:
        year = int(match["year"])
        name = match.groupdict().get("name")
        jalali = persian and 1300 <= year < 1500
        if name is None:
            month: int | None = int(match["month"])
        else:
            month = month_number(name, language)
            if month is None or jalali:
                month = JALALI.get(folded(name)) if 1300 <= year < 1500 else None
                jalali = month is not None
        day = _day(year, month, int(match["day"]), jalali=jalali) if month else None
    if day is None:
        return None
    if kind is patterns.ISO or kind is patterns.UNIX:
        return _with_clock(day, match, True)
    text = match.string
    after = patterns.AFTER.match(text, match.end())
    if after:
        told = _with_clock(day, after, False)
        if told is not day:
            return told
    before = patterns.BEFORE.search(text[: match.start()][-40:])
    return _with_clock(day, before, False) if before else day


def _slashed(match: re.Match[str], order: Order | None) -> Dated | None:
    first, second, written = int(match["first"]), int(match["second_number"]), match["year"]
    year = int(written)
    if len(written) == 2:
        if order is None:
            return None
        year += 2000 if year < 70 else 1900
    if second > 12 >= first:
        return _day(year, first, second)
    if match["mark"].startswith(".") or first > 12 or first == second:
        return _day(year, second, first)
    if order is None:
        return None
    return _day(year, first, second) if order == "mdy" else _day(year, second, first)


def _with_clock(day: Dated, match: re.Match[str], sure: bool) -> Dated:
    """``day`` at the clock in ``match``; the day itself where the numbers are no clock."""
    groups = match.groupdict()
    hour, minute, second = groups.get("hour"), groups.get("minute"), groups.get("second")
    half = {"午": "a", "上": "a", "下": "p"}.get((groups.get("before") or " ")[0])
    if groups.get("before") in ("午後", "오후"):
        half = "p"
    elif groups.get("before") == "오전":
        half = "a"
    half = half or (groups.get("half") or "").lower()
    if hour is None or (minute is None and not half):
        return day  # a bare number after a date is no hour
    hours = int(hour)
    if half and hours <= 12:
        hours = hours % 12 + (12 if half == "p" else 0)
    precision: Precision = "second" if second else "minute" if minute else "hour"
    clock = day.moment.replace(hour=hours, minute=int(minute or 0), second=int(second or 0))
    if not hours and not int(minute or 0) and not int(second or 0) and (sure or not half):
        precision = "day"  # midnight sharp is how systems write a date without a time
    return Dated(clock.replace(tzinfo=zone(groups.get("zone"), clock)), precision)
