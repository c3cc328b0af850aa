"""``wireroom explain``: documents found in anything, every block with its reason, plain errors."""

from __future__ import annotations

import gzip
import io
import json
import webbrowser
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from rich.console import Console
from rich.text import Text

from services.cleaner.extracted import Dated, Extracted, Trace
from services.cli import files
from services.cli.__main__ import wireroom
from services.cli.explain_page import page
from services.cli.explain_text import lines, show
from services.cli.explanation import Explainer, Explanation, Refusal, count_words, safe
from services.cli.files import message
from tests.unit.cli_web import HOST, Desk, article
from tests.web import LoopbackWeb
from tests.web import page as answer

STORY = article(7).encode()
TITLE = "Story 7 of the harbour7"
CHALLENGE = b"<html><head><title>Just a moment...</title></head><body>Wait.</body></html>"


def run(*arguments: str | Path, data: bytes | None = None) -> Result:
    return CliRunner().invoke(wireroom, ["explain", *map(str, arguments)], input=data)


def rows(result: Result, line: str) -> list[dict[str, Any]]:
    found = [json.loads(row) for row in result.stdout.splitlines()]
    return [row for row in found if row.pop("line") == line]


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, data in members.items():
            file.writestr(f"news/{name}.html", data)
    return packed.getvalue()


@pytest.fixture
def told() -> Explanation:
    found = Extracted(text="The river rose.\n\nIt fell.", language="en")
    found.put("title", "The river", "json-ld", 0.97)
    found.put("authors", ["Ann Lee", "Bo Ek"], "byline")
    moment = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
    found.put("published", Dated(moment, "day"), "meta", 0.9)
    found.put("paywalled", False, "json-ld")
    blocks = [
        Trace("Home", False, "menu", "nav > ul > li", 0.01),
        Trace("Sport", False, "menu", "nav > ul > li", 0.02),
        Trace("The river rose.", True, "model", "article > p", 0.98),
        Trace("Read also:\nA <b>bridge</b> in the north", False, "related links", "aside > p"),
        Trace("It fell.", True, "model", "article > h2", 0.9),
    ]
    return Explanation("a.html", "HTML page", "text/html", "https://a.example/", 9, found, blocks)


def shown(told: Explanation, *, only: Any = None, terminal: bool = False, width: int = 80) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, highlight=False)
    show(told, only, console)
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


# What is explained


def test_a_page_is_explained_block_by_block() -> None:
    (found,) = Explainer()(message(STORY, "story.html"))
    assert (found.name, found.form, found.refusal) == ("story.html", "HTML page", None)
    assert found.size == len(STORY)
    assert found.found is not None
    paragraphs = found.found.text.split("\n\n")
    kept = [block.text for block in found.kept]
    assert all(any(paragraph in text for text in kept) for paragraph in paragraphs)
    assert all(block.reason for block in found.blocks)
    assert {field.name for field in found.fields} >= {"title", "language"}


def test_forms_are_told_apart() -> None:
    sentence = "The council met on Monday and voted for the new bridge over the river. "
    record = json.dumps({"title": "Bridge", "text": sentence * 8}).encode()
    forms = [
        (told.form, told.refusal)
        for data in ((sentence * 8).encode(), STORY, record)
        for told in Explainer()(message(data, ""))
    ]
    assert forms == [("plain text", None), ("HTML page", None), ("record", None)]


def test_every_document_of_an_archive_is_explained_refused_ones_too() -> None:
    data = gzip.compress(archive(one=STORY, two=CHALLENGE, three=article(3).encode()))
    found = list(Explainer()(message(data, "bundle.zip.gz")))
    assert [(told.name, told.refusal and told.refusal.reason) for told in found] == [
        ("bundle.zip.gz › bundle.zip/news/one.html", None),
        ("bundle.zip.gz › bundle.zip/news/two.html", "blocked"),
        ("bundle.zip.gz › bundle.zip/news/three.html", None),
    ]
    refusal = found[1].refusal
    assert refusal is not None
    assert refusal.detail.startswith("the page is no article")
    assert "challenge" in refusal.meaning


