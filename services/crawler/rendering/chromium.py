"""Renders a page that was fetched: its scripts run, and what they made of it is the answer."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import shutil
import tempfile
from dataclasses import replace
from typing import Any

from services.crawler.addresses import Resolver
from services.crawler.client import user_agent
from services.crawler.ports import Answer, FetchFailed
from services.crawler.rendering.devtools import BrowserGone, DevTools, Event
from services.crawler.rendering.guard_proxy import GuardProxy
from services.crawler.settings import CrawlerSettings
from shared.errors import SettingsError

log = logging.getLogger(__name__)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PAGES = 200
"""Pages after which the browser is started anew: its memory never quite comes back."""
_QUIET = 0.5  # seconds without a request after which a page counts as done
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--disable-quic",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--no-pings",
    # Every way round the proxy is closed: names resolve to nothing, loopback goes through it too.
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,"
    "AsyncDns,DnsOverHttps,Prerender2",
    "--js-flags=--max-old-space-size=512",
)
# What shows nothing that could be read.
_UNREAD = ("Image", "Media", "Font", "TextTrack", "Ping", "Prefetch", "Manifest", "WebSocket",
           "EventSource", "CSPViolationReport", "SignedExchange")  # fmt: skip


def find_chromium(settings: CrawlerSettings) -> str:
    """The browser's path; raises :class:`SettingsError` where there is none."""
    names = (settings.chromium,) if settings.chromium else _NAMES
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SettingsError(
            f"WIREROOM_CRAWLER_RENDER: no Chromium found ({', '.join(names)}); install one "
            "(Debian: chromium) or name it by WIREROOM_CRAWLER_CHROMIUM"
        )
    return found


def renderer_of(settings: CrawlerSettings) -> Renderer | None:
    """A renderer where the settings want one."""
    if not settings.render:
        return None
    resolver = Resolver(settings.allowed_networks, timeout=settings.connect_timeout)
    return Renderer(settings, resolver, user_agent(settings))


class Renderer:
    """One Chromium, ``render_concurrency`` pages at a time, each in a context of its own.

    The page itself comes from the crawler's client, under all its rules; the browser is handed its
    bytes. Whatever scripts fetch goes through a :class:`GuardProxy`: judged addresses only, as
    many bytes in all as ``max_body_bytes`` times 4. No other page can be gone to.
    """

    def __init__(self, settings: CrawlerSettings, resolver: Resolver, user_agent: str) -> None:
        self._settings = settings
        self._resolver = resolver
        self._user_agent = user_agent
        self._places = asyncio.Semaphore(settings.render_concurrency)
        self._starting = asyncio.Lock()
        self._browser: DevTools | None = None
        self._profile: tempfile.TemporaryDirectory[str] | None = None
        self._pages = 0
        self._active = 0

    async def start(self) -> None:
        """See that there is a browser; raises :class:`SettingsError` where there is none."""
        find_chromium(self._settings)

    async def stop(self) -> None:
        """End the browser."""
        await self._end()

    async def render(self, answer: Answer) -> Answer:
        """``answer`` with the body that its scripts made of it, in UTF-8.

        What is no page, or no 200, comes back as it is. Raises :class:`FetchFailed`
        ``render_failed``, ``timed_out`` or ``too_large``.
        """
        kind = answer.header("content-type").partition(";")[0].strip().lower()
        if answer.status != 200 or kind not in ("text/html", "application/xhtml+xml"):
            return answer
        async with self._places:
            try:
                async with asyncio.timeout(self._settings.total_timeout):
                    html = await self._rendered(answer)
            except TimeoutError:
                await self._end()  # a page that hangs may hang its browser
                detail = f"{answer.url}: rendering took over {self._settings.total_timeout:g} s"
                raise FetchFailed("timed_out", detail, again=True) from None
            except (BrowserGone, OSError) as error:
                await self._end()
                raise FetchFailed("render_failed", f"{answer.url}: {error}", again=True) from error
        body = html.encode("utf-8", "replace")
        limit = self._settings.max_body_bytes
        if len(body) > limit:
            detail = f"{answer.url}: {len(body)} bytes rendered, max_body_bytes={limit}"
            raise FetchFailed("too_large", detail, again=False)
        kept = tuple(p for p in answer.headers if p[0].lower() not in ("content-type", "etag"))
        headers = (*kept, ("Content-Type", "text/html; charset=utf-8"))
        return replace(answer, body=body, headers=headers)

    async def _rendered(self, answer: Answer) -> str:
        browser = await self._started()
        guard = GuardProxy(
            self._resolver,
            max_bytes=4 * self._settings.max_body_bytes,
            connect_timeout=self._settings.connect_timeout,
        )
        self._active += 1
        try:
            async with guard:
                context = await browser.call(
                    "Target.createBrowserContext",
                    proxyServer=f"http://{guard.address}",
                    proxyBypassList="<-loopback>",
                    disposeOnDetach=True,
                )
                name = context["browserContextId"]
                try:
                    return await self._in_context(browser, name, answer)
                finally:
                    with contextlib.suppress(BrowserGone):
                        await browser.call("Target.disposeBrowserContext", browserContextId=name)
        finally:
            self._active -= 1

    async def _in_context(self, browser: DevTools, context: str, answer: Answer) -> str:
        target = await browser.call(
            "Target.createTarget", url="about:blank", browserContextId=context
        )
        attached = await browser.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        session = str(attached["sessionId"])
        page = _Page(browser, session, answer)
        browser.listen(session, page.told)
        try:
            await browser.call("Page.enable", session)
            await browser.call("Network.enable", session)
            await browser.call("Network.setUserAgentOverride", session, userAgent=self._user_agent)
            await browser.call("Fetch.enable", session, patterns=[{"urlPattern": "*"}])
            navigated = await browser.call("Page.navigate", session, url=answer.url)
            if navigated.get("errorText"):
                raise BrowserGone(str(navigated["errorText"]))
            await page.settled(self._settings.render_seconds)
            result = await browser.call(
                "Runtime.evaluate",
                session,
                expression="document.documentElement ? document.documentElement.outerHTML : ''",
                returnByValue=True,
            )
        finally:
            browser.forget(session)
            await page.stop()
        return f"<!DOCTYPE html>{result['result'].get('value') or ''}"

    async def _started(self) -> DevTools:
        async with self._starting:
            worn = self._pages >= _PAGES and self._active == 0
            if self._browser is not None and (worn or not self._browser.alive):
                await self._end()
            if self._browser is None:
                self._profile = tempfile.TemporaryDirectory(
                    prefix="wireroom-chromium-", ignore_cleanup_errors=True
                )
                flags = [*_FLAGS, f"--user-data-dir={self._profile.name}"]
                if not self._settings.chromium_sandbox:
                    flags.append("--no-sandbox")
                # The browser's own traffic, outside of any page, finds nobody.
                flags.append("--proxy-server=http://127.0.0.1:1")
                self._browser = await DevTools.launch([find_chromium(self._settings), *flags])
                self._pages = 0
            self._pages += 1
            return self._browser

    async def _end(self) -> None:
        browser, self._browser = self._browser, None
        profile, self._profile = self._profile, None
        if browser is not None:
            await browser.stop()
        if profile is not None:
            await asyncio.to_thread(profile.cleanup)


