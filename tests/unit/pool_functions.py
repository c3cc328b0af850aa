"""Functions for the pool's tests: workers import them, so they stand in a module."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.errors import MessageTooLarge, PermanentError
from shared.runtime.pool import Pool


class TwoArguments(Exception):
    """Can be pickled, but not unpickled: its arguments do not rebuild it."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


class CannotLoad:
    """A function whose loading fails in the worker."""

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _cannot_load, ()

    def __call__(self, argument: str) -> str:
        return argument


def _cannot_load() -> CannotLoad:
    raise RuntimeError("the model is not installed")


class DiesAtFirst:
    """A function whose first worker dies while it loads; ``mark`` is a file that tells."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _dies_at_first, (self._mark,)

    def __call__(self, argument: str) -> str:
        return argument


def _dies_at_first(mark: str) -> DiesAtFirst:
    with suppress(FileExistsError):
        Path(mark).touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)
    return DiesAtFirst(mark)


def scripted(argument: str) -> Any:
    """Do what ``argument`` says."""
    command, _, rest = argument.partition(":")
    match command:
        case "permanent":
            raise PermanentError("bad", rest)
        case "large":
            raise MessageTooLarge("message_too_large", rest)
        case "bug":
            raise ZeroDivisionError(rest)
        case "two":
            raise TwoArguments("first", "second")
        case "lambda":
            return lambda: 1
        case "exit":
            sys.exit(3)
        case "own-timeout":
            raise TimeoutError("a read of its own")
        case "sleep":
            time.sleep(float(rest))
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "pid":
            return os.getpid()
    return argument


async def hold(workers: int) -> None:
    """Start a pool, print its workers' ids, and work for ever: what a test kills."""
    pool = Pool(scripted, workers=workers, timeout=3600, name="held")
    pids: set[int] = set()
    while len(pids) < workers:
        pids.update(await pool.map(["pid"] * workers * 4))
    print(*sorted(pids), flush=True)
    await pool.map(["sleep:3600"] * workers)
