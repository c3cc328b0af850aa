"""Topics and settings: one place for each fact, and errors that name the entry at fault."""

from __future__ import annotations

import itertools
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.deduplicator.decider import STORY_WINDOW_MS
from services.deduplicator.settings import DeduplicatorSettings
from services.fetcher.settings import FetcherSettings
from shared.errors import SettingsError
from shared.settings import RuntimeSettings, load_settings
from shared.topics import load_topology, topology


def test_the_namespace_stands_before_every_topic() -> None:
    plain, prefixed = topology(), topology("test-1")
    assert [t.name for t in prefixed.topics.values()] == [
        f"test-1.{t.name}" for t in plain.topics.values()
    ]
    assert prefixed.services["tagger"].reads.name == "test-1.news.articles"
    assert prefixed.rejected.name == "test-1.news.rejected"


def test_the_services_make_one_flow() -> None:
    services = topology().services
    order = ["crawler", "fetcher", "cleaner", "tagger", "deduplicator", "indexer"]
    for before, after in itertools.pairwise(order):
        assert services[before].writes == services[after].reads
    assert services["indexer"].writes is None
    assert services["deduplicator"].log is not None
    assert services["deduplicator"].log.log_append_time
    # What stands beside the flow only looks on.
    assert all(services[name].writes is None for name in services.keys() - set(order))


def test_who_reads_the_requests_of_a_host_owns_its_state() -> None:
    crawler = topology().services["crawler"]
    assert crawler.log is not None
    assert crawler.log.partitions == crawler.reads.partitions
    assert crawler.log.config()["cleanup.policy"] == "compact"


def test_the_crawlers_state_is_where_its_requests_are_and_stays() -> None:
    crawler = topology().services["crawler"]
    assert crawler.log is not None
    assert crawler.log.partitions == crawler.reads.partitions
    config = crawler.log.config()
    assert (config["cleanup.policy"], config["retention.ms"]) == ("compact", "-1")
    # What was overwritten goes soon: a new owner reads the whole partition.
    assert int(config["segment.ms"]) <= 3_600_000
    assert crawler.log.max_message < int(config["segment.bytes"]) <= 64 * 1024 * 1024
    for name, topic in topology().topics.items():
        assert ("segment.ms" in topic.config()) == topic.compacted == (name == "news.frontier")


def test_no_producer_can_date_a_dropped_file_so_that_it_expires_unread() -> None:
    ingest = topology().services["fetcher"].reads
    assert ingest.config()["message.timestamp.type"] == "LogAppendTime"


def test_sizes_agree() -> None:
    shipped = topology()
    for topic in shipped.topics.values():
        assert topic.max_record < topic.max_message <= shipped.largest_message
        assert topic.config()["max.message.bytes"] == str(topic.max_message)
    # The largest input, its headers, and the reason and place of the refusal.
    largest = max(wiring.reads.max_message for wiring in shipped.services.values())
    assert shipped.rejected.max_record >= largest + 64 * 1024


def test_the_log_keeps_what_the_deduplicator_looks_back_at() -> None:
    log = topology().services["deduplicator"].log
    assert log is not None
    window = DeduplicatorSettings.model_fields["window_days"].default
    day = 86_400_000
    assert log.retention_ms >= window * day + day
    # What is corrected is read again from here.
    tagged = topology().services["deduplicator"].reads
    assert tagged.retention_ms >= STORY_WINDOW_MS + day


TOPICS = """
topics:
  a: {partitions: 1, max_message: 10000, retention: 7d}
  dead: {partitions: 1, max_message: 10000, retention: 90m, timestamps: log}
services:
  s: {reads: a, writes: dead}
rejected: dead
"""


