"""When a page was published and modified: where it stands, and what is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.datemarks import order_of
from services.cleaner.metadata.when import dates

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SITE = "https://www.lindvikpost.example"
TEXT = (
    "<p>The harbour of Lindvik was closed on Tuesday after a ferry ran into the eastern pier, the "
    "port's master said, and it will stay so for two weeks at the least, until divers have looked "
    "at all of the damage below the water line.</p>"
)
HEADLINE = "<h1>Ferry hits pier in Lindvik</h1>"


def when(
    head: str = "",
    line: str = "",
    *,
    above: str = "",
    below: str = "",
    path: str = "/ferry",
    language: str = "en",
) -> Extracted:
    html = (
        f"<!DOCTYPE html><html lang='{language}'><head><title>Ferry hits pier in Lindvik</title>"
        f"{head}</head><body>{above}<article>{HEADLINE}{line}{TEXT * 3}</article>{below}"
        "<footer>© 2019 The Lindvik Post</footer></body></html>"
    )
    found = Extracted()
    dates(Page(html, SITE + path, NOW), found)
    return found


def day(found: Extracted) -> str | None:
    return found.published.moment.date().isoformat() if found.published else None


def linked(**facts: str) -> str:
    data = json.dumps({"@context": "https://schema.org", "@type": "NewsArticle"} | facts)
    return f"<script type='application/ld+json'>{data}</script>"


def meta(name: str, content: str) -> str:
    return f"<meta property='{name}' content='{content}'>"


@pytest.mark.parametrize(
    ("head", "line", "path", "expected", "place"),
    [
        (linked(datePublished="2021-03-01"), "", "/ferry", "2021-03-01", "json-ld"),
        (linked(uploadDate="2021-03-01"), "", "/ferry", "2021-03-01", "json-ld"),
        (meta("article:published_time", "2021-03-01T10:00:00Z"), "", "/f", "2021-03-01", "meta"),
        ("<meta name='dcterms.issued' content='2021-03-01'>", "", "/f", "2021-03-01", "meta"),
        ("<meta name='w-published-date' content='2021-03-01'>", "", "/f", "2021-03-01", "meta"),
        ("<meta name='published' content='March 1, 2021'>", "", "/f", "2021-03-01", "meta"),
        (
            "", "<p>On <span itemprop='datePublished'>2021-02-27</span></p>", "/f",
            "2021-02-27", "microdata",
        ),
        (
            "", "<div itemprop='datePublished' content='2021-02-27'>Saturday</div>", "/f",
            "2021-02-27", "microdata",
        ),
        ("", "<time datetime='2021-02-28'>Sunday</time>", "/f", "2021-02-28", "time"),
        ("", "<p>By Jane Doe</p><p>March 4, 2021</p>", "/f", "2021-03-04", "byline"),
        ("", "", "/2021/03/02/ferry", "2021-03-02", "url"),
        ("", "", "/2021-03-02+ferry", "2021-03-02", "url"),
        ("", "", "/2021/mar/02/ferry", "2021-03-02", "url"),
        (
            '<script>window.state = {"post":{"publishedAt":"2021-03-05T07:00:00Z"}}</script>', "",
            "/f", "2021-03-05", "script",
        ),
        (
            "", "<div data-page='{&quot;datePublished&quot;:&quot;2021-03-05&quot;}'></div>", "/f",
            "2021-03-05", "script",
        ),
    ],
)  # fmt: skip
def test_where_a_date_is_found(head: str, line: str, path: str, expected: str, place: str) -> None:
    found = when(head, line, path=path)
    assert day(found) == expected
    assert found.provenance["published"] == place
    assert 0.5 <= found.confidence["published"] < 1


@pytest.mark.parametrize("written", ["1970-01-01T00:00:00Z", "2038-01-01", "0000-00-00", "soon"])
def test_an_impossible_date_gives_way_to_the_next_place(written: str) -> None:
    found = when(meta("article:published_time", written), path="/2021/03/02/ferry")
    assert (day(found), found.provenance["published"]) == ("2021-03-02", "url")


def test_a_moment_in_utc_is_told_on_the_day_that_readers_see() -> None:
    found = when(
        linked(datePublished="2021-03-03T03:30:00Z"), "<p>Published March 2, 2021, 10:30 PM</p>"
    )
    assert found.published is not None
    assert found.published.moment == datetime(2021, 3, 3, 3, 30, tzinfo=UTC)
    assert (day(found), found.published.precision) == ("2021-03-02", "second")


def test_a_moment_with_a_zone_is_told_in_it() -> None:
    found = when(linked(datePublished="2021-03-02T23:30:00-05:00"))
    assert found.published is not None
    assert found.published.moment.isoformat() == "2021-03-02T23:30:00-05:00"


def test_agreement_makes_a_date_surer() -> None:
    head = linked(datePublished="2021-03-02T10:00:00Z")
    agreed = when(head, "<p>2 March 2021</p>").confidence["published"]
    assert agreed > when(head).confidence["published"]
    assert agreed > when("", "<p>2 March 2021</p>").confidence["published"]


def test_of_published_and_updated_in_one_line_each_is_taken() -> None:
    found = when("", "<p>Published March 2, 2021 | Updated March 5, 2021</p>")
    assert day(found) == "2021-03-02"
    assert found.modified is not None
    assert found.modified.moment.date().isoformat() == "2021-03-05"


def test_the_first_publication_is_taken_where_it_stands_beside_the_update() -> None:
    head = linked(datePublished="2021-08-21", dateModified="2021-08-22")
    assert day(when(head, "<p>Published Apr 26, 2019</p><p>Updated Aug 21, 2021</p>")) == (
        "2019-04-26"
    )


def test_two_statements_to_machines_outweigh_an_update_that_readers_see() -> None:
    head = linked(datePublished="2020-01-10") + meta("article:published_time", "2020-01-10")
    assert day(when(head, "<p>Last updated: February 28, 2021</p>")) == "2020-01-10"


def test_what_readers_see_outweighs_a_new_template() -> None:
    head = linked(datePublished="2025-11-05", dateModified="2025-11-05")
    assert day(when(head, "<p>January 31, 2024</p>")) == "2024-01-31"


@pytest.mark.parametrize(
    "aside",
    [
        "<aside><p>3 March 2021</p></aside>",
        "<div class='related-posts'><a href='/x'>Fire in Storvik 3 March 2021</a></div>",
        "<div class='comments'><div class='comment-meta'>3 March 2021 at 10:15</div></div>",
        "<footer>Site updated 3 March 2021</footer>",
        "<p>© 3 March 2021</p>",
        "<nav class='current-date'>Wednesday, 3 March 2021</nav>",
        "<figure><figcaption>Photo, 3 March 2021</figcaption></figure>",
    ],
)
def test_dates_of_other_things_do_not_outweigh_a_statement(aside: str) -> None:
    head = meta("article:published_time", "2021-02-20T10:00:00Z")
    assert day(when(head, below=aside)) == "2021-02-20"
    assert day(when(head, above=aside)) == "2021-02-20"
    assert day(when("", "<p>20 February 2021</p>", below=aside, above=aside)) == "2021-02-20"


def test_a_year_or_a_month_is_no_day() -> None:
    assert day(when("", "<p>March 2021</p>")) is None
    assert day(when(linked(datePublished="2021"))) is None


def test_a_day_before_the_web_is_believed_where_machines_and_readers_are_told_alike() -> None:
    head = linked(datePublished="1965-03-04T00:00:00-05:00")
    assert day(when(head, "<p>March 4, 1965</p>")) == "1965-03-04"
    assert day(when(head, path="/1965/03/04/ferry")) == "1965-03-04"
    assert day(when(head)) is None
    assert day(when("", "<p>March 4, 1965</p>")) is None


def test_an_update_far_from_the_headline_is_none_of_the_article() -> None:
    below = "<p>Old</p>" * 20 + "<p>Updated March 9, 2021</p>"
    assert when("", "<p>March 4, 2021</p>", below=below).modified is None


def test_the_address_outweighs_dates_far_from_the_headline() -> None:
    below = "<p>Old</p>" * 12 + "<p>March 9, 2020</p>"
    assert day(when(below=below, path="/2021/03/04/ferry")) == "2021-03-04"


def test_a_list_of_articles_outweighs_nothing() -> None:
    below = "".join(
        f"<h3>Fire</h3><p class='post-date published'>{day} May 2021</p>" for day in range(3, 12)
    )
    head = linked(datePublished="2021-03-04")
    assert day(when(head, below=below)) == "2021-03-04"


def test_a_modification_before_publication_is_not_told() -> None:
    head = linked(datePublished="2021-03-02T10:00:00Z", dateModified="2021-03-01T10:00:00Z")
    assert when(head).modified is None


def test_a_modification_is_told_with_its_place() -> None:
    head = linked(datePublished="2021-03-02T10:00:00Z", dateModified="2021-03-03T08:15:00+01:00")
    found = when(head)
    assert found.modified is not None
    assert found.modified.moment.isoformat() == "2021-03-03T08:15:00+01:00"
    assert found.provenance["modified"] == "json-ld"


@pytest.mark.parametrize(
    ("language", "line", "expected"),
    [
        ("en-US", "03/04/2021", "2021-03-04"),
        ("en-GB", "03/04/2021", "2021-04-03"),
        ("fr", "03/04/2021", "2021-04-03"),
        ("en", "03/04/2021", None),
        ("en", "03/04/2021</p><p>Changed 03/15/2021", "2021-03-04"),
        ("de", "Veröffentlicht: 03.04.21", "2021-04-03"),
        ("hr", "4. listopada 2021.", "2021-10-04"),
        ("fa", "۱۳ اسفند ۱۴۰۰", "2022-03-04"),
        ("ja", "公開日 2021年4月3日", "2021-04-03"),
    ],
)
def test_the_pages_language_tells_the_order_and_the_names(
    language: str, line: str, expected: str | None
) -> None:
    assert day(when("", f"<p>{line}</p>", language=language)) == expected


@pytest.mark.parametrize(
    ("language", "host", "order"),
    [
        ("en", "www.lindvik.gov", "mdy"), ("en", "lindvik.co.uk", "dmy"), ("en", "a.example", None),
        ("en_US", "lindvik.co.uk", "mdy"), ("en-CA", "a.example", None), ("", "a.example", None),
        ("de", "a.example", "dmy"), ("fil", "a.example", "mdy"), ("es-US", "a.example", "mdy"),
    ],
)  # fmt: skip
def test_the_order_of_day_and_month(language: str, host: str, order: str | None) -> None:
    html = f"<html lang='{language}'><body><p>Text</p></body></html>"
    assert order_of(Page(html, f"https://{host}/x", NOW)) == order


@pytest.mark.parametrize(
    "head",
    [
        meta("article:published_time", "2" * 1_000_000),
        linked(datePublished="9" * 400),
        linked(datePublished="-62135596800"),
        linked(datePublished="0001-01-01T00:00:00+14:00"),
        linked(datePublished="9999-12-31T23:59:59-14:00"),
        "<script>" + '{"date": "2021' * 100_000 + "</script>",
    ],
)
def test_hostile_statements_are_no_dates(head: str) -> None:
    assert day(when(head)) is None


def test_a_thousand_dates_are_weighed_as_one() -> None:
    lines = "<p>Published 2 March 2021</p>" * 1_000
    assert day(when("", lines)) == "2021-03-02"


LONG = TEXT.removeprefix("<p>").removesuffix("</p>") * 2


@pytest.mark.parametrize(
    "opening", ["(18.01.2022) ", "[18 January 2022] ", "LINDVIK, January 18, 2022 – "]
)
def test_a_paragraph_that_begins_with_its_day_tells_it(opening: str) -> None:
    found = when(line=f"<p>{opening}{LONG}</p>")
    assert day(found) == "2022-01-18"
    assert found.provenance["published"] == "byline"


def test_a_day_within_a_paragraph_is_none_of_the_article() -> None:
    assert day(when(line=f"<p>{LONG} It was built by 18 January 2022. {LONG}</p>")) is None


def test_the_day_that_a_paragraph_begins_with_does_not_outweigh_a_statement() -> None:
    head = meta("article:published_time", "2022-01-17T09:00:00+01:00")
    found = when(head, f"<p>LINDVIK, January 18, 2022 – {LONG}</p>")
    assert day(found) == "2022-01-17"


@pytest.mark.parametrize("words", ["Stand: 9.10.2021, 01:40 Uhr", "Last updated 9 October 2021"])
def test_a_line_in_the_foot_tells_the_day_where_nothing_else_does(words: str) -> None:
    far = TEXT * 60
    found = when(below=f"{far}<footer><p>{words}</p></footer>", language="de")
    assert day(found) == "2021-10-09"
    assert found.confidence["published"] <= 0.5


def test_a_bare_day_in_the_foot_tells_nothing() -> None:
    assert day(when(below=f"{TEXT * 60}<footer><p>9 October 2021</p></footer>")) is None


def teasers(*days: str) -> str:
    items = (
        f"<div class='teaser'><h3>Other news</h3><p class='date'>{written}</p></div>"
        for written in days
    )
    return TEXT * 60 + "".join(items)


def test_a_list_from_new_to_old_tells_the_day_of_its_page() -> None:
    found = when(below=teasers("6 October 2021", "5 October 2021", "2 October 2021"))
    assert day(found) == "2021-10-06"
    assert found.confidence["published"] <= 0.5


def test_a_page_of_an_archive_is_not_of_the_day_of_the_list_below_it() -> None:
    below = teasers("6 October 2021", "5 October 2021", "2 October 2021")
    found = when(linked(datePublished="1965-03-04"), "<p>March 4, 1965</p>", below=below)
    assert day(found) == "1965-03-04"


def test_a_list_in_no_order_tells_nothing() -> None:
    assert day(when(below=teasers("5 October 2021", "6 October 2021", "2 October 2021"))) is None


def test_dates_far_below_do_not_make_a_list_of_the_one_at_the_headline() -> None:
    lines = "<div>The Post</div>" * 6 + "<div class='teaser'><p class='date'>1 May 2021</p></div>"
    found = when(line=lines, below=teasers("6 October 2021", "5 October 2021", "2 October 2021"))
    assert day(found) == "2021-05-01"


def test_a_day_far_above_the_headline_does_not_outweigh_a_statement() -> None:
    head = meta("article:published_time", "2021-03-01")
    teaser = "<p class='posted'>4 November 2023</p>"
    assert day(when(head, above=teaser + "<div>Word</div>" * 10)) == "2021-03-01"
    assert day(when(head, above=teaser)) == "2023-11-04"


def test_links_at_the_headline_with_days_of_their_own_are_no_bylines() -> None:
    links = "".join(
        f"<p class='date'><a href='/{number}'>Other news of the harbour, {number} May 2021</a></p>"
        for number in (3, 9, 5)
    )
    assert day(when(line=links + "<p>12 May 2021</p>")) == "2021-05-12"
