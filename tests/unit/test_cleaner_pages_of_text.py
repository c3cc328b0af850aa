"""Scraped pages of many kinds, invented: each line of each is asserted to be kept or dropped.

Beside ``NAME.txt`` stands ``NAME.json``: ``title``, ``authors``, ``day``, ``language``, and in
``kept`` the numbers of the lines that are the article's, ``7-9`` being lines of one paragraph.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.cleaner.extracted import Extracted, Trace
from services.cleaner.plain.article import extract_text

FOLDER = Path(__file__).with_name("pages_of_text")
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))
PAGES = pytest.mark.parametrize("name", NAMES)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass
class Expected:
    title: str
    authors: list[str]
    day: str | None
    language: str
    kept: str

    def paragraphs(self, lines: list[str]) -> list[str]:
        """The paragraphs of ``kept``, each the lines of it joined; a hyphen at an end goes."""
        found = []
        for numbers in self.kept.split():
            first, _, last = numbers.partition("-")
            part = lines[int(first) - 1 : int(last or first)]
            found.append(" ".join(part).replace("in- spectors", "inspectors"))
        return found


def read(name: str) -> tuple[str, Expected]:
    facts = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), Expected(**facts)


def clean(text: str, trace: list[Trace] | None = None) -> Extracted:
    return extract_text(text, url=None, now=NOW, name="page.txt", trace=trace)


def plain(paragraph: str) -> str:
    """Without the sign or number of a list item."""
    return paragraph.removeprefix("• ")


def test_there_are_pages_in_at_least_eight_languages() -> None:
    assert len(NAMES) >= 25
    assert len({read(name)[1].language for name in NAMES}) >= 8


@PAGES
def test_every_line_of_the_article_is_kept_and_no_other(name: str) -> None:
    text, expected = read(name)
    wanted = [plain(paragraph) for paragraph in expected.paragraphs(text.splitlines())]
    assert clean(text).text.split("\n\n") == wanted


@PAGES
def test_the_head_of_a_page(name: str) -> None:
    text, expected = read(name)
    found = clean(text)
    assert found.title == expected.title
    assert found.authors == expected.authors
    day = found.published.moment.date().isoformat() if found.published else None
    assert day == expected.day
