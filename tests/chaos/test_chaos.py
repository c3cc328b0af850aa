"""What happens to servers and processes must lose no article and make none twice.

Each test ends with every article in the index once, nothing waiting, and offsets at the ends of
the topics.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.cli.cluster.servers import Elastic, Kafka
from shared.settings import RuntimeSettings
from tests.chaos import articles
from tests.chaos.flow import SERVICES, Flow
from tests.web import LoopbackWeb, page

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

ROUNDS = 3
PORTION = 40


@pytest_asyncio.fixture
async def flow(runtime_settings: RuntimeSettings, tmp_path: Path) -> AsyncIterator[Flow]:
    async with Flow(runtime_settings, tmp_path) as flow:
        # One article through everything: all services are up when a test begins.
        await flow.drop([articles.plain(0)])
        await flow.drained(1)
        yield flow


async def load(flow: Flow, begin: int, portions: int) -> int:
    """Drop articles little by little; returns the number after the last."""
    for portion in range(portions):
        start = begin + portion * PORTION
        await flow.drop([articles.plain(n) for n in range(start, start + PORTION)])
        await asyncio.sleep(0.5)
    return begin + portions * PORTION


async def hurt_each(flow: Flow, number: int) -> None:
    """Signal one service after the other while work flows; a supervisor starts them again."""
    following = 1
    for _ in range(ROUNDS):
        for service in SERVICES:
            before = following
            following = await load(flow, following, 1)
            assert following > before
            flow.kill(service, number)
            await asyncio.sleep(0.3)
            flow.supervise()
    await flow.drained(following)
    assert flow.restarts >= ROUNDS * len(SERVICES)


async def test_kill_of_each_service_in_mid_batch(flow: Flow) -> None:
    await hurt_each(flow, signal.SIGKILL)


async def test_sigterm_of_each_service_in_mid_batch(flow: Flow) -> None:
    await hurt_each(flow, signal.SIGTERM)


async def test_instances_come_and_go_under_load(flow: Flow) -> None:
    following = 1
    for count in (3, 1, 2, 1):
        for service in ("tagger", "deduplicator"):
            flow.scale(service, count)
        following = await load(flow, following, 4)
    await flow.drained(following)
    assert flow.restarts == 0


async def test_pages_arrive_whatever_happens_to_the_crawler(
    runtime_settings: RuntimeSettings, tmp_path: Path, kafka: Kafka
) -> None:
    """Killed, stopped, joined, frozen out by a broker that restarts: no page is lost."""
    hosts, pages = 12, 24
    async with LoopbackWeb() as web:
        urls = [
            web.add(
                f"127.77.2.{host + 1}",
                f"/{number}",
                page(articles.plain(host * pages + number), "text/plain; charset=utf-8"),
            )
            for number in range(pages)
            for host in range(hosts)
        ]
        environment = {
            "WIREROOM_CRAWLER_ALLOWED_NETWORKS": f'["{web.network}"]',
            "WIREROOM_CRAWLER_DELAY": "0.5",
        }
        async with Flow(
            runtime_settings, tmp_path, scale={"crawler": 1}, environment=environment
        ) as flow:
            await flow.drop([url.encode() for url in urls], flow.topology.topics["news.fetch"])

            async def fetched(share: float) -> None:
                while len(web.log) < share * len(urls):
                    flow.supervise()
                    await asyncio.sleep(0.1)

            await fetched(0.1)
            flow.kill("crawler")
            await fetched(0.3)
            flow.kill("crawler", signal.SIGTERM)
            flow.scale("crawler", 2)
            await fetched(0.5)
            await asyncio.to_thread(kafka.restart)
            flow.scale("crawler", 1)
            await fetched(0.7)
            flow.kill("crawler")
            await flow.drained(len(urls))
        assert set(web.most_together().values()) == {1}
        assert web.strayed == []


async def test_the_broker_is_restarted(flow: Flow, kafka: Kafka) -> None:
    following = 1
    for _ in range(ROUNDS):
        following = await load(flow, following, 2)
        await asyncio.to_thread(kafka.restart)
    await flow.drained(following)


async def test_elasticsearch_is_away(flow: Flow, elastic: Elastic) -> None:
    following = await load(flow, 1, 2)
    await asyncio.to_thread(elastic.stop)
    following = await load(flow, following, 2)
    await asyncio.sleep(30)
    await asyncio.to_thread(elastic.start)
    await flow.forget_client()
    await flow.drained(following)


async def test_bad_messages_among_good_ones(flow: Flow) -> None:
    """Poison in every topic, a file too large for the next topic: refused, with the reason."""
    topics = flow.topology.topics
    poison = [b"", b"\x00\xff\xfe\x80" * 50, b"{}", b'{"schema_version": 99}', b"null"]
    for name in ("news.articles", "news.tagged", "news.enriched"):
        await flow.drop(poison, topics[name])
    await flow.drop([b"\x89PNG\r\n\x1a\n" + bytes(200), b"x" * 12_000_000, b""])
    following = await load(flow, 1, 2)
    await flow.drained(following, rejections=3 * len(poison) + 3)
    rejected = await flow.rejected()
    assert all(r.reason and r.detail for r in rejected)
    assert {r.stage for r in rejected} == {"fetcher", "tagger", "deduplicator", "indexer"}


@pytest.mark.timeout(1500)
async def test_three_deduplicators_agree_with_one(
    runtime_settings: RuntimeSettings, tmp_path: Path
) -> None:
    """300 articles, 100 copies of some under other addresses, in random order."""
    originals = [articles.record(n, f"https://a.example/{n}") for n in range(300)]
    copies = [
        articles.record(n * 3, f"https://copy.example/{n}", edit=n % 2 * 4) for n in range(100)
    ]
    expected = {f"https://a.example/{n}": f"https://a.example/{n}" for n in range(300)}
    expected |= {f"https://copy.example/{n}": f"https://a.example/{n * 3}" for n in range(100)}
    for turn, instances in enumerate((3, 3, 1)):
        files = [*originals, *copies]
        random.Random(turn).shuffle(files)
        settings = runtime_settings.model_copy(
            update={"namespace": f"{runtime_settings.namespace}-{turn}"}
        )
        folder = tmp_path / str(turn)
        folder.mkdir()
        async with Flow(settings, folder, scale={"deduplicator": instances}) as flow:
            # Twice the same in: the second time changes nothing.
            await flow.drop(files)
            await flow.drained(400)
            first = await flow.groups()
            await flow.drop(files)
            await flow.drained(400)
            assert await flow.groups() == first
        assert first == expected
