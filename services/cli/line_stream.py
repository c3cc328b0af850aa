"""Streams of JSON Lines: read ahead within limits, written without anything between."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, BinaryIO

import click
import orjson

Record = dict[str, Any]

MAX_LINE = 64 * 1024 * 1024
"""Bytes of a line: the largest document as base64, and much to spare."""

MAX_DEPTH = 200
"""Objects and arrays inside each other: what orjson writes (254), with room for what is added."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A line for which there is no result."""

    kind: str
    reason: str
    detail: str = ""


def loads(line: bytes) -> Record | Failure:
    """The record of a line. What orjson is too strict for (lone surrogates) json reads."""
    try:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = json.loads(line, parse_float=_finite, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        return Failure("invalid_line", f"not JSON: {error}")
    if not isinstance(record, dict):
        return Failure("invalid_line", f"a JSON object is needed, not {type(record).__name__}")
    if _deeper(record, MAX_DEPTH):
        return Failure("invalid_line", f"nested more than {MAX_DEPTH} deep")
    return record


def _finite(number: str) -> float | None:
    """A number; ``None`` for one that JSON cannot write again (1e999)."""
    value = float(number)
    return value if math.isfinite(value) else None


def _deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def dumps(record: Record) -> bytes:
    """One line of JSON in UTF-8."""
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # lone surrogates, integers of more than 64 bits
        return json.dumps(record).encode() + b"\n"


async def read_lines(
    source: BinaryIO, *, width: int, limit: int = MAX_LINE
) -> AsyncIterator[bytes | Failure]:
    """The lines of ``source``, read ahead by ``width``; one over ``limit`` bytes is a failure.

    A thread reads, so that results are written while a slow producer is waited for. It is a
    daemon: a read that never returns must not hold the process when it is interrupted.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | Failure | OSError | None] = asyncio.Queue(width)

    def hand_over(item: bytes | Failure | OSError | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(item), loop).result()

    def read() -> None:
        try:
            while line := source.readline(limit + 1):
                if len(line) <= limit or line.endswith(b"\n"):
                    hand_over(line)
                    continue
                while line and not line.endswith(b"\n"):
                    line = source.readline(limit)
                hand_over(Failure("invalid_line", f"longer than {limit} bytes"))
            hand_over(None)
        except OSError as error:
            hand_over(error)
        except (RuntimeError, CancelledError):
            return  # the loop is gone: the run was interrupted

    threading.Thread(target=read, daemon=True, name="lines").start()
    while (item := await queue.get()) is not None:
        if isinstance(item, OSError):
            raise click.ClickException(f"standard input: {item.strerror or item}")
        yield item


def data_stream() -> BinaryIO:
    """Standard output for our lines alone: what else is printed, here or in workers, goes to
    standard error, since one stray line would shift all answers after it."""
    stream = click.get_binary_stream("stdout")
    if stream is not getattr(sys.__stdout__, "buffer", None):
        return stream  # replaced, in a test
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own
