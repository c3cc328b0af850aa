"""The address of the article itself, among those of its AMP, print, mobile and cached copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urljoin, urlsplit, urlunsplit

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from shared.text import canonical_url

# Copies that others keep: their host (and how their path begins), and where the address stands.
_AMP_CACHE: Final = re.compile(
    r"https?://[\w.-]{1,253}\.cdn\.ampproject\.org/(?:[a-z]{1,2}/|wp/)(s/)?(?P<rest>[^/?#]+\.[^/?#]+.*)"
)
_AMP_VIEWER: Final = re.compile(
    r"https?://(?:www\.)?google\.[a-z.]{2,6}/amp/(s/)?(?P<rest>[^/?#]+\.[^/?#]+.*)"
)
_BING_AMP: Final = re.compile(
    r"https?://(?:www\.)?bing-amp\.com/c/(s/)?(?P<rest>[^/?#]+\.[^/?#]+.*)"
)
_ARCHIVE: Final = re.compile(
    r"https?://web\.archive\.org/web/\d{4,14}(?:[a-z]{2}_)?/(?P<url>https?:/{1,2}.+)"
)
_TRANSLATED: Final = re.compile(r"https?://(?P<host>[\w-]{1,63})\.translate\.goog(?P<rest>/[^#]*)?")

_VIEWS: Final = {
    "print": None, "printable": None, "printpage": None, "print_view": None, "printview": None,
    "amp": None, "outputtype": ("amp", "print"), "output": ("amp", "print", "1"),
    "view": ("print", "amp"), "format": ("print", "amp"), "layout": ("print", "amp"),
    "tmpl": ("component",), "_x_tr_sl": None, "_x_tr_tl": None, "_x_tr_hl": None,
    "_x_tr_pto": None, "_x_tr_sch": None, "_x_tr_hist": None,
}  # fmt: skip
"""Query parameters that choose how a page is shown, with the values that do; ``None`` for all."""
_TEMPLATE: Final = re.compile(
    r"(?:\{\{|\[\[|%7b%7b|<%|(?:/|=)(?:undefined|null|none|nan)/?$)", re.I
)
_SLUG: Final = re.compile(r"(?:[^\W_]{2,40}[-_]){3}")

# Registries that sell names under such a label of theirs (https://publicsuffix.org/list/), and
# hosts whose customers are sites of their own.
_SECOND_LEVEL: Final = frozenset({
    "ac", "co", "com", "edu", "gen", "go", "gob", "gouv", "gov", "govt", "gv", "ind", "info", "ltd",
    "me", "mil", "ne", "net", "nic", "nom", "or", "org", "plc", "pp", "press", "sch", "web",
})  # fmt: skip
_HOSTING: Final = frozenset({
    "blogger.com", "blogspot.com", "cloudfront.net", "fc2.com", "firebaseapp.com", "ghost.io",
    "github.io", "gitlab.io", "hatenablog.com", "herokuapp.com", "livejournal.com", "medium.com",
    "naver.com", "netlify.app", "over-blog.com", "pages.dev", "sites.google.com", "squarespace.com",
    "substack.com", "tumblr.com", "typepad.com", "vercel.app", "web.app", "weebly.com",
    "wixsite.com", "wordpress.com", "workers.dev",
})  # fmt: skip

SURE_LINK: Final = 0.98
SURE_META: Final = 0.95
SURE_VIEW: Final = 0.8
"""Estimates: nothing in the evaluation data says which address is an article's own."""


def canonical(page: Page, links: list[str], found: Extracted) -> None:
    """Fill the canonical URL. ``links`` are the ``href`` of the page's ``rel=canonical``.

    An address on another site is not believed: whoever sends a page could claim any other's.
    """
    base = origin(page.url) if page.url else ""
    own = canonical_url(base) if base else None
    for address, place, sure in _candidates(page, links):
        url = _absolute(base, address)
        if url is not None and (own is None or _is_believed(url, own)):
            found.put("canonical_url", url, place, sure)
            return
    if page.url and own is not None:
        shown = canonical_url(_without_views(base))
        if shown is not None and shown != canonical_url(page.url):
            found.put("canonical_url", shown, "url", SURE_VIEW)


def _candidates(page: Page, links: list[str]) -> Iterator[tuple[str, str, float]]:
    for address in links[:3]:
        yield address, "link", SURE_LINK
    yield page.first_meta("og:url"), "meta", SURE_META
    for name in ("mainEntityOfPage", "url"):
        for address in page.linked.addresses(name)[:1]:
            yield address, "json-ld", SURE_META


def _absolute(base: str, address: str) -> str | None:
    address = address.strip()
    if not address or len(address) > 2_000 or _TEMPLATE.search(address):
        return None
    try:
        absolute = urljoin(base, address)
    except ValueError:
        return None
    return canonical_url(origin(absolute))


def _is_believed(url: str, own: str) -> bool:
    """Whether ``url`` can be the canonical form of ``own``; both in canonical form."""
    if site_of(url) != site_of(own):
        return False
    theirs, ours = urlsplit(url), urlsplit(own)
    if theirs.path == "/" and not theirs.query:
        # A front page's address on another page is a template's error.
        return ours.path == "/" and not ours.query
    # So is a section's: what it leaves out of the path is an article's name.
    inside = ours.path.startswith(theirs.path.rstrip("/") + "/")
    rest = ours.path[len(theirs.path.rstrip("/")) :]
    return not (inside and _SLUG.search(unquote(rest)) and not _SLUG.search(unquote(theirs.path)))


def origin(url: str) -> str:
    """The address that ``url`` is a kept copy of: AMP caches and viewers, web archives and
    translators; else ``url`` itself."""
    if len(url) > 4_000:
        return url
    for pattern in (_AMP_CACHE, _AMP_VIEWER, _BING_AMP):
        match = pattern.fullmatch(url)
        if match:
            return f"http{'s' if match[1] else ''}://{match['rest']}"
    match = _ARCHIVE.fullmatch(url)
    if match:
        scheme, rest = match["url"].split(":", 1)
        return f"{scheme}://{rest.lstrip('/')}"
    match = _TRANSLATED.fullmatch(url)
    if match:
        # "--" stands for a hyphen of the host, "-" for a dot.
        host = match["host"].replace("--", "\0").replace("-", ".").replace("\0", "-")
        return f"https://{host}{match['rest'] or '/'}"
    return url


def _without_views(url: str) -> str:
    """``url`` without the query parameters that only ask for the page to be shown otherwise."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _is_view(name.lower(), value.lower())]
    if len(kept) == len(pairs):
        return url
    return urlunsplit(SplitResult(parts.scheme, parts.netloc, parts.path, urlencode(kept), ""))


def _is_view(name: str, value: str) -> bool:
    if name not in _VIEWS:
        return False
    values = _VIEWS[name]
    return values is None or value in values


def site_of(url: str) -> str:
    """The domain that the owner of ``url``'s host has registered, as far as its labels tell."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
    labels = host.split(".")
    if host.replace(".", "").isdigit() or ":" in host:
        return host
    size = 2
    if len(labels) > 2 and (
        ".".join(labels[-2:]) in _HOSTING
        or (len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL)
        or ".".join(labels[-3:]) in _HOSTING
    ):
        size = 3
    return ".".join(labels[-size:])