def test_of_a_refused_document_the_blocks_and_the_reason_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WIREROOM_CLEANER_MAX_CHARACTERS", "1000")
    (found,) = Explainer()(message(STORY, "story.html"))
    assert found.refusal is not None
    assert (found.refusal.stage, found.refusal.reason) == ("cleaner", "too_long")
    assert not found.refusal.detail.startswith("story.html")
    assert found.blocks
    assert found.fields == []


# How it is shown


def test_what_is_no_terminal_gets_a_line_for_each_block_whole(told: Explanation) -> None:
    told.blocks.append(Trace("word " * 100, False, "footer"))
    text = shown(told)
    assert "+ [model · article > p 0.98] The river rose.\n" in text
    assert "- [related links · aside > p] Read also: A <b>bridge</b> in the north\n" in text
    assert f"- [footer] {'word ' * 100}".rstrip() in text
    assert "\x1b" not in text
    assert "title: The river  [json-ld, 97% sure]\n" in text
    assert "authors: Ann Lee; Bo Ek  [byline]\n" in text
    assert "published: 2026-05-04 (to the day)  [meta, 90% sure]\n" in text
    assert "paywalled: no  [json-ld]\n" in text
    assert "kept 2 of 6 blocks, 5 words\ndropped: footer 1, related links 1, menu 2\n" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_is_filled_and_not_passed(told: Explanation, width: int) -> None:
    text = shown(told, terminal=True, width=width)
    plain = shown(told)
    assert "\x1b[2m" in text  # dropped blocks are dim
    for word in ("river", "bridge", "menu", "related", "0.98"):
        assert word in text
        assert word in plain
    table = text.split("Home")[1].split("kept 2")[0]
    assert all(Text.from_ansi(row).cell_len <= width for row in table.splitlines()[1:])


def test_kept_and_dropped_can_be_shown_alone(told: Explanation) -> None:
    kept, dropped = shown(told, only="kept"), shown(told, only="dropped")
    assert ("It fell." in kept, "Home" in kept) == (True, False)
    assert ("It fell." in dropped, "Home" in dropped) == (False, True)
    numbers = [json.loads(line).get("block") for line in lines(told, "kept")]
    assert [number for number in numbers if number] == [3, 5]


def test_a_refusal_is_told_with_its_meaning() -> None:
    refused = Explanation("x", refusal=Refusal("fetcher", "login_page", "the page is no article"))
    assert (
        "✗ refused by the fetcher: login page (the page is no article; the page asks to log in, "
        "and holds no article)\n"
    ) in shown(refused)


def test_nothing_in_a_document_steers_the_terminal() -> None:
    evil = "\x1b]0;owned\x07 \x9b2J \u202egnirts [bold]x[/] \ud800"
    told = Explanation(evil, blocks=[Trace(evil, False, evil, evil)])
    for terminal in (False, True):
        text = shown(told, terminal=terminal)
        assert "\x1b]" not in text
        assert not {"\x07", "\x9b", "\u202e", "\ud800"} & set(text)
        assert "[bold]x[/]" in text.replace("\n", "")


def test_json_lines_tell_blocks_then_fields_then_the_document(told: Explanation) -> None:
    told.name = "broken \udcff name"
    found = [json.loads(line) for line in lines(told, None)]
    assert [row["line"] for row in found] == ["block"] * 5 + ["field"] * 5 + ["document"]
    assert found[3] == {
        "line": "block",
        "document": "broken ? name",
        "block": 4,
        "kept": False,
        "reason": "related links",
        "score": None,
        "place": "aside > p",
        "text": "Read also:\nA <b>bridge</b> in the north",
    }
    assert found[5] == {
        "line": "field",
        "document": "broken ? name",
        "field": "title",
        "value": "The river",
        "found_in": "json-ld",
        "confidence": 0.97,
    }
    values = {row["field"]: row["value"] for row in found[5:-1]}
    assert values["authors"] == ["Ann Lee", "Bo Ek"]
    assert values["published"] == {"moment": "2026-05-04T10:30:00+00:00", "precision": "day"}
    assert values["paywalled"] is False
    last = found[-1]
    assert (last["blocks"], last["kept"], last["words"], last["refused"]) == (5, 2, 5, None)
    assert last["dropped"][-1] == {"reason": "menu", "blocks": 2, "words": 2}


