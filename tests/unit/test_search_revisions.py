"""The embedded index keeps revisions, ``wireroom`` shows them, and older stores open."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from rich.console import Console

from services.cli.__main__ import wireroom
from services.cli.revisions import show_diff
from shared.search.document import Document
from shared.search.sqlite_index import SqliteIndex
from shared.search.sqlite_publisher import SqlitePublisher
from shared.search.sqlite_store import SCHEMA_VERSION
from tests.revisions_contract import RevisionsContract, revision
from tests.search_contract import article, article_id, emit

FERRY = article_id("ferry")


async def _nothing() -> None:
    """Writes are visible at once."""


@pytest_asyncio.fixture
async def contract(tmp_path: Path) -> AsyncIterator[RevisionsContract]:
    publisher = SqlitePublisher(tmp_path / "store.db")
    await publisher.start()
    index = SqliteIndex(tmp_path / "store.db")
    yield RevisionsContract(publisher, index, _nothing)
    await index.close()
    await publisher.stop()


async def test_every_case(contract: RevisionsContract) -> None:
    await contract.every_case()


async def test_a_batch_that_fails_leaves_what_was_there(
    contract: RevisionsContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    await contract.write(revision(1))

    def broken(*_: object) -> None:
        raise OSError("the machine is gone")

    with monkeypatch.context() as patched:
        # After the earlier revision is kept, before the later one is written.
        patched.setattr("shared.search.sqlite_publisher._column", broken)
        with pytest.raises(OSError, match="gone"):
            await contract.write(revision(2))
    await contract.assert_readable("ferry", 1)
    await contract.write(revision(2))
    await contract.assert_readable("ferry", 1, 2)


async def test_a_stored_document_that_cannot_be_read_is_not_written_over(
    contract: RevisionsContract, tmp_path: Path
) -> None:
    await contract.write(revision(1), revision(1, "other"))
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute(
            "UPDATE search_articles SET document = '{}' WHERE article_id = ?", (FERRY,)
        )
    connection.close()
    publisher = SqlitePublisher(tmp_path / "store.db")
    await publisher.start()
    refused, taken = await publisher.publish([emit(revision(2)), emit(revision(2, "other"))])
    await publisher.stop()
    assert refused is not None
    assert refused.reason == "stored_unreadable"
    assert taken is None
    assert publisher.outcomes == {"rejected": 1, "indexed": 1}
    await contract.assert_readable("other", 1, 2)


def _of_version_1(path: Path) -> None:
    """Make the store at ``path`` what it was before revisions were kept."""
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE search_revisions")
        connection.execute("UPDATE search_schema SET version = 1")
    connection.close()


async def test_a_store_written_before_revisions_were_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    publisher = SqlitePublisher(path)
    await publisher.start()
    await publisher.publish([emit(revision(1))])
    await publisher.stop()
    _of_version_1(path)
    index = SqliteIndex(path)
    assert [one.number for one in await index.revisions(FERRY)] == [1]
    assert await index.revision(FERRY, 2) is None
    again = SqlitePublisher(path)
    await again.start()
    contract = RevisionsContract(again, index, _nothing)
    await contract.write(revision(2))
    await contract.assert_readable("ferry", 1, 2)
    await index.close()
    await again.stop()
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("SELECT version FROM search_schema").fetchone()
    connection.close()
    assert version == SCHEMA_VERSION == 2


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "cli.db"

    async def fill() -> None:
        publisher = SqlitePublisher(path)
        await publisher.start()
        await publisher.publish([emit(revision(number)) for number in (1, 2, 3)])
        await publisher.publish([emit(article("single", "A text.", title="Single"))])
        await publisher.stop()

    asyncio.run(fill())
    return path


def _run(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(wireroom, [*arguments, "--store", str(store)])


def test_an_earlier_revision_is_shown(store: Path) -> None:
    result = _run(store, "show", FERRY, "--revision", "1")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == "Ferry 1"
    assert "The ferry leaves at nine." in result.output
    newest = _run(store, "show", FERRY).output
    assert "The ferry leaves at ten." in newest
    assert "3: 3 words added, 6 removed since 2" in newest
    data = json.loads(_run(store, "show", FERRY[:10], "--revision", "2", "--json").output)
    assert data["revision"] == 2
    wrong = _run(store, "show", FERRY, "--revision", "7")
    assert wrong.exit_code == 1
    assert "there is no revision 7 of it, only 1, 2, 3" in wrong.output


def test_the_list_of_revisions(store: Path) -> None:
    result = _run(store, "revisions", FERRY)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()[3:]]
    assert rows == [
        ["1", "2026-11-02", "08:00", "UTC", "Ferry", "1"],
        ["2", "2026-11-02", "08:00", "UTC", "+1", "−1", "Ferry", "2"],
        ["3", "2026-11-02", "08:00", "UTC", "+3", "−6", "Ferry", "3"],
    ]
    data = json.loads(_run(store, "revisions", FERRY, "--json").output)
    assert data["article_id"] == FERRY
    assert [one["revision"] for one in data["revisions"]] == [1, 2, 3]
    assert data["revisions"][0]["changes"] is None
    assert data["revisions"][2]["changes"]["removed"] == ["Tickets are sold at the pier."]


def test_the_difference_is_plain_where_it_is_piped(store: Path) -> None:
    expected = [
        "--- revision 1, 2026-11-02 08:00 UTC",
        "+++ revision 3, 2026-11-02 08:00 UTC",
        "",
        "- title: Ferry 1",
        "+ title: Ferry 3",
        "",
        "~ The ferry leaves at [-nine-]{+ten+}.",
        "",
        "- Tickets are sold at the pier.",
        "",
        "+ It is full.",
    ]
    assert _run(store, "revisions", FERRY, "--diff", "1..3").output.splitlines() == expected
    assert _run(store, "revisions", FERRY, "--diff", "1..").output.splitlines() == expected
    last = _run(store, "revisions", FERRY, "--diff").output.splitlines()
    assert last[0].startswith("--- revision 2,")
    assert "  … 1 paragraph as before" in last
    assert _run(store, "revisions", FERRY, "--diff", "..2").output.startswith("--- revision 1,")


def test_the_difference_as_json(store: Path) -> None:
    data = json.loads(_run(store, "revisions", FERRY, "--diff", "2..3", "--json").output)
    assert (data["from"], data["to"]) == (2, 3)
    assert data["changes"]["words_added"] == 3
    assert [one["kind"] for one in data["paragraphs"]] == ["same", "removed", "added"]


def test_what_cannot_be_compared(store: Path) -> None:
    single = _run(store, "revisions", article_id("single"), "--diff")
    assert single.exit_code == 1
    assert "nothing changed yet" in single.output
    assert _run(store, "revisions", article_id("single")).exit_code == 0
    missing = _run(store, "revisions", FERRY, "--diff", "1..9")
    assert "there is no revision 9 of it, only 1, 2, 3" in missing.output
    wrong = _run(store, "revisions", FERRY, "--diff", "one")
    assert wrong.exit_code == 2
    assert "'one' is no range such as 1..3" in wrong.output
    assert "there is no article" in _run(store, "revisions", "ZZZZ").output


def test_on_a_terminal_changes_are_coloured() -> None:
    before, after = Document.of(revision(1)), Document.of(revision(2))
    console = Console(force_terminal=True, color_system="standard", width=80, no_color=False)
    with console.capture() as captured:
        show_diff((before, after), console)
    told = captured.get()
    assert "\x1b[9;31mnine\x1b[0m\x1b[32mten\x1b[0m" in told
    assert "[-" not in told


def test_nothing_in_a_revision_steers_the_terminal() -> None:
    before = Document.of(
        article("x", "one \x1b[2J two [red]three[/red] four", title="\x1b]0;t\x07")
    )
    after = Document.of(article("x", "one \x1b[2J two [red]three[/red] five", title="t"))
    console = Console(width=200)
    with console.capture() as captured:
        show_diff((before, after), console)
    assert "\x1b" not in captured.get()
    assert "[red]three[/red]" in captured.get()


def test_where_fields_come_from_and_how_sure_they_are(tmp_path: Path) -> None:
    path = tmp_path / "fields.db"
    fields: dict[str, Any] = {
        "agencies": ["Example Press"],
        "section": "World",
        "licence": "CC BY 4.0",
        "paywalled": False,
        "image": "https://example.org/a.jpg",
        "modified_at": "2026-11-02T09:30:00Z",
        "modified_precision": "minute",
        "provenance": {
            "agencies": "byline",
            "section": "json-ld",
            "licence": "link",
            "paywalled": "json-ld",
            "image": "meta",
            "modified": "meta",
        },
        "confidence": {"section": 0.97, "modified": 0.5},
    }

    async def fill() -> None:
        publisher = SqlitePublisher(path)
        await publisher.start()
        await publisher.publish([emit(article("full", "A text.", title="Full", **fields))])
        await publisher.stop()

    asyncio.run(fill())
    lines = [
        " ".join(line.split())
        for line in _run(path, "show", article_id("full")).output.splitlines()
    ]
    for line in (
        "agencies Example Press from byline",
        "section World from json-ld, 97 % sure",
        "licence CC BY 4.0 from link",
        "paywall free to read from json-ld",
        "image https://example.org/a.jpg from meta",
    ):
        assert line in lines
    told = " ".join(lines)
    assert "modified 2026-11-02 09:30 UTC (to the minute)" in told
    assert "from meta, 50 % sure" in told
