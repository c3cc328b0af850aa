"""The licence of an article, where its page names one."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page

_META: Final = (
    "cc:license", "license", "dc.rights.license", "dcterms.license", "dc.rights", "dcterms.rights",
    "dc:rights", "rights",
)  # fmt: skip
_STATEMENT: Final = re.compile(
    r"\bCC[ -](?P<short>BY(?:-(?:NC|ND|SA)){0,2}|0|Zero)(?:[ -](?P<version>[1-4]\.\d))?\b|"
    r"creative ?commons",
    re.IGNORECASE,
)
_LICENSED: Final = re.compile(
    r"licen[cs]|lizenz|licenza|licença|licentie|lisens|licencj|лиценз|ліценз|ライセンス|许可|授權|"
    r"republish|reprint|re-?use|some rights|content is available",
    re.IGNORECASE,
)
# A picture's licence stands beside it, with the name of who took it or of where it was found.
_OF_PICTURE: Final = re.compile(
    r"\b(?:photos?|photograph\w*|images?|pictures?|foto\w*|bild\w*|imagen|flickr|wikimedia|unsplash"
    r"|screenshot|video|music|icons?|map)\b",
    re.IGNORECASE,
)
_PICTURE_BOX: Final = re.compile(r"caption|credit|figure|photo|image|gallery")
_DEED: Final = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/"
    r"(?P<deed>(?:licenses/(?:by|by-sa|by-nc|by-nd|by-nc-sa|by-nc-nd)/[1-4]\.\d"
    r"|publicdomain/(?:zero|mark)/1\.0)(?:/[a-z]{2}(?![a-z]))?)",
    re.IGNORECASE,
)
_LONGEST_STATEMENT: Final = 1_500  # characters; what is longer is prose on licences

SURE_LINKED: Final = 0.9
SURE_STATED: Final = 0.75
"""Estimates: nothing in the evaluation data says which licence an article has."""


def licence(page: Page, links: list[str], found: Extracted) -> None:
    """Fill the licence: an address, Creative Commons' in one form. ``links`` are the ``href`` of
    the page's ``rel=license``."""
    for address in links[:3]:
        if _put(page, found, address, "link", SURE_LINKED):
            return
    for name in ("license", "usageInfo"):
        for address in page.linked.addresses(name)[:1]:
            if _put(page, found, address, "json-ld", SURE_LINKED):
                return
    for name in _META:
        for content in page.meta.get(name, [])[:1]:
            if _put(page, found, content, "meta", SURE_LINKED):
                return
    _stated(page, found)


def _put(page: Page, found: Extracted, text: str, place: str, sure: float) -> bool:
    text = text.strip()
    match = _DEED.match(text)
    if match:
        found.put("licence", f"https://creativecommons.org/{match['deed'].lower()}/", place, sure)
        return True
    stated = _STATEMENT.search(text[:300])
    if stated is not None and stated["short"]:
        found.put("licence", _address(stated) or stated[0], place, sure)
        return True
    if text.startswith(("http://", "https://", "/")) and 3 < len(text) <= 500 and " " not in text:
        try:
            address = urljoin(page.url or "", text)
        except ValueError:
            return False
        if address.startswith("http"):
            found.put("licence", address, place, sure)
            return True
    return False


def _stated(page: Page, found: Extracted) -> None:
    """A sentence of the page that puts its texts under a licence of Creative Commons."""
    nodes = page.nodes
    for block in page.blocks:
        text = block.text
        if "CC" not in text and "ommons" not in text:
            continue
        match = _STATEMENT.search(text) if len(text) <= _LONGEST_STATEMENT else None
        if match is None or not (_LICENSED.search(text) or len(text) < 40):
            continue
        node = nodes[block.node]
        around = f"{node.label} {nodes[node.parent].label if node.parent >= 0 else ''}"
        if node.tag == "figcaption" or _PICTURE_BOX.search(around) or _OF_PICTURE.search(text):
            continue
        for anchor in list(node.element.iter("a"))[:20]:
            deed = _DEED.match((anchor.get("href") or "").strip())
            if deed:
                found.put(
                    "licence",
                    f"https://creativecommons.org/{deed['deed'].lower()}/",
                    "text",
                    SURE_STATED,
                )
                return
        if match["short"]:
            found.put("licence", _address(match) or match[0], "text", SURE_STATED)
            return


def _address(statement: re.Match[str]) -> str | None:
    """The address of the licence that ``CC BY-SA 4.0`` names; ``None`` without a version."""
    short = statement["short"].lower()
    if short in ("0", "zero"):
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    if not statement["version"]:
        return None
    return f"https://creativecommons.org/licenses/{short}/{statement['version']}/"
