"""Articles that somebody forwarded: the block of headers that mail programs write before them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LOOK = 262_144
"""Characters in which the block must begin: what stands before it is a comment."""
_BLOCK = 40
"""Lines that a block of headers may have."""
_CANDIDATES = 20
_MARK = re.compile(
    r"[>\s]*(?:-{2,}\s*)?(?:begin |anfang der |début du |inicio del |inizio )?"
    r"(?:(forwarded message|weitergeleitete(?:n|r)? (?:nachricht|e-?mail)"
    r"|message (?:transféré|réexpédié)|courriel transféré|mensaje reenviado"
    r"|mensagem encaminhada|messaggio inoltrato|doorgestuurd bericht|fwd)"
    r"|(original message|original appointment|ursprüngliche nachricht|originalnachricht"
    r"|message d['\u2019]origine|message original|mensaje original|messaggio originale"
    r"|oorspronkelijk bericht))"
    r"\s*(?::|-{2,})\s*",
    re.I,
)
_LABELS = {
    "author": "from|von|de|da|van|expéditeur|remitente|mittente",
    "date": "date|sent|datum|gesendet|envoyé|envoyé le|date d['\u2019]envoi|fecha|enviado"
    "|enviado el|data|inviato|verzonden",
    "subject": "subject|betreff|objet|asunto|assunto|oggetto|onderwerp",
    "other": "to|an|à|para|a|aan|cc|bcc|kopie|reply-to|antwort an|répondre à|importance",
}
_FIELD = re.compile(
    r"[>\s*]*(?:" + "|".join(f"(?P<{key}>{names})" for key, names in _LABELS.items()) + r")"
    r"[\s*]*:[\s*]*(?P<value>.*)",
    re.I,
)
_BREAK = re.compile(
    r"</?(?:br|div|p|tr|li|ul|table|tbody|blockquote|hr|h[1-6]|body)\b[^<>]{0,2000}>", re.I
)
_TAG = re.compile(r"<[^<>]{0,4000}>")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What the block says, as it is written there, and what stands behind it."""

    author: str
    date: str
    subject: str
    content: str


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    end: int
    """Where the next line begins in the whole."""


def in_text(text: str, *, meant: bool) -> Forwarded | None:
    """The article forwarded in plain ``text``; with ``meant`` the subject says that one is."""
    found = _find(list(_text_lines(text)), meant, folded=True)
    if found is None:
        return None
    fields, before, end, quoted = found
    content = text[end:]
    if quoted:
        content = "\n".join(re.sub(r"^>[ \t]?", "", line) for line in content.split("\n"))
    return _checked(fields, content.strip("\r\n"), before)


def in_html(page: str, *, meant: bool) -> Forwarded | None:
    """The same for HTML; the content begins amid elements, as readers of HTML bear."""
    body = max(0, page[:_LOOK].lower().find("<body"))
    found = _find(list(_html_lines(page, body)), meant, folded=False)
    if found is None:
        return None
    fields, before, end, _ = found
    content = page[end:]
    return _checked(fields, content, before) if _plain(content[:_LOOK]) else None


def _checked(fields: dict[str, str], content: str, before: int) -> Forwarded | None:
    """Not where the comment is the longer text: then that is the article."""
    if not content.strip() or before > max(600, len(content)):
        return None
    return Forwarded(
        fields.get("author", ""), fields.get("date", ""), fields.get("subject", ""), content
    )


def _find(
    lines: list[_Line], meant: bool, *, folded: bool
) -> tuple[dict[str, str], int, int, bool] | None:
    """The block's fields, characters before it, its end, and whether it is quoted.

    ``folded`` tells that addresses may go on in the next line.
    """
    tried = before = 0
    for number, line in enumerate(lines):
        mark = _MARK.fullmatch(line.text) if len(line.text) < 200 else None
        if mark is not None and (mark[1] or meant):
            block = _block(lines, number + 1, folded)
        elif meant and (field := _FIELD.match(line.text)) and field["author"]:
            block = _block(lines, number, folded)
        else:
            before += len(line.text)
            continue
        if block is not None:
            fields, end, quoted = block
            return fields, before, end, quoted
        before += len(line.text)
        tried += 1
        if tried >= _CANDIDATES:
            return None
    return None


def _block(lines: list[_Line], start: int, folded: bool) -> tuple[dict[str, str], int, bool] | None:
    fields: dict[str, str] = {}
    end, last, quoted, blank = 0, "", False, False
    for line in lines[start : start + _BLOCK]:
        field = _FIELD.match(line.text) if len(line.text) < 2000 else None
        if field is not None and not (blank and len(fields) > 1):
            last = next(key for key in _LABELS if field[key])
            fields.setdefault(last, field["value"].strip("* \t\r"))
            quoted = quoted or line.text.lstrip().startswith(">")
            end, blank = line.end, False
        elif not line.text.strip("> \t\r"):
            blank = bool(fields)
        elif folded and fields and last == "other" and not blank:
            end = line.end
        else:
            break
    if not fields.get("author") or not ("date" in fields or "subject" in fields):
        return None
    return fields, end, quoted


def _text_lines(text: str) -> Iterator[_Line]:
    at = 0
    while at < min(len(text), _LOOK):
        end = text.find("\n", at) + 1 or len(text)
        yield _Line(text[at:end].rstrip("\r\n"), end)
        at = end


def _html_lines(page: str, start: int) -> Iterator[_Line]:
    at = start
    for match in _BREAK.finditer(page, start, start + _LOOK):
        # Elements beside each other give empty lines, that in a block mean nothing.
        text = _plain(page[at : match.start()])
        if text:
            yield _Line(text, match.end())
        at = match.end()


def _plain(piece: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", piece)).split())
