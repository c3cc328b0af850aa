"""Lists of sources as OPML, the form in which feed readers exchange them (http://opml.org/spec2).

Folders become :attr:`~services.crawler.sources.Source.category`. What OPML has no words for (the
kind, the interval…) travels in attributes of a namespace of our own, which others ignore.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from lxml import etree
from pydantic import ValidationError

from services.crawler.names import name_for
from services.crawler.sources import MAX_CATEGORY, MAX_FILE, Source
from shared.errors import PermanentError

NAMESPACE: Final = "urn:wireroom:sources"
MAX_OUTLINES: Final = 200_000

_OWN: Final = ("kind", "interval", "take", "render", "paused")


@dataclass(frozen=True, slots=True)
class BadOutline:
    """An entry that cannot be a source: its line, what it calls itself, and why not."""

    line: int
    label: str
    problem: str


@dataclass(frozen=True, slots=True)
class Opml:
    """What a list gave."""

    sources: list[Source] = field(default_factory=list)
    bad: list[BadOutline] = field(default_factory=list)


def looks_like_opml(head: bytes) -> bool:
    """Whether bytes that begin with ``head`` are OPML, in any encoding whose letters show."""
    return b"<opml" in head[:4096].replace(b"\x00", b"").lower()


def read_opml(data: bytes, taken: Iterable[str] = ()) -> Opml:
    """The sources in an OPML 1.0 or 2.0 document, nested outlines and all.

    Each gets a name made from its title, one that is not among ``taken``. An outline with
    ``xmlUrl`` is a feed; one with ``htmlUrl`` or ``url`` alone is a home page. Raises
    :class:`PermanentError` ``invalid_opml`` telling the line when it is no OPML at all.
    """
    if len(data) > MAX_FILE:
        raise PermanentError("invalid_opml", f"it is larger than {MAX_FILE} bytes")
    # Without huge_tree libxml2 bounds depth, lengths and what entities may grow to.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PermanentError("invalid_opml", f"it is not well-formed XML: {_told(error)}") from None
    if etree.QName(root).localname.lower() != "opml":
        raise PermanentError("invalid_opml", f"its root is {root.tag!r}, not 'opml'")
    names = {name.casefold() for name in taken}
    result = Opml()
    outlines = root.iter("outline", "{*}outline")
    for number, outline in enumerate(outlines, 1):
        if number > MAX_OUTLINES:
            raise PermanentError("invalid_opml", f"there are more than {MAX_OUTLINES} outlines")
        found = _read_outline(outline, names)
        if isinstance(found, Source):
            names.add(found.name.casefold())
            result.sources.append(found)
        elif found is not None:
            result.bad.append(found)
    return result


def _read_outline(outline: Any, names: set[str]) -> Source | BadOutline | None:
    facts = {etree.QName(key).localname.lower(): value.strip() for key, value in _plain(outline)}
    own = {etree.QName(key).localname: value for key, value in outline.attrib.items()
           if key.startswith(f"{{{NAMESPACE}}}")}  # fmt: skip
    label = facts.get("title") or facts.get("text") or ""
    feed = facts.get("xmlurl", "")
    url = feed or facts.get("htmlurl") or facts.get("url") or ""
    if not url:
        if len(outline):
            return None  # a folder
        return BadOutline(outline.sourceline, label, "it has neither xmlUrl nor htmlUrl")
    if not feed and facts.get("type", "").lower() == "include":
        return BadOutline(outline.sourceline, label, f"lists within lists are not read: {url}")
    if not feed and len(outline):
        return None  # a folder that has a page
    fields: dict[str, Any] = {"kind": "feed" if feed else "home", "category": _category(outline)}
    fields |= {key: own[key] for key in _OWN if key in own}
    fields["url"] = url
    fields["name"] = own.get("name") or name_for(label or url, names)
    if fields["name"].casefold() in names:
        fields["name"] = name_for(label or url, names)
    try:
        return Source.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        problem = f"{'.'.join(map(str, first['loc']))} {str(first['input'])[:200]!r}: {message}"
        return BadOutline(outline.sourceline, label, problem)


def _plain(outline: Any) -> list[tuple[str, str]]:
    return [(key, value) for key, value in outline.attrib.items() if not key.startswith("{")]


def _category(outline: Any) -> str:
    """Its folders, or else its own first category (OPML 2.0: slash-delimited)."""
    folders = [
        " ".join((folder.get("title") or folder.get("text") or "").replace("/", " ").split())
        for folder in outline.iterancestors("outline", "{*}outline")
    ]
    path = "/".join(filter(None, reversed(folders)))
    path = path or (outline.get("category") or "").partition(",")[0].strip().strip("/")
    return "".join(char for char in path if char.isprintable())[:MAX_CATEGORY].strip()


def write_opml(sources: Sequence[Source], *, now: datetime | None = None) -> bytes:
    """``sources`` as OPML 2.0, each in the folders of its category."""
    root = etree.Element("opml", version="2.0", nsmap={"wireroom": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = "Wireroom sources"
    etree.SubElement(head, "dateCreated").text = format_datetime(now or datetime.now(UTC))
    body = etree.SubElement(root, "body")
    folders: dict[str, Any] = {"": body}
    for source in sources:
        _write_outline(_folder(folders, source.category), source)
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return written + b"\n"


def _folder(folders: dict[str, Any], path: str) -> Any:
    if path not in folders:
        parent, _, name = path.rpartition("/")
        folders[path] = etree.SubElement(_folder(folders, parent), "outline", text=name)
    return folders[path]


def _write_outline(parent: Any, source: Source) -> None:
    outline = etree.SubElement(parent, "outline", text=source.name, title=source.name)
    if source.kind in ("feed", "auto"):
        outline.set("type", "rss")
        outline.set("xmlUrl", source.url)
    else:
        outline.set("type", "link")
        outline.set("url", source.url)
    fields = source.model_dump(exclude_defaults=True)
    implied = "feed" if outline.get("xmlUrl") else "home"
    own = {"name": source.name}
    if source.kind != implied:
        own["kind"] = source.kind
    own |= {key: str(fields[key]).lower() for key in _OWN[1:] if key in fields}
    for key, value in own.items():
        outline.set(f"{{{NAMESPACE}}}{key}", value)


def _told(error: Exception) -> str:
    return str(error).partition(" (<string>")[0][:500]
