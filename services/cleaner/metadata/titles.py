"""The headline among a page's many titles, without the name of the site."""

from __future__ import annotations

import re

from shared.text import comparable

_SEPARATOR = re.compile(r"\s+[|·•»«‹›:–—~/\\-]+\s+|\s*[|»]\s*|\s+::\s+")
_ALNUM = re.compile(r"\W+")


def squeezed(text: str) -> str:
    """Letters and digits of ``text`` in comparable form: for telling whether two titles agree."""
    return _ALNUM.sub("", comparable(text))


def without_site(title: str, *, site: str = "", host: str = "", headings: list[str]) -> str:
    """``title`` without a name of the site before or after a separator.

    A part goes when it names the ``site`` or the ``host``, or when one of the ``headings`` is
    the rest.
    """
    separators = list(_SEPARATOR.finditer(title))
    if not separators:
        return title
    known = {squeezed(heading) for heading in headings}
    names = {squeezed(site), squeezed(host), squeezed(host.removeprefix("www.").split(".")[0])} - {
        ""
    }
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


def _names_site(part: str, names: set[str]) -> bool:
    key = squeezed(part)
    if not key:
        return True
    return any(
        key == name or (len(key) >= 4 and len(name) >= 4 and (key in name or name in key))
        for name in names
    )


def choose(
    candidates: list[tuple[str, str]], headings: list[str], document_title: str
) -> tuple[str, str]:
    """The best of ``(title, where found)``, given in order of trust; ``("", "")`` for none.

    A candidate that a heading of the page repeats word for word wins over one that none does:
    what readers see is the headline, what only machines see is often shortened or written for
    search engines.
    """
    seen = [squeezed(heading) for heading in headings]
    usable = [(text, place) for text, place in candidates if squeezed(text)]
    for text, place in usable:
        if squeezed(text) in seen:
            return text, place
    # A heading that the document's own title begins with, or that begins a candidate.
    whole = squeezed(document_title)
    for heading, key in zip(headings, seen, strict=True):
        if len(key) >= 15 and (whole.startswith(key) or any(key in squeezed(t) for t, _ in usable)):
            return heading, "h1"
    return usable[0] if usable else ("", "")
