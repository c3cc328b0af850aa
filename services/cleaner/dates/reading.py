"""Reading dates as news pages write them, with zone and precision.

Only what is written counts: an ambiguous ``03/04/2022`` is no date, and a time without a zone is
taken as UTC, which keeps its day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

from services.cleaner.extracted import Dated
from shared.events import Precision

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web there were no web pages; older dates are of what the text is about."""

# Month names and their usual short forms, by language; the number is the place in its row.
_MONTH_ROWS = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber mär apr mai jun jul aug sept okt nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil aout sept oct nov déc",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada "
    "grudnia",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
)
MONTHS: dict[str, int] = {
    name: number
    for row in reversed(_MONTH_ROWS)
    for number, name in enumerate(row.split(), start=1)
}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS: dict[str, int] = {
    form: number
    for number, name in enumerate(_WEEKDAYS)
    for form in (name, name[:3], name[:4], name[:5])
}

MONTH = "(?:" + "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True)) + r")\b\.?"
_CLOCK = (
    r"(?P<hour>[01]?\d|"
    r"2[0-3])(?:[:.h](?P<minute>[0-5]\d))?(?::(?P<second>[0-5]\d)(?:[.,]\d{1,9})?)?"
    r"(?:\s?(?P<half>[ap])\.?m\b\.?)?"
)
_ZONE = r"(?:\s{0,2}\(?(?P<zone>Z\b|(?:UTC|GMT)?[+-]\d{2}:?\d{2}\b|[A-Z]{2,5}\b))?"
_TIME_AFTER = r"(?:(?:,|\s|at|um|à|\||-|–|—|•|·|/){0,8}" + _CLOCK + _ZONE + ")?"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])"
_YEAR = r"(?P<year>(?:19|20)\d{2})"

_ISO = re.compile(
    r"(?<!\d)" + _YEAR + r"-(?P<month>1[0-2]|0?[1-9])-" + _DAY + r"(?!\d)"
    r"(?:(?:[T ]|\s-\s)(?P<hour>[01]\d|2[0-3]):?(?P<minute>[0-5]\d)"
    r"(?::?(?P<second>[0-5]\d)(?:[.,]\d{1,9})?)?"
    r"\s?(?P<zone>Z|[+-]\d{2}:?\d{2}\b|[+-]\d{2}\b|[A-Z]{2,4}\b)?)?"
)
_YEAR_FIRST = re.compile(
    r"(?<!\d)" + _YEAR + r"[/.年](?P<month>1[0-2]|0?[1-9])[/.月]" + _DAY + r"(?!\d)"
)
_MONTH_FIRST = re.compile(
    rf"\b(?P<name>{MONTH})\s{{0,2}}{_DAY}(?:st|nd|rd|th)?(?:,|\s){{1,3}}{_YEAR}(?:\b|(?=\d?\d:)){_TIME_AFTER}",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    rf"(?<!\d){_DAY}(?:st|nd|rd|th|er|º|ª)?\.?(?:\s|-|/|de\b|of\b){{1,6}}(?P<name>{MONTH})"
    rf"(?:,|\s|-|/|de\b|del\b){{1,6}}{_YEAR}\b{_TIME_AFTER}",
    re.IGNORECASE,
)
_DOTTED = re.compile(rf"(?<!\d){_DAY}\.\s?(?P<month>1[0-2]|0?[1-9])\.\s?{_YEAR}(?!\d){_TIME_AFTER}")
_SLASHED = re.compile(r"(?<!\d)(\d{1,2})[/-](\d{1,2})[/-]((?:19|20)\d{2})(?!\d)")
_MONTH_ONLY = re.compile(
    rf"^\W{{0,3}}(?P<name>{MONTH})(?:,|\s){{1,3}}{_YEAR}\W{{0,3}}$", re.IGNORECASE
)
_COMPACT = re.compile(r"^((?:19|20)\d{2})(1[0-2]|0[1-9])(3[01]|[12]\d|0[1-9])$")
_EPOCH = re.compile(r"^(\d{10})(\d{3})?$")
_URL_DAY = re.compile(r"/((?:19|20)\d{2})[/-](1[0-2]|0?[1-9])[/-](3[01]|[12]\d|0?[1-9])(?=[/_-])")
_URL_COMPACT = re.compile(r"[/_-]((?:19|20)\d{2})(1[0-2]|0[1-9])(3[01]|[12]\d|0[1-9])(?=[/_.-]|$)")

