"""What an HTML page says of itself, its site and its place there."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from services.cleaner.extracted import Extracted
from services.cleaner.language.tags import declared
from services.cleaner.markup.page import Page
from services.cleaner.metadata.canonical import canonical
from services.cleaner.metadata.licence import licence
from services.cleaner.metadata.titles import squeezed, written
from services.cleaner.metadata.topics import topics

_DESCRIPTION: Final = (
    "og:description", "description", "twitter:description", "dc.description",
    "dcterms.description", "sailthru.description",
)  # fmt: skip
_SITE: Final = (
    "application-name", "apple-mobile-web-app-title", "dc.publisher", "dcterms.publisher",
    "publisher", "al:android:app_name", "twitter:app:name:iphone",
)  # fmt: skip
_IMAGE: Final = (
    "og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src",
    "parsely-image-url", "sailthru.image.full", "image", "thumbnailurl",
)  # fmt: skip
_LANGUAGE: Final = ("content-language", "language", "og:language", "dc.language", "inlanguage")

_NO_PICTURE: Final = re.compile(
    r"^(?:pixel|blank|spacer|sprite|transparent|default|fallback|icon)\d*\.\w{3,4}$|"
    r"(?:^|[_.-])(?:placeholder|favicon|avatar|spacer|no-?_?(?:image|photo|thumb|pic)|"
    r"(?:og|fb|facebook|twitter|social|share|sharing|opengraph)[-_]?"
    r"(?:image|img|default|logo|card|fallback|icon)|apple-touch-icon)(?:[_.-]|\d|$)|"
    r"\.svg$|\.ico$",
    re.IGNORECASE,
)
"""File names of what stands for a site on all of its pages."""
_LOGO: Final = re.compile(r"(?:^|[\W_\d])logos?(?:[\W_\d]|$)", re.IGNORECASE)
_PHOTOGRAPHED: Final = re.compile(
    r"getty|reuters|shutterstock|istock|photo|afp|dpa|alamy|no-logo", re.I
)
"""A logo in the news, or in a picture's description."""
_TAGS: Final = re.compile(r"<[a-zA-Z/][^<>]{0,300}>")
# Thai and what comes after the Latin scripts' last marks (Han, kana, Hangul) part no words.
_WORD: Final = re.compile(r"[^\W\d_\u0e00-\u0eff\u2e80-\U0010ffff]{5,}")
_SEPARATOR: Final = re.compile(r"\s+[|·•–—:-]\s+|\s?\|\s?")
_HANDLE: Final = re.compile(r"@|https?:|//")
_LONGEST_NAME: Final = 60
_SHORTEST_DESCRIPTION: Final = 20

# Estimates: nothing in the evaluation data says what is right in these fields.
SURE_DESCRIPTION: Final = 0.95
SURE_SUMMARY: Final = 0.85
"""A description that only one of the places has where several are usual."""
SURE_NAME: Final = 0.97
SURE_PUBLISHER: Final = 0.9
SURE_APPLICATION: Final = 0.75
SURE_SUFFIX: Final = 0.7
SURE_IMAGE: Final = 0.95


