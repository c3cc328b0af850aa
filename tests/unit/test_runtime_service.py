"""A process from its start to its end; waiting that a stop ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.runtime.driver import EXIT_FAILED
from shared.runtime.service import EXIT_SETTINGS, _unless
from tests.shared_data import ROOT

PROGRAM = """
import asyncio, sys
from shared.errors import SettingsError
from shared.runtime.service import main

class Work:
    def __init__(self, how):
        self.how = how
    async def start(self):
        print("start", flush=True)
        if self.how == "slow start":
            await asyncio.sleep(600)
    async def run(self, stop):
        print("run", flush=True)
        if self.how == "bug":
            raise ZeroDivisionError("of its own")
        await stop.wait()
    async def stop(self):
        print("stop", flush=True)
    def lag(self):
        return 7
    def ready(self):
        return self.how != "unready"
    def facts(self):
        return {"own": [1, 2]}

class Program:
    name = "crawler"
    def work(self, settings, wiring, progress):
        assert wiring.service == self.name
        progress()
        if sys.argv[1] == "settings":
            raise SettingsError("WIREROOM_X: is wrong")
        return Work(sys.argv[1])

sys.exit(main(Program()))
"""


@contextmanager
def running(how: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program above, and where it tells of its health."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how],
        env={**os.environ, "WIREROOM_HEALTH_PORT": str(port)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}/healthz"
    finally:
        process.kill()
        process.communicate()


def health(url: str, status: str) -> tuple[int, dict[str, Any]]:
    """The answer, once it tells ``status``."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                code, found = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                code, found = error.code, json.load(error)
        except OSError:
            code, found = 0, {}
        if found.get("status") == status:
            return code, found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_program_runs_from_start_to_stop_and_tells_its_own_facts() -> None:
    with running("well") as (process, url):
        code, found = health(url, "ok")
        assert code == 200
        assert found.pop("seconds_without_progress") < 60
        assert found == {"status": "ok", "service": "crawler", "lag": 7, "own": [1, 2]}
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out.split()) == (0, ["start", "run", "stop"]), err


@pytest.mark.parametrize(
    ("how", "steps"), [("slow start", ["start"]), ("unready", ["start", "run"])]
)
def test_what_is_not_ready_says_so_and_can_be_stopped(how: str, steps: list[str]) -> None:
    with running(how) as (process, url):
        assert health(url, "starting")[0] == 503
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out.split()) == (0, [*steps, "stop"]), err


def test_a_bug_ends_the_process_at_once() -> None:
    with running("bug") as (process, _):
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out.split()) == (EXIT_FAILED, ["start", "run"])
    assert "of its own" in err


def test_wrong_settings_are_told() -> None:
    with running("settings") as (process, _):
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (EXIT_SETTINGS, "")
    assert "wireroom crawler: WIREROOM_X: is wrong" in err


async def test_what_a_stop_interrupts_has_closed_what_it_opened() -> None:
    stop = asyncio.Event()
    opened: list[str] = []

    async def start() -> None:
        opened.append("connection")
        try:
            stop.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            opened.remove("connection")

    await _unless(stop, start())
    assert opened == []


async def test_an_error_before_the_stop_is_raised() -> None:
    async def start() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await _unless(asyncio.Event(), start())
