"""DOCX: the text as HTML by mammoth, with the core properties.

mammoth gets a package made anew of the parts that text comes from, each read within the limits and
parsed without entities: no picture, no macro and no part of unknown size reaches it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import mammoth
from lxml import etree

from services.fetcher.formats.base import NO, Document, Found, Refused
from services.fetcher.formats.package import Broken, Package, beside, text_at
from services.fetcher.formats.properties import authors_of, title_of
from services.fetcher.limits import Budget, PartRefused
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

MAX_ELEMENTS = 150_000
"""Elements that mammoth is given, formatting it does not need left out: 2 kB of memory and 60
microseconds each. A novel has 60,000."""

_CORE = {
    "cp": "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
}
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_PARTS = ("styles", "numbering", "footnotes", "endnotes")
_TAG = re.compile(r"<[^<>]*>")
# Pictures and shapes, deletions, comments, and formatting that leaves no trace in text.
_DROPPED = frozenset(
    ("drawing", "imagedata", "del", "moveFrom", "commentReference", "annotationRef",
     "sectPr", "proofErr", "bookmarkStart", "bookmarkEnd", "commentRangeStart", "commentRangeEnd",
     "lastRenderedPageBreak", "rFonts", "sz", "szCs", "lang", "color", "spacing", "jc", "ind",
     "tabs", "shd", "kern", "bCs", "iCs", "noProof", "tblBorders", "tcBorders", "tcW", "tblW",
     "tblLook", "tblGrid", "latentStyles", "docDefaults", "u", "highlight", "rPrChange",
     "pPrChange", "keepNext", "keepLines", "widowControl", "contextualSpacing")
)  # fmt: skip
# mammoth's links from a note's mark to the note and back.
_MARKS = re.compile(
    r'<sup><a href="#(?:foot|end)note-[^"<>]*" id="[^"<>]*">\[\d+\]</a></sup>'
    r'| <a href="#(?:foot|end)note-ref-[^"<>]*">↑</a>'
)
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


class Docx:
    """Word's format since 2007 (ECMA-376), as it is written and in its strict form."""

    name = "docx"
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
            yield Refused("corrupt_docx", str(error), whole=True)


def _record(package: Package) -> Found:
    reduced = _reduced(package, _main_part(package))
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(reduced),
            style_map=_STYLES,
            include_embedded_style_map=False,
            convert_image=mammoth.images.img_element(lambda _: {}),
        ).value
    except RecursionError:
        raise Broken("nested too deep") from None
    except Exception as error:
        # mammoth states no errors: over odd documents it is seen to raise of all kinds.
        raise Broken(f"{type(error).__name__}: {error}") from None
    html = _MARKS.sub("", html)
    if not _has_text(html):
        return Refused("no_text", "the document holds no text", whole=True)
    core = _core(package)
    return Document(
        Record(
            html=html,
            title=title_of(text_at(core, "dc:title", _CORE)),
            authors=authors_of(text_at(core, "dc:creator", _CORE)),
            published_at=text_at(core, "dcterms:created", _CORE) or None,
            modified_at=text_at(core, "dcterms:modified", _CORE) or None,
        ).encode(),
        Record.CONTENT_TYPE,
    )


def _has_text(html: str) -> bool:
    return any(map(str.isalnum, _TAG.sub("", html)))


def _main_part(package: Package) -> str:
    """The part that holds the text, as the package's relations tell."""
    found = _relation(package, "_rels/.rels", "", "officeDocument")
    return found if found in package else "word/document.xml"


def _relation(package: Package, relations: str, part: str, kind: str) -> str:
    if relations not in package:
        return ""
    for relation in package.xml(relations).iter(f"{{{_RELATIONS}}}Relationship"):
        if relation.get("Type", "").endswith(f"/relationships/{kind}"):
            return beside(part, relation.get("Target", ""))
    return ""


def _core(package: Package) -> etree._Element:
    name = _relation(package, "_rels/.rels", "", "metadata/core-properties")
    name = name if name in package else "docProps/core.xml"
    return package.xml(name) if name in package else etree.Element("none")


def _reduced(package: Package, main: str) -> bytes:
    """A package of the parts that text comes from, without what gives none."""
    folder, _, base = main.rpartition("/")
    relations = f"{folder}/_rels/{base}.rels".lstrip("/")
    parts = {"word/document.xml": main}
    for kind in _PARTS:
        name = _relation(package, relations, main, kind)
        name = name if name in package else beside(main, f"{kind}.xml")
        if name in package:
            parts[f"word/{kind}.xml"] = name
    out = io.BytesIO()
    left = MAX_ELEMENTS
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, source in parts.items():
            root = package.xml(source)
            left -= _strip(root)
            if left < 0:
                raise PartRefused("too_large", f"more than {MAX_ELEMENTS} elements of text")
            archive.writestr(name, etree.tostring(root, encoding="utf-8"))
            links = f"{source.rpartition('/')[0]}/_rels/{source.rpartition('/')[2]}.rels".lstrip(
                "/"
            )
            if links in package:
                archive.writestr(f"word/_rels/{name[5:]}.rels", _hyperlinks(package.xml(links)))
    return out.getvalue()


def _strip(root: etree._Element) -> int:
    """Drop what gives no text; the number of elements left."""
    dropped: list[etree._Element] = []
    count = 0
    for element in root.iter(etree.Element):
        name = etree.QName(element)
        if name.localname not in _DROPPED and (name.localname != "p" or len(element)):
            count += 1
            continue
        parent = element.getparent()
        if parent is None:
            raise Broken(f"the root is {name.localname!r}")
        # The mark of a deleted paragraph or row tells mammoth that it goes on in the next.
        if name.localname == "del" and etree.QName(parent).localname in ("rPr", "trPr"):
            continue
        dropped.append(element)
    for element in dropped:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    return count


def _hyperlinks(relations: etree._Element) -> bytes:
    for relation in list(relations):
        if not relation.get("Type", "").endswith("/hyperlink"):
            relations.remove(relation)
    return bytes(etree.tostring(relations, encoding="utf-8"))
