"""The headline among a page's many titles, without site, section or kicker around it."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from services.cleaner.characters import one_line
from shared.text import comparable

LONGEST: Final = 600
"""Characters of a title; what is longer is a text in the wrong place."""
_SEPARATOR = re.compile(r"\s+[|·•»«‹›:–—~/\\-]{1,3}\s+|\s?[|»]\s?|\s+::\s+")
_BAR = re.compile(r"\s?\|\s?")
_ALNUM = re.compile(r"\W+")
_WORD = re.compile(r"\w+")
_CUT = re.compile(r"\s*(?:…|\.\.\.)$")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LABEL_WORDS: Final = 3
_HEADLINE_WORDS: Final = 4
"""A part of at most so many words, beside one of at least so many, is a section's label."""
_LONG_HEADING: Final = 10
"""Different words above which a heading is no site's or section's name."""
_JSON_LD_LIMIT: Final = 90
"""Characters from which a headline may have been cut: search engines asked for 110 at most."""

_TELLING: Final = 12
"""Letters from which two titles do not begin alike by chance."""

# Measured on aed and wcxb: the share of titles that are right where so much agrees.
SURE_SEEN: Final = 0.96
"""A heading of the first level says the same as what the page gives to machines."""
SURE_LESSER: Final = 0.9
"""A lesser heading begins what the page gives to machines."""
SURE_HEADING: Final = 0.64
"""A heading that nothing else repeats."""
SURE_MACHINE: Final = 0.77
"""What only machines are given, though there are headings."""
SURE_ALONE: Final = 0.7
"""What machines are given on a page without a heading."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen title, where it stood and how often such a choice is right."""

    text: str
    place: str
    sure: float


def squeezed(text: str) -> str:
    """Letters and digits of ``text`` in comparable form: for telling whether two titles agree."""
    return _ALNUM.sub("", comparable(text))


def written(text: str) -> str:
    """``text`` in one line, without the entities that a page escaped twice."""
    for _ in range(2):
        if "&" not in text:
            break
        text = html.unescape(text)
    return one_line(text)[:LONGEST]


def slug_words(url: str) -> frozenset[str]:
    """The words of the longest part of a URL's path: most sites write the headline there."""
    try:
        parts = unquote(urlsplit(url).path[:500]).casefold().replace("_", "-").split("/")
    except ValueError:
        return frozenset()
    slug = max(parts, key=lambda part: part.count("-"), default="")
    return frozenset(word for word in _WORD.findall(slug) if not word.isdigit() or len(word) == 4)


def site_names(*names: str) -> set[str]:
    """How a site may call itself, squeezed: from its name, its publisher's and its host."""
    found = {squeezed(name) for name in names}
    for name in names:
        if "." in name and " " not in name:
            found.add(squeezed(name.removeprefix("www.").split(".")[0]))
    return found - {""}


def without_site(title: str, *, names: Collection[str], headings: Collection[str]) -> str:
    """``title`` without a name of the site before or after a separator.

    A part goes when it is one of ``names`` (:func:`site_names`), or when one of ``headings`` is
    the rest.
    """
    separators = list(_SEPARATOR.finditer(title))[:20]
    if not separators:
        return title
    known = {squeezed(heading) for heading in headings}
    for separator in separators:  # shortest head first: "Headline | Section | Site"
        head, tail = title[: separator.start()], title[separator.end() :]
        if squeezed(head) in known:
            return head
        if squeezed(tail) in known:
            return tail
    while separators:
        last, first = separators[-1], separators[0]
        if _names_site(title[last.end() :], names):
            title = title[: last.start()]
        elif _names_site(title[: first.start()], names):
            title = title[first.end() :]
        else:
            break
        separators = list(_SEPARATOR.finditer(title))
    return title.strip()


def without_label(title: str) -> str:
    """``title`` without a section's name before or after a bar: "Opinion | Let them play"."""
    parts = [part for part in _BAR.split(title) if part]
    while len(parts) > 1:
        first, rest = _words(parts[0]), sum(map(_words, parts[1:]))
        last, before = _words(parts[-1]), sum(map(_words, parts[:-1]))
        if first <= _LABEL_WORDS and rest >= _HEADLINE_WORDS:
            parts.pop(0)
        elif last <= _LABEL_WORDS and before >= _HEADLINE_WORDS:
            parts.pop()
        else:
            return title if len(parts) == len(_BAR.split(title)) else " | ".join(parts)
    return parts[0] if parts else title


