"""Names of authors: people, one each, without what bylines put around them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PREFIX = re.compile(
    r"^\W*(?:(?:story|words|text|report(?:ed|ing)?|written|posted|published|authored|edited|"
    r"created)\s+)?"
    r"(?:by|von|par|por|da|di|door|av|af|od|автор|authors?|autore|autor|auteur|writer)\b\s*:?\s*",
    re.IGNORECASE,
)
_NEEDS_COLON = re.compile(r"^(?:da|di|od|av|af|von|por|par)\b", re.IGNORECASE)
_SPLIT = re.compile(
    r"\s*(?:;|\||•|·|\n|\t|\s/\s|//|&(?!\w+;)|\s\+\s|\band\b|\bund\b|\bwith\b|\s(?:et|y|e|en|"
    r"и)\s(?=[A-ZА-ЯÉ]))\s*"
)
_COMMA = re.compile(r"\s*,\s*")
_SUFFIX = re.compile(
    r"^(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d|esq|mba|cpa|rn|j\.?d)\.?$", re.IGNORECASE
)
_TAIL = re.compile(
    r"\s*(?:\(.*|\[.*|<.*|@\w+.*|https?:.*|\S+@\S+.*|\s[-–—]\s.*|\s(?:at|for|of|in|on)\s.*"
    r"|\b(?:updated|published|posted)\b.*)$",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:reporter|correspondent|editor|editors|editorial|columnist|writer|writers|staff|producer|"
    r"journalist|contributor|contributors|analyst|professor|director|manager|officer|author|desk|"
    r"newsroom|team|bureau|agency|admin|administrator|webmaster|guest|anonymous|unknown|news|press|"
    r"media|magazine|times|post|daily|tribune|herald|gazette|network|redaktion|redaction|rédaction|"
    r"redacción|redazione|follow|subscribe|share|comments?|minutes?|read|view|posts|articles|"
    r"profile|"
    r"photo|photographer|photography|ago|updated|published|inc|llc|ltd|the|senior|associated|"
    r"reuters|"
    r"afp|dpa|company|university|department|institute|foundation|bio|email|contact|more|http|www|"
    r"user|user name|content|blog|blogger|wire|services?|sponsored|partner|group|"
    r"january|february|march|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’.\-]*$")


def people(texts: Iterable[str], *, site: str = "") -> list[str]:
    """The people named in ``texts`` (each a byline or a name), in order, each once.

    Roles, agencies, a ``site`` of one word, addresses and dates are left out.
    """
    found: dict[str, str] = {}
    for text in texts:
        for name in _names(text):
            key = name.casefold()
            # A site may bear its author's name; one word is more often a brand.
            if key == site.casefold() and len(name.split()) < 2:
                continue
            if key not in found:
                found[key] = name
    return list(found.values())[:20]


def _names(text: str) -> list[str]:
    text = " ".join(text[:400].split())
    names: list[str] = []
    for chunk in _SPLIT.split(_without_prefix(text)):
        for part in _COMMA.split(chunk):
            if names and _SUFFIX.match(part):
                continue
            name = _person(part)
            if name:
                names.append(name)
    return names


def _without_prefix(text: str) -> str:
    match = _PREFIX.match(text)
    if not match or (_NEEDS_COLON.match(text) and text[:3].islower()):
        return text
    rest = text[match.end() :]
    return rest or text


def _person(text: str) -> str | None:
    """``text`` as a name, or ``None`` when it is none."""
    name = _without_prefix(_TAIL.sub("", text.strip())).strip(' \t.,:;-–—*•|"“”')
    words = name.split()
    if not 2 <= len(name) <= 60 or len(words) > 5 or any(char.isdigit() for char in name):
        return None
    if _ROLE.search(name):
        return None
    if not all(_WORD.match(word) for word in words):
        return None
    capitals = sum(word[0].isupper() or not word[0].islower() for word in words)
    if len(words) > 1 and capitals < 2 and not (capitals == 1 and len(words) == 2):
        return None
    return name
