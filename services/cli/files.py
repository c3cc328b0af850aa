"""Files as they are taken in: found in folders, read within limits, made into messages."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from shared.errors import PermanentError
from shared.events import Envelope, Message
from shared.text import document_id
from shared.topics import topology

STDIN = Path("-")
"""Standard input; told by identity, because a folder may hold a file of this name."""
NO_FILE = ("not_a_file", "a socket, pipe or device in a folder")
"""Reason and detail of what stands in a folder and cannot be read to an end."""
TYPE = "news.ingest.v1"
SOURCE = "wireroom/cli"

_HEADERS = 16 * 1024
"""Bytes of a message's key and headers: names in them are cut at 512 characters, or are paths."""
_TEMPORARY_SUFFIXES = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", "~")


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that could not be taken in, and why."""

    filename: str
    reason: str
    detail: str = ""


def is_hidden(name: str) -> bool:
    """Whether a name is one that folders hide."""
    return name.startswith(".")


def is_temporary(name: str) -> bool:
    """Whether a name is one under which programs write what they rename when it is whole."""
    return is_hidden(name) or name.lower().endswith(_TEMPORARY_SUFFIXES)


def find(paths: Iterable[str]) -> Iterator[Path | Problem]:
    """Every file under ``paths`` in a fixed order; ``-`` gives :data:`STDIN`.

    Hidden entries of folders are skipped (a hidden path that is named is taken), links are
    followed, a folder that is reached twice (also by a loop of links) is read once.
    """
    seen: set[tuple[int, int]] = set()
    for name in paths:
        path = Path(name)
        if name == str(STDIN):
            yield STDIN
        elif path.is_dir():
            yield from _walk(path, seen)
        else:
            yield path


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Problem]:
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not is_hidden(entry.name))
    except OSError as error:
        yield Problem(str(folder), *describe(error))
        return
    for name in names:
        path = folder / name
        if path.is_dir():
            yield from _walk(path, seen)
        elif path.is_file() or not path.exists():  # a dangling link is refused when it is read
            yield path
        else:
            yield Problem(str(path), *NO_FILE)


def describe(error: OSError) -> tuple[str, str]:
    """Reason and detail of a failure to read."""
    if isinstance(error, FileNotFoundError):
        return "not_found", "no such file or folder"
    if isinstance(error, PermissionError):
        return "not_readable", "permission denied"
    return "not_readable", error.strerror or str(error)


def limit() -> int:
    """The largest message's value, in bytes: what the topic that the fetcher reads takes, less
    room for headers."""
    return topology().services["fetcher"].reads.max_record - _HEADERS


def read(path: Path, *, name: str = "", now: datetime | None = None) -> Message:
    """The message of one file, which goes by ``name`` (by its path, where none is given).

    Raises :class:`PermanentError` naming why it cannot be taken: it is larger than the limit
    (which is seen without reading it) or cannot be read.
    """
    name = name or str(path)
    try:
        if path is STDIN:
            value = _read_bounded(sys.stdin.buffer, "standard input")
            return message(value, "", now=now)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > limit():
                raise too_large(f"{status.st_size} bytes")
            return message(_read_bounded(file, name), name, now=now)
    except OSError as error:
        raise PermanentError(*describe(error)) from error


def message(value: bytes, filename: str, *, now: datetime | None = None) -> Message:
    """A message for the ingest topic with the facts that are known of a file."""
    moment = now or datetime.now(UTC)
    envelope = Envelope(
        id=document_id(value),
        type=TYPE,
        source=SOURCE,
        time=moment,
        filename=filename,
        received_at=moment,
    )
    return Message(value, headers=envelope.headers())


def too_large(found: str) -> PermanentError:
    """A refusal that names the limit."""
    return PermanentError("file_too_large", f"{found}; the limit is {limit()} bytes")


def _read_bounded(file: BinaryIO, name: str) -> bytes:
    # One byte more tells a file that is too large, also one that grows while it is read.
    value = file.read(limit() + 1)
    if len(value) > limit():
        raise too_large(f"{name} holds more")
    return value
