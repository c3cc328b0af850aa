"""Pages of sources that ask for it are rendered before they are handed on."""

from __future__ import annotations

from dataclasses import replace

from services.crawler.ports import Answer, FetchFailed
from services.crawler.sources import Source
from shared.fetching import FetchRequest
from tests.unit.crawler_fakes import ScriptedWeb, VirtualClock, World, answer, crawler_of, running

SOURCES = [
    Source(name="scripted", url="http://a.test/", render=True),
    Source(name="plain", url="http://b.test/"),
]


def requests() -> list[FetchRequest]:
    return [
        FetchRequest(url="http://a.test/1", kind="page", source="scripted"),
        FetchRequest(url="http://b.test/2", kind="page", source="plain"),
        FetchRequest(url="http://c.test/3", kind="page"),
    ]


async def test_only_pages_of_sources_that_ask_for_it_are_rendered() -> None:
    clock, world = VirtualClock(), World()
    web = ScriptedWeb(clock)
    for request in requests():
        web.pages[request.url] = answer(request.url, "<p>loading</p>", Content_Type="text/html")

    async def render(page: Answer) -> Answer:
        return replace(page, body=b"<p>Rain fell.</p>")

    crawler = crawler_of(world, web, clock, render=render)
    async with running(crawler, clock, SOURCES):
        await crawler.take(0, requests())
        await clock.run_for(30)
    bodies = {message.value for message in world.delivered}
    assert sorted(world.pages()) == [request.url for request in requests()]
    assert bodies == {b"<p>Rain fell.</p>", b"<p>loading</p>"}
    assert sum(message.value == b"<p>Rain fell.</p>" for message in world.delivered) == 1


async def test_a_page_that_cannot_be_rendered_is_tried_again_and_then_refused() -> None:
    clock, world = VirtualClock(), World()
    web = ScriptedWeb(clock)
    web.pages["http://a.test/1"] = answer("http://a.test/1", "<p>", Content_Type="text/html")
    tries: list[str] = []

    async def render(page: Answer) -> Answer:
        tries.append(page.url)
        raise FetchFailed("render_failed", "the browser ended", again=True)

    crawler = crawler_of(world, web, clock, render=render, attempts=3)
    async with running(crawler, clock, SOURCES):
        await crawler.take(0, requests()[:1])
        await clock.run_for(3 * 86_400)
    assert tries == ["http://a.test/1"] * 3
    assert world.reasons() == {"http://a.test/1": "render_failed"}
    assert world.delivered == []
