"""``wireroom duplicates`` and ``wireroom story`` on an embedded store."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.duplicates import duplicates_command
from services.cli.story import story_command
from shared.search.sqlite_index import SqliteIndex
from shared.search.sqlite_publisher import SqlitePublisher
from tests.search_contract import START, article, article_id, articles, emit, entity

STORY = article_id("talks")
KYIV = entity("Kyiv", "LOC", "Q1899", "Kyiv")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    told = [
        one.model_copy(update={"story_id": STORY})
        if one.article_id in (STORY, article_id("copy"))
        else one
        for one in articles()
    ]
    told[1] = told[1].model_copy(
        update={
            "duplicate": told[1].duplicate.model_copy(
                update={"evidence": ["80 % of it stands in the other, 75 % of the other in it"]}
            )
        }
    )
    told.append(
        article(
            "report", "Guests of many states came to Kyiv for \x1b[2Jtalks in \u6771\u4eac \u58eb.",
            title="Guests in Kyiv", entities=[KYIV], story_id=STORY, site_name="Far Mirror",
            published_at=START + timedelta(days=1), hours=5,
        )
    )  # fmt: skip

    async def fill() -> None:
        publisher = SqlitePublisher(path)
        await publisher.start()
        await publisher.publish([emit(one) for one in told])
        await publisher.stop()

    asyncio.run(fill())
    return path


def duplicates(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(duplicates_command, [*arguments, "--store", str(store)])


def story(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(story_command, [*arguments, "--store", str(store)])


@pytest.mark.parametrize("name", ["talks", "copy"])
def test_copies_stand_beside_their_original_with_the_reason(store: Path, name: str) -> None:
    result = duplicates(store, article_id(name)[:9].lower(), "--width", "150")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "Allies gather in Kyiv"
    original = next(line for line in lines if line.startswith(article_id("talks")))
    copy = next(line for line in lines if line.startswith(article_id("copy")))
    assert "original" in original
    assert "Example Times" in original
    assert "near" in copy
    assert "80 % of it stands" in " ".join(result.output.split())
    beside = next(line for line in lines if "[-" in line and "{+" in line)
    assert beside.index("[-") < 75 < beside.index("{+")


def test_the_difference_is_no_wider_than_asked(store: Path) -> None:
    result = duplicates(store, article_id("copy"), "--width", "60")
    assert max(map(len, result.output.splitlines())) <= 60


def test_an_article_without_copies_says_so(store: Path) -> None:
    result = duplicates(store, article_id("flood"))
    assert result.exit_code == 0
    assert "there is no copy of it" in result.output


def test_one_copy_can_be_named_and_must_be_one(store: Path) -> None:
    assert "[-" in duplicates(store, STORY, "--with", article_id("copy")).output
    for other, why in (("flood", "not of the same group"), ("talks", "the original itself")):
        result = duplicates(store, STORY, "--with", article_id(other))
        assert result.exit_code == 1
        assert why in result.output
    result = duplicates(store, "UUUU")
    assert result.exit_code == 1
    assert "there is no article 'UUUU'" in result.output


def test_duplicates_as_json(store: Path) -> None:
    data = json.loads(duplicates(store, STORY, "--json").output)
    assert data["original"]["article_id"] == data["group_id"] == STORY
    (copy,) = data["copies"]
    assert copy["duplicate"]["evidence"] == [
        "80 % of it stands in the other, 75 % of the other in it"
    ]
    kinds = {piece["kind"] for one in copy["paragraphs"] for piece in one["pieces"]}
    assert {"added", "removed"} <= kinds


@pytest.mark.parametrize("name", ["talks", "report"])
def test_a_story_has_its_headline_time_sources_and_entities(store: Path, name: str) -> None:
    result = story(store, article_id(name))
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert told.startswith(f"Allies gather in Kyiv story {STORY} time 2026-10-30 08:00 to "
                           "2026-11-03 08:00 size 3 articles, 2 without copies")  # fmt: skip
    assert "sources Example Times, Copy Post, Far Mirror" in told
    assert "about Kyiv, " in told
    assert "near copy" in told
    for one in ("talks", "copy", "report"):
        assert article_id(one) in told
    assert "\x1b" not in story(store, article_id(name)).output


def test_a_story_as_json(store: Path) -> None:
    data = json.loads(story(store, STORY, "--json").output)
    assert (data["story_id"], data["size"], data["size_without_copies"]) == (STORY, 3, 2)
    assert data["entities"][0] == {
        "entity_id": "Q1899", "name": "Kyiv", "type": "LOC", "articles": 2,
    }  # fmt: skip
    assert [one["title"] for one in data["articles"]] == [
        "Allies gather in Kyiv", "Leaders gather", "Guests in Kyiv",
    ]  # fmt: skip


def test_what_is_in_no_story_says_so(store: Path) -> None:
    result = story(store, article_id("flood"))
    assert result.exit_code == 1
    assert "is in no story" in result.output
    assert story(store, "").exit_code == 1
    assert "there is no article 'UUUU'" in story(store, "UUUU").output


async def test_a_story_is_found_by_an_index(store: Path) -> None:
    index = SqliteIndex(store)
    found = await index.story(STORY)
    plan = await index._read(
        lambda connection: connection.execute(
            "EXPLAIN QUERY PLAN SELECT 1 FROM search_articles "
            "WHERE json_extract(CAST(document AS TEXT), '$.story_id') = 'x'"
        ).fetchall()
    )
    await index.close()
    assert [one.title for one in found] == [
        "Allies gather in Kyiv", "Leaders gather", "Guests in Kyiv",
    ]  # fmt: skip
    assert "search_stories" in str(plan)
