"""What a feed said of a page counts where the page says nothing."""

from __future__ import annotations

import orjson

from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from shared.events import Article, Envelope, Message, parse_time
from shared.fetching import HINTS_HEADER, Hints
from shared.runtime.stage import Emit
from shared.settings import load_settings

BODY = "<p>The river rose by two metres overnight, and forty people left their houses.</p>" * 3


def article(html: str, hints: Hints | str) -> Article:
    header = hints if isinstance(hints, str) else hints.encode().decode()
    envelope = Envelope(
        content_type="text/html; charset=utf-8",
        url="https://a.example/flood",
        received_at=parse_time("2026-03-05T10:00:00Z"),
        extra={HINTS_HEADER: header},
    )
    (emitted,) = Clean(load_settings(CleanerSettings))(
        Message(html.encode(), headers=envelope.headers())
    )
    assert isinstance(emitted, Emit)
    return Article.decode(emitted.value)


def test_missing_fields_are_filled() -> None:
    hints = Hints(
        title="Flood in the old town", published_at="2026-03-04T08:15:00+01:00", authors=["A. Ray"]
    )
    found = article(f"<html><body>{BODY}</body></html>", hints)
    assert found.title == "Flood in the old town"
    assert found.authors == ["A. Ray"]
    assert found.published_at is not None
    assert found.published_at.isoformat().startswith("2026-03-04T")
    assert (found.published_from, found.published_precision) == ("feed", "second")
    assert found.provenance["title"] == "feed"


def test_the_page_is_believed_first() -> None:
    facts = {"@type": "NewsArticle", "headline": "Own", "datePublished": "2026-03-01T07:00:00Z"}
    head = f'<script type="application/ld+json">{orjson.dumps(facts).decode()}</script>'
    found = article(
        f"<html><head>{head}</head><body><h1>Own</h1>{BODY}</body></html>",
        Hints(title="Theirs", published_at="2026-03-04T08:15:00Z"),
    )
    assert found.title == "Own"
    assert found.published_at is not None
    assert found.published_at.day == 1


def test_a_day_takes_its_time_from_a_hint_of_that_day() -> None:
    head = '<meta property="article:published_time" content="{}">'
    day = head.format("2026-03-04")
    same = article(
        f"<html><head>{day}</head><body>{BODY}</body></html>",
        Hints(published_at="2026-03-04T08:15:00Z"),
    )
    assert same.published_at is not None
    assert (same.published_at.hour, same.published_from) == (8, "feed")
    other = article(
        f"<html><head>{day}</head><body>{BODY}</body></html>",
        Hints(published_at="2026-02-04T08:15:00Z"),
    )
    assert other.published_from != "feed"


def test_hints_that_cannot_be_read_are_none() -> None:
    for broken in ("", "{", '{"title": 5}', '{"published_at": "soon"}'):
        assert article(f"<html><body>{BODY}</body></html>", broken).published_at is None
