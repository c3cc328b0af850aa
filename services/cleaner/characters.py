"""From bytes to characters, and what no stored text may hold."""

from __future__ import annotations

import re

from shared import charset
from shared.errors import PermanentError

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:+-]{2,40})", re.IGNORECASE)
_MARKUP = re.compile(r"html|xml")
# What no text of a document is made of; a form feed and the escape of old terminals may be there.
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_MOST_BINARY = 50
"""One such character in so many makes a text unreadable; a few broken ones happen."""
_SAMPLE = 20_000  # characters that are looked at for them
# C0 and C1 controls but tab and line ends; byte order marks; characters that only steer rendering.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\u200b\u2060\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes, content_type: str, name: str) -> str:
    """The characters of ``data``, as :mod:`shared.charset` finds their character set.

    Labels in ``content_type`` and in markup count where the bytes bear them out. Raises
    :class:`PermanentError` ``undecodable`` naming ``name`` where no text comes of it.
    """
    kind, _, parameters = content_type.partition(";")
    label = _CHARSET.search(parameters)
    is_html = not kind.strip() or _MARKUP.search(kind.lower()) is not None
    text, found = charset.decode(data, label[1] if label else None, is_html)
    sample = text[:_SAMPLE]
    if len(_BINARY.findall(sample)) * _MOST_BINARY > len(sample):
        raise PermanentError(
            "undecodable", f"{name}: binary data, or no character set fits (tried {found})"
        )
    return text


def storable(text: str) -> str:
    """``text`` without control characters, with ``\\n`` line ends, lone surrogates replaced."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))


def one_line(text: str) -> str:
    """``text`` storable and with its white space collapsed."""
    if text.isprintable():  # which has nothing that is not storable
        return " ".join(text.split())
    return " ".join(storable(text).split())
