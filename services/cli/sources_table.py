"""Sources as people and programs see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.report import plain
from services.crawler.overview import Overview
from services.crawler.sources import Source
from shared.events import format_time

if TYPE_CHECKING:
    from services.crawler.checking import Checked

_STYLES = {"ok": "green", "failing": "red", "quiet": "yellow", "paused": "dim", "new": "cyan"}
_PIPE_WIDTH = 200


def show_sources(listed: Sequence[Overview], console: Console, now: float) -> None:
    """Print a table, and below it why some fail or are quiet."""
    if not listed:
        console.print("there are no sources; `wireroom sources add URL` adds one")
        return
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("name", overflow="fold")
    table.add_column("state", no_wrap=True)
    for heading in ("success", "interval", "next", "errors", "a day"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("url", style="dim", overflow="fold")
    for one in listed:
        table.add_row(
            Text(plain(one.source.name)),
            Text(one.condition, _STYLES[one.condition]),
            f"{duration(now - one.last_success)} ago" if one.last_success else "never",
            duration(one.interval) if one.interval else "",
            "" if one.source.paused or not one.next_due else _until(one.next_due - now),
            str(one.errors) if one.errors else "",
            "" if one.per_day is None else f"{one.per_day:.3g}",
            Text(plain(one.source.url)),
        )
    console.print(table)
    for one in listed:
        if told := why(one):
            line = Text(f"{plain(one.source.name)}: ").append(plain(told), "dim")
            console.print(line, soft_wrap=True)


def why(one: Overview) -> str:
    """Why a source fails, is quiet, or asks for a change; empty for all others."""
    if one.condition == "failing":
        return f"failing: {one.error}"
    if one.condition == "quiet" and one.quiet is not None:
        return (
            f"quiet: nothing new for {one.quiet.days} days, in which {one.quiet.expected:.0f} "
            f"entries were to be expected (by chance once in {1 / one.quiet.probability:.0g} times)"
        )
    if one.moved_to:
        return f"moved for good to {one.moved_to}"
    return ""


def _until(seconds: float) -> str:
    return f"in {duration(seconds)}" if seconds > 0 else "now"


def duration(seconds: float) -> str:
    """``40s``, ``12m``, ``3h``, ``5d``: the largest unit of which there are two or one and more."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"


def as_json(listed: Sequence[Overview]) -> bytes:
    """All facts, times as RFC 3339, ``null`` for never."""
    return orjson.dumps([_facts(one) for one in listed], option=orjson.OPT_INDENT_2)


def _facts(one: Overview) -> dict[str, Any]:
    quiet = one.quiet
    return {
        **one.source.model_dump(),
        "state": one.condition,
        "found_kind": one.kind,
        "last_success": _moment(one.last_success),
        "last_new": _moment(one.last_new),
        "next_due": _moment(one.next_due),
        "current_interval": one.interval or None,
        "errors": one.errors,
        "error": one.error,
        "per_day": one.per_day,
        "moved_to": one.moved_to,
        "addresses": one.addresses,
        "quiet": quiet
        and {"days": quiet.days, "expected": quiet.expected, "probability": quiet.probability},
    }


def _moment(seconds: float) -> str | None:
    return format_time(datetime.fromtimestamp(seconds, UTC)) if seconds else None


def show_checked(source: Source, found: Checked, console: Console) -> None:
    """Print what a source is, and what it names that could be added instead."""
    told = f"{found.kind}"
    if found.kind == "home":
        told = "a page that names"
    else:
        told += f" with {found.entries} {'entry' if found.entries == 1 else 'entries'}"
        if found.newest:
            told += f", the newest of {found.newest[:10]}"
    if found.answered != source.url:
        told += f"; it is at {found.answered}"
    line = Text("✓ ", "green").append(f"{plain(source.name)}  ", "default")
    line.append(f"{plain(source.url)}: {plain(told)}", "dim")
    console.print(line, soft_wrap=True)
    for url in found.named:
        console.print(Text(f"    {plain(url)}", "dim"), soft_wrap=True)


def show_change(console: Console, sign: str, style: str, name: str, rest: str) -> None:
    """Print a line of what is added, removed or wrong: its sign, a name, and the rest dimmed."""
    line = Text(f"{sign} ", style).append(plain(name), "default").append(plain(rest), "dim")
    console.print(line, soft_wrap=True)
