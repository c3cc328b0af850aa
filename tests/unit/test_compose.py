"""docker-compose.yml and the image, checked without an engine."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from string import Template
from typing import Any

import jsonschema
import pytest
import yaml

from services.archiver.settings import ArchiverSettings
from services.cli.cluster.install import version
from services.crawler.settings import CrawlerSettings
from services.deduplicator.settings import DeduplicatorSettings
from shared.runtime.service import STOP_SECONDS
from shared.runtime.topics_admin import broker_message_limit
from shared.settings import RuntimeSettings
from shared.topics import topology
from tests.shared_data import ROOT

SERVICES = list(topology().services)
ONE_SHOTS = ["topics", "index-setup", "kibana-user"]
SERVERS = ["kafka", "elasticsearch", "kibana"]
REQUIRED = ["ELASTIC_PASSWORD", "KIBANA_PASSWORD", "KIBANA_ENCRYPTION_KEY"]


def _compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The real docker-compose, whose Python wrapper would swallow the exit status."""
    package = importlib.util.find_spec("compose")
    assert package is not None
    assert package.submodule_search_locations
    binary = Path(package.submodule_search_locations[0], "docker-compose")
    return subprocess.run(
        [str(binary), "-f", str(ROOT / "docker-compose.yml"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        cwd=ROOT,
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``.env.example`` with every required variable filled in."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name in REQUIRED:
        text, count = re.subn(f"^{name}=$", f"{name}={'x' * 32}", text, flags=re.MULTILINE)
        assert count == 1
    path = tmp_path_factory.mktemp("compose") / "env"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def config(filled: Path) -> dict[str, Any]:
    """The file as docker-compose understands it."""
    done = _compose("--env-file", str(filled), "--profile", "*", "config")
    assert done.returncode == 0, done.stderr
    loaded: dict[str, Any] = yaml.safe_load(done.stdout)
    return loaded


def test_compose_accepts_the_file_without_a_warning(filled: Path) -> None:
    done = _compose("--env-file", str(filled), "config", "-q")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_secret_is_refused_by_name(filled: Path, tmp_path: Path, name: str) -> None:
    text = re.sub(f"^{name}=.*$", f"{name}=", filled.read_text(), flags=re.MULTILINE)
    (tmp_path / "env").write_text(text)
    done = _compose("--env-file", str(tmp_path / "env"), "config", "-q")
    assert done.returncode != 0
    assert f"required variable {name} is missing" in done.stderr


def test_the_example_holds_no_secret_that_works() -> None:
    done = _compose("--env-file", str(ROOT / ".env.example"), "config", "-q")
    assert done.returncode != 0


def test_the_file_follows_the_compose_specification() -> None:
    package = importlib.util.find_spec("check_jsonschema")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0], "builtin_schemas", "vendor")
    schema = json.loads((folder / "compose-spec.json").read_text(encoding="utf-8"))
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    jsonschema.Draft7Validator(schema).validate(yaml.safe_load(text))


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("hadolint")), "deploy/docker/Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_service_of_the_flow_and_no_other_is_there(config: dict[str, Any]) -> None:
    assert sorted(config["services"]) == sorted(SERVICES + ONE_SHOTS + SERVERS)
    for name in SERVICES:
        assert config["services"][name]["command"] == ["python", "-m", f"services.{name}"]


def test_the_archiver_runs_where_somebody_asks_for_it(filled: Path, config: dict[str, Any]) -> None:
    done = _compose("--env-file", str(filled), "config", "--services")
    assert set(config["services"]) - set(done.stdout.split()) == {"archiver"}
    done = _compose("--env-file", str(filled), "--profile", "archive", "config", "--services")
    assert set(done.stdout.split()) == set(config["services"])


def test_what_the_archiver_keeps_outlives_its_container(config: dict[str, Any]) -> None:
    archiver = config["services"]["archiver"]
    (volume,) = archiver["volumes"]
    assert volume["source"] in config["volumes"]
    for name in ("URL", "SPOOL"):
        place = Path(archiver["environment"][f"WIREROOM_ARCHIVER_{name}"])
        assert Path(volume["target"]) in place.parents
    # The image has the folder with the right owner, for a volume that is new.
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
    assert re.search(rf"install -d -o wireroom .*{volume['target']}$", dockerfile, re.MULTILINE)


def test_the_crawler_sees_a_sources_file_that_is_replaced(config: dict[str, Any]) -> None:
    crawler = config["services"]["crawler"]
    (volume,) = crawler["volumes"]
    assert volume["read_only"] is True
    # A folder is mounted: of a file the container would keep the one of its start.
    assert str(Path(crawler["environment"]["WIREROOM_CRAWLER_SOURCES"]).parent) == volume["target"]