def test_words_are_counted_where_no_blanks_part_them() -> None:
    assert count_words("It's well-known: 1,900 cars.") == 5
    assert count_words("雨が降った。") == 5
    assert count_words(" — … ") == 0


def test_of_a_long_path_people_see_its_end_and_programs_all(told: Explanation) -> None:
    path = "body > div.wrap > article > div.entry > p"
    told.blocks = [Trace("It fell.", True, "model", path, 0.9)]
    assert "div.entry > p" in shown(told, terminal=True)
    assert "wrap" not in shown(told, terminal=True)
    assert f"[model · {path} 0.90]" in shown(told)
    assert f'title="{path.replace(">", "&gt;")}">div.entry &gt; p<' in "".join(page([told]))
    assert json.loads(next(lines(told, None)))["place"] == path


def test_where_several_engines_may_take_the_text_it_is_told_which(told: Explanation) -> None:
    assert told.found is not None
    told.found.put("text", told.found.text, "json-ld", 0.8)
    assert "text: 5 words  [json-ld, 80% sure]\n" in shown(told)


def test_line_ends_and_joiners_stay_in_safe_text() -> None:
    assert safe("a\r\nb\tc\u200d\u200cd\x00\u2067e") == "a\n\nb c\u200d\u200cd\ufffde"


# The page


def test_the_page_needs_nothing_and_lets_nothing_in(told: Explanation) -> None:
    evil = "</style></p><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
    told.name = told.form = evil  # type: ignore[assignment]
    told.url = f'https://a.example/"onclick="{evil}'
    told.content_type = evil
    told.blocks.append(Trace(evil, True, evil, f"p > {evil}", 0.5))
    assert told.found is not None
    told.found.put("language", f'en" onfocus="{evil}', evil)
    told.found.put("image", "javascript:alert(3)", "meta")
    written = "".join(page([told, told]))
    markup = written.replace("&lt;", "")
    assert "<script" not in markup
    assert "<img" not in markup
    assert 'href="javascript:' not in written
    assert "default-src &#x27;none&#x27;" in written
    assert written.count('"') == written.replace("&quot;", "").count('"')
    assert 'onfocus="' not in written
    assert 'onclick="' not in written


def test_the_page_shows_kept_blocks_as_what_they_are(told: Explanation) -> None:
    told.blocks.append(Trace("Lamps", True, "model", "ul > li.item"))
    told.blocks.append(Trace("They sang", True, "model", "article > blockquote.big > p"))
    written = "".join(page([told]))
    assert '<h4 class="text" dir="auto" lang="en">It fell.</h4>' in written
    assert '<p class="text item" dir="auto" lang="en">Lamps</p>' in written
    assert '<p class="text quote" dir="auto" lang="en">They sang</p>' in written
    assert '<p class="text" dir="auto">Home</p>' in written
    assert '<a href="https://a.example/" rel="noreferrer noopener">' in written
    assert 'style="width:97%"' in written
    assert 'dir="rtl"' not in written


def test_right_to_left_languages_turn_the_page(told: Explanation) -> None:
    assert told.found is not None
    told.found.language = "ar"
    assert '<ol class="blocks" dir="rtl">' in "".join(page([told]))


# The command


def test_a_file_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "story.html"
    file.write_bytes(STORY)
    result = run(file)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{file}\nHTML page · text/html")
    assert f"title: {TITLE}" in result.stdout


def test_standard_input_is_explained_with_what_is_told_of_it() -> None:
    result = run(
        "-", "--json", "--url", "https://h.example/7", "--content-type", "text/html", data=STORY
    )
    (document,) = rows(result, "document")
    assert document["document"] == document["url"] == "https://h.example/7"
    assert document["content_type"].startswith("text/html")
    assert run("-", data=STORY).stdout.startswith("standard input\n")


