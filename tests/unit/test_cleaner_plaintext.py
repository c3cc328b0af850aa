"""Plain text of scraped pages: each rule on a small page of our own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.metadata.names import people
from services.cleaner.plain.appeals import appeal_start
from services.cleaner.plain.article import extract_text
from services.cleaner.plain.furniture import Kind, kind_of, source_of, topics_of
from services.cleaner.plain.wrapping import unwrap
from shared.errors import PermanentError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ONE = (
    "The harbour of Lindvik was closed on Tuesday after a ferry ran into the eastern pier, the "
    "port's master said."
)
TWO = (
    "Nobody was hurt, but divers will need at least two weeks to look at the damage below the "
    "water line, she added."
)
THREE = "“We heard a bang and then the whole quay shook,” said Tove Brandt, who sells fish there."
BODY = f"{ONE}\n\n{TWO}\n\n{THREE}"


def clean(text: str) -> Extracted:
    return extract_text(text, url=None, now=NOW, name="page.txt")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Skip to content Skip to footer", Kind.MENU),
        ("Log in", Kind.MENU),
        ("Share on Facebook", Kind.MENU),
        ("3 min read", Kind.MENU),
        ("Advert", Kind.ADVERT),
        ("- Advertisement -spot_img", Kind.ADVERT),
        ("Story continues below", Kind.ADVERT),
        ("Related Articles", Kind.END),
        ("Latest Articles", Kind.END),
        ("You may also like", Kind.END),
        ("Please enter your comment!", Kind.COMMENTS),
        ("Please enter your name here", Kind.COMMENTS),
        ("Leave a Reply", Kind.COMMENTS),
        ("12 Comments", Kind.COMMENTS),
        ("If you would like to donate to the appeal, click here", Kind.APPEAL),
        ("Topics: Harbour, Ferries", Kind.TOPICS),
        ("Source: The Lindvik Post", Kind.SOURCE),
        ("Sources include: Example.com Other.example", Kind.SOURCE),
        ("https://social.example/status/1", Kind.URL),
        ("Photo: Jane Doe / Agency", Kind.CREDIT),
        ("Read more: Ferry runs aground", Kind.LINK),
    ],
)
def test_furniture_is_told_by_its_line(line: str, kind: Kind) -> None:
    assert kind_of(line) is kind


@pytest.mark.parametrize(
    "line",
    [
        ONE,
        "“It was loud.”",
        "The related articles of the law were struck out by the court.",
        "He asked the readers to share the burden.",
        "Source: unknown to this day, the poem has been read at every harbour feast since the war.",
        "Home prices rose again last month.",
    ],
)
def test_sentences_are_no_furniture(line: str) -> None:
    assert kind_of(line) is None


def test_what_stands_around_an_article_goes() -> None:
    page = (
        "Skip to content\nHome\nNews\nSport\nLog in\n\nHome News Ferry hits pier in Lindvik\n\n"
        f"Ferry hits pier in Lindvik\n\nBy Jane Doe | March 3, 2021\n\n{ONE}\nAdvert\n{TWO}\n\n"
        f"https://social.example/status/1\n\n{THREE}\nTopics: Harbour, Ferries\n\n"
        "Related Articles\n\nBridge to be closed for repairs\nCouncil votes on budget\n\n"
        "Please enter your comment!\nPlease enter your name here\n"
    )
    found = clean(page)
    assert found.text == BODY
    assert found.title == "Ferry hits pier in Lindvik"
    assert found.authors == ["Jane Doe"]
    assert found.published is not None
    assert found.published.moment.date().isoformat() == "2021-03-03"
    assert (found.published.precision, found.published.found_in) == ("day", "byline")
    assert found.topics == ["Harbour", "Ferries"]


def test_readers_comments_never_join_the_article() -> None:
    comment = "I was there too, and I can tell you that it was nothing like what they write here."
    page = f"Ferry hits pier\n\n{BODY}\n\n{BODY}\n\n3 Comments\n\n" + f"{comment}\n\n" * 30
    found = clean(page)
    assert comment not in found.text
    assert found.text.endswith(THREE)


def test_a_source_line_names_the_site_and_is_no_text() -> None:
    found = clean(f"Ferry hits pier in Lindvik\nSource: The Lindvik Post\n\n{BODY}")
    assert found.site_name == "The Lindvik Post"
    assert found.provenance["site_name"] == "source-line"
    assert found.text == BODY


def test_a_list_of_sources_at_a_paragraphs_end_goes() -> None:
    found = clean(f"Ferry hits pier in Lindvik\n\n{ONE} {TWO} Sources include: A.example B.example")
    assert found.text == f"{ONE} {TWO}"


def test_without_a_headline_the_first_sentence_is_the_title_and_stays_text() -> None:
    found = clean(f"{ONE} {TWO}\n{THREE}")
    assert found.title == ONE
    assert found.provenance["title"] == "first-sentence"
    assert found.text.startswith(ONE)


def test_hard_wrapped_lines_are_joined() -> None:
    wrapped = (
        "The harbour of Lindvik was closed on Tuesday after a ferry\n"
        "ran into the eastern pier, the port's master said. Nobody\n"
        "was hurt, but divers will need at least two weeks to look\n"
        "at the damage."
    )
    assert clean(f"Ferry hits pier\n\n{wrapped}\n\n{THREE}").text.split("\n\n") == [
        " ".join(wrapped.split()),
        THREE,
    ]


def test_lines_that_were_not_wrapped_stay() -> None:
    lines = ["Apples, pears and plums are on sale here", "Bread", "Cheese and butter of the region"]
    assert [text for _, text in unwrap(lines)] == lines


def test_a_closing_appeal_goes_as_a_whole() -> None:
    appeal = [
        "We’re not giving up.",
        "Our small team has reported on this coast for ten years, and independent journalism like "
        "ours costs money that no advertisers bring.",
        "Most of our funding comes from readers and monthly donors.",
        "You can help by giving today: every donation keeps our reporting free for everyone.",
    ]
    story = [ONE, TWO, THREE, ONE, TWO, THREE]
    assert appeal_start(story + appeal) == len(story)
    assert clean("Ferry hits pier\n\n" + "\n\n".join(story + appeal)).text == "\n\n".join(story)


def test_a_story_about_donations_is_no_appeal() -> None:
    story = [
        ONE,
        "The mayor said that donations had come from all over the country.",
        "“We need your support,” she told the crowd, asking everybody to donate.",
        "A concert on Sunday brought in another two thousand crowns.",
    ]
    assert appeal_start(story) == len(story)


def test_topics_and_source_of_a_line() -> None:
    assert topics_of("Tags: sea, ships | rescue") == ["sea", "ships", "rescue"]
    assert source_of("Originally published at The Lindvik Post") == "The Lindvik Post"
    assert source_of("Source: https://a.example/x") is None


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Jane Doe", ["Jane Doe"]),
        ("By jdoe", ["jdoe"]),
        ("By Jane Doe and John Roe", ["Jane Doe", "John Roe"]),
        ("Written by Ana García & Luis Pérez", ["Ana García", "Luis Pérez"]),
        ("Maria Lopez, Senior Reporter", ["Maria Lopez"]),
        ("by John Doe, Ph.D.", ["John Doe"]),
        ("Von Peter Müller", ["Peter Müller"]),
        ("Jan de Vries", ["Jan de Vries"]),
        ("Staff", []),
        ("Reuters", []),
        ("admin@example.com", []),
        ("https://a.example/jane", []),
        ("Updated 3 hours ago", []),
    ],
)
def test_people_in_a_byline(byline: str, names: list[str]) -> None:
    assert people([byline]) == names


@pytest.mark.parametrize("text", ["", "  \n\n ", "Advert\nAdvert", "•\n•\n"])
def test_nothing_but_furniture_is_refused(text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        clean(text)
    assert caught.value.reason == "no_text"
    assert "page.txt" in caught.value.detail


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("HAMBURG, 3 March 2026 - The port was closed in the night.", "2026-03-03"),
        ("Berlin, 5. März 2026 – Der Hafen wurde in der Nacht geschlossen.", "2026-03-05"),
        ("CARROW, Feb. 10, 2026 -- Brightwater Foods opened a mill.", "2026-02-10"),
        (
            "KYIV, March 3 (Agency) — The port was closed on Tuesday, an official said.",
            "2026-03-03",
        ),
        ("KYIV, March 3 (Agency) — The port was closed in the night.", None),
        ("He met her in Paris, May 3 - and again in Rome on Tuesday.", None),
    ],
)
def test_a_dateline_tells_the_day_and_stays_text(line: str, day: str | None) -> None:
    found = clean(f"Port closed in storm\n\n{line}\n\n{BODY.replace('Tuesday', 'that day')}")
    assert found.text.startswith(line)
    assert (found.published.moment.date().isoformat() if found.published else None) == day
    assert found.provenance.get("published") == ("dateline" if day else None)


def test_a_text_that_its_headline_repeats_is_not_lost() -> None:
    found = clean(f"Log in\nAdvert\nHome\n{ONE}\n{ONE}\nLog in")
    assert ONE in found.text


@pytest.mark.parametrize(
    ("byline", "dateline", "agencies"),
    [
        ("By Jane Doe, Reuters", "KYIV", ["Reuters"]),
        ("By Jane Doe", "KYIV (Reuters)", ["Reuters"]),
        ("Von Anna Keller, dpa", "Hamburg (dpa/AFP)", ["dpa", "Agence France-Presse"]),
        ("By Jane Doe", "KYIV (the capital)", []),
    ],
)
def test_agencies_stand_in_bylines_and_datelines(
    byline: str, dateline: str, agencies: list[str]
) -> None:
    first = f"{dateline} - Dock workers ended their strike on Tuesday after eleven days, they said."
    more = "The agreement gives them more pay over two years, according to both sides."
    text = f"Harbour strike ends\n\n{byline}\n\n{first}\n\n{more}\n"
    found = extract_text(text, url=None, now=NOW, name="x")
    assert sorted(found.agencies) == sorted(agencies)
    assert found.authors == ["Jane Doe" if "Jane" in byline else "Anna Keller"]
