"""What the blocks of a page are judged by, and how they are judged."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from services.cleaner.extracted import Trace
from services.cleaner.markup.article import extract_html
from services.cleaner.markup.characters import count
from services.cleaner.markup.features import Table, features, shifted
from services.cleaner.markup.labels import Part, read
from services.cleaner.markup.page import Page
from services.cleaner.markup.vocabulary import Vocabulary, keys_of, words_of
from services.cleaner.markup.weighing import weigh

NOW = datetime(2026, 11, 1, tzinfo=UTC)

PAGE = """<!DOCTYPE html><html lang="en"><head>
<title>Bridge closed for repairs - Valley Post</title></head><body>
<nav class="main-menu"><ul><li><a href="/">Home</a></li><li><a href="/s">Sport</a></li></ul></nav>
<main><article class="post"><h1>Bridge closed for repairs</h1>
<div class="entry-content">
<p>The stone bridge over the Ammer will be closed from Monday, the district office said on
Friday. Drivers must use the crossing at Oberau, which adds about twelve minutes to the way.</p>
<p>Engineers found cracks in two of the four piers during an inspection in spring. "We cannot wait
for another winter," said the head of the roads department, Maria Huber, at the site.</p>
<div class="related-posts"><h3>Related articles</h3><ul><li><a href="/1">Tunnel opens</a></li>
<li><a href="/2">New road signs for the valley</a></li></ul></div>
<p>The work is to cost 2.3 million euros and to last until June. Pedestrians can still cross, but
cyclists have to dismount, and buses of line 9 will turn round at the old station.</p>
<ul><li>Closed from 8 a.m. on Monday</li><li>Diversion through Oberau</li></ul>
<p>Shop owners near the bridge fear for their trade and have asked the council for help, which is
to decide on the matter at its next meeting in the town hall.</p>
</div></article></main>
<aside class="sidebar"><h3>Newsletter</h3><p>Sign up for our newsletter</p></aside>
<footer><p>© 2026 Valley Post. All rights reserved.</p></footer></body></html>"""


def _page(html: str = PAGE) -> Page:
    return Page(html, "https://valley.example/bridge", NOW)


def _table(page: Page, vocabulary: Vocabulary | None = None) -> Table:
    return features(page, vocabulary or Vocabulary(), None)


def _row(table: Table, name: str) -> list[float]:
    found: list[float] = table.matrix[table.names.index(name)].tolist()
    return found


def test_characters_are_counted_in_each_text() -> None:
    found = count(["Ten men came. Were they 3?", "Menu |", "他来了。她没有来。", "ÄRGER"])
    assert found.chars.tolist() == [26, 6, 9, 5]
    assert found.words.tolist()[:2] == [6, 2]
    assert found.sentences.tolist() == [2, 0, 2, 0]
    assert found.ends.tolist() == [1, 0, 1, 0]
    assert found.digits.tolist() == [1, 0, 0, 0]
    assert found.titled.tolist() == [2, 1, 0, 1]
    assert found.signs.tolist() == [0, 1, 0, 0]
    assert found.capitals.tolist() == [2, 1, 0, 5]
    assert found.asks.tolist() == [1, 0, 0, 0]


def test_a_number_or_an_abbreviation_inside_a_word_ends_no_sentence() -> None:
    assert count(["It cost 2.3 million"]).sentences.tolist() == [0]


def test_text_beyond_the_basic_plane_and_lone_surrogates_are_counted() -> None:
    assert count(["😀 ok", "\ud800"]).chars.tolist() == [4, 1]


@pytest.mark.parametrize(
    ("tag", "label", "part"),
    [
        ("div", "entry-content", Part.ARTICLE),
        ("div", "c-article__body", Part.ARTICLE),
        ("article", "", Part.ARTICLE),
        ("section", "related-posts", Part.CARDS),
        ("div", "comments-area", Part.COMMENTS),
        ("figcaption", "", Part.CAPTION),
        ("div", "newsletter-signup", Part.OFFER),
        ("nav", "", Part.FRAME),
        ("div", "cookie-banner", Part.NOTICE),
        ("span", "byline__name", Part.FACTS),
    ],
)
def test_labels_name_parts(tag: str, label: str, part: Part) -> None:
    assert read(tag, label)[0] & part


def test_a_label_is_read_by_words_and_pairs() -> None:
    assert read("p", "lead-text x1")[1] == ["<p>", "lead", "text", "lead text"]


def test_long_labels_are_cut() -> None:
    assert len(read("div", "ab cd " * 100_000)[1]) < 100


def test_words_are_looked_up_alone_as_beginning_and_as_whole() -> None:
    assert keys_of(words_of("Read more!")) == ["read", "more", "=read more", "^read more"]
    assert keys_of(words_of("Share")) == ["share", "=share"]
    assert keys_of([]) == []


def test_vocabulary_gives_the_mean_and_the_extreme() -> None:
    vocabulary = Vocabulary(short={"read": -0.2, "more": -0.6, "harbour": 0.4})
    assert vocabulary.text(["read", "more", "x"], True) == pytest.approx((-0.4, -0.6))
    assert vocabulary.text(["read", "harbour"], True) == pytest.approx((0.1, 0.4))
    assert vocabulary.text(["read"], False) == (0.0, 0.0)


def test_shifted_columns_end_in_minus_one() -> None:
    column = np.array([1, 2, 3], np.float32)
    assert shifted(column, 1).tolist() == [2, 3, -1]
    assert shifted(column, -2).tolist() == [-1, -1, 1]
    assert shifted(column, 5).tolist() == [-1, -1, -1]


def test_features_tell_text_place_and_surroundings() -> None:
    page = _page()
    table = _table(page)
    texts = [block.text for block in page.blocks]
    assert table.matrix.shape == (len(table.names), len(texts))
    assert np.isfinite(table.matrix).all()
    home, first = texts.index("Home"), texts.index("Bridge closed for repairs") + 1
    tunnel = texts.index("Tunnel opens")
    assert _row(table, "linked")[home] == 1
    assert _row(table, "frame.above")[home] == 1
    assert _row(table, "top.inside")[first] == 1
    assert _row(table, "top.inside")[home] == 0
    assert _row(table, "cards.above")[tunnel] == 1
    assert _row(table, "above.distance")[tunnel] == 1
    assert _row(table, "of title")[first - 1] > 0.5
    assert _row(table, "heading-1")[first] == 1


def test_repeated_blocks_know_of_each_other() -> None:
    table = _table(_page("<body><p>Same text.</p><p>Other.</p><p>Same text.</p></body>"))
    assert _row(table, "earlier") == [0, 0, 1]
    assert _row(table, "copies") == [2, 1, 2]


def test_the_article_is_kept_and_what_is_around_it_dropped() -> None:
    page = _page()
    weighed = weigh(page, None)
    kept = [block.text for block, keep in zip(page.blocks, weighed.keep, strict=True) if keep]
    text = "\n".join(kept)
    for paragraph in ("The stone bridge", "Engineers found", "The work is", "Shop owners"):
        assert paragraph in text
    for other in ("Home", "Tunnel opens", "Sign up", "All rights reserved"):
        assert other not in text


def test_a_page_of_one_word_and_one_without_text_are_judged() -> None:
    assert len(weigh(_page("<p>Word</p>"), None).keep) == 1
    assert weigh(_page("<p></p>"), None).keep == []


def test_every_block_is_told_of_in_the_trace() -> None:
    trace: list[Trace] = []
    found = extract_html(PAGE, url="https://valley.example/b", now=NOW, name="b", trace=trace)
    assert "Engineers found" in found.text
    told = {entry.text.split(".")[0][:20]: entry for entry in trace}
    assert told["Engineers found crac"].kept
    assert told["Engineers found crac"].place.endswith("div.entry-content > p")
    assert told["Engineers found crac"].score > 0.5  # type: ignore[operator]
    tunnel = told["Tunnel opens"]
    assert (tunnel.kept, tunnel.reason) == (False, "other articles")
    assert told["Sign up for our news"].reason in ("end", "menu")


def test_comments_are_no_part_of_a_short_article() -> None:
    said = (
        "I was there on Monday, and nobody told us anything about this, which is a shame.",
        "Has anyone asked the office what it will cost in the end? My guess is twice as much.",
    )
    comments = "".join(f"<li class='comment'><p>{text}</p><a>Reply</a></li>" for text in said)
    page = _page(
        "<html><body><main><article><h1>Open thread</h1><div class='entry-content'>"
        "<p>This is the place for all that you want to tell us this month, about any subject.</p>"
        "<p>We read all of it, and we answer the questions that we can answer in public.</p>"
        f"</div></article><ol class='comment-list'>{comments}</ol></main></body></html>"
    )
    weighed = weigh(page, None)
    kept = [block.text for block, keep in zip(page.blocks, weighed.keep, strict=True) if keep]
    assert any(text.startswith("We read all of it") for text in kept)
    assert not any("nobody told us" in text for text in kept)
