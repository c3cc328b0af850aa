"""Nothing of an article's own text is lost, whatever it speaks of and whatever form it has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cleaner.plain.article import extract_text

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TITLE = "Ferry hits pier in Lindvik"
OPENING = (
    "The harbour of Lindvik was closed on Tuesday after a ferry ran into the eastern pier, the "
    "port's master said."
)
CLOSING = "Divers will need at least two weeks to look at the damage below the water line."
MENU = "Toggle navigation\n\nHome\nNews\nSport\nAbout us\nLog in\n\nYou are here: Home > News\n\n"
FOOT = "\n\nLatest articles\n\nRain returns\n\nLeave a reply\n\nName\nEmail\n\n© 2026 Lindvik Post"

INSIDE = {
    "speaks of donations": "People from all over the country have made donations; “please give "
    "what you can,” the mayor asked at a meeting of the council.",
    "speaks of comments": "The comments on the port's own page were closed after an hour, the "
    "harbour office said on Wednesday.",
    "speaks of related articles": "Related articles of the penal code were struck out last year.",
    "speaks of subscribing": "Subscribers of the island's only newspaper had been warned of the "
    "pier's state three times since May.",
    "speaks of cookies": "The bakery on the quay gave away all of its cookies to those who waited.",
    "speaks of copyright": "Copyright of the pictures is now a matter for the court of appeal.",
    "poem": "The sea gave back the timber\n\nThe sea gave back the rope\n\nBut kept the bell",
    "list": "- two ferries\n\n- one crane of the shipyard\n\n- eleven fishing boats",
    "short line": "Then the lights went out.",
    "interview": "What do you think?\n\n“It was the wind,” says Tove Brandt.\n\nWere you "
    "afraid?\n\n“No.”",
    "statement": "The statement says:\n\n“We regret what happened and will pay for all damage.”",
    "question": "What do you think of the captain's decision to sail in such weather?",
    "support": "To support the broken wall, engineers drove forty steel piles into the ground.",
    "more": "More on that was to be said at a meeting in the evening.",
    "more than once": "“See also what the wind did to the church,” he said, and pointed at it.",
}
KINDS = pytest.mark.parametrize("inside", INSIDE.values(), ids=INSIDE)


def paragraphs(text: str) -> list[str]:
    return extract_text(text, url=None, now=NOW, name="page.txt").text.split("\n\n")


def words(text: str) -> list[str]:
    return text.replace("- ", "").split("\n\n")


@KINDS
def test_an_article_alone_is_kept_whole(inside: str) -> None:
    text = f"{OPENING}\n\n{inside}\n\n{CLOSING}"
    assert paragraphs(f"{TITLE}\n\n{text}") == words(text)


@KINDS
def test_of_a_page_the_article_is_kept_whole(inside: str) -> None:
    text = "\n\n".join([OPENING, CLOSING, OPENING, inside, CLOSING, OPENING])
    assert paragraphs(f"{MENU}{TITLE}\n\n{text}{FOOT}") == words(text)


@pytest.mark.parametrize(
    "pointer",
    [
        "Read also: What a pier costs",
        "Read next: What a pier costs",
        "Related: What a pier costs",
        "Up next: What a pier costs",
        "Also read | What a pier costs",
    ],
)
@pytest.mark.parametrize("around", [("", ""), (MENU, FOOT)], ids=["alone", "page"])
def test_the_article_goes_on_after_a_link_to_another(pointer: str, around: tuple[str, str]) -> None:
    page = f"{around[0]}{TITLE}\n\n{OPENING}\n\n{pointer}\n\n{CLOSING}{around[1]}"
    assert paragraphs(page) == [OPENING, CLOSING]


def test_the_article_goes_on_after_a_long_table() -> None:
    table = "\n".join(f"Harbour number {number}\n{number * 7} ships" for number in range(40))
    body = "\n\n".join([OPENING, CLOSING] * 4)
    found = paragraphs(f"{MENU}{TITLE}\n\n{body}\n\n{body}\n\n{table}\n\n{body}\n\n{body}{FOOT}")
    assert found[:16] == [OPENING, CLOSING] * 8
    assert found[-16:] == [OPENING, CLOSING] * 8
    assert "273 ships" in found


def test_lines_between_headline_and_text_of_an_article_alone_stay() -> None:
    deck = "Nobody hurt, two weeks of repairs ahead"
    assert paragraphs(f"{TITLE}\n\n{deck}\n\nBy Jane Doe\n\n{OPENING}\n\n{CLOSING}") == [
        deck,
        OPENING,
        CLOSING,
    ]


def test_a_breadcrumb_is_neither_title_nor_text() -> None:
    for trail in ("You are here: Home > News > Harbour", "Home / News / Harbour"):
        found = extract_text(
            f"{trail}\n\n{TITLE}\n\n{OPENING}\n\n{CLOSING}", url=None, now=NOW, name="page.txt"
        )
        assert found.title == TITLE
        assert found.text == f"{OPENING}\n\n{CLOSING}"


def test_a_newsroom_that_asks_for_money_in_one_line_is_left_out() -> None:
    appeal = "Our reporting is free for all. If you can, please make a donation and keep it so."
    assert paragraphs(f"{TITLE}\n\n{OPENING}\n\n{CLOSING}\n\n{appeal}") == [OPENING, CLOSING]


def test_two_commenters_make_a_thread_and_one_speaker_does_not() -> None:
    thread = "Ann Lee says:\nGood that nobody was hurt there.\nBo Ek says:\nI told you so in May."
    long = "\n\n".join([OPENING, CLOSING] * 3)
    assert paragraphs(f"{TITLE}\n\n{long}\n\n{thread}") == [OPENING, CLOSING] * 3
