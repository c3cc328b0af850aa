"""Time zones as pages write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

# Minutes east of Greenwich. Where one name has several meanings it is the one of English news.
_ZONES: Final = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "WEST": 60, "CET": 60, "MEZ": 60,
    "CEST": 120, "MESZ": 120, "EET": 120, "SAST": 120, "EEST": 180, "MSK": 180, "МСК": 180,
    "PKT": 300, "WIB": 420, "JST": 540, "KST": 540, "HKT": 480, "SGT": 480,
    "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
}  # fmt: skip
_US_ZONES: Final = {"ET": -300, "CT": -360, "MT": -420, "PT": -480}
_OFFSET: Final = re.compile(r"([+-])(\d{1,2}):?(\d{2})?$")
_FURTHEST: Final = 14 * 60
"""No place on earth is further from UTC."""


def zone(name: str | None, moment: datetime) -> tzinfo:
    """The zone called ``name`` (``+01:00``, ``CET``, ``ET``) at ``moment``; UTC where unknown."""
    if not name:
        return UTC
    if name in _ZONES:
        return timezone(timedelta(minutes=_ZONES[name]))
    if name in _US_ZONES:
        shift = 60 if _us_summer(moment) else 0
        return timezone(timedelta(minutes=_US_ZONES[name] + shift))
    match = _OFFSET.search(name)
    if not match:
        return UTC
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    if minutes > _FURTHEST:
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
