"""Text as it is compared, and identifiers made from it.

What is stored is what was published; what is *compared* (identity, duplicates, queries) is
folded by :func:`comparable`, so that a curly quote or a no-break space never makes a difference.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

# Quotation marks, apostrophes and primes in use across scripts, to their ASCII form.
_QUOTES = dict.fromkeys("‘’‚‛′‵`´ʼ＇‹›", "'") | dict.fromkeys("“”„‟″«»＂", '"')
# Hyphens, dashes, minus signs. The soft hyphen and zero-width characters vanish.
_DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")
_INVISIBLE = dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
_FOLD = {**_QUOTES, **_DASHES, **_INVISIBLE}
_ASCII_FOLD = {char: folded for char, folded in _FOLD.items() if char.isascii()}

# Crockford's base32 (https://www.crockford.com/base32.html): no I, L, O, U.
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH = 26  # characters of 5 bits: 130 bits of a SHA-256

# Query parameters that say where a click came from, never which page it leads to.
_TRACKING_PREFIXES = ("utm_", "mc_", "pk_", "hsa_", "at_", "mtm_")
_TRACKING = frozenset(
    (
        "fbclid",
        "gclid",
        "gclsrc",
        "dclid",
        "gbraid",
        "wbraid",
        "msclkid",
        "yclid",
        "igshid",
        "igsh",
        "twclid",
        "ttclid",
        "li_fat_id",
        "_ga",
        "_gl",
        "cmpid",
        "cmp",
        "ito",
        "icid",
        "ocid",
        "ns_mchannel",
        "ns_source",
        "ns_campaign",
        "ns_linkname",
        "smid",
        "smtyp",
        "wt_mc",
        "wtmc",
        "xtor",
        "__twitter_impression",
        "guccounter",
        "guce_referrer",
        "guce_referrer_sig",
        "spm",
        "s_cid",
        "vero_id",
        "vero_conv",
        "mkt_tok",
        "ref_src",
        "ref_url",
        "taboola_id",
    )
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")


def comparable(text: str) -> str:
    """Fold ``text`` for comparison: NFKC, quotes and dashes, case, white space collapsed."""
    if text.isascii():
        return " ".join(_replaced(text, _ASCII_FOLD).lower().split())
    folded = _replaced(unicodedata.normalize("NFKC", _replaced(text, _FOLD)), _FOLD)
    return " ".join(folded.casefold().split())


def searchable(text: str) -> str:
    """``text`` as it is tokenised for search: NFKC, without invisible characters.

    Case, diacritics, quotes and dashes stay: tokenisers fold these, and snippets show them.
    """
    return unicodedata.normalize("NFKC", _replaced(text, _INVISIBLE))


def _replaced(text: str, table: dict[str, str]) -> str:
    """What ``str.translate`` gives, several times as fast: most of ``table`` is in no text.

    Nothing that ``table`` puts in may stand in it as something to replace.
    """
    for char, replacement in table.items():
        text = text.replace(char, replacement)
    return text


def crockford(digest: bytes, length: int = ID_LENGTH) -> str:
    """The first ``length`` base32 characters of ``digest`` (at least ``length * 5 / 8`` bytes)."""
    bits = int.from_bytes(digest, "big")
    total = len(digest) * 8
    return "".join(_CROCKFORD[(bits >> (total - 5 * (i + 1))) & 31] for i in range(length))


def stable_id(*parts: str | bytes) -> str:
    """A 26-character identifier of ``parts``; the same parts give the same id anywhere."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(_length(len(data)))
        digest.update(data)
    return crockford(digest.digest())


def _length(size: int) -> bytes:
    """Stands before each part of an identifier, so that ("ab", "c") and ("a", "bc") differ."""
    return size.to_bytes(8, "big")


def content_hash(text: str) -> str:
    """Hexadecimal SHA-256 of the comparable form of ``text``."""
    return comparable_hash(comparable(text))


def comparable_hash(folded: str) -> str:
    """:func:`content_hash` of a text whose comparable form is at hand."""
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()


def canonical_url(url: str) -> str | None:
    """``url`` in the form that names the page: ``None`` when it is not an absolute http(s) URL.

    The case of path and query is kept. http becomes https, the default port, the fragment,
    credentials and tracking parameters go, the host is lower-cased and IDNA-encoded, remaining
    parameters keep their order and their bytes. A path of ``/`` and none are the same page. The
    result is its own canonical form.
    """
    try:
        parts = urlsplit(url.encode("utf-8", "replace").decode("utf-8").strip())
        port = parts.port
        host = parts.hostname
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        return None
    try:
        # The root's dot may be written as another script's full stop, which IDNA makes a dot.
        host = host.rstrip(".").encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return None
    # After IDNA, whose normalisation writes some letters (U+00B8) with a space.
    if not host or any(c.isspace() for c in host):
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port not in (_DEFAULT_PORTS[scheme], _DEFAULT_PORTS["https"]):
        netloc = f"{netloc}:{port}"
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
        if not _is_tracking(name)
    ]
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    path = _ESCAPE.sub(lambda escape: escape[0].upper(), path)  # RFC 3986, 6.2.2.1
    query = urlencode(kept, errors="surrogateescape")
    return urlunsplit(SplitResult("https", netloc, path, query, ""))


def _is_tracking(name: str) -> bool:
    lowered = name.lower()
    return lowered in _TRACKING or lowered.startswith(_TRACKING_PREFIXES)


def article_id(url: str | None, text: str) -> str:
    """The identity of an article: its canonical URL, or else its text in comparable form."""
    canonical = canonical_url(url) if url else None
    if canonical is not None:
        return stable_id("url", canonical)
    return stable_id("text", comparable(text))


def document_id(
    content: bytes, *, url: str | None = None, parent: str = "", place: str = ""
) -> str:
    """The identity of raw bytes: what they are, where they came from, and where in their parent."""
    return stable_id("document", content, url or "", parent, place)


def streamed_document_id(pieces: Iterable[bytes], size: int) -> str:
    """:func:`document_id` of content that comes in pieces, ``size`` bytes in all.

    Raises :class:`ValueError` when they are not so many.
    """
    digest = hashlib.sha256(_length(8) + b"document" + _length(size))
    for piece in pieces:
        digest.update(piece)
        size -= len(piece)
    if size:
        raise ValueError(f"{abs(size)} bytes {'fewer' if size > 0 else 'more'} than it was said")
    digest.update(3 * _length(0))  # no URL, parent or place
    return crockford(digest.digest())
