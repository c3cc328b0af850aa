"""An explanation in the terminal, and as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.cleaner.extracted import Trace
from services.cli.explanation import Explanation, near, safe

Only = Literal["kept", "dropped"] | None
"""Which blocks are shown; ``None``: all."""

_REASON_WIDTH = 22
_SHOWN_REASONS = 8


def chosen(told: Explanation, only: Only) -> Iterator[tuple[int, Trace]]:
    """The blocks to show with their numbers, from 1."""
    for number, block in enumerate(told.blocks, 1):
        if only is None or block.kept == (only == "kept"):
            yield number, block


def summary(told: Explanation) -> str:
    """``kept 12 of 57 blocks, 640 words``."""
    kept, blocks = len(told.kept), len(told.blocks)
    words = "1 word" if told.words == 1 else f"{told.words:,} words"
    return f"kept {kept:,} of {blocks:,} {'block' if blocks == 1 else 'blocks'}, {words}"


def reasons(told: Explanation) -> str:
    """``menu 12, related links 4, 3 more``; empty where nothing was dropped."""
    rows = [f"{safe(reason)} {blocks:,}" for reason, blocks, _ in told.dropped]
    more = len(rows) - _SHOWN_REASONS
    if more > 0:
        rows[_SHOWN_REASONS:] = [f"{more} more"]
    return ", ".join(rows)


def show(told: Explanation, only: Only, console: Console) -> None:
    """Print one document for people; what is no terminal gets one line for each block."""
    console.print(Text(_line(told.name), "bold"), soft_wrap=True)
    about = [told.form, told.content_type, f"{told.size:,} bytes", told.url]
    console.print(Text(_line(" · ".join(filter(None, about))), "dim"), soft_wrap=True)
    if told.refusal is not None:
        _show_refusal(told, console)
    if told.fields:
        console.print()
        _show_fields(told, console)
    blocks = list(chosen(told, only))
    if blocks:
        console.print()
        if console.is_terminal:
            console.print(_table(block for _, block in blocks))
        else:
            for _, block in blocks:
                console.print(Text(_plain(block)), soft_wrap=True)
    if told.blocks:
        console.print()
        console.print(Text(summary(told), "bold"), soft_wrap=True)
        if told.dropped:
            console.print(Text(f"dropped: {reasons(told)}", "dim"), soft_wrap=True)


def _show_refusal(told: Explanation, console: Console) -> None:
    refusal = told.refusal
    assert refusal is not None
    line = Text("✗ ", "red").append(f"refused by the {refusal.stage}: ", "default")
    line.append(refusal.reason.replace("_", " "), "bold")
    why = "; ".join(filter(None, (refusal.detail, refusal.meaning)))
    console.print(line.append(f" ({_line(why)})" if why else "", "not bold"), soft_wrap=True)


def _show_fields(told: Explanation, console: Console) -> None:
    if not console.is_terminal:
        for field in told.fields:
            value = field.value if isinstance(field.value, str) else "; ".join(field.value)
            sure = "" if field.sure is None else f", {field.sure:.0%} sure"
            place = f"  [{field.place}{sure}]" if field.place else ""
            console.print(Text(f"{field.name}: {_line(value)}{_line(place)}"), soft_wrap=True)
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(max_width=_REASON_WIDTH, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for field in told.fields:
        value = field.value if isinstance(field.value, str) else "; ".join(field.value)
        table.add_row(
            Text(field.name, "dim"),
            Text(_line(value)),
            Text(_line(field.place), "dim"),
            Text("" if field.sure is None else f"{field.sure:.0%}", "dim"),
        )
    console.print(table)


def _table(blocks: Iterator[Trace]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(width=1)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(width=_REASON_WIDTH, overflow="fold")
    table.add_column(width=4, justify="right")
    place = ""
    for block in blocks:
        style = "default" if block.kept else "dim"
        why = Text(_line(block.reason), "green" if block.kept else "yellow")
        if block.place != place:  # forty items of one menu stand in the same one
            place = block.place
            why.append(f"\n{_line(near(place))}", "dim")
        table.add_row(
            Text("│" if block.kept else "✗", "green" if block.kept else "red"),
            Padding(Text(safe(block.text), style), (0, 0, int(block.kept), 0)),
            why,
            Text("" if block.score is None else f"{block.score:.2f}", "dim"),
        )
    return table


def _plain(block: Trace) -> str:
    score = "" if block.score is None else f" {block.score:.2f}"
    place = f" · {block.place}" if block.place else ""
    return (
        f"{'+' if block.kept else '-'} [{_line(block.reason + place)}{score}] {_line(block.text)}"
    )


def _line(text: str) -> str:
    return safe(text).replace("\n", " ")


def lines(told: Explanation, only: Only) -> Iterator[bytes]:
    """JSON, one object a line: each block, each field, then the document as a whole.

    ``line`` tells which: ``block``, ``field``, ``document``.
    """
    for number, block in chosen(told, only):
        yield _json(
            line="block",
            document=told.name,
            block=number,
            kept=block.kept,
            reason=block.reason,
            score=None if block.score is None else round(block.score, 4),
            place=block.place,
            text=block.text,
        )
    for field in told.fields:
        yield _json(
            line="field",
            document=told.name,
            field=field.name,
            value=field.data,
            found_in=field.place or None,
            confidence=field.sure,
        )
    refusal = told.refusal
    yield _json(
        line="document",
        document=told.name,
        form=told.form or None,
        content_type=told.content_type or None,
        url=told.url or None,
        bytes=told.size,
        blocks=len(told.blocks),
        kept=len(told.kept),
        words=told.words,
        dropped=[
            {"reason": reason, "blocks": blocks, "words": words}
            for reason, blocks, words in told.dropped
        ],
        refused=refusal
        and {
            "stage": refusal.stage,
            "reason": refusal.reason,
            "detail": refusal.detail,
            "meaning": refusal.meaning or None,
        },
    )


def _json(**values: Any) -> bytes:
    try:
        return orjson.dumps(values)
    except TypeError:  # a name of bytes that are no UTF-8
        return orjson.dumps(_encodable(values))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _encodable(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_encodable(inner) for inner in value]
    return value
