"""``wireroom up``, ``down`` and ``status``: the real servers and services on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import click
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from services.archiver.settings import ArchiverSettings
from services.cli.cluster.processes import Process, spawn, tail
from services.cli.cluster.server import Server
from services.cli.cluster.state import Cluster, Plan
from services.cli.cluster.status import ClusterStatus, cluster_status
from services.cli.cluster.supervisor import GRACE, end_instances
from services.indexer.setup import set_up
from shared.errors import ClusterError
from shared.runtime.topics_admin import ensure_topics
from shared.settings import RuntimeSettings, load_settings
from shared.topics import topology

_READY_SECONDS = 120.0
_NOT_OF_SERVICES = re.compile(r"WIREROOM_(STORE|STATE|CACHE|NAMESPACE|KAFKA_BOOTSTRAP|ELASTIC_\w+)")
"""Settings of the commands alone, and those that ``up`` itself gives to the services."""


def _parse_scale(_: click.Context, __: click.Parameter, values: Iterable[str]) -> dict[str, int]:
    result = {}
    for value in values:
        service, equals, count = value.partition("=")
        if not equals or not count.isdigit():
            raise click.BadParameter(f"{value!r} is not SERVICE=NUMBER, as in tagger=2")
        result[service] = int(count)
    return result


@click.command("up")
@click.option(
    "--scale",
    multiple=True,
    metavar="SERVICE=N",
    callback=_parse_scale,
    help="Number of instances of a service; can be repeated. Others stay as they are.",
)
@click.option("--kafka-port", type=click.IntRange(0, 65535), help="Default 9092; 0: any free one.")
@click.option("--elastic-port", type=click.IntRange(0, 65535), help="Default 9200; 0: any.")
@click.option("--wait/--no-wait", default=True, help="Wait until every service is healthy.")
def up_command(
    scale: dict[str, int], kafka_port: int | None, elastic_port: int | None, wait: bool
) -> None:
    """Start Kafka, Elasticsearch and the services, or change how many instances run.

    The crawler follows the file that `wireroom sources` keeps in this folder. The archiver runs
    when WIREROOM_ARCHIVER_URL says where to, or when it is scaled. The first start installs the
    servers into a cache folder: this takes a minute, Maven and a JDK. Data survive `wireroom down`.
    """
    cluster = Cluster()
    old = cluster.plan() or Plan()
    plan = Plan(
        scale=usual_scale(old),
        kafka_port=old.kafka_port if kafka_port is None else kafka_port,
        elastic_port=old.elastic_port if elastic_port is None else elastic_port,
    ).scaled(scale)
    started = time.monotonic()
    supervisor = cluster.supervisor()
    unknown = unknown_settings(os.environ, supervisor) if supervisor else []
    if "WIREROOM_ARCHIVER_URL" in unknown and not old.scale.get("archiver") and not scale:
        plan = plan.scaled({"archiver": 0})  # it would wait for an address in vain
    cluster.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    servers: list[Server] = [cluster.kafka(plan), cluster.elastic(plan)]
    for server in servers:
        _say(f"{server.title}: " + ("runs already" if server.running else "starting"))
    if supervisor is None:
        end_instances(cluster)  # of a supervisor that was killed
    with ThreadPoolExecutor(len(servers)) as pool:
        for done in [pool.submit(server.start) for server in servers]:
            done.result()
    asyncio.run(_set_up(cluster, plan))
    cluster.save(plan)
    if supervisor is None:
        supervisor = _start_supervisor(cluster)
    supervisor.signal(signal.SIGHUP)
    if wait:
        _await_healthy(cluster, plan)
    if unknown:
        _say(
            f"the services run without what is set here: {', '.join(unknown)}; "
            "`wireroom down`, then `wireroom up` gives it to them"
        )
    _say(f"up in {time.monotonic() - started:.0f} s. `wireroom` finds it; other programs need:")
    for name, value in cluster.user_environment(plan).items():
        if value:
            click.echo(f"  export {name}={shlex.quote(value)}")


def unknown_settings(given: Mapping[str, str], supervisor: Process) -> list[str]:
    """Settings in ``given`` that ``supervisor``, and so the services, was started without.

    None where the system does not tell what a process was started with.
    """
    try:
        started = Path(f"/proc/{supervisor.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
    if started == [b""]:  # of a process that has ended
        return []
    return sorted(
        name
        for name, value in given.items()
        if name.startswith("WIREROOM_")
        and not _NOT_OF_SERVICES.fullmatch(name)
        and os.fsencode(f"{name}={value}") not in started
    )


def usual_scale(old: Plan) -> dict[str, int]:
    """As it was; services that an older version did not know come as by default."""
    scale = {**Plan().scale, **old.scale}
    if load_settings(ArchiverSettings).url:
        scale["archiver"] = max(1, scale["archiver"])
    return scale


@click.command("down")
@click.option("--purge", is_flag=True, help="Delete all data, logs and keys as well.")
def down_command(purge: bool) -> None:
    """Stop the services, then the servers. Only processes that `up` started are ended."""
    cluster = Cluster()
    supervisor = cluster.supervisor()
    if supervisor is not None:
        supervisor.signal(signal.SIGTERM)
        plan = cluster.plan() or Plan()
        servers = (cluster.kafka(plan), cluster.elastic(plan))
        if not supervisor.wait(GRACE + sum(server.grace for server in servers) + 10):
            _say("the supervisor did not end in time: killed")
            supervisor.kill()
    plan = cluster.plan() or Plan()
    end_instances(cluster)  # what is left when the supervisor was killed
    for server in (cluster.kafka(plan), cluster.elastic(plan)):
        server.stop()
    if purge:
        _purge(cluster)
    _say("down, and all data deleted" if purge else "down; the data are kept")


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--interval",
    type=click.FloatRange(0, 60),
    default=2.0,
    show_default=True,
    help="Seconds over which rates are measured; 0: no rates.",
)
def status_command(as_json: bool, interval: float) -> int:
    """Show servers, instances, health, lag and rates. Exit code 1: something is not well."""
    status = cluster_status(Cluster(), interval)
    if as_json:
        click.echo(json.dumps({**asdict(status), "healthy": status.healthy}, indent=1))
    else:
        _show(status)
    return 0 if status.healthy else 1


async def _set_up(cluster: Cluster, plan: Plan) -> None:
    """Topics, index templates, and the indexer's key."""
    elastic = cluster.elastic(plan)
    settings = RuntimeSettings.model_validate(
        {
            "namespace": plan.namespace,
            "kafka_bootstrap": cluster.kafka(plan).bootstrap,
            "elastic_url": elastic.url,
            "elastic_username": elastic.username,
            "elastic_password": SecretStr(elastic.password),
        }
    )
    changes = await ensure_topics(settings.kafka_bootstrap, topology(plan.namespace))
    _say(f"topics: {len(changes.created)} created, {len(changes.grown)} grown")
    await set_up(settings, api_key_file=cluster.key_file)
    _say("index templates and the indexer's key: in place")


