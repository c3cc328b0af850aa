"""Which characters a document's bytes mean, whatever its sender declares.

The order follows what a byte can prove: a byte order mark, zero bytes of UTF-16 and UTF-32, the
escape sequences of ISO-2022, valid UTF-8 (chance makes that of other text almost never), then
what is declared when the bytes bear it out, then the letters of the Latin
languages and other statistics (charset-normalizer) over a sample.
Labels mean what browsers take them for (https://encoding.spec.whatwg.org/#names-and-labels): a
page that says ISO-8859-1 is windows-1252.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import Final

import charset_normalizer

from shared.latin import latin_charset

SAMPLE: Final = 32_768
"""Bytes that statistics look at: time grows with them, accuracy hardly."""
_PRESCAN: Final = 4_096
"""Bytes in which a declaration may stand. Browsers look at 1,024; real pages are later."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ESCAPES: Final = (
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
    (re.compile(rb"\x1b\$[@B]|\x1b\(J|\x1b\$\(D"), "iso2022_jp_2"),
)
# Python's name of a declared encoding, to the superset that documents so labelled use.
_SUPERSETS: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso2022_jp": "iso2022_jp_2",
}
_NO_CHARSETS: Final = ("unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined")
_LABEL: Final = 40  # characters; no label is longer
_META: Final = re.compile(
    rb"""<meta\b[^>]{0,400}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:+-]{2,40})""", re.I
)
_XML: Final = re.compile(
    rb"""^\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*["']\s*([A-Za-z0-9_.:+-]{2,40})""", re.I
)
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_LETTER: Final = re.compile(rb"[A-Za-z\x80-\xff]")


def decode(data: bytes, declared: str | None, is_html: bool) -> tuple[str, str]:
    """The text of ``data`` and the name of the charset that it was read with.

    ``declared`` is the label that came with the document (a header's), if any; with ``is_html``
    declarations inside the document count as well. Never raises: bytes that the charset has no
    character for become U+FFFD. A byte order mark is taken off.
    """
    # What detect() comes to for most documents, in one pass: no zeros of UTF-16, no escapes.
    if b"\x00" not in data and b"\x1b" not in data:
        try:
            return data.decode("utf-8").removeprefix("\ufeff"), "utf-8"
        except UnicodeDecodeError:
            pass
    charset = detect(data, declared, is_html)
    text = data.decode(charset, "replace")
    return text.removeprefix("\ufeff"), charset


def detect(data: bytes, declared: str | None = None, is_html: bool = False) -> str:
    """The charset of ``data``, a name that :meth:`bytes.decode` takes; ``utf-8`` for ASCII."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    wide = _wide(data[:SAMPLE])
    if wide is not None:
        return wide
    labels = [declared, *(_inner_labels(data) if is_html else ())]
    if data.isascii():
        return _escaped(data) or "utf-8"
    if _is_utf8(data):
        return "utf-8"
    for label in labels:
        declared_name = codec_name(label)
        if declared_name is not None and _bears_out(data, declared_name):
            return declared_name
    return _statistics(data)


@lru_cache(maxsize=256)
def codec_name(label: str | None) -> str | None:
    """The codec for a declared label, or ``None`` for one that names no text encoding."""
    label = (label or "").strip().strip("\"'")
    if not 0 < len(label) <= _LABEL:
        return None
    try:
        info = codecs.lookup(label)
        b"a".decode(info.name, "ignore")  # refuses codecs that are no text's
    except (LookupError, ValueError, UnicodeError):
        return None
    if info.name in _NO_CHARSETS:
        return None
    return _SUPERSETS.get(info.name, info.name)


def _inner_labels(data: bytes) -> list[str]:
    head = data[:_PRESCAN]
    found = (pattern.search(head) for pattern in (_XML, _META))
    return [match[1].decode("ascii") for match in found if match]


def _wide(sample: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark: zero bytes stand at the same places of each unit."""
    zeros = [sample[i::4].count(0) for i in range(4)]
    quarter = len(sample) // 4
    if quarter == 0 or sum(zeros) < 2:
        return None
    if quarter > 1 and zeros[3] >= quarter and zeros[2] > 0.8 * quarter and zeros[0] < quarter / 4:
        return "utf-32-le" if _decodes(sample, "utf-32-le", 4) else None
    if quarter > 1 and zeros[0] >= quarter and zeros[1] > 0.8 * quarter and zeros[3] < quarter / 4:
        return "utf-32-be" if _decodes(sample, "utf-32-be", 4) else None
    first, second = zeros[0] + zeros[2], zeros[1] + zeros[3]
    # Text in any script has spaces and line ends, whose high byte is zero; its low bytes are
    # hardly ever. A twentieth of the units is what scripts without word spaces still reach.
    if max(first, second) < max(2, len(sample) // 2 * 0.02) or min(first, second) > (
        0.02 * max(first, second)
    ):
        return None
    name = "utf-16-le" if second > first else "utf-16-be"
    return name if _decodes(sample, name, 2) else None


