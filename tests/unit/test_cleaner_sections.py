"""Headings go with what stands under them, quoted posts with the article, bylines go."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from services.cleaner.markup.page import Page
from services.cleaner.markup.sections import byline, settled
from services.cleaner.markup.weighing import Weighed

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def kept(body: str, likely: dict[str, float]) -> list[str]:
    """The texts that are kept where blocks are as ``likely`` as told, the others not at all."""
    page = Page(f"<html><body>{body}</body></html>", None, NOW)
    chances = [likely.get(block.text, 0.0) for block in page.blocks]
    weighed = Weighed(np.array(chances, np.float32), 0.45)
    changed = settled(page, weighed)
    return [
        block.text
        for place, block in enumerate(page.blocks)
        if changed.get(place, (weighed.keep[place], ""))[0]
    ]


def test_a_heading_of_a_box_that_is_left_out_goes_too() -> None:
    body = "<p>One</p><aside><h3>In your inbox</h3><p>Every day</p></aside><p>Two</p>"
    assert kept(body, {"One": 1, "In your inbox": 0.7, "Two": 1}) == ["One", "Two"]


def test_a_heading_without_anything_under_it_in_its_box_is_judged_by_itself() -> None:
    body = "<p>One</p><div><h3>Alone</h3></div><p>Two</p>"
    assert kept(body, {"One": 1, "Two": 1}) == ["One", "Two"]
    assert kept(body, {"One": 1, "Alone": 0.5, "Two": 1}) == ["One", "Alone", "Two"]


def test_a_heading_of_what_is_surely_the_article_stays_even_in_a_header() -> None:
    for heading in ("<h2>Good morning</h2>", "<header><h2>Good morning</h2></header>"):
        body = f"<p>One</p><article>{heading}<p>Two</p><p>Share</p></article>"
        assert kept(body, {"One": 1, "Two": 0.9}) == ["One", "Good morning", "Two"]
        assert kept(body, {"One": 1, "Two": 0.5}) == ["One", "Two"]


def test_the_sites_heading_above_the_first_paragraph_is_not_brought_back() -> None:
    assert kept("<h1>The Daily</h1><p>One</p>", {"One": 1}) == ["One"]


def test_a_heading_reaches_to_the_next_one_of_its_level() -> None:
    body = "<p>One</p><h2>A</h2><p>x</p><h2>B</h2><p>Two</p>"
    assert kept(body, {"One": 1, "A": 0.6, "B": 0.6, "Two": 1}) == ["One", "B", "Two"]


def test_posts_that_an_article_quotes_stay_and_those_beside_it_do_not() -> None:
    post = "<blockquote class='twitter-tweet'><p>We did it.</p>- Dock Union</blockquote>"
    assert kept(f"<p>One</p>{post}<p>Two</p>", {"One": 1, "Two": 1}) == [
        "One", "We did it.", "- Dock Union", "Two",
    ]  # fmt: skip
    far = "".join(f"<p>Menu {n}</p>" for n in range(6))
    assert kept(f"<p>One</p>{far}{post}", {"One": 1}) == ["One"]


def test_the_block_that_only_names_the_authors_is_found() -> None:
    body = "<p>By Anna Keller and Tom Ruiz</p><p>Anna Keller was there.</p>"
    page = Page(f"<html><body>{body}</body></html>", None, NOW)
    assert byline(page.blocks, [0, 1], ["Anna Keller", "Tom Ruiz"]) == 0
    assert byline(page.blocks, [1], ["Anna Keller", "Tom Ruiz"]) is None
    assert byline(page.blocks, [0, 1], []) is None