class _Text:
    """The page's text in lower case, made when it is first asked for."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @cached_property
    def _lower(self) -> str:
        texts = [self._page.document_title, *(block.text for block in self._page.blocks)]
        return "\n".join(texts)[:200_000].lower()

    def __contains__(self, words: object) -> bool:
        return isinstance(words, str) and words in self._lower


def about(page: Page, found: Extracted) -> None:
    """Fill the site, the canonical URL, topics, description, picture, licence and language."""
    canonicals, licences, pictures = _links(page)
    text = _Text(page)
    _site(page, found)
    canonical(page, canonicals, found)
    topics(page, found, text.__contains__)
    _description(page, found, text)
    _image(page, found, pictures)
    licence(page, licences, found)
    _language(page, found)


def _links(page: Page) -> tuple[list[str], list[str], list[str]]:
    """The addresses of ``rel`` canonical, license and image_src."""
    found: dict[str, list[str]] = {"canonical": [], "license": [], "image_src": []}
    head = page.tree.find("head")
    # Where the head was cut short by a wrong element in it, its links stand in the body.
    whole = head is None or head.find("link[@rel='canonical']") is None
    for element in (page.tree if head is None or whole else head).iter("link"):
        rel, href = element.get("rel"), element.get("href")
        if rel and href:
            for word in rel.lower().split()[:4]:
                if word in found:
                    found[word].append(href)
    if any("license" in block.labels for block in page.blocks):
        for element in page.tree.xpath("//a[contains(@rel, 'license')][@href]")[:3]:
            found["license"].append(element.get("href"))
    return found["canonical"], found["license"], found["image_src"]


def _language(page: Page, found: Extracted) -> None:
    found.put("language", declared(page.language_tag), "html", 0.9)
    if found.language is None:
        found.put("language", declared(page.first_meta(*_LANGUAGE)), "meta", 0.8)
    if found.language is None:
        told = [code for text in page.linked.texts("inLanguage")[:1] if (code := declared(text))]
        found.put("language", "".join(told), "json-ld", 0.9)


def _site(page: Page, found: Extracted) -> None:
    linked = page.linked
    publisher = linked.texts("publisher") or linked.texts("publisher", of_page=True)
    sites = [str(node["name"]) for node in linked.of_kind("WebSite") if _is_text(node, "name")]
    named = [
        (page.meta.get("og:site_name", []), "meta", SURE_NAME),
        (publisher, "json-ld", SURE_PUBLISHER),
        (sites, "json-ld", SURE_PUBLISHER),
        ([page.first_meta(*_SITE)], "meta", SURE_APPLICATION),
    ]
    title = squeezed(page.document_title)
    address = None
    for texts, place, sure in named:
        for text in texts[:1]:
            name = written(text).strip(" |-–·")
            key = squeezed(name)
            if len(key) < 2 or len(name) > _LONGEST_NAME or _HANDLE.match(name):
                continue
            if key == title:
                continue
            if key in (squeezed(page.host), squeezed(page.host.split(".")[0])) and "." in name:
                # A host for a name: another place may have the name itself.
                address = address or (name, place, sure)
                continue
            found.put("site_name", name, place, sure)
            return
    suffix = _title_suffix(page)
    if suffix:
        found.put("site_name", suffix, "title", SURE_SUFFIX)
    elif address is not None:
        found.put("site_name", *address)


def _is_text(node: dict[str, Any], name: str) -> bool:
    return isinstance(node.get(name), str) and bool(node[name].strip())


def _title_suffix(page: Page) -> str:
    """The part of the page's title that its host's name repeats: "Ferry hits pier | The Post" at
    thepost.example."""
    label = max(page.host.split(".")[:-1], key=len, default="")
    host = squeezed(label)
    if len(host) < 3:
        return ""
    for part in reversed(_SEPARATOR.split(page.document_title[:500])[1:]):
        key = squeezed(part)
        short = key.removeprefix("the")
        if short == host.removeprefix("the") or (
            # "CBC News" at cbc.example, "Die Weltwoche" at weltwoche.example.
            len(part.split()) <= 3
            and len(key) >= 3
            and (key.startswith(host) or key.endswith(host))
        ):
            return part.strip()
    return ""


def _description(page: Page, found: Extracted, text: _Text) -> None:
    """The first that is of this page; what is said of the site on all its pages is not."""
    linked = page.linked
    of_site = {squeezed(found.site_name or ""), squeezed(page.document_title), ""}
    for node in linked.of_kind("WebSite") + linked.of_kind("Organization"):
        if _is_text(node, "description"):
            said = str(node["description"])[:1_000]
            if not _shares(said, page.document_title):  # some write the page's own there
                of_site.add(squeezed(said))
    candidates = [(page.meta[name][0], "meta") for name in _DESCRIPTION if name in page.meta]
    candidates[1:1] = [(value, "json-ld") for value in linked.texts("description")[:1]]
    for value, place in candidates:
        cleaned = written(_TAGS.sub(" ", written(value))) if "<" in value or "&" in value else value
        if len(cleaned) < _SHORTEST_DESCRIPTION and not _is_dense(cleaned):
            continue
        if squeezed(cleaned) in of_site or not _of_page(cleaned, found, text):
            continue
        agreed = sum(other[:40] == value[:40] for other, _ in candidates) > 1
        found.put("description", cleaned, place, SURE_DESCRIPTION if agreed else SURE_SUMMARY)
        return


def _is_dense(text: str) -> bool:
    return len(text) >= 8 and sum(char >= "\u3040" for char in text) * 2 > len(text)


def _of_page(description: str, found: Extracted, text: _Text) -> bool:
    """Whether the page's text has a long word of its description that is not the site's name:
    half of a summary's are there, but of a slogan's none."""
    name = (found.site_name or "").lower()
    words = [word for word in _long_words(description) if word not in name]
    return not words or any(word in text for word in words)


def _shares(description: str, title: str) -> bool:
    lower = title.lower()
    return any(word in lower for word in _long_words(description))


def _long_words(text: str) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(text[:400].lower())))[:16]


def _image(page: Page, found: Extracted, pictures: list[str]) -> None:
    """The first picture that is not the site's own."""
    logos = set(page.linked.addresses("logo"))
    candidates = [(page.meta[name][0], "meta") for name in _IMAGE if name in page.meta]
    linked = [
        (address, "json-ld")
        for name in ("image", "thumbnailUrl")
        for address in page.linked.addresses(name)[:1]
    ]
    candidates[1:1] = linked
    candidates += [(address, "link") for address in pictures[:1]]
    for address, place in candidates:
        if address in logos or len(address) > 2_000 or not address.strip():
            continue
        try:
            url = urljoin(page.url or "", address.strip())
            parts = urlsplit(url)
        except ValueError:
            continue
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path in ("", "/"):
            continue
        if _is_sites_own(parts.path.rsplit("/", 1)[-1]):
            continue
        found.put("image", url.replace(" ", "%20"), place, SURE_IMAGE)
        return


def _is_sites_own(filename: str) -> bool:
    if _NO_PICTURE.search(filename):
        return True
    return bool(_LOGO.search(filename)) and not _PHOTOGRAPHED.search(filename)
