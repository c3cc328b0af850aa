"""``wireroom replay``: what the archiver kept goes through the flow again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import click
import fsspec
from fsspec.core import url_to_fs
from rich.console import Console

from services.archiver.warc_reader import Damage, Record, message_of, read
from services.cli.delivery import Advance, Finished, Item, Sent, Unit, deliver
from services.cli.files import Problem, describe
from services.cli.ingest import Meter, finish, open_sink
from services.cli.options import (
    refuse_store_with_kafka,
    store_option,
    to_option,
    workers_option,
)
from services.cli.report import PART, Report
from services.cli.resume import Resume
from services.cli.sinks import Sink
from shared.errors import PermanentError

_SUFFIXES = (".warc.gz", ".warc")
_CARRIES = ("response", "resource")  # records of other programs that carry something


@click.command("replay")
@click.argument("sources", nargs=-1, required=True, metavar="PATH|URL...")
@store_option
@to_option
@workers_option
@click.option("--json", "json_", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def replay_command(
    context: click.Context,
    sources: tuple[str, ...],
    store: Path,
    to: str | None,
    workers: int | None,
    json_: bool,
) -> None:
    """Send what was archived through the flow again, with the same ids.

    Reads WARC files that the archiver wrote: files, folders of them, or URLs of either
    (s3://bucket/news). An interrupted run is gone on with. WARC files of other programs are for
    `wireroom ingest`.
    """
    refuse_store_with_kafka(context, to)
    with Meter(Console(stderr=True, highlight=False)) as meter:
        sink = open_sink(store, to, workers, meter)
        sent, report = asyncio.run(replay(sources, sink, meter.step("reading")))
    context.exit(finish(sent, report, sink.name, json_))


async def replay(
    sources: Sequence[str], sink: Sink, advance: Advance
) -> tuple[Sent, Report | None]:
    """Deliver every message of the archives at ``sources``, and work."""
    async with sink:
        sent = await deliver(_items(sources, sink), sink, advance)
        return sent, await sink.work()


@dataclass(frozen=True, slots=True)
class _Place:
    """A file on a file system of fsspec."""

    fs: Any
    path: str
    name: str


def _items(sources: Sequence[str], sink: Sink) -> Iterator[Item]:
    for source in sources:
        try:
            places = _places(source)
            if not places:
                yield Problem(source, "no_archives", f"no {' or '.join(_SUFFIXES)} files in it")
            for place in places:
                yield from _messages(place, sink)
        except OSError as error:
            yield Problem(source, *describe(error))
        except (ImportError, ValueError) as error:  # a scheme that fsspec or its package lacks
            yield Problem(source, "not_readable", str(error))


def _places(source: str) -> list[_Place]:
    """The archives at ``source``, in the order of their names, which is that of time."""
    remote = "://" in source
    fs, path = url_to_fs(source) if remote else (fsspec.filesystem("file"), str(Path(source)))
    if not fs.isdir(path):
        return [_Place(fs, path, source)]
    found = [name for name in fs.find(path) if name.endswith(_SUFFIXES)]
    found = [name for name in found if not name.rpartition("/")[2].startswith(".")]
    found.sort(key=lambda name: (name.rpartition("/")[2], name))
    return [_Place(fs, name, fs.unstrip_protocol(name) if remote else name) for name in found]


def _messages(place: _Place, sink: Sink) -> Iterator[Item]:
    """Every message of one archive, and what cannot be read of it."""
    resume = None
    if not sink.knows_inputs:
        resume = Resume(place.name, _stamp(place.fs.info(place.path)), sink.name)
    start = resume.position() if resume else 0
    foreign = 0
    with place.fs.open(place.path, "rb") as opened:
        stream = cast(BinaryIO, opened)
        stream.seek(start)
        for found in read(stream, start):
            if isinstance(found, Damage):
                detail = f"bytes {found.start} to {found.end}: {found.detail}"
                yield Problem(place.name, found.reason, detail)
                continue
            try:
                message = message_of(found)
            except PermanentError as error:
                detail = f"bytes {found.start} to {found.end}: {error.detail}"
                yield Problem(place.name, error.reason, detail)
                continue
            if message is None:
                foreign += found.fields.get("warc-type") in _CARRIES
                continue
            name = f"{place.name}{PART}{_uri(found)}"
            yield Unit(name, message, True, (resume, found.end) if resume else None)
    if foreign:
        detail = f"{foreign} records are not of the archiver: `wireroom ingest` takes them"
        yield Problem(place.name, "foreign_records", detail)
    yield Finished(resume, unpacked=True)


def _uri(record: Record) -> str:
    return record.fields.get("warc-target-uri", f"byte {record.start}")


def _stamp(info: dict[str, Any]) -> str:
    """What tells a file from a changed one, as far as its file system says."""
    known = ("size", "mtime", "LastModified", "last_modified", "ETag", "etag", "md5Hash", "created")
    return repr([(key, str(info[key])) for key in known if key in info])
