"""The embedded index finds what every index must, and its writes are safe to repeat."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.errors import QueryError, StoreError
from shared.search.index import Filters
from shared.search.sqlite_index import SqliteIndex
from shared.search.sqlite_publisher import SqlitePublisher
from tests.search_contract import (
    CASES,
    DELETED,
    FILTERS,
    article,
    article_id,
    articles,
    emit,
)
from tests.shared_data import ROOT


@pytest_asyncio.fixture
async def publisher(tmp_path: Path) -> AsyncIterator[SqlitePublisher]:
    publisher = SqlitePublisher(tmp_path / "new" / "store.db")
    await publisher.start()
    yield publisher
    await publisher.stop()


@pytest_asyncio.fixture
async def index(publisher: SqlitePublisher, tmp_path: Path) -> AsyncIterator[SqliteIndex]:
    index = SqliteIndex(tmp_path / "new" / "store.db")
    yield index
    await index.close()


async def _found(index: SqliteIndex, query: str, filters: Filters | None = None) -> set[str]:
    results = await index.search(query, filters)
    assert results.total == len(results.hits)
    return {hit.article_id for hit in results.hits}


async def test_every_case_of_the_query_language(
    publisher: SqlitePublisher, index: SqliteIndex
) -> None:
    assert await publisher.publish([emit(one) for one in [*articles(), DELETED]]) == [None] * 6
    for query, expected in CASES:
        assert await _found(index, query) == {article_id(name) for name in expected}, query


async def test_filters(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    await publisher.publish([emit(one) for one in [*articles(), DELETED]])
    for query, filters, expected in FILTERS:
        names = {article_id(name) for name in expected}
        assert await _found(index, query, filters) == names, (query, filters)


async def test_deleted_articles_are_nowhere(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    await publisher.publish([emit(DELETED)])
    assert await index.count() == 0
    assert await index.get(DELETED.article_id) is None
    assert await index.matching_ids(DELETED.article_id[:5]) == []
    assert await index.duplicates(DELETED.duplicate.group_id) == []


async def test_the_stored_document_is_the_article(
    publisher: SqlitePublisher, index: SqliteIndex
) -> None:
    original = articles()[0]
    await publisher.publish([emit(original)])
    document = await index.get(original.article_id)
    assert document is not None
    kept = document.model_dump(include=set(type(original).model_fields))
    assert kept == original.model_dump()
    assert document.people == ["Volodymyr Zelensky"]
    assert document.places == ["Kyiv"]
    assert document.organizations == ["European Union"]
    assert document.entity_ids == ["Q3874799", "Q1899", "Q458"]
    assert document.locations == ["50.45,30.52"]
    assert document.source == ["Example Times", "times.example.co.uk"]


async def test_snippets_mark_what_was_found(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    long = (
        "Nothing to see. " * 200 + "Then the BRIDGES fell, <b>said</b> a “witness”. " + "End. " * 99
    )
    await publisher.publish([emit(article("long", long))])
    (hit,) = (await index.search("bridge")).hits
    start, end = hit.snippet.matches[0]
    assert hit.snippet.text[start:end] == "BRIDGES"
    assert "<b>said</b> a “witness”" in hit.snippet.text
    assert len(hit.snippet.text) < 400
    (hit,) = (await index.search("")).hits
    assert hit.snippet.text.startswith("Nothing to see.")
    assert hit.snippet.matches == ()


async def test_titles_weigh_more_than_text(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    await publisher.publish(
        [
            emit(article("text", "A dam in the hills. Something else.", title="Water")),
            emit(article("title", "Something else in the hills, this time.", title="Dam")),
            emit(article("other", "Nothing of the kind.", title="Other")),
        ]
    )
    hits = (await index.search("dam")).hits
    assert [hit.article_id for hit in hits] == [article_id("title"), article_id("text")]
    assert hits[0].score > hits[1].score > 0


async def test_pages_and_ids(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    await publisher.publish([emit(article(str(n), f"word {n}", hours=n)) for n in range(25)])
    pages = [(await index.search("", limit=10, offset=at)).hits for at in (0, 10, 20)]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [hit.article_id for page in pages for hit in page] == [
        article_id(str(n)) for n in reversed(range(25))
    ]
    everything = sorted(article_id(str(n)) for n in range(25))
    assert await index.matching_ids("", 100) == everything
    prefix = everything[3][:6]
    assert await index.matching_ids(prefix) == [i for i in everything if i.startswith(prefix)]
    assert await index.matching_ids("_%") == []
    with pytest.raises(QueryError, match="first 10,000 hits"):
        await index.search("", limit=10, offset=9_991)


async def test_groups_come_in_order(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    await publisher.publish([emit(one) for one in reversed(articles())])
    group = await index.duplicates(article_id("talks"))
    assert [one.article_id for one in group] == [article_id("talks"), article_id("copy")]


async def test_only_a_newer_version_is_written(
    publisher: SqlitePublisher, index: SqliteIndex
) -> None:
    told: list[tuple[str, int]] = []
    publisher._on_outcome = lambda outcome, number: told.append((outcome, number))
    second = emit(article("a", "second words", version=2))
    assert await publisher.publish([second, second]) == [None, None]
    assert await publisher.publish([emit(article("a", "first words", version=1))]) == [None]
    assert await _found(index, "first") == set()
    assert await publisher.publish([emit(article("a", "third text", version=3))]) == [None]
    assert await _found(index, "third") == {article_id("a")}
    # Nothing of the replaced text is found any more.
    assert await _found(index, "words") == set()
    assert await _found(index, '"second words"') == set()
    assert publisher.outcomes == {"indexed": 2, "stale": 2}
    assert told == [("indexed", 1), ("stale", 1), ("stale", 1), ("indexed", 1)]


async def test_a_bad_document_does_not_hold_up_the_others(
    publisher: SqlitePublisher, index: SqliteIndex
) -> None:
    good = emit(article("good", "fine"))
    bad = type(good)(b'{"article_id": "x"}', b"x")
    first, second = await publisher.publish([bad, good])
    assert first is not None
    assert first.reason == "invalid_message"
    assert second is None
    assert await index.count() == 1
    assert publisher.outcomes == {"indexed": 1, "rejected": 1}


async def test_sixteen_megabytes_of_text(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    text = "the quick brown fox jumps over it " * 470_000 + "needle"
    assert len(text) > 15_900_000
    await publisher.publish([emit(article("big", text))])
    (hit,) = (await index.search("needle")).hits
    assert hit.snippet.text.endswith("needle")
    document = await index.get(article_id("big"))
    assert document is not None
    assert document.text == text


async def test_odd_characters_are_kept_and_found(
    publisher: SqlitePublisher, index: SqliteIndex
) -> None:
    text = "before\0after \U0001f600 ﬁnal \ufdd0 \x02 word"
    await publisher.publish([emit(article("odd", text))])
    document = await index.get(article_id("odd"))
    assert document is not None
    assert document.text == text
    for query in ("before", "after", "final", "word"):
        assert await _found(index, query) == {article_id("odd")}, query
    await index.search("\ud800 lone \0 surrogate")


async def test_reading_while_writing(publisher: SqlitePublisher, index: SqliteIndex) -> None:
    totals: list[int] = []

    async def write() -> None:
        for batch in range(20):
            await publisher.publish(
                [emit(article(f"{batch}-{n}", "common words")) for n in range(10)]
            )

    writing = asyncio.create_task(write())
    while not writing.done():
        totals.append((await index.search("common", limit=1)).total)
    await writing
    # A batch is there as a whole or not at all.
    assert all(total % 10 == 0 for total in totals)
    assert totals == sorted(totals)
    assert await index.count() == 200


_WRITER = """
import asyncio, sys
from pathlib import Path
from shared.search.sqlite_publisher import SqlitePublisher
from tests.shared_data import ROOT
from tests.search_contract import article, emit

