"""``wireroom stage``: one stage by itself, on JSON Lines."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Protocol

import click

from services.cli.line_stream import Failure, Record, data_stream, dumps, loads, read_lines
from shared.errors import PermanentError

log = logging.getLogger(__name__)

AHEAD = 4
"""Lines under way for each worker: enough to keep all busy while the first is waited for."""

TIMEOUT = 60.0
"""Seconds that one line may take before its worker is ended."""


@dataclass(frozen=True, slots=True)
class StageLines:
    """Where a stage's function on records is, as ``module:attribute``.

    ``decider`` names a class whose ``decide(record, result)`` takes the results in order.
    """

    function: str
    decider: str = ""


STAGES = {
    "clean": StageLines("services.cleaner.lines:CleanLine"),
    "tag": StageLines("services.tagger.lines:TagLine"),
    "dedup": StageLines(
        "services.deduplicator.lines:sketch_of", "services.deduplicator.lines:DedupLines"
    ),
}


class Mapper(Protocol):
    """Applies a function to arguments; :class:`shared.runtime.pool.Pool` is one."""

    async def map(self, arguments: Sequence[Any]) -> list[Any]:
        """The result, or the exception that was raised, for each argument."""
        ...

    async def stop(self) -> None:
        """Give back what it holds."""
        ...


class InProcess:
    """A mapper in a thread of this process: no start-up, and no protection from a crash.

    One thread: several would wait for each other, each with a document in memory.
    """

    def __init__(self, function: Callable[[Record], Any]) -> None:
        self._function = function
        self._thread = ThreadPoolExecutor(1, "lines")

    async def map(self, arguments: Sequence[Any]) -> list[Any]:
        """Apply the function to one after the other."""
        run = asyncio.get_running_loop().run_in_executor
        return [await run(self._thread, self._apply, argument) for argument in arguments]

    def _apply(self, argument: Record) -> Any:
        try:
            return self._function(argument)
        except Exception as error:
            return error

    async def stop(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


_functions: dict[str, Callable[[Record], Any]] = {}


def resolve(place: str) -> Any:
    """The attribute at ``module:attribute``."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def apply(place: str, record: Record) -> Any:
    """Apply the function at ``place``, which the first record loads; runs in the workers."""
    if place not in _functions:
        found = resolve(place)
        _functions[place] = found() if isinstance(found, type) else found
    return _functions[place](record)


class LineRun:
    """One run over a stream of lines: results in order, ``width`` lines under way at most."""

    def __init__(
        self, mapper: Mapper, decide: Callable[[Record, Any], Record] | None, width: int
    ) -> None:
        self._mapper = mapper
        self._decide = decide or (lambda _, result: result)
        self._width = width
        self.lines = 0
        self.failed = 0

    async def run(self, lines: AsyncIterator[bytes | Failure], sink: BinaryIO) -> None:
        """Write one line for each of ``lines``, as soon as it and those before it are ready."""
        under_way: asyncio.Queue[asyncio.Task[tuple[Record, Any]] | None] = asyncio.Queue(
            self._width
        )

        async def feed(group: asyncio.TaskGroup) -> None:
            async for line in lines:
                await under_way.put(group.create_task(self._work(line)))
            await under_way.put(None)

        async with asyncio.TaskGroup() as group:
            feeder = group.create_task(feed(group))
            try:
                while (task := await under_way.get()) is not None:
                    sink.write(dumps(self._finished(*await task)))
                    sink.flush()
            except BaseException:
                feeder.cancel()
                raise

    async def _work(self, line: bytes | Failure) -> tuple[Record, Any]:
        record = line if isinstance(line, Failure) else loads(line)
        if isinstance(record, Failure):
            return {}, record
        return record, (await self._mapper.map([record]))[0]

    def _finished(self, record: Record, result: Any) -> Record:
        self.lines += 1
        if not isinstance(result, Failure | BaseException):
            try:
                return self._decide(record, result)
            except PermanentError as error:
                result = error
        self.failed += 1
        if isinstance(result, PermanentError) and isinstance(record.get("error"), dict):
            return record  # refused by an earlier stage: its reason is the one that helps
        if isinstance(result, Failure):
            failure = result
        elif isinstance(result, PermanentError):
            failure = Failure("permanent", result.reason, result.detail)
        else:  # our mistake, not the line's: told apart, and the other lines go on
            failure = Failure("bug", f"{type(result).__name__}: {result}")
            log.error("line %d: %s", self.lines, failure.reason)
            log.info("line %d", self.lines, exc_info=result)
        told = {"kind": failure.kind, "reason": failure.reason}
        if failure.detail:
            told["detail"] = failure.detail
        return {"id": record.get("id"), "error": told}


def open_mapper(stage: StageLines, workers: int, timeout: float, name: str) -> Mapper:
    """Where the stage's function runs: ``workers`` processes, or here for 0."""
    function = partial(apply, stage.function)
    if workers == 0:
        return InProcess(function)
    from shared.runtime.pool import Pool  # loads what --workers 0 does without

    return Pool(function, workers=workers, timeout=timeout, name=name)


@click.command("stage")
@click.argument("name", type=click.Choice(list(STAGES)), metavar="clean|tag|dedup")
@click.option(
    "--workers",
    type=click.IntRange(0, 256),
    default=1,
    show_default=True,
    help="Processes that work on lines; 0 works in this one.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=TIMEOUT,
    show_default=True,
    help="Seconds that one line may take.",
)
def stage_command(name: str, workers: int, timeout: float) -> None:
    """Run one stage by itself on JSON Lines.

    Reads records on standard input and writes one line for each on standard output, in the same
    order. A line that is bad becomes {"id": …, "error": {"kind": …, "reason": …}}.
    """
    stage = STAGES[name]
    if importlib.util.find_spec(stage.function.partition(":")[0]) is None:
        raise click.ClickException(f"the stage {name!r} is not part of this installation")
    source, sink = click.get_binary_stream("stdin"), data_stream()
    failed, lines = asyncio.run(_run(stage, name, workers, timeout, source, sink))
    if failed:
        click.echo(f"wireroom: {failed} of {lines} lines failed", err=True)


async def _run(
    stage: StageLines, name: str, workers: int, limit: float, source: BinaryIO, sink: BinaryIO
) -> tuple[int, int]:
    decide = resolve(stage.decider)().decide if stage.decider else None
    mapper = open_mapper(stage, workers, limit, name)
    width = max(workers, 1) * AHEAD
    run = LineRun(mapper, decide, width)
    try:
        await run.run(read_lines(source, width=width), sink)
    except* BrokenPipeError as group:
        raise group.exceptions[0] from None
    finally:
        await mapper.stop()
    return run.failed, run.lines
