"""Properties that writing programs put into files: which titles and authors mean something."""

from __future__ import annotations

import re

_NO_TITLE = re.compile(
    r"(?:microsoft \w+ - |(?:un|ohne )titel|untitled|sans titre|sin título|title$|layout \d|"
    r"document\d*$|dokument\d*$|slide \d|powerpoint|print$|page \d|\W*$|.*\.(?:docx?|pdf|indd|qxd|"
    r"qxp|rtf|odt|pages|tex|dvi|ps|eps|ai|pptx?|xlsx?|html?|txt|pub|pmd?)$)",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"(?:anonymous|unknown|unspecified|user|admin(?:istrator)?|author|root|owner|"
    r"microsoft.*|(?-i:[a-z\d._-]+)|\W*)$",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:;|\s&\s|\sand\s|\sund\s|\set\s)\s*")
_LONGEST = 300


def title_of(written: str) -> str | None:
    """``written`` as a title; ``None`` for file names and what programs put in by themselves."""
    title = " ".join(written[: 2 * _LONGEST].split())
    return title if 3 <= len(title) <= _LONGEST and not _NO_TITLE.match(title) else None


def authors_of(written: str) -> list[str]:
    """The names in ``written``, without those of accounts (``jsmith2``)."""
    names = _AND.split(" ".join(written[: 10 * _LONGEST].split()))
    return [name for name in names if 1 < len(name) < 100 and not _NO_AUTHOR.match(name)]
