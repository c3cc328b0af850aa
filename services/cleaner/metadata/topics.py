"""What an HTML page says that its article is about, and the part of the site it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote, urlsplit

from services.cleaner.characters import one_line
from services.cleaner.extracted import Extracted
from services.cleaner.markup.blocks import Node
from services.cleaner.markup.page import Page
from services.cleaner.metadata.titles import site_names, squeezed, written

MAX_TOPICS: Final = 20
_LONGEST: Final = 60  # characters of a topic; what is longer is a sentence
_META: Final = (
    "article:tag", "og:article:tag", "parsely-tags", "sailthru.tags", "cxenseparse:keywords",
    "news_keywords", "keywords", "dc.subject", "dcterms.subject", "tags",
)  # fmt: skip
_BOILERPLATE: Final = frozenset({"keywords", "dc.subject"})
"""Names of ``meta`` that many sites fill once for all pages."""
_PARTS: Final = re.compile(r"\s*[,;|،、，]\s*")
_MACHINE: Final = re.compile(
    r"(?:@|https?:|www\.|\d+$|[\w-]{1,30}[:=]\s?\S|[0-9a-f-]{16,}$|[a-z0-9]+(?:_[a-z0-9]+){2,}$)",
    re.I,
)
_NO_TOPICS: Final = frozenset({
    "about", "aboutus", "aktuell", "aktuelles", "all", "allgemein", "archive", "archives",
    "article", "articles", "artikel", "ausgaben", "blog", "blogpost", "blogposts", "blogs",
    "breaking", "breakingnews", "browse", "category", "collection", "collections", "content",
    "default", "evergreen", "feature", "featured", "features", "feeds", "general", "headlines",
    "home", "homepage", "index", "latest", "latestnews", "learn", "library", "magazin", "magazine",
    "nachrichten", "news", "newsfeed", "newsletter", "newsroom", "none", "noticias", "null", "page",
    "pages", "post", "posts", "resources", "sections", "standard", "startseite", "stories", "story",
    "topics", "topstories", "topstory", "uncategorised", "uncategorized", "undefined",
    "unkategorisiert", "video", "videos", "website", "всеновости", "новости", "新闻", "ニュース",
})  # fmt: skip
"""Squeezed: what says that something is news, or a page, and nothing of what it is about."""
_TAG_LIST: Final = re.compile(
    r"(?:^|[\s_-])(?:tags?|keywords?|article-?topics?|topic-?tags?|tag-?(?:list|links|cloud)|"
    r"post-?tags|schlagworte|etiquetas|mots-cles)(?:$|[\s_-]|list|links)"
)
_NO_TAG_LIST: Final = re.compile(
    r"cloud|nav|menu|trend|popular|sidebar|widget|footer|header|related|hashtag-?feed"
)
_REL_TAG: Final = re.compile(r"(?:^|\s)tag(?:$|\s)")
_TAG_LABEL: Final = re.compile(
    r"^(?:filed under|more on(?: this story)?|posted in|related(?: topics)?|"
    r"tagged(?: (?:as|in|with))?|tags?|topics?|keywords?|categor(?:y|ies)|"
    r"schlagw[oö]rter|schlagworte|themen|stichw[oö]rter|etiquetas|temas|mots[- ]cl[ée]s|sujets|"
    r"argomenti|trefwoorden|теги|метки|темы)\s*:?$",
    re.IGNORECASE,
)
_SECTION_META: Final = (
    "article:section", "og:article:section", "og:section", "parsely-section", "prism.section",
    "cxenseparse:section", "articlesection", "section",
)  # fmt: skip
_BREADCRUMB: Final = re.compile(r"(?:^|[\s_-])bread-?_?crumbs?(?:$|[\s_-]|list|trail|nav)")
_MAX_CRUMBS: Final = 8
_FIRST_CRUMB: Final = frozenset({
    "home", "homepage", "start", "startseite", "accueil", "inicio", "início", "hjem", "hem",
    "strona główna", "главная", "головна", "etusivu", "anasayfa", "ana sayfa", "首页", "首頁",
    "ホーム", "トップ", "홈", "الرئيسية", "you are here", "you are here:", "sie sind hier:",
    "skip to content", "skip to main content",
})  # fmt: skip
_PATH_WORD: Final = re.compile(r"[^\W\d_]{4,20}(?:-[^\W\d_]{2,12})?")

_NO_WORD: Final = re.compile(r"[\W_]+")

SURE_TAGS: Final = 0.9
SURE_KEYWORDS: Final = 0.7
SURE_STUFFED: Final = 0.4
"""Keywords of which the page's text has none, or more than an editor gives."""
SURE_SECTION: Final = 0.9
SURE_CRUMB: Final = 0.8
SURE_PATH: Final = 0.4
"""Estimates: nothing in the evaluation data says what a page's topics or section are."""

