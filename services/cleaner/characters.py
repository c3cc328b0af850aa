"""From bytes to characters, and what no stored text may hold."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from shared.errors import PermanentError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs of Python's own, and one that browsers refuse for its security holes.
_NOT_OF_THE_WEB = {"unicode-escape", "raw-unicode-escape", "undefined", "idna", "punycode", "utf-7"}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
# C0 and C1 controls but tab and line ends; byte order marks; characters that only steer rendering.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\u200b\u2060\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes, content_type: str, name: str) -> str:
    """The characters of ``data``.

    In order: byte order mark; UTF-8 where it fits and there is more than ASCII, because text in
    another character set hardly ever does; ``charset`` of ``content_type``; ``charset`` in the
    first 2,048 bytes; detection. Raises :class:`PermanentError` ``undecodable`` naming ``name``.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if not data.isascii() and b"\x00" not in data:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    declared = [_CHARSET.search(content_type), _CHARSET.search(data[:2048].decode("latin-1"))]
    for encoding in [*(match[1] for match in declared if match), "utf-8"]:
        try:
            return data.decode(_browser_name(encoding))
        except (LookupError, ValueError):
            continue  # unknown or not true; the next may be
    if b"\x00" in data[:4096]:
        raise PermanentError("undecodable", f"{name}: binary data, not text")
    guess = from_bytes(data[:200_000], steps=5, chunk_size=1024).best()
    if guess is not None:
        try:
            return data.decode(guess.encoding)
        except (LookupError, ValueError):
            pass
    mostly = data.decode("utf-8", "replace")
    if mostly.count("\ufffd") * 50 <= len(mostly):
        return mostly  # UTF-8 with a few broken bytes
    raise PermanentError("undecodable", f"{name}: no character set fits its {len(data)} bytes")


def _browser_name(encoding: str) -> str:
    """Latin-1 and ASCII mean Windows-1252 on the web (WHATWG Encoding Standard, labels)."""
    try:
        codec = codecs.lookup(encoding)
    except LookupError:
        return encoding
    if not codec._is_text_encoding or codec.name in _NOT_OF_THE_WEB:
        raise LookupError(encoding)
    return "cp1252" if codec.name in ("iso8859-1", "ascii") else codec.name


def storable(text: str) -> str:
    """``text`` without control characters, with ``\\n`` line ends, lone surrogates replaced."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))


def one_line(text: str) -> str:
    """``text`` storable and with its white space collapsed."""
    return " ".join(storable(text).split())
