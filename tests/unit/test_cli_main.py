"""The command line as a whole: help, errors, exit codes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from services.cli import __main__ as entry
from services.cli.__main__ import COMMANDS, Target, main, wireroom
from shared.errors import StoreError

HERE = ("ingest", "watch", "demo", "stage")


def _commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(wireroom)
    for name, target in COMMANDS.items():
        if importlib.util.find_spec(target.place.partition(":")[0]) is not None:
            command = wireroom.get_command(context, name)
            assert command is not None
            yield name, command


def test_every_command_has_help_and_every_option_a_text() -> None:
    commands = dict(_commands())
    assert set(HERE) <= set(commands)
    for name, command in commands.items():
        assert command.help, f"{name} has no help"
        assert COMMANDS[name].help
        if name in HERE:
            options = [p for p in command.params if isinstance(p, click.Option)]
            assert [option.name for option in options if not option.help] == []


def test_help_names_every_command_and_imports_none() -> None:
    script = (
        "import sys; from services.cli.__main__ import main; code = main(['--help']);"
        "print([m for m in ('rich', 'aiokafka', 'trafilatura', 'numpy', 'pydantic')"
        " if m in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_missing_command_is_told_and_breaks_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(wireroom._targets, "gone", Target("services.cli.nothing:x", "Gone."))
    assert main(["gone"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("wireroom: the command 'gone' is not complete")
    assert main(["ingest", "--help"]) == 0


def test_a_misspelt_command_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingset"]) == 2
    assert "Did you mean 'ingest'?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["ingest"], ["ingest", "--workers", "0", "x"], ["--bad"]])
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (StoreError("broken.db: not a\nstore"), 1, "wireroom: broken.db: not a; store\n"),
        (KeyboardInterrupt(), 130, "goes on where this one stopped"),
    ],
)
def test_errors_are_one_line_without_a_traceback(
    error: BaseException,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(entry.LazyGroup, "get_command", lambda *_: failing)
    assert main(["ingest"]) == code
    lines = capsys.readouterr().err.strip()
    assert told.strip() in lines
    assert len(lines.splitlines()) == 1


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def failing() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(entry.LazyGroup, "get_command", lambda *_: failing)
    with pytest.raises(ZeroDivisionError):
        main(["ingest"])
