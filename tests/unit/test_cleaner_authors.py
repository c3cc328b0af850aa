"""Who wrote a page: names in bylines of many languages, agencies apart, where they are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.agencies import agency
from services.cleaner.metadata.authors import authors
from services.cleaner.metadata.names import Kind, credits_of, people

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TEXT = "<p>The harbour was closed on Tuesday after a ferry ran into the pier, its master said.</p>"
HEADLINE = "<h1>Ferry hits pier in Lindvik</h1>"


def found(body: str, head: str = "") -> Extracted:
    html = f"<!DOCTYPE html><html><head>{head}</head><body>{body}{TEXT * 6}</body></html>"
    extracted = Extracted(title="Ferry hits pier in Lindvik", site_name="The Lindvik Post")
    authors(Page(html, "https://a.example/ferry", NOW, "page.html"), extracted)
    return extracted


def linked(author: object) -> str:
    data = json.dumps({"@type": "NewsArticle", "headline": "Ferry", "author": author})
    return f"<script type='application/ld+json'>{data}</script>"


def meta(name: str, content: str) -> str:
    return f"<meta name='{name}' content='{content}'>"


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        # English
        ("By Jane Doe", ["Jane Doe"]),
        ("Written by: Jane Doe", ["Jane Doe"]),
        ("ByJane Doe", ["Jane Doe"]),
        ("By Jane Doe, John Roe and Ann Poe", ["Jane Doe", "John Roe", "Ann Poe"]),
        ("By Jane Doe & John Roe", ["Jane Doe", "John Roe"]),
        ("Story by Jane Doe; photos by Ann Poe", ["Jane Doe"]),
        ("By Jane Doe, BBC News", ["Jane Doe"]),
        ("By Jane Doe for The Lindvik Post", ["Jane Doe"]),
        ("Jane Doe Senior Writer", ["Jane Doe"]),
        ("By Jane Doe | Chief Political Correspondent", ["Jane Doe"]),
        ("By Jane Doe (jane@example.com)", ["Jane Doe"]),
        ("Jane Doe, @janedoe", ["Jane Doe"]),
        ("By Jane Doe Updated 3 March 2021", ["Jane Doe"]),
        ("By Jane Doe March 3, 2021", ["Jane Doe"]),
        ("Jane DoeMar 3, 2021", ["Jane Doe"]),
        ("Published March 3, 2021 by Jane Doe", ["Jane Doe"]),
        ("Mar 3, 2021Jane Doe", ["Jane Doe"]),
        ("By Jane Doe, MD, PhD", ["Jane Doe"]),
        ("By Sammy Roe Jr.", ["Sammy Roe Jr"]),
        ("By Conor O'Brien and Mary-Ann St. John", ["Conor O'Brien", "Mary-Ann St. John"]),
        ("By J. R. Doe", ["J. R. Doe"]),
        ("By Miguel A. Doe", ["Miguel A. Doe"]),
        ("BY JANE DOE", ["JANE DOE"]),
        ("By Kim Lee", ["Kim Lee"]),
        ("jane doe", ["jane doe"]),
        ("By Jane Doe &amp; John Roe", ["Jane Doe", "John Roe"]),
        # German, Dutch, Scandinavian languages
        ("Von Peter Müller und Eva Groß", ["Peter Müller", "Eva Groß"]),
        ("Ein Gastbeitrag von Peter Müller", ["Peter Müller"]),
        ("Text: Karl von der Heide", ["Karl von der Heide"]),
        ("Door Jan de Vries en Piet Bakker", ["Jan de Vries", "Piet Bakker"]),
        ("Av Åse Lund og Øyvind Berg", ["Åse Lund", "Øyvind Berg"]),
        ("Af Søren Holm", ["Søren Holm"]),
        ("Teksti: Aino Mäki", ["Aino Mäki"]),
        # Romance languages
        ("Par Élise Dubois et Jean Petit", ["Élise Dubois", "Jean Petit"]),
        ("Publié par Élise Dubois", ["Élise Dubois"]),
        ("Por Ana García y Luis Pérez", ["Ana García", "Luis Pérez"]),
        ("Escrito por Ana García", ["Ana García"]),
        ("Por João da Silva e Maria dos Santos", ["João da Silva", "Maria dos Santos"]),
        ("di: Giulia Rossi e Marco Bianchi", ["Giulia Rossi", "Marco Bianchi"]),
        ("A cura di Giulia Rossi", ["Giulia Rossi"]),
        ("Autor: Ion Popescu și Ana Ionescu", ["Ion Popescu", "Ana Ionescu"]),
        # Slavic languages, Hungarian, Turkish, Greek
        ("Автор: Иван Петров и Анна Сидорова", ["Иван Петров", "Анна Сидорова"]),
        ("Текст: Ольга Коваленко", ["Ольга Коваленко"]),
        ("Autorka: Zofia Nowak", ["Zofia Nowak"]),
        ("Autor: Jan Dvořák", ["Jan Dvořák"]),
        ("Szerző: Nagy Éva", ["Nagy Éva"]),
        ("Yazan: Ayşe Yılmaz ve Mehmet Demir", ["Ayşe Yılmaz", "Mehmet Demir"]),
        ("Συντάκτης: Νίκος Παπάς", ["Νίκος Παπάς"]),
        # Asia and the Middle East
        ("Oleh: Siti Rahma", ["Siti Rahma"]),
        ("Tác giả: Nguyễn Văn An", ["Nguyễn Văn An"]),
        ("作者：王小明", ["王小明"]),
        ("记者 / 王小明、李华", ["王小明", "李华"]),
        ("文／田中太郎", ["田中太郎"]),
        ("김민수 기자", ["김민수"]),
        ("بقلم: ليلى حداد", ["ليلى حداد"]),
        ("מאת: דנה כהן", ["דנה כהן"]),
        # nobody
        ("By Staff", []),
        ("By the Newsroom", []),
        ("Reuters", []),
        ("By admin", []),
        ("https://a.example/jane", []),
        ("jane@example.com", []),
        ("Updated 3 hours ago", []),
        ("December", []),
        (", The Lindvik Post", []),
        ("", []),
    ],
)
def test_people_of_a_byline(byline: str, names: list[str]) -> None:
    assert people([byline]) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("REUTERS", "Reuters"),
        ("The Associated Press", "Associated Press"),
        ("(AP)", "Associated Press"),
        ("AFP", "Agence France-Presse"),
        ("dpa", "dpa"),
        ("新华社", "Xinhua"),
        ("ТАСС", "TASS"),
        ("連合 AP", None),
        ("aa", None),
        ("Jane Doe", None),
        ("AP" * 500, None),
    ],
)
def test_an_agency_in_its_spellings(text: str, name: str | None) -> None:
    assert agency(text) == name


@pytest.mark.parametrize(
    ("byline", "kinds"),
    [
        ("Jane Doe, Reuters", [Kind.PERSON, Kind.AGENCY]),
        ("Von Peter Müller, dpa", [Kind.PERSON, Kind.AGENCY]),
        ("Reuters Staff", [Kind.AGENCY]),
        ("Lindvik News Desk", [Kind.DESK]),
        ("Redaktion", [Kind.DESK]),
        ("Harbourmouse", [Kind.WORD]),
        ("Jane Doe, Lindvik Tribune", [Kind.PERSON]),
    ],
)
def test_kinds_of_names(byline: str, kinds: list[Kind]) -> None:
    assert [credit.kind for credit in credits_of([byline])] == kinds


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ({"@type": "Person", "name": "Jane Doe"}, ["Jane Doe"]),
        ([{"@type": "Person", "name": "Jane Doe"}, {"name": "John Roe"}], ["Jane Doe", "John Roe"]),
        ({"@type": "Person", "name": "Jane Doe and John Roe"}, ["Jane Doe", "John Roe"]),
        ({"@type": "Person", "name": ["Jane Doe", "John Roe"]}, ["Jane Doe", "John Roe"]),
        ("Jane Doe", ["Jane Doe"]),
        ([{"@type": "Organization", "name": "Lindvik Media"}, "Jane Doe"], ["Jane Doe"]),
        ({"@type": "Organization", "name": "Lindvik Media"}, ["Lindvik Media"]),
        ({"@type": "Person", "name": "https://a.example/jane"}, []),
        ({"@type": "Person", "name": "admin"}, []),
    ],
)
def test_authors_in_linked_data(author: object, names: list[str]) -> None:
    extracted = found(HEADLINE, linked(author))
    assert extracted.authors == names
    assert extracted.provenance.get("authors") == ("json-ld" if names else None)


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (meta("author", "Jane Doe"), ["Jane Doe"]),
        (meta("author", "Doe, Jane"), ["Jane Doe"]),
        (meta("article:author", "https://social.example/jane"), []),
        (meta("article:author", "https://x.example/") + meta("byl", "By Jane Doe"), ["Jane Doe"]),
        (meta("citation_author", "Doe, Jane") + meta("citation_author", "Roe, J."),
         ["Jane Doe", "J. Roe"]),
        (meta("author", "The Ritualist"), ["The Ritualist"]),
    ],
)  # fmt: skip
def test_authors_in_meta_elements(head: str, names: list[str]) -> None:
    assert found(HEADLINE, head).authors == names


@pytest.mark.parametrize(
    "byline",
    [
        "<div>Words <a rel='author' href='/x'>Jane Doe</a> 3 March 2021</div>",
        "<p itemprop='author'><span itemprop='name'>Jane Doe</span></p>",
        "<div class='post-author'><span>By </span><a href='/a'>Jane Doe</a></div>",
        "<div class='c-byline'>By <a class='c-byline__name'>Jane Doe</a> Lindvik Post</div>",
        "<div><a href='/authors/jane-doe'>Jane Doe</a> <span>Senior Writer</span></div>",
        "<div class='meta'><span class='author-name'>Jane Doe</span><i>3 March 2021</i></div>",
        "<p>By Jane Doe</p>",
        "<p>By</p><p>Jane Doe</p>",
        "<p>3 March 2021 · 4 min read · By Jane Doe</p>",
        "<p>Jane Doe - March 3, 2021</p>",
    ],
)
def test_bylines_that_readers_see(byline: str) -> None:
    extracted = found(HEADLINE + byline)
    assert extracted.authors == ["Jane Doe"]
    assert extracted.provenance["authors"] == "byline"
    assert 0.5 < extracted.confidence["authors"] < 1


def test_a_byline_above_the_headline_and_one_below_the_article() -> None:
    assert found("<p class='byline'>By Jane Doe</p>" + HEADLINE).authors == ["Jane Doe"]
    below = HEADLINE + TEXT * 40 + "<p>Reporting by Jane Doe; editing by John Roe</p>"
    assert found(below).authors == ["Jane Doe"]


def test_those_a_text_speaks_of_are_no_authors() -> None:
    text = "<p>The mayor, <a href='/people/ann-poe'>Ann Poe</a>, spoke of a loss for the town.</p>"
    related = "<div class='teaser'><p>Kitchen news</p><p class='author'>By Ann Poe</p></div>"
    assert found(HEADLINE + text + TEXT * 40 + related).authors == []


def test_the_nearest_byline_signs() -> None:
    teaser = "<p>Kitchen news</p><p class='author'>By Ann Poe</p>"
    desk = found(HEADLINE + "<p class='author'>By Lindvik News Desk</p>" + teaser)
    assert desk.authors == ["Lindvik News Desk"]
    site = found(HEADLINE + "<p class='author'>The Lindvik Post</p><p>By Jane Doe</p>")
    assert site.authors == ["Jane Doe"]


def test_all_the_authors_of_a_paper() -> None:
    names = [f"{first} {last}" for first in ("Ann", "Bo", "Cy", "Di") for last in
             ("Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel")]  # fmt: skip
    spans = ", ".join(f"<span class='paper-author'>{name}</span>" for name in names)
    assert found(HEADLINE + f"<div class='authors'>{spans}</div>").authors == names


def test_a_headline_that_is_no_heading() -> None:
    above = "<h1>Lindvik</h1>" + "<p>Kitchen news of the day</p>" * 60
    assert found(above + "<h2>Ferry hits pier in Lindvik</h2><p>By Jane Doe</p>").authors == [
        "Jane Doe"
    ]


def test_a_person_signs_before_the_organization_of_linked_data() -> None:
    head = linked({"@type": "Organization", "name": "The Lindvik Post"})
    assert found(HEADLINE + "<p class='byline'>By Jane Doe</p>", head).authors == ["Jane Doe"]


def test_an_agency_stands_apart_and_signs_where_nobody_else_does() -> None:
    both = found(HEADLINE + "<p class='byline'>By Jane Doe, Reuters</p>")
    assert (both.authors, both.agencies) == (["Jane Doe"], ["Reuters"])
    alone = found(HEADLINE, meta("author", "Associated Press"))
    assert (alone.authors, alone.agencies) == (["Associated Press"], ["Associated Press"])
    assert (
        alone.confidence["authors"]
        < found(HEADLINE, meta("author", "J. Roe")).confidence["authors"]
    )
    assert found(HEADLINE).agencies == []


def test_hostile_bylines_are_read_in_bounded_size() -> None:
    many = ", ".join(f"Jane Doe{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 400)
    body = HEADLINE + f"<p class='byline'>By {many}</p>" + "<p>" + "by " * 200_000 + "</p>"
    extracted = found(body, meta("author", many) + meta("byl", "von " * 100_000))
    assert 0 < len(extracted.authors) <= 40


def test_hostile_markup_around_bylines() -> None:
    nested = "<span class='author'>" * 300 + "x" * 500_000 + "</span>" * 300
    links = "".join(f"<a href='/authors/{n}'>n</a><br><br>" for n in range(5_000))
    assert found(HEADLINE + nested + links + "<p>By Jane Doe</p>").authors == []


def test_linked_data_that_multiplies_itself_is_read_in_bounded_size() -> None:
    # 100 to the fourth names, in a page of some kilobytes.
    nodes: list[dict[str, object]] = [
        {"@id": f"#{n}", "facts": [1, 2], "@value": [{"@id": f"#{n + 1}"}] * 100} for n in range(4)
    ]
    nodes.append({"@id": "#4", "facts": [1, 2], "@value": "Jane Doe"})
    head = f"<script type='application/ld+json'>{json.dumps(nodes)}</script>"
    page = Page(linked({"@id": "#0"}) + head + TEXT, None, NOW, "page.html")
    texts = page.linked.authors()
    assert set(texts) == {"Jane Doe"}
    assert len(texts) <= 2_000
    assert found(HEADLINE, linked({"@id": "#0"}) + head).authors == ["Jane Doe"]


def test_of_endless_authors_the_first_are_read() -> None:
    names = [f"Jane {chr(65 + n % 26)}{'oe' * (n // 26 % 26 + 1)}" for n in range(50_000)]
    people = [{"@type": "Person", "name": name} for name in names]
    assert found(HEADLINE, linked(people)).authors == names[:40]
    head = "".join(meta("author", name) for name in names[:5_000])
    assert found(HEADLINE, head).authors == names[:40]


@pytest.mark.parametrize("name", ["\u0001\u0002\u0003", " \n\n ", "Z\n\n"])
def test_a_stated_author_without_a_name_is_none(name: str) -> None:
    assert credits_of([name], trusted=True) == []
