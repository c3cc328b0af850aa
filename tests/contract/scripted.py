"""A stage that does what its messages say, so that one suite can put every driver to the test."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from shared.errors import PermanentError, TransientError
from shared.events import Message
from shared.runtime.stage import Drop, Emit, Outcomes, Reject


class Scripted:
    """A transform. A message is ``command:argument``; ``folder`` remembers what happened once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, message: Message, /) -> Outcomes:
        """Do what the message says."""
        if message.value is None:
            raise PermanentError("no_value", "the record has no value")
        command, _, argument = message.value.decode("utf-8", "replace").partition(":")
        key = message.key or argument.encode()
        if command == "slow":
            time.sleep(0.2)
        if command == "bad":
            raise PermanentError("bad", f"refused {argument}")
        if command == "drop":
            return [Drop("asked")]
        if command == "part":
            return [
                Emit(b"one of " + message.value, key),
                Reject("bad_part", argument, b"part", "2"),
            ]
        if command == "big":
            return [Emit(os.urandom(9_000_000), key)]
        if command == "big-part":
            return [Emit(b"small " + message.value, key), Emit(os.urandom(9_000_000), key + b"-2")]
        if command == "flaky" and self._first(argument):
            raise TransientError("try again")
        if command == "bug" and self._first(argument):
            raise RuntimeError("a bug that is gone after a restart")
        if command == "kill" and self._first(argument):
            os.kill(os.getpid(), signal.SIGKILL)
        if command == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if command == "hang":
            time.sleep(3600)
        return [Emit(b"done " + message.value, key, message.headers)]

    def _first(self, name: str) -> bool:
        path = self._folder / name
        if path.exists():
            return False
        path.touch()
        return True
