"""The site's own words amid an article's text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cleaner.markup.article import extract_html
from services.cleaner.markup.asides import asides
from services.cleaner.markup.page import Page

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STORY = (
    "<p>The stone bridge over the Ammer will be closed from Monday, the district office said on "
    "Friday. Drivers must use the crossing at Oberau, twelve minutes further on.</p>"
    "<p>Engineers found cracks in two of the four piers during an inspection in spring, and the "
    "head of the roads department said that nobody could wait for another winter.</p>"
)
APPEAL = (
    "<p>We believe that everyone should be able to read the news, but journalism is not cheap.</p>"
    "<p>With your support our newsroom can go on reporting from the valley: donate today.</p>"
    "<p>It takes a minute.</p>"
)
CONSENT = (
    "<p>When you visit our pages we store cookies in your browser, some of which cannot be "
    "turned off because nothing would work without them.</p><p>Always active</p>"
)


def _found(html: str) -> list[tuple[str, str]]:
    page = Page(f"<html><body>{html}</body></html>", "https://valley.example/b", NOW)
    places = asides(page.blocks, page.nodes, [True] * len(page.blocks))
    return [(page.blocks[place].text, reason) for place, reason in places.items()]


@pytest.mark.parametrize("name", ["support-us", "cli-support-post__box", "donation", "membership"])
def test_a_box_that_is_named_after_asking_goes_as_a_whole(name: str) -> None:
    found = _found(f"<div>{STORY}<div class='{name}'>{APPEAL}</div></div>")
    assert len(found) == 3
    assert {reason for _, reason in found} == {"appeal"}


def test_a_paragraph_that_asks_goes_alone_where_no_box_is_named_so() -> None:
    found = _found(f"<div>{STORY}{STORY}<div class='text'>{APPEAL}</div></div>")
    assert [text[:17] for text, _ in found] == ["With your support"]


def test_a_story_about_donations_stays() -> None:
    story = (
        "<p>The museum asked for donations on Friday. The journalist who founded it gave a "
        "thousand euros, and the mayor said that the town would do the same.</p>"
    )
    assert _found(f"<div class='support'>{story}{STORY}</div>") == []


def test_a_box_of_consent_goes_however_long_it_is() -> None:
    found = _found(f"<div>{STORY}<div class='privacy-modal'>{CONSENT * 9}</div></div>")
    assert len(found) == 18
    assert {reason for _, reason in found} == {"consent"}


@pytest.mark.parametrize("name", ["story", "press"])
def test_a_story_about_cookies_stays(name: str) -> None:
    assert _found(f"<div class='{name}'>{CONSENT}</div>") == []


def test_a_page_that_is_nothing_but_a_privacy_notice_keeps_it() -> None:
    assert _found(f"<main class='privacy'>{CONSENT * 9}</main>") == []


def test_the_page_is_read_without_them() -> None:
    html = (
        "<html><body><article><h1>Bridge closed</h1><div class='entry'>"
        f"{STORY}</div><div class='support-post'><div>{APPEAL}</div></div></article></body></html>"
    )
    text = extract_html(html, url="https://valley.example/b", now=NOW, name="b").text
    assert "Engineers found" in text
    assert "donate" not in text
