"""Archives opened on the sender's side: from one file to the messages of its parts.

A part names the whole file as its parent and its place in it, as the fetcher would have: its ids
are the same as had the file been sent whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from services.cli import files
from services.cli.files import Problem
from services.cli.report import PART, shown
from services.fetcher.formats import registry
from services.fetcher.formats.base import NO, Document, Refused
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from services.fetcher.stage import NAME_HEADER
from services.fetcher.unpack import Found, Part, Unpacker, clip
from shared.errors import PermanentError
from shared.events import Envelope, Message
from shared.settings import load_settings
from shared.text import document_id

_ENDLESS = 2**62


@dataclass(frozen=True, slots=True)
class Member:
    """A part of a file as a message; ``place`` is empty where the file has no parts."""

    place: str
    message: Message


class Opener:
    """Opens what can be opened piece by piece, however large.

    The fetcher's limits hold but for those on the whole of a message, which no longer is one.
    """

    def __init__(self) -> None:
        self._settings = load_settings(FetcherSettings).model_copy(
            update={"max_total_bytes": _ENDLESS, "max_members": _ENDLESS}
        )
        self._unpacker = Unpacker(self._settings)
        self._streaming = [kind for kind in registry(self._settings) if kind.streams]
        self._archives = [kind for kind in self._streaming if kind.container]

    def is_archive(self, value: bytes, name: str) -> bool:
        """Whether a small file looks like a container."""
        sample = Sample(value, hint(name))
        return any(kind.recognise(sample) > NO for kind in self._archives)

    def opens(self, file: BinaryIO, name: str) -> bool:
        """Whether a large file seems to have parts; goes back to its beginning."""
        sample = self._source(file, name).sample
        file.seek(0)
        return any(kind.recognise(sample) > NO for kind in self._streaming)

    def members(
        self, content: bytes | BinaryIO, name: str, parent: str
    ) -> Iterator[Member | Problem]:
        """Every part of the file ``name``, whose id is ``parent``, in a fixed order.

        A part that cannot be taken is a problem among the others. A small file that is refused as
        a whole is given as it is: the fetcher refuses it, and keeps it.
        """
        moment = datetime.now(UTC)
        root = Part(self._source(content, name))
        first = True
        try:
            for leaf in self._unpacker.leaves(root, Budget(self._settings)):
                if first and isinstance(content, bytes) and _refuses_all(leaf):
                    yield Member("", files.message(content, name, now=moment))
                    return
                first = False
                try:
                    value, envelope = _content(leaf)
                except (PermanentError, PartRefused) as error:
                    place = f"{shown(name)}{PART}{leaf.place}" if leaf.place else shown(name)
                    yield Problem(place, error.reason, error.detail)
                    continue
                if value is not None:
                    yield Member(leaf.place, _message(value, envelope, leaf, name, parent, moment))
        except Exhausted as limit:
            yield Problem(shown(name), limit.reason, limit.detail)

    def _source(self, content: bytes | BinaryIO, name: str) -> Source:
        return self._unpacker.source(content, clip(hint(name)))


def hint(name: str) -> str:
    """A file's name as the fetcher reads it from a header, by which it recognises formats."""
    return name.encode("utf-8", "replace").decode().replace("\x00", "").strip()


def _refuses_all(leaf: Part | Found) -> bool:
    return (
        isinstance(leaf, Found)
        and isinstance(leaf.item, Refused)
        and leaf.item.whole
        and not leaf.place
    )


def _content(leaf: Part | Found) -> tuple[bytes | None, Envelope]:
    """A part's bytes, ``None`` for what is passed over, and what its container tells of it.

    Raises :class:`PermanentError` and :class:`PartRefused`.
    """
    if isinstance(leaf, Part):
        sample = leaf.source.sample
        envelope = Envelope(
            content_type=sample.content_type, url=leaf.url, extra={NAME_HEADER: sample.name}
        )
        return _read(leaf.source), envelope
    if isinstance(leaf.item, Refused):
        raise PermanentError(leaf.item.reason, leaf.item.detail)
    if not isinstance(leaf.item, Document):
        return None, Envelope()
    found = leaf.item
    if len(found.data) > files.limit():
        raise files.too_large(f"{len(found.data)} bytes")
    url = found.url or ("" if found.step else leaf.part.url)
    envelope = Envelope(content_type=found.content_type, url=url, extra={NAME_HEADER: ""})
    return found.data, envelope


def _read(source: Source) -> bytes:
    most = files.limit()
    pieces: list[bytes] = []
    size = 0
    while piece := source.stream.read(most + 1 - size):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise files.too_large("it holds more")
    return b"".join(pieces)


def _message(
    value: bytes,
    told: Envelope,
    leaf: Part | Found,
    name: str,
    parent: str,
    moment: datetime,
) -> Message:
    if not leaf.place:  # the file itself
        return files.message(value, name, now=moment)
    seen_at = leaf.seen_at if isinstance(leaf, Part) else leaf.part.seen_at
    envelope = told.derive(
        id=document_id(value, url=told.url, parent=parent, place=leaf.place),
        type=files.TYPE,
        source=files.SOURCE,
        time=seen_at or moment,
        received_at=moment,
        filename=name,
        parent=parent,
        member=leaf.place,
    )
    return Message(value, headers=envelope.headers())
