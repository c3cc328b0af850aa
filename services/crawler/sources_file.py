"""The file of sources, read again when it changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from services.crawler.sources import Source, load_sources
from shared.errors import WireroomError
from shared.runtime.ports import Clock

log = logging.getLogger(__name__)

_SECONDS = 2.0  # between two looks at the file

_Stamp = tuple[int, int, int] | None


class SourcesFile:
    """Hands the sources of ``path`` to ``use``, at the start and after each change.

    A file that is missing or wrong changes nothing: the sources that were read last stay. Without
    a ``path`` there are none.
    """

    def __init__(
        self, path: Path | None, use: Callable[[Sequence[Source]], None], clock: Clock
    ) -> None:
        self._path = path
        self._use = use
        self._clock = clock
        self._found = False
        self.count = 0
        """Sources in use."""
        self.problem = ""
        """What is wrong with the file as it is now; empty when nothing is."""

    async def watch(self) -> None:
        """Follow the file until cancelled."""
        if self._path is None:
            self._use([])
            await asyncio.Event().wait()
            return
        stamp = _stamp(self._path)
        await self._read(self._path)
        before = stamp
        while True:
            await self._clock.sleep(_SECONDS)
            now = _stamp(self._path)
            # One that is being written is left alone until two looks find it the same.
            if now == before and now != stamp:
                stamp = now
                await self._read(self._path)
            before = now

    async def _read(self, path: Path) -> None:
        try:
            sources = await asyncio.to_thread(load_sources, path)
        except WireroomError as error:
            self.problem = str(error)
            # Who never had such a file may need none.
            level = logging.ERROR if self._found or _stamp(path) else logging.WARNING
            log.log(level, "the sources stay as they are: %s", error)
            return
        self._found = True
        self._use(sources)
        self.count, self.problem = len(sources), ""
        log.info("%s: %d sources", path, self.count)


def _stamp(path: Path) -> _Stamp:
    """What changes when the file does; an editor may write in place or put a new file there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
