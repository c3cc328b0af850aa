"""Plain text, pages and other XML: what is not opened but handed on as it came."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.fetcher.formats.base import (
    FALLBACK,
    HINTED,
    NO,
    STRUCTURE,
    Document,
    Found,
    Refused,
)
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.feeds import root_name

HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTML_SUFFIXES = (".html", ".htm", ".xhtml", ".xht", ".shtml", ".asp", ".aspx", ".php")
_TAGS = (
    "html|head|body|title|meta|link|script|style|base|p|div|span|a|br|hr|h[1-6]|ul|ol|li|dl|dt|dd"
    "|table|tbody|tr|td|th|img|b|i|em|strong|u|font|center|blockquote|pre|article|section|main"
    "|header|footer|nav|aside|figure|figcaption|form|iframe|noscript|picture|video|svg|time"
)
_TAG = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.I)
_CLOSING = re.compile(rf"</(?:{_TAGS})\s*>", re.I)
# White space, comments and processing instructions may stand before the first element.
_PROLOGUE = re.compile(r"(?:\s+|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<![^<>]*>)*", re.S)
_DOCTYPE_HTML = re.compile(r"<!doctype\s+(?:x?html|\"-//(?:W3C|IETF)//DTD X?HTML)", re.I)
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)(?=[\s/>])")
# Roots of vocabularies whose files often come without an XML declaration.
_XML_ROOTS = frozenset(
    ("rss", "rdf", "feed", "opml", "urlset", "sitemapindex", "nitf", "newsml", "newsitem",
     "newsmessage", "packageitem", "svg")
)  # fmt: skip
_HINTS = {
    "opml": "; a list of feeds is for `wireroom sources add`",
    "urlset": "; a sitemap is for `wireroom fetch`",
    "sitemapindex": "; a sitemap is for `wireroom fetch`",
}
_OPENERS = 12
"""Tags without which text that starts as prose is no page: an article may quote a few. One
about markup quotes many, and still has more lines than tags."""


class Html:
    """HTML and XHTML, whole pages and fragments."""

    name = "html"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By the doctype or the first element; text before the first tag needs more evidence."""
        text = sample.text_head
        if "<" not in text or not sample.is_text:
            return NO
        prologue = _PROLOGUE.match(text)
        start = prologue.end() if prologue else 0
        if _DOCTYPE_HTML.search(text, 0, start):
            return STRUCTURE + 5
        root = _ROOT.match(text, start)
        if root is not None:
            name = root[2].lower()
            if name == "html":
                return STRUCTURE + 5
            if text.startswith("<?xml") or name in _XML_ROOTS:
                return NO
            if _TAG.match(text, start) and (_CLOSING.search(text, start) or name in ("p", "br")):
                return STRUCTURE
        if sample.media_type in HTML_TYPES or sample.suffix in _HTML_SUFFIXES:
            return HINTED if _TAG.search(text) else NO
        tags = sum(1 for _ in _TAG.finditer(text))
        if tags < _OPENERS or not _CLOSING.search(text):
            return NO
        lines = sum(1 for line in text.splitlines() if line.strip())
        return HINTED if lines <= tags else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The page as it came."""
        sample = source.sample
        xhtml = sample.text_head.startswith("<?xml")
        kind = "application/xhtml+xml" if xhtml else "text/html"
        yield Document(sample.data, f"{kind}; charset={sample.charset}")


class Xml:
    """XML that is no page: named in the refusal by its root."""

    name = "xml"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By the declaration, or by a root of a known vocabulary."""
        text = sample.text_head
        if not text.startswith("<") or not sample.is_text:
            return NO
        if text.startswith("<?xml"):
            return STRUCTURE
        return STRUCTURE if root_name(text).lower() in _XML_ROOTS else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """One refusal."""
        root = root_name(source.sample.text_head) or "unknown root"
        hint = _HINTS.get(root.lower(), "")
        yield Refused("unsupported_format", f"XML ({root}) is not read{hint}", whole=True)


class PlainText:
    """Text in any charset: what is readable and nothing else."""

    name = "text"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By being readable."""
        return FALLBACK if sample.is_text else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """The text as it came."""
        yield Document(source.data, f"text/plain; charset={source.sample.charset}")
