"""Years and days of other calendars than the Gregorian that pages are dated by."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

ERAS: Final = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
"""The Gregorian year before the first of each Japanese era and of the Republic of China."""
BUDDHIST: Final = 543
"""Years that the Thai calendar is ahead."""
_FIRST_1400: Final = date(2021, 3, 21)
_LEAP: Final = (1, 5, 9, 13, 17, 22, 26, 30)
"""Leap years of the Solar Hijri calendar in a cycle of 33 years; right for 1178 to 1633
(K. M. Borkowski, "The Persian calendar for 3000 years", 1996)."""
_CYCLE: Final = 33


def from_jalali(year: int, month: int, day: int) -> date:
    """The Gregorian day of a Solar Hijri one. Raises :class:`ValueError` where there is none."""
    leap = year % _CYCLE in _LEAP
    longest = 31 if month <= 6 else 30 if month <= 11 or leap else 29
    if not (1200 <= year <= 1600 and 1 <= month <= 12 and 1 <= day <= longest):
        raise ValueError(f"no such day: {year}/{month}/{day}")
    before = 31 * (month - 1) if month <= 7 else 186 + 30 * (month - 7)
    return _FIRST_1400 + timedelta(days=_new_year(year) - _new_year(1400) + before + day - 1)


def _new_year(year: int) -> int:
    """Days from the start of the calendar to the start of ``year``, but for a constant."""
    cycles, place = divmod(year, _CYCLE)
    return 365 * year + len(_LEAP) * cycles + sum(leap < place for leap in _LEAP)
