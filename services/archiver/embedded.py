"""The archive of the embedded flow, which has no broker to read what passes from."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from services.archiver.settings import ARCHIVED, ArchiverSettings
from shared.errors import PermanentError
from shared.events import Message

if TYPE_CHECKING:
    from services.archiver.archive import Archive


class EmbeddedArchive:
    """Holds the records of a batch until they are kept together; off without a URL."""

    def __init__(self, settings: ArchiverSettings) -> None:
        self._archive: Archive | None = None
        if settings.url:  # what it needs is loaded only where it is on
            from services.archiver.archive import Archive

            self._archive = Archive(settings)
        self._held: list[bytes] = []

    def open(self) -> None:
        """Take up what an earlier run left; raises :class:`~shared.errors.TransientError`."""
        if self._archive is not None:
            self._archive.open()

    def add(self, message: Message) -> None:
        """Hold a message's record; what comes out of an archive is in one already."""
        if self._archive is None or message.topic == ARCHIVED:
            return
        from services.archiver.warc_writer import encode

        # Headers that are too large here are too large for the fetcher, which refuses them by name.
        with contextlib.suppress(PermanentError):
            self._held.append(encode(message))

    def keep(self) -> None:
        """Write what is held; it is on the disk when this returns.

        Raises :class:`~shared.errors.TransientError`.
        """
        if self._archive is not None and self._held:
            self._archive.keep(self._held)
            self._held = []

    def close(self) -> None:
        """Finish the file and move it; what cannot be moved now is moved by the next run."""
        if self._archive is not None:
            self._archive.close()
