"""``wireroom fetch``: what is asked for is fetched by the rules, and each URL gets its answer."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
import pytest
import pytest_asyncio

from services.cli.__main__ import main
from services.cli.fetch import requests_of
from services.cli.journal import explained
from shared.errors import PermanentError
from shared.fetching import FetchRequest, partition_of
from shared.runtime.stage import Emit
from shared.topics import topology
from tests.unit.cli_web import HOST, Desk
from tests.web import LoopbackWeb, page, redirect


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with LoopbackWeb() as web:
        desk = Desk(tmp_path, web)
        yield desk
        await desk.close()


def test_urls_come_from_arguments_files_and_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "urls.txt"
    listed.write_text("\ufeff# mine\n\n https://b.example/ \r\nb.example\n")
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(b"https://c.example/\nhttps://a.example/\n"))
    )
    wanted, problems = requests_of(
        ["https://a.example/", f"@{listed}", "-", "ftp://d.example/"], "feed", force=True
    )
    assert [request.url for request in wanted] == [
        "https://a.example/",
        "https://b.example/",
        "https://c.example/",
    ]
    assert {(request.kind, request.force) for request in wanted} == {("feed", True)}
    assert [(problem.filename, problem.reason) for problem in problems] == [
        ("b.example", "invalid_url"),
        ("ftp://d.example/", "invalid_url"),
    ]
    assert problems[0].detail.endswith("did you mean https://b.example?")
    assert "not http or https" in problems[1].detail


def test_a_file_of_urls_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="No such file"):
        requests_of([f"@{tmp_path}/none"], "auto")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(click.ClickException, match="not text in UTF-8"):
        requests_of([f"@{tmp_path}/bytes"], "auto")


def test_failures_are_explained_with_what_can_be_done() -> None:
    url = "http://10.0.0.1/"
    private = explained(url, "private_address", f"{url}: 10.0.0.1 is private")
    assert private.detail.startswith("10.0.0.1 is private; WIREROOM_CRAWLER_ALLOWED_NETWORKS")
    unknown = explained(url, "dns_failed", f"{url}: {url}robots.txt: dns_failed: no such name")
    assert unknown.detail.startswith("no such name; is the name right")
    assert explained(url, "http_500", "").detail == ""


async def test_every_url_gets_its_answer(desk: Desk) -> None:
    web = desk.web
    web.add(HOST, "/robots.txt", page("User-agent: *\nDisallow: /secret", "text/plain"))
    first, second, third = (desk.article(number) for number in (1, 2, 3))
    moved = web.add(HOST, "/moved", redirect(web.url(HOST, "/9.html")))
    desk.article(9)
    secret = web.add(HOST, "/secret", page("no"))
    busy = web.add(HOST, "/busy", page("later", status=503))
    feed = desk.feed("/feed.xml", [first, second, third])
    none, private = web.url(HOST, "/none"), "http://127.0.0.1:9/"
    command = ("fetch", "--workers", "1", "--limit", "2", "--json")
    done = await desk.run(*command, first, moved, secret, busy, feed, none, private, "x.example")
    assert done.code == 0, done.err
    report = done.json()
    titles = {
        item["filename"]: [outcome.get("title") for outcome in item["outcomes"]]
        for item in report["inputs"]
    }
    assert titles == {
        first: ["Story 1 of the harbour1"],
        second: ["Story 2 of the harbour2"],
        web.url(HOST, "/9.html"): ["Story 9 of the harbour9"],
    }
    assert {problem["filename"]: problem["reason"] for problem in report["rejected"]} == {
        secret: "robots_denied",
        busy: "http_503",
        none: "http_404",
        private: "private_address",
        "x.example": "invalid_url",
    }
    assert report["lists"] == [{"url": feed, "kind": "feed", "entries": 2}]
    assert desk.asked("/secret") == 0
    assert desk.asked("/3.html") == 0  # past the limit
    assert desk.asked("/robots.txt") == 1
    assert web.strayed == []

    again = (await desk.run(*command, first, feed)).json()
    assert again["fetched_lately"] == [first]
    assert desk.asked("/1.html") == 1
    desk.environment["WIREROOM_CRAWLER_REFETCH_AFTER"] = "0"
    assert (await desk.run(*command, first)).json()["not_modified"] == [first]
    forced = await desk.run("fetch", "--workers", "1", "--force", first)
    assert f"✓ Story 1 of the harbour1 (unchanged)  {first}" in forced.out
    # Forced it comes anew; unforced it was only asked for whether it changed.
    validators = [request.headers.get("if-none-match") for request in web.requests(HOST, "/1.html")]
    assert validators == [None, '"1"', None]


async def test_when_nothing_could_be_fetched_it_fails_and_tells_why(desk: Desk) -> None:
    done = await desk.run("fetch", "--workers", "1", desk.web.url(HOST, "/none"))
    assert done.code == 1
    assert "none: http 404 (" in done.out
    assert "there is no such page" in done.out
    assert "0 accepted, 0 revised, 0 unchanged, 1 rejected" in done.out


def test_kafka_gets_requests_at_their_hosts_partitions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    published: list[tuple[Emit, int]] = []

    class Publisher:
        def __init__(self, _: Any, topic: Any, partition: Any) -> None:
            assert topic == topology().services["crawler"].reads
            self._partition = partition

        async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
            published.extend((message, self._partition(message)) for message in messages)
            return [None, PermanentError("message_too_large", "9 bytes")]

        async def stop(self) -> None:
            return None

    monkeypatch.setattr("shared.runtime.publisher.KafkaPublisher", Publisher)
    urls = ["https://a.example/1", "http://b.example:81/feed"]
    assert main(["fetch", "--to", "kafka", "--kind", "feed", "--json", *urls]) == 0
    partitions = topology().services["crawler"].reads.partitions
    for url, (message, partition) in zip(urls, published, strict=True):
        request = FetchRequest.read(message.value)
        assert request == FetchRequest(url=url, kind="feed")
        assert message.key.decode() == request.host
        assert partition == partition_of(request.host, partitions)
    report = orjson.loads(capsys.readouterr().out)
    assert report["sent"] == 1
    assert report["rejected"][0]["reason"] == "message_too_large"


def test_a_store_and_kafka_exclude_each_other(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    assert main(["fetch", "--to", "kafka", "--store", store, "https://a.example/"]) == 2
