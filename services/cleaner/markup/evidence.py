"""What a page ships of its article for machines, as evidence for what its readers see.

Publishers put the text of an article a second time into a page: as ``articleBody`` in JSON-LD
(https://schema.org/articleBody), or in the state from which a script framework draws the page.
The first is nearly always the article and nothing else; the second has other texts too, and is
evidence only for what stands on the page.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Final

import orjson

from services.cleaner.markup.characters import ascii_words, of_words
from services.cleaner.markup.page import Page

_MIN_WORDS: Final = 40
"""Words that a body has at least to be taken for one, and not for a summary."""
_MIN_LENGTH: Final = 250
"""Characters that a shipped body is longer, at least, than what was kept of the page."""
_LONGER: Final = 1.5
"""And how many times as long."""
_PART: Final = 0.7
"""Share of the kept text that must stand in it."""
_TITLE: Final = 0.4
"""Share of the title's words, which have the site's name among them, that a state's text has."""
_MAX_TEXT: Final = 200_000
"""Characters of a body that are read."""
_MIN_SCRIPT: Final = 1_000
_MAX_SCRIPT: Final = 2_000_000
"""Characters of the scripts that are read."""
_MIN_STRING: Final = 60
"""Characters of a string that is prose, and not a label."""
_MIN_PIECE: Final = 40
"""Characters of such a string between two quotation marks, at its longest."""
_NESTED: Final = 3
"""JSON within strings of JSON that is opened."""
_PROBES: Final = 4
_PROBE: Final = 24
"""Longest blocks that are looked for in scripts, and how many characters of each."""

_MIN_REACH: Final = 10_000
_REACH: Final = 3
"""Of a script is read what stands around the page's prose: so many characters, and so many times
the length of that prose."""
_ASIDE: Final = re.compile(
    r"descr|capti|summar|excerpt|teaser|blurb|abstract|deck|dek$|^alt|alttext|title|headline|seo|"
    r"meta|keyword|credit|biogra|^bio|url|uri|link|href|src|path|class|style|image|photo|video|"
    r"slug|copyright|legal|disclaim|consent|cookie|newsletter|\bads?\b|comment",
    re.IGNORECASE,
)
"""Names of what is no part of an article's body."""

# Scripts that are written without blanks between words are compared by characters.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[^\W{_UNSPACED}]+|[{_UNSPACED}]")
_CHARACTERS: Final = of_words("0123456789_")
_TAG: Final = re.compile(r"</?[a-zA-Z!][^<>]*>")
_BREAK: Final = re.compile(
    r"<(?:/?(?:p|div|h[1-6]|li|ul|ol|blockquote|figure|section|table|tr)\b|br\s{0,9}/?>\s{0,99}<br)"
    r"[^<>]*>",
    re.IGNORECASE,
)
_ANGULAR: Final = (("&q;", '"'), ("&s;", "'"), ("&l;", "<"), ("&g;", ">"), ("&a;", "&"))
"""How Angular before 16 escapes the state that it transfers
(https://angular.io/api/platform-browser/TransferState)."""
_SENTENCE: Final = re.compile(r"[.!?…»”][\"'’”»)\]]?(?:\s|$)|[。！？।؟۔።]")
_CODE: Final = re.compile(
    r"[;{}]\s{0,9}\n|\)\s?\{|[\w)\]]\s?=>|\{[\w-]{1,40}:|\"\w{1,40}\":|\bfunction\s?\("
)


def confirmed(page: Page) -> list[float] | None:
    """For each of ``page.blocks`` the share of its words (as runs of three) that stand in the
    article's text that the page ships for machines, 0 to 1; -1 for a block too short to tell.

    ``None`` where the page ships none.
    """
    body = _words(_linked_body(page))
    if len(body) >= _MIN_WORDS:
        return _shares(page, set(_grams(body)))
    grams: set[tuple[str, ...]] = set()
    for text in _state_texts(page):
        grams.update(_grams(_words(text)))
    return _shares(page, grams) if grams else None


def hidden_body(page: Page, kept: str) -> str | None:
    """The article's text as the page ships it for machines, with a line for a paragraph, where
    ``kept``, the text found among its blocks, is not the whole of it.

    That is where a script draws the page or cuts it: ``kept`` is nothing, next to nothing, or
    a small part of the shipped text. ``None`` where it is not so, or nothing is shipped.
    """
    body = _linked_body(page)
    if len(body) < _LONGER * len(kept) + _MIN_LENGTH:
        body = "" if len(kept) >= _MIN_LENGTH else _state_body(page)
        if len(body) < _LONGER * len(kept) + _MIN_LENGTH:
            return None
    seen = _words(kept)
    if len(seen) >= _MIN_WORDS:
        shipped = set(_grams(_words(body)))
        if sum(map(shipped.__contains__, _grams(seen))) < _PART * len(seen):
            return None
    return body


def _state_body(page: Page) -> str:
    """The longest prose in the state of a script framework that has the words of the page's
    title; an empty string where there is none.

    That is one string, or strings that stand under one name, one after the other. What has too
    few of the title's words is another article, or the words of the page's controls.
    """
    title = page.document_title or page.first_meta("og:title")
    wanted = {word for word in _words(title) if len(word) > 3 or not word.isascii()}
    if not wanted:
        return ""
    best, most = "", 0.0
    left = _MAX_SCRIPT
    for script in page.tree.iter("script"):
        text = script.text
        if not text or len(text) < _MIN_SCRIPT or "ld+json" in (script.get("type") or ""):
            continue
        left -= len(text)
        if left < 0:
            break
        for _, run in groupby(strings(text), key=itemgetter(0)):
            values = [plain(value) for _, value in run]
            prose = [value for value in values if _is_prose(value)]
            for body in ("\n".join(prose), max(prose, key=len, default="")):
                words = set(_words(body))
                share = len(words & wanted) / len(wanted)
                score = len(body) * share
                if share >= _TITLE and score > 1.1 * most:
                    best, most = body, score
    return best


