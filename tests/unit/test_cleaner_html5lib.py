"""The html5lib suite (https://github.com/html5lib/html5lib-tests): pages of every kind of error."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.markup.article import extract_html
from shared.errors import PermanentError
from tests.shared_data import shared_data

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SHARE = 0.75
"""Of the pages, that do not end within a script or the like."""
SENTENCE = "The council of the small town voted on Monday to repair the old stone bridge. "


def documents() -> list[str]:
    """What the tree-construction tests parse."""
    found = []
    with tarfile.open(shared_data("suites", "html5lib.tar.gz")) as suite:
        for member in suite:
            if "/tree-construction/" in member.name and member.name.endswith(".dat"):
                data = suite.extractfile(member)
                assert data is not None
                for test in data.read().decode().split("#data\n")[1:]:
                    found.append(test.partition("\n#errors")[0])
    return found


def read(html: str, name: str) -> Extracted | PermanentError:
    try:
        return extract_html(html, url=None, now=NOW, name=name)
    except PermanentError as error:
        return error


@pytest.mark.timeout(300)
def test_each_is_an_article_or_refused_by_name() -> None:
    pages = documents()
    assert len(pages) > 1_000
    outcomes = [read(html, f"page {number}") for number, html in enumerate(pages)]
    for number, outcome in enumerate(outcomes):
        if isinstance(outcome, PermanentError):
            assert outcome.reason in ("no_text", "extraction_failed")
            assert f"page {number}:" in outcome.detail
        else:
            assert outcome.text.strip()
    assert any(isinstance(outcome, Extracted) for outcome in outcomes)


@pytest.mark.timeout(300)
def test_an_article_behind_most_of_them_is_found() -> None:
    """It is lost only where the page says that it stands in a script, a comment, an attribute or
    another thing that no reader sees, or in an element whose text is no article's."""
    article = "".join(f"<p>{SENTENCE * 3}</p>" for _ in range(6))
    pages = documents()
    outcomes = [read(f"{html}\n<article>{article}</article>", "page") for html in pages]
    found = sum(isinstance(o, Extracted) and "old stone bridge" in o.text for o in outcomes)
    assert found > SHARE * len(pages)