def test_images_are_the_versions_that_tests_run(config: dict[str, Any]) -> None:
    images = {name: config["services"][name]["image"] for name in SERVERS}
    assert images == {
        "kafka": f"apache/kafka:{version('kafka')}",
        "elasticsearch": f"elasticsearch:{version('elasticsearch')}",
        "kibana": f"kibana:{version('elasticsearch')}",
    }


def test_ports_are_published_on_loopback_alone(config: dict[str, Any]) -> None:
    published = {
        name: port["host_ip"]
        for name, service in config["services"].items()
        for port in service.get("ports", [])
    }
    assert published == dict.fromkeys(SERVERS, "127.0.0.1")


def test_what_scales_has_no_fixed_name_and_no_port(config: dict[str, Any]) -> None:
    for name in SERVICES:
        service = config["services"][name]
        assert "ports" not in service
        assert "container_name" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_there_are_partitions_for_the_most_instances(config: dict[str, Any], name: str) -> None:
    most = config["services"][name]["x-max-instances"]
    assert 1 <= most <= topology().services[name].reads.partitions


def test_services_are_confined(config: dict[str, Any]) -> None:
    for name in SERVICES + ONE_SHOTS:
        assert config["services"][name]["read_only"] is True, name
    for name, service in config["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0, name
        assert not service.get("privileged"), name


def test_the_image_runs_as_a_user_without_rights() -> None:
    lines = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")][-1] == "USER 10001:10001"


def _seconds(text: str) -> int:
    match = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text)
    assert match
    return int(match[1] or 0) * 60 + int(match[2] or 0)


def test_services_have_time_to_stop_and_come_back(config: dict[str, Any]) -> None:
    for name in SERVICES + SERVERS:
        service = config["services"][name]
        assert service["restart"] == "unless-stopped"
        assert _seconds(service["stop_grace_period"]) >= max(30, STOP_SECONDS)
        assert service["healthcheck"]["test"]


def test_services_wait_for_what_they_need(config: dict[str, Any]) -> None:
    done = "service_completed_successfully"
    for name in SERVICES:
        assert config["services"][name]["depends_on"]["topics"]["condition"] == done
    assert config["services"]["indexer"]["depends_on"]["index-setup"]["condition"] == done
    assert config["services"]["kibana"]["depends_on"]["kibana-user"]["condition"] == done


def test_only_the_set_up_holds_the_super_users_password(config: dict[str, Any]) -> None:
    holders = [
        name
        for name, service in config["services"].items()
        if any("ELASTIC_PASSWORD" in variable for variable in service["environment"])
    ]
    assert sorted(holders) == ["elasticsearch", "index-setup", "kibana-user"]
    indexer = config["services"]["indexer"]
    key = indexer["environment"]["WIREROOM_ELASTIC_API_KEY_FILE"]
    assert key in config["services"]["index-setup"]["command"]
    assert indexer["volumes"][0]["read_only"] is True


def test_every_setting_given_to_a_service_exists(config: dict[str, Any]) -> None:
    known = {
        f"{kind.model_config['env_prefix']}{name}".upper()
        for kind in (RuntimeSettings, CrawlerSettings, ArchiverSettings, DeduplicatorSettings)
        for name in kind.model_fields
    }
    for name in SERVICES:
        given = {
            variable.removesuffix("_FILE") for variable in config["services"][name]["environment"]
        }
        assert given <= known, name


def test_the_broker_takes_the_largest_message_of_the_topology(config: dict[str, Any]) -> None:
    environment = config["services"]["kafka"]["environment"]
    limit = str(broker_message_limit(topology()))
    assert environment["KAFKA_MESSAGE_MAX_BYTES"] == limit
    assert environment["KAFKA_REPLICA_FETCH_MAX_BYTES"] == limit


def test_the_container_and_the_local_broker_are_set_up_alike(config: dict[str, Any]) -> None:
    text = (ROOT / "deploy/local/server.properties").read_text(encoding="utf-8")
    limit = broker_message_limit(topology())
    filled = Template(text).safe_substitute(message_limit=limit)
    where = ("node.id", "controller.", "listener", "advertised.", "inter.broker.", "log.dirs")
    environment = config["services"]["kafka"]["environment"]
    compared = 0
    for line in filled.splitlines():
        if not line or line.startswith(("#", *where)):
            continue
        key, _, value = line.partition("=")
        assert environment[f"KAFKA_{key.replace('.', '_')}".upper()] == value
        compared += 1
    assert compared >= 10


def test_the_build_sees_no_secret_and_all_that_it_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    allowed = {line[1:] for line in patterns if line.startswith("!")}
    assert not {name for name in allowed if name.startswith((".", "*"))}
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, flags=re.MULTILINE)
    assert {name for line in copied for name in line.split()} == allowed
