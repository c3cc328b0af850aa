"""HTML pages: what the page says of itself, in which order it is believed, and the body."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.markup.article import extract_html

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://www.lindvikpost.example/news/2021/03/02/ferry"
PARAGRAPHS = (
    "The harbour of Lindvik was closed on Tuesday after a ferry ran into the eastern pier, the "
    "port's master said.",
    "Nobody was hurt, but divers will need at least two weeks to look at the damage below the "
    "water line, she added.",
    "“We heard a bang and then the whole quay shook,” said Tove Brandt, who sells fish there.",
)


def page(head: str = "", above: str = "<h1>Ferry hits pier in Lindvik</h1>") -> str:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return (
        f"<!DOCTYPE html><html lang='en-GB'><head>{head}</head><body><nav><a href='/'>Home</a>"
        f"<a href='/sport'>Sport</a></nav><article>{above}{body}</article>"
        "<footer>All rights reserved.</footer></body></html>"
    )


def linked(**facts: object) -> str:
    data = json.dumps({"@context": "https://schema.org", "@type": "NewsArticle"} | facts)
    return f"<script type='application/ld+json'>{data}</script>"


def clean(html: str, url: str | None = URL) -> Extracted:
    return extract_html(html, url=url, now=NOW, name="page.html")


def test_the_body_is_the_article_alone() -> None:
    assert clean(page()).text.split("\n\n")[-3:] == list(PARAGRAPHS)
    assert "Sport" not in clean(page()).text
    assert "rights reserved" not in clean(page()).text


def test_linked_data_gives_title_authors_dates_and_topics() -> None:
    found = clean(
        page(
            linked(
                headline="Ferry hits pier in Lindvik",
                author=[
                    {"@type": "Person", "name": "Jane Doe"},
                    {"@type": "Person", "name": "J Roe"},
                ],
                datePublished="2021-03-02T18:30:00+01:00",
                dateModified="2021-03-03T08:00:00+01:00",
                publisher={"@type": "Organization", "name": "The Lindvik Post"},
                keywords="harbour, ferries",
            )
        )
    )
    assert found.title == "Ferry hits pier in Lindvik"
    assert found.authors == ["Jane Doe", "J Roe"]
    assert found.published is not None
    assert found.published.moment.isoformat() == "2021-03-02T18:30:00+01:00"
    assert (found.published.precision, found.published.found_in) == ("second", "json-ld")
    assert found.modified is not None
    assert found.modified.moment.isoformat() == "2021-03-03T08:00:00+01:00"
    assert found.topics == ["harbour", "ferries"]
    assert found.site_name == "The Lindvik Post"
    assert found.provenance["authors"] == "json-ld"


def test_an_author_given_by_reference_is_resolved() -> None:
    graph = {
        "@graph": [
            {"@type": "NewsArticle", "headline": "x", "author": {"@id": "#jane"}},
            {"@type": "Person", "@id": "#jane", "name": "Jane Doe"},
        ]
    }
    script = f"<script type='application/ld+json'>{json.dumps(graph)}</script>"
    assert clean(page(script)).authors == ["Jane Doe"]


def test_broken_linked_data_harms_nothing() -> None:
    head = '<script type=\'application/ld+json\'>{"@type": "NewsArticle", </script>'
    assert clean(page(head)).title == "Ferry hits pier in Lindvik"


def test_a_date_by_its_wording_near_the_headline() -> None:
    above = "<h1>Ferry hits pier in Lindvik</h1><p>By <b>Jane Doe</b></p><p>March 4, 2021</p>"
    found = clean(page("", above), url=None)
    assert found.published is not None
    assert (found.published.moment.date().isoformat(), found.published.found_in) == (
        "2021-03-04",
        "byline",
    )
    assert found.authors == ["Jane Doe"]


def test_the_headline_readers_see_wins_over_the_one_for_machines() -> None:
    head = "<meta property='og:title' content='You will not believe this ferry'>" + linked(
        headline="Ferry hits pier in Lindvik"
    )
    assert clean(page(head)).title == "Ferry hits pier in Lindvik"


@pytest.mark.parametrize(
    ("href", "canonical"),
    [
        ("/news/ferry?utm_source=x", "https://www.lindvikpost.example/news/ferry"),
        ("https://www.lindvikpost.example/", None),
        ("http://[", None),
    ],
)
def test_the_canonical_address(href: str, canonical: str | None) -> None:
    assert clean(page(f"<link rel='canonical' href='{href}'>")).canonical_url == canonical


def test_a_fragment_is_a_page_too() -> None:
    found = clean("<p>A short text of a record that stands alone.</p>", url=None)
    assert found.text == "A short text of a record that stands alone."