Contains = Callable[[str], bool]


def topics(page: Page, found: Extracted, contains: Contains) -> None:
    """Fill the topics, at most :data:`MAX_TOPICS`: of the first source that has any which are
    the article's. ``contains`` says whether the page's text has a string (in lower case)."""
    names = site_names(found.site_name or "", page.host, *page.linked.texts("publisher")[:2])
    names.add(_NO_WORD.sub("", page.first_meta("og:title").casefold()))
    weak: tuple[list[str], str] | None = None
    for texts, place, sure in _sources(page):
        cleaned = _clean(texts, names)
        if not cleaned:
            continue
        if sure < SURE_TAGS:
            seen = sum(contains(topic.lower()) for topic in cleaned[:MAX_TOPICS])
            if not seen or len(cleaned) > 2 * MAX_TOPICS:
                weak = weak or (cleaned, place)
                continue
        found.put("topics", cleaned[:MAX_TOPICS], place, sure)
        return
    if weak is not None and len(weak[0]) <= MAX_TOPICS:
        found.put("topics", weak[0], weak[1], SURE_STUFFED)


def _sources(page: Page) -> Iterator[tuple[list[str], str, float]]:
    yield page.linked.texts("keywords"), "json-ld", SURE_TAGS
    for name in _META:
        if name in page.meta:
            sure = SURE_KEYWORDS if name in _BOILERPLATE else SURE_TAGS
            yield page.meta[name], "meta", sure
    yield list(_listed(page)), "tags", SURE_TAGS
    yield page.linked.texts("about") + page.linked.texts("mentions"), "json-ld", SURE_KEYWORDS


def _clean(texts: list[str], names: set[str]) -> list[str]:
    """Topics one each, without the site's own names, marks of machines and repetitions."""
    parts: list[str] = []
    for text in texts[:200]:
        # A list that is one already may have commas in its topics: "Paris, Texas".
        several = len(texts) > 2 and len(text) <= _LONGEST and text.count(",") < 2
        parts.extend([text] if several else _PARTS.split(text[:4_000]))
    kept: dict[str, str] = {}
    for part in parts[:200]:
        topic = (written(part) if "&" in part else one_line(part)).strip(" #\"'“”«»*·•-").strip()
        key = _NO_WORD.sub("", topic.casefold())
        if (
            (len(key) < 2 and not key.isalpha())
            or len(topic) > _LONGEST
            or key in names
            or key in _NO_TOPICS
            or _MACHINE.match(topic)
            or (len(key) == 1 and key.isascii())
        ):
            continue
        kept.setdefault(key, topic)
    names_kept = list(kept.values())
    slugs = sum("-" in topic and topic.islower() for topic in names_kept)
    if slugs > 1 and not any(" " in topic for topic in names_kept):
        return [topic.replace("-", " ") for topic in names_kept]
    return names_kept


def _listed(page: Page) -> Iterator[str]:
    """The links of the page's visible tags: marked as such, or in a list that is named so."""
    nodes = page.nodes
    labels = enumerate(node.label for node in nodes)
    lists = {
        place
        for place, label in labels
        if ("tag" in label or "topic" in label or "keyword" in label or "schlag" in label)
        and _is_tag_list(nodes[place])
    }
    count = 0
    for block in page.blocks:
        marked = "tag" in block.labels and _REL_TAG.search(block.labels) is not None
        if not marked and not (lists and _is_within(nodes, block.node, lists)):
            continue
        if block.links * 2 < len(block.text) or len(block.text) > 400:
            continue
        element = nodes[block.node].element
        if marked or len(block.text) > _LONGEST or "\n" in block.text:
            for anchor in islice(element.iter("a"), MAX_TOPICS):
                if not marked or "tag" in (anchor.get("rel") or "").lower().split():
                    yield "".join(anchor.itertext())
                    count += 1
        elif not _TAG_LABEL.match(block.text):
            yield block.text
            count += 1
        if count > 2 * MAX_TOPICS:
            return


