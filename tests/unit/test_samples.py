"""The shipped samples are what their README and expected.json say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.events import Envelope, Message
from shared.resources import deploy_path
from shared.runtime.stage import Emit, Reject

SAMPLES = deploy_path("samples")
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (SAMPLES / "expected.json").read_text(encoding="utf-8")
)["files"]


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