def _is_prose(text: str) -> bool:
    """Whether it has sentences, and is neither code nor style sheet."""
    return _SENTENCE.search(text) is not None and _CODE.search(text) is None


def _linked_body(page: Page) -> str:
    """The article's text in JSON-LD, or an empty string."""
    node = page.linked.article
    if node is None:
        return ""
    texts = [node.get(name) for name in ("articleBody", "text")]
    body = max((text for text in texts if isinstance(text, str)), key=len, default="")
    return plain(body[:_MAX_TEXT])


def plain(text: str) -> str:
    """``text``, which may be HTML or escaped HTML, as plain text with a line for a paragraph."""
    if "&lt;" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    lines = (line.strip() for line in text.replace("\xa0", " ").split("\n"))
    return "\n".join(filter(None, lines))


def _words(text: str) -> list[str]:
    words = ascii_words(text, _CHARACTERS)
    return _WORD.findall(text.lower()) if words is None else words


def _grams(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(words, words[1:], words[2:], strict=False)


def _shares(page: Page, grams: set[tuple[str, ...]]) -> list[float]:
    shares = []
    for block in page.blocks:
        words = _words(block.text)
        if len(words) < 3:
            shares.append(-1.0)
        else:
            shares.append(sum(map(grams.__contains__, _grams(words))) / (len(words) - 2))
    return shares


def _state_texts(page: Page) -> Iterator[str]:
    """Texts of prose in the scripts, from where these hold the page's own prose."""
    probes, reach = _probes(page)
    left = _MAX_SCRIPT if probes else 0
    for script in page.tree.iter("script"):
        if left <= 0:
            break
        text = script.text
        if not text or len(text) < _MIN_SCRIPT or "ld+json" in (script.get("type") or ""):
            continue
        left -= len(text)
        found: list[str] = []
        end = 0
        for place in sorted(map(text.find, probes)):
            if place >= end:  # and so is none that was not found
                start, end = max(end, place - reach), place + reach
                found.extend(value for _, value in strings(text[start:end]))
        if any(probe in value for value in found for probe in probes):
            yield from map(plain, found)


def _probes(page: Page) -> tuple[list[str], int]:
    """Pieces of the page's longest texts, as they may stand in a script, and how many characters
    around them are read there."""
    prose = [b for b in page.blocks if len(b.text) - b.links >= _MIN_STRING]
    reach = _MIN_REACH + _REACH * sum(len(block.text) for block in prose)
    prose.sort(key=lambda block: block.links - len(block.text))
    probes = []
    for block in prose[:_PROBES]:
        start = len(block.text) // 2 - _PROBE // 2
        probe = block.text[start : start + _PROBE]
        probes.append(probe)
        if not probe.isascii():
            probes.append(json.dumps(probe)[1:-1])
    return probes, reach


def strings(script: str) -> list[tuple[str, str]]:
    """The long strings in double quotes of a script or of JSON, unescaped, in their order, each
    with the name that it stands under; without those of summaries, captions and addresses.

    No parser, as states are written in many ways: JSON, objects and arguments of JavaScript,
    calls of ``JSON.parse``, pieces of a stream.
    """
    if "&q;" in script:
        for sign, letter in _ANGULAR:
            script = script.replace(sign, letter)
    for _ in range(_NESTED):
        # JSON within a string of JSON: one level of escapes is taken away.
        if script.count('\\":') <= script.count('":') // 2:
            break
        script = script.replace("\\\\", "\x01").replace('\\"', '"').replace("\x01", "\\")
    pieces = script.split('"')
    found = []
    done = 0
    for start in [i for i, piece in enumerate(pieces) if len(piece) >= _MIN_PIECE]:
        # Addresses and names of classes have few blanks; texts without any are not ASCII.
        piece = pieces[start]
        if start < done or (piece.count(" ") * 20 < len(piece) and piece.isascii()):
            continue
        end = start + 1
        while start > done and _escapes(pieces[start - 1]):
            start -= 1
        while end < len(pieces) and _escapes(pieces[end - 1]):
            end += 1
        done = end
        key = _key(pieces, start)
        if not _aside(key):
            text = '"'.join(pieces[start:end])
            if len(text) >= _MIN_STRING:
                found.append((key, _unescaped(text) if "\\" in text else text))
    return found


@lru_cache(maxsize=1_024)
def _aside(key: str) -> bool:
    return _ASIDE.search(key) is not None


def _escapes(piece: str) -> bool:
    """Whether the quotation mark behind ``piece`` is escaped."""
    return piece[-1:] == "\\" and (len(piece) - len(piece.rstrip("\\"))) % 2 == 1


def _key(pieces: list[str], place: int) -> str:
    """The name that the string at ``place`` stands under; empty where none is near."""
    for back in range(place - 1, max(place - 12, 1), -2):
        if pieces[back].lstrip().startswith(":"):
            return pieces[back - 1][-40:]
    return ""


def _unescaped(text: str) -> str:
    try:
        return str(orjson.loads(f'"{text}"'))
    except orjson.JSONDecodeError:
        return text.replace("\\n", "\n").replace('\\"', '"')