def _decodes(sample: bytes, name: str, unit: int) -> bool:
    """Whether ``sample`` is text in ``name``: valid but for its cut end, and mostly readable."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample[: len(sample) // unit * unit])
    except UnicodeError:
        return False
    readable = sum(char.isprintable() or char in "\t\n\r\f\ufeff" for char in text)
    return bool(text) and readable >= 0.95 * len(text)


def _escaped(data: bytes) -> str | None:
    if b"\x1b" in data:
        for pattern, name in _ESCAPES:
            if pattern.search(data):
                return name
    return None


def _is_utf8(data: bytes) -> bool:
    """Valid UTF-8, or such with a few broken sequences among many good ones (cut, spliced)."""
    try:
        data.decode("utf-8")
        return True
    except UnicodeDecodeError as error:
        first = error.start
        if error.end >= len(data) and error.reason == "unexpected end of data" and error.start > 0:
            rest = _HIGH.search(data, 0, error.start)
            if rest is not None:
                return True
    around = data[max(0, first - 4 * SAMPLE) : first + 4 * SAMPLE].lstrip(_CONTINUATION)
    text = around.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - broken
    return good >= 20 * broken


def _bears_out(data: bytes, name: str) -> bool:
    """Whether bytes that are no UTF-8 can be the text that a declaration says they are."""
    if name.startswith(("utf", "iso2022", "hz")):
        return False
    try:
        text = data.decode(name)
    except UnicodeError:
        return False
    if any("\x80" <= char < "\xa0" for char in text):
        return False
    if name in ("cp1252", "cp1254"):
        # Servers say these of everything. Languages written in them have one accented letter
        # in six at most; other scripts read as them are accented throughout.
        letters = len(_LETTER.findall(data[:SAMPLE]))
        return len(_HIGH.findall(data[:SAMPLE])) <= 0.25 * letters
    return True


def _statistics(data: bytes) -> str:
    sample = _sample(data)
    latin = latin_charset(sample)
    if latin is not None:
        return latin
    best = charset_normalizer.from_bytes(sample).best()
    name = codec_name(best.encoding) if best is not None else None
    return name or "cp1252"


def _sample(data: bytes) -> bytes:
    """At most :data:`SAMPLE` bytes of ``data``, from where its first non-ASCII byte stands."""
    if len(data) <= SAMPLE:
        return data
    match = _HIGH.search(data)
    start = max(0, (match.start() if match else 0) - SAMPLE // 4)
    # A line's beginning, so that no multi-byte character is cut.
    start = data.rfind(b"\n", 0, start) + 1 if start else 0
    cut = data[start : start + SAMPLE]
    end = cut.rfind(b"\n")
    return cut[: end + 1] if end > SAMPLE // 2 else cut
