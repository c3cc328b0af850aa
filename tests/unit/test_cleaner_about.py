"""What pages say of themselves: site, address, topics, section, description, picture, licence."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.about import about
from services.cleaner.metadata.canonical import origin, site_of
from services.cleaner.metadata.topics import section

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
URL = "https://www.lindvikpost.example/world/2026/ferry-hits-pier-in-lindvik"
BODY = (
    "<p>The harbour of Lindvik was closed on Tuesday after a ferry ran into the pier.</p>"
    "<p>Nobody was hurt, said the port's master, but the pier will need repairs until spring.</p>"
)


def found(head: str = "", body: str = BODY, url: str | None = URL, lang: str = "") -> Extracted:
    page = Page(f"<html{lang}><head>{head}</head><body>{body}</body></html>", url, NOW)
    extracted = Extracted()
    about(page, extracted)
    section(page, extracted)
    return extracted


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


def linked(**facts: object) -> str:
    node = {"@type": "NewsArticle", "headline": "Ferry hits pier", **facts}
    return f'<script type="application/ld+json">{orjson.dumps(node).decode()}</script>'


def graph(*nodes: dict[str, object]) -> str:
    data = orjson.dumps({"@context": "https://schema.org", "@graph": nodes}).decode()
    return f'<script type="application/ld+json">{data}</script>'


def rel(name: str, href: str) -> str:
    return f'<link rel="{name}" href="{href}">'


# The address


@pytest.mark.parametrize(
    ("url", "href", "canonical"),
    [
        (URL + "?amp=1", URL, URL),
        (URL + "/amp", "/world/2026/ferry-hits-pier-in-lindvik", URL),
        ("https://m.lindvikpost.example/a1", "https://www.lindvikpost.example/a1", None),
        ("https://a.co.uk/news/x", "https://b.co.uk/news/x", ""),
        (URL, "https://www.lindvikpost.example/", ""),
        (URL, "https://www.lindvikpost.example/world/", ""),
        (URL, "https://evil.example/world/2026/ferry-hits-pier-in-lindvik", ""),
        (URL, "{{ page.url }}", ""),
        (URL, "/undefined", ""),
        (URL, "", ""),
        (URL + "?page=2", URL, URL),
    ],
)
def test_a_canonical_link_is_believed_on_its_own_site(
    url: str, href: str, canonical: str | None
) -> None:
    article = found(rel("canonical", href), url=url)
    assert article.canonical_url == (href if canonical is None else canonical or None)
    if canonical != "":
        assert article.provenance["canonical_url"] == "link"


def test_the_second_best_address_is_taken_where_the_first_is_wrong() -> None:
    head = rel("canonical", "https://www.lindvikpost.example/") + meta("og:url", URL)
    article = found(head, url=URL + "?from=mail")
    assert (article.canonical_url, article.provenance["canonical_url"]) == (URL, "meta")


@pytest.mark.parametrize(
    ("kept", "own"),
    [
        ("https://a-example.cdn.ampproject.org/c/s/a.example/x?y=1", "https://a.example/x?y=1"),
        ("https://a-example.cdn.ampproject.org/v/a.example/x", "http://a.example/x"),
        ("https://www.google.com/amp/s/a.example/x", "https://a.example/x"),
        ("https://www.google.co.uk/amp/s/a.example/x", "https://a.example/x"),
        ("https://web.archive.org/web/20200101000000/https://a.example/x", "https://a.example/x"),
        ("https://web.archive.org/web/2020id_/http:/a.example/x", "http://a.example/x"),
        ("https://a--b-example.translate.goog/x?z=1", "https://a-b.example/x?z=1"),
        ("https://a.example/amp/s/b.example/x", "https://a.example/amp/s/b.example/x"),
        ("https://www.google.com/amp/s/", "https://www.google.com/amp/s/"),
    ],
)
def test_a_kept_copys_address_is_resolved(kept: str, own: str) -> None:
    assert origin(kept) == own


def test_a_kept_copy_without_a_canonical_link_has_its_origins_address() -> None:
    article = found(url="https://www-a-example.cdn.ampproject.org/c/s/www.a.example/x?print=1&id=7")
    assert article.canonical_url == "https://www.a.example/x?id=7"
    assert article.provenance["canonical_url"] == "url"
    assert found(url="https://www.a.example/x?id=7").canonical_url is None


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://news.a.example/x", "a.example"),
        ("https://www.a.co.uk/", "a.co.uk"),
        ("https://a.com.au", "a.com.au"),
        ("https://one.blogspot.com/x", "one.blogspot.com"),
        ("http://192.0.2.7/x", "192.0.2.7"),
        ("https://localhost/x", "localhost"),
        ("http://[", ""),
    ],
)
def test_the_registered_domain(url: str, site: str) -> None:
    assert site_of(url) == site


# Topics and section


def test_topics_are_cleaned() -> None:
    keywords = (
        "Ferries, #harbours, ferries, Lindvik Post, news, id:4711, https://a.example, x, 12345"
    )
    article = found(meta("og:site_name", "Lindvik Post") + meta("article:tag", keywords))
    assert article.topics == ["Ferries", "harbours"]
    assert (article.provenance["topics"], article.confidence["topics"]) == ("meta", 0.9)


def test_a_list_of_topics_may_have_commas_in_them() -> None:
    topics = ["Paris, Texas", "Harbours", "Storms"]
    assert found(linked(keywords=topics)).topics == topics


def test_topics_that_are_slugs_become_words() -> None:
    head = "".join(
        meta("article:tag", tag) for tag in ("ferry-traffic", "port-of-lindvik", "safety")
    )
    assert found(head).topics == ["ferry traffic", "port of lindvik", "safety"]


def test_keywords_of_the_template_give_way_to_the_pages_tags() -> None:
    head = '<meta name="keywords" content="jobs, weather, horoscope">'
    tags = "<div class='post-tags'><a href='/t/1'>Ferries</a> <a href='/t/2'>Ports</a></div>"
    marked = "<p>Tags: <a rel='tag' href='/t/1'>Ferries</a>, <a rel='tag' href='/t/2'>Ports</a></p>"
    assert found(head, BODY + marked).topics == ["Ferries", "Ports"]
    items = "<ul class='tags'><li><a href='/1'>Ferries</a></li><li><a href='/2'>Ports</a></li></ul>"
    assert found(head, BODY + items).topics == ["Ferries", "Ports"]
    cloud = tags.replace("post-tags", "tags tag-cloud")
    alone = found(head, BODY + cloud)
    assert alone.topics == ["jobs", "weather", "horoscope"]
    assert alone.confidence["topics"] == 0.4


def test_no_more_topics_than_an_editor_gives() -> None:
    head = "".join(meta("article:tag", f"Harbour number {n}") for n in range(300))
    assert len(found(head).topics) == 20


@pytest.mark.parametrize(
    ("head", "body", "name", "place"),
    [
        (linked(articleSection=["News", "World"]), "", "World", "json-ld"),
        (meta("article:section", "Home > World > Europe"), "", "World", "meta"),
        (
            graph(
                {
                    "@type": "BreadcrumbList",
                    "itemListElement": [
                        {"@type": "ListItem", "position": 1, "name": "Home"},
                        {"@type": "ListItem", "position": 2, "item": {"name": "Harbour life"}},
                        {"@type": "ListItem", "position": 3, "name": "Ferry hits pier"},
                    ],
                }
            ),
            "",
            "Harbour life",
            "json-ld",
        ),
        ("", "<nav class='breadcrumbs'><a>Home</a> <a>Sea</a></nav>", "Sea", "breadcrumbs"),
        ("", "", "World", "url"),
        ("", "<div class='has-breadcrumb-bar'><a>Skip to content</a></div>", "World", "url"),
    ],
)
def test_the_section(head: str, body: str, name: str, place: str) -> None:
    article = found(head, body + BODY)
    assert (article.section, article.provenance["section"]) == (name, place)


@pytest.mark.parametrize("path", ["/2026/03/05/ferry", "/ferry-hits-pier", "/news/ferry", "/"])
def test_a_path_without_a_sections_name_has_none(path: str) -> None:
    assert found(url=f"https://www.lindvikpost.example{path}").section is None


# The site's name


@pytest.mark.parametrize(
    ("head", "name", "place"),
    [
        (meta("og:site_name", "The Lindvik Post"), "The Lindvik Post", "meta"),
        (linked(publisher={"@type": "Organization", "name": "The Post"}), "The Post", "json-ld"),
        (graph({"@type": "WebSite", "name": "The Post"}), "The Post", "json-ld"),
        ('<meta name="application-name" content="The Post">', "The Post", "meta"),
        ("<title>Ferry hits pier | Lindvik Post</title>", "Lindvik Post", "title"),
        ("<title>Ferry hits pier - The Lindvik Post</title>", "The Lindvik Post", "title"),
        ("<title>Ferry hits pier - a new inquiry</title>", None, None),
        (meta("og:site_name", "@lindvikpost"), None, None),
        (
            meta("og:site_name", "lindvikpost.example") + "<title>Ferry | Lindvik Post</title>",
            "Lindvik Post",
            "title",
        ),
        (meta("og:site_name", "lindvikpost.example"), "lindvikpost.example", "meta"),
    ],
)
def test_the_name_of_the_site(head: str, name: str | None, place: str | None) -> None:
    article = found(head)
    assert (article.site_name, article.provenance.get("site_name")) == (name, place)


# Description, picture, licence, language


SUMMARY = "A ferry ran into the eastern pier on Tuesday; nobody was hurt."
SLOGAN = "Unabhängig, überparteilich, täglich: alles, was Menschen wissen müssen"


@pytest.mark.parametrize(
    ("head", "description"),
    [
        (meta("og:description", SUMMARY), SUMMARY),
        (meta("og:description", "Lindvik Post") + meta("description", SUMMARY), SUMMARY),
        (meta("og:description", SLOGAN) + meta("description", SUMMARY), SUMMARY),
        (meta("og:description", SLOGAN), ""),
        (
            meta("og:description", "The ferry, pier and harbour paper since 1911.")
            + graph(
                {"@type": "WebSite", "description": "The ferry, pier and harbour paper since 1911."}
            ),
            "",
        ),
        (linked(description=SUMMARY), SUMMARY),
        (
            meta("og:description", "A ferry &amp;amp; a pier &lt;b&gt;met&lt;/b&gt; on Tuesday."),
            "A ferry & a pier met on Tuesday.",
        ),
        (meta("og:description", "港が閉鎖され、船が桟橋に衝突"), "港が閉鎖され、船が桟橋に衝突"),
    ],
)  # fmt: skip
def test_the_description_is_of_the_page_and_not_of_the_site(head: str, description: str) -> None:
    assert found(head).description == description


@pytest.mark.parametrize(
    ("head", "image"),
    [
        (meta("og:image", "/img/pier.jpg"), "https://www.lindvikpost.example/img/pier.jpg"),
        (meta("og:image", "https://i.example/logo.png") + linked(image={"url": "https://i.example/p.jpg"}),
         "https://i.example/p.jpg"),
        (meta("og:image", "https://i.example/fb-share-image.png"), None),
        (meta("og:image", "https://i.example/a/placeholder-1200x630.png"), None),
        (meta("og:image", "data:image/png;base64,AAAA"), None),
        (meta("og:image", "https://i.example/"), None),
        (meta("og:image", "http://["), None),
        (meta("og:image", "https://i.example/Logo-of-the-port-Getty.jpg"),
         "https://i.example/Logo-of-the-port-Getty.jpg"),
        (linked(image=[{"@type": "ImageObject", "contentUrl": "https://i.example/p 1.jpg"}]),
         "https://i.example/p%201.jpg"),
        (rel("image_src", "https://i.example/p.jpg"), "https://i.example/p.jpg"),
    ],
)  # fmt: skip
def test_the_picture_is_the_articles(head: str, image: str | None) -> None:
    assert found(head).image == image


BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("head", "body", "licence"),
    [
        (rel("license", "http://creativecommons.org/licenses/by/4.0/deed.en"), "", BY),
        ("", "<p>Licensed under <a rel='license' href='https://creativecommons.org/licenses/by/4.0'>"
         "this licence</a></p>", BY),
        (linked(license=BY), "", BY),
        (linked(license="/terms"), "", "https://www.lindvikpost.example/terms"),
        ("", "<footer><p>Our texts are licensed under CC BY 4.0.</p></footer>", BY),
        ("", "<p>This article is republished under a Creative Commons licence, <a href='"
         "https://creativecommons.org/licenses/by/4.0/'>see here</a>.</p>", BY),
        ("", "<p>Texts may be re-used under CC BY-SA.</p>", "CC BY-SA"),
        ("", "<figure><figcaption>The pier (licensed CC BY 4.0)</figcaption></figure>", None),
        ("", "<p>Photo: A. Ray, licensed under CC BY 2.0 via Flickr</p>", None),
        ("", "<p>The House of Commons licensed the ferry.</p>", None),
        ('<meta name="rights" content="All rights reserved">', "", None),
    ],
)  # fmt: skip
def test_the_licence_is_the_texts(head: str, body: str, licence: str | None) -> None:
    assert found(head, BODY + body).licence == licence


@pytest.mark.parametrize(
    ("lang", "head", "language"),
    [
        (" lang='de-AT'", "", "de"),
        ("", meta("og:locale", "nb_NO"), "no"),
        ("", '<meta http-equiv="Content-Language" content="fr">', "fr"),
        ("", linked(inLanguage="pt-BR"), "pt"),
        ("", "", None),
    ],
)
def test_the_declared_language(lang: str, head: str, language: str | None) -> None:
    assert found(head, lang=lang).language == language