def test_a_topology_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text(TOPICS)
    read = load_topology(tmp_path / "t.yml")
    assert read.topics["a"].retention_ms == 7 * 24 * 3600 * 1000
    assert read.topics["dead"].retention_ms == 90 * 60 * 1000
    assert read.topics["dead"].config()["message.timestamp.type"] == "LogAppendTime"
    assert read.services["s"].writes == read.rejected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("partitions: 1, max", "max"), "topics: a: there is no 'partitions'"),
        (("partitions: 1,", "partitions: many,"), "topics: a: .*'many'"),
        (("partitions: 1,", "partitions: 0,"), "topics: a: partitions"),
        (("retention: 7d", "retention: 7"), "topics: a: retention: 7 is not"),
        (("retention: 7d", "retention: ''"), "topics: a: retention"),
        (("retention: 7d", "retention: 7y"), "topics: a: retention: '7y'"),
        (("{partitions: 1, max_message: 10000, retention: 7d}", "big"), "topics: a: "),
        (("timestamps: log", "timestamps: lgo"), "topics: dead: timestamps: 'lgo'"),
        (("reads: a", "reads: b"), "services: s: there is no 'b'"),
        (("reads: a,", ""), "services: s: there is no 'reads'"),
        (("{reads: a, writes: dead}", "7"), "services: s: "),
        (("rejected: dead", "rejected: lost"), "there is no entry 'lost'"),
        (("rejected: dead", ""), "there is no entry 'rejected'"),
        ((TOPICS, ""), r"t\.yml"),
        ((TOPICS, "["), r"t\.yml"),
    ],
)
def test_a_wrong_topology_is_named(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    path = tmp_path / "t.yml"
    path.write_text(TOPICS.replace(*change, 1))
    with pytest.raises(SettingsError, match=words) as caught:
        load_topology(path)
    assert str(path) in str(caught.value)


def test_an_absent_topology_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yml"):
        load_topology(tmp_path / "none.yml")


# -- settings

VALUES = {
    "namespace": "other",
    "kafka_bootstrap": "k:1",
    "kafka_session_timeout": "12.5",
    "elastic_url": "https://e:1",
    "elastic_api_key": "key-secret",
    "elastic_username": "user",
    "elastic_password": "password-secret",
    "elastic_ca": "/ca.pem",
    "log_level": "DEBUG",
    "log_format": "text",
    "health_host": "0.0.0.0",
    "health_port": "8081",
    "workers": "3",
    "batch_size": "7",
    "batch_seconds": "0.5",
    "message_timeout": "9.5",
    "retry_attempts": "2",
    "retry_initial": "0.1",
    "retry_max": "4.5",
    "reject_run": "11",
    "reject_share": "0.25",
    "reject_window": "50",
    "stall_seconds": "33.5",
}
VARIABLES = {name: f"WIREROOM_{name}".upper() for name in VALUES}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ``.env`` and no variables of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in RuntimeSettings.model_fields:
        monkeypatch.delenv(f"WIREROOM_{name}".upper(), raising=False)
        monkeypatch.delenv(f"WIREROOM_{name}_FILE".upper(), raising=False)


def read_back(settings: RuntimeSettings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def test_every_setting_is_tried_here() -> None:
    assert set(VALUES) == set(RuntimeSettings.model_fields)
    for name, value in VALUES.items():
        assert str(RuntimeSettings.model_fields[name].default) != value


def test_every_variable_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(VARIABLES[name], value)
    settings = load_settings(RuntimeSettings)
    assert {name: read_back(settings, name) for name in VALUES} == VALUES


def test_every_variable_is_read_from_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("".join(f"{VARIABLES[n]}={v}\n" for n, v in VALUES.items()))
    settings = load_settings(RuntimeSettings)
    assert {name: read_back(settings, name) for name in VALUES} == VALUES
    monkeypatch.setenv("WIREROOM_WORKERS", "5")
    assert load_settings(RuntimeSettings).workers == 5, "the environment goes before it"


def test_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("first\n")
    (tmp_path / "two").write_text("second\n")
    monkeypatch.setenv("WIREROOM_ELASTIC_PASSWORD_FILE", str(tmp_path / "one"))
    Path(".env").write_text(f"WIREROOM_ELASTIC_API_KEY_FILE={tmp_path / 'two'}\n")
    settings = load_settings(RuntimeSettings)
    assert read_back(settings, "elastic_password") == "first"
    assert read_back(settings, "elastic_api_key") == "second"


def test_an_unreadable_secret_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIREROOM_ELASTIC_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"WIREROOM_ELASTIC_PASSWORD_FILE=.*none: No such"):
        load_settings(RuntimeSettings)
    (tmp_path / "none").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"WIREROOM_ELASTIC_PASSWORD_FILE=.*UTF-8"):
        load_settings(RuntimeSettings)


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, "")
    assert load_settings(RuntimeSettings) == RuntimeSettings.model_construct()


def test_each_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREROOM_WORKERS", "many")
    monkeypatch.setenv("WIREROOM_HEALTH_PORT", "70000")
    monkeypatch.setenv("WIREROOM_NAMESPACE", "Not/Good")
    with pytest.raises(SettingsError) as caught:
        load_settings(RuntimeSettings)
    for variable in ("WIREROOM_WORKERS", "WIREROOM_HEALTH_PORT", "WIREROOM_NAMESPACE"):
        assert f"{variable}: " in str(caught.value)


def test_a_variable_that_must_hold_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    complex_field = next(
        name
        for name, field in FetcherSettings.model_fields.items()
        if "dict" in str(field.annotation) or "tuple" in str(field.annotation)
    )
    variable = f"WIREROOM_FETCHER_{complex_field}".upper()
    monkeypatch.setenv(variable, "{not json")
    with pytest.raises(SettingsError, match=variable):
        load_settings(FetcherSettings)


def test_secrets_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(VARIABLES[name], value)
    settings = load_settings(RuntimeSettings)
    assert "-secret" not in f"{settings!r} {settings} {settings.model_dump()}"
    monkeypatch.setenv("WIREROOM_WORKERS", "many")
    with pytest.raises(SettingsError) as caught:
        load_settings(RuntimeSettings)
    assert "-secret" not in "".join(traceback.format_exception(caught.value))