async def main():
    publisher = SqlitePublisher(Path(sys.argv[1]))
    await publisher.start()
    for batch in range(100_000):
        await publisher.publish([emit(article(f"{batch}-{n}", "common words")) for n in range(5)])
        print(batch, flush=True)

asyncio.run(main())
"""


def _write_until_killed(path: Path) -> int:
    """How many batches were acknowledged before the writer was killed."""
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(30)]
        writer.kill()
        lines += writer.stdout.read().splitlines()
    assert int(lines[-1]) == len(lines) - 1
    return len(lines)


async def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    acknowledged = await asyncio.to_thread(_write_until_killed, path)
    again = SqlitePublisher(path)
    await again.start()
    index = SqliteIndex(path)
    count = await index.count()
    assert count % 5 == 0
    assert acknowledged * 5 <= count <= (acknowledged + 1) * 5
    await again.publish([emit(article(f"0-{n}", "common words")) for n in range(5)])
    assert again.outcomes == {"stale": 5}
    assert (await index.search('"common words"', limit=1)).total == count
    await index.close()
    await again.stop()
    with sqlite3.connect(path) as connection:
        for table in ("search_stemmed", "search_exact"):
            # FTS5 compares itself with the articles; it raises where they differ.
            connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_there_is_no_store_yet(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing ingested yet: run `wireroom ingest PATH`"):
        SqliteIndex(tmp_path / "none.db")
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).close()
    empty.touch()
    index = SqliteIndex(empty)
    with pytest.raises(StoreError, match="nothing ingested yet"):
        await index.count()
    await index.close()


async def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at as one\n" * 100)
    index = SqliteIndex(path)
    with pytest.raises(StoreError, match=r"notes\.txt: file is not a database"):
        await index.count()
    await index.close()
    publisher = SqlitePublisher(path)
    with pytest.raises(StoreError, match=r"notes\.txt"):
        await publisher.start()


async def test_a_store_of_another_version(publisher: SqlitePublisher, tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE search_schema SET version = 99")
    connection.close()
    index = SqliteIndex(path)
    with pytest.raises(StoreError, match="version 99"):
        await index.count()
    await index.close()
