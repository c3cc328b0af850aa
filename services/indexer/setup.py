"""Prepares Elasticsearch: templates, roles and, when asked, the indexer's API key.

``python -m services.indexer.setup [--lifecycle] [--api-key-file PATH]``; running it again changes
nothing but what differs. It acts as the administrator that ``WIREROOM_ELASTIC_*`` name, waits for
the cluster, and puts everything under ``WIREROOM_NAMESPACE``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Final

import click
import elasticsearch
from elasticsearch import AsyncElasticsearch

from shared.errors import ClusterError, TransientError, WireroomError
from shared.resources import deploy_path
from shared.search.elastic_client import connect, elastic_errors, reason_of, who
from shared.search.names import IndexNames
from shared.settings import RuntimeSettings, load_settings

WAIT_SECONDS: Final = 180.0
"""How long the cluster may take to come up."""
_PAUSE_SECONDS: Final = 1.0


def definition(*parts: str) -> dict[str, Any]:
    """One file of ``deploy/elasticsearch``."""
    value: dict[str, Any] = json.loads(deploy_path("elasticsearch", *parts).read_text("utf-8"))
    return value


def index_template(name: str, names: IndexNames) -> dict[str, Any]:
    """An index template under the namespace: its patterns, components and aliases."""
    body = definition(f"index-{name}.json")
    for key in ("index_patterns", "composed_of", "ignore_missing_component_templates"):
        if key in body:
            body[key] = [names.named(value) for value in body[key]]
    aliases = body["template"]["aliases"]
    body["template"]["aliases"] = {names.named(alias): spec for alias, spec in aliases.items()}
    return body


def role(name: str, names: IndexNames) -> dict[str, Any]:
    """A role's privileges under the namespace."""
    body = definition(f"role-{name}.json")
    for entry in body["indices"]:
        entry["names"] = [names.named(pattern) for pattern in entry["names"]]
    return body


async def set_up(
    settings: RuntimeSettings,
    *,
    lifecycle: bool = False,
    api_key_file: Path | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> None:
    """Put all definitions into the cluster.

    ``lifecycle`` adds what needs index lifecycle management. ``api_key_file`` receives a key
    with the indexer's privileges, unless it holds one that works. Raises
    :class:`~shared.errors.ClusterError` or :class:`~shared.errors.SettingsError` naming the
    server and the reason.
    """
    client = connect(settings)
    try:
        await _wait(client, settings, wait_seconds)
        with elastic_errors(settings):
            await _put_all(client, IndexNames(settings.namespace), lifecycle)
            if api_key_file is not None:
                await _provide_key(client, settings, api_key_file)
    except elasticsearch.ApiError as error:
        raise ClusterError(
            f"{who(settings)}: HTTP {error.meta.status}: {reason_of(error)}"
        ) from error
    finally:
        await client.close()


async def _wait(client: AsyncElasticsearch, settings: RuntimeSettings, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            with elastic_errors(settings):
                health = await client.cluster.health(wait_for_status="yellow", timeout="5s")
            if not health["timed_out"]:
                return
            reason = f"the cluster is {health['status']}"
        except TransientError as error:
            reason = str(error)
        if loop.time() >= deadline:
            raise ClusterError(f"{who(settings)}: not ready after {seconds:.0f} s: {reason}")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _put_all(client: AsyncElasticsearch, names: IndexNames, lifecycle: bool) -> None:
    component = client.cluster.put_component_template
    if lifecycle:
        policy = definition("production", "policy-news-articles.json")
        await client.ilm.put_lifecycle(name=names.named("news-articles"), policy=policy["policy"])
        body = definition("production", "component-news-articles-lifecycle.json")
        rule = body["template"]["settings"]["index"]["lifecycle"]
        rule["name"] = names.named(rule["name"])
        await component(
            name=names.named("news-articles-lifecycle"),
            template=body["template"],
            meta=body["_meta"],
        )
    body = definition("component-news-articles.json")
    await component(
        name=names.named("news-articles"), template=body["template"], meta=body["_meta"]
    )
    # Templates are for indices to come; those that are there learn the new fields.
    await client.indices.put_mapping(
        index=names.named("news-articles-v1-*"),
        properties=body["template"]["mappings"]["properties"],
        allow_no_indices=True,
    )
    for name in ("news-articles", "news-revisions", "news-rejected"):
        body = index_template(name, names)
        body["meta"] = body.pop("_meta")
        await client.indices.put_index_template(name=names.named(name), **body)
    for name in ("wireroom-indexer", "wireroom-reader"):
        body = role(name, names)
        await client.security.put_role(name=names.named(name), **body)


async def _provide_key(client: AsyncElasticsearch, settings: RuntimeSettings, path: Path) -> None:
    """Write an API key to ``path``, readable by its owner, unless one there may do what it must."""
    names = IndexNames(settings.namespace)
    body = role("wireroom-indexer", names)
    known = _read_key(path)
    if known and await _may(settings, known, body):
        return
    name = names.named("wireroom-indexer")
    created = await client.security.create_api_key(name=name, role_descriptors={name: body})
    _write_key(path, created["encoded"])


def _read_key(path: Path) -> str:
    return path.read_text("utf-8").strip() if path.is_file() else ""


def _write_key(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(key + "\n", "utf-8")
    part.replace(path)


async def _may(settings: RuntimeSettings, key: str, role: dict[str, Any]) -> bool:
    """Whether ``key`` is valid and has the privileges of ``role``."""
    own = settings.model_copy(update={"elastic_username": None, "elastic_password": None})
    client = connect(own).options(api_key=key)
    try:
        answer = await client.security.has_privileges(
            cluster=role["cluster"], index=role["indices"]
        )
    except elasticsearch.AuthenticationException:
        return False
    finally:
        await client.close()
    return bool(answer["has_all_requested"])


@click.command(help=__doc__)
@click.option("--lifecycle", is_flag=True, help="Add index lifecycle management (production).")
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an API key with the indexer's privileges here.",
)
@click.option("--wait", type=float, default=WAIT_SECONDS, show_default=True, help="Seconds.")
def main(lifecycle: bool, api_key_file: Path | None, wait: float) -> None:
    """Run the set-up."""
    try:
        settings = load_settings(RuntimeSettings)
        asyncio.run(
            set_up(settings, lifecycle=lifecycle, api_key_file=api_key_file, wait_seconds=wait)
        )
    except (WireroomError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    click.echo(f"{who(settings)}: templates and roles are in place")


if __name__ == "__main__":
    main()
