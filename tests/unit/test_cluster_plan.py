"""What is to run, when it is started again, and what the machine must have."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.cluster import instances, jdk, places
from services.cli.cluster.instances import Backoff
from services.cli.cluster.processes import Process, spawn
from services.cli.cluster.state import Cluster, Plan, client_settings, service_names
from services.cli.up import (
    down_command,
    status_command,
    unknown_settings,
    up_command,
    usual_scale,
)
from shared.errors import ClusterError
from shared.topics import topology
from tests.shared_data import ROOT


def test_instances_are_named_in_the_order_of_the_flow() -> None:
    plan = Plan().scaled({"tagger": 2, "indexer": 0})
    assert plan.instances() == [
        "crawler-1", "fetcher-1", "cleaner-1", "tagger-1", "tagger-2", "deduplicator-1",
    ]  # fmt: skip


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    assert cluster.plan() is None
    plan = Plan(kafka_port=1234, namespace="x").scaled({"cleaner": 3})
    cluster.save(plan)
    assert cluster.plan() == plan
    cluster.plan_file.write_text("{")
    with pytest.raises(ClusterError, match=r"plan\.json"):
        cluster.plan()


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster in the state folder, as far as its files and a living supervisor make one."""
    monkeypatch.chdir(tmp_path)  # no `.env` of the working tree
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path))
    for name in ("KAFKA_BOOTSTRAP", "ELASTIC_URL", "ELASTIC_PASSWORD", "NAMESPACE"):
        monkeypatch.delenv(f"WIREROOM_{name}", raising=False)
    cluster = Cluster()
    plan = Plan(kafka_port=0, elastic_port=0)
    cluster.save(plan)
    for server in (cluster.kafka(plan), cluster.elastic(plan)):
        server.ports(choose=True)
    cluster.elastic(plan).password_file.write_text("secret")
    forever = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = spawn("supervisor", forever, tmp_path / "log")
    process.save(cluster.supervisor_file)
    yield cluster
    process.kill()


def test_commands_find_the_cluster_that_runs(running: Cluster) -> None:
    settings = client_settings()
    plan = running.plan()
    assert plan is not None
    assert settings.kafka_bootstrap == running.kafka(plan).bootstrap
    assert settings.elastic_url == running.elastic(plan).url
    assert settings.elastic_username == "elastic"
    assert settings.elastic_password is not None
    assert settings.elastic_password.get_secret_value() == "secret"


def test_servers_that_settings_name_come_first(
    running: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREROOM_ELASTIC_URL", "http://127.0.0.1:9")
    settings = client_settings()
    assert settings.elastic_url == "http://127.0.0.1:9"
    assert settings.elastic_password is None
    assert settings.kafka_bootstrap == "127.0.0.1:9092"


def test_a_cluster_that_does_not_run_is_not_used(running: Cluster) -> None:
    running.supervisor_file.unlink()
    assert client_settings().kafka_bootstrap == "127.0.0.1:9092"


def test_more_instances_than_partitions_are_refused() -> None:
    most = topology().services["tagger"].reads.partitions
    assert Plan().scaled({"tagger": most}).scale["tagger"] == most
    with pytest.raises(ClusterError, match=f"tagger={most + 1}: from 0 to {most}, the partitions"):
        Plan().scaled({"tagger": most + 1})


def test_an_unknown_service_is_told_with_those_that_exist() -> None:
    with pytest.raises(ClusterError, match=r"no service 'tager': there are crawler, .*indexer"):
        Plan().scaled({"tager": 1})


def test_pauses_between_starts_grow_and_begin_anew_after_a_calm_time() -> None:
    backoff = Backoff(most=5, calm=60)
    pauses, now = [], 0.0
    for _ in range(6):
        backoff.started(now)
        now += 1
        pauses.append(backoff.died(now))
        assert backoff.due(now) == (pauses[-1] == 0)
        now += pauses[-1]
        assert backoff.due(now)
    assert pauses == [0, 1, 2, 4, 5, 5]
    backoff.started(now)
    assert backoff.died(now + 60) == 0


@pytest.mark.parametrize("value", ["tagger", "tagger=", "tagger=two", "tagger=-1", "tagger=1.5"])
def test_a_scale_that_is_no_number_is_a_usage_error(value: str) -> None:
    result = CliRunner().invoke(up_command, ["--scale", value])
    assert result.exit_code == 2
    assert f"'{value}' is not SERVICE=NUMBER" in result.output


def test_status_and_down_without_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path / "none"))
    result = CliRunner().invoke(status_command, [])
    assert isinstance(result.exception, ClusterError)
    assert "nothing was started" in str(result.exception)
    assert CliRunner().invoke(down_command, []).exit_code == 0


