"""Bylines and dates that a page marks, by class, microdata, element or place, but not as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from lxml.html import HtmlElement

from services.cleaner.characters import one_line

_BYLINE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:by-?line|author|authors|contributor|writer|auteur|autor|writtenby|byauthor|"
    r"article__author|postauthor|entry-author|author-name|authorname)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_BYLINE = re.compile(
    r"bio|avatar|image|photo|comment|related|recommend|box|about|social|links|popular",
    re.IGNORECASE,
)
_DATE_CLASS = re.compile(
    r"publish|posted|pubdate|post-?date|entry-?date|article-?date|dateline|timestamp|date",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"related|recommend|sidebar|comment|popular|trending|latest|footer|more-|promo|widget|card",
    re.IGNORECASE,
)


_BY_ALONE = re.compile(
    r"^(?:(?:written|posted|published|words|story) )?by\s?:?$|^author:?$", re.IGNORECASE
)
_BY_NAME = re.compile(
    r"^(?:(?:written|posted|published|words|story) )?(?:by|author)(?:\s|:\s?)\s?[^\W\d_]",
    re.IGNORECASE,
)


def bylines(tree: HtmlElement) -> list[str]:
    """Texts of elements marked as author: the most explicit kind that there is."""
    explicit: list[str] = []
    marked: list[str] = []
    for element in tree.iter(
        "a", "span", "div", "p", "address", "li", "cite", "h3", "h4", "strong", "em"
    ):
        if "author" in (element.get("rel") or "") or "author" in (element.get("itemprop") or ""):
            text = text_of(element)
            if 2 < len(text) < 120:
                explicit.append(text)
            continue
        label = "" if marked else f"{element.get('class') or ''} {element.get('id') or ''}"
        if _BYLINE_CLASS.search(label) and not _NOT_BYLINE.search(label):
            text = text_of(element)
            if 2 < len(text) < 120:
                marked.append(text)
    return explicit[:3] or marked[:1]


def near_heading(tree: HtmlElement) -> list[str]:
    """The short texts around the first ``h1``, 8 before and 40 after it, in reading order."""
    texts: list[str] = []
    heading = -1
    for element in tree.iter():
        if element.tag in ("script", "style", "noscript", "template", "head", "title"):
            continue
        if element.tag == "h1" and heading < 0:
            heading = len(texts)
        for part in (element.text, *(child.tail for child in element)):
            text = part.strip() if part else ""
            if text:
                texts.append(text if len(text) <= 120 else "")
        if heading >= 0 and len(texts) > heading + 60:
            break
    heading = max(heading, 0)
    return [one_line(text) for text in texts[max(0, heading - 8) : heading + 40] if text]


def written_by(texts: list[str]) -> list[str]:
    """The byline among ``texts`` by its wording: "By Jane Doe", the name in the next text too."""
    for text, following in pairwise([*texts, ""]):
        if _BY_ALONE.match(text):
            return [following]
        if _BY_NAME.match(text):
            return [text]
    return []


def marked_dates(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    """Dates marked as such, ``(text, where)``: microdata, then ``time`` elements, best first."""
    times: list[tuple[int, str, str]] = []
    for element in tree.iter("time", "span", "div", "p", "abbr", "li", "a", "b", "meta"):
        itemprop = (element.get("itemprop") or "").lower()
        if "datepublished" in itemprop or "datecreated" in itemprop:
            yield (
                element.get("content") or element.get("datetime") or text_of(element),
                "microdata",
            )
        elif element.tag == "time" and not in_aside(element):
            label = f"{element.get('class') or ''} {itemprop}".lower()
            if "updat" in label or "modif" in label:
                continue
            rank = 0 if element.get("pubdate") is not None or "publish" in label else 1
            times.append((rank, element.get("datetime") or text_of(element), "time"))
    for _, text, place in sorted(times, key=lambda item: item[0])[:3]:
        yield text, place


def dated_by_class(tree: HtmlElement) -> Iterator[str]:
    """Short texts of elements whose class speaks of a date, outside asides."""
    for element in tree.iter("span", "div", "p", "li", "em", "small", "h6", "td"):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _DATE_CLASS.search(label):
            text = text_of(element)
            if 0 < len(text) <= 80 and not in_aside(element):
                yield text


def text_of(element: HtmlElement) -> str:
    """The element's text in one line, at most 500 characters."""
    parts: list[str] = []
    size = 0
    for part in element.itertext():
        parts.append(str(part))
        size += len(part)
        if size > 1_000:
            break
    return one_line(" ".join(parts))[:500]


def in_aside(element: HtmlElement) -> bool:
    """Whether one of the six elements above is no part of the article itself."""
    parent = element.getparent()
    for _ in range(6):
        if parent is None or parent.tag in ("article", "main", "body"):
            return False
        if parent.tag in ("aside", "footer", "nav"):
            return True
        if _ASIDE.search(f"{parent.get('class') or ''} {parent.get('id') or ''}"):
            return True
        parent = parent.getparent()
    return False
