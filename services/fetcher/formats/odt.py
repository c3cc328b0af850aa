"""ODT: the text as HTML, with the properties of its ``meta.xml``."""

from __future__ import annotations

import html
from collections.abc import Iterator

from lxml import etree

from services.fetcher.formats.base import NO, Document, Found, Refused
from services.fetcher.formats.package import Broken, Package, text_at
from services.fetcher.formats.properties import authors_of, title_of
from services.fetcher.limits import Budget
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

MIMETYPE = "application/vnd.oasis.opendocument.text"
"""Begins the ``mimetype`` member of text documents and of their templates."""

_NAMES = {
    name: f"urn:oasis:names:tc:opendocument:xmlns:{part}:1.0"
    for name, part in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("meta", "meta"),
        ("style", "style"), ("manifest", "manifest"),
    )
} | {"dc": "http://purl.org/dc/elements/1.1/", "xlink": "http://www.w3.org/1999/xlink"}  # fmt: skip
_TEXT, _TABLE, _STYLE = (f"{{{_NAMES[name]}}}" for name in ("text", "table", "style"))
_HREF = f"{{{_NAMES['xlink']}}}href"

# Elements of content.xml (OpenDocument 1.3, parts 4 to 10) and what they become.
_TAGS = {
    _TEXT + "list": "ul",
    _TEXT + "list-item": "li",
    _TEXT + "list-header": "li",
    _TABLE + "table": "table",
    _TABLE + "table-row": "tr",
    _TABLE + "table-cell": "td",
}
_BLANKS = {_TEXT + "line-break": "<br/>", _TEXT + "tab": " ", _TEXT + "s": " "}
_DROPPED = frozenset(
    (
        _TEXT + "tracked-changes",  # deletions; what is inserted stands in the text
        _TEXT + "note-citation",
        _TEXT + "sequence-decls",
        _TEXT + "ruby-text",
        _TEXT + "table-of-content",
        _TEXT + "alphabetical-index",
        _TEXT + "user-index",
        _TEXT + "illustration-index",
        _TEXT + "table-index",
        f"{{{_NAMES['office']}}}annotation",
        f"{{{_NAMES['office']}}}forms",
        "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}image",
        "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}object",
        "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}title",
        "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}desc",
    )
)
_ASIDE = frozenset(
    (_TEXT + "note-body", "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}text-box")
)
"""What stands within a paragraph and is put after all of the text: notes and text boxes."""


class Odt:
    """OpenDocument text (ISO/IEC 26300)."""

    name = "odt"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """Not by its beginning, which is any zip's: the zip's directory tells it."""
        return NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record with the HTML of the text."""
        try:
            yield _record(Package(source.data, budget))
        except Broken as error:
            yield Refused("corrupt_odt", str(error), whole=True)


def _record(package: Package) -> Found:
    if _is_encrypted(package):
        return Refused("encrypted", "the document asks for a password", whole=True)
    content = package.xml("content.xml")
    body = content.find("office:body", _NAMES)
    if body is None or not len(body):
        raise Broken("the part 'content.xml' has no body")
    kind = etree.QName(body[0]).localname
    if kind != "text":
        return Refused("unsupported_format", f"OpenDocument {kind} is not read", whole=True)
    text = _Html(_titles(content)).of(body[0])
    if not text:
        return Refused("no_text", "the document holds no text", whole=True)
    meta = package.xml("meta.xml") if "meta.xml" in package else etree.Element("none")
    author = text_at(meta, ".//meta:initial-creator", _NAMES)
    return Document(
        Record(
            html=text,
            title=title_of(text_at(meta, ".//dc:title", _NAMES)),
            authors=authors_of(author or text_at(meta, ".//dc:creator", _NAMES)),
            published_at=text_at(meta, ".//meta:creation-date", _NAMES) or None,
            modified_at=text_at(meta, ".//dc:date", _NAMES) or None,
            description=text_at(meta, ".//dc:description", _NAMES) or None,
        ).encode(),
        Record.CONTENT_TYPE,
    )


def _is_encrypted(package: Package) -> bool:
    name = "META-INF/manifest.xml"
    if name not in package:
        return False
    return package.xml(name).find(".//manifest:encryption-data", _NAMES) is not None


def _titles(content: etree._Element) -> frozenset[str]:
    """The names of styles that are the title's: its own and those made from it in this text."""
    made = content.iterfind("office:automatic-styles/style:style", _NAMES)
    titles = {
        s.get(_STYLE + "name") for s in made if s.get(_STYLE + "parent-style-name") == "Title"
    }
    return frozenset({"Title", *titles})


class _Html:
    """Writes the HTML of a text, element by element: nesting costs no stack."""

    def __init__(self, titles: frozenset[str]) -> None:
        self._titles = titles
        self._out: list[str] = []
        self._asides: list[list[str]] = []
        self._after: list[str] = []
        self._any = False

    def of(self, root: etree._Element) -> str:
        """The HTML of ``root``'s content; empty where no letter or digit is in it."""
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                if element.tag in _DROPPED or not isinstance(element.tag, str):
                    walk.skip_subtree()
                else:
                    self._start(element)
            else:
                if element.tag not in _DROPPED and isinstance(element.tag, str):
                    self._end(element)
                if element is not root:
                    self._write(element.tail)
        return "".join(self._out + self._after) if self._any else ""

    def _start(self, element: etree._Element) -> None:
        if element.tag in _ASIDE:
            self._asides.append(self._out)
            self._out = []
        elif element.tag in _BLANKS:
            self._out.append(_BLANKS[element.tag])
        elif element.tag == _TEXT + "a":
            self._out.append(f'<a href="{html.escape(element.get(_HREF, ""))}">')
        elif tag := self._tag(element):
            self._out.append(f"<{tag}>")
        self._write(element.text)

    def _end(self, element: etree._Element) -> None:
        if element.tag in _ASIDE:
            self._after += self._out
            self._out = self._asides.pop()
        elif element.tag == _TEXT + "a":
            self._out.append("</a>")
        elif tag := self._tag(element):
            self._out.append(f"</{tag}>\n")

    def _tag(self, element: etree._Element) -> str:
        if element.tag == _TEXT + "p":
            return "h1" if element.get(_TEXT + "style-name") in self._titles else "p"
        if element.tag == _TEXT + "h":
            level = element.get(_TEXT + "outline-level", "1")
            return f"h{level}" if level in "123456" and len(level) == 1 else "h6"
        return _TAGS.get(element.tag, "")

    def _write(self, text: str | None) -> None:
        if text:
            self._any = self._any or any(map(str.isalnum, text))
            self._out.append(html.escape(text, quote=False))
