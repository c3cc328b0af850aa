"""Documents that are zips of XML (DOCX, ODT, EPUB): their parts read within the limits."""

from __future__ import annotations

import io
import posixpath
import zipfile
from urllib.parse import unquote

from lxml import etree

from services.fetcher.formats.zip_archive import BROKEN, METHODS, said
from services.fetcher.limits import Budget, PartRefused

MAX_MARKS = 1_500_000
"""``<`` and ``=`` of one XML part: each tag and attribute takes some 150 bytes once parsed. A novel
in DOCX has 300,000."""
_CHUNK = 262_144
_ENCRYPTED = 0x1


class Broken(Exception):
    """The package lacks a part it must have, or one that cannot be read; says which and why."""


class Package:
    """The parts of a zip. Raises :class:`Broken` when it is none."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._budget = budget
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except BROKEN as error:
            raise Broken(said(error)) from None
        self._members = {info.filename: info for info in self._archive.infolist()}

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The bytes of a part.

        Raises :class:`Broken`, :class:`PartRefused` (``zip_bomb``, ``too_large``, ``encrypted``)
        and :class:`~services.fetcher.limits.Exhausted`.
        """
        info = self._members.get(name)
        if info is None:
            raise Broken(f"has no part {name!r}")
        if info.flag_bits & _ENCRYPTED:
            raise PartRefused("encrypted", f"the part {name!r} is encrypted")
        if info.compress_type not in METHODS:
            raise Broken(f"the part {name!r} is compressed by method {info.compress_type}")
        out = bytearray()
        try:
            with self._archive.open(info) as stream:
                while piece := stream.read(_CHUNK):
                    out += piece
                    self._budget.unpacked(len(piece))
                    self._budget.size(len(out))
                    self._budget.ratio(len(out), info.compress_size)
        except BROKEN as error:
            raise Broken(f"the part {name!r}: {said(error)}") from None
        return bytes(out)

    def xml(self, name: str) -> etree._Element:
        """The root of an XML part; raises as :meth:`read` does."""
        return parse_xml(self.read(name), name)


def parse_xml(data: bytes, name: str) -> etree._Element:
    """The root of a part: no entity is replaced, nothing is fetched, nesting ends at 256.

    Raises :class:`Broken` where it is not well-formed or declares entities, and
    :class:`PartRefused` ``too_large``.
    """
    marks = data.count(b"<") + data.count(b"=")
    if marks > MAX_MARKS:
        detail = f"the part {name!r} has {marks} tags and attributes, at most {MAX_MARKS} are read"
        raise PartRefused("too_large", detail)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise Broken(f"the part {name!r}: {error}") from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        raise Broken(f"the part {name!r} declares entities")
    return root


def beside(part: str, href: str) -> str:
    """The name of the part that ``href``, written in ``part``, leads to."""
    path = unquote(href.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), path)).lstrip("/")


def text_at(root: etree._Element, path: str, names: dict[str, str]) -> str:
    """The text of the first element at ``path`` in one line; empty where there is none."""
    found = root.find(path, names)
    return "" if found is None else " ".join("".join(found.itertext()).split())