class _Page:
    """Answers what the browser asks while a page is loaded, and knows when it is quiet."""

    def __init__(self, browser: DevTools, session: str, answer: Answer) -> None:
        self._browser = browser
        self._session = session
        self._answer = answer
        self._given = False
        self._loaded = asyncio.Event()
        self._open: set[str] = set()
        self._last = asyncio.get_running_loop().time()
        self._tasks: set[asyncio.Task[Any]] = set()

    def told(self, method: str, event: Event) -> None:
        """Take an event of the page's session."""
        if method == "Fetch.requestPaused":
            self._do(self._decide(event))
        elif method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Page.javascriptDialogOpening":
            self._do(self._browser.call("Page.handleJavaScriptDialog", self._session, accept=False))
        elif method == "Network.requestWillBeSent":
            self._open.add(event["requestId"])
            self._last = asyncio.get_running_loop().time()
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self._open.discard(event["requestId"])
            self._last = asyncio.get_running_loop().time()

    async def settled(self, seconds: float) -> None:
        """Wait until the page is loaded and asks for nothing more, at most ``seconds``."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._loaded.wait()
                # Quiet is that time passes and nothing happens: no event tells it.
                while self._open or loop.time() - self._last < _QUIET:  # noqa: ASYNC110
                    await asyncio.sleep(_QUIET / 5)

    async def stop(self) -> None:
        """Answer nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _do(self, call: Any) -> None:
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(task.exception(), BrowserGone):
            log.debug("a page's request went unanswered: %s", task.exception())

    async def _decide(self, event: Event) -> None:
        """The page's own bytes for its own address; scripts and data; nothing else."""
        request = event["requestId"]
        main = event["resourceType"] == "Document" and not self._given
        if main:
            self._given = True
            kind = self._answer.header("content-type") or "text/html"
            await self._browser.call(
                "Fetch.fulfillRequest",
                self._session,
                requestId=request,
                responseCode=200,
                responseHeaders=[{"name": "Content-Type", "value": kind}],
                body=base64.b64encode(self._answer.body).decode("ascii"),
            )
        elif event["resourceType"] in ("Document", *_UNREAD):
            # Another document is another page, or a frame of one: advertising, mostly.
            await self._browser.call(
                "Fetch.failRequest", self._session, requestId=request, errorReason="Aborted"
            )
        else:
            await self._browser.call("Fetch.continueRequest", self._session, requestId=request)
