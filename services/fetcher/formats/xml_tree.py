"""XML as a tree, read safely: no entity is resolved, nothing loaded, size and depth bounded."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lxml import etree

from services.fetcher.limits import Budget, PartRefused
from services.fetcher.sniff import Sample

Element = Any
"""An ``lxml.etree._Element``; lxml ships no types."""

_REFERENCE = re.compile(r"&#(?:x([0-9a-f]+)|([0-9]+));?", re.I)
_CONTROLS = dict.fromkeys(b for b in range(32) if chr(b) not in "\t\n\r")
_CLOCK = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def read(sample: Sample, budget: Budget) -> Element:
    """The root of the XML in ``sample``, all of whose bytes are at hand.

    What is not well-formed is read as far as it makes sense. Raises :class:`PartRefused`
    ``too_large`` or ``invalid_xml``. libxml2 itself takes 256 levels and 10 MB for one text.
    """
    data, settings = sample.data, budget.settings
    if len(data) > settings.max_json_bytes:
        raise PartRefused(
            "too_large", f"{len(data)} bytes of XML, max_json_bytes={settings.max_json_bytes}"
        )
    tags = data.count(b"<")
    if tags > settings.max_json_values:
        raise PartRefused("too_large", f"{tags} tags, max_json_values={settings.max_json_values}")
    try:
        return etree.fromstring(data, _parser(recover=False))
    except (etree.XMLSyntaxError, ValueError, LookupError):
        pass
    # Its declaration may lie about its charset, too.
    text = _REFERENCE.sub(_allowed, sample.text.translate(_CONTROLS))
    utf8 = text.encode("utf-8", "replace")
    try:
        root = etree.fromstring(utf8, _parser(recover=True, encoding="utf-8"))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PartRefused("invalid_xml", str(error)[:300]) from None
    if root is None:
        raise PartRefused("invalid_xml", "no element of it can be read")
    return root


def _allowed(reference: re.Match[str]) -> str:
    """A character reference, unless it is of a character that XML does not have."""
    digits = (reference[1] or reference[2])[:10]
    number = int(digits, 16 if reference[1] else 10)
    good = number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number < 0x110000
    return reference[0] if good and number not in (0xFFFE, 0xFFFF) else "\ufffd"


def _parser(*, recover: bool, encoding: str | None = None) -> Any:
    return etree.XMLParser(
        recover=recover,
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def local(element: Element) -> str:
    """The local name in lower case; empty for what is no element (an entity)."""
    return _local(element.tag) if isinstance(element.tag, str) else ""


def _local(name: str) -> str:
    """Of ``{namespace}name``, or of ``prefix:name`` where the prefix is not declared."""
    return name.rpartition("}")[2].rpartition(":")[2].lower()


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """The children of these names, or all of them."""
    for child in element if element is not None else ():
        if isinstance(child.tag, str) and (not names or local(child) in names):
            yield child


def every(element: Element | None, *names: str) -> Iterator[Element]:
    """The elements of these names within ``element``, in their order."""
    for inner in element.iter(etree.Element) if element is not None else ():
        if inner is not element and local(inner) in names:
            yield inner


def first(element: Element | None, *path: str) -> Element | None:
    """The first element down ``path``, child by child."""
    for name in path:
        if element is None:
            return None
        element = next(children(element, name), None)
    return element


def attribute(element: Element | None, *names: str) -> str:
    """The first of these attributes, whatever its namespace; empty without one."""
    if element is None:
        return ""
    found = {_local(key): value for key, value in element.attrib.items()}
    return next((found[name].strip() for name in names if found.get(name, "").strip()), "")


def text_of(element: Element | None) -> str:
    """All text within, white space as single blanks."""
    return " ".join("".join(_pieces(element)).split()) if element is not None else ""


def _pieces(element: Element) -> Iterator[str]:
    """Texts and tails within; entities are what HTML calls them, or as written."""
    if not isinstance(element.tag, str):
        yield html.unescape(element.text or "") if element.tag is etree.Entity else ""
        return
    yield element.text or ""
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""
        if local(child) in _BREAKS:
            yield " "


_BREAKS = frozenset(("p", "br", "hl1", "hl2", "li", "td", "th", "tr", "div", "block"))


def markup(element: Element, names: Mapping[str, str], dropped: Collection[str]) -> str:
    """What is in ``element`` as HTML.

    ``names`` gives the HTML name of an element; elements without one leave their content alone,
    those in ``dropped`` leave nothing. Of attributes only web links stay.
    """
    return "".join(_html(element, names, dropped, outer=False)).strip()


def _html(
    element: Element, names: Mapping[str, str], dropped: Collection[str], *, outer: bool = True
) -> Iterator[str]:
    if not isinstance(element.tag, str):
        yield html.escape("".join(_pieces(element)), quote=False)
        return
    name = local(element)
    if outer and name in dropped:
        return
    tag = names.get(name, "") if outer else ""
    if tag:
        link = attribute(element, "href") if tag == "a" else ""
        safe = link.lower().startswith(("http://", "https://"))
        yield f'<{tag} href="{html.escape(link)}">' if safe else f"<{tag}>"
    yield html.escape(element.text or "", quote=False)
    for child in element:
        yield from _html(child, names, dropped)
        yield html.escape(child.tail or "", quote=False)
    if tag and tag != "br":
        yield f"</{tag}>"


HTML_NAMES: Mapping[str, str] = {
    name: name
    for name in (
        "p", "br", "a", "b", "i", "em", "strong", "ul", "ol", "li", "dl", "dt", "dd", "table",
        "thead", "tbody", "tr", "td", "th", "caption", "blockquote", "pre", "q", "sub", "sup",
        "h1", "h2", "h3", "h4", "h5", "h6", "section", "figure", "figcaption", "div", "span",
    )
}  # fmt: skip
"""The elements of XHTML that carry text, by themselves."""

UNSEEN = frozenset(("script", "style", "head", "title", "object", "iframe", "form", "template"))
"""Elements of XHTML whose content is no text."""


def iso(moment: str) -> str:
    """``20240102T101112+0100``, as NITF and NewsML 1 write it, as ISO 8601 in its long form."""
    match = _CLOCK.fullmatch(moment.strip())
    if match is None:
        return moment.strip()
    year, month, day, hour, minute, second, zone = match.groups()
    text = f"{year}-{month}-{day}"
    if hour:
        text += f"T{hour}:{minute}:{second or '00'}{zone or ''}"
    return text
