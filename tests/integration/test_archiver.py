"""The archiver as a process on a real broker: killed, started again, and its archive replayed."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from warcio.archiveiterator import ArchiveIterator

from services.cli.cluster.servers import Kafka
from services.cli.replay import replay
from services.cli.sinks import KafkaSink
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.events import Envelope, Message
from shared.fetching import Download
from shared.runtime.driver import group_id
from shared.runtime.publisher import KafkaPublisher
from shared.runtime.stage import Emit
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings
from shared.topics import Topic, topology
from tests.kafka import read_topic, uncommitted
from tests.servers import delete_topics
from tests.shared_data import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.timeout(200)]

WAIT_SECONDS = 90.0


@pytest_asyncio.fixture
async def settings(kafka: Kafka) -> AsyncIterator[RuntimeSettings]:
    """Settings for topics of the test's own."""
    namespace = f"t{secrets.token_hex(4)}"
    await ensure_topics(kafka.bootstrap, topology(namespace))
    yield RuntimeSettings(namespace=namespace, kafka_bootstrap=kafka.bootstrap)
    await delete_topics(kafka.bootstrap, topology(namespace))


def ingest(settings: RuntimeSettings) -> Topic:
    return topology(settings.namespace).services["archiver"].reads


def dropped(number: int) -> Emit:
    """Something dropped, or fetched, or of a plain producer that gives bytes alone."""
    value = b"Text %d: the council of Veldmark met on Tuesday. " % number * 5
    key = b"key %d" % number
    if number % 3 == 0:
        return Emit(value, key)
    url = f"https://a.example/{number}"
    if number % 3 == 1:
        return Emit(value, key, Envelope(filename=f"{number}.txt", url=url).headers())
    download = Download(
        requested_url=url,
        status=200,
        headers=[("Content-Type", "text/plain"), ("Content-Encoding", "gzip")],
        address="192.0.2.1",
        fetched_at="2026-01-02T03:04:05Z",
    )
    headers = (*Envelope(url=url, content_type="text/plain").headers(),
               ("ce_download", download.encode()))  # fmt: skip
    return Emit(value, key, headers)


class Archiver:
    """The service as a process; it is killed like one."""

    def __init__(self, settings: RuntimeSettings, folder: Path) -> None:
        self._environment = os.environ | {
            "WIREROOM_NAMESPACE": settings.namespace,
            "WIREROOM_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "WIREROOM_KAFKA_SESSION_TIMEOUT": "6",
            "WIREROOM_BATCH_SIZE": "8",
            "WIREROOM_LOG_FORMAT": "text",
            "WIREROOM_ARCHIVER_URL": str(folder / "kept"),
            "WIREROOM_ARCHIVER_SPOOL": str(folder / "spool"),
        }
        self._log = folder / "archiver.log"

    def start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "services.archiver"],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )


async def until_committed(settings: RuntimeSettings, most: int) -> None:
    group = group_id("archiver", settings.namespace)
    end = time.monotonic() + WAIT_SECONDS
    while await uncommitted(settings.kafka_bootstrap, ingest(settings), group) > most:
        assert time.monotonic() < end, "the archiver does not get on"
        await asyncio.sleep(0.2)


def identities(messages: list[Message]) -> set[tuple[str, str]]:
    """Ids and addresses of all documents that the fetcher makes of these."""
    fetch = Fetch(FetcherSettings())
    return {
        (Envelope.parse(outcome.headers).id, Envelope.parse(outcome.headers).url)
        for message in messages
        for outcome in fetch(message)
        if isinstance(outcome, Emit)
    }


async def test_nothing_is_lost_to_kill_9_and_a_replay_gives_the_same_ids(
    settings: RuntimeSettings, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path / "state"))
    publisher = KafkaPublisher(settings, ingest(settings))
    archiver = Archiver(settings, tmp_path)
    count = 600
    try:
        assert await publisher.publish([dropped(n) for n in range(count // 2)]) == [None] * 300
        process = archiver.start()
        await until_committed(settings, count // 2 - 50)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert await publisher.publish([dropped(n) for n in range(300, count)]) == [None] * 300
        process = archiver.start()
        await until_committed(settings, 0)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 60) == 0
    finally:
        await publisher.stop()
    kept = sorted((tmp_path / "kept").glob("*.warc.gz"))
    assert len(kept) >= 2  # what the killed one left, and what came after
    assert list((tmp_path / "spool").iterdir()) == []
    kinds = []
    for path in kept:
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                kinds.append(record.rec_type)
                record.content_stream().read()
                assert record.digest_checker.passed
    assert kinds.count("resource") >= 400
    assert kinds.count("response") >= 200

    again = RuntimeSettings(namespace=f"t{secrets.token_hex(4)}", kafka_bootstrap=kafka.bootstrap)
    await ensure_topics(kafka.bootstrap, topology(again.namespace))
    try:
        sink = KafkaSink(again)
        sent, _ = await replay([str(tmp_path / "kept")], sink, lambda done, total: None)
        assert sent.problems == []
        first = await read_topic(kafka.bootstrap, ingest(settings))
        second = await read_topic(kafka.bootstrap, ingest(again))
    finally:
        await delete_topics(kafka.bootstrap, topology(again.namespace))
    originals = {message.key: message for message in first}
    replayed = {message.key: message for message in second}
    assert len(originals) == count
    assert replayed.keys() == originals.keys()
    for key, message in originals.items():
        assert replayed[key].value == message.value
        known = dict(message.headers)
        assert known.items() <= dict(replayed[key].headers).items()
        assert dict(replayed[key].headers).keys() - known.keys() <= {"ce_receivedat"}
    assert identities(second) == identities(first)
