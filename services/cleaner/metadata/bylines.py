"""Bylines that readers see: marked as such, or told by their wording and place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from services.cleaner.characters import one_line
from services.cleaner.markup.blocks import Block, Element, Node
from services.cleaner.markup.page import Page
from services.cleaner.metadata.titles import squeezed

_MARK = re.compile(
    r"(?<![a-z])(?:by-?line|(?:(?:post|article|entry|news|story|page|blog|the|m|c)[-_]*)?authors?"
    r"(?![a-z]*(?:iz|ity))|contributors?|writers?|written-?by|post(?:ed)?-?by|auteurs?|autore?s?|"
    r"autori|redakteur|redactor|periodista|journalists?|reporter|vcard|dc-?creator|creator)",
)
_NO_MARK = re.compile(
    r"bio(?![a-z])|avatar|image|img|photo|picture|comment|related|recommend|about|social|popular|"
    r"share|follow|date|time|published|desc|role|position|job|title(?!s?-author)|icon|twitter|more|"
    r"count|newsletter|credit",
)
_HREF = re.compile(
    r"/(?:authors?|by|writers?|contributors?|profiles?|people|persons?|staff|journalists?|reporters?|"
    r"autor(?:es|en)?|auteurs?|autore|redakteure|columnists?|team|user|users|members?|"
    r"correspondents?|bio)/[^/?#]|[?&]author(?:_name)?=",
)
_WORDED = re.compile(
    r"^\W{0,3}(?:(?:(?:written|story|words|text|posted|published|reported|authored|contributed|"
    r"recipe|analysis|opinion|photos?\sand\s(?:story|text))(?:\s(?:and|&)\s\w+)?\s)?by\b(?!-)"
    r"|(?-i:By(?=[A-Z][a-z]+ ))|byby "
    r"|(?:authors?|writer|reporter|words|text)\s?:|Von\s(?=[A-ZÄÖÜ])|Par\s(?=[A-ZÉÈ])|"
    r"Por\s(?=[A-ZÁÉÍÓÚ])|Di\s(?=[A-Z])|Door\s(?=[A-Z])|Av\s(?=[A-ZÅÄÖØ])|Af\s(?=[A-ZÆØÅ])|"
    r"Автор|Текст\s?:|Autor(?:en|es|a|ka|zy)?\s?:|Auteurs?\s?:|Autore\s?:|A cura di\s|Yazan\s?:|"
    r"Oleh\s?:|Penulis\s?:|Tác giả\s?:|Szerző\s?:|De:\s|Oprac|Teksti\s?:|"
    r"作者\s?[:：/]|记者\s?[:：]|記者\s?[:：/]|著者\s?[:：]|文\s?[●:：/／]|執筆\s?[:：]|撰文\s?[:：]|"
    r"بقلم|كتب|מאת|लेखक|نویسنده)",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"^\W{0,3}(?:(?:this (?:post|article|story|piece) (?:was|is) )?"
    r"(?:written|authored|contributed) by|reporting by|story by|about the author:"
    r"|(?:text|autor|автор|auteur|autore|szerző|yazan)\s?:)\s",
    re.IGNORECASE,
)
_DATED_BY = re.compile(r"^.{0,60}\d.{0,40}?\bby:?\s+[^\W\d_]", re.IGNORECASE)
_NAMED_MARK = re.compile(r"(?:author|byline|writer|contributor)s?[-_]*(?:full)?names?\b")
_HANDLE = re.compile(r",\s@\w{2,30}$")
_ALONE = re.compile(
    r"^\W*(?:(?:written|posted|published|words|story)\s)?(?:by|authors?)\s?:?\W*$", re.I
)
_DATED = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\bago\b|\bmin(?:ute)?s?\b", re.IGNORECASE
)
_BEFORE: Final = 12
_AFTER: Final = 30
"""Blocks before and after the headline among which a byline is looked for."""
_LONGEST: Final = 200
_LONGEST_LIST: Final = 2_000
"""Characters of a byline: of one that names each author in an element of his own."""
_MOST: Final = 40
_LOOKED_AT: Final = 300
"""Inline elements of a block that are looked at."""
_LEVELS: Final = 4
_INLINE: Final = ("a", "span", "cite", "strong", "b", "em", "i", "label")


def marked(page: Page, headline: int) -> Iterator[list[str]]:
    """Texts of what is marked as author by class, rel, itemprop or address: the nearest first.

    ``headline`` is the place of its block. Each list is one byline.
    """
    blocks, nodes = page.blocks, page.nodes
    known: dict[int, bool] = {}
    pieces: dict[int, list[_Piece]] = {}
    for place in _near(len(blocks), headline):
        block = blocks[place]
        if len(block.text) > _LONGEST_LIST or (block.heading and place == headline):
            continue
        if not (block.labels or block.links or _is_marked(nodes, block.node, known)):
            continue
        # In a sentence a link to a person tells who it is about.
        sentence = len(block.text) > 120 or (block.text.endswith(".") and " " in block.text[:-20])
        if block.node not in pieces:
            pieces[block.node] = _pieces(nodes[block.node].element)
        texts = _innermost(pieces[block.node], block, linked=not sentence)
        if len(block.text) > _LONGEST and not _is_list(texts, block.text):
            continue
        if not texts and _is_marked(nodes, block.node, known):
            texts = [block.text]
        if texts:
            yield texts


def worded(page: Page, headline: int) -> Iterator[list[str]]:
    """Texts that say "by" near the headline, and closing lines that do."""
    blocks = page.blocks
    for place in _near(len(blocks), headline):
        text = blocks[place].text
        if len(text) > _LONGEST or blocks[place].heading == 1:
            continue
        if _ALONE.match(text):
            if place + 1 < len(blocks) and len(blocks[place + 1].text) <= _LONGEST:
                yield [blocks[place + 1].text]
        elif _WORDED.match(text) or _DATED_BY.match(text):
            yield [text]
    for block in blocks[headline + _AFTER :]:
        if _BELOW.match(block.text[:60]):
            yield [block.text[:_LONGEST]]


def lone(page: Page, headline: int) -> Iterator[str]:
    """Short texts right below the headline that may be names alone: those with a date in them,
    and those beside a date that the page says again, as it does in a line about the author.
    """
    blocks = page.blocks
    near = blocks[headline + 1 : headline + 7]
    for place, block in enumerate(near):
        if len(block.text) > 70 or block.heading:
            continue
        if _DATED.search(block.text) or _HANDLE.search(block.text):
            yield block.text
        elif any(
            b.times or _DATED.search(b.text[:60]) for b in near[max(0, place - 1) : place + 2]
        ):
            begun = block.text + " "
            if any(other.text.startswith(begun) for other in blocks[headline + 7 :]):
                yield block.text


def headline_of(page: Page, title: str) -> int:
    """The place of the block that is the headline; of the first heading, or 0, without one."""
    wanted = squeezed(title)
    begins = title[:12].casefold()
    first = lesser = plain = -1
    for place, block in enumerate(page.blocks):
        if block.heading == 1 and first < 0:
            first = place
        if not begins or block.text[:12].casefold() != begins or squeezed(block.text) != wanted:
            continue
        if block.heading == 1:
            return place
        if block.heading and lesser < 0:
            lesser = place
        elif plain < 0:
            plain = place
    return next((place for place in (lesser, first, plain) if place >= 0), 0)


def _near(size: int, headline: int) -> Sequence[int]:
    after = range(headline + 1, min(size, headline + _AFTER))
    return [*after, *range(headline - 1, max(-1, headline - _BEFORE), -1)]


def _is_marked(nodes: Sequence[Node], place: int, known: dict[int, bool]) -> bool:
    """Whether a node or one close around it is labelled as a byline."""
    start = place
    answer = known.get(place)
    level = 0
    while answer is None and place >= 0 and level < _LEVELS:
        label = nodes[place].label
        if label and _MARK.search(label) and nodes[place].tag not in ("body", "main", "article"):
            answer = level > 0 or _says_author(label)
        elif label and _NO_MARK.search(label) and level == 0:
            answer = False
        place = nodes[place].parent
        level += 1
    known[start] = bool(answer)
    return known[start]


def _is_list(names: Sequence[str], text: str) -> bool:
    """Whether ``text`` is little more than ``names``: of a paper's many authors."""
    return sum(map(len, names)) * 10 >= len(text) * 7


