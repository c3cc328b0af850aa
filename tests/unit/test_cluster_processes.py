"""Processes that are remembered, and never mistaken for others."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.cluster.processes import Process, replace_text, spawn, start_mark, tail

_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("ready", child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Process]]:
    """Processes of the test, ended after it whatever happens."""
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.kill()


def _run(code: str, log: Path, started: list[Process]) -> Process:
    process = spawn("test", [sys.executable, "-c", code], log)
    started.append(process)
    end = time.monotonic() + 30
    while "ready" not in tail(log):
        assert time.monotonic() < end
        time.sleep(0.01)
    return process


def test_a_process_is_remembered_and_stopped(tmp_path: Path, started: list[Process]) -> None:
    code = 'import time; print("ready", flush=True); time.sleep(600)'
    process = _run(code, tmp_path / "log", started)
    process.save(tmp_path / "pid")
    again = Process.load(tmp_path / "pid")
    assert again == process
    assert again.alive
    assert again.stop(30)
    assert not again.alive
    assert not process.group_alive


def test_one_that_ignores_sigterm_is_killed_after_its_grace(
    tmp_path: Path, started: list[Process]
) -> None:
    process = _run(_STUBBORN, tmp_path / "log", started)
    assert not process.stop(0.2)
    assert not process.alive


def test_what_a_process_started_is_ended_with_it(tmp_path: Path, started: list[Process]) -> None:
    process = _run(_PARENT, tmp_path / "log", started)
    child = int(tail(tmp_path / "log").split()[1])
    os.kill(process.pid, signal.SIGKILL)
    while process.alive:
        time.sleep(0.01)
    assert process.group_alive  # the child outlived its parent
    process.kill()
    assert start_mark(child) is None


def test_another_process_of_the_same_number_is_left_alone(
    tmp_path: Path, started: list[Process]
) -> None:
    code = 'import time; print("ready", flush=True); time.sleep(600)'
    process = _run(code, tmp_path / "log", started)
    earlier = dataclasses.replace(process, started="another boot/1")
    assert not earlier.alive
    assert not earlier.group_alive
    assert earlier.stop(0)
    earlier.kill()
    assert process.alive


def test_a_record_that_is_damaged_or_missing_is_no_process(tmp_path: Path) -> None:
    assert Process.load(tmp_path / "none") is None
    (tmp_path / "half").write_text('{"name": "x"')
    assert Process.load(tmp_path / "half") is None
    (tmp_path / "other").write_text('{"name": "x"}')
    assert Process.load(tmp_path / "other") is None


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    replace_text(tmp_path / "secret", "x", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "secret"]


def test_the_end_of_a_long_log_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {i}\n" for i in range(100_000)))
    assert tail(path, 2) == "line 99998\nline 99999"
    assert tail(tmp_path / "none") == ""