def _start_supervisor(cluster: Cluster) -> Process:
    log = cluster.logs / "supervisor.log"
    process = spawn(
        "supervisor",
        [sys.executable, "-m", "services.cli.cluster.supervisor", str(cluster.folder)],
        log,
    )
    end = time.monotonic() + 30
    while cluster.supervisor() is None:
        if not process.alive or time.monotonic() > end:
            raise ClusterError(f"the supervisor did not start; {log} ends:\n{tail(log)}")
        time.sleep(0.1)
    return process


def _await_healthy(cluster: Cluster, plan: Plan) -> None:
    end = time.monotonic() + _READY_SECONDS
    while True:
        status = cluster_status(cluster, with_lag=False)
        if status.healthy:
            return
        if time.monotonic() > end:
            unwell = [
                f"{instance.name} is {instance.health}; {instance.log} ends:\n"
                + tail(Path(instance.log), 5)
                for service in status.services
                for instance in service.instances
                if instance.health != "ok"
            ]
            raise ClusterError(
                f"not all services were healthy within {_READY_SECONDS:.0f} s; "
                f"`wireroom status` shows them, `wireroom down` stops them\n" + "\n".join(unwell)
            )
        time.sleep(0.5)


def _purge(cluster: Cluster) -> None:
    # By name: the folder may be one that the user chose and keeps other things in.
    for name in ("kafka", "elastic", "logs", "instances", cluster.snapshots.name):
        shutil.rmtree(cluster.folder / name, ignore_errors=True)
    for pattern in ("*.ports.json", "*.pid.json", "plan.json", "indexer.key", "elastic.password"):
        for path in cluster.folder.glob(pattern):
            path.unlink()


def _show(status: ClusterStatus) -> None:
    console = Console()
    servers = Table(title=f"Servers ({status.folder})", title_justify="left")
    for column in ("server", "state", "pid", "address"):
        servers.add_column(column)
    for server in status.servers:
        servers.add_row(server.name, _state(server.state), _pid(server.pid), server.address)
    running = status.supervisor is not None
    servers.add_row("supervisor", _state("ok" if running else "down"), _pid(status.supervisor))
    console.print(servers)
    services = Table(title="Services", title_justify="left", padding=(0, 1, 0, 0))
    for column in ("service", "instance", "health"):
        services.add_column(column, no_wrap=True)
    for column in ("lag", "in/s", "done/s", "pid", "port", "restarts"):
        services.add_column(column, justify="right", no_wrap=True)
    for service in status.services:
        facts = (_number(service.lag), _number(service.arriving), _number(service.rate))
        first = service.name
        for instance in service.instances:
            number = instance.name.rpartition("-")[2]
            port = instance.url.rpartition(":")[2]
            own = (str(instance.pid), port, str(instance.restarts))
            services.add_row(first, number, _state(instance.health), *facts, *own)
            first, facts = "", ("", "", "")
        if not service.instances and service.wanted:
            services.add_row(first, "", _state("down"), *facts)
        elif not service.instances:  # nobody is behind with what nobody is to do
            services.add_row(first, "", _state("none wanted"))
    console.print(services)
    if status.lag_unknown:
        console.print(f"lag unknown: {status.lag_unknown}", markup=False)


def _state(state: str) -> str:
    colour = {"ok": "green", "starting": "yellow", "none wanted": "dim"}.get(state, "red")
    return f"[{colour}]{state}[/{colour}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def _pid(value: int | None) -> str:
    return "–" if value is None else str(value)


def _say(line: str) -> None:
    click.echo(line, err=True)  # standard output is for what a shell can evaluate