def _is_tag_list(node: Node) -> bool:
    label = node.label
    return (
        len(label) < 120
        and _TAG_LIST.search(label) is not None
        # WordPress names an article's box by its tags: "post tag-paris tag-texas".
        and " tag-" not in label
        and node.tag not in ("body", "html", "article", "main")
        and not _NO_TAG_LIST.search(label)
    )


def _is_within(nodes: list[Node], place: int, lists: set[int]) -> bool:
    """Whether an element or one of the three around it is one of ``lists``."""
    for _ in range(4):
        if place in lists:
            return True
        if place < 0 or _NO_TAG_LIST.search(nodes[place].label):
            return False
        place = nodes[place].parent
    return False


def section(page: Page, found: Extracted) -> None:
    """Fill the section, after the title: the article's own word, breadcrumbs, or the first part
    of its path."""
    names = site_names(found.site_name or "", page.host)
    own = [(text, "json-ld", SURE_SECTION) for text in page.linked.texts("articleSection")[:3]]
    own += [
        (page.meta[name][0], "meta", SURE_SECTION) for name in _SECTION_META if name in page.meta
    ]
    for text, place, sure in own:
        # "Home > World > Europe" and "news,world": from wide to narrow.
        parts = re.split(r"\s*[,;|>»]\s*", text[:200])
        for part in parts:
            name = _section_name(part, names, found.title)
            if name:
                found.put("section", name, place, sure)
                return
    for crumbs, place in ((_linked_crumbs(page), "json-ld"), (_shown_crumbs(page), "breadcrumbs")):
        for crumb in crumbs:
            name = _section_name(crumb, names, found.title)
            if name:
                found.put("section", name, place, SURE_CRUMB)
                return
    try:
        parts = [part for part in urlsplit(page.url or "").path.split("/") if part]
    except ValueError:
        return
    if len(parts) >= 2 and _PATH_WORD.fullmatch(unquote(parts[0])):
        name = _section_name(unquote(parts[0]).replace("-", " "), names, found.title)
        if name:
            found.put("section", name.capitalize() if name.islower() else name, "url", SURE_PATH)


def _section_name(text: str, names: set[str], title: str) -> str:
    name = written(text).strip(" -–/:›»#")
    key = squeezed(name)
    if not 2 <= len(name) <= 40 or key in names or key in _NO_TOPICS or _MACHINE.match(name):
        return ""
    if name.casefold() in _FIRST_CRUMB or (title and key == squeezed(title)):
        return ""
    return name


def _linked_crumbs(page: Page) -> list[str]:
    """The names of the first breadcrumb list of the JSON-LD, but for the page's own."""
    for node in page.linked.of_kind("BreadcrumbList")[:3]:
        items = node.get("itemListElement")
        if not isinstance(items, list):
            continue
        names: list[str] = []
        for entry in items[:10]:
            if not isinstance(entry, dict):
                continue
            item = entry.get("item")
            name = entry.get("name") or (item.get("name") if isinstance(item, dict) else None)
            if isinstance(name, str):
                names.append(name)
        if len(names) > 1:
            return names[:-1]
    return []


def _shown_crumbs(page: Page) -> list[str]:
    """The links of the page's first visible breadcrumbs."""
    asked = 0
    for node in page.nodes:
        if "crumb" in node.label and _BREADCRUMB.search(node.label):
            anchors = list(islice(node.element.iter("a"), _MAX_CRUMBS + 1))
            if 0 < len(anchors) <= _MAX_CRUMBS:
                return [" ".join("".join(anchor.itertext()).split()) for anchor in anchors]
            asked += 1
            if asked > _MAX_CRUMBS:
                break
    return []
