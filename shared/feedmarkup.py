"""The markup in feeds: sanitised as feedparser does it, in time that grows with its size.

feedparser's sanitiser stands on an SGML parser whose regular expressions go over the rest of a
text for each ``<`` that is not closed, and on others that do so for each letter of a style.
"""

from __future__ import annotations

import html
import re

from feedparser.sanitizer import _HTMLSanitizer
from feedparser.urls import RelativeURIResolver

_MAX_STYLE = 300  # characters of a style attribute, which are read in quadratic time
_STYLE_RUN = re.compile(r"[-\w\s]{40}")  # no property of CSS, and what makes it so
_MAX_SIGNS = 200_000  # tags and entities in the markup of all entries, 10 to 20 µs each
_MAX_ATTRIBUTES = 2_000  # of one tag; a kilobyte of memory each
_FLOOR = 65_536  # characters that may be gone over whatever the size of a text
# What sgmllib's search for the end of a tag goes over before it gives up: text and quotations.
_SPAN = re.compile(r"""(?:[^'"<>]+|"[^"]*"(?=>|/|\s|\w+=)|'[^']*'(?=>|/|\s|\w+=))*+""")
_TAGS = re.compile(r"<[^<>]*>")


BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RuntimeError)
"""What feedparser and its SGML parser raise for markup that they did not expect."""


class Stop(Exception):
    """A limit is reached; what was read until then counts. The argument tells which."""


class Thrift:
    """Counts what sgmllib does with a text; raises :class:`Stop` when that is no longer linear."""

    rawdata: str
    _spent = 0

    def parse_starttag(self, i: int) -> int:
        """sgmllib's, counted."""
        self._charge(i)
        return super().parse_starttag(i)  # type: ignore[misc,no-any-return]

    def parse_endtag(self, i: int) -> int:
        """sgmllib's, counted."""
        self._charge(i)
        return super().parse_endtag(i)  # type: ignore[misc,no-any-return]

    def handle_charref(self, ref: str) -> None:
        """feedparser's; a character that there is not becomes U+FFFD."""
        try:
            number = int(ref[1:], 16) if ref[:1] in "xX" else int(ref[:20])
        except ValueError:
            number = 0
        good = 0 < number < 0x110000 and not 0xD800 <= number < 0xE000
        super().handle_charref(ref if good else "65533")  # type: ignore[misc]

    def _charge(self, start: int) -> None:
        text = self.rawdata
        match = _SPAN.match(text, start + 1)
        end = match.end() if match else start
        cost = end - start
        if cost > _MAX_ATTRIBUTES and _attributes(text, start, end) > _MAX_ATTRIBUTES:
            raise Stop(f"a tag with more than {_MAX_ATTRIBUTES} attributes")
        if text[end : end + 1] in ("'", '"'):
            close = text.find(text[end], end + 1)
            cost += (close if close >= 0 else len(text)) - end
        self._spent += cost
        if self._spent > 8 * len(text) + _FLOOR:
            raise Stop("its tags cannot be told apart")


def _attributes(text: str, start: int, end: int) -> int:
    """How many attributes a tag has at most: they have blanks between them, or signs."""
    return max(text.count("=", start, end), *(text.count(b, start, end) for b in " \n\t"))


class _Resolver(Thrift, RelativeURIResolver):  # type: ignore[misc]
    """Links made absolute."""


class _Sanitizer(Thrift, _HTMLSanitizer):  # type: ignore[misc]
    """What runs, and what is unknown, taken out."""

    def sanitize_style(self, style: str) -> str:
        if len(style) > _MAX_STYLE or _STYLE_RUN.search(style):
            return ""
        return super().sanitize_style(style)  # type: ignore[no-any-return]

    def parse_comment(self, i: int, report: int = 1) -> int:
        if self.rawdata.find(">", i + 4) < 0:  # looked for from each of its dashes otherwise
            return len(self.rawdata)
        return super().parse_comment(i, report)  # type: ignore[no-any-return]


class Sanitiser:
    """Makes the markup of one feed safe; what one feed may cost is counted over all of it.

    ``texts`` tells whether content and summaries are wanted at all.
    """

    def __init__(self, texts: bool = True) -> None:
        self.texts = texts
        self._left = _MAX_SIGNS

    def __call__(self, markup: str, kind: str, base: str) -> str:
        """``markup`` as feedparser gives it: links absolute, nothing in it that runs.

        Past the limit, or where its tags cannot be told apart, its text alone.
        """
        signs = markup.count("<") + markup.count("&")
        if not signs:
            return markup.strip()
        self._left -= signs
        try:
            if self._left >= 0:
                resolver = _Resolver(base, "utf-8", kind)
                resolver.feed(markup)
                sanitizer = _Sanitizer("utf-8", kind)
                sanitizer.feed(resolver.output().replace("<![CDATA[", "&lt;![CDATA["))
                return str(sanitizer.output()).strip().replace("\r\n", "\n")
        except (Stop, *BROKEN):
            pass
        text = html.unescape(_TAGS.sub(" ", markup)).strip()
        return html.escape(text, quote=False)