def _says_author(label: str) -> bool:
    if _NAMED_MARK.search(label):
        return True
    return bool(_MARK.search(label)) and not _NO_MARK.search(label)


@dataclass(frozen=True, slots=True)
class _Piece:
    """An inline element that names an author: by its labels or by where it links to alone."""

    element: Element
    text: str
    key: str
    labelled: bool


def _pieces(element: Element) -> list[_Piece]:
    """The inline elements within ``element`` that are marked as authors, in reading order."""
    found: list[_Piece] = []
    for piece in islice(element.iter(*_INLINE), _LOOKED_AT):
        names = (piece.get("class"), piece.get("rel"), piece.get("itemprop"))
        label = " ".join(filter(None, names)).lower()
        labelled = bool(label) and _says_author(label)
        if labelled or (piece.tag == "a" and _HREF.search((piece.get("href") or "")[-200:])):
            text = one_line(" ".join(str(part)[:200] for part in islice(piece.itertext(), 20)))
            key = squeezed(text) if 1 < len(text) <= 120 else ""
            if key:
                found.append(_Piece(piece, text, key, labelled))
    return found


def _innermost(pieces: Sequence[_Piece], block: Block, *, linked: bool) -> list[str]:
    """The texts of those of ``pieces`` that stand in ``block`` and hold none of the others."""
    whole = squeezed(block.text) if pieces else ""
    texts: list[str] = []
    outer: Element | None = None
    for piece in pieces:
        if (linked or piece.labelled) and piece.key in whole and len(texts) < _MOST:
            if outer is not None and outer in piece.element.iterancestors():
                texts.pop()
            texts.append(piece.text)
            outer = piece.element
    return texts
