"""What stands above an article: its title, who wrote it, when."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.cleaner.dates import read_date
from services.cleaner.extracted import Dated
from services.cleaner.furniture import kind_of
from services.cleaner.names import people
from services.cleaner.titles import squeezed

_BYLINE = re.compile(
    r"^\W{0,3}(?:(?:written|reported|posted|published|story|words) )?by:?\s+\S", re.IGNORECASE
)
_DATE_LEAD = re.compile(
    r"^\W{0,3}(?:first )?(?:published|posted|updated|last updated|last modified|date|on|created|"
    r"issued|released)?\b\W{0,3}",
    re.IGNORECASE,
)
_UPDATED = re.compile(r"\b(?:updated|modified|edited)\b", re.IGNORECASE)
_REACH = 40  # lines above the article that may belong to it


@dataclass(slots=True)
class Head:
    """What was found above an article, and the lines that it was found in."""

    title: str = ""
    title_from: str = ""
    authors: list[str] = field(default_factory=list)
    dates: list[Dated] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Lines that are no text: byline, date."""


def read_head(above: list[str], body: list[str]) -> Head:
    """Title, authors and dates in the lines ``above`` an article and in its first ones."""
    head = Head()
    near = above[-_REACH:] + body[:4]
    for line in near:
        _read_byline(line, head)
    _read_title(above, body, head)
    return head


def _read_byline(line: str, head: Head) -> None:
    if len(line) > 160:
        return
    byline = _BYLINE.match(line)
    dated = read_date(line)
    short = len(line.split()) <= 14
    if byline and short and not line.rstrip().endswith((".", "?", "!")):
        names = people(
            [re.split(r"\s(?://|\||•|·|–|—|-)\s|\bon\b|\bpublished\b", line, maxsplit=1)[0]]
        )
        if names and not head.authors:
            head.authors = names
        if names or dated:
            head.taken.add(line)
    if dated is not None and short and (byline or _is_date_line(line)):
        head.taken.add(line)
        if _UPDATED.search(line):
            head.dates.append(dated)
        else:
            head.dates.insert(
                sum(1 for d in head.dates if d.found_in == "byline"), dated.found("byline")
            )


def _is_date_line(line: str) -> bool:
    """Whether a line is a date and little else."""
    rest = _DATE_LEAD.sub("", line, count=1)
    words = re.findall(r"[^\W\d_]{2,}", rest)
    return len(words) <= 7 and len(rest) <= 60


def _read_title(above: list[str], body: list[str], head: Head) -> None:
    candidates = [
        (index, line)
        for index, line in enumerate(above[-_REACH:])
        if line not in head.taken and kind_of(line) is None and _could_be_title(line)
    ]
    if not candidates:
        return
    size = len(above[-_REACH:])
    keys = {index: squeezed(line) for index, line in candidates}

    def weight(item: tuple[int, str]) -> float:
        index, line = item
        words = len(line.split())
        score = -0.25 * (size - index)
        score += min(words, 9) * 0.7
        key = keys[index]
        score += 4 * any(other != index and keys[other].endswith(key) for other in keys)
        following = above[-_REACH:][index + 1 : index + 4]
        score += 2 * any(line in head.taken for line in following)
        return score

    _, title = max(candidates, key=weight)
    head.title, head.title_from = title, "headline"


def _could_be_title(line: str) -> bool:
    words = line.split()
    return 2 <= len(words) <= 35 and 8 <= len(line) <= 250 and not line.endswith((".", ",", ";"))