_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "WEST": 60, "CET": 60, "MEZ": 60,
    "CEST": 120, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "JST": 540, "HKT": 480,
    "SGT": 480, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
}  # fmt: skip
_US_ZONES = {"ET": -300, "CT": -360, "MT": -420, "PT": -480}


def read_date(text: str) -> Dated | None:
    """The first date written in ``text`` with a year, or ``None``. Only 200 characters are read."""
    text = text.strip()[:200]
    if not text:
        return None
    best: tuple[int, Dated] | None = None
    for pattern in (_ISO, _MONTH_FIRST, _DAY_FIRST, _DOTTED, _YEAR_FIRST):
        match = pattern.search(text)
        if match and (best is None or match.start() < best[0]):
            dated = _from_match(match)
            if dated is not None:
                best = (match.start(), dated)
    if best is not None:
        return best[1]
    return _read_rare(text)


def _read_rare(text: str) -> Dated | None:
    match = _COMPACT.match(text)
    if match:
        return _day(*map(int, match.groups()))
    match = _EPOCH.match(text)
    if match:
        return Dated(datetime.fromtimestamp(int(match[1]), UTC), "second")
    match = _SLASHED.search(text)
    if match:
        first, second, year = map(int, match.groups())
        if first > 12 >= second or first == second:
            return _day(year, second, first)
        if second > 12 >= first:
            return _day(year, first, second)
        return None
    match = _MONTH_ONLY.match(text)
    if match:
        month = MONTHS[match["name"].rstrip(".").lower()]
        return Dated(datetime(int(match["year"]), month, 1, tzinfo=UTC), "month")
    try:
        return Dated(parsedate_to_datetime(text).astimezone(UTC), "second")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def url_date(url: str) -> Dated | None:
    """The day in the path of ``url`` (``/2022/02/28/``), or ``None``."""
    match = _URL_DAY.search(url) or _URL_COMPACT.search(url)
    return _day(*map(int, match.groups())) if match else None


def believable(dated: Dated | None, now: datetime) -> Dated | None:
    """``dated`` when it lies between 1990 and a day after ``now``, else ``None``."""
    if dated is None or not EARLIEST <= dated.moment <= now + timedelta(days=1):
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


def _day(year: int, month: int, day: int) -> Dated | None:
    try:
        return Dated(datetime(year, month, day, tzinfo=UTC), "day")
    except ValueError:
        return None


def _from_match(match: re.Match[str]) -> Dated | None:
    groups = match.groupdict()
    name = groups.get("name")
    month = MONTHS[name.rstrip(".").lower()] if name else int(groups["month"])
    day = _day(int(groups["year"]), month, int(groups["day"]))
    hour = groups.get("hour")
    if day is None or hour is None:
        return day
    minute, second, half = groups.get("minute"), groups.get("second"), groups.get("half")
    if minute is None and not half:
        return day  # a bare number after a date is no hour
    hours = int(hour)
    if half:
        if hours > 12:
            return day
        hours = hours % 12 + (12 if half.lower() == "p" else 0)
    precision: Precision = "second" if second else "minute" if minute else "hour"
    clock = day.moment.replace(hour=hours, minute=int(minute or 0), second=int(second or 0))
    zone = _zone(groups.get("zone"), clock)
    if not hours and not int(minute or 0) and not int(second or 0) and not half:
        precision = "day"  # midnight sharp is how systems write a date without a time
    return Dated(clock.replace(tzinfo=zone), precision)


def _zone(name: str | None, moment: datetime) -> tzinfo:
    if not name:
        return UTC
    if name in _ZONES:
        return timezone(timedelta(minutes=_ZONES[name]))
    if name in _US_ZONES:
        shift = 60 if _us_summer(moment) else 0
        return timezone(timedelta(minutes=_US_ZONES[name] + shift))
    match = re.search(r"([+-])(\d{2}):?(\d{2})?$", name)
    if not match:
        return UTC
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    if minutes > 14 * 60:  # no place on earth is further from UTC
        return UTC
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _us_summer(moment: datetime) -> bool:
    """Daylight saving in the United States since 2007 (15 U.S.C. § 260a): second Sunday of March
    to first Sunday of November."""
    march = datetime(moment.year, 3, 8, 2, tzinfo=UTC)
    november = datetime(moment.year, 11, 1, 2, tzinfo=UTC)
    start = march + timedelta(days=(6 - march.weekday()) % 7)
    end = november + timedelta(days=(6 - november.weekday()) % 7)
    return start <= moment.replace(tzinfo=UTC) < end
