"""Texts of mail: what is empty, flowed (RFC 3676), signed or encrypted (RFC 4880)."""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile(r"[\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]+")
_QUOTES = re.compile(r">*")
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"


def blank(text: str, is_html: bool) -> bool:
    """Whether a reader would see nothing."""
    if is_html:
        lower = text.lower()
        text = text[max(0, lower.find("<body")) :]
        for name in ("style", "script", "title"):
            text = _without(text, name)
        text = html.unescape(_TAG.sub("", text))
    return not _UNSEEN.sub("", text)


def _without(page: str, name: str) -> str:
    """``page`` without the elements called ``name`` and what is in them."""
    lower = page.lower()
    if len(lower) != len(page):  # a few capitals become two characters
        return page
    pieces: list[str] = []
    at = 0
    while (start := lower.find(f"<{name}", at)) >= 0:
        pieces.append(page[at:start])
        at = lower.find(f"</{name}", start)
        if at < 0:
            return "".join(pieces)
    pieces.append(page[at:])
    return "".join(pieces)


def html_of(text: str) -> str:
    """Plain text as HTML: a paragraph for each, lines kept."""
    paragraphs = (part.strip("\n") for part in re.split(r"\n[ \t]*\n", text))
    return "\n".join(
        f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in paragraphs if part
    )


def unfolded(text: str, joined: bool) -> str:
    """Text of ``format=flowed`` with its paragraphs in one line each (RFC 3676, section 4).

    ``joined`` is ``DelSp=yes``: the blank that tells of the break is no blank of the text.
    """
    out: list[str] = []
    flowing: list[str] = []
    depth = 0

    def flush() -> None:
        if flowing:
            out.append(">" * depth + (" " if depth else "") + "".join(flowing))
            flowing.clear()

    for line in text.split("\n"):
        quotes = _QUOTES.match(line)
        level = quotes.end() if quotes else 0
        content = line[level:].removeprefix(" ")
        if level != depth or content == "-- ":
            flush()
            depth = level
        flows = content.endswith(" ") and content != "-- "
        flowing.append(content[:-1] if flows and joined else content)
        if not flows:
            flush()
    flush()
    return "\n".join(out)


def unsigned(text: str) -> str:
    """Clear-signed text without its armour (RFC 4880, section 7)."""
    start = text.find(_SIGNED)
    if start < 0:
        return text
    body = text.find("\n\n", start)
    end = text.find(_SIGNATURE, start)
    if body < 0 or end < body:
        return text
    signed = re.sub(r"^- ", "", text[body + 2 : end], flags=re.M)
    return text[:start] + signed.strip("\n") + "\n"


def is_encrypted(text: str) -> bool:
    """Whether there is nothing to read but an encrypted message."""
    return text.lstrip().startswith(_ENCRYPTED)
