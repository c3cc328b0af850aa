"""The Chrome DevTools Protocol over a pipe: no port is opened that a page could talk to.

https://chromedevtools.github.io/devtools-protocol/ ; messages are JSON, each ended by a NUL. The
browser reads them from file descriptor 3 and writes to 4 (``--remote-debugging-pipe``).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import orjson

Event = dict[str, Any]

_LARGEST = 256 * 1024 * 1024  # bytes of one message: a page's whole DOM with its escapes
# Puts the pipes where the browser looks for them. By a process in between, since nothing may run
# between fork and exec of a process with threads.
_LAUNCHER = (
    "import os,sys\n"
    "a,b=os.dup(int(sys.argv[1])),os.dup(int(sys.argv[2]))\n"
    "a,b=(os.dup(a),os.dup(b)) if {a,b}&{3,4} else (a,b)\n"
    "os.dup2(a,3);os.dup2(b,4);os.execv(sys.argv[3],sys.argv[3:])"
)


class BrowserGone(Exception):
    """The browser ended, or said that a command failed."""


class DevTools:
    """A browser process and the conversation with it."""

    def __init__(self, process: asyncio.subprocess.Process, writer: asyncio.WriteTransport) -> None:
        self._process = process
        self._writer = writer
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[str, Callable[[str, Event], None]] = {}
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def launch(cls, command: Sequence[str]) -> DevTools:
        """Start ``command``; raises ``OSError`` when it cannot be started."""
        from_us, to_browser = os.pipe()
        from_browser, to_us = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", "-c", _LAUNCHER, str(from_us), str(to_us), *command,
                pass_fds=(from_us, to_us),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(to_browser)
            os.close(from_browser)
            raise
        finally:
            os.close(from_us)
            os.close(to_us)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_LARGEST)
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_browser, "rb")
        )
        transport, _ = await loop.connect_write_pipe(
            asyncio.BaseProtocol, os.fdopen(to_browser, "wb")
        )
        browser = cls(process, transport)
        browser._reading = asyncio.create_task(browser._read(reader))
        return browser

    @property
    def alive(self) -> bool:
        """Whether the browser runs and is listened to."""
        return self._process.returncode is None and not (self._reading and self._reading.done())

    async def call(self, method: str, session: str = "", /, **parameters: Any) -> Event:
        """Send a command and wait for its result; raises :class:`BrowserGone`."""
        if not self.alive:
            raise BrowserGone("the browser ended")
        self._number += 1
        message: Event = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = future
        try:
            self._writer.write(orjson.dumps(message) + b"\0")
            result: Event = await future
            return result
        finally:
            del self._waiting[message["id"]]

    def listen(self, session: str, listener: Callable[[str, Event], None]) -> None:
        """Tell ``listener`` the method and parameters of every event of ``session``."""
        self._listeners[session] = listener

    def forget(self, session: str) -> None:
        """Tell nobody any more."""
        self._listeners.pop(session, None)

    async def stop(self) -> None:
        """End the browser and all its processes."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        await self._process.wait()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                self._told(orjson.loads((await reader.readuntil(b"\0"))[:-1]))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OSError):
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(BrowserGone("the browser ended"))

    def _told(self, message: Event) -> None:
        if "id" in message:
            future = self._waiting.get(message["id"])
            if future is not None and not future.done():
                if "error" in message:
                    future.set_exception(BrowserGone(str(message["error"].get("message"))))
                else:
                    future.set_result(message["result"])
            return
        listener = self._listeners.get(message.get("sessionId", ""))
        if listener is not None:
            listener(message["method"], message.get("params", {}))
