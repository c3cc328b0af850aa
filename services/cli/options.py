"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from services.cli.store import VARIABLE, default_store

F = TypeVar("F", bound=Callable[..., Any])

DEMO_STORE = Path(".wireroom") / "demo.db"
KAFKA = "kafka"


def store_option(function: F) -> F:
    """``--store PATH``: the embedded store, as parameter ``store``."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path),
        default=default_store,
        show_default=f"${VARIABLE} or .wireroom/store.db",
        help="The embedded store's file.",
    )(function)


def to_option(function: F) -> F:
    """``--to kafka``: the destination, as parameter ``to``; ``None`` is the embedded store."""
    return click.option(
        "--to",
        type=click.Choice([KAFKA]),
        help="Send to Kafka's ingest topic instead of the embedded store: to the broker that "
        "WIREROOM_KAFKA_BOOTSTRAP names, or that of `wireroom up`.",
    )(function)


def workers_option(function: F) -> F:
    """``--workers N``: processes for CPU work, as parameter ``workers``; ``None`` is a guess."""
    return click.option(
        "--workers",
        type=click.IntRange(1, 256),
        help="Processes for the heavy work. By default one for each core.",
    )(function)


def refuse_store_with_kafka(context: click.Context, to: str | None) -> None:
    """Raise :class:`click.UsageError` when a store is named that would not be used."""
    source = context.get_parameter_source("store")
    if to == KAFKA and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--store and --to kafka exclude each other.", context)