def _words(text: str) -> int:
    return len(text.split())


def _names_site(part: str, names: Collection[str]) -> bool:
    key = squeezed(part)
    if not key:
        return True
    return any(
        key == name or (len(key) >= 4 and len(name) >= 4 and (key in name or name in key))
        for name in names
    )


def choose(
    machine: Sequence[tuple[str, str]],
    headings: Sequence[str],
    slug: Collection[str],
    lesser: Iterable[str] = (),
) -> Choice | None:
    """The headline among what ``machine`` was given, ``(title, where)`` by trust, and ``headings``.

    What readers see is the headline; what only machines see is often shortened or written for
    search engines. So a title that a heading repeats word for word wins. Where none does, the
    heading wins, unless the words of the address (``slug``) or its own form speak against it.
    Where no heading of the first level is left, one of the ``lesser`` ones that a title begins
    with does.
    """
    given = [(text, place, squeezed(text)) for text, place in machine if squeezed(text)]
    seen = {squeezed(heading) for heading in headings} - {""}
    for text, place, key in given:
        if key in seen:
            return Choice(text, place, SURE_SEEN)
    votes: dict[str, int] = {}
    for _, _, key in given:
        votes[key] = votes.get(key, 0) + 1
    best = max(given, key=lambda entry: votes[entry[2]], default=None)
    usable = [heading for heading in headings if squeezed(heading)]
    if best is None:
        return Choice(usable[0], "h1", SURE_HEADING) if usable else None
    text, place, _ = best
    others = _tokens(text).union(slug)
    heading = max(usable, key=lambda heading: _shared(_tokens(heading), others), default="")
    if heading and not _is_beside(heading, text, slug):
        return Choice(heading, "h1", SURE_HEADING)
    keys = {key for _, _, key in given}
    for other in lesser:
        if not _CUT.search(other) and _begins(other, keys):
            return Choice(written(other), "heading", SURE_LESSER)
    if heading:
        return Choice(_completed(text, [heading]), place, SURE_MACHINE)
    return Choice(_completed(text, [other for other, _, _ in given]), place, SURE_ALONE)


def _begins(heading: str, titles: Iterable[str]) -> bool:
    """Whether one of ``titles``, squeezed, begins with ``heading`` before it goes on."""
    key = squeezed(heading)
    return len(key) >= _TELLING and any(title.startswith(key) for title in titles)


def _completed(text: str, others: Sequence[str]) -> str:
    """``text``, or the one of ``others`` that goes on where it was cut."""
    key = squeezed(_CUT.sub("", text))
    if len(text) >= _JSON_LD_LIMIT or _CUT.search(text):
        for other in others:
            longer = squeezed(other)
            if len(longer) > len(key) >= 10 and longer.startswith(key) and not _CUT.search(other):
                return other
    return text


def _is_beside(heading: str, text: str, slug: Collection[str]) -> bool:
    """Whether ``heading`` is not the headline, where ``text`` is given to machines."""
    ours, theirs = _tokens(heading), _tokens(text)
    key, other = squeezed(heading), squeezed(text)
    # "News Ferry hits pier": a label or a date before the headline.
    before = comparable(heading).find(comparable(text))
    if before > 0 and key.endswith(other) and len(theirs) >= _LABEL_WORDS:
        return before <= 20
    if other.endswith(key) and len(key) * 2 <= len(other):  # "Ferry hits pier - The Post"
        return True
    if _IDEOGRAPH.search(text):
        return not other.startswith(key) and _similar(set(heading), set(text)) < 0.1
    near = _similar(ours, theirs)
    in_ours, in_theirs = _shared(ours, slug), _shared(theirs, slug)
    if near < 0.35 and in_ours <= 0.25 and in_theirs >= 0.4 and len(ours) <= _LONG_HEADING:
        return True
    return near == 0 and not in_ours and len(ours) <= _LABEL_WORDS < len(theirs)


def _tokens(text: str) -> set[str]:
    return set(_WORD.findall(comparable(text)))


def _shared(words: set[str], wanted: Collection[str]) -> float:
    return len(words.intersection(wanted)) / len(wanted) if wanted else 0.0


def _similar(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))
