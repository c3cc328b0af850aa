"""Who wrote a plain text and when: the forms of bylines and date lines of news pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.plain.article import extract_text
from services.cleaner.plain.bylines import credited, is_by_alone, lone_name, people_of, says_who

TITLE = "Ferry hits pier in Lindvik"
BODY = (
    "The harbour of Lindvik was closed on Tuesday after a ferry ran into the eastern pier, the "
    "port's master said.\n\nNobody was hurt, but divers will need at least two weeks to look at "
    "the damage below the water line, she added.\n\nThe ferry from the islands had forty people "
    "on board, among them a class of schoolchildren on their way home."
)


def clean(head: str, foot: str = "") -> Extracted:
    page = f"{TITLE}\n\n{head}\n\n{BODY}\n\n{foot}"
    return extract_text(page, url=None, now=datetime(2026, 11, 22, tzinfo=UTC), name="page.txt")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Jane Doe", ["Jane Doe"]),
        ("BY JANE DOE", ["JANE DOE"]),
        ("ByJane Doe", ["Jane Doe"]),
        ("By Jane Doe and John Roe", ["Jane Doe", "John Roe"]),
        ("By Jane Doe, John Roe and Ann Lee", ["Jane Doe", "John Roe", "Ann Lee"]),
        ("By Jane Doe, Associated Press", ["Jane Doe"]),
        ("By Jane Doe, Contributing Editor, Seaworld", ["Jane Doe"]),
        ("by Jane Doe, Institute of Tides and Coastal Winds", ["Jane Doe"]),
        ("By Jane Doe Harbour Staff, Updated December 22, 2023, 3:31 p.m.", ["Jane Doe"]),
        ("By Jane Doe | March 3, 2021", ["Jane Doe"]),
        ("By Jane DoePublished: Dec 22, 2023", ["Jane Doe"]),
        ("Written by: Jane Doe", ["Jane Doe"]),
        ("Story by Jane Doe", ["Jane Doe"]),
        ("Words by Jane Doe (@jane)", ["Jane Doe"]),
        ("Author: Jane Doe", ["Jane Doe"]),
        ("Dec 21, 2023 at 1:39 pm | By Jane Doe", ["Jane Doe"]),
        ("posted on 2023-12-19 23:30 EST by Jane Doe", ["Jane Doe"]),
        ("By jdoe // 2022-02-28", ["jdoe"]),
        ("By Jane Doe Harbour Staff and John Roe Harbour Correspondent", ["Jane Doe", "John Roe"]),
        ("By Mary Jane Doe Staff Writer", ["Mary Jane Doe"]),
        ("By Jane Doe, Jane Doe", ["Jane Doe"]),
        ("Written by: Jane Doe Jane Doe", ["Jane Doe"]),
        ("Posted on December 18, 2025    Posted by Jane Doe      59 Comments", ["Jane Doe"]),
        ("Posted On : May 20, 2018 Published By : Jane R. Doe", ["Jane R. Doe"]),
        ("By Harbour Staff", ["Harbour Staff"]),
        ("Von Jane Doe", ["Jane Doe"]),
        ("Par Jane Doe et John Roe", ["Jane Doe", "John Roe"]),
        ("Автор: Анна Петрова", ["Анна Петрова"]),
        ("Pier 12: the ferry is highlighted by divers and cranes", []),
        ("By Monday the ferry had been towed away", []),
        ("By the end of May", []),
        ("He was seen by Jane Doe", []),
    ],
)
def test_a_line_that_says_by(line: str, names: list[str]) -> None:
    assert people_of(says_who(line)) == names


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Jane Doe", "Jane Doe"),
        ("Jane van der Doe", "Jane van der Doe"),
        ("Jane Doe, Harbour News", "Jane Doe"),
        ("JANE DOE", None),
        ("Jane Doe December 22, 2023", "Jane Doe"),
        ("Jane Doe · Harbour News · Posted: Dec 22, 2023", "Jane Doe"),
        ("Jane Doe   The Harbour Courier", "Jane Doe"),
        ("Jane DoeFounder at Harbour", "Jane Doe"),
        ("Dec 26, 2025 • Jane Doe in Port News", "Jane Doe"),
        ("Where is the ferry? — Jane Doe", None),
        ("Senior Editor", None),
        ("Breaking News", None),
        ("jane doe", None),
        ("The ferry hit a pier", None),
    ],
)
def test_a_line_that_is_a_name(line: str, name: str | None) -> None:
    assert lone_name(line) == name


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("(Reporting by Jane Doe and John Roe; editing by Ann Lee)", ["Jane Doe", "John Roe"]),
        ("Reporting by Jane Doe in Lindvik; Editing by Ann Lee", ["Jane Doe"]),
        ("Text by Jane Doe", ["Jane Doe"]),
        ("He praised the reporting by Jane Doe.", []),
    ],
)
def test_a_closing_credit(line: str, names: list[str]) -> None:
    assert credited(line) == names


def test_by_alone() -> None:
    assert is_by_alone("By")
    assert is_by_alone("WRITTEN BY")
    assert is_by_alone("Author(s)")
    assert not is_by_alone("By the sea")


@pytest.mark.parametrize(
    ("head", "authors"),
    [
        ("By\n\nJane Doe", ["Jane Doe"]),
        ("By\n\nJane Doe, John Roe\n\n12/22/2023", ["Jane Doe", "John Roe"]),
        ("Jane Doe\n\nSenior Editor", ["Jane Doe"]),
        ("Jane Doe\n\nDec 19, 2025", ["Jane Doe"]),
        ("Jane Doe\n\nJane Doe", ["Jane Doe"]),
        ("Jane Doe", ["Jane Doe"]),
        ("Northwire Staff", ["Northwire Staff"]),
        ("By Jane Doe March 3, 2021\n\nBy John Roe March 3, 2021", ["Jane Doe", "John Roe"]),
        ("Pier Closed\n\nMarch 3, 2021", []),
        ("Eastern Pier\n\nMarch 3, 2021", []),
        ("Jane Doe, Harbour.example\n\nDecember 22, 2023", ["Jane Doe"]),
        ("North Harbour", []),
    ],
)
def test_the_byline_of_a_page(head: str, authors: list[str]) -> None:
    found = clean(head)
    assert found.authors == authors
    assert found.title == TITLE
    assert found.text.endswith(BODY)


def test_the_closing_credit_names_authors_and_stays_text() -> None:
    credit = "(Reporting by Jane Doe and John Roe; editing by Ann Lee)"
    found = clean("", credit)
    assert found.authors == ["Jane Doe", "John Roe"]
    assert found.text == f"{BODY}\n\n{credit}"


@pytest.mark.parametrize(
    "foot",
    [
        "More news\n\nAbout the author\n\nJane Doe\n\nJane Doe has sailed for years.",
        "Jane Doe\n\nJane is a sailor.",
        "Jane Doe is a senior reporter for the harbour's paper.",
    ],
)
def test_the_author_box_below_an_article(foot: str) -> None:
    found = clean("", foot)
    assert found.authors == ["Jane Doe"]
    assert found.provenance["authors"] == "author-box"


@pytest.mark.parametrize(
    ("head", "foot", "agencies"),
    [
        ("By Jane Doe, Associated Press", "", ["Associated Press"]),
        ("LINDVIK (Reuters) — Ships waited outside the harbour on Tuesday.", "", ["Reuters"]),
        (
            "Lindvik (dpa/AFP) - Ships waited outside the harbour on Tuesday, the port said.",
            "",
            ["dpa", "Agence France-Presse"],
        ),
        ("", "Reporting by Jane Doe (AFP)", ["Agence France-Presse"]),
        ("By Jane Doe (port office)", "", []),
    ],
)
def test_the_agencies_of_a_text(head: str, foot: str, agencies: list[str]) -> None:
    assert clean(head, foot).agencies == agencies


@pytest.mark.parametrize(
    ("head", "foot", "day"),
    [
        ("Published\n\nDec 21, 2023", "", 21),
        ("", "Content current as of:\n\n12/21/2023", 21),
        ("", "Last updated: December 21, 2023", 21),
        ("12/09/2023", "Seen\n\n12/21/2023", 9),
        ("12/09/2023 by Jane Doe, Speaker of the Committee for Eastern Piers and Cranes",
         "12/21/2023", 9),
    ],
)  # fmt: skip
def test_the_day_in_labelled_lines_and_in_the_order_of_the_pages_dates(
    head: str, foot: str, day: int
) -> None:
    published = clean(head, foot).published
    assert published is not None
    assert published.moment.date().isoformat() == f"2023-12-{day:02}"


def test_numbers_whose_order_nothing_tells_are_no_day() -> None:
    assert clean("12/09/2023").published is None


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("Published: 12:37 GMT, 21 December 2023 | Updated: 15:26 GMT, 22 December 2023", 21),
        ("PUBLISHED: December 21, 2023 at 8:48 p.m. | UPDATED: December 23, 2023 at 10 a.m.", 21),
        ("Updated Dec. 23, 2023 4:04AM EST / Published Dec. 21, 2023 12:16PM EST", 21),
        ("Jane DoeDec 21, 20232 Shares1530 Views", 21),
        ("Jane Doe · Harbour News · Posted: Dec 21, 2023 8:25 AM | Last Updated: January 2", 21),
        ("Thu 21 Dec 2023 15.30 CETLast modified on Fri 22 Dec 2023 20.26 CET", 21),
    ],
)
def test_the_day_of_a_date_line(line: str, day: int) -> None:
    published = clean(line).published
    assert published is not None
    assert (published.moment.year, published.moment.month, published.moment.day) == (2023, 12, day)


def test_todays_date_far_above_the_headline_is_not_the_articles() -> None:
    menu = "\n\n".join(["Home", "News", "Sport", "Culture", "Sea", "Log in", "Sign up", "Search"])
    page = f"Sunday, December 24th 2023\n\n{menu}\n\n{menu}\n\n{TITLE}\n\n{BODY}"
    found = extract_text(page, url=None, now=datetime(2026, 11, 22, tzinfo=UTC), name="page.txt")
    assert found.title == TITLE
    assert found.published is None
