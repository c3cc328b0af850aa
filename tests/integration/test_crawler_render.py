"""Pages are rendered in a real Chromium, which reaches nothing that the crawler may not."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.crawler.addresses import Resolver
from services.crawler.client import HttpClient, user_agent
from services.crawler.ports import Answer, FetchFailed
from services.crawler.rendering.chromium import Renderer, find_chromium
from services.crawler.settings import CrawlerSettings
from shared.errors import SettingsError
from shared.settings import load_settings
from tests.web import LoopbackWeb, page, redirect


@pytest.fixture(autouse=True)
def _chromium() -> None:
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        if os.environ.get("CI"):
            pytest.fail("chromium is absent, and CI must have it")
        pytest.skip("chromium is not installed")


@pytest.fixture
async def web() -> AsyncIterator[LoopbackWeb]:
    async with LoopbackWeb() as made:
        yield made


def settings_for(web: LoopbackWeb, **changes: object) -> CrawlerSettings:
    return load_settings(
        CrawlerSettings,
        allowed_networks=[web.network],
        chromium_sandbox=os.geteuid() != 0,
        render_seconds=5,
        **changes,
    )


async def rendered(web: LoopbackWeb, url: str, **changes: object) -> tuple[Answer, str]:
    settings = settings_for(web, **changes)
    resolver = Resolver(settings.allowed_networks, lookup=web.lookup)
    client = HttpClient(settings, resolver)
    renderer = Renderer(settings, resolver, user_agent(settings))
    await client.start()
    await renderer.start()
    try:
        answer = await renderer.render(await client.get(url))
        return answer, answer.body.decode("utf-8")
    finally:
        await renderer.stop()
        await client.stop()


async def test_what_scripts_write_is_the_page(web: LoopbackWeb) -> None:
    web.add(
        "news.test",
        "/a",
        page(
            "<title>Flood</title><div id=x>loading</div><script>"
            "fetch('/data.json').then(r => r.json()).then(d => {"
            "document.getElementById('x').innerHTML = '<p>' + d.text + ' ü</p>'})</script>"
            "<script src='http://cdn.test:PORT/lib.js'></script>".replace(
                "PORT", web.url("cdn.test", "/").rsplit(":", 1)[1].rstrip("/")
            )
        ),
    )
    web.add("news.test", "/data.json", page('{"text": "The river rose."}', "application/json"))
    web.add("cdn.test", "/lib.js", page("document.title = 'Flood!'", "text/javascript"))
    answer, html = await rendered(web, web.url("news.test", "/a"))
    assert "<p>The river rose. ü</p>" in html
    assert "<title>Flood!</title>" in html
    assert answer.header("content-type") == "text/html; charset=utf-8"
    paths = [request.path for request in web.log]
    assert paths.count("/a") == 1  # the browser was handed what the client had fetched
    assert {"/data.json", "/lib.js"} <= set(paths)
    agents = {request.headers["user-agent"] for request in web.log}
    assert len(agents) == 1
    assert agents.pop().startswith("Wireroom/")


async def test_private_addresses_are_out_of_reach(web: LoopbackWeb) -> None:
    port = web.url("news.test", "/").rsplit(":", 1)[1].rstrip("/")
    web.add(
        "news.test",
        "/a",
        page(
            "<p id=x>before</p><script>(async () => {"
            f"await Promise.allSettled(['http://127.0.0.1:{port}/s', 'http://localhost:{port}/s',"
            f" 'http://[::1]:{port}/s', 'http://2130706433:{port}/s', 'http://evil.test:{port}/s',"
            " 'http://169.254.169.254/latest', 'https://127.0.0.1/s', '/hop'].map("
            "u => fetch(u, {mode: 'no-cors'})));"
            f"try {{ new WebSocket('ws://127.0.0.1:{port}/s') }} catch (e) {{}}"
            f"new Image().src = 'http://127.0.0.1:{port}/s';"
            "document.getElementById('x').textContent = 'after'})()</script>"
            f"<iframe src='http://127.0.0.1:{port}/s'></iframe>"
        ),
    )
    web.add("news.test", "/hop", redirect(f"http://127.0.0.1:{port}/s"))
    web.answers("evil.test", ["127.0.0.1"])
    _, html = await rendered(web, web.url("news.test", "/a"))
    assert web.strayed == []
    assert len(web.requests("news.test", "/a")) == len(web.requests("news.test", "/hop")) == 1
    assert "after" in html


@pytest.mark.parametrize(
    "script",
    [
        "alert('stop'); document.body.append('done')",
        "location = '/other'; document.body.append('done')",
        "window.open('/other'); document.body.append('done')",
        "setInterval(() => fetch('/poll'), 50); document.body.append('done')",
        "onbeforeunload = () => 'stay'; document.body.append('done')",
        "document.body.append('done'); print()",
    ],
)
async def test_a_page_cannot_hold_or_leave(web: LoopbackWeb, script: str) -> None:
    web.add("news.test", "/a", page(f"<body><p>Rain.</p><script>{script}</script></body>"))
    web.add("news.test", "/other", page("<p>Other</p>"))
    web.add("news.test", "/poll", page("{}", "application/json"))
    _, html = await rendered(web, web.url("news.test", "/a"))
    assert "Rain." in html
    assert "done" in html
    assert "Other" not in html


async def test_limits_of_time_and_bytes_hold(web: LoopbackWeb) -> None:
    web.add("news.test", "/loop", page("<p>a</p><script>while (true) {}</script>"))
    web.add(
        "news.test",
        "/grow",
        page("<script>document.write('<p>' + 'x'.repeat(3e6) + '</p>')</script>"),
    )
    with pytest.raises(FetchFailed, match="timed_out"):
        await rendered(web, web.url("news.test", "/loop"), total_timeout=6)
    with pytest.raises(FetchFailed, match="too_large"):
        await rendered(web, web.url("news.test", "/grow"), max_body_bytes=1_000_000)


async def test_the_browser_killed_is_told_and_started_again(web: LoopbackWeb) -> None:
    web.add("news.test", "/a", page("<p>Rain.</p><script>document.title='t'</script>"))
    settings = settings_for(web)
    resolver = Resolver(settings.allowed_networks, lookup=web.lookup)
    client, renderer = HttpClient(settings, resolver), Renderer(settings, resolver, "Wireroom")
    await client.start()
    try:
        answer = await client.get(web.url("news.test", "/a"))
        await renderer.render(answer)
        for pid in children(os.getpid()):
            os.kill(pid, 9)
        with contextlib.suppress(FetchFailed):  # it may not be noticed before it is used
            await renderer.render(answer)
        assert b"<title>t</title>" in (await renderer.render(answer)).body
    finally:
        await renderer.stop()
        await client.stop()
    assert list(children(os.getpid())) == []


def children(parent: int) -> Iterator[int]:
    """Running browsers that this process started."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z" and b"chrom" in command:
            yield int(entry.name)


async def test_what_is_no_page_is_left_as_it_is(web: LoopbackWeb) -> None:
    web.add("news.test", "/f", page("<rss/>", "application/rss+xml"))
    answer, body = await rendered(web, web.url("news.test", "/f"))
    assert body == "<rss/>"
    assert answer.header("content-type").startswith("application/rss+xml")


def test_a_browser_that_is_missing_is_named() -> None:
    settings = load_settings(CrawlerSettings, chromium="no-such-browser")
    with pytest.raises(SettingsError, match="WIREROOM_CRAWLER_CHROMIUM"):
        find_chromium(settings)
