"""What the names that pages give their parts (class, id, role, itemprop) say of them."""

from __future__ import annotations

import re
from enum import IntFlag
from functools import lru_cache
from itertools import pairwise
from typing import Final


class Part(IntFlag):
    """What a part of a page is, by its tag or its label."""

    CONTENT = 1
    CARDS = 2
    """Other articles: related, latest, recommended."""
    SOCIAL = 4
    COMMENTS = 8
    OFFER = 16
    """Adverts, newsletters, subscriptions, donations."""
    FACTS = 32
    """About the article: author, date, topics, breadcrumbs."""
    CAPTION = 64
    FRAME = 128
    """Menus, heads, feet and sidebars of the site."""
    NOTICE = 256
    """Cookies, consent, disclaimers, pop-ups, hidden text."""
    ARTICLE = 512
    """``article`` and ``main`` elements and what is named the article's body."""
    QUOTE = 1024
    TABLE = 2048
    LIST = 4096
    SUMMARY = 8192
    """Standfirst, excerpt, key points."""


_WORDS: Final[dict[Part, str]] = {
    Part.CONTENT: "content|body|article|entry|post|story|text|prose|paragraph|wysiwyg",
    Part.CARDS: (
        "related|recommend|readmore|^more$|latest|popular|trending|^most$|card|teaser|carousel|"
        "slider|promo|recirc|outbrain|taboola|feed|similar|^also$|^next$|^prev|swiper|grid|^tease"
    ),
    Part.SOCIAL: "share|sharing|social|follow|facebook|twitter|whatsapp|addtoany|sharedaddy",
    Part.COMMENTS: "comment|disqus|respond|reply|replies|discussion",
    Part.OFFER: (
        "newsletter|subscri|signup|paywall|donat|advert|sponsor|banner|promo|^ads?$|^cta|"
        "affiliate|product|price|shop|deal|member|register|login"
    ),
    Part.FACTS: (
        "author|byline|^bio|^date|^time|meta|^tags?$|topic|categor|breadcrumb|credit|source|"
        "avatar|profile|publish|posted"
    ),
    Part.CAPTION: "caption|figure|image|photo|gallery|credit|video|media",
    Part.FRAME: "nav|menu|header|footer|sidebar|aside|masthead|toolbar|widget|topbar|^rail$",
    Part.NOTICE: (
        "cookie|consent|gdpr|modal|popup|overlay|hidden|disclaimer|notice|^reader$|visually|"
        "legal|copyright|toast|print"
    ),
    Part.ARTICLE: (
        "articlebody|articlecontent|entrycontent|postcontent|storybody|contentbody|postbody|"
        "articletext|maincontent"
    ),
    Part.QUOTE: "quote|^pull$",
    Part.TABLE: "table",
    Part.LIST: "^list|^toc$",
    Part.SUMMARY: (
        "summary|excerpt|standfirst|subtitle|^deck?$|^intro|^lead$|^lede$|highlight|takeaway|"
        "abstract"
    ),
}
_WORD_PARTS: Final = {part: re.compile(words) for part, words in _WORDS.items()}
FIRST: Final = frozenset(("article", "entry", "post", "story", "content", "main", "page"))
SECOND: Final = frozenset(("body", "content", "text"))
"""Neighbouring words that name the text of an article: one of the first, one of the second."""
_TAGS: Final[dict[str, Part]] = {
    "article": Part.ARTICLE,
    "main": Part.ARTICLE,
    "nav": Part.FRAME,
    "header": Part.FRAME,
    "footer": Part.FRAME,
    "aside": Part.FRAME,
    "figure": Part.CAPTION,
    "figcaption": Part.CAPTION,
    "caption": Part.CAPTION,
    "blockquote": Part.QUOTE,
    "table": Part.TABLE,
    "ul": Part.LIST,
    "ol": Part.LIST,
    "dl": Part.LIST,
    "form": Part.OFFER,
    "address": Part.FACTS,
    "time": Part.FACTS,
}
_TOKEN: Final = re.compile(r"[a-z]{2,20}")
_LONGEST: Final = 300
"""Characters of a label that are read: utility classes make some of thousands."""
_TOKENS: Final = 24


def flags_of_word(word: str) -> int:
    """The :class:`Part` flags of a word of a label as a number."""
    flags = 0
    for part, pattern in _WORD_PARTS.items():
        if pattern.search(word):
            flags |= int(part)
    return flags


def flags_of_tag(tag: str) -> int:
    """Those of an element's name."""
    return int(_TAGS.get(tag, 0))


def tokens(label: str) -> list[str]:
    """The words of a label, each once."""
    if not label:
        return []
    return list(dict.fromkeys(_TOKEN.findall(label[:_LONGEST])))[:_TOKENS]


def read(tag: str, label: str) -> tuple[int, list[str]]:
    """The :class:`Part` flags of an element as a number, and the words of its label, with its
    pairs of neighbours (``entry content``); the tag stands among them as ``<tag>``."""
    flags = flags_of_tag(tag)
    found = tokens(label)
    for word in found:
        flags |= _cached(word)
    words = [f"<{tag}>", *found]
    for first, second in pairwise(found):
        words.append(f"{first} {second}")
        if first in FIRST and second in SECOND:
            flags |= int(Part.ARTICLE)
    return flags, words


_cached: Final = lru_cache(maxsize=16_384)(flags_of_word)
