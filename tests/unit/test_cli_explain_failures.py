"""``wireroom explain`` where something is in the way: one line with the name and the reason."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from services.cli.__main__ import wireroom
from tests.unit.cli_web import HOST, Desk, article
from tests.web import LoopbackWeb

STORY = article(7).encode()
TITLE = "Story 7 of the harbour7"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(wireroom, ["explain", *map(str, arguments)])


def assert_told(result: Result, name: str, reason: str) -> None:
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {name}: ")
    assert reason in line


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with LoopbackWeb() as web:
        desk = Desk(tmp_path, web)
        (tmp_path / "story.html").write_bytes(STORY)
        yield desk
        await desk.close()


# What is read


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_not_read(device: str) -> None:
    assert_told(run(device), device, "may have no end")


def test_a_socket_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket has a hundred characters at most
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        assert_told(run("socket"), "socket", "a device or socket")


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(STORY,))
    writer.start()
    result = run(pipe)
    writer.join()
    assert result.exit_code == 0
    assert f"title: {TITLE}" in result.stdout


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret.html"
    secret.write_bytes(STORY)

    for method in ("open", "stat"):  # itself, or a folder above it; root may read everything
        real = getattr(Path, method)

        def denied(path: Path, *arguments: Any, real: Any = real, **options: Any) -> Any:
            if path == secret:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *arguments, **options)

        with monkeypatch.context() as patched:
            patched.setattr(Path, method, denied)
            assert_told(run(secret), str(secret), "permission denied")


def test_names_that_no_file_can_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.html").write_bytes(STORY)
    long = "x" * 5_000
    assert_told(run(long), long, "File name too long")
    assert_told(run("story.html/part"), "story.html/part", "Not a directory")
    assert_told(run("\udcff.html"), "?.html", "no such file")
    empty = run("")
    assert empty.exit_code == 2
    assert "FILE|URL is empty" in empty.stderr


def test_fifty_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    large = tmp_path / "large.html"
    with large.open("wb") as file:
        file.write(STORY)
        file.truncate(50_000_000)
    assert_told(run(large), str(large), "50000000 bytes, and not an archive; the limit is ")


async def test_standard_input_that_is_closed_is_told(desk: Desk) -> None:
    assert await _shell(desk, "{explain} - <&-") == (
        1, "", "wireroom: standard input: it is closed\n"
    )  # fmt: skip


async def test_an_address_that_refuses_is_told(desk: Desk) -> None:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        url = f"http://{HOST}:{unused.getsockname()[1]}/a"
        done = await desk.run("explain", url)
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"wireroom: {url}: ")
    assert "connect failed" in line


# What is written


async def _shell(desk: Desk, command: str) -> tuple[int, str, str]:
    """Status, output and errors of a command line; ``{explain}`` is the command."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-o", "pipefail", "-c",
        command.format(explain=f"{sys.executable} -m services.cli explain"),
        cwd=desk.folder, env=desk.environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("option", ["", "--json", "--html page.html"])
async def test_a_full_disk_behind_the_output_is_told(desk: Desk, option: str) -> None:
    assert await _shell(desk, f"{{explain}} story.html {option} >/dev/full") == (
        1, "", "wireroom: standard output: No space left on device\n"
    )  # fmt: skip


async def test_a_full_disk_behind_the_page_is_told(desk: Desk) -> None:
    assert await _shell(desk, "{explain} story.html --html /dev/full") == (
        1, "", "wireroom: /dev/full: No space left on device\n"
    )  # fmt: skip


@pytest.mark.parametrize("option", ["", "--json"])
async def test_a_reader_that_leaves_is_no_error_to_tell(desk: Desk, option: str) -> None:
    (desk.folder / "long.txt").write_text("\n\n".join("It rained all night." for _ in range(9_000)))
    code, out, err = await _shell(desk, f"{{explain}} long.txt {option} | head -n 1")
    assert (code, len(out.splitlines()), err) == (1, 1, "")


# Ctrl-C


async def test_an_interrupt_is_told_with_what_it_stopped(desk: Desk) -> None:
    os.mkfifo(desk.folder / "pipe")
    process = await desk.start("explain", "pipe")
    # Its reader is there when it can be opened for writing.
    end = await asyncio.to_thread(os.open, desk.folder / "pipe", os.O_WRONLY)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    os.close(end)
    assert (process.returncode, out) == (130, b"")
    assert err == b"wireroom: pipe: interrupted\n"
