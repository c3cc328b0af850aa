"""The title of a page: which of its many is the headline, and what clings to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.title import title
from services.cleaner.metadata.titles import (
    choose,
    site_names,
    slug_words,
    without_label,
    without_site,
    written,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://www.lindvikpost.example/news/2021/03/02/ferry-hits-pier-in-lindvik"
NAMES = site_names("The Lindvik Post", "www.lindvikpost.example")


def found(head: str, body: str, url: str = URL) -> Extracted:
    html = f"<!DOCTYPE html><html><head>{head}</head><body>{body}<p>A text.</p></body></html>"
    extracted = Extracted(site_name="The Lindvik Post")
    title(Page(html, url, NOW, "page.html"), extracted)
    return extracted


def og(text: str) -> str:
    return f"<meta property='og:title' content='{text}'>"


def linked(headline: str) -> str:
    data = json.dumps({"@type": "NewsArticle", "headline": headline})
    return f"<script type='application/ld+json'>{data}</script>"


@pytest.mark.parametrize(
    ("text", "headings", "expected"),
    [
        ("Ferry hits pier | The Lindvik Post", [], "Ferry hits pier"),
        ("Ferry hits pier - News - The Lindvik Post", ["Ferry hits pier"], "Ferry hits pier"),
        ("The Lindvik Post: Ferry hits pier", [], "The Lindvik Post: Ferry hits pier"),
        ("lindvikpost.example » Ferry hits pier", [], "Ferry hits pier"),
        ("Ferry hits pier - two weeks of repairs", [], "Ferry hits pier - two weeks of repairs"),
        ("Well-known ferry hits pier", [], "Well-known ferry hits pier"),
        ("Ferry hits pier – Lindvikpost", [], "Ferry hits pier"),
        ("Паром ударил причал — Lindvik Post", [], "Паром ударил причал"),
    ],
)
def test_the_sites_name_is_no_part_of_the_title(
    text: str, headings: list[str], expected: str
) -> None:
    assert without_site(text, names=NAMES, headings=headings) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Opinion | Let the ferries sail again", "Let the ferries sail again"),
        ("Let the ferries sail again | Editorial", "Let the ferries sail again"),
        ("News | Let the ferries sail again | Letters", "Let the ferries sail again"),
        ("Ferries | Harbours", "Ferries | Harbours"),
        (
            "Ten ferries that we love | Tested on rough seas all year",
            "Ten ferries that we love | Tested on rough seas all year",
        ),
        ("|", "|"),
    ],
)
def test_a_sections_name_is_no_part_of_the_title(text: str, expected: str) -> None:
    assert without_label(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ferry &amp;#038; pier", "Ferry & pier"),
        ("Ferry &#8216;hits&#8217;  pier", "Ferry ‘hits’ pier"),
        ("Profit & loss", "Profit & loss"),
    ],
)
def test_entities_escaped_twice(text: str, expected: str) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (URL, {"ferry", "hits", "pier", "in", "lindvik"}),
        ("https://a.example/news/ferry_hits_pier-2021-118822.html?id=3",
         {"ferry", "hits", "pier", "2021", "html"}),
        ("https://a.example/", set()),
        ("http://[", set()),
    ],
)  # fmt: skip
def test_the_words_of_an_address(url: str, words: set[str]) -> None:
    assert slug_words(url) == words


def test_what_readers_see_wins_over_what_machines_see() -> None:
    machine = og("You will not believe this ferry") + linked("Ferry hits pier in Lindvik")
    extracted = found(machine, "<h1>Ferry hits pier in Lindvik</h1>")
    assert extracted.title == "Ferry hits pier in Lindvik"
    assert extracted.provenance["title"] == "json-ld"
    alone = found(og("What a ferry did in Lindvik"), "<h1>Ferry hits pier in Lindvik</h1>")
    assert (alone.title, alone.provenance["title"]) == ("Ferry hits pier in Lindvik", "h1")
    assert alone.confidence["title"] < extracted.confidence["title"]


@pytest.mark.parametrize(
    "heading",
    [
        "The Lindvik Post",  # the site
        "Contact us",  # a box that is not about the article
        "The Lindvik Post logo",
        "Breaking: Ferry hits pier in Lindvik",  # a label before it
        "2 March 2021 Ferry hits pier in Lindvik",  # a date before it
    ],
)
def test_a_first_heading_that_is_no_headline(heading: str) -> None:
    head = og("Ferry hits pier in Lindvik")
    assert found(head, f"<h1>{heading}</h1>").title == "Ferry hits pier in Lindvik"


def test_of_several_first_headings_the_one_that_the_page_repeats() -> None:
    body = "<h1>Boats and people</h1><h1>Ferry hits pier in Lindvik</h1><h1>Letters</h1>"
    assert found(og("Ferry hits pier in Lindvik"), body).title == "Ferry hits pier in Lindvik"


def test_a_heading_in_several_pieces_is_one() -> None:
    body = "<h1><div>Ferry hits pier</div><div>in Lindvik</div></h1>"
    assert found("", body).title == "Ferry hits pier in Lindvik"


def test_a_lesser_heading_where_the_first_is_the_sites() -> None:
    head = "<title>フェリーが桟橋に衝突した事故の原因は何か_港_北の新聞</title>"
    body = "<h1>北の新聞</h1><h2>フェリーが桟橋に衝突した事故の原因は何か</h2><h3>港</h3>"
    extracted = found(head, body, "https://a.example/articles/3812.html")
    assert extracted.title == "フェリーが桟橋に衝突した事故の原因は何か"
    assert extracted.provenance["title"] == "heading"


def test_a_title_that_was_cut_goes_on_as_elsewhere() -> None:
    whole = "Ferry hits pier in Lindvik, and what it will cost the town in the weeks until May"
    head = og("Ferry hits pier in Lindvik, and what…") + f"<title>{whole}</title>"
    assert found(head, "").title == whole
    long = f"{whole}, as the master of the port said on Tuesday after a long night at the quay"
    head = linked(long[:108]) + f"<title>{long} - The Lindvik Post</title>"
    assert found(head, "").title == long


def test_a_page_without_any_title() -> None:
    assert found("", "").title == ""
    assert "title" not in found("", "").provenance
    assert choose([("", "meta"), ("---", "title")], ["!!"], set()) is None


def test_hostile_titles_are_read_in_bounded_size() -> None:
    head = og("&amp;amp;" * 100_000) + f"<title>{'a | ' * 100_000}</title>"
    assert len(found(head, "<h1>" + "b - " * 100_000 + "</h1>").title) <= 600
