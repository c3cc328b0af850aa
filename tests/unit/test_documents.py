"""The documents are true: what is made from code is up to date, and commands exist and work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click import Command, Group
from click.testing import CliRunner

from services.cli.__main__ import wireroom as cli
from shared.fetching import FetchRequest
from shared.topics import topology
from tests.documents import PAGES
from tests.shared_data import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```sh ?(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PUBLISHED = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def commands(kind: str) -> list[str]:
    """The command lines of README blocks marked ``sh KIND``."""
    return [
        line
        for found, block in BLOCK.findall(README)
        if found == kind
        for line in block.strip().splitlines()
    ]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_pages_made_from_code_are_up_to_date(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path](), "python -m tests.documents"


def test_make_targets_of_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in PUBLISHED:
        for target in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.MULTILINE):
            assert target in targets, f"{path.name}: make {target}"


def test_commands_of_the_first_steps_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make demo` and `make test` are what calls this; the others are run as they stand."""
    lines = [line for line in commands("") if not line.startswith("make ")]
    assert len(lines) == 3
    monkeypatch.setenv("WIREROOM_STORE", str(tmp_path / "store.db"))
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == ".venv/bin/wireroom"
        result = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert "nothing found" not in result.stdout


def test_explaining_works_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in commands("explain"):
        _, *words = shlex.split(line)
        sample = next(word for word in words if word.endswith(".html") and "/" in word)
        (tmp_path / sample).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / sample).write_bytes((ROOT / sample).read_bytes())
        monkeypatch.chdir(tmp_path)
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
    assert "<html" in (tmp_path / "explained.html").read_text(encoding="utf-8")


def test_tagging_works_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    outputs = []
    for line in commands("tag"):
        _, *words = shlex.split(line)
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
        outputs.append(result.output)
    assert "[Zelensky|PER Q3874799]" in outputs[0]
    assert "wireroom:org-zubrowka-grain-board" in outputs[0]
    assert "|LOC " in outputs[1]
    assert "in this text: Georgia Q1428" in outputs[2]


def test_copies_and_stories_are_shown_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREROOM_STORE", str(tmp_path / "store.db"))
    ferry = [str(path) for path in sorted((ROOT / "deploy/samples").glob("0*-ferry-*"))]
    result = CliRunner().invoke(cli, ["ingest", *ferry])
    assert result.exit_code == 0, result.output
    outputs = []
    for line in commands("copies"):
        _, *words = shlex.split(line)
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
        outputs.append(result.output)
    duplicates, story = outputs
    assert duplicates.startswith("Ferry with 214 on board")
    assert "near" in duplicates
    assert "4 articles, 2 without copies" in story


def test_other_wireroom_commands_of_the_readme_are_understood() -> None:
    """Options and arguments exist; what they do on real servers and on a web is tested there."""
    lines = commands("up") + commands("web")
    assert len(lines) == 10
    for line in lines:
        _, *words = shlex.split(line)
        command: Command = cli
        context = cli.make_context("wireroom", list(words))
        while isinstance(command, Group):
            name = words.pop(0)
            found = command.get_command(context, name)
            assert found is not None, line
            command = found
            context = command.make_context(name, list(words), parent=context)


def test_compose_lines_name_services_of_the_file() -> None:
    services = set(
        re.findall(r"^  ([a-z-]+):$", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)
    )
    scaled = re.findall(r"--scale ([a-z]+)=", "\n".join(commands("compose")))
    assert scaled
    assert set(scaled) <= services


def test_the_plain_producers_of_the_readme_name_topics_a_file_and_a_url() -> None:
    dropped, asked = commands("kcat")
    *_, name, file = shlex.split(dropped)
    assert topology().services["fetcher"].reads.name == name
    assert (ROOT / file).is_file()
    _, url, *_, name = shlex.split(asked)
    assert topology().services["crawler"].reads.name == name
    assert FetchRequest.read(url.encode()).host == "www.example.org"


def test_files_that_documents_name_exist() -> None:
    for path in PUBLISHED:
        for name in re.findall(
            r"`((?:services|shared|deploy|tests|docs)/[\w./-]*)`", path.read_text()
        ):
            assert (ROOT / name).exists(), f"{path.name} names {name}"


def test_help_of_every_command_is_there() -> None:
    runner = CliRunner()
    assert isinstance(cli, Group)
    for name in cli.list_commands(cli.make_context("wireroom", ["--help"], resilient_parsing=True)):
        result = runner.invoke(cli, [name, "--help"])
        assert result.exit_code == 0, name
        assert len(result.output) > 200, name
