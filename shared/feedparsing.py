"""feedparser with its costs bounded: what :mod:`shared.feeds` reads RSS, RDF and Atom with.

feedparser reads what people really publish, and trusts them: regular expressions that go back and
forth over the rest of a file for each ``<``, lists searched for each tag, entities of any size.
Here its own parser classes are driven with limits, so that time grows with the size of a feed and
not with its square; and markup inside entries is sanitised afterwards, each piece by itself, so
that one that is hostile costs the others nothing.

Importing this takes a tenth of a second: :mod:`shared.feeds` does it when the first feed comes.
"""

from __future__ import annotations

import io
import re
import xml.sax  # the parser behind it, expat, loads nothing and bounds entities by itself
import xml.sax.handler
import xml.sax.xmlreader
from typing import Any

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.encodings import convert_to_utf8
from feedparser.urls import make_safe_absolute_uri

from shared import charset
from shared.feedmarkup import BROKEN, Stop, Thrift

MAX_ENTRIES = 10_000
_MAX_DEPTH = 500
_MAX_ELEMENTS = 200_000
_MAX_ENTITIES = 500  # declared; each is counted in the whole of it
_MAX_TAGS = 100  # topics of one entry; each is compared with all before it
_MAX_NAMESPACES = 100
_MAX_BLANKS = 1_000  # pieces of nothing but white space in a row
_MAX_FIELD = 8_192  # characters of a field that holds no prose: a link, a date, a name
_MAX_AUTHOR = 100  # characters in which an address is looked for, which is quadratic
_MAX_LOOSE = 4 * 1024 * 1024  # bytes of an ill-formed feed: its parser is slower
_DECLARATION = 500  # characters within which the XML declaration ends
_PROLOG = 65_536  # bytes before the root element

_WIDE = (
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<\x00?", "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_XML_DECLARATION = re.compile(r"((?:\ufeff|\xef\xbb\xbf)?<\?)(xml\b[^>\n]*\?>)?")
_ENCODING = re.compile(r"encoding=['\"](.*?)['\"]")  # as feedparser looks for it
_PROLOG_PART = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.S)
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'|<!--.*?-->|<\?.*?\?>|[\[\]>]", re.S)
_ENTITY = re.compile(rb"<!ENTITY\s+(\w+)\s+(?:\"((?:&#\w+;|[^&\"<%])*)\"|'([^&'<\"%]*)')\s*>")
# A tag with more attributes than any has, all of which a parser holds at once.
_MANY_ATTRIBUTES = re.compile(
    rb"<[^\s<>\"'/!?]++(?:\s++[^\s=<>\"']++\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+')){1000}"
)


class _Feed:
    """Limits on feedparser's own parsers."""

    entries: list[Any]
    elementstack: list[list[Any]]
    incontent: int
    depth: int
    namespaces_in_use: dict[str, str]
    budget: int  # characters of text that may come out
    _count = 0
    _blanks = 0

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> Any:
        self._counted()
        if self.depth > _MAX_DEPTH:
            raise Stop(f"elements nested more than {_MAX_DEPTH} deep")
        for _, value in attrs:
            self._spend(len(value))
        return super().unknown_starttag(tag, attrs)  # type: ignore[misc]

    def handle_data(self, text: str, escape: int = 1) -> None:
        self._spend(len(text))
        self._blanks = 0 if text.strip() else self._blanks + 1
        if self._blanks > _MAX_BLANKS:  # those around a text are taken off one by one
            return
        super().handle_data(text, escape)  # type: ignore[misc]

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        if len(self.namespaces_in_use) < _MAX_NAMESPACES:  # each element looks through them
            super().track_namespace(prefix, uri)  # type: ignore[misc]

    def pop(self, element: str, strip_whitespace: int = 1) -> Any:
        if self.elementstack and not self.incontent and self.elementstack[-1][0] == element:
            pieces = self.elementstack[-1][2]
            if isinstance(pieces, list) and sum(map(len, pieces)) > _MAX_FIELD:
                texts = (p.decode("utf-8") if isinstance(p, bytes) else p for p in pieces)
                pieces[:] = ["".join(texts)[:_MAX_FIELD]]
        return super().pop(element, strip_whitespace)  # type: ignore[misc]

    def _start_item(self, attrs: dict[str, str]) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise Stop(f"more than {MAX_ENTRIES} entries")
        super()._start_item(attrs)  # type: ignore[misc]

    _start_entry = _start_item

    def _add_tag(self, *tag: Any) -> None:
        if len(self._context().get("tags", ())) < _MAX_TAGS:
            super()._add_tag(*tag)  # type: ignore[misc]

    def _sync_author_detail(self, key: str = "author") -> None:
        if len(self._context().get(key) or "") <= _MAX_AUTHOR:
            super()._sync_author_detail(key)  # type: ignore[misc]

    def _counted(self) -> None:
        self._count += 1
        if self._count > _MAX_ELEMENTS:
            raise Stop(f"more than {_MAX_ELEMENTS} elements and entities")

    def _context(self) -> Any:
        return self._get_context()  # type: ignore[attr-defined]

    def _spend(self, size: int) -> None:
        self.budget -= size
        if self.budget < 0:
            raise Stop("its entities make it many times as large")


