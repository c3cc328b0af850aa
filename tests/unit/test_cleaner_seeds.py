"""The five seed files: what a plain producer drops, and what must come of it."""

from __future__ import annotations

from typing import Any

import pytest

from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from shared.events import Article, Envelope, Message, parse_time
from shared.runtime.stage import Emit
from tests.shared_data import shared_data

pytestmark = pytest.mark.shared_data

RECEIVED = parse_time("2026-11-22T12:00:00Z")


def clean(name: str) -> Article:
    data = shared_data("seeds", name).read_bytes()
    envelope = Envelope(
        id="D", filename=name, content_type="text/plain; charset=utf-8", received_at=RECEIVED
    )
    outcomes = Clean(CleanerSettings())(Message(value=data, headers=envelope.headers()))
    assert len(outcomes) == 1
    emit = outcomes[0]
    assert isinstance(emit, Emit)
    return Article.decode(emit.value)


SEEDS: dict[str, dict[str, Any]] = {
    "000_76891769f0a637e9.txt": {
        "title": 'Ukrainian president calls for international "foreign legion" of volunteers to '
        "help fight off Russian invasion; Putin raises nuclear weapons readiness",
        "authors": ["jdheyes"],
        "day": "2022-02-28",
        "from": "byline",
    },
    "001_9d6f517325fcc812.txt": {
        "title": "Ukraine Agrees to Meet for Negotiations With Russia at Belarus Border",
        "day": "2022-02-27",
        "from": "url-in-text",
    },
    "002_3dafb38938690aa6.txt": {
        "title": "Ukrainian President Volodymyr Zelenskyy has announced he is ordering the release "
        "of some prisoners to join the front lines of the Russian invasion.",
        "day": "2022-02-28",
        "from": "text",
        "topics": ["Ukraine", "Volodymyr Zelensky", "Russia", "World News"],
    },
    "003_61de5d6ced24f639.txt": {
        "title": "Ukrainian President States Their Defence is at a ‘Turning Point’",
        "site": "The Times of Isreal",
    },
    "004_a85e82f556624af8.txt": {
        "title": "Peace Talks Between Russia and Ukraine Resume, as Forces Approach Kyiv",
    },
}


@pytest.mark.parametrize("name", SEEDS)
def test_metadata_of_a_seed(name: str) -> None:
    article, expected = clean(name), SEEDS[name]
    assert article.title == expected["title"]
    assert article.authors == expected.get("authors", [])
    assert article.topics == expected.get("topics", [])
    assert article.site_name == expected.get("site")
    assert article.published_from == expected.get("from")
    if "day" in expected:
        assert article.published_at is not None
        assert article.published_at.date().isoformat() == expected["day"]
        assert article.published_precision == "day"
    else:
        assert article.published_at is None
        assert article.published_precision is None
    assert article.language == "en"


DROPPED: dict[str, tuple[str, ...]] = {
    "000_76891769f0a637e9.txt": ("Ukrainian president calls for", "By jdheyes"),
    "001_9d6f517325fcc812.txt": (
        "Skip to content", "Ukraine Agrees to Meet", "Ukraine's President Volodymyr Zelensky holds",
        "https://", "We’re not backing down", "As Donald Trump is", "Our task is formidable",
        "As a dizzying number", "At Truthout", "Over 80 percent", "You can help by giving",
    ),
    "002_3dafb38938690aa6.txt": ("Advert", "If you would like to donate", "Topics:"),
    "003_61de5d6ced24f639.txt": ("Home News", "Ukrainian President States", "Source:"),
    "004_a85e82f556624af8.txt": (
        "Peace Talks Between", "Related Articles", "Please enter", "- Advertisement", "Latest",
    ),
}  # fmt: skip
"""How the lines begin that an editor would leave out; all others are the article's, in order."""
CUT = " Sources include: CNN.com FoxNews.com"


@pytest.mark.parametrize("name", SEEDS)
def test_every_line_of_a_seed_is_kept_or_dropped_as_an_editor_would(name: str) -> None:
    raw = shared_data("seeds", name).read_text(encoding="utf-8")
    lines = [line.strip() for line in raw.replace("\xa0", " ").split("\n") if line.strip()]
    for beginning in DROPPED[name]:
        assert any(line.startswith(beginning) for line in lines)
    wanted = [line.removesuffix(CUT) for line in lines if not line.startswith(DROPPED[name])]
    found = clean(name).text.replace("\xa0", " ").split("\n\n")
    assert found == wanted


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("000_76891769f0a637e9.txt", "As Russian forces continue", "according to CNN."),
        ("001_9d6f517325fcc812.txt", "Ukrainian President Volodymyr", "ordered to stay and fight."),
        ("002_3dafb38938690aa6.txt", "Ukrainian President Volodymyr", "would be productive."),
        ("003_61de5d6ced24f639.txt", "Ukraine’s president said", "by the United Nations."),
        ("004_a85e82f556624af8.txt", "Russian soldiers kept up", "annexed from Ukraine in 2014."),
    ],
)
def test_the_article_of_a_seed_is_whole(name: str, first: str, last: str) -> None:
    text = clean(name).text
    assert text.startswith(first)
    assert text.endswith(last)
