"""``wireroom sources``: the list, what is told of it, and crawling it in this process."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from services.cli.__main__ import main
from services.cli.sources_table import duration
from services.crawler import source_state
from services.crawler.source_state import SourceState
from services.crawler.sources import Source, load_sources
from services.crawler.sqlite_store import SqliteStateStore
from services.local.crawling import crawl_store
from shared.topics import topology
from tests.unit.cli_web import HOST, Desk, article, kill, rss
from tests.web import LoopbackWeb, in_turn, page, slow

DAY = 86_400.0


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with LoopbackWeb() as web:
        desk = Desk(tmp_path, web)
        yield desk
        await desk.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the current one; gives its ``sources.yml``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WIREROOM_CRAWLER_SOURCES", raising=False)
    return tmp_path / "sources.yml"


def sources(*arguments: str) -> int:
    return main(["sources", *arguments])


def test_sources_are_added_listed_and_removed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sources("add", "https://a.example/feed.xml", "https://b.example/") == 0
    options = ["--name", "Late", "--kind", "sitemap", "--interval", "2h", "--take", "entries"]
    assert sources("add", "https://c.example/", *options, "--render", "--category", "x/y") == 0
    late = Source(
        name="Late", url="https://c.example/", kind="sitemap", interval=7200, take="entries",
        render=True, category="x/y",
    )  # fmt: skip
    assert load_sources(here) == [
        Source(name="a.example", url="https://a.example/feed.xml"),
        Source(name="b.example", url="https://b.example/"),
        late,
    ]
    capsys.readouterr()
    assert sources("add", "http://A.example/feed.xml#top") == 0
    assert "= a.example  http://A.example/feed.xml#top is there already" in capsys.readouterr().out
    assert sources("remove", "A.EXAMPLE", "http://b.example") == 0
    assert capsys.readouterr().out.splitlines() == [
        "- a.example  https://a.example/feed.xml",
        "- b.example  https://b.example/",
    ]
    assert load_sources(here) == [late]


def test_the_file_is_the_one_that_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = here.with_name("other.yml")
    monkeypatch.setenv("WIREROOM_CRAWLER_SOURCES", str(other))
    assert sources("add", "https://a.example/") == 0
    assert sources("add", "https://b.example/", "--file", str(here)) == 0
    assert [source.name for source in load_sources(other)] == ["a.example"]
    assert [source.name for source in load_sources(here)] == ["b.example"]
    assert sources("list", "--file", "none.yml") == 1
    error = capsys.readouterr().err
    assert (
        error == "wireroom: none.yml: there is no such file; `wireroom sources add URL` makes it\n"
    )
    assert sources("remove", "x", "--file", "none.yml") == 1
    assert not Path("none.yml").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["add", "example.com/feed"], 1, "did you mean https://example.com/feed?"),
        (["add", "ftp://a.example/"], 1, "not http or https"),
        (["add", "https://c.example/", "--name", "Kept"], 1, "the name 'Kept' is taken"),
        (["add", "https://c.example/", "--name", "a\tb"], 1, "control characters"),
        (["add", "https://c.example/", "https://d.example/", "--name", "x"], 2, "with one URL"),
        (["add", "https://c.example/", "--interval", "soon"], 2, "not a time such as"),
        (["add", "https://c.example/", "--interval", "0"], 2, "no time between two polls"),
        (["remove", "kep"], 1, "there is no source 'kep'; did you mean 'kept'?"),
        (["remove", "kept", "zzz"], 1, "there is no source 'zzz'"),
        (["check", "zzz"], 1, "there is no source 'zzz'"),
    ],
)  # fmt: skip
def test_mistakes_are_told_and_change_nothing(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    here.write_text("- {name: kept, url: 'https://kept.example/'}  # mine\n")
    assert sources(*arguments) == code
    output = capsys.readouterr()
    assert words in output.out + output.err
    assert here.read_text() == "- {name: kept, url: 'https://kept.example/'}  # mine\n"


def test_opml_comes_in_and_goes_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here.parent / "in.opml").write_text(
        '<opml version="1.0"><body><outline text="World">\n'
        '<outline text="A &amp; B" xmlUrl="https://a.example/feed"/>\n'
        '<outline text="broken" xmlUrl="feed://x"/></outline>\n'
        '<outline title="Home" htmlUrl="https://home.example/"/></body></opml>'
    )
    (here.parent / "urls.txt").write_text("# more\nhttps://d.example/\n\nnonsense\n")
    assert sources("add", "in.opml", "urls.txt") == 1
    out = capsys.readouterr().out
    assert "✗ in.opml: line 3 (broken): no source (url 'feed://x': its scheme is feed" in out
    assert "✗ urls.txt: nonsense: invalid url" in out
    assert "3 added to sources.yml" in out
    listed = load_sources(here)
    assert listed == [
        Source(name="a-b", url="https://a.example/feed", kind="feed", category="World"),
        Source(name="home", url="https://home.example/", kind="home"),
        Source(name="d.example", url="https://d.example/"),
    ]
    assert sources("export", "out.opml") == 0
    assert sources("add", "out.opml", "--file", "copy.yml") == 0
    copied = load_sources(Path("copy.yml"))
    assert sorted(copied, key=lambda s: s.name) == sorted(listed, key=lambda s: s.name)
    capsys.readouterr()
    assert sources("export", "-") == 0
    assert capsys.readouterr().out.startswith("<?xml")
    assert sources("add", "in.opml", "out.opml") == 1
    assert "0 added" in capsys.readouterr().out
    (here.parent / "bad.opml").write_text("<opml><body>")
    assert sources("add", "bad.opml") == 1
    assert "bad.opml: it is not well-formed XML" in capsys.readouterr().err


async def stored(store: Path, states: list[SourceState]) -> None:
    state = SqliteStateStore(crawl_store(store))
    await state.start()
    pairs = [(source_state.key(s.name, s.url), source_state.encode(s)) for s in states]
    await state.write(0, [*pairs, (b"p:other", b"\x00\x00\x00\x01")])
    await state.stop()


def state(name: str, *, days: int = 40, silent: int = 0, **fields: Any) -> SourceState:
    """A source that had ten entries on each of ``days``, and then none on ``silent`` days."""
    url = f"https://{name}.example/"
    found = SourceState(name, fields.pop("url", url), "feed", interval=900.0, **fields)
    now = time.time()
    for day in range(days + silent, -1, -1):
        found.succeeded(now - day * DAY, 10 if day >= silent else 0)
    found.next_due = now + 600
    return found


def test_the_list_tells_how_each_source_does(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["good", "bad", "still", "fresh", "resting", "home", "deaf"]
    here.write_text("".join(f"- https://{name}.example/\n" for name in names).replace(
        "- https://resting.example/", "- {url: 'https://resting.example/', paused: true}"
    ).replace("https://", "https://"))  # fmt: skip
    bad = state("bad.example", url="https://bad.example/")
    bad.failed(time.time(), "http_503: https://bad.example/ answered 503")
    bad.failed(time.time(), "http_503: https://bad.example/ answered 503")
    home = SourceState("home.example", "https://home.example/", "home", next_due=time.time() + 9e4)
    home.succeeded(time.time(), 0)
    feeds = [
        state("home.example", url=f"https://home.example/{n}", found_by=home.url) for n in (1, 2)
    ]
    feeds[0].failed(time.time(), "timed_out: ")
    deaf = SourceState("deaf.example", "https://deaf.example/", "home")
    deaf.succeeded(time.time(), 0)
    unheard = SourceState("deaf.example", "https://deaf.example/feed", "feed", found_by=deaf.url)
    unheard.failed(time.time(), "http_404: gone")
    states = [
        state("good.example", url="https://good.example/"),
        bad,
        state("still.example", url="https://still.example/", silent=6),
        state("resting.example", url="https://resting.example/"),
        home,
        *feeds,
        deaf,
        unheard,
        state("stranger"),
    ]
    store = here.with_name("store.db")
    asyncio.run(stored(store, states))
    assert sources("list", "--store", str(store), "--json") == 0
    listed = {one["name"]: one for one in orjson.loads(capsys.readouterr().out)}
    assert {name.removesuffix(".example"): one["state"] for name, one in listed.items()} == {
        "good": "ok",
        "bad": "failing",
        "still": "quiet",
        "fresh": "new",
        "resting": "paused",
        "home": "ok",
        "deaf": "failing",
    }
    assert listed["good.example"]["per_day"] == pytest.approx(10)
    assert listed["home.example"]["per_day"] == pytest.approx(10)  # of the feed that works
    assert listed["home.example"]["addresses"] == [feed.url for feed in feeds]
    assert listed["bad.example"]["errors"] == 2
    assert listed["still.example"]["quiet"]["days"] in (5, 6)
    assert listed["fresh.example"]["last_success"] is None
    assert sources("list", "--store", str(store)) == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert rows["good.example"][:6] == ["ok", "0s", "ago", "15m", "in", "10m"]
    assert "bad.example: failing: http_503: https://bad.example/ answered 503" in out
    assert "still.example: quiet: nothing new for " in out
    assert "deaf.example: failing: http_404: gone" in out


def test_a_list_without_state_or_sources_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here.write_text("# nothing\n")
    assert sources("list") == 0
    assert "there are no sources" in capsys.readouterr().out
    crawl_store(here.with_name("store.db")).write_text("no database")
    assert sources("list", "--store", "store.db") == 1
    assert "store.crawl.db: file is not a database" in capsys.readouterr().err


def test_the_crawler_of_the_servers_is_asked_partition_by_partition(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.write_text("- https://good.example/\n- https://other.example/\n")
    found = state("good.example", url="https://good.example/")
    log = topology().services["crawler"].log
    assert log is not None
    asked: list[int] = []

    class Store:
        def __init__(self, _: Any, topic: Any) -> None:
            assert topic == log

        async def start(self) -> None:
            return None

        async def stop(self) -> None:
            return None

        async def load(self, partition: int) -> AsyncIterator[list[tuple[bytes, bytes]]]:
            asked.append(partition)
            if partition == 1:
                key = source_state.key(found.name, found.url)
                yield [(key, source_state.encode(found)), (b"r:x", b"{}")]

    monkeypatch.setattr("services.crawler.kafka_store.KafkaStateStore", Store)
    assert sources("list", "--from", "kafka", "--json") == 0
    listed = orjson.loads(capsys.readouterr().out)
    assert [one["state"] for one in listed] == ["ok", "new"]
    assert asked == list(range(log.partitions))
    assert sources("list", "--from", "kafka", "--store", "x.db") == 2


def test_times_are_short() -> None:
    assert [duration(s) for s in (0, 59, 60, 119, 120, 7199, 7200, 86_400, 200_000)] == [
        "0s", "59s", "1m", "119s", "2m", "120m", "2h", "1d", "2d",
    ]  # fmt: skip


async def test_a_source_is_added_checked_polled_once_found_and_listed(desk: Desk) -> None:
    links = [desk.article(number) for number in (1, 2)]
    feed = desk.feed("/feed.xml", links)
    home = desk.web.add(
        HOST, "/", page('<!doctype html><head><link rel="alternate"'
                        ' type="application/rss+xml" href="/feed.xml"></head>')
    )  # fmt: skip
    none = desk.web.url(HOST, "/none")
    added = await desk.run("sources", "add", "--check", feed, home, none)
    assert added.code == 1
    assert f"+ harbour-times  {feed}" in added.out
    assert f"    {feed}\n" in added.out  # what the home page names
    assert f"✗ {none}: http 404" in added.out
    assert [s.url for s in load_sources(desk.folder / "sources.yml")] == [feed, home]
    checked = await desk.run("sources", "check", "--json", "harbour-times", none)
    assert checked.code == 1
    assert [(one["kind"], one["entries"], one["reason"]) for one in checked.json()] == [
        ("feed", 2, ""),
        ("auto", 0, "http_404"),
    ]
    assert checked.json()[0]["newest"] == "2026-05-02T10:00:00.000Z"
    assert (await desk.run("sources", "check")).code == 0
    once = await desk.run("sources", "run", "--once", "--workers", "1")
    assert once.code == 0, once.err
    assert "✓ Story 1 of the harbour1" in once.out
    assert "2 new articles" in once.out
    found = await desk.run("search", "ferry2")
    assert "Story 2 of the harbour2" in found.out
    listed = (await desk.run("sources", "list", "--json")).json()
    assert [one["state"] for one in listed] == ["ok", "ok"]
    before = len(desk.web.log)
    again = await desk.run("sources", "run", "--once", "--workers", "1")
    assert "0 new articles" in again.out
    assert [r.path for r in desk.web.log[before:]] == []  # nothing is due


async def test_killed_and_started_again_it_takes_each_entry_once(desk: Desk) -> None:
    desk.environment |= {
        "WIREROOM_CRAWLER_MIN_INTERVAL": "0.5",
        "WIREROOM_CRAWLER_DELAY": "0.05",
    }
    links = [desk.web.add(HOST, f"/{n}.html", slow(page(article(n)), 0.05)) for n in range(1, 25)]
    feed = desk.web.add(HOST, "/feed.xml", in_turn(page(rss(links[:16])), page(rss(links))))
    (desk.folder / "sources.yml").write_text(f"- {{url: '{feed}', interval: 1s}}\n")
    pages = [link.removeprefix(desk.web.url(HOST, "")) for link in links]
    command = ("sources", "run", "--workers", "1")
    process = await desk.start(*command)
    await until(lambda: sum(map(desk.asked, pages)) >= 6, desk)
    kill(process)
    await process.wait()
    process = await desk.start(*command)
    await until(lambda: all(map(desk.asked, pages)), desk)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert out.decode().endswith("stopped\n")
    assert err == b""
    assert (await desk.run("sources", "run", "--once", "--workers", "1")).code == 0
    asked = [desk.asked(path) for path in pages]
    assert sum(asked) - len(pages) <= 2 * 16  # at the kill, what was not yet written
    assert max(asked) <= 2
    found = (await desk.run("search", "--json", "--limit", "50", "winter")).json()
    hits = found["hits"] if isinstance(found, dict) else found
    assert len(hits) == len(links)
    assert len({hit["url"] for hit in hits}) == len(links)


async def until(done: Callable[[], bool], desk: Desk) -> None:
    """Wait until the web's log says so."""
    async with asyncio.timeout(100):
        while not done():
            desk.check()
            await asyncio.sleep(0.02)
