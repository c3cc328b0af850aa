"""A tab of a real Chromium: what it asked for, what it complained of, what it shows."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from services.crawler.rendering.chromium import find_chromium
from services.crawler.rendering.devtools import DevTools, Event
from services.crawler.settings import CrawlerSettings
from shared.settings import load_settings

_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--hide-scrollbars",
)
_KEYS = {"Tab": ("Tab", 9, ""), " ": ("Space", 32, " "), "Enter": ("Enter", 13, "\r")}


class Tab:
    """One page of a browser, by the DevTools protocol."""

    def __init__(self, browser: DevTools, session: str) -> None:
        self._browser = browser
        self._session = session
        self._loaded = asyncio.Event()
        self.requests: list[str] = []
        """URLs that it asked for."""
        self.complaints: list[str] = []
        """Messages in its console, of errors and of anything else."""

    def told(self, method: str, event: Event) -> None:
        """Take an event."""
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(event["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(event["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.complaints.append(str(event["entry"]["text"]))

    async def call(self, method: str, **parameters: Any) -> Event:
        """A command of the protocol."""
        return await self._browser.call(method, self._session, **parameters)

    async def open(self, path: Path) -> None:
        """Show a file, and wait until it is loaded."""
        self._loaded.clear()
        await self.call("Page.navigate", url=path.as_uri())
        await self._loaded.wait()

    async def value(self, expression: str) -> Any:
        """What an expression of JavaScript gives in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key and let it go."""
        code, number, text = _KEYS[key]
        keys = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        typed = {"text": text} if text else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **keys, **typed)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **keys)

    async def click(self, selector: str) -> None:
        """Click into the middle of an element, as a hand would."""
        box = await self.value(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left",
                clickCount=1,
            )  # fmt: skip

    async def resize(self, width: int, height: int) -> None:
        """Make the window so many CSS pixels large."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    async def media(self, media: str = "", scheme: str = "light") -> None:
        """Show it as on ``media`` (``print``), in the colour ``scheme``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", media=media, features=features)


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Tab]:
    """A tab of a browser of its own. Raises :class:`SettingsError` where there is no Chromium."""
    chromium = find_chromium(load_settings(CrawlerSettings))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [*_FLAGS, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        browser = await DevTools.launch([chromium, *flags])
        try:
            target = await browser.call("Target.createTarget", url="about:blank")
            attached = await browser.call(
                "Target.attachToTarget", targetId=target["targetId"], flatten=True
            )
            tab = Tab(browser, str(attached["sessionId"]))
            browser.listen(str(attached["sessionId"]), tab.told)
            for domain in ("Page", "Network", "Runtime", "Log"):
                await tab.call(f"{domain}.enable")
            yield tab
        finally:
            await browser.stop()
