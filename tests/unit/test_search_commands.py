"""``wireroom search`` and ``wireroom show`` on an embedded store."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.search import Day, search_command
from services.cli.show import show_command
from services.cli.store import default_store
from shared.search.index import Snippet
from shared.search.sqlite_publisher import SqlitePublisher
from tests.search_contract import article, article_id, articles, emit


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"

    async def fill() -> None:
        publisher = SqlitePublisher(path)
        await publisher.start()
        await publisher.publish([emit(one) for one in articles()])
        await publisher.publish(
            [emit(article("hostile", "evil \x1b[2J [bold]text[/bold]", title="\x1b]0;x\x07 [red]"))]
        )
        await publisher.stop()

    asyncio.run(fill())
    return path


def _search(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(search_command, [*arguments, "--store", str(store)])


def _show(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(show_command, [*arguments, "--store", str(store)])


def test_copies_are_folded_under_their_original(store: Path) -> None:
    result = _search(store, "zelensky")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    original = next(at for at, line in enumerate(lines) if line.startswith("Allies gather"))
    copy = next(at for at, line in enumerate(lines) if line.lstrip().startswith("↳ Leaders gather"))
    assert original < copy
    assert "near copy" in " ".join(lines[copy:])
    assert lines[-1] == "2 found"


def test_json_has_all_that_a_program_needs(store: Path) -> None:
    result = _search(store, "cafe", "--json")
    data = json.loads(result.output)
    assert data["total"] == 1
    (hit,) = data["hits"]
    assert hit["article_id"] == article_id("talks")
    assert hit["title"] == "Allies gather in Kyiv"
    assert hit["published_at"] == "2026-10-30T08:00:00.000Z"
    assert hit["duplicate"] == {"kind": "none", "group_id": article_id("talks")}
    assert [hit["snippet"][start:end] for start, end in hit["matches"]] == ["café"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--source", "Copy Post"), {"copy"}),
        (("--entity", "Q1899"), {"talks"}),
        (("--language", "ru"), {"russian"}),
        (("--kind", "near"), {"copy"}),
        (("--since", "2026-10-30", "--until", "2026-10-30"), {"talks"}),
        (("--since", "2026-10-31", "--until", "2026-11-01"), {"copy"}),
    ],
)
def test_filters(store: Path, options: tuple[str, ...], names: set[str]) -> None:
    data = json.loads(_search(store, "", "--json", *options).output)
    assert {hit["article_id"] for hit in data["hits"]} == {article_id(name) for name in names}


def test_a_limit_says_that_there_is_more(store: Path) -> None:
    assert (
        _search(store, "", "--limit", "2").output.splitlines()[-1] == "6 found, the first 2 shown"
    )
    assert _search(store, "nowhere").output == "nothing found\n"


def test_an_error_points_at_its_place(store: Path) -> None:
    result = _search(store, 'good colour:"red"')
    assert result.exit_code == 1
    message, query, caret = result.output.splitlines()
    assert 'no field "colour"' in message
    assert query == '  good colour:"red"'
    assert caret == "       ^"
    far = _search(store, "word " * 90 + '"open')
    _, query, caret = far.output.splitlines()
    assert query[caret.index("^") :] == '"open'


def test_a_day_until_which_is_inclusive() -> None:
    end = Day(end=True).convert("2026-11-22", None, None)
    assert end == datetime.fromisoformat("2026-11-23T00:00:00+00:00")
    assert Day().convert("2026-11-22T10:00:00+02:00", None, None).hour == 10
    assert Day(end=True).convert("9999-12-31", None, None).year == 9999


def test_a_wrong_date_is_told(store: Path) -> None:
    result = _search(store, "x", "--since", "yesterday")
    assert result.exit_code == 2
    assert "'yesterday' is no date such as 2026-11-22" in result.output


def test_there_is_no_store_yet(tmp_path: Path) -> None:
    for command, argument in ((search_command, "x"), (show_command, "ABC")):
        result = CliRunner().invoke(command, [argument, "--store", str(tmp_path / "no.db")])
        assert result.exit_code == 1
        assert "nothing ingested yet: run `wireroom ingest PATH`" in result.output


def test_where_the_store_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WIREROOM_STORE", raising=False)
    assert default_store() == Path(".wireroom/store.db")
    monkeypatch.setenv("WIREROOM_STORE", str(tmp_path / "x.db"))
    assert default_store() == tmp_path / "x.db"


def test_show_tells_where_fields_come_from_and_what_repeats_it(store: Path) -> None:
    identifier = article_id("talks")
    for given in (identifier, identifier[:10].lower()):
        result = _show(store, given)
        assert result.exit_code == 0, result.output
        assert "Zelenskyy met “the leaders” of Kyiv’s allies." in result.output
        assert "from json-ld" in result.output
        assert "Q3874799" in result.output
        assert f"{article_id('copy')}  near  Leaders gather" in result.output
    result = _show(store, article_id("copy"))
    assert f"near of {identifier}, similarity 0.80" in " ".join(result.output.split())


def test_show_as_json_is_the_stored_document(store: Path) -> None:
    data = json.loads(_show(store, article_id("talks"), "--json").output)
    assert data["text"] == articles()[0].text
    assert data["duplicates"] == [
        {"article_id": article_id("copy"), "title": "Leaders gather", "kind": "near"}
    ]


def test_ids_that_are_none_or_several(store: Path) -> None:
    result = _show(store, "UUUU")
    assert result.exit_code == 1
    assert "there is no article 'UUUU'" in result.output
    assert "there is no article ''" in _show(store, "").output
    assert "there is no article" in _show(store, "\udcff").output  # a byte that is no UTF-8

    async def fill() -> None:
        publisher = SqlitePublisher(store)
        await publisher.start()
        await publisher.publish([emit(article(f"more {n}", "x")) for n in range(40)])
        await publisher.stop()

    asyncio.run(fill())
    ids = sorted(article_id(f"more {n}") for n in range(40))
    first = next(one for one, other in itertools.pairwise(ids) if one[0] == other[0])
    result = _show(store, first[0])
    assert result.exit_code == 1
    assert f"{first[0]!r} is the beginning of several ids:" in result.output
    assert first in result.output


def test_nothing_in_an_article_steers_the_terminal(store: Path) -> None:
    for result in (_search(store, "evil"), _show(store, article_id("hostile"))):
        assert result.exit_code == 0
        assert "\x1b" not in result.output
        assert "[bold]text[/bold]" in result.output
        assert "[red]" in result.output


def test_snippets_survive_marks_in_the_text_itself() -> None:
    assert Snippet.parse("a \ufdd0b\ufdd1 c") == Snippet("a b c", ((2, 3),))
    assert Snippet.parse("\ufdd1a \ufdd0b") == Snippet("a b", ())
    assert Snippet.parse("a\n\n b\0c") == Snippet("a bc", ())


def test_a_query_that_looks_like_an_option_is_told_how_to_be_given(store: Path) -> None:
    wrong = _search(store, "-harbour")
    assert wrong.exit_code == 2
    assert "goes last, after --: -- -harbour" in " ".join(wrong.output.split())
    typo = _search(store, "harbour", "--sinc", "2026-01-01")
    assert typo.exit_code == 2
    assert "after --" not in typo.output
