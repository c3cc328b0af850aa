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


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("div", "entry-content lead read-more"),
        ("p", ""),
        ("aside", "post body x1 share lead text"),
        ("section", "lead lead text share-bar"),
        ("div", "ab cd " * 1_000),
    ],
)
def test_the_value_of_a_label_is_that_of_its_words(tag: str, label: str) -> None:
    values = {
        "<p>": 0.3, "<aside>": -0.3, "entry": 0.2, "entry content": 0.4, "lead text": 0.25,
        "lead": -0.1, "share": -0.5, "share bar": -0.6, "read more": -0.4, "cd": 0.1,
    }  # fmt: skip
    flags, words = read(tag, label)
    found = [values[word] for word in words if word in values]
    mean = sum(found) / len(found) if found else 0.0
    extreme = max(found, key=abs, default=0.0)
    assert Vocabulary(labels=values).label(tag, label) == pytest.approx((flags, mean, extreme))


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
    assert _row(table, "heading")[first - 1] == 1


def test_a_block_knows_the_line_before_its_list() -> None:
    table = _table(
        _page("<body><div><p>Bring with you:</p><ul><li>Tea</li><li>Milk</li></ul></div>")
    )
    assert _row(table, "lead.end.1") == [-1, 2, 2]  # a colon before the list


def test_steps_lead_up_to_the_element_with_the_text() -> None:
    long = "The office said on Friday that the way is closed, and nobody knows for how long. " * 3
    table = _table(_page(f"<body><div><p>{long}</p></div><ul><li>Menu</li></ul><p>End</p></body>"))
    # The text stands in the div: the paragraph is one element below it; the item is two below the
    # body, which is the first to have both, the end is one.
    assert _row(table, "top.steps") == [1, 2, 1]
    assert _row(table, "top.inside") == [1, 0, 0]
    assert _row(table, "depth") == [2, 2, 1]


def test_repeated_blocks_know_of_each_other() -> None:
    table = _table(_page("<body><p>Same text.</p><p>Other.</p><p>Same text.</p></body>"))
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


def test_likely_comments_are_none_of_an_article_that_is_likely_without_them() -> None:
    said = "".join(
        "<li class='comment'><div class='comment-content'><p>In the novel the bridge is never "
        f"closed, and chapter {number} says why: the engineers of the time built for floods, and "
        "whoever wants to know more of it should look at the drawings in the town's archive."
        "</p></div></li>"
        for number in range(3)
    )
    page = _page(PAGE.replace("</main>", f"</main><ol class='commentlist'>{said}</ol>"))
    kept = [b.text for b, keep in zip(page.blocks, weigh(page, None).keep, strict=True) if keep]
    assert any(text.startswith("Engineers found") for text in kept)
    assert not any(text.startswith("In the novel") for text in kept)


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


def test_a_link_around_boxes_makes_their_text_a_link() -> None:
    page = _page(
        "<body><a href='/1'><div><h3>Tunnel opens</h3><p>After ten years.</p></div></a>"
        "<a name='top'><p>The stone bridge is closed.</p></a><p>Read <a href='/2'>more</a></p>"
    )
    assert [(b.text, b.links) for b in page.blocks] == [
        ("Tunnel opens", 12),
        ("After ten years.", 16),
        ("The stone bridge is closed.", 0),
        ("Read more", 4),
    ]


def test_an_element_of_the_sites_own_within_a_sentence_does_not_part_it() -> None:
    page = _page(
        "<body><site-box><p>Some <trusted-source>31 percent</trusted-source> said so.</p>"
        "<site-box>Own box.</site-box></site-box></body>"
    )
    assert [block.text for block in page.blocks] == ["Some 31 percent said so.", "Own box."]


def test_elements_know_the_range_of_their_blocks() -> None:
    page = _page("<body><p>One</p><div>Two<ul><li>Three</li></ul>Four</div><i></i><p></p></body>")
    assert [block.text for block in page.blocks] == ["One", "Two", "Three", "Four"]
    ranges = {node.tag: (node.first, node.last) for node in page.nodes[:5]}
    assert ranges == {"body": (0, 4), "p": (0, 1), "div": (1, 4), "ul": (2, 3), "li": (2, 3)}
    assert (page.nodes[5].first, page.nodes[5].last) == (4, 4)
