"""Who wrote a plain text: bylines by their wording, and lone names by what stands beside them."""

from __future__ import annotations

import re

from services.cleaner.dates.reading import MONTH
from services.cleaner.metadata.names import people

_BY = (
    r"(?:(?:written|reported|posted|published|story|words|text|article|"
    r"analysis|opinion)\s)?(?:by|von|par|por)"
)
_ALONE = re.compile(rf"^\W*(?:{_BY}|authors?|author\(s\)|contributors?)\W*$", re.IGNORECASE)
_LEAD = re.compile(
    rf"^\W*(?:{_BY}:?\s+|(?:authors?|contributors?|autor(?:en|a|es|as|in)?|auteurs?|autore|redakcja|"
    r"yazar|yazan|texte?|testo|автор(?:ы|и)?|текст|كتب|بقلم|作者|记者|記者|撰文|文|取材)\s*[:：]\s*)(?=\S)",
    re.IGNORECASE,
)
_GLUED = re.compile(r"^\W*By(?=[A-Z][a-z]+ [A-Z])")
_INSIDE = re.compile(
    r"(?:\d\W*|\|\s*|[ap]\.?m\.?\s|\b[A-Z]{2,4}\s)\b(?:published |posted )?[Bb]y:?\s+"
)
_CREDITS = re.compile(r"\b(?:reporting|writing|story|text|words) by\s+(?=[^\W\d_])", re.IGNORECASE)
_CUT = re.compile(
    rf"(?<=[a-z])(?=(?:Published|Updated|Posted|Last|{MONTH}\s?\d))|\s[|•·/–—-]{{1,2}}(?:\s|$)|\s\("
    r"|\s?\d|\s?@|;\s|\s*\b(?:on|published|posted|updated|last updated|special to|for)\b"
    rf"|(?<=\w)\s(?={MONTH}\s?\d)",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:reporter|correspondent|editor|columnist|writer|staff|contributor|contributing|producer|"
    r"journalist|senior|chief|analyst|author|founder|intern|fellow|critic|professor)\b",
    re.IGNORECASE,
)
_LEADING_NAME = re.compile(
    r"^(?:[^\W\d_][\w'’-]*\.?\s){1,3}?[^\W\d_][\w'’-]+(?=\s(?:[A-Z][\w.]*\s){0,3}"
    r"(?:staff|correspondent|reporter|editor|writer|senior|contributing|news|times|today|globe|"
    r"press|post|tribune)\b)",
    re.IGNORECASE,
)
_AGENCY = re.compile(
    r",\s*(?:[\w-]+\.\w{2,10}|(?:[A-Z]\w*\s){0,3}(?:News|Press|Times|Post|Tribune|Herald|ESPN|AFP|"
    r"AP|Reuters))$"
)
_PARTS = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|und|et|y|&)\s+")
_LONGEST = 160


def is_by_alone(line: str) -> bool:
    """Whether ``line`` says "By" and leaves the name to the next one."""
    return _ALONE.match(line) is not None


def says_who(line: str) -> list[str]:
    """The people in a line that says "by", at its beginning or after a date."""
    if len(line) > _LONGEST:
        return []
    match = _LEAD.match(line) or _GLUED.match(line) or _INSIDE.search(line)
    return _names(line[match.end() :]) if match else []


def credited(line: str) -> list[str]:
    """The reporters in a closing line such as "Reporting by A and B; editing by C"."""
    match = _CREDITS.search(line[:300])
    if not match or match.start() > 3:
        return []
    return _names(line[match.end() : 300].rstrip(".)"))


def _names(text: str) -> list[str]:
    """The names that ``text`` begins with: what follows a role or an agency is no author."""
    cut = _CUT.search(text, 2)
    text = text[: cut.start()] if cut else text
    leading = _LEADING_NAME.match(text)
    if leading and not _ROLE.search(leading[0]):
        text = leading[0]
    names: list[str] = []
    for part in _PARTS.split(text.strip(" ,.")):
        found = people([part])
        if len(found) != 1 or not _is_capitalised(found[0]):
            break
        names.extend(name for name in found if name not in names)
    return names or [n for n in people([text]) if len(n.split()) == 1 == len(text.split())]


def lone_name(line: str) -> str | None:
    """The person when ``line`` is a name, alone or before a date or a role, and nothing else."""
    if len(line) > 120:
        return None
    cut = _CUT.search(line, 2)
    head = (line[: cut.start()] if cut else line).strip(" ,·•|-–—\xa0")
    head = _AGENCY.sub("", head)
    role = _ROLE.search(head)
    if role:
        head = head[: role.start()].strip(" ,·•|-–—")
    words = head.split()
    if not 2 <= len(words) <= 4 or not _is_capitalised(head) or head.isupper():
        return None
    found = people([head])
    return head if found == [head] else None


def is_role(line: str) -> bool:
    """Whether ``line`` is what stands under a name: "Senior Editor"."""
    return len(line) <= 60 and len(line.split()) <= 7 and _ROLE.search(line) is not None


def _is_capitalised(name: str) -> bool:
    words = name.split()
    return all(
        word[0].isupper() or word.lower() in ("de", "van", "von", "der", "den", "la", "di", "al")
        for word in words
    )
