"""EPUB: the book's chapters, in the order in which they are read, as pages of their own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from services.fetcher.formats.base import NO, Child, Found, Refused, Skipped
from services.fetcher.formats.package import Broken, Package, beside
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.sniff import Sample
from services.fetcher.source import Source

MIMETYPE = "application/epub+zip"
"""What the ``mimetype`` member holds (EPUB Open Container Format 3.3, 4.2.7)."""

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_NAMES = {
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "opf": "http://www.idpf.org/2007/opf",
    "enc": "http://www.w3.org/2001/04/xmlenc#",
}
# Fonts are made unusable outside the book by these; text they do not hide.
_OBFUSCATION = frozenset(("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"))
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_NOT_READ = frozenset(("nav", "cover-image"))
_NOT_READ_GUIDE = frozenset(("cover", "toc", "loi", "lot", "index", "copyright-page"))
_TAG = re.compile(rb"<[^<>]*>|&[#\w]+;")
_LETTERS = re.compile(rb"[0-9A-Za-z\x80-\xff]")


class Epub:
    """EPUB 2 and 3. The pages of its spine that carry text are given; fonts and styles are not."""

    name = "epub"
    container = True
    streams = False

    def recognise(self, sample: Sample) -> int:
        """Not by its beginning, which is any zip's: the zip's directory tells it."""
        return NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """Each chapter as a child whose step is its path in the book."""
        try:
            package = Package(source.data, budget)
            spine = _spine(package)
            hidden = _encrypted(package)
        except Broken as error:
            yield Refused("corrupt_epub", str(error), whole=True)
            return
        if any(part in hidden for part, _ in spine):
            yield Refused("encrypted", "the book's pages are encrypted", whole=True)
            return
        given = False
        for part, media_type in spine:
            found = _page(package, part, media_type)
            given = given or not isinstance(found, Skipped)
            yield found
        if not given:
            yield Refused("no_text", f"none of {len(spine)} pages carries text", whole=True)


def _page(package: Package, part: str, media_type: str) -> Found:
    try:
        data = package.read(part)
    except Broken as error:
        return Refused("corrupt_epub", str(error), step=part)
    except PartRefused as refusal:
        return Refused(refusal.reason, refusal.detail, step=part)
    body = max(0, data.find(b"<body"))
    if not _LETTERS.search(_TAG.sub(b"", data[body:])):
        return Skipped("no_text")
    return Child(data, part, posixpath.basename(part), media_type)


def _spine(package: Package) -> list[tuple[str, str]]:
    """Path and media type of the pages that are read, in their order.

    Covers, tables of contents and what stands beside the reading order are left out (EPUB 3.3,
    5.7.2; the guide of EPUB 2.0.1, 2.6). Raises :class:`Broken`.
    """
    rootfile = package.xml(_CONTAINER).find(".//c:rootfile", _NAMES)
    if rootfile is None or not rootfile.get("full-path"):
        raise Broken(f"the part {_CONTAINER!r} names no package document")
    place = beside("", rootfile.get("full-path"))
    book = package.xml(place)
    left_out = {
        beside(place, reference.get("href", ""))
        for reference in book.iterfind("opf:guide/opf:reference", _NAMES)
        if reference.get("type") in _NOT_READ_GUIDE
    }
    items = {item.get("id"): item for item in book.iterfind("opf:manifest/opf:item", _NAMES)}
    pages: dict[str, str] = {}
    for reference in book.iterfind("opf:spine/opf:itemref", _NAMES):
        item = items.get(reference.get("idref"))
        if item is None or reference.get("linear") == "no":
            continue
        part, media_type = beside(place, item.get("href", "")), item.get("media-type", "")
        if media_type not in _PAGES or part in left_out:
            continue
        if not _NOT_READ.isdisjoint(item.get("properties", "").split()):
            continue
        pages.setdefault(part, media_type)
    if not pages:
        raise Broken(f"the part {place!r} names no pages to be read")
    return list(pages.items())


def _encrypted(package: Package) -> frozenset[str]:
    """The parts that are encrypted, but for fonts (EPUB Open Container Format 3.3, 4.2.6.3.2)."""
    if _ENCRYPTION not in package:
        return frozenset()
    found = set()
    for data in package.xml(_ENCRYPTION).iter(f"{{{_NAMES['enc']}}}EncryptedData"):
        method = data.find("enc:EncryptionMethod", _NAMES)
        reference = data.find(".//enc:CipherReference", _NAMES)
        algorithm = None if method is None else method.get("Algorithm")
        if reference is not None and algorithm not in _OBFUSCATION:
            found.add(beside("", reference.get("URI", "")))
    return frozenset(found)
