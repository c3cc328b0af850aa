"""From the blocks of an article to its text, page by kind of page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cleaner.markup.assemble import assemble, dropped
from services.cleaner.markup.page import Page

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FIRST = "The harbour of Lindvik was closed on Tuesday after a ferry ran into its eastern pier."
SECOND = (
    "Nobody was hurt, but divers will need at least two weeks to look at the damage below the "
    "water line, and the pier is not safe to walk on, the master of the port said."
)
THIRD = "The ferry company has found another berth for its boats in a yard across the bay."


def text_of(body: str, title: str = "Ferry hits pier") -> str:
    """The text where all of ``body`` is taken for the article."""
    page = Page(f"<!DOCTYPE html><html><body>{body}</body></html>", None, NOW)
    keep = [True] * len(page.blocks)
    return assemble(page, keep, dropped(page, keep, title))


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


STORY = paragraphs(FIRST, SECOND, THIRD)


def test_what_is_not_kept_is_not_in_the_text() -> None:
    page = Page(f"<html><body><p>Menu</p>{STORY}</body></html>", None, NOW)
    assert assemble(page, [False, True, False, True]) == f"{FIRST}\n\n{THIRD}"
    assert assemble(page, [True] * 4, {0, 2}) == f"{FIRST}\n\n{THIRD}"
    assert assemble(page, [False] * 4) == ""


def test_a_live_blog_keeps_the_times_of_its_entries() -> None:
    entries = "".join(
        f"<article><time datetime='2026-03-01T{hour}:00'>{hour}:00</time><h3>Hour {hour}</h3>"
        f"<p>{text}</p></article>"
        for hour, text in ((12, FIRST), (11, SECOND), (10, THIRD))
    )
    assert text_of(entries).split("\n\n") == [
        "12:00", "Hour 12", FIRST, "11:00", "Hour 11", SECOND, "10:00", "Hour 10", THIRD,
    ]  # fmt: skip


def test_items_of_a_list_are_lines_of_one_paragraph() -> None:
    body = "<p>Three ferries:</p><ul><li>the Anna</li><li>the Berta</li></ul><p>More came.</p>"
    assert text_of(body) == "Three ferries:\n\nthe Anna\nthe Berta\n\nMore came."


def test_items_of_several_paragraphs_stay_paragraphs() -> None:
    body = f"<ol><li><h2>One</h2>{paragraphs(FIRST)}</li><li><h2>Two</h2><p>{THIRD}</p></li></ol>"
    assert text_of(body).split("\n\n") == ["One", FIRST, "Two", THIRD]


def test_rows_of_a_table_are_lines_with_their_cells() -> None:
    body = (
        "<table><thead><tr><th>Boat</th><th>Seats</th></tr></thead>"
        "<tbody><tr><td>Anna</td><td>120</td></tr><tr><td>Berta</td><td>80</td></tr></tbody>"
        "</table><table><tr><td>Carla</td><td>9</td></tr></table>"
    )
    assert text_of(body) == "Boat | Seats\nAnna | 120\nBerta | 80\n\nCarla | 9"


def test_terms_and_their_meanings_are_lines() -> None:
    assert text_of("<dl><dt>Pier</dt><dd>A place for boats</dd></dl>") == "Pier\nA place for boats"


def test_questions_of_an_interview_are_paragraphs_and_may_come_again() -> None:
    question = "And what would you say to those who want to work at sea as you have, " * 3 + "now?"
    body = "".join(
        f"<p><strong>{question}</strong></p><p>{answer} {number}</p>"
        for number, answer in enumerate((FIRST, SECOND, THIRD, FIRST))
    )
    assert text_of(body).split("\n\n").count(question) == 4


def test_captions_stay_and_credits_go() -> None:
    gallery = "".join(
        f"<figure><img src='{n}.jpg'><figcaption>The pier on day {n}.</figcaption>"
        f"<span class='credit'>{credit}</span></figure>"
        for n, credit in enumerate(("Photo: A. Berg", "Foto: B. Falk / Lindvik Bild", "© C. Dahl"))
    )
    assert text_of(STORY + gallery).split("\n\n") == [
        FIRST, SECOND, THIRD, "The pier on day 0.", "The pier on day 1.", "The pier on day 2.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["Photography: a hobby of many and an art of few, as the master of the port likes to say.",
     "Image is everything in politics.", "Photo editors were not asked.",
     "Foto gehört zu den Fächern, die keiner mehr wählt."],
)  # fmt: skip
def test_a_sentence_about_pictures_is_no_credit(line: str) -> None:
    assert line in text_of(STORY + paragraphs(line))


def test_a_pull_quote_is_not_said_twice() -> None:
    quote = "divers will need at least two weeks to look at the damage below the water line"
    body = f"<p>{FIRST}</p><aside class='pullquote'>“{quote}”</aside><p>{SECOND}</p>"
    assert text_of(body) == f"{FIRST}\n\n{SECOND}"
    other = "divers have never seen damage like this and will need weeks to look at all of it"
    assert other in text_of(body.replace(quote, other))


def test_a_copy_for_narrow_screens_is_not_said_twice() -> None:
    assert text_of(f"<div class='wide'>{STORY}</div><div class='narrow'>{STORY}</div>") == (
        f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    )


def test_a_cut_standfirst_goes_where_the_text_begins_with_it() -> None:
    assert text_of(f"<p>{SECOND[:90]}…</p>{STORY}").split("\n\n") == [FIRST, SECOND, THIRD]
    assert text_of(f"<p>{THIRD} And so on and on…</p>{STORY}").count(THIRD) == 2


def test_labels_under_each_item_of_a_list_stay() -> None:
    body = "".join(f"<h2>Boat {n}</h2><p>Price: on request</p><p>{n} seats</p>" for n in range(5))
    assert text_of(body).count("Price: on request") == 5


def test_the_headline_is_no_part_of_the_text() -> None:
    assert text_of(f"<h1>Ferry hits pier!</h1>{STORY}") == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert text_of(f"<h1>Another headline</h1>{STORY}").startswith("Another headline")


def test_furniture_at_both_ends_goes_and_names_and_terms_stay_within() -> None:
    long = STORY + paragraphs(*(f"{FIRST} It was day {n}." for n in range(20)))
    inner = long.replace(f"<p>{THIRD}</p>", f"<p>Tags: port, ferry</p><p>{THIRD}</p>")
    text = text_of(f"<p>Share</p>{inner}<p>Leave a comment</p><p>Related articles</p>")
    assert text.split("\n\n")[0] == FIRST
    assert text.split("\n\n")[-1].endswith("It was day 19.")
    assert "Tags: port, ferry" in text


@pytest.mark.parametrize(
    "furniture",
    ["Read more: Bridge closed for a month", "Advertisement", "Sign up for our newsletter"],
)
def test_invitations_and_pointers_go_wherever_they_stand(furniture: str) -> None:
    assert furniture not in text_of(paragraphs(FIRST, furniture, SECOND, THIRD))


def test_verses_keep_their_lines_and_paragraphs_made_of_breaks_become_such() -> None:
    assert text_of("<p>The sea is grey,<br>the pier is gone.</p>") == (
        "The sea is grey,\nthe pier is gone."
    )
    assert text_of(f"<div>{FIRST}<br>{SECOND}<br>{THIRD}</div>") == (
        f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    )


@pytest.mark.parametrize(
    "texts",
    [
        ("港口周二关闭，因为一艘渡轮撞上了东边的码头。", "没有人受伤，但潜水员需要两周时间检查。"),
        ("أُغلق ميناء ليندفيك يوم الثلاثاء بعد أن اصطدمت عبّارة برصيفه الشرقي.", "لم يُصب أحد بأذى."),
        ("Порт Линдвика закрыли во вторник: паром врезался в причал.", "Никто не пострадал."),
    ],
)  # fmt: skip
def test_paragraphs_of_any_script_are_kept_as_they_are(texts: tuple[str, str]) -> None:
    assert text_of(paragraphs(*texts)) == "\n\n".join(texts)


def test_an_accelerated_page_is_put_together_as_any_other() -> None:
    body = f"<amp-img src='a.jpg'></amp-img><amp-ad>Advert</amp-ad>{STORY}"
    page = Page(
        f"<!doctype html><html amp><body><article>{body}</article></body></html>", None, NOW
    )
    keep = [block.text != "Advert" for block in page.blocks]
    assert assemble(page, keep, dropped(page, keep, "")) == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"


def test_a_page_that_is_all_furniture_is_not_emptied() -> None:
    assert text_of("<p>Share</p><p>Menu</p>") == "Share\n\nMenu"


@pytest.mark.timeout(60)
def test_many_alike_come_to_an_end() -> None:
    assert text_of("<p>a</p>" * 20_000).count("a") == 20_000
    long = "a b c d e f g h i j k l m n o p q r s t u v w x y z " * 4
    assert text_of(f"<blockquote>{long}</blockquote>" * 5_000).startswith(long.strip())
    quotes = "".join(f"<blockquote>{long[:90]} {n}</blockquote>" for n in range(5_000))
    assert text_of(quotes).count("a b c") == 5_000 * 2


@pytest.mark.parametrize("label", ["<h3>Read also</h3>", "<p>Related articles:</p>"])
def test_links_under_a_label_of_other_articles_go_with_it(label: str) -> None:
    links = "".join(f"<li><a href='/{n}'>Harbour tale number {n}</a></li>" for n in range(3))
    assert "tale" not in text_of(f"{STORY}<div>{label}<ul>{links}</ul></div>{STORY}")


def test_a_list_of_links_of_the_articles_own_stays() -> None:
    links = "".join(f"<li><a href='/{n}'>Harbour tale number {n}</a></li>" for n in range(3))
    text = text_of(f"{STORY}<p>The berths that are free:</p><ul>{links}</ul>")
    assert text.endswith("Harbour tale number 0\nHarbour tale number 1\nHarbour tale number 2")


def test_a_cell_may_hold_any_word() -> None:
    cells = "".join(f"<tr><td>{name}</td><td>{n}</td></tr>" for n, name in enumerate(NAMES))
    text = text_of(f"{STORY}<table>{cells}</table>")
    assert [name for name in NAMES if f"{name} | " not in text] == []


NAMES = ("Facebook", "Twitter", "Search")
