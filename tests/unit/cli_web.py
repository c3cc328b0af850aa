"""The real commands, in processes of their own, against a web on this machine's loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.shared_data import ROOT
from tests.web import LoopbackWeb, page, revalidated

HOST = "127.77.0.1"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed, as JSON."""
        return orjson.loads(self.out)


@dataclass
class Desk:
    """A folder in which commands are run, and the web that they see."""

    folder: Path
    web: LoopbackWeb
    environment: dict[str, str] = field(default_factory=dict)
    _started: list[asyncio.subprocess.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.web.address(HOST)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WIREROOM_")}
        self.environment = {
            **kept,
            "WIREROOM_CRAWLER_ALLOWED_NETWORKS": f'["{self.web.network}"]',
            "WIREROOM_CRAWLER_DELAY": "0.01",
            "PYTHONPATH": str(ROOT),
        }

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.cli", *arguments,
            cwd=self.folder, env=self.environment, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

        self._started.append(process)
        return process

    async def close(self) -> None:
        """End what a test left running."""
        for process in self._started:
            if process.returncode is None:
                kill(process)
                await process.communicate()

    def check(self) -> None:
        """No command ended by itself."""
        for process in self._started:
            assert process.returncode in (None, 0, -signal.SIGKILL), process.returncode

    async def run(self, *arguments: str) -> Done:
        """Run a command to its end."""
        process = await self.start(*arguments)
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    def asked(self, path: str) -> int:
        """How often the web was asked for a path."""
        return len(self.web.requests(HOST, path))

    def article(self, number: int) -> str:
        """Add a page with an article; gives its URL."""
        body = article(number)
        return self.web.add(HOST, f"/{number}.html", revalidated(body, etag=f'"{number}"'))

    def feed(self, path: str, links: list[str], *, title: str = "Harbour Times") -> str:
        """Add a feed of ``links``; gives its URL."""
        return self.web.add(HOST, path, page(rss(links, title), "application/rss+xml"))


def kill(process: asyncio.subprocess.Process) -> None:
    """SIGKILL for a command and the workers that it started."""
    os.killpg(process.pid, signal.SIGKILL)


def article(number: int) -> str:
    """A page with an article that is like no other number's."""
    words = [f"{word}{number}" for word in ("ferry", "harbour", "council", "storm", "museum")]
    text = "".join(
        f"<p>The {words[n % 5]} of district {number * 7 + n} was discussed on day {n} by the"
        f" {words[(n + 2) % 5]}, which had asked {words[(n + 3) % 5]} for {n * number + 11} more"
        " chairs before the winter began in the northern valleys.</p>"
        for n in range(8)
    )
    title = f"Story {number} of the {words[1]}"
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1>{text}</article></body></html>"
    )


def rss(links: list[str], title: str = "Harbour Times") -> str:
    """A feed with an entry for each link."""
    entries = "".join(
        f"<item><title>{n}</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>Tue, 0{n % 9 + 1} May 2026 10:00:00 GMT</pubDate></item>"
        for n, link in enumerate(links)
    )
    return f'<rss version="2.0"><channel><title>{title}</title>{entries}</channel></rss>'
