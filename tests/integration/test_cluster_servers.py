"""The real servers as processes: start, restart on the same data, crash, and what is refused."""

from __future__ import annotations

import os
import secrets
import signal
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.cli.cluster.processes import Process
from services.cli.cluster.servers import Elastic, Kafka
from shared.errors import ClusterError
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings
from shared.topics import Topology
from tests.servers import settings_for

pytestmark = pytest.mark.servers


async def _produce(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=32_000_000)
    await producer.start()
    try:
        # A compacted topic takes none without a key.
        await producer.send_and_wait(topic, value, key=b"k")
    finally:
        await producer.stop()


async def _consume(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=32_000_000,
        fetch_max_bytes=64_000_000,
    )
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_kafka_keeps_address_and_data_through_restart_and_crash(
    kafka: Kafka, topics: Topology
) -> None:
    topic = topics.topics["news.articles"].name
    address = kafka.bootstrap
    await _produce(address, topic, b"before")
    kafka.restart()
    assert kafka.bootstrap == address
    await _produce(address, topic, b"after a restart")
    kafka.kill()
    assert not kafka.running
    kafka.start()
    await _produce(address, topic, b"after a crash")
    found = await _consume(address, topic, 3)
    assert sorted(filter(None, found)) == [b"after a crash", b"after a restart", b"before"]


async def test_the_largest_record_of_each_topic_goes_through(
    kafka: Kafka, topics: Topology
) -> None:
    for topic in topics.topics.values():
        value = secrets.token_bytes(topic.max_record - 256)  # cannot be compressed
        await _produce(kafka.bootstrap, topic.name, value)
        assert await _consume(kafka.bootstrap, topic.name, 1) == [value]


async def test_an_unknown_topic_is_not_made_by_naming_it(kafka: Kafka) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, request_timeout_ms=2000)
    await producer.start()
    try:
        assert await producer.client.fetch_all_metadata()
        with pytest.raises(Exception, match=r"(?i)unknown|metadata"):
            await producer.send_and_wait(f"misspelt-{secrets.token_hex(4)}", b"x")
    finally:
        await producer.stop()


def test_elasticsearch_keeps_address_data_and_password_through_a_stop(elastic: Elastic) -> None:
    index, url, password = f"kept-{secrets.token_hex(4)}", elastic.url, elastic.password
    elastic.request("PUT", f"/{index}")
    elastic.request("PUT", f"/{index}/_doc/1?refresh=true", {"title": "kept"})
    elastic.stop()
    with pytest.raises(OSError, match="refused"):
        elastic.request("GET", "/_cluster/health")
    elastic.start()
    assert (elastic.url, elastic.password) == (url, password)
    found = elastic.request("GET", f"/{index}/_doc/1")
    assert isinstance(found, dict)
    assert found["_source"] == {"title": "kept"}
    elastic.request("DELETE", f"/{index}")


def test_elasticsearch_refuses_who_has_no_password(elastic: Elastic) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(f"{elastic.url}/_cluster/health", timeout=10)
    refused.value.close()
    assert stat.S_IMODE(elastic.password_file.stat().st_mode) == 0o600


def test_a_writer_key_may_write_news_and_nothing_else(elastic: Elastic) -> None:
    made = elastic.request(
        "POST",
        "/_security/api_key",
        {
            "name": "test",
            "role_descriptors": {
                "writer": {
                    "cluster": ["monitor"],
                    "index": [{"names": ["news-*"], "privileges": ["index", "create_index"]}],
                }
            },
        },
    )
    assert isinstance(made, dict)

    def put(index: str) -> int:
        request = urllib.request.Request(
            f"{elastic.url}/{index}",
            method="PUT",
            headers={"Authorization": f"ApiKey {made['encoded']}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)

    index = f"news-{secrets.token_hex(4)}"
    assert put(index) == 200
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        put(f"other-{secrets.token_hex(4)}")
    refused.value.close()
    elastic.request("DELETE", f"/{index}")


@pytest.mark.parametrize(
    ("request_body", "tokens"),
    [
        pytest.param(
            {
                "tokenizer": "standard",
                "char_filter": [{"type": "mapping", "mappings": ["’ => '", "\\u2013 => \\u002d"]}],
                "filter": ["lowercase", {"type": "stemmer", "language": "possessive_english"}],
                "text": "Meridia’s ports",
            },
            ["meridia", "ports"],
            id="mapping and possessive",
        ),
        pytest.param(
            {
                "tokenizer": "standard",
                "filter": ["lowercase", "asciifolding", {"type": "stemmer", "language": "english"}],
                "text": "Élections running",
            },
            ["elect", "run"],
            id="folding and English",
        ),
        pytest.param(
            {
                "tokenizer": "standard",
                "filter": ["lowercase", {"type": "stemmer", "language": "russian"}],
                "text": "президента президентом",
            },
            ["президент", "президент"],
            id="Russian",
        ),
        pytest.param(
            {
                "tokenizer": "uax_url_email",
                "filter": ["unique", {"type": "pattern_capture", "patterns": ["@(.*)"]}],
                "text": "a@example.org a@example.org",
            },
            ["a@example.org", "example.org"],
            id="addresses",
        ),
    ],
)
def test_the_analysis_that_production_has_is_here(
    elastic: Elastic, request_body: dict[str, object], tokens: list[str]
) -> None:
    answer = elastic.request("GET", "/_analyze", request_body)
    assert isinstance(answer, dict)
    assert [token["token"] for token in answer["tokens"]] == tokens


def test_an_unknown_language_is_refused_by_name(elastic: Elastic) -> None:
    body = {
        "tokenizer": "standard",
        "filter": [{"type": "stemmer", "language": "klingon"}],
        "text": "x",
    }
    with pytest.raises(ClusterError, match=r"unknown language \[klingon\]"):
        elastic.request("GET", "/_analyze", body)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(
    kafka: Kafka, server_folder: Path
) -> None:
    folder = server_folder / f"broken-{secrets.token_hex(4)}"
    server = Kafka(folder)
    server.start()
    server.stop()
    (server.home / "data" / "meta.properties").write_text("version=1\ncluster.id=another\n")
    with pytest.raises(ClusterError, match=r"Kafka ended while starting; its log .*kafka\.log"):
        server.start()


def test_a_taken_port_is_told(kafka: Kafka, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=f"port {kafka.port} cannot be used"):
        Kafka(tmp_path / "second", port=kafka.port).ports(choose=True)


def test_servers_do_not_run_as_root(kafka: Kafka, elastic: Elastic) -> None:
    for server in (kafka, elastic):
        process = server.process
        assert isinstance(process, Process)
        status = Path(f"/proc/{process.pid}/status").read_text()
        user = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1]
        assert user != "0"


def test_a_process_of_the_same_number_is_left_alone(kafka: Kafka) -> None:
    stranger = Process("kafka", os.getpid(), "another boot/1", "")
    stranger.signal(signal.SIGKILL)
    stranger.kill()
    assert not stranger.alive


def test_settings_lead_to_both_servers(
    kafka: Kafka, elastic: Elastic, runtime_settings: RuntimeSettings
) -> None:
    assert runtime_settings.kafka_bootstrap == kafka.bootstrap
    assert settings_for(kafka, elastic).namespace != runtime_settings.namespace
    assert runtime_settings.elastic_password
    assert runtime_settings.elastic_password.get_secret_value() == elastic.password


async def test_topics_are_there_again_after_a_restart(kafka: Kafka, topics: Topology) -> None:
    kafka.restart()
    assert not (await ensure_topics(kafka.bootstrap, topics)).created
