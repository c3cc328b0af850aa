"""Who wrote a plain text: bylines by their wording, and lone names by what stands beside them.

What a byline's words mean is read by :mod:`services.cleaner.metadata.names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from typing import Final

from services.cleaner.metadata.agencies import agency
from services.cleaner.metadata.names import Credit, Kind, credits_of, signed

_ALONE = re.compile(
    r"^\W*(?:(?:(?:written|reported|posted|published|story|words|text)\s)?(?:by|von|par|por)"
    r"|authors?|author\(s\)|contributors?|(?:about )?the authors?)\W*$",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"(?:\d\W*|\|\s*|[ap]\.?m\.?\s|\b[A-Z]{2,4}\s)\b(?=(?:published |posted )?[Bb]y\s?:?\s)"
    r"|^.{0,40}\bPublished By\s?:\s",
)
_CREDITS = re.compile(r"\b(?:reporting|writing|story|text|words) by\s+(?=[^\W\d_])", re.IGNORECASE)
_CLOSES = re.compile(r"^\W{0,2}(?:additional\s)?(?:reporting|writing)\sby\b", re.IGNORECASE)
_BODY = re.compile(
    r",\s(?:[A-Z]\w+\s){0,3}(?:Institute|University|School|College|Department|Cent(?:er|re)|"
    r"Ministry|Faculty)\s(?:of|for)\b.*$"
)
_ROLE = re.compile(
    r"\b(?:reporter|correspondent|editor|columnist|writer|staff|contributor|contributing|producer|"
    r"journalist|senior|chief|analyst|author|founder|intern|fellow|critic|professor)\b",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"^(?P<name>(?:[^\W\d_][\w'’.-]{0,30}\s){1,3}[^\W\d_][\w'’.-]{1,30})\s"
    r"(?:is|was|has|writes|covers|works|joined)\s"
)
_TEAM = re.compile(r"\b(?:staff|team|editors|desk|newsroom|board|redaktion|redacción)$", re.I)
_PLACED = re.compile(r"^[^()（）\n]{2,70}[(（](?P<who>[^()（）\n]{2,40})[)）]\s?[-–—:]")
_CLOSING = re.compile(r"[(（](?P<who>[^()（）\n]{2,30})[)）]\W{0,2}$")
_SIGN = re.compile(r"^[-–—(\s]{0,4}(?P<who>[^\W\d_][\w.& -]{1,30}?)(?:/[\w/.-]{1,30})?[).\s]{0,3}$")
_WIRE = re.compile(
    r"^[(（【\[]?(?P<who>[\u4e00-\u9fff]{2,4}社)(?=[\u4e00-\u9fff\d/]{1,20}[电電]|[】\])）])"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_GLUE = re.compile(
    r"\s{2,}|(?<=[a-z])(?=(?:Founder|Editor|Writer|Reporter|Senior|Staff|Author|Contributor|Content)\b)"
)
"""Where the texts of neighbouring elements met."""
_HOUSE = re.compile(
    r"^((?:\w+:?\s){0,2}by\s)?(?P<name>[^\W\d_][\w'’-]+\s[^\W\d_][\w'’-]+)\s(?:[A-Z]\w+\s){1,3}"
    r"(?:News|Press|Times|TODAY|Today|Tribune|Post|Herald)$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[^\W\d_]{2,}")
_LONGEST: Final = 160


def is_by_alone(line: str) -> bool:
    """Whether ``line`` says "By" and leaves the name to the next one."""
    return len(line) <= 40 and _ALONE.match(line) is not None


def says_who(line: str) -> list[Credit]:
    """Whom a line names that says "by", at its beginning or after a date."""
    if len(line) > _LONGEST:
        return []
    inside = _INSIDE.search(line)
    text = _GLUE.sub(", ", line[inside.end() :] if inside else line)
    if not inside and not signed(text):
        return []
    house = _HOUSE.match(text)
    if house and (name := lone_name(house["name"])) is not None:
        return [Credit(name, Kind.PERSON)]
    return [c for c in credits_of([_BODY.sub("", text)]) if c.kind != Kind.PERSON or _is_proper(c)]


def people_of(named: Iterable[Credit]) -> list[str]:
    """Who signs: the people, else one-word names, else desks and agencies."""
    found = list(named)
    for kinds in ((Kind.PERSON,), (Kind.WORD,), (Kind.DESK, Kind.AGENCY)):
        names = [credit.name for credit in found if credit.kind in kinds]
        if names:
            return names if Kind.DESK not in kinds else names[:1]
    return []


def agencies_of(named: Iterable[Credit]) -> list[str]:
    """The news agencies among ``named``."""
    return [credit.name for credit in named if credit.kind == Kind.AGENCY]


def credited(line: str) -> list[str]:
    """The reporters in a closing line such as "Reporting by A and B; editing by C"."""
    match = _CREDITS.search(line[:300])
    if not match or match.start() > 3:
        return []
    text = line[match.end() : 300].split(";")[0]
    return [c.name for c in credits_of([text]) if c.kind == Kind.PERSON and _is_proper(c)]


def lone_name(line: str) -> str | None:
    """The person when ``line`` is a name, alone or before a date or a role, and nothing else."""
    if len(line) > 120 or ends_sentence(line):
        return None
    line = _GLUE.sub(", ", line)
    named = [credit for credit in credits_of([line]) if credit.kind == Kind.PERSON]
    if not named or not _is_proper(named[0]):
        return None
    name = named[0].name
    before = line[: line.find(name)]
    if before and (len(_BETWEEN.findall(before)) > 1 or not re.search(r"\d|^\W*$", before)):
        return None
    if not 2 <= len(name.split()) <= 4 or name.isupper():
        return None
    return name


def lone_team(line: str) -> str | None:
    """The team when ``line`` is its name alone: "Harbour Staff"."""
    if len(line) > 40 or not 2 <= len(line.split()) <= 5 or not _TEAM.search(line):
        return None
    named = credits_of([line])
    return named[0].name if named and named[0].kind == Kind.DESK else None


def is_common(name: str, small: Set[str]) -> bool:
    """Whether half the words of ``name`` are words of the language: those ``small`` in the page."""
    words = _WORD.findall(name)
    return 2 * sum(word.lower() in small for word in words) >= max(1, len(words))


def small_words(lines: Iterable[str]) -> set[str]:
    """All words that ``lines`` write without a capital."""
    return {word for line in lines for word in _WORD.findall(line) if word.islower()}


def boxed(line: str) -> str | None:
    """The person whom a line introduces: "Jane Doe is a reporter for …"."""
    match = _BOX.match(line[:140])
    if not match or not _ROLE.search(line[match.end() : 160]):
        return None
    return lone_name(match["name"])


def wire(paragraphs: Iterable[str]) -> list[str]:
    """The agencies in datelines, "KYIV (Agency) —", and in the last of ``paragraphs``."""
    found: dict[str, None] = {}
    texts = list(paragraphs)
    for text in texts[:4]:
        match = _PLACED.match(text[:160]) or _WIRE.match(text[:40])
        if match:
            found.update(dict.fromkeys(filter(None, map(agency, match["who"].split("/")))))
    for text in texts[-2:]:
        match = _SIGN.match(text) if len(text) <= 70 else None
        match = match or _CLOSING.search(text[-40:])
        if match and (name := agency(match["who"])) is not None:
            found[name] = None
    return list(found)


def closes(line: str) -> bool:
    """Whether ``line`` is an agency's closing credit, which stays text: "(Reporting by …"."""
    return _CLOSES.match(line) is not None


def ends_sentence(line: str) -> bool:
    """Whether ``line`` ends as sentences do, and not with "Jr."."""
    return line.endswith((".", "?", "!", ":")) and not line.endswith(("Jr.", "Sr."))


def is_role(line: str) -> bool:
    """Whether ``line`` is what stands under a name: "Senior Editor"."""
    return len(line) <= 60 and len(line.split()) <= 7 and _ROLE.search(line) is not None


def _is_proper(credit: Credit) -> bool:
    small = ("de", "van", "von", "der", "den", "la", "di", "al", "del", "da", "dos", "bin", "el")
    return all(not word[0].islower() or word in small for word in credit.name.split())
