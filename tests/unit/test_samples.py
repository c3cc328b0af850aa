"""The shipped samples are what their README and expected.json say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.events import Envelope, Message, TaggedArticle
from shared.resources import deploy_path
from shared.runtime.stage import Emit, Reject

SAMPLES = deploy_path("samples")
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (SAMPLES / "expected.json").read_text(encoding="utf-8")
)["files"]


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CLEAN = Clean(CleanerSettings())
TAG = Tag(TaggerSettings())


def _files() -> list[Path]:
    return sorted(p for p in SAMPLES.iterdir() if p.name not in ("README.md", "expected.json"))


def test_every_sample_is_described() -> None:
    names = [path.name for path in _files()]
    assert names == sorted(EXPECTED)
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in readme] == []


def test_there_is_enough_of_everything() -> None:
    articles = [article for entry in EXPECTED.values() for article in entry["articles"]]
    assert len(articles) >= 26
    assert len({article["language"] for article in articles}) >= 3
    kinds = {kind for article in articles for kind in article["duplicate"]["kinds"]}
    assert kinds == {"none", "exact", "near", "spun"}
    assert sum(len(entry["rejected"]) for entry in EXPECTED.values()) >= 3
    assert {article["published"][:4] for article in articles} == {"2026"}


def test_originals_come_before_their_copies() -> None:
    for name, entry in EXPECTED.items():
        for article in entry["articles"]:
            for original in (article["duplicate"]["of"], article.get("same_article_as")):
                assert original is None or (original in EXPECTED and original <= name)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_fetcher_finds_what_is_expected(name: str) -> None:
    message = Message(
        (SAMPLES / name).read_bytes(), headers=Envelope(filename=name).headers(), topic="t"
    )
    outcomes = Fetch(FetcherSettings())(message)
    documents = [outcome for outcome in outcomes if isinstance(outcome, Emit)]
    rejected = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    articles = EXPECTED[name]["articles"]
    assert len(documents) == len(articles)
    members = [Envelope.parse(document.headers).member for document in documents]
    for article, member in zip(articles, members, strict=True):
        assert article.get("member") in (None, member)
    assert len(rejected) == len(EXPECTED[name]["rejected"])
    for expected, outcome in zip(EXPECTED[name]["rejected"], rejected, strict=True):
        assert outcome.member == (expected["member"] or "")
        told = f"{outcome.reason} {outcome.detail}".casefold()
        assert any(word in told for word in expected["about"])
        assert name in outcome.detail


def _run(name: str) -> list[TaggedArticle]:
    """The articles of a sample, cleaned and tagged."""
    message = Message(
        (SAMPLES / name).read_bytes(), headers=Envelope(filename=name, received_at=NOW).headers()
    )
    articles = []
    for document in Fetch(FetcherSettings())(message):
        if not isinstance(document, Emit):
            continue
        (cleaned,) = CLEAN(Message(document.value, headers=document.headers))
        assert isinstance(cleaned, Emit)
        (tagged,) = TAG(Message(cleaned.value, headers=cleaned.headers))
        assert isinstance(tagged, Emit)
        articles.append(TaggedArticle.decode(tagged.value))
    return articles


@pytest.mark.parametrize("name", sorted(n for n, facts in EXPECTED.items() if facts["articles"]))
def test_cleaner_and_tagger_find_what_is_expected(name: str) -> None:
    for article, expected in zip(_run(name), EXPECTED[name]["articles"], strict=True):
        assert article.title == expected["title"]
        assert article.published_at is not None
        assert f"{article.published_at:%Y-%m-%d}" == expected["published"]
        assert article.language == expected["language"]
        assert article.authors == expected["authors"]
        assert expected["site"] in (None, article.site_name)
        assert expected["url"] is None or article.canonical_url == expected["url"]
        assert [text for text in expected["contains"] if text not in article.text] == []
        assert [text for text in expected["absent"] if text in article.text] == []
        names = {entity.name for entity in article.entities}
        names |= {m.text for entity in article.entities for m in entity.mentions}
        assert set(expected["entities"]) - names == set()