class _Strict(_Feed, StrictFeedParser):  # type: ignore[misc]
    resolve_relative_uris = sanitize_html = False


class _Loose(_Feed, Thrift, LooseFeedParser):  # type: ignore[misc]
    resolve_relative_uris = sanitize_html = False

    def handle_entityref(self, ref: str) -> None:
        self._counted()
        super().handle_entityref(ref)


def read(data: bytes, content_type: str, url: str) -> tuple[Any, str]:
    """feedparser's parser after ``data``, and why it stopped early or ``""``.

    Its ``feeddata`` and ``entries`` are feedparser's, with markup as it came: see
    :class:`shared.feedmarkup.Sanitiser`.
    """
    result: dict[str, Any] = {}
    headers = {"content-type": _known_charset(content_type)} if content_type else {}
    data = convert_to_utf8(headers, _short_declaration(data), result)
    base = make_safe_absolute_uri(url) if url else ""
    data, entities = _without_doctype(data)
    if _MANY_ATTRIBUTES.search(data):
        raise Stop("a tag with more than 1000 attributes")
    budget = 2 * len(data) + _PROLOG
    if result["encoding"]:
        strict = _Strict(base, None, "utf-8")
        strict.budget = budget
        reader = xml.sax.make_parser()  # noqa: S317 - its entities are taken out before
        reader.setFeature(xml.sax.handler.feature_namespaces, True)
        reader.setFeature(xml.sax.handler.feature_external_ges, False)
        reader.setContentHandler(strict)
        reader.setErrorHandler(strict)
        source = xml.sax.xmlreader.InputSource()
        source.setByteStream(io.BytesIO(data))
        try:
            reader.parse(source)
            return strict, ""
        except Stop as stop:
            return strict, str(stop)
        except (xml.sax.SAXException, *BROKEN):
            pass  # ill-formed, or more than feedparser's handlers expect
    loose = _Loose(base, None, "utf-8", entities)
    loose.budget = budget
    try:
        loose.feed(data[:_MAX_LOOSE].decode("utf-8", "replace"))
    except Stop as stop:
        return loose, str(stop)
    except BROKEN as error:
        return loose, f"its markup cannot be read on: {error}"
    return loose, f"ill-formed, and larger than {_MAX_LOOSE} bytes" if len(
        data
    ) > _MAX_LOOSE else ""


def _short_declaration(data: bytes) -> bytes:
    """``data`` with a line end after its XML declaration, and in that no charset unknown to us.

    feedparser matches the first line in cubic time, and takes any codec of Python's.
    """
    name = next((name for mark, name in _WIDE if data.startswith(mark)), "latin-1")
    head = data[: 4 * _DECLARATION].decode(name, "ignore")
    match = _XML_DECLARATION.match(head[:_DECLARATION])
    if match is None:
        return data
    rest = data[len(match[0].encode(name)) :]
    start, declaration = match[1], match[2]
    if declaration is None:  # none that ends
        return (start + "\n").encode(name) + rest
    labels = _ENCODING.findall(declaration)
    if not all(label.isascii() and charset.codec_name(label) for label in labels):
        declaration = _ENCODING.sub("", declaration)
    return (start + declaration + "\n").encode(name) + rest


def _known_charset(content_type: str) -> str:
    kind, _, parameters = content_type[:_DECLARATION].partition(";")
    found = re.search(r"charset\s*=\s*[\"']?([^\s;\"']+)", parameters, re.I)
    known = found is not None and charset.codec_name(found[1]) is not None
    return f"{kind.strip().lower()}; charset={found[1]}" if found and known else kind.strip()


def _without_doctype(data: bytes) -> tuple[bytes, dict[str, str]]:
    """``data`` (UTF-8) with no DOCTYPE but for plain entities, and these for the loose parser.

    Raises :class:`Stop` where what the entities stand for is much more than the feed itself.
    """
    at = 0
    parts: list[bytes] = []
    while match := _PROLOG_PART.match(data, at, at + _PROLOG):
        at = match.end()
        parts.append(b" " if match[0].isspace() else match[0])
        if len(parts) > _MAX_ELEMENTS:
            raise Stop("comments without end before the root")
    if data[at : at + 9].upper() != b"<!DOCTYPE":
        return data, {}
    depth, end = 0, len(data)
    for mark in _QUOTED.finditer(data, at, at + _PROLOG):
        depth += {b"[": 1, b"]": -1}.get(mark[0], 0)
        if mark[0] == b">" and depth <= 0:
            end = mark.end()
            break
    else:
        end = at + 9
    subset, rest = data[at:end], data[end:]
    found: dict[bytes, bytes] = {}
    for match in _ENTITY.finditer(subset):
        found.setdefault(match[1], match[2] if match[2] is not None else match[3])
    if len(found) > _MAX_ENTITIES:
        raise Stop(f"more than {_MAX_ENTITIES} entities")
    made = sum(rest.count(b"&" + name + b";") * len(text) for name, text in found.items())
    if made > len(data) + _PROLOG:
        raise Stop("its entities make it many times as large")
    if found:
        lines = [b'<!ENTITY %s "%s">' % item for item in found.items()]
        parts.append(b"<!DOCTYPE feed [%s]>" % b"\n".join(lines))
    return b"".join(parts) + rest, {
        name.decode(): text.decode("utf-8", "replace") for name, text in found.items()
    }
