"""What the headers of an answer say of asking again."""

from __future__ import annotations

import re

from services.crawler.ports import Answer

MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.I)


def validators(answer: Answer) -> tuple[str, str]:
    """ETag and Last-Modified of an answer."""
    return answer.header("etag"), answer.header("last-modified")


def max_age(answer: Answer) -> float:
    """Seconds for which an answer says that it counts (Cache-Control: max-age), 0 for none."""
    found = MAX_AGE.search(answer.header("cache-control"))
    return float(found[1]) if found else 0.0