def test_purge_leaves_what_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path))
    Cluster(tmp_path).save(Plan())
    (tmp_path / "kafka").mkdir()
    (tmp_path / "mine.txt").write_text("x")
    assert CliRunner().invoke(down_command, ["--purge"]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def _jdk(folder: Path, version: str, *, compiler: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    if compiler:
        (folder / "bin" / "javac").touch()
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


@pytest.fixture
def no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Java; JDKs may be put below the folder returned."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    root = tmp_path / "jvm"
    root.mkdir()
    monkeypatch.setattr(jdk, "_INSTALLED", (root,))
    return root


def test_the_oldest_jdk_that_serves_is_taken(no_java: Path) -> None:
    for version in ("17.0.9", "25.0.1", "21.0.3"):
        _jdk(no_java / version, version)
    _jdk(no_java / "jre", "22", compiler=False)
    assert jdk.find_jdk() == no_java / "21.0.3"


def test_java_home_goes_first(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _jdk(no_java / "21", "21.0.3")
    named = _jdk(no_java.parent / "named", "24")
    monkeypatch.setenv("JAVA_HOME", str(named))
    assert jdk.find_jdk() == named


def test_a_missing_jdk_is_told_with_what_was_found_and_the_remedy(no_java: Path) -> None:
    _jdk(no_java / "17", "17.0.9")
    with pytest.raises(ClusterError, match=r"found: 17 in .*apt-get install openjdk-21"):
        jdk.find_jdk()


def test_a_missing_maven_is_told_with_the_remedy(no_java: Path) -> None:
    with pytest.raises(ClusterError, match="apt-get install maven"):
        jdk.find_maven()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_a_folder_that_the_servers_user_cannot_reach_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ClusterError, match=r"cannot pass through .*WIREROOM_CACHE"):
        places.hand_over(closed / "data")


def test_places_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIREROOM_CACHE", str(tmp_path / "c"))
    monkeypatch.setenv("WIREROOM_STATE", str(tmp_path / "s"))
    assert (places.cache_dir(), places.state_dir()) == (tmp_path / "c", tmp_path / "s")


def _bootstrap(purpose: str, path: str, python: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "deploy/local/bootstrap"), purpose],
        env={"PATH": path, "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


def _variables(monkeypatch: pytest.MonkeyPatch, running: Cluster, name: str) -> dict[str, str]:
    """The environment that an instance is started with."""
    seen: dict[str, str] = {}

    def spawned(name: str, command: object, log: Path, *, env: dict[str, str]) -> Process:
        seen.update(env)
        return Process(name, 1, "", str(log))

    monkeypatch.setattr(instances, "spawn", spawned)
    plan = running.plan()
    assert plan is not None
    (running.folder / "instances").mkdir(exist_ok=True)
    instances.start_instance(running, plan, name, 0)
    return seen


def test_the_crawler_follows_the_sources_of_the_folder_where_it_was_started(
    running: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = "WIREROOM_CRAWLER_SOURCES"
    monkeypatch.delenv(variable, raising=False)
    assert _variables(monkeypatch, running, "crawler-1")[variable] == str(tmp_path / "sources.yml")
    assert variable not in _variables(monkeypatch, running, "fetcher-1")
    (tmp_path / ".env").write_text(f"{variable}=mine.yml\n")
    assert _variables(monkeypatch, running, "crawler-1")[variable] == str(tmp_path / "mine.yml")
    monkeypatch.setenv(variable, "/etc/sources.yml")
    assert _variables(monkeypatch, running, "crawler-1")[variable] == "/etc/sources.yml"
    # What is wrong elsewhere is told by the crawler, in its log, and stops no other service.
    monkeypatch.setenv("WIREROOM_CRAWLER_DELAY", "-1")
    assert _variables(monkeypatch, running, "crawler-1")[variable] == "/etc/sources.yml"


def test_bootstrap_names_what_is_missing_where_it_cannot_install(tmp_path: Path) -> None:
    for name in ("id", "sed"):
        found = next(p for p in (f"/usr/bin/{name}", f"/bin/{name}") if Path(p).exists())
        (tmp_path / name).symlink_to(found)
    python = sys.executable
    assert _bootstrap("demo", str(tmp_path), python).returncode == 0
    done = _bootstrap("test", str(tmp_path), python)
    assert done.returncode == 1
    assert "mvn(maven)" in done.stderr
    assert "kcat" in done.stderr
    assert "apt-get install" in done.stderr


def test_bootstrap_refuses_an_unfit_python(tmp_path: Path) -> None:
    done = _bootstrap("demo", str(tmp_path), "no-such-python")
    assert done.returncode == 1
    assert "no-such-python is not a Python of version 3.11" in done.stderr


def test_every_service_of_the_flow_can_be_scaled() -> None:
    assert service_names() == list(topology().services) == list(Plan().scale)
    assert [name for name, count in Plan().scale.items() if count != 1] == ["archiver"]
    assert Plan().scaled({"archiver": 2}).instances()[1:3] == ["archiver-1", "archiver-2"]


def test_the_archiver_runs_once_it_has_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no `.env` of the working tree
    monkeypatch.delenv("WIREROOM_ARCHIVER_URL", raising=False)
    # A plan of before there was a crawler.
    old = Plan(scale={"fetcher": 1, "cleaner": 3})
    assert usual_scale(old) == {**Plan().scale, "cleaner": 3}
    monkeypatch.setenv("WIREROOM_ARCHIVER_URL", str(tmp_path))
    assert usual_scale(old) == {**Plan().scale, "cleaner": 3, "archiver": 1}
    assert usual_scale(Plan().scaled({"archiver": 2}))["archiver"] == 2


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system does not tell")
def test_settings_that_the_services_were_started_without_are_named(tmp_path: Path) -> None:
    others = {key: value for key, value in os.environ.items() if not key.startswith("WIREROOM_")}
    started = {**others, "WIREROOM_CRAWLER_DELAY": "2", "WIREROOM_LOG_LEVEL": "INFO"}
    supervisor = spawn("it", ["sleep", "60"], tmp_path / "it.log", env=started)
    try:
        given = {
            "WIREROOM_CRAWLER_DELAY": "3",
            "WIREROOM_LOG_LEVEL": "INFO",
            "WIREROOM_ARCHIVER_URL": "/a",
            "WIREROOM_STORE": "/b",
            "WIREROOM_KAFKA_BOOTSTRAP": "of:1",
            "OTHER": "1",
        }
        wanted = ["WIREROOM_ARCHIVER_URL", "WIREROOM_CRAWLER_DELAY"]
        # A process has its environment a moment after its number, and keeps it one after its end.
        assert settled(lambda: unknown_settings(given, supervisor), wanted) == wanted
    finally:
        supervisor.kill()
    assert settled(lambda: unknown_settings(given, supervisor), []) == []


def settled(look: Callable[[], list[str]], wanted: list[str]) -> list[str]:
    """What ``look`` gives once that is ``wanted``, or after half a minute."""
    ended = time.monotonic() + 30
    while (found := look()) != wanted and time.monotonic() < ended:
        time.sleep(0.05)
    return found