def test_a_part_of_an_archive_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    file.write_bytes(archive(one=STORY, two=CHALLENGE, three=article(3).encode()))
    (document,) = rows(run(file, "--part", "news/three.html", "--json"), "document")
    assert document["document"] == f"{file} › news/three.html"
    assert len(rows(run(file, "--json"), "document")) == 3
    result = run(file, "--part", "three.html")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[1:] == [
        "  news/one.html", "  news/two.html", "  news/three.html",
    ]  # fmt: skip
    (tmp_path / "story.html").write_bytes(STORY)
    assert "is one document" in run(tmp_path / "story.html", "--part", "x").stderr


def test_large_archives_are_explained_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = archive(one=STORY, two=article(2).encode())
    monkeypatch.setattr(files, "limit", lambda: len(data) - 1)
    file = tmp_path / "bundle.zip"
    file.write_bytes(data)
    names = [row["document"] for row in rows(run(file, "--json"), "document")]
    assert names == [f"{file} › news/one.html", f"{file} › news/two.html"]


def test_it_fails_where_no_article_comes_of_it(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(CHALLENGE)
    assert run(file).exit_code == 1
    packed = tmp_path / "both.zip"
    packed.write_bytes(archive(one=CHALLENGE, two=STORY))
    assert run(packed).exit_code == 0


def test_the_page_is_written_and_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opens_once(url: str) -> bool:
        opened.append(url)
        return len(opened) == 1

    monkeypatch.setattr(webbrowser, "open", opens_once)
    file, out = tmp_path / "story.html", tmp_path / "out.html"
    file.write_bytes(STORY)
    result = run(file, "--html", out, "--open", "--dropped")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{out}: kept ")
    assert len(result.stdout.splitlines()) == 1
    written = out.read_text(encoding="utf-8")
    assert written.startswith("<!doctype html>")
    assert TITLE in written
    assert 'id="show-kept">' in written
    assert 'id="show-dropped" checked>' in written
    assert opened == [out.as_uri()]
    without = run(file, "--html", out, "--open")
    assert (without.exit_code, len(opened)) == (1, 2)
    assert "no browser could be started" in without.stderr
    assert len(rows(run(file, "--html", out, "--json"), "document")) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("none.html", "no such file"),
        ("harbour.example/a", "for a page, write https://harbour.example/a"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "the original is not stored"),
        ("folder", "it is a folder"),
        ("large.bin", "the limit is 2000 bytes"),
        ("ftp://harbour.example/a", "its scheme is ftp"),
        ("https://", "it has no host"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(
    given: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "limit", lambda: 2000)
    (tmp_path / "folder").mkdir()
    (tmp_path / "large.bin").write_bytes(b"x" * 2001)
    result = run(given)
    assert result.exit_code == 1
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "unsupported")],
)
def test_what_holds_no_document_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    result = run(file)
    assert result.exit_code == 1
    assert f"refused by the fetcher: {reason}" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [("--open", "a.html"), ("--url", "harbour", "a.html"), ("--url", "http://a.b/", "http://c.d/")],
)
def test_options_that_cannot_be_meant_are_refused(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "story.html"
    file.write_bytes(STORY)
    result = run(file, "--html", tmp_path / "none" / "out.html")
    assert result.exit_code == 1
    assert "No such file" in result.stderr


# URLs


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with LoopbackWeb() as web:
        desk = Desk(tmp_path, web)
        yield desk
        await desk.close()


async def test_a_url_is_fetched_by_the_rules_and_explained(desk: Desk) -> None:
    web = desk.web
    web.add(HOST, "/robots.txt", answer("User-agent: *\nDisallow: /secret", "text/plain"))
    url = desk.article(7)
    secret = web.add(HOST, "/secret", answer("no"))
    done = await desk.run("explain", url, "--json")
    assert done.code == 0, done.err
    last = json.loads(done.out.splitlines()[-1])
    assert (last["document"], last["form"], last["url"]) == (url, "HTML page", url)
    assert list(desk.folder.iterdir()) == []  # nothing is stored
    refused = await desk.run("explain", secret)
    assert refused.code == 1
    assert "robots denied" in refused.err
    assert len(refused.err.splitlines()) == 1
    assert desk.asked("/secret") == 0
    gone = await desk.run("explain", web.url(HOST, "/none"))
    assert gone.err.endswith("there is no such page\n")
