"""``wireroom stage clean``: a line tells all that the article does."""

from __future__ import annotations

import orjson

from services.cleaner.lines import CleanLine
from shared.events import Article

# What the line's own producer knows already.
_OF_THE_DOCUMENT = {
    "schema_version", "document_id", "url", "filename", "parent", "member", "content_type",
    "received_at",
}  # fmt: skip
_LINKED = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": "Lock gates of Tarnhof open again",
    "author": {"@type": "Person", "name": "Henrike Vollmer"},
    "datePublished": "2026-04-14T08:30:00+02:00",
    "dateModified": "2026-04-15",
    "articleSection": "Waterways",
    "image": "https://tarnhof.example/lock.jpg",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "isAccessibleForFree": False,
}
_PAGE = (
    '<!doctype html><html lang="en"><head><title>Lock gates of Tarnhof open again</title>'
    f'<script type="application/ld+json">{orjson.dumps(_LINKED).decode()}</script></head>'
    "<body><article><h1>Lock gates of Tarnhof open again</h1>"
    "<p>The lock of Tarnhof took its first barge since the flood on Tuesday, eleven weeks after "
    "the river had lifted both lower gates off their hinges and left them in a meadow.</p>"
    "<p>Divers found the hinges whole. The gates were straightened in a shipyard downstream and "
    "hung again over Easter, when no barges run and the water is at its lowest.</p>"
    "<p>About forty ships a day pass the lock in summer, most of them with gravel. The harbour "
    "office expects the queue that has formed at both ends to be gone by Friday.</p>"
    "</article></body></html>"
)


def _line(**record: object) -> dict[str, object]:
    given = {"id": "7", "content": _PAGE, "content_type": "text/html", **record}
    return CleanLine()({"received_at": "2026-05-01T00:00:00Z", **given})


def test_every_field_of_an_article_stands_in_its_line() -> None:
    assert set(Article.model_fields) - _OF_THE_DOCUMENT == set(_line()) - {"id"}


def test_a_line_is_the_article() -> None:
    line = _line(url="https://tarnhof.example/lock?utm_source=x")
    assert line["id"] == "7"
    assert line["title"] == "Lock gates of Tarnhof open again"
    assert line["authors"] == ["Henrike Vollmer"]
    assert line["canonical_url"] == "https://tarnhof.example/lock"
    assert line["published_at"] == "2026-04-14T08:30:00+02:00"
    assert str(line["modified_at"]).startswith("2026-04-15T")
    assert line["modified_precision"] == "day"
    assert line["section"] == "Waterways"
    assert line["image"] == "https://tarnhof.example/lock.jpg"
    assert line["licence"] == "https://creativecommons.org/licenses/by/4.0/"
    assert line["paywalled"] is True
    assert line["agencies"] == []
    assert line["passages"] == []
    assert str(line["text"]).startswith("The lock of Tarnhof took")
    confidence = line["confidence"]
    assert isinstance(confidence, dict)
    assert all(0 < sure <= 1 for sure in confidence.values())
    assert orjson.loads(orjson.dumps(line)) == line


def test_what_nothing_tells_is_there_and_empty() -> None:
    line = _line(
        content="The lock took its first barge on Tuesday. " * 9, content_type="text/plain"
    )
    nothing = ("section", "image", "licence", "paywalled", "modified_at", "modified_precision")
    assert [line[name] for name in nothing] == [None] * 6
    assert line["agencies"] == line["passages"] == []
