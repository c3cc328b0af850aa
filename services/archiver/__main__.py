"""``python -m services.archiver``: what passes ``news.ingest``, kept as WARC."""

from __future__ import annotations

import sys

from services.archiver.settings import ArchiverSettings
from services.archiver.stage import ArchivePublisher, ArchiveStage
from shared.runtime.service import Service, main
from shared.settings import RuntimeSettings, load_settings
from shared.topics import Wiring


def stage(_: RuntimeSettings, wiring: Wiring) -> ArchiveStage:
    """Records are made in a thread of the service itself."""
    return ArchiveStage(wiring.service, on=bool(load_settings(ArchiverSettings).url))


def outputs(_: RuntimeSettings) -> ArchivePublisher:
    """The writer into the spool."""
    return ArchivePublisher(load_settings(ArchiverSettings))


if __name__ == "__main__":
    sys.exit(main(Service("archiver", stage, outputs, driver="aiokafka")))
