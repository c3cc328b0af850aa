"""``wireroom stage clean``: a line tells all that the article does."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.cleaner import lines
from services.cleaner.lines import CleanLine
from shared.events import Article
from shared.runtime.stage import Emit

# What the line's own producer knows already.
_OF_THE_DOCUMENT = {
    "schema_version", "document_id", "url", "filename", "parent", "member", "content_type",
    "received_at",
}  # fmt: skip
_NOTHING = {"id": "7", "content": "The lock of Tarnhof took its first barge. " * 9}
ARTICLE: dict[str, Any] = {
    "article_id": "0" * 26,
    "document_id": "7",
    "content_hash": "ab" * 32,
    "canonical_url": "https://tarnhof.example/lock",
    "received_at": "2026-05-01T00:00:00Z",
    "title": "Lock gates of Tarnhof open again",
    "authors": ["Henrike Vollmer"],
    "agencies": ["Nordpress"],
    "published_at": "2026-04-14T08:30:00+02:00",
    "published_precision": "minute",
    "published_from": "json-ld",
    "modified_at": "2026-04-15T00:00:00+00:00",
    "modified_precision": "day",
    "description": "Barges pass again.",
    "topics": ["Rivers"],
    "section": "Waterways",
    "site_name": "Tarnhof Courier",
    "image": "https://tarnhof.example/lock.jpg",
    "licence": "https://creativecommons.org/licenses/by/4.0/",
    "paywalled": False,
    "language": "en",
    "passages": [{"start": 4, "end": 8, "language": "de"}],
    "text": "The lock of Tarnhof took its first barge.",
    "provenance": {"title": "json-ld"},
    "confidence": {"title": 0.97},
}


def test_every_field_of_an_article_stands_in_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    article = Article.model_validate(ARTICLE)
    monkeypatch.setattr(lines, "Clean", lambda _: lambda _: [Emit(article.encode(), b"")])
    line = CleanLine()(_NOTHING)
    assert line.pop("id") == "7"
    assert set(line) == set(Article.model_fields) - _OF_THE_DOCUMENT
    assert line == {name: ARTICLE[name] for name in line}


def test_what_nothing_tells_is_there_and_empty() -> None:
    line = CleanLine()(_NOTHING)
    nothing = ("section", "image", "licence", "paywalled", "modified_at", "modified_precision")
    assert [line[name] for name in nothing] == [None] * 6
    assert line["agencies"] == line["passages"] == []
    assert orjson.loads(orjson.dumps(line)) == line


def test_the_moment_of_receipt_bounds_the_dates() -> None:
    content = "<article><time>14 April 2026</time><p>The lock took a barge.</p></article>" * 3
    record = {"id": "7", "content": content, "content_type": "text/html"}
    after, before = (
        CleanLine()({**record, "received_at": f"2026-{month}-01T00:00:00Z"})["published_at"] or ""
        for month in ("05", "04")
    )
    assert after.startswith("2026-04-14")
    assert not before.startswith("2026-04-14")
