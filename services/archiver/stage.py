"""From messages of ``news.ingest`` to records on the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from services.archiver.archive import Archive
from services.archiver.settings import ArchiverSettings
from services.archiver.warc_writer import encode
from shared.errors import PermanentError
from shared.events import Message
from shared.runtime.stage import Emit, Outcomes, Reject, Stage

log = logging.getLogger(__name__)


class ArchiveStage(Stage):
    """Makes a WARC record of each message: an :class:`Emit` whose value is its gzip members.

    ``on`` is whether there is anywhere to keep them. Where there is not, the stage is never ready
    for a batch, and the service reads nothing: what passes until it is given a place is archived
    then, as far back as the topic's retention goes.
    """

    def __init__(self, name: str, *, on: bool) -> None:
        self.name = name
        self._on = on

    async def wait_ready(self) -> None:
        """Wait for ever where the archive is off."""
        if not self._on:
            log.info("%s: off, for WIREROOM_ARCHIVER_URL is not set", self.name)
            await asyncio.Event().wait()

    async def process(self, batch: Sequence[Message]) -> list[Outcomes]:
        """The record of each message, made in a thread: most of the work is compression."""
        return await asyncio.to_thread(lambda: [_record(message) for message in batch])


def _record(message: Message) -> Outcomes:
    try:
        return [Emit(encode(message), b"")]
    except PermanentError as error:
        return [Reject(error.reason, f"{message.place}: {error.detail}")]


class ArchivePublisher:
    """:class:`~shared.runtime.ports.Publisher` into an archive; without a URL it takes nothing."""

    def __init__(self, settings: ArchiverSettings) -> None:
        self._archive = Archive(settings) if settings.url else None

    async def start(self) -> None:
        """Take up what an earlier run left in the spool."""
        if self._archive is not None:
            await asyncio.to_thread(self._archive.open)

    async def stop(self) -> None:
        """Finish the file that is written, and move it where there is time to."""
        if self._archive is not None:
            await asyncio.to_thread(self._archive.close)

    async def publish(self, messages: Sequence[Emit]) -> list[PermanentError | None]:
        """Write records; they are on the disk when this returns."""
        assert self._archive is not None, "the archive is off"
        await asyncio.to_thread(self._archive.keep, [message.value for message in messages])
        return [None] * len(messages)
