"""``wireroom demo``: the table, what it is compared with, and the commands to go on with."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from services.cli import demo, sinks
from services.cli.demo import Result, demo_command, differences, examples, table
from shared.events import Duplicate, EnrichedArticle
from shared.resources import deploy_path
from shared.search.document import Document
from tests.unit.cli_fakes import FakeFlow, FakeItem, FakeOutcome, FakeReport

EXPECTED: dict[str, Any] = json.loads(
    (deploy_path("samples") / "expected.json").read_text(encoding="utf-8")
)["files"]
IDS = ("0" * 25 + "A", "0" * 25 + "B")


def _document(article_id: str, title: str = "A title", day: int = 3) -> Document:
    return Document.of(
        EnrichedArticle(
            article_id=article_id,
            document_id="d",
            content_hash="0" * 64,
            received_at=datetime(2026, 1, 1, tzinfo=UTC),
            title=title,
            published_at=datetime(2026, 1, day, tzinfo=UTC),
            site_name="A site",
            language="en",
            text="Text.",
            first_seen_at=datetime(2026, 1, 4, tzinfo=UTC),
            version=1,
            duplicate=Duplicate(group_id=article_id),
        )
    )


def _result() -> Result:
    items = [
        FakeItem("a.txt", [FakeOutcome("accepted", IDS[0], "A title")]),
        FakeItem("b.html", [FakeOutcome("accepted", IDS[1], "Another", kind="near", of=IDS[0])]),
        FakeItem("c.txt", [FakeOutcome("rejected", reason="empty", detail="c.txt: nothing")]),
    ]
    documents = {IDS[0]: _document(IDS[0]), IDS[1]: _document(IDS[1], "Another")}
    return Result(FakeReport(items), documents)


def _article(**changes: Any) -> dict[str, Any]:
    article = {
        "title": "A title",
        "published": "2026-01-03",
        "language": "en",
        "duplicate": {"kinds": ["none"], "of": None},
    }
    return article | changes


@pytest.mark.parametrize(("width", "site"), [(100, []), (160, ["A", "site"])])
def test_the_table_names_the_file_that_a_copy_repeats(width: int, site: list[str]) -> None:
    lines = _table(_result(), width)
    (original,) = [line for line in lines if line.startswith("a.txt")]
    assert original.split() == ["a.txt", "A", "title", *site, "2026-01-03", "en"]
    (copy,) = [line for line in lines if line.startswith("b.html")]
    assert copy.endswith("near copy of a.txt")
    assert not any("c.txt" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120, 160])
def test_the_table_keeps_dates_and_languages_whatever_the_width(width: int) -> None:
    result = _result()
    result.documents[IDS[0]] = _document(IDS[0], "A title that goes on and on " * 5)
    result.report.items[0].outcomes[0] = FakeOutcome("accepted", IDS[0], "A long title " * 9)  # type: ignore[index]
    text = "\n".join(_table(result, width))
    assert text.count("2026-01-03") == 2
    assert len([word for word in text.split() if word == "en"]) == 2


def test_in_a_narrow_terminal_an_article_takes_two_lines() -> None:
    result = _result()
    long = "A title that goes on and on " * 5
    result.report.items[1].outcomes[0] = FakeOutcome(  # type: ignore[index]
        "accepted", IDS[1], long, kind="near", of=IDS[0]
    )
    lines = _table(result, 80)
    assert max(map(len, lines)) <= 80
    start = next(number for number, line in enumerate(lines) if line.startswith("b.html"))
    assert lines[start].split() == ["b.html", "2026-01-03", "en"]
    assert lines[start + 1].startswith("A title that goes on and on A title")
    assert lines[start + 1].endswith("near copy of a.txt")
    assert not lines[start + 2]


def test_a_copy_within_a_container_names_the_member() -> None:
    result = _result()
    result.report.items[0].outcomes[:] = [  # type: ignore[index]
        FakeOutcome("accepted", IDS[0], "A title", member="item 1"),
        FakeOutcome("accepted", IDS[1], "Another", kind="exact", of=IDS[0], member="item 2"),
    ]
    assert any(line.endswith("exact copy of item 1") for line in _table(result, 160))


def _table(result: Result, width: int) -> list[str]:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table(result, width))
    return [line.strip() for line in console.export_text().splitlines()]


@pytest.mark.parametrize(
    ("articles", "rejected", "told"),
    [
        ([_article()], [], []),
        ([_article(title="Other")], [], ["a.txt: title 'A title', not 'Other'"]),
        ([_article(published="2026-01-02")], [], ["a.txt: date '2026-01-03', not '2026-01-02'"]),
        ([_article(language="de")], [], ["a.txt: language 'en', not 'de'"]),
        ([_article(), _article()], [], ["a.txt: 1 articles, not 2"]),
        ([_article()], [{}], ["a.txt: 0 rejections, not 1"]),
        (
            [_article(duplicate={"kinds": ["near", "exact"], "of": "x"})],
            [],
            ["a.txt: copies ['none'], not one of [['near', 'exact']]"],
        ),
    ],
)
def test_differences_are_told(
    articles: list[dict[str, Any]], rejected: list[dict[str, Any]], told: list[str]
) -> None:
    result = _result()
    expected = {"articles": articles, "rejected": rejected}
    assert differences(result.report.items[0], expected, result) == told


def test_a_later_revision_in_the_index_is_not_held_against_the_sample() -> None:
    result = _result()
    result.documents[IDS[0]] = _document(IDS[0], "A later title", day=9)
    expected = {"articles": [_article()], "rejected": []}
    assert differences(result.report.items[0], expected, result) == []


def test_examples_show_an_article_that_has_a_copy() -> None:
    *_, show = examples(_result(), Path("a store.db"))
    assert show.endswith(f"show {IDS[0]} --store 'a store.db'")


def test_the_command_submits_every_sample_and_compares(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def outcome(name: str, data: bytes) -> FakeOutcome:
        if not data:
            return FakeOutcome("rejected", reason="empty", detail="nothing in it")
        return FakeOutcome("accepted", IDS[0], "A title")

    class Index:
        async def get(self, article_id: str) -> Document:
            return _document(article_id)

        async def close(self) -> None:
            return None

    flow = FakeFlow(outcome)
    monkeypatch.setattr(sinks, "open_flow", lambda store, workers: flow)
    monkeypatch.setattr(demo, "open_index", lambda store, elastic: Index())
    done = CliRunner().invoke(
        demo_command, ["--store", str(tmp_path / "x.db")], catch_exceptions=False
    )
    assert done.exit_code == 0
    assert [name for name, _ in flow.submitted] == sorted(EXPECTED)
    assert "28-empty.txt: empty (nothing in it)" in done.stdout
    assert "Different from expected.json:" in done.stdout
    assert "27-noise.txt: 1 articles, not 0" in done.stdout
    assert "28-empty.txt: " not in done.stdout.partition("Different from")[2]
    assert f"show {IDS[0]} --store" in done.stdout
