"""``wireroom tag`` and ``wireroom entities``: what is named in a text, and what is known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from services.cli.__main__ import wireroom
from services.cli.tag_text import show
from services.tagger.recognizer import Tagging
from shared.events import Entity, Mention
from shared.resources import deploy_path

ZELENSKYY = "Q3874799"
TEXT = "Volodymyr Zelensky spoke in Kyiv. Jane Qwertz did not."


def run(*arguments: str | Path, data: str | None = None) -> Result:
    return CliRunner().invoke(wireroom, [*map(str, arguments)], input=data)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def parts(output: str) -> tuple[str, list[list[str]], str]:
    """The marked text, the rows of the table, and what tagged."""
    text, table, tagger = output.rstrip("\n").rsplit("\n\n", 2)
    return text, [row.split("\t") for row in table.split("\n")], tagger


def test_names_of_a_text_are_marked_and_listed() -> None:
    result = run("tag", TEXT)
    assert result.exit_code == 0
    marked, table, tagger = parts(result.stdout)
    assert marked == (
        f"[Volodymyr Zelensky|PER {ZELENSKYY}] spoke in [Kyiv|LOC Q1899]. "
        "[Jane Qwertz|PER wireroom:per-jane-qwertz] did not."
    )
    assert table[0][:4] == ["Volodymyr Zelenskyy", "PER", ZELENSKYY, "alias"]
    assert table[-1][3:5] == ["nil", "50%"]
    assert tagger.startswith("tagged by minilm-open ")


def test_json_has_the_offsets() -> None:
    text = "👩‍👧 e\u0301 שלום Kyiv\r\nnext"
    (row,) = rows(run("tag", text, "--json", "--title", "Kyiv falls"))
    (entity,) = (e for e in row["entities"] if e["entity_id"] == "Q1899")
    assert {(m["field"], row[m["field"]][m["start"] : m["end"]]) for m in entity["mentions"]} == {
        ("title", "Kyiv"),
        ("text", "Kyiv"),
    }


def test_a_file_is_cleaned_first() -> None:
    result = run("tag", deploy_path("samples") / "07-trial-brenlow.html")
    assert result.exit_code == 0
    assert "07-trial-brenlow.html" in result.stdout.splitlines()[0]
    assert "Former mayor of [Brenlow|LOC wireroom:loc-brenlow] sentenced" in result.stdout
    assert "[Vienna|LOC Q1741]" in result.stdout


def test_standard_input_is_read() -> None:
    story = "Kyiv is quiet\n\n" + "The mayor of Kyiv said that the night had been quiet. " * 5
    result = run("tag", "-", data=story)
    assert result.exit_code == 0
    assert "[Kyiv|LOC Q1899]" in result.stdout


def test_other_languages_say_what_tagged_them() -> None:
    text = "Der Bundeskanzler Olaf Scholz ist am Dienstag nach Kiew gereist, wo er sprach."
    assert "tagged by known names; base " in run("tag", text).stdout
    assert "tagged by minilm-research " in run("tag", TEXT, "--model", "research").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tag", "nothing.txt"], 1, "nothing.txt: there is no such file; put words around it"),
        (["tag", "a/b"], 1, "a/b: there is no such file"),
        (["tag", " "], 2, "TEXT|FILE|URL is empty"),
        (["tag", "x", "--engine", "brain"], 2, "'brain' is not one of"),
        (["entities", ""], 2, "NAME is empty"),
        (["entities", "Kyiv", "--context", "Oslo"], 2, "--context: NAME does not stand in it"),
    ],
)
def test_what_is_wrong_is_told(arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.output


def test_a_wrong_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("tag", "Kyiv", "--model", "shut")
    assert "WIREROOM_TAGGER_MODEL: the engine wireroom has no model 'shut'" in str(result.exception)
    monkeypatch.setenv("WIREROOM_TAGGER_ENTITIES", "/nowhere/entities.yml")
    assert "/nowhere/entities.yml" in str(run("entities", "Kyiv").exception)


def test_no_names_are_told() -> None:
    assert "no names found" in run("tag", "nothing to see here, move on").stdout


def tagging(*places: tuple[int, int]) -> Tagging:
    mentions = [Mention(start=start, end=end, text="x") for start, end in places]
    entity = Entity(
        name="Kyiv",
        type="LOC",
        entity_id="Q1899",
        linked_by="alias",
        mentions=mentions,
        salience=1,
    )
    return Tagging([entity], "by hand")


def shown(text: str, found: Tagging, **options: Any) -> str:
    console = Console(width=80, highlight=False, **options)
    with console.capture() as capture:
        show("", "", text, found, console)
    return capture.get()


def test_a_terminal_shows_colours_and_no_marks() -> None:
    out = shown("in Kyiv now", tagging((3, 7)), force_terminal=True, color_system="standard")
    assert "in \x1b[1;32mKyiv\x1b[0m now" in out
    assert "[Kyiv|" not in out
    plain = shown("in Kyiv now", tagging((3, 7)), force_terminal=True, no_color=True)
    assert "in [Kyiv|LOC Q1899] now" in plain


def test_what_could_steer_the_terminal_is_shown_harmless() -> None:
    out = shown("\x1b[2J Kyiv\u202e", tagging((5, 9)), force_terminal=False)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[Kyiv|LOC Q1899]" in out


def test_places_that_overlap_are_marked_once() -> None:
    assert "[in Ky|LOC Q1899]iv" in shown("in Kyiv", tagging((0, 5), (3, 7)), force_terminal=False)


def test_what_is_known_of_a_name() -> None:
    result = run("entities", "Georgia")
    assert result.exit_code == 0
    first, second = (line for line in result.stdout.splitlines() if line[:1].isdigit())
    assert (first, second) == ("1. Georgia  LOC Q230", "2. Georgia  LOC Q1428")
    assert "found: as it is written: Georgia is its name" in result.stdout
    assert "chosen where the article says nothing else: Georgia Q230" in result.stdout


def test_the_context_tells_which_is_meant() -> None:
    text = "Voters in Georgia and Alabama went to the polls, in Atlanta, Houston and Chicago too."
    result = run("entities", "Georgia", "--context", text)
    assert "in this text: Georgia Q1428, by context" in result.stdout
    chosen = [r for r in rows(run("entities", "Georgia", "--context", text, "--json")) if
              r["linked_by"]]  # fmt: skip
    assert [row["entity_id"] for row in chosen] == ["Q1428"]


def test_an_id_is_shown_with_all_its_names() -> None:
    result = run("entities", "Q1899", "--all")
    assert "Kyiv  LOC Q1899" in result.stdout
    assert "Київ" in result.stdout
    assert "at: 50.4" in result.stdout
    types = {row["type"] for row in rows(run("entities", "Q212", "--json"))}
    assert types == {"LOC", "NORP"}
    assert {row["type"] for row in rows(run("entities", "Q212", "--type", "LOC", "--json"))} == {
        "LOC"
    }


def test_what_nobody_knows_is_said() -> None:
    result = run("entities", "Zebulon Qwertz")
    assert result.exit_code == 1
    assert "nothing is known of Zebulon Qwertz; as a person it gets the id" in result.stdout
    assert "wireroom:per-zebulon-qwertz" in result.stdout
    assert run("entities", "Q999999999").exit_code == 1


def test_names_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "entities.yml"
    path.write_text("- {name: Qwertz Works, type: ORG, aliases: [QW]}\n", encoding="utf-8")
    monkeypatch.setenv("WIREROOM_TAGGER_ENTITIES", str(path))
    result = run("entities", "QW")
    assert result.exit_code == 0
    assert "Qwertz Works  ORG wireroom:qwertz-works" in result.stdout


@pytest.mark.parametrize("command", ["tag", "entities"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_is_told_in_one_line(command: str, options: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", command, "Kyiv", *options],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"wireroom: standard output: No space left on device\n"


def test_bytes_that_are_no_utf8_are_replaced_in_every_option() -> None:
    (row,) = rows(run("tag", "Kyiv \udcff", "--title", "\udcffOslo", "--json"))
    assert (row["title"], row["text"]) == ("?Oslo", "Kyiv ?")
    (row,) = rows(run("tag", "Kyiv", "--language", "\udcff", "--json"))
    assert row["language"] == "?"


def test_joined_emoji_and_ends_of_lines_are_shown_as_they_are() -> None:
    out = shown("👩\u200d👧 Kyiv\r\nnext", tagging((4, 8)), force_terminal=False)
    assert out.startswith("👩\u200d👧 [Kyiv|LOC Q1899]\nnext\n")


def test_an_id_is_told_from_the_context_too() -> None:
    text = "Voters in Georgia and Alabama went to the polls, in Atlanta, Houston and Chicago too."
    assert "in this text: Georgia Q1428" in run("entities", "Q1428", "--context", text).stdout


def test_a_name_in_another_word_does_not_stand_in_the_context() -> None:
    result = run("entities", "Iran", "--context", "The mayor of Tirana spoke.")
    assert result.exit_code == 2
    assert "--context: NAME does not stand in it" in result.output


def test_only_the_type_that_is_asked_for_is_told_of() -> None:
    result = run("entities", "Zebulon Qwertz", "--type", "ORG")
    assert "as ORG it gets the id wireroom:org-zebulon-qwertz" in result.stdout
    text = "Voters in Georgia and Alabama went to the polls."
    assert "Q1428" not in run("entities", "Georgia", "--type", "PER", "--context", text).stdout


def test_json_tells_of_a_linked_name_that_nobody_knows() -> None:
    result = run("entities", "Jane Qwertz", "--context", "Jane Qwertz spoke in Kyiv.", "--json")
    assert result.exit_code == 1
    (row,) = rows(result)
    assert (row["rank"], row["entity_id"], row["linked_by"]) == (
        None,
        "wireroom:per-jane-qwertz",
        "nil",
    )


def test_a_name_without_letters_gets_no_id() -> None:
    result = run("entities", "...")
    assert result.exit_code == 1
    assert "wireroom:" not in result.stdout
