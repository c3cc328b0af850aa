"""An archive as its users see it: records go in, files come out where the settings say."""

from __future__ import annotations

from collections.abc import Sequence

from services.archiver.settings import ArchiverSettings
from services.archiver.spool import Spool
from services.archiver.uploads import Mover, Target

_STOP_SECONDS = 15.0
"""How long a stop waits for files to be moved; what is left is moved at the next start."""


class Archive:
    """Keeps records. Methods block: services call them from a thread.

    Raises :class:`~shared.errors.SettingsError` when the settings' URL cannot be used.
    """

    def __init__(self, settings: ArchiverSettings) -> None:
        self._spool = Spool(settings.spool, settings.max_file_bytes, settings.max_file_seconds)
        self._mover = Mover(self._spool, Target(settings.url))

    def open(self) -> None:
        """Take up what an earlier run left, and begin to move it.

        Raises :class:`~shared.errors.TransientError` when the spool cannot be used.
        """
        self._spool.recover()
        self._mover.start()

    def keep(self, records: Sequence[bytes]) -> None:
        """Make gzip members safe: they are on the disk when this returns.

        Raises :class:`~shared.errors.TransientError`; nothing of them is kept then.
        """
        self._spool.append(records)

    def close(self) -> None:
        """Finish the file that is written and move what is finished, for a while."""
        self._mover.stop(_STOP_SECONDS)
