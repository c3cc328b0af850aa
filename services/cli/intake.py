"""From files to what is delivered: messages, none larger than the ingest topic takes."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from services.cli import files
from services.cli.delivery import Finished, Item, Unit
from services.cli.files import STDIN, Problem
from services.cli.report import PART, shown
from services.cli.resume import Resume
from services.cli.taken import Stamp
from shared.text import document_id, streamed_document_id

if TYPE_CHECKING:  # the formats and their libraries are loaded when there is something to open
    from services.cli.unpacking import Opener

_PIECE = 1024 * 1024


class Intake:
    """Reads files. What is larger than a message is sent by its parts.

    ``archives``: those that are small enough to be sent whole are opened, too, and for
    ``destination`` it is remembered how far a large one was sent; a destination that knows that
    by itself needs neither.
    """

    def __init__(self, destination: str, *, archives: bool) -> None:
        self._destination = destination
        self._archives = archives

    @cached_property
    def _opener(self) -> Opener:
        from services.cli.unpacking import Opener

        return Opener()

    def opens(self, value: bytes, name: str) -> bool:
        """Whether a small file is an archive that is to be opened."""
        return self._archives and self._opener.is_archive(value, name)

    def items(self, path: Path, name: str = "") -> Iterator[Item]:
        """What is in one file, which goes by ``name`` (by its path, where none is given).

        What cannot be taken is a :class:`Problem` among it; nothing is raised for it.
        """
        name = name or str(path)
        try:
            if path is STDIN:
                yield from self._bounded(sys.stdin.buffer, "")
                return
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                if stat.S_ISREG(status.st_mode) and status.st_size > files.limit():
                    yield from self._large(file, name, path)
                else:
                    yield from self._bounded(file, name)
        except OSError as error:
            yield Problem(name, *files.describe(error))

    def _bounded(self, file: BinaryIO, name: str) -> Iterator[Item]:
        """Of a small file, a pipe, or a file that grows while it is read."""
        value = file.read(files.limit() + 1)
        if len(value) > files.limit():
            with tempfile.TemporaryFile() as spooled:
                spooled.write(value)
                del value
                shutil.copyfileobj(file, spooled, _PIECE)
                spooled.seek(0)
                yield from self._large(cast(BinaryIO, spooled), name)
        elif self.opens(value, name):
            yield from self._members(value, name, document_id(value))
        else:
            yield Unit(shown(name), files.message(value, name))

    def _large(self, file: BinaryIO, name: str, path: Path | None = None) -> Iterator[Item]:
        """By parts, if it has any; refused otherwise, before all of it is read."""
        before = os.fstat(file.fileno())
        if not self._opener.opens(file, name):
            yield _too_large(name, before.st_size)
            return
        try:
            parent = streamed_document_id(iter(lambda: file.read(_PIECE), b""), before.st_size)
        except ValueError as error:
            yield Problem(shown(name), "changed_while_read", str(error))
            return
        file.seek(0)
        resume = None
        if self._archives and path is not None:
            stamp = repr(Stamp.of(before))
            resume = Resume(str(path.absolute()), stamp, self._destination)
        yield from self._members(file, name, parent, resume)
        if Stamp.of(os.fstat(file.fileno())) != Stamp.of(before):
            detail = "it changed while it was read: parts of it may be missing or of before"
            yield Problem(shown(name), "changed_while_read", detail)

    def _members(
        self, content: bytes | BinaryIO, name: str, parent: str, resume: Resume | None = None
    ) -> Iterator[Item]:
        sent = resume.position() if resume else 0
        number, parts = 0, False
        for member in self._opener.members(content, name, parent):
            if isinstance(member, Problem):
                yield member
                continue
            number += 1
            parts = parts or bool(member.place)
            if number <= sent:
                continue
            reached = (resume, number) if resume else None
            place = f"{shown(name)}{PART}{member.place}" if member.place else shown(name)
            yield Unit(place, member.message, bool(member.place), reached)
        yield Finished(resume, unpacked=parts)


def _too_large(name: str, size: int) -> Problem:
    error = files.too_large(f"{size} bytes, and not an archive")
    return Problem(shown(name), error.reason, error.detail)
