"""The process pool, with real processes: one bad message never takes the service with it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from shared.errors import MessageTooLarge, PermanentError
from shared.events import Message
from shared.runtime.pool import Pool, PoolStage
from shared.runtime.stage import Reject
from tests.shared_data import ROOT
from tests.unit.pool_functions import CannotLoad, DiesAtFirst, scripted


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(scripted, workers=2, timeout=30, name="test")
    yield pool
    await pool.stop()


async def test_results_come_in_order(pool: Pool) -> None:
    arguments = [f"sleep:{0.002 * (n % 5)}" for n in range(40)]
    assert await pool.map(arguments) == arguments
    assert await pool.map([]) == []


async def test_errors_come_as_they_are_beside_the_results(pool: Pool) -> None:
    one, permanent, large, bug, two = await pool.map(
        ["1", "permanent:why", "large:5 bytes", "bug:x", "2"]
    )
    assert (one, two) == ("1", "2")
    assert type(permanent) is PermanentError
    assert (permanent.reason, permanent.detail) == ("bad", "why")
    assert type(large) is MessageTooLarge
    assert isinstance(bug, ZeroDivisionError)


async def test_what_cannot_cross_the_processes_is_an_error_and_no_death(pool: Pool) -> None:
    first, two, function, left, own, last = await pool.map(
        ["1", "two:", "lambda:", "exit:", "own-timeout:", "2"]
    )
    assert (first, last) == ("1", "2")
    assert isinstance(two, RuntimeError)
    assert "TwoArguments: first" in str(two)
    assert isinstance(function, Exception)
    assert "pickle" in str(function)
    assert isinstance(left, RuntimeError)
    assert "SystemExit: 3" in str(left)
    assert isinstance(own, RuntimeError), "a time-out of its own is not one of the task"
    assert "a read of its own" in str(own)
    assert await pool.map(["3"]) == ["3"], "the pool goes on"


@pytest.mark.parametrize("death", ["kill", "segfault"])
async def test_a_message_that_ends_its_worker_twice_is_refused(pool: Pool, death: str) -> None:
    before, dead, after = await pool.map(["1", f"{death}:", "2"])
    assert (before, after) == ("1", "2")
    assert isinstance(dead, PermanentError)
    assert dead.reason == "worker_died"
    assert await pool.map(["3"]) == ["3"]


async def test_a_message_that_takes_too_long_twice_is_refused() -> None:
    pool = Pool(scripted, workers=1, timeout=1.5, name="test")
    try:
        slow, good = await pool.map(["sleep:3600", "1"])
        assert isinstance(slow, PermanentError)
        assert (slow.reason, slow.detail) == ("timed_out", "took more than 1.5 s, twice")
        assert good == "1"
    finally:
        await pool.stop()


async def test_workers_killed_while_idle_are_replaced(pool: Pool) -> None:
    for _ in range(2):
        for pid in set(await pool.map(["pid"] * 8)):
            os.kill(pid, signal.SIGKILL)
        assert await pool.map(["1", "2", "3"]) == ["1", "2", "3"]


async def test_tasks_still_queued_when_the_workers_die_are_done_by_new_ones(tmp_path: Path) -> None:
    pool = Pool(DiesAtFirst(str(tmp_path / "died")), workers=1, timeout=30, name="test")
    # More than a pipe holds: most of them wait in the parent when the worker dies.
    arguments = [f"{n:0100000}" for n in range(20)]
    try:
        async with asyncio.timeout(120):
            assert await pool.map(arguments) == arguments
    finally:
        await pool.stop()


async def test_a_function_that_cannot_be_loaded_is_an_error_and_no_refusal() -> None:
    pool = Pool(CannotLoad(), workers=1, timeout=30, name="test")
    try:
        with pytest.raises(BrokenProcessPool):
            await PoolStage("s", pool, lambda message: "x").process([Message(b"x")])
    finally:
        await pool.stop()


async def test_the_stage_rejects_permanent_errors_and_raises_bugs(pool: Pool) -> None:
    stage = PoolStage("s", pool, lambda message: (message.value or b"").decode())
    outcomes = await stage.process([Message(b"permanent:x"), Message(b"kill:")])
    assert outcomes[0] == [Reject("bad", "x")]
    assert isinstance(outcomes[1][0], Reject)
    assert outcomes[1][0].reason == "worker_died"
    with pytest.raises(ZeroDivisionError):
        await stage.process([Message(b"1"), Message(b"bug:x")])


async def test_stopping_ends_the_workers() -> None:
    pool = Pool(scripted, workers=2, timeout=30, name="test")
    pids = set(await pool.map(["pid"] * 8))
    await pool.stop()
    await pool.stop()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_no_worker_outlives_a_killed_parent() -> None:
    code = "import asyncio; from tests.unit.pool_functions import hold; asyncio.run(hold(2))"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    try:
        assert len(workers) == 2
        parent.kill()
        parent.wait()
        _, alive = psutil.wait_procs(workers, timeout=30)
        assert alive == []
    finally:
        parent.kill()
        parent.wait()
        for worker in workers:
            if worker.is_running():
                worker.kill()
